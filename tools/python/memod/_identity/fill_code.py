"""What the code of a library's module mentions, and what its functions bind and fill: found out for next to no program, and kept
for its next process."""

from __future__ import annotations

import types

from . import library_writes
from .instructions import instructions, within
from .module_facts import ModuleFacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, NamedTuple, Set, Tuple
    from typing_extensions import TypeAlias
else:
    from .._codec.named_tuple import NamedTuple

#: By a name, others.
Names: TypeAlias = "Dict[str, Tuple[str, ...]]"

_BINDING = frozenset(("STORE_GLOBAL", "STORE_ATTR"))


class FillCode(NamedTuple):
    """Of the functions and classes of a module, by the names of their code."""

    #: What each mentions.
    mentioned: Names
    #: By a global or an attribute, which bind it, and which change what is in it.
    binding: Names
    filling: Names
    #: What globals are bound to at import, where that is a constant.
    literals: Dict[str, Any]


def _read(code: types.CodeType, package: str) -> FillCode:
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


_FILLS = ModuleFacts("fills", _read, FillCode)


def fill_code(module: types.ModuleType) -> FillCode:
    """That of a module; of one without code, nothing."""
    found: FillCode = _FILLS.of(module) or _NONE
    return found


_NONE = FillCode({}, {}, {}, {})
