"""Sets among data, whose order is another one in each process unless they are of numbers."""

from __future__ import annotations

import types
from collections import defaultdict

from .data_source import OF_LIBRARY
from .set_order import ITEM, SET, Flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Tuple

_SETS = (set, frozenset)
_NUMBERS = frozenset((int, float, complex, bool))
_SCALARS = _NUMBERS.union((str, bytes, type(None)))
_NO_DATA = (type, types.ModuleType, types.FunctionType)
_DEPTH_MAX = 4


def flows_of(label: str, value: Any) -> Iterator[Flow]:
    """What leads from a name in code to the sets that it stands for or that are within. `label` is that of a source."""
    label = label.partition("#")[0]
    if label.endswith(OF_LIBRARY):
        return  # what becomes of its sets is the library's affair
    if is_unordered(value):
        yield SET, _word(label)
    elif holds_sets(value):
        yield SET, ITEM
        for name, each in _attributes(value).items():
            if is_unordered(each):
                yield SET, f"attr:{name}"


def flows_of_class(cls: type) -> Iterator[Flow]:
    """The same for the attributes that a dataclass, or one of attrs, makes sets of."""
    held = vars(cls)
    for name, field in (held.get("__dataclass_fields__") or {}).items():
        yield from _made_by(getattr(field, "default_factory", None), name)
    for field in held.get("__attrs_attrs__") or ():
        yield from _made_by(getattr(field.default, "factory", None), field.name)


def _made_by(factory: Any, name: str) -> Iterator[Flow]:
    if factory in _SETS:
        yield SET, f"attr:{name}"
    elif type(factory) is types.FunctionType:
        yield f"call:{factory.__name__}", f"attr:{name}"


def is_unordered(value: Any) -> bool:
    """Whether it is a set of other things than numbers, or may become one."""
    kind = type(value)
    return kind in _SETS and not (_NUMBERS.issuperset(map(type, value)) and (value or kind is frozenset))


def holds_sets(value: Any, around: Tuple[int, ...] = ()) -> bool:
    """Whether data are such a set, or hold one not too deep within."""
    kind = type(value)
    if kind in _SCALARS:
        return False
    if kind in _SETS:
        return is_unordered(value)
    if issubclass(kind, (list, tuple)):
        inner = list(value)
    elif issubclass(kind, dict):
        if kind is defaultdict and value.default_factory in _SETS:
            return True
        inner = list(value.values())
    else:
        inner = list(_attributes(value).values())
    if len(around) >= _DEPTH_MAX or id(value) in around or _SCALARS.issuperset(map(type, inner)):
        return False
    return any(holds_sets(each, (*around, id(value))) for each in inner)


def _attributes(value: Any) -> Any:
    if issubclass(type(value), _NO_DATA):
        return {}
    found = getattr(value, "__dict__", None)
    return found if type(found) is dict else {}


def _word(label: str) -> str:
    """The word by which code knows what a source reads."""
    name, mark, rest = label.partition(" closure ")
    if mark:
        return f"global:{rest}"
    name, mark, rest = label.partition(" default ")
    if mark:
        return f"arg:{name.rpartition('.')[2]}"
    rest = label.rpartition(":")[2]
    return f"attr:{rest.rpartition('.')[2]}" if "." in rest else f"global:{rest}"
