"""What the code of a library's module mentions, and what its functions bind and fill: found out for next to no program, and kept
for its next process."""

from __future__ import annotations

import os
import sys
import types

from .._client.signals import pass_signal
from . import code_store, library_writes
from .instructions import instructions, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple
    from typing_extensions import TypeAlias
else:
    from .._codec.named_tuple import NamedTuple

#: By a name, others.
Names: TypeAlias = "Dict[str, Tuple[str, ...]]"

_BINDING = frozenset(("STORE_GLOBAL", "STORE_ATTR"))
_FILE = "fills"


class FillCode(NamedTuple):
    """Of the functions and classes of a module, by the names of their code."""

    #: What each mentions.
    mentioned: Names
    #: By a global or an attribute, which bind it, and which change what is in it.
    binding: Names
    filling: Names
    #: What globals are bound to at import, where that is a constant.
    literals: Dict[str, Any]


_known: Dict[str, Tuple[Any, FillCode]] = {}
_kept: Optional[Dict[str, Any]] = None
_is_new = False


def fill_code(module: types.ModuleType) -> FillCode:
    """That of a module; of one without code, nothing."""
    known = _known.get(module.__name__)
    if known is None or known[0] is not module:
        try:
            found = _find(module)
        except Exception as error:  # its loader cannot tell
            pass_signal(error)
            found = FillCode({}, {}, {}, {})
        known = _known[module.__name__] = module, found
    return known[1]


def _find(module: types.ModuleType) -> FillCode:
    global _kept, _is_new
    path = str(module.__file__)
    status = os.stat(path)
    mark = f"{status.st_mtime_ns} {status.st_size} {sys.version}"
    if _kept is None:
        _kept = code_store.read_marked(_place())
    kept = _kept.get(path)
    if kept is None or kept[0] != mark:
        spec: Any = module.__spec__
        kept = _kept[path] = (mark, *_read(spec.loader.get_code(spec.name)))
        _is_new = True
    return FillCode(*kept[1:])


def _place() -> str:
    return os.path.join(code_store.cache_directory(), _FILE)


def _save() -> None:
    global _is_new
    if _is_new and _kept is not None:
        _is_new = False
        try:
            code_store.write_marked(_place(), _kept)
        except (OSError, ValueError):
            pass  # it is found out again


code_store.savers.append(_save)


def _read(code: types.CodeType) -> FillCode:
    mentioned: Dict[str, Set[str]] = {}
    binding: Dict[str, Set[str]] = {}
    filling: Dict[str, Set[str]] = {}
    queue: List[types.CodeType] = [each for each in code.co_consts if isinstance(each, types.CodeType)]
    for each in queue:
        name = each.co_name
        queue += [one for one in each.co_consts if isinstance(one, types.CodeType)]
        mentioned.setdefault(name, set()).update(*[one.co_names for one in within(each)])
        for written in library_writes.written(each):
            filling.setdefault(written, set()).add(name)
        for step in instructions(each):
            if step.opname in _BINDING:
                binding.setdefault(str(step.argval), set()).add(name)
    literals = {}
    before: Any = None
    for step in instructions(code):
        if step.opname == "STORE_NAME" and before is not None and before.opname == "LOAD_CONST":
            if type(before.argval) in (int, float, str, bytes, bool):
                literals[str(step.argval)] = before.argval
        before = step
    return FillCode(_fixed(mentioned), _fixed(binding), _fixed(filling), literals)


def _fixed(found: Dict[str, Set[str]]) -> Names:
    return {key: tuple(sorted(names)) for key, names in found.items()}
