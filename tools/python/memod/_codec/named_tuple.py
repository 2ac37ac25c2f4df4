"""`typing.NamedTuple` for a program that does not load `typing`."""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Tuple

_OF_CLASSES = frozenset(("__module__", "__qualname__", "__annotations__"))


class _Maker(type):
    def __new__(cls, name: str, bases: Tuple[type, ...], space: Dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, space)
        fields = list(space["__annotations__"])
        defaults = [space[each] for each in fields if each in space]
        made: Any = namedtuple(name, fields, defaults=defaults, module=space["__module__"])  # type: ignore[misc]
        made.__annotations__ = space["__annotations__"]
        for each, value in space.items():
            if each not in fields and each not in _OF_CLASSES:
                setattr(made, each, value)
        return made


class NamedTuple(metaclass=_Maker):
    """A class that is derived from it is a named tuple of what it annotates."""
