"""Whether namespaces have changed, many times quicker than by comparing what they hold. CPython up to 3.12 keeps a number in
each dict and raises it with each change; from 3.12 on it calls who watches a dict, which takes a compiled function. Where
there is neither, there is no answer."""

from __future__ import annotations

import gc
import sys
from array import array
from types import MappingProxyType

from .._client.signals import pass_signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, List, Optional, Tuple

_OFFSET = 24  # behind the head of the object and how much is in it
_FEW = 8  # to compare so few takes no longer
_last = sys.version_info[:2] <= (3, 12) and sys.implementation.name == "cpython"
_tag_at: Optional[Callable[[int], Any]] = None
_tried = False


#: Reads many at once, and watches, where there is a compiler.
_numbers_at: Optional[Callable[[bytes], bytes]] = None
_watch_dicts: Callable[[List[Any]], bool] = lambda dicts: False
_dict_changes: Optional[Callable[[], int]] = None
try:
    from .._compiled.speedups import dict_changes as _dict_changes  # type: ignore[import-not-found,no-redef]
    from .._compiled.speedups import numbers_at as _numbers_at  # type: ignore[no-redef]
    from .._compiled.speedups import watch_dicts as _watch_dicts  # type: ignore[no-redef]
except ImportError:
    pass


def changes_of(spaces: List[Any]) -> Tuple[Optional[Callable[[], Any]], bool]:
    """What reads a value that is another when any of these dicts has changed, and perhaps when others that are asked for here
    have: for namespaces that hardly ever change. None where that cannot be done; and whether it takes no more than some
    microseconds."""
    if _dict_changes is not None and _watch_dicts(spaces):
        return _dict_changes, True
    return tags_of(spaces), _numbers_at is not None


def tags_of(spaces: Iterable[Any]) -> Optional[Callable[[], Any]]:
    """What reads the numbers of these dicts, or of those behind `vars()` of classes, which the caller keeps, or as
    `changes_of` where they have none; None where that cannot be done, or is not worth it."""
    dicts = [dict_of(each) for each in spaces]
    if len(dicts) <= _FEW or not all(type(each) is dict for each in dicts):
        return None
    if not _is_there():
        return _dict_changes if _watch_dicts(dicts) else None
    assert _tag_at is not None
    if _numbers_at is not None:
        at = array("Q", [id(each) + _OFFSET for each in dicts]).tobytes()
        numbers_at = _numbers_at

        def read_all(kept: List[Any] = dicts) -> bytes:
            return numbers_at(at)

        return read_all
    tags = [_tag_at(id(each) + _OFFSET) for each in dicts]

    def read(kept: List[Any] = dicts) -> List[int]:
        return [tag.value for tag in tags]

    return read


def dict_of(space: Any) -> Any:
    """The dict itself, where it is `vars()` of a class; None where that cannot be told."""
    if type(space) is not MappingProxyType:
        return space
    held = gc.get_referents(space)
    return held[0] if len(held) == 1 else None


def _is_there() -> bool:
    """Whether this interpreter has them, which is tried."""
    global _tag_at, _tried
    if not _tried:
        _tried = True
        if _last and not hasattr(sys, "gettotalrefcount"):
            try:
                import ctypes

                found = ctypes.c_uint64.from_address
                if ctypes.sizeof(ctypes.c_void_p) == 8 and _changes(found):
                    _tag_at = found
            except Exception as error:  # without ctypes
                _tried = False
                pass_signal(error)
                _tried = True
    return _tag_at is not None


def _changes(tag_at: Callable[[int], Any]) -> bool:
    class Space:
        here = 1

    for space, change in ((sample, change) for sample in ({"here": 1}, vars(sys.modules[__name__])) for change in _CHANGES):
        tag = tag_at(id(space) + _OFFSET)
        before = tag.value
        if space.get("here") is None and tag.value != before:
            return False
        change(space)
        if tag.value == before:
            return False
    held = dict_of(vars(Space))
    before = tag_at(id(held) + _OFFSET).value
    Space.here = 2
    return bool(tag_at(id(held) + _OFFSET).value != before)


def _set(space: Any) -> None:
    space["_tried_here"] = object()


def _remove(space: Any) -> None:
    del space["_tried_here"]


_CHANGES = (_set, _set, lambda space: space.update(_tried_here=object()), _remove)
