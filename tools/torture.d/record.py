"""What reached the disk, as the shim wrote it down; and what a power loss leaves of it."""

import os
import struct

HEAD = struct.Struct("<B3xIQQ")
SECTOR = 512


class Change:
    __slots__ = ("kind", "file", "offset", "data", "end")

    def __init__(self, kind, file, offset, data, end):
        self.kind, self.file, self.offset, self.data, self.end = kind, file, offset, data, end


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    changes, position = [], 0
    while position + HEAD.size <= len(data):
        kind, count, file, offset = HEAD.unpack_from(data, position)
        position += HEAD.size
        changes.append(Change(chr(kind), file, offset, data[position:position + count], position + count))
        position += count
    return changes


class Disk:
    """Files and their names: what is safe, and what is still on its way."""

    def __init__(self):
        self.safe, self.waiting, self.begun = {}, {}, {}
        self.names, self.named = {}, []

    def apply(self, change):
        file = change.file
        if change.kind == "C":
            self.safe[file], self.waiting[file] = bytearray(), []
            self.named.append(change)
        elif change.kind in "WT":
            self.waiting.setdefault(file, []).append(change)
        elif change.kind in "RU":
            self.named.append(change)
        elif change.kind == "s":
            self.begun[file] = len(self.waiting.get(file, ()))
        elif change.kind == "S":
            count = self.begun.pop(file, 0)
            waiting = self.waiting.get(file, [])
            content = self.safe.setdefault(file, bytearray())
            for write in waiting[:count]:
                self.write(content, write)
            self.waiting[file] = waiting[count:]
        elif change.kind == "D":
            for name in self.named:
                self.rename(self.names, name)
            self.named = []

    @staticmethod
    def write(content, change, count=None):
        if change.kind == "T":
            del content[change.offset:]
            content.extend(bytes(change.offset - len(content)))
            return
        data = change.data if count is None else change.data[:count]
        if len(content) < change.offset:
            content.extend(bytes(change.offset - len(content)))
        content[change.offset:change.offset + len(data)] = data

    @staticmethod
    def rename(names, change):
        if change.kind == "R":
            source, target = change.data.split(b"\0")
            names.pop(source, None)
            names[target] = change.file
        elif change.kind == "U":
            names.pop(change.data, None)
        else:
            names[change.data] = change.file

    def lose_power(self, random):
        """Files by name: of what was on its way all, nothing or some is there, in any order, and one write may be torn."""
        how = random.choice(("all", "nothing", "some", "some", "first", "torn"))
        names = dict(self.names)
        # A directory's changes are logged by the file system: some of the last may be missing.
        for change in self.named[:random.randrange(len(self.named) + 1) if how != "all" else len(self.named)]:
            self.rename(names, change)
        files = {}
        for name, file in names.items():
            content, waiting = bytearray(self.safe.get(file, b"")), self.waiting.get(file, [])
            if how in ("first", "torn"):
                kept = waiting[:random.randrange(len(waiting) + 1)]
            elif how == "some":
                kept = [change for change in waiting if random.random() < 0.6]
            else:
                kept = waiting if how == "all" else []
            for change in kept:
                is_torn = how == "torn" and change is kept[-1] and change.kind == "W"
                sectors = len(change.data) // SECTOR
                self.write(content, change, random.randrange(sectors + 1) * SECTOR if is_torn else None)
            files[name] = content
        return how, files


def write_files(files, directory):
    for name, content in files.items():
        with open(os.path.join(directory, os.path.basename(os.fsdecode(name))), "wb") as file:
            file.write(content)
