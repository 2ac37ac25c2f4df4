"""Classes in the codec: how they are named, and what their instances hold."""

from __future__ import annotations

from . import module_names
from .codec import Packer, Undecodable, Unstorable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

#: Flags of a class: it was made by Python code or as if by it (`Py_TPFLAGS_HEAPTYPE`), and cannot be changed.
HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8


def class_reference(cls: type) -> str:
    """`module:qualname` of a class. Raises `Unstorable` where that does not lead back to the class."""
    found = module_names.resolve(module_names.named(module_names.label(cls.__module__)), cls.__qualname__)
    if found is not cls:
        raise Unstorable(f"the class {cls.__qualname__} cannot be found by its name")
    return f"{module_names.label(cls.__module__)}:{cls.__qualname__}"


def referenced_class(reference: str) -> Any:
    """The class that a reference names, among the modules that are loaded. Raises `Undecodable`."""
    module, _, qualname = reference.partition(":")
    found = module_names.resolve(module_names.named(module), qualname)
    if not isinstance(found, type):
        raise Undecodable(f"there is no class {reference} here")
    return found


_TUPLE_EQUALITY: Any = tuple.__eq__


def is_named_tuple(cls: Any) -> bool:
    """Whether instances are nothing but a tuple with names for its places."""
    fields = getattr(cls, "_fields", None)
    return (
        isinstance(fields, tuple)
        and all(type(name) is str for name in fields)
        and cls.__eq__ is _TUPLE_EQUALITY
        and cls.__dictoffset__ == 0
    )


def has_plain_layout(cls: type) -> bool:
    """Whether all that an instance holds is in its `__dict__` and its slots."""
    if issubclass(cls, (BaseException, type)):
        return False
    return all(base is object or _heap(base) for base in cls.__mro__)


def _heap(cls: type) -> bool:
    """Whether a class statement made it, and nothing of its instances is kept where no attribute shows it."""
    made = bool(cls.__flags__ & HEAP_TYPE and not cls.__flags__ & _IMMUTABLE_TYPE)
    return made and (cls.__bases__ != (object,) or "__dict__" in vars(cls) or "__slots__" in vars(cls))


def slots(cls: Any) -> Tuple[str, ...]:
    """The attributes of a class's instances that live in slots."""
    known = _slots.get(cls)
    if known is None:
        if _len(_slots) >= _CLASSES_MAX:
            _slots.clear()
        known = _slots[cls] = _find_slots(cls)
    return known


_slots: Dict[type, Tuple[str, ...]] = {}
_CLASSES_MAX = 4096
_len = len  # a program may put a memoized one in its place


def _find_slots(cls: Any) -> Tuple[str, ...]:
    found: List[str] = []
    for base in cls.__mro__:
        names = vars(base).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else tuple(names):
            if name not in ("__dict__", "__weakref__") and name not in found:
                found.append(name)
    return tuple(found)


def state(value: Any) -> Dict[str, Any]:
    """All the attributes that an instance itself holds."""
    cls = type(value)
    names = _public_slots.get(cls)
    if names is None:
        names = _find_public_slots(cls)
    held = dict(getattr(value, "__dict__", ())) if cls.__dictoffset__ else {}
    for name in names:
        try:
            held[name] = getattr(value, name)
        except AttributeError:
            pass
    return held


_public_slots: Dict[type, Tuple[str, ...]] = {}


def _find_public_slots(cls: type) -> Tuple[str, ...]:
    names = slots(cls)
    if any(name.startswith("__") and not name.endswith("__") for name in names):
        raise Unstorable("a slot with a private name cannot be stored")
    if _len(_public_slots) >= _CLASSES_MAX:
        _public_slots.clear()
    _public_slots[cls] = names
    return names


def check_identity(packer: Packer, value: Any) -> None:
    """Of what is equal to nothing but itself, a value holds each once. Raises `Unstorable`."""
    cls: Any = type(value)
    if cls.__eq__ is object.__eq__:
        if not packer.comes_back:
            raise Unstorable(f"a {cls.__qualname__} is equal to nothing but itself")
        if packer.unequal is None:
            packer.unequal = set()
        if id(value) in packer.unequal:
            raise Unstorable(f"the same {cls.__qualname__}, which is equal to nothing but itself, is in it twice")
        packer.unequal.add(id(value))
