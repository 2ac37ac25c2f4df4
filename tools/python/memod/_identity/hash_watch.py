"""Sees what is hashed while memoized functions run. Numbers have the same hash in every process, strings and objects
have not; so the results of calls that hash those are not shared.

In the modules whose reached code calls `hash`, that name leads here instead of to the builtin."""

from __future__ import annotations

import builtins
import sys

from .._codec.late_classes import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

_hash = hash
_NUMBERS = frozenset((int, float, bool, complex))
_LATE = frozenset(("decimal.Decimal", "fractions.Fraction"))
if sys.version_info >= (3, 12):
    _NUMBERS |= {type(None)}
_SEQUENCES = (tuple, frozenset)
#: How often something was hashed whose hash another process would not have.
foreign = 0


def watched_hash(obj: Any, /) -> int:
    """Return the hash value for the given object.

    Two objects that compare equal must also have the same hash value, but the
    reverse is not necessarily true."""
    global foreign
    kind = type(obj)
    if kind not in _NUMBERS and not _is_steady(obj):
        foreign += 1
    return _hash(obj)


def _is_steady(obj: Any) -> bool:
    kind = type(obj)
    if kind in _NUMBERS or name_of(kind) in _LATE:
        return bool(obj == obj)  # the hash of NaN is that of the object, in most versions
    if kind in _SEQUENCES:
        return all(map(_is_steady, obj))
    own = getattr(kind.__hash__, "__globals__", None)
    return own is not None and own.get("hash") is watched_hash  # what it hashes is seen in its turn


watched_hash.__name__ = watched_hash.__qualname__ = "hash"
watched_hash.__module__ = "builtins"


def watch(space: Dict[str, Any]) -> None:
    """Has the code of a module hash under watch."""
    if "hash" not in space and getattr(builtins, "hash", None) is _hash and sys.flags.hash_randomization:
        space["hash"] = watched_hash
