"""What `reader.c` does, for where it was not compiled. Only on x86-64, where loads are not moved past each other, and
with an interpreter lock; a lookup takes two microseconds here."""

from __future__ import annotations

import fcntl
import mmap
import os
import platform
import struct
import sys
import threading
import time
from zlib import crc32

from .canonical import is_canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Tuple
    from typing_extensions import TypeAlias

_PAGE = 4096
_MAGIC = int.from_bytes(b"MEMODRG1", "little")
_UNIT = 16
_HEAD_BYTES = 48
_KEY_MAX = 4096
_VALUE_MAX = 16 << 10
_FUNCTIONS_MAX = 4096
_NOTE_CAPACITY = 1024
#: In words of eight bytes.
_NOTES = _PAGE // 8
_COUNTERS = _NOTES + _NOTE_CAPACITY * 2
_DRAINED = 8
_EXACT_NOTED = 1
_MARK = 0xFE
_EXACT = 1
_FOR_EVER = (1 << 63) - 1
_OPEN = 1
_VERSION = 2
_OWNER_DIED = 0x40000000
_GET_SEALS = 1034
_SEAL_SHRINK = 2
_WIPE_ON_FORK = 18
_WORD = (1 << 64) - 1

#: In native order and alignment, in which each field is read at once.
_head = struct.Struct("@QIHHIIqQII").unpack_from

_Found: TypeAlias = "Tuple[str, int, Optional[int], int]"


def usable() -> bool:
    """Whether what a reader relies on holds here."""
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)()
    return bool(
        has_lock
        and platform.machine() == "x86_64"
        and sys.maxsize > 1 << 32
        and sys.implementation.name == "cpython"
        and hasattr(time, "CLOCK_BOOTTIME")
        and hasattr(mmap.mmap, "madvise")
    )


def _map(descriptor: int, writable: bool = False) -> mmap.mmap:
    seals = fcntl.fcntl(descriptor, _GET_SEALS)
    if not seals & _SEAL_SHRINK:
        raise OSError("its size is not sealed")
    protection = mmap.PROT_READ | mmap.PROT_WRITE if writable else mmap.PROT_READ
    return mmap.mmap(descriptor, os.fstat(descriptor).st_size, mmap.MAP_SHARED, protection)


