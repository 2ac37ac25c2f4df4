"""What data held, noted so that a look tells whether it still does: many times faster than a digest."""

from __future__ import annotations

import enum
import re
import types
from collections import Counter, OrderedDict, defaultdict, deque
from itertools import chain
from operator import is_, methodcaller

from .._client.signals import pass_signal
from .._codec import class_layout
from .._codec.late_classes import MODULES, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Dict, List, Optional
    from typing_extensions import TypeAlias

#: Of these an object is always what it was.
UNCHANGING = (type(None), bool, int, float, complex, str, bytes)
_LEAVES = {*UNCHANGING, re.Pattern, types.FunctionType, types.BuiltinFunctionType, type, object, range}
#: Those that are added with the first that is met.
_LATE = frozenset(
    "decimal.Decimal datetime.date datetime.datetime datetime.time datetime.timedelta pathlib.PosixPath".split()
)
_MAPPINGS = (dict, OrderedDict, defaultdict, Counter, types.MappingProxyType)
_COLLECTIONS = (list, set, deque)
_FIXED_COLLECTIONS = (tuple, frozenset)

Check: TypeAlias = "Callable[[], bool]"
_CONTAINERS_MAX = 1 << 20
_OBJECTS_MAX = 1 << 15
_values = methodcaller("values")


class _Unknown(Exception):
    """There is no quick way to see whether it changed."""


def _contents_hold(
    containers: List[Any], sizes: List[int], items: List[Any], mappings: List[Any], values: List[Any]
) -> bool:
    """Whether each container has its size, they all hold these items in this order, and the mappings lead to these values."""
    return (
        list(map(len, containers)) == sizes
        and all(map(is_, chain.from_iterable(containers), items))
        and all(map(is_, chain.from_iterable(map(_values, mappings)), values))
    )


#: The same in compiled code, where there is a compiler.
contents_hold = _contents_hold
try:
    from .._compiled.speedups import contents_hold  # type: ignore[import-not-found,no-redef]
except ImportError:
    pass


class Snapshot:
    """The containers within some data, and which objects they held."""

    def __init__(self, value: Any, whole: bool = True) -> None:
        """Unless it is to be `whole`, of objects that are not plain data only the identity counts."""
        self._whole = whole
        # What many containers held is kept in one list, for one pass that the interpreter makes over it.
        self._containers: List[Any] = []
        self._sizes: List[int] = []
        self._items: List[Any] = []
        self._mappings: List[Any] = []
        self._values: List[Any] = []
        self._checks: List[Check] = []
        self._noted: Dict[int, Any] = {}
        self._note(value)
        #: What can change in it, in the order in which it is found; nothing where that is too much to remember.
        self.objects: Collection[Any] = tuple(self._noted.values()) if len(self._noted) <= _OBJECTS_MAX else ()
        del self._noted
        #: Whether nothing in it can change.
        self.is_fixed = not (self._containers or self._checks)

    def holds(self) -> bool:
        """Whether all is as it was. False also where it may be."""
        try:
            held = contents_hold(self._containers, self._sizes, self._items, self._mappings, self._values)
            return held and (not self._checks or all([check() for check in self._checks]))
        except Exception as error:  # another thread is changing it
            pass_signal(error)
            return False

    def _note(self, value: Any) -> None:
        kind = type(value)
        if kind in _LEAVES or issubclass(kind, (enum.Enum, type)):
            return
        if kind.__module__ in MODULES and name_of(kind) in _LATE:
            _LEAVES.add(kind)
            return
        if kind not in _FIXED_COLLECTIONS:
            if id(value) in self._noted:  # it is a part of itself, or in several places
                return
            self._noted[id(value)] = value
            if len(self._noted) > _CONTAINERS_MAX:
                raise _Unknown
        if kind in _FIXED_COLLECTIONS or (issubclass(kind, tuple) and class_layout.is_named_tuple(kind)):
            self._note_all(list(value))
        elif kind in _COLLECTIONS:
            self._note_container(value)
        elif kind in _MAPPINGS:
            self._note_mapping(value)
        elif kind.__module__ == "numpy" and kind.__name__ == "ndarray" and not value.dtype.hasobject:
            held = _array_form(value)
            self._checks.append(lambda: bool(_array_form(value) == held))
        elif kind is types.SimpleNamespace or (
            class_layout.has_plain_layout(kind) and not class_layout.slots(kind)
        ):
            self._checks.append(lambda: type(value) is kind)
            if kind.__dictoffset__:
                self._note_mapping(vars(value))
        elif self._whole and class_layout.has_plain_layout(kind):
            self._note_slots(value, kind)
        elif self._whole:
            raise _Unknown

    def _note_slots(self, value: Any, kind: type) -> None:
        held = class_layout.state(value)
        names, items = list(held), list(held.values())

        def holds() -> bool:
            now = class_layout.state(value)
            return type(value) is kind and list(now) == names and are_same(list(now.values()), items)

        self._checks.append(holds)
        self._note_all(items)

    def _note_container(self, container: Any) -> None:
        items = list(container)
        self._containers.append(container)
        self._sizes.append(len(items))
        self._items.extend(items)
        self._note_all(items)

    def _note_mapping(self, mapping: Any) -> None:
        self._note_container(mapping)
        items = list(mapping.values())
        self._mappings.append(mapping)
        self._values.extend(items)
        self._note_all(items)

    def _note_all(self, items: List[Any]) -> None:
        if not _LEAVES.issuperset(map(type, items)):
            for item in items:
                self._note(item)


def _array_form(array: Any) -> Any:
    return array.dtype, array.shape, array.strides, array.flags.writeable, array.tobytes()


def snapshot(value: Any, whole: bool = True) -> Optional[Snapshot]:
    """What the data hold now, or None for data of other kinds than these."""
    try:
        return Snapshot(value, whole)
    except (_Unknown, RecursionError):
        return None
    except Exception as error:  # another thread is changing it, or it resists
        pass_signal(error)
        return None


def are_same(one: List[Any], other: List[Any]) -> bool:
    """Whether two lists hold the same objects."""
    return len(one) == len(other) and all(map(is_, one, other))
