"""What the code of a library's module says of the names in it, found out once for each version of its file, and kept for the
next process."""

from __future__ import annotations

import builtins
import dis
import types

from . import library_writes
from .instructions import instructions, within
from .module_facts import ModuleFacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Set, Tuple
else:
    from .._codec.named_tuple import NamedTuple

SCALARS = frozenset((int, float, complex, bool, str, bytes, type(None)))
TABLES = frozenset((list, dict, set))
_TABLE_MAX = 256
_DEPTH_MAX = 3
_REBINDS = frozenset(("STORE_GLOBAL", "DELETE_GLOBAL"))
_REBIND_CODES = frozenset(dis.opmap[name] for name in _REBINDS)
_ATTRIBUTE_STORES = frozenset(("STORE_ATTR", "DELETE_ATTR"))
_STORES = frozenset(dis.opmap[name] for name in _ATTRIBUTE_STORES)
#: The first variable on the stack: `LOAD_FAST 0`, or what loads another one before it, since 3.13.
_LOADS_SELF = frozenset(
    bytes((dis.opmap[name], arg))
    for name, args in (("LOAD_FAST", (0,)), ("LOAD_FAST_LOAD_FAST", range(0, 256, 16)))
    for arg in args
    if name in dis.opmap
)
_EXTENDED = dis.opmap["EXTENDED_ARG"]
_CONSTS = frozenset(dis.hasconst)
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_MADE = frozenset(("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"))
_BUILTINS = frozenset(name for name in vars(builtins) if name[:2] != "__")
_OPTIMIZED = 0x2  # of a code's flags: that of a function, not of the body of a class


class Facts(NamedTuple):
    """What the code of a module says of the names in it. Those in its classes go by `K.name`."""

    #: Constants that are written out, once.
    literals: Dict[str, Any]
    #: Names that are bound once, and that no function of the module rebinds.
    steady: FrozenSet[str]
    #: Names in its functions that may change what these hold.
    written: FrozenSet[str]
    #: All names that it binds itself.
    bound: FrozenSet[str]
    #: Functions that are bound once, as they are, with their first lines and defaults; those have none that are computed.
    functions: Dict[str, Tuple[int, Any]]
    #: Classes that are bound once, with all names that their bodies bind.
    classes: Dict[str, FrozenSet[str]]
    #: Names of builtins that are mentioned in it.
    builtins: FrozenSet[str]
    #: Attributes that its code sets on objects that may be classes.
    kept: FrozenSet[str]
    #: Whether it binds names that it does not say.
    has_star: bool
    #: Modules that it imports at once.
    imports: Tuple[str, ...]


class _Body:
    """What the body of a module or class binds."""

    def __init__(self, code: types.CodeType) -> None:
        self.literals: Dict[str, Any] = {}
        #: How often each name is bound: in a loop more than once.
        self.counts: Dict[str, int] = {}
        self.functions: Dict[str, Tuple[int, Any]] = {}
        self.imports: List[Tuple[str, int]] = []
        self.has_star = False
        steps = instructions(code)
        targets = {step.argval for step in steps if step.opcode in _JUMPS}  # as in `1 if this else 2`
        before: Any = None
        made: Any = None
        level: Any = None
        looped = 0  # how many of the next names are the variables of a loop
        for place, step in enumerate(steps):
            if step.opname in ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME"):
                name = str(step.argval)
                self.counts[name] = self.counts.get(name, 0) + (2 if looped else 1)
                looped = max(looped - 1, 0)
                if before is not None and step.offset not in targets:
                    if before.opcode in _CONSTS and is_plain(before.argval, fixed=True):
                        self.literals[name] = before.argval
                    elif before.opname in _MADE and made is not None:
                        self.functions[name] = made.co_firstlineno, _defaults(steps, place)
            elif step.opname == "FOR_ITER":
                looped = 1
            elif step.opname == "UNPACK_SEQUENCE" and looped:
                looped = step.arg or 1
            elif step.opname == "IMPORT_NAME":
                self.imports.append((step.argval, level if type(level) is int else 0))
            elif step.opname == "IMPORT_STAR" or (step.opname == "CALL_INTRINSIC_1" and "STAR" in step.argrepr):
                self.has_star = True
            elif step.opcode in _CONSTS:
                if isinstance(step.argval, types.CodeType):
                    made = step.argval
                elif type(step.argval) is int:
                    level = step.argval
            before = step
        self.literals = {name: each for name, each in self.literals.items() if name[:2] != "__"}


#: Stands for defaults that are computed.
COMPUTED = "computed"


def _defaults(steps: List[Any], stored: int) -> Any:
    """The defaults of the function that is stored there, or that they are computed."""
    flags = 0
    place = stored - 1
    while steps[place].opname == "SET_FUNCTION_ATTRIBUTE":  # since 3.13
        flags |= steps[place].arg
        place -= 1
    flags |= steps[place].arg or 0
    while not isinstance(steps[place].argval, types.CodeType):
        place -= 1
    if flags & 2:
        return COMPUTED
    if not flags & 1:
        return None
    moves = library_writes.moves_of(steps[:place])
    end = place - 1
    try:
        for flag in (8, 4):
            if flags & flag:
                end = library_writes.start_of(moves, end) - 1
        is_one = library_writes.start_of(moves, end) == end and steps[end].opcode in _CONSTS
    except (library_writes.Untold, ValueError, IndexError):
        return COMPUTED
    return steps[end].argval if is_one and is_plain(steps[end].argval, fixed=True) else COMPUTED