class Reader:
    """As the one in C: descriptors of the control page, the region and the uses, not needed afterwards."""

    def __init__(self, control: int, region: int, uses: int, serves_ending: bool) -> None:
        page = memoryview(_map(control))
        memory = memoryview(_map(region))
        self._bytes = memory
        self._words = memory[: len(memory) & ~7].cast("Q")
        self._halves = memory[: len(memory) & ~7].cast("I")
        self._control = page.cast("I")
        self._serves_ending = serves_ending
        if page.cast("Q")[0] != _MAGIC or self._control[2] != _VERSION:
            raise OSError("the control page is malformed, or of another version")
        self._alive = self._control[32]
        if not self._alive or self._alive & _OWNER_DIED:
            raise OSError("the daemon has ended")
        self._read_geometry(len(memory))
        if memory[16:32] != page[16:32]:
            raise OSError("the region is another daemon's")
        self._uses = memoryview(_map(uses, True)).cast("Q")
        if len(self._uses) < _COUNTERS + 2 * self._count:
            raise OSError("there is no room for uses")
        self._noted = self._uses[0]
        self._noting = threading.Lock()
        self._counting = threading.RLock()  # a signal handler may come between
        #: A page that a forked child finds empty.
        own = mmap.mmap(-1, _PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        own.madvise(_WIPE_ON_FORK)
        own[0] = 1
        self._own = memoryview(own)

    def _read_geometry(self, mapped: int) -> None:
        words, halves = self._words, self._halves
        if mapped < _PAGE or words[0] != _MAGIC or halves[2] != _VERSION:
            raise OSError("the region is malformed, or of another version")
        size, functions, index, log, log_bytes = (words[place] for place in range(4, 9))
        count, mask = halves[18], halves[19]
        if (
            size > mapped
            or functions % 8
            or index % 64
            or log % 64
            or log_bytes % _UNIT
            or log > size
            or log_bytes > size - log
            or count > _FUNCTIONS_MAX
            or functions + count * 8 > size
            or mask < 1
            or mask & (mask + 1)
            or index + (mask + 1) * 64 > size
        ):
            raise OSError("the region is malformed")
        self._functions, self._index, self._log = functions // 8, index // 8, log
        self._log_bytes, self._count, self._mask = log_bytes, count, mask
        self._seed = halves[3]

    def is_open(self) -> bool:
        """Whether the daemon still publishes, to this process."""
        return bool(self._own[0] and self._control[32] == self._alive and self._halves[32] == _OPEN)

    def get(self, number: int, place: int, key: bytes) -> Optional[str]:
        """The text of a value, or None."""
        found = self.find(number, place, key)
        return None if found is None else found[0]

    def look(self, number: int, place: int, text: str, scan: Callable[[str, int], Any]) -> Any:
        """As `find` for a key's text, but the value; False where it may not be in canonical form."""
        if not is_canonical(text):
            return False
        found = self.find(number, place, text.encode())
        if found is None:
            return None
        value, cost, fresh, life = found
        return scan(value, 0)[0], cost, fresh, life

    def find(self, number: int, place: int, key: bytes) -> Optional[_Found]:
        """The text, what it cost in ms, until when it is fresh, and its life in ms; or None."""
        if place >= self._count or len(key) > _KEY_MAX or not self._own[0]:
            return None
        checksum = crc32(key, self._seed ^ number)
        tag = checksum or 1
        bucket = self._index + (checksum & self._mask) * 8
        words = self._words
        for first in (bucket, self._index + (checksum & self._mask ^ 1) * 8):
            for hint in words[first : first + 8].tolist():
                if hint >> 32 == tag:
                    offset = (hint & 0xFFFFFFFF) * _UNIT
                    if offset + _HEAD_BYTES <= self._log_bytes:
                        found = self._read(number, place, key, offset)
                        if found is not None:
                            return found or None
        return None

    def _read(self, number: int, place: int, key: bytes, offset: int) -> Optional[_Found]:
        """A hit; None where it is another entry; an empty tuple where there is any doubt."""
        block = self._log + offset
        # Field by field in this order, each as a whole, since they are in their natural places.
        publication, function, key_bytes, flags, value_bytes, epoch, fresh, ticket, cost, life = _head(self._bytes, block)
        if publication >> 56 != _MARK or function != number or key_bytes != len(key) or value_bytes > _VALUE_MAX:
            return None
        start = key_bytes + 7 & ~7
        if offset + _HEAD_BYTES + start + value_bytes > self._log_bytes:
            return None
        block += _HEAD_BYTES
        data = self._bytes[block : block + start + value_bytes].tobytes()
        if not data.startswith(key):
            return None
        doubt: _Found = ()  # type: ignore[assignment]
        if fresh != _FOR_EVER and not (
            self._serves_ending and time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000 < fresh
        ):
            return doubt
        head = (block - _HEAD_BYTES) // 8
        if flags & _EXACT:
            # Now that it is known whose ticket that is, and before the last look: what was evicted meanwhile was no hit.
            if not self._holds(head, publication, place, epoch) or not self._note(ticket, 1):
                return doubt
        if not self._holds(head, publication, place, epoch):
            return doubt
        if not flags & _EXACT:
            self._note(ticket, 0)
        counter = _COUNTERS + 2 * place
        uses = self._uses
        with self._counting:
            uses[counter] = (uses[counter] + 1) & _WORD
            if cost:
                uses[counter + 1] = (uses[counter + 1] + cost) & _WORD
        text = data[start:].decode()
        return (text, cost, None, 0) if fresh == _FOR_EVER else (text, cost, fresh, life)

    def _holds(self, head: int, publication: int, place: int, epoch: int) -> bool:
        """Whether a block is still what it was, and nothing hides it. None of this becomes true again for one
        publication."""
        words = self._words
        state = words[16]  # and above it the tag epoch
        return bool(
            words[head] == publication
            and words[self._functions + place] <= publication
            and words[17] <= publication
            and (state == _OPEN | epoch << 32 if epoch else state & 0xFFFFFFFF == _OPEN)
            and self._control[32] == self._alive
        )

    def _note(self, ticket: int, exact: int) -> bool:
        """Notes a use. False where the daemon has not yet read what was noted before, or another thread is noting."""
        uses = self._uses
        room = _NOTE_CAPACITY if exact else _NOTE_CAPACITY // 2
        if (uses[0] - uses[_DRAINED]) & _WORD >= room or not self._noting.acquire(False):
            return False
        try:
            if (self._noted - uses[_DRAINED]) & _WORD >= room:
                return False
            place = _NOTES + self._noted % _NOTE_CAPACITY * 2
            uses[place] = ticket
            uses[place + 1] = time.monotonic_ns()
            self._noted = (self._noted + 1) & _WORD
            uses[0] = self._noted
            if exact:
                uses[_EXACT_NOTED] = (uses[_EXACT_NOTED] + 1) & _WORD
            return True
        finally:
            self._noting.release()
