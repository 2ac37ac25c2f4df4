"""Classes of standard modules that a program need not have loaded, told by what they are called. So memod loads none of
these modules before it makes a value of theirs."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Where else such classes are written.
_PARTS = {"pathlib._local": "pathlib", "_pydatetime": "datetime", "_pydecimal": "decimal"}
#: Modules, with these parts.
MODULES = frozenset(("datetime", "decimal", "fractions", "pathlib", "uuid", *_PARTS))


def name_of(cls: type) -> str:
    """A class as `module.name`; "" for those of other modules."""
    module = cls.__module__
    return f"{_PARTS.get(module, module)}.{cls.__name__}" if module in MODULES else ""


def descends(cls: type, *names: str) -> bool:
    """Whether it is one of these classes, or derived from one."""
    return any(name_of(base) in names for base in cls.__mro__)


def is_in_place(cls: type) -> bool:
    """Whether its module has the class by its name, as it has not where a test has put another there."""
    module, _, name = name_of(cls).partition(".")
    return getattr(sys.modules.get(module), name, None) is cls


def load(module: str, name: str) -> Any:
    """The class itself. Raises `ImportError` where something else stands in its place."""
    __import__(module)
    found = getattr(sys.modules[module], name)
    if not isinstance(found, type) or name_of(found) != f"{module}.{name}":
        raise ImportError(f"something stands in the place of {module}.{name}")
    return found
