"""What is found out of the code of libraries' modules: once for each version of a module's file, kept for the next process."""

from __future__ import annotations

import os
import sys
import types

from .._client.signals import pass_signal
from . import code_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

#: These are made twice, by the interpreter and of a file.
_TWICE = ("_frozen_importlib", "importlib._bootstrap")


class ModuleFacts:
    """Of one kind, in one file."""

    def __init__(self, file: str, read: Callable[[types.CodeType, str], Tuple[Any, ...]], make: Callable[..., Any]) -> None:
        """`read` finds out what is kept, of a module's code and the package that it is in; `make` makes of these what is
        asked for."""
        self._file = file
        self._read = read
        self._make = make
        #: By name, a module and what was found.
        self.known: Dict[str, Tuple[Any, Any]] = {}
        self._kept: Optional[Dict[str, Any]] = None
        self._is_new = False
        code_store.savers.append(self.save)

    def of(self, module: types.ModuleType) -> Any:
        """Those of a module that was read from a file; None for others."""
        name = module.__name__
        known = self.known.get(name)
        if known is None or known[0] is not module:
            try:
                found = self._find(module)
            except Exception as error:  # its loader cannot tell
                pass_signal(error)
                found = None
            known = self.known[name] = module, found
        return known[1]

    def _find(self, module: types.ModuleType) -> Any:
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not path.endswith(".py") or module.__name__.startswith(_TWICE):
            return None
        status = os.stat(path)
        mark = f"{status.st_mtime_ns} {status.st_size} {sys.version}"
        if self._kept is None:
            self._kept = code_store.read_marked(self._place())
        kept = self._kept.get(path)
        if kept is None or kept[0] != mark:
            spec: Any = module.__spec__
            code = spec.loader.get_code(spec.name)
            if not isinstance(code, types.CodeType):
                return None
            package = spec.name if spec.submodule_search_locations is not None else spec.parent
            kept = self._kept[path] = (mark, *self._read(code, package))
            self._is_new = True
        return self._make(*kept[1:])

    def _place(self) -> str:
        return os.path.join(code_store.cache_directory(), self._file)

    def save(self) -> None:
        """Keeps what is new for the next process."""
        if self._is_new and self._kept is not None:
            self._is_new = False
            try:
                code_store.write_marked(self._place(), self._kept)
            except (OSError, ValueError):
                pass  # it is found out again
