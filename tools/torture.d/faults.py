"""The shim that makes the daemon's disk fail, and the words through which it is steered."""

import mmap
import os
import struct
import subprocess
import tempfile

SOURCES = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "Tests", "SystemTests", "FaultShim"
)
# The order is that of shim.h.
WORDS = (
    "wall_ms boot_ms write_errno sync_errno hangs read_errno allocations failed_calls open_errno mask per_million skip "
    "times drops flips kill_at kill_how changes recorded seed"
).split()
DATABASE, LOG, BESIDE = 1, 2, 4

_library = None


def library():
    """Compiles the shim, once."""
    global _library
    if _library is None:
        directory = tempfile.mkdtemp(prefix="memod-shim-")
        _library = os.path.join(directory, "faults.so")
        sources = [os.path.join(SOURCES, name) for name in ("faults.c", "recorder.c")]
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", _library, *sources, "-ldl"], check=True)
    return _library


class Faults:
    """What is set here the daemon feels at once."""

    def __init__(self, directory, seed):
        self.path = os.path.join(directory, "faults")
        with open(self.path, "wb") as file:
            file.write(bytes(8 * len(WORDS)))
        with open(self.path, "r+b") as file:
            self.words = mmap.mmap(file.fileno(), 8 * len(WORDS))
        self["seed"] = seed
        self.boot = os.path.join(directory, "boot_id")
        self.start_machine("boot-0")
        self.record = None
        self.remembers = False

    def __setitem__(self, word, value):
        struct.pack_into("<q", self.words, 8 * WORDS.index(word), value)

    def __getitem__(self, word):
        return struct.unpack_from("<q", self.words, 8 * WORDS.index(word))[0]

    def start_machine(self, name):
        """From the next start on the daemon believes that the machine was started anew."""
        with open(self.boot, "w", encoding="ascii") as file:
            file.write(name + "\n")

    def clear(self):
        for word in WORDS:
            if word not in ("seed", "recorded", "wall_ms", "boot_ms", "allocations"):
                self[word] = 0

    def environment(self):
        variables = {"LD_PRELOAD": library(), "MEMOD_FAULTS": self.path, "MEMOD_FAULT_BOOT": self.boot}
        if self.record:
            variables["FAULT_RECORD"] = self.record
        if self.remembers:
            variables["FAULT_DROPS"] = "1"
        return variables
