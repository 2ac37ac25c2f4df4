"""A digest of many strings: of their lengths, and of all of them one behind the other."""

from __future__ import annotations

import sys
from array import array

from .._client.digests import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional

_DIGEST_BYTES = 32
_SHORT = 256
_TEXT = frozenset((str,))


def _lengths(items: List[Any]) -> Optional[bytes]:
    """A byte for each, or None where one is longer than that or no string."""
    if not _TEXT.issuperset(map(type, items)):
        return None
    try:
        return bytes(map(len, items))
    except ValueError:
        return None


#: The same in compiled code, where there is a compiler.
lengths: Callable[[List[Any]], Optional[bytes]] = _lengths
try:
    from .._compiled.speedups import lengths  # type: ignore[import-not-found,no-redef]
except ImportError:
    pass


def digest(items: List[Any]) -> Optional[str]:
    """Equal for lists of equal strings alone; None where something else is in it. Unpaired surrogates are as good as any
    text."""
    found = lengths(items)
    if found is None:
        if not _TEXT.issuperset(map(type, items)):
            return None
        wide = array("Q", map(len, items))
        if sys.byteorder == "big":
            wide.byteswap()
        found = wide.tobytes()
    text = "".join(items).encode("utf-8", "surrogatepass")
    made = blake2b(b"%d %d " % (len(items), len(found)), digest_size=_DIGEST_BYTES)
    made.update(found)
    made.update(text)
    return made.hexdigest()
