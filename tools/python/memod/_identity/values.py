"""Kinds of values, told by what they are and not by what they say of themselves."""

from __future__ import annotations

import functools
import types
from _thread import LockType, RLock  # also where a program has put something else in the place of threading's

from .._codec import class_layout
from .data_source import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

#: What every module has.
OF_MODULES = frozenset(
    "__name__ __doc__ __package__ __loader__ __spec__ __builtins__ __file__ __path__ __cached__".split()
)
_LOCKS = (LockType, RLock)
NAMED_BUILTINS = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.MethodWrapperType,
)
CachedWrapper: Any = functools._lru_cache_wrapper
#: Attributes that say nothing about a call: what `update_wrapper` copies, and a cache's functions.
COPIED = frozenset(("__type_params__", *functools.WRAPPER_ASSIGNMENTS))
CONTROLS = frozenset(
    "cache_info cache_clear cache_parameters cache_scope refresh forget explain __memod__ __signature__".split()
)
_CONTAINERS = (list, dict, set, bytearray)
_CONTAINER_MODULES = ("collections", "array", "queue", "_queue", "asyncio.queues", "multiprocessing.queues")


def is_module(value: Any) -> bool:
    """Whether it is a module."""
    return issubclass(type(value), types.ModuleType)


def is_inert(kind: type) -> bool:
    """Whether its objects decide nothing: locks, and loggers, whose module need not be loaded."""
    return issubclass(kind, _LOCKS) or any(
        (base.__module__, base.__qualname__) == ("logging", "Logger") for base in kind.__mro__
    )


def is_container(kind: Any) -> bool:
    """Whether what is put into its instances runs no code of the program."""
    return kind in _CONTAINERS or kind.__module__ in _CONTAINER_MODULES


def full_name(value: Any) -> Tuple[str, str]:
    """The module and the name by which a function, class or other callable goes."""
    module = getattr(value, "__module__", type(value).__module__)
    return module or "", getattr(value, "__qualname__", None) or value.__name__


def names_of(value: Any) -> List[Any]:
    """What a function or class says that it is called."""
    return [getattr(value, name, None) for name in ("__name__", "__qualname__")]


def whole_name_of(value: Any) -> str:
    """The same with its module."""
    return f"{getattr(value, '__module__', None)}.{getattr(value, '__qualname__', None)}"


def stands_for_function(value: Any) -> bool:
    """Whether an object is what `functools.update_wrapper` makes of one, with all its state in attributes."""
    kind = type(value)
    return (
        callable(value)
        and hasattr(value, "__wrapped__")
        and class_layout.has_plain_layout(kind)
        and not class_layout.slots(kind)
    )


def is_cache(value: Any) -> bool:
    """Whether it keeps results, as functools' caches and memod's do."""
    return type(value) is CachedWrapper or (type(value) is types.FunctionType and "__memod__" in vars(value))


def default_of(function: types.FunctionType, name: str) -> Any:
    """The default of a parameter; something else than None where there is none."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(reversed(names), reversed(function.__defaults__ or ())))
    return {**defaults, **(function.__kwdefaults__ or {})}.get(name, MISSING)


def docstring(value: Any) -> Optional[str]:
    """The docstring of a function or class itself."""
    text = vars(value).get("__doc__") if issubclass(type(value), type) else getattr(value, "__doc__", None)
    return text if isinstance(text, str) else None


def order_of(value: Any) -> List[str]:
    """The names that a class or module holds, in the order in which it got them."""
    held = vars(value) if isinstance(value, type) or is_module(value) else ()
    return [name for name in held if not name.startswith("__")]


def follow(namespace: Dict[str, Any], path: List[str]) -> Any:
    """What a dotted name leads to."""
    value = namespace.get(path[0], MISSING)
    for attribute in path[1:]:
        value = getattr(value, attribute, MISSING)
    return value


def kind_of(value: Any) -> Any:
    """The function or class that a value is, or the class that it is of."""
    kind = type(value)
    return value if kind is types.FunctionType or issubclass(kind, type) else kind


class Held:
    """Stands for what a module holds by a name, or for a function that is looked at by itself."""

    def __init__(self, holder: Any, name: str) -> None:
        self.holder = holder
        self.name = name


@functools.lru_cache(maxsize=4096)
def held(holder: Any, name: str) -> Held:
    """The one object that stands for it."""
    return Held(holder, name)
