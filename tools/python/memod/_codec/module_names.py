"""Names for modules that mean the same in every process, and the way back from them."""

from __future__ import annotations

import os
import re
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

MAIN = ("__main__", "__mp_main__")  # the second is what multiprocessing calls the first in a spawned child
_MAIN_WORD = re.compile(r"\b__(?:mp_)?main__\b")


def main_label() -> str:
    """The name of the module that runs as `__main__`, as other programs would import it."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        return str(spec.name)
    path = getattr(main, "__file__", None)
    return os.path.splitext(os.path.basename(str(path)))[0] if path else "__main__"


def label(name: str) -> str:
    """The name of a module to use across processes."""
    return main_label() if name in MAIN else name


def portable(text: str) -> str:
    """A text that names modules, the same in a script as in programs that import it."""
    if "main__" not in text:
        return text
    label = main_label()
    return _MAIN_WORD.sub(lambda _: label, text)


def named(name: str) -> Optional[ModuleType]:
    """The loaded module of that label. Nothing is ever imported because data names it."""
    if name == main_label():
        return sys.modules.get("__main__")
    return sys.modules.get(name)


def resolve(module: Optional[ModuleType], qualname: str) -> Any:
    """What `qualname` names in a module, or None. Runs nothing of the module's or a class's: one that loads what it is
    asked for would import because data names it."""
    found: Any = module
    for part in qualname.split("."):
        found = _member(found, part)
    return found


_namespace: Any = type.__dict__["__dict__"].__get__
_order: Any = type.__dict__["__mro__"].__get__


def _member(owner: Any, name: str) -> Any:
    # Not isinstance, which asks a lazy module for its __class__, and so loads it.
    if issubclass(type(owner), type):
        return next((_namespace(base)[name] for base in _order(owner) if name in _namespace(base)), None)
    if issubclass(type(owner), ModuleType):
        return object.__getattribute__(owner, "__dict__").get(name)
    return None