def _read(code: types.CodeType, package: str) -> Tuple[Any, ...]:
    body = _Body(code)
    written: Set[str] = set()
    rebound: Set[str] = set()
    kept: Set[str] = set()
    mentioned: Set[str] = set()
    for each in within(code):
        mentioned.update(each.co_names)
        kept.update(_set_on_classes(each))
        if each.co_flags & _OPTIMIZED:
            written |= library_writes.written(each)
            rebound.update(_rebound(each))
    literals = {name: each for name, each in body.literals.items() if body.counts[name] == 1 and name not in rebound}
    steady = {name for name, count in body.counts.items() if count == 1 and name not in rebound and name[:2] != "__"}
    functions = {name: line for name, line in body.functions.items() if body.counts[name] == 1}
    classes: Dict[str, FrozenSet[str]] = {}
    _read_classes(code, body, "", classes, literals, steady, functions, kept)
    imports = []
    for name, level in dict.fromkeys(body.imports):
        holder = package.rsplit(".", level - 1)[0] if level else ""
        imports.append(".".join(filter(None, (holder, name))))
    unbound = (mentioned & _BUILTINS) - body.counts.keys()
    parts = literals, frozenset(steady), frozenset(written), frozenset(body.counts), functions, classes
    return (*parts, frozenset(unbound), frozenset(kept), body.has_star, tuple(imports))


FACTS = ModuleFacts("libraries", _read, Facts)
#: Those of a module that was read from a file; None for others.
facts_of: Callable[[types.ModuleType], Optional[Facts]] = FACTS.of


def _read_classes(
    code: types.CodeType,
    body: _Body,
    path: str,
    classes: Dict[str, FrozenSet[str]],
    literals: Dict[str, Any],
    steady: Set[str],
    functions: Dict[str, Tuple[int, Any]],
    changing: Set[str],
) -> None:
    for each in code.co_consts:
        if not isinstance(each, types.CodeType) or each.co_flags & _OPTIMIZED or body.counts.get(each.co_name) != 1:
            continue
        name = path + each.co_name
        inner = _Body(each)
        classes[name] = frozenset(inner.counts)
        once = [one for one, count in inner.counts.items() if count == 1]
        literals.update({f"{name}.{one}": inner.literals[one] for one in once if one in inner.literals and one not in changing})
        steady.update(f"{name}.{one}" for one in once if one not in changing and one[:2] != "__")
        functions.update({f"{name}.{one}": inner.functions[one] for one in once if one in inner.functions})
        _read_classes(each, inner, f"{name}.", classes, literals, steady, functions, changing)


def _set_on_classes(code: types.CodeType) -> Iterator[str]:
    """Attributes that code sets, but for those that a method sets on its object."""
    if _STORES.isdisjoint(code.co_code[::2]):
        return
    is_method = code.co_varnames[:1] == ("self",) and code.co_argcount > 0
    if is_method and _sets_on_self(code.co_code):
        return
    before: Any = None
    for step in instructions(code):
        if step.opname in _ATTRIBUTE_STORES:
            names = before.argval if before is not None and "FAST" in before.opname else ()
            holder = names[-1] if type(names) is tuple and names else names
            if not is_method or holder != "self":
                yield str(step.argval)
        before = step


def _sets_on_self(text: bytes) -> bool:
    """Whether a method sets attributes on its object alone, told of the bytes: most do."""
    places = [place for place in range(0, len(text), 2) if text[place] in _STORES]
    return all(text[place - 2 : place] in _LOADS_SELF and text[place - 4] != _EXTENDED for place in places)


def literals_of(code: types.CodeType) -> Dict[str, Any]:
    """The constants that the code of a module writes out, by name."""
    found: Dict[str, Any] = _read(code, "")[0]
    return found


def _rebound(code: types.CodeType) -> Iterator[str]:
    """Names that code rebinds."""
    if not _REBIND_CODES.isdisjoint(code.co_code[::2]):
        yield from (str(step.argval) for step in instructions(code) if step.opname in _REBINDS)


def is_plain(value: Any, fixed: bool = False, depth: int = 0) -> bool:
    """Whether it is a constant, or unless it is to be `fixed` a table of such."""
    kind = type(value)
    if kind in SCALARS:
        return True
    if depth >= _DEPTH_MAX or (kind in TABLES and fixed) or (kind not in TABLES and kind not in (tuple, frozenset)):
        return False
    inner = [*value, *value.values()] if kind is dict else value
    return len(inner) <= _TABLE_MAX and all(is_plain(each, fixed, depth + 1) for each in inner)
