"""What modules of libraries hold that nobody but the program would change: plain constants and small tables. What is known to
depend on its arguments alone does so as long as these are what their module says.

What a module's code says of them is found out once for each version of its file, and kept for the next process."""

from __future__ import annotations

import dis
import marshal
import os
import sys
import types
from operator import is_

from .._client.signals import pass_signal
from . import code_store, modules
from .class_form import ADDRESS
from .data_source import MISSING
from .instructions import instructions, within
from .plain_data import Digest, Parts, Unstable, data_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Set, Tuple
    from typing_extensions import TypeAlias
else:
    from .._codec.named_tuple import NamedTuple

_SCALARS = frozenset((int, float, complex, bool, str, bytes, type(None)))
_TABLES = frozenset((list, dict, set))
_TABLE_MAX = 256
_DEPTH_MAX = 3
#: Methods that change a container.
_CHANGES = frozenset(
    """
    append add extend insert appendleft extendleft discard put update setdefault pop popleft popitem clear remove sort
    reverse
    """.split()
)
_ITEM_STORES = frozenset(dis.opmap.get(name, -1) for name in ("STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE"))
_REBINDS = frozenset(("STORE_GLOBAL", "DELETE_GLOBAL"))
_REBIND_CODES = frozenset(dis.opmap[name] for name in _REBINDS)
_CONSTS = frozenset(dis.hasconst)
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_FILE = "libraries"
#: Of the standard library, what is computed anew in each process. A test compares two.
_VARYING = frozenset(
    """
    ctypes._cast_addr ctypes._memmove_addr ctypes._memset_addr ctypes._memoryview_at_addr ctypes._string_at_addr
    ctypes._wstring_at_addr logging._startTime tokenize.ContStr tokenize.PlainToken tokenize.PseudoExtras
    tokenize.PseudoToken tokenize.String tokenize.StringPrefix tokenize.Token tokenize.Triple tokenize._prefix
    tokenize.endpats tokenize.t
    """.split()
)
_NUMBER_MAX = 1 << 24


class Facts(NamedTuple):
    """What the code of a module says of the names in it."""

    #: Constants that are written out, once, and the same for the classes: `K.name`.
    literals: Dict[str, Any]
    #: Names that are bound once, and that no function of the module rebinds, nor may change what they hold.
    steady: FrozenSet[str]
    #: All names that it binds itself.
    bound: FrozenSet[str]


_facts: Dict[str, Tuple[Any, Optional[Facts]]] = {}
_kept: Optional[Dict[str, Any]] = None
_is_new = False


def facts_of(module: types.ModuleType) -> Optional[Facts]:
    """Those of a module that was read from a file; None for others."""
    name = module.__name__
    known = _facts.get(name)
    if known is None or known[0] is not module:
        try:
            found = _find(name, module)
        except Exception as error:  # its loader cannot tell
            pass_signal(error)
            found = None
        known = _facts[name] = module, found
    return known[1]


def _find(name: str, module: types.ModuleType) -> Optional[Facts]:
    global _kept, _is_new
    path = getattr(module, "__file__", None)
    if not isinstance(path, str) or not path.endswith(".py"):
        return None
    status = os.stat(path)
    mark = f"{status.st_mtime_ns} {status.st_size} {sys.version}"
    if _kept is None:
        _kept = code_store.read_marked(_place())
    kept = _kept.get(path)
    if kept is None or kept[0] != mark:
        spec: Any = module.__spec__
        code = spec.loader.get_code(spec.name)
        if not isinstance(code, types.CodeType):
            return None
        kept = _kept[path] = (mark, *_read(code))
        _is_new = True
    return Facts(*kept[1:])


def _place() -> str:
    return os.path.join(code_store.cache_directory(), _FILE)


def save() -> None:
    """Keeps what is new for the next process."""
    global _is_new
    if _is_new and _kept is not None:
        _is_new = False
        try:
            code_store.write_marked(_place(), _kept)
        except (OSError, ValueError):
            pass  # it is found out again


code_store.savers.append(save)


def _read(code: types.CodeType) -> Tuple[Dict[str, Any], FrozenSet[str], FrozenSet[str]]:
    literals, bound = _bound(code)
    own: Set[str] = set()
    # What its code sets on some object may be of a class: its state, not a constant.
    kept = {str(step.argval) for each in within(code) for step in instructions(each) if step.opname == "STORE_ATTR"}
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            if not each.co_flags & 0x2 and bound.get(each.co_name) == 1:  # not optimized: the body of a class
                inside, counts = _bound(each)
                steady_there = {name for name, count in counts.items() if count == 1 and name not in kept}
                literals.update({f"{each.co_name}.{name}": inside[name] for name in steady_there & inside.keys()})
            for function in within(each):
                own.update(_written(function))
    steady = frozenset(name for name, count in bound.items() if count == 1 and name not in own)
    known = {name: each for name, each in literals.items() if "." in name or name in steady}
    return known, steady, frozenset(bound)


def literals_of(code: types.CodeType) -> Dict[str, Any]:
    """The constants that the code of a module writes out, by name."""
    return _read(code)[0]


def _bound(code: types.CodeType) -> Tuple[Dict[str, Any], Dict[str, int]]:
    """The constants that a body binds, and how often it binds each name."""
    literals: Dict[str, Any] = {}
    counts: Dict[str, int] = {}
    before: Any = None
    steps = instructions(code)
    targets = {step.argval for step in steps if step.opcode in _JUMPS}  # as in `1 if this else 2`
    for step in steps:
        if step.opname in ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME"):
            name = str(step.argval)
            if not name.startswith("__"):
                counts[name] = counts.get(name, 0) + 1
                is_written = before is not None and before.opcode in _CONSTS and step.offset not in targets
                if is_written and _is_plain(before.argval, fixed=True):
                    literals[name] = before.argval
        before = step
    return literals, counts


def _written(code: types.CodeType) -> Iterator[str]:
    """Names that code rebinds, or whose contents it may change."""
    codes = set(code.co_code[::2])
    if not codes.isdisjoint(_ITEM_STORES) or not _CHANGES.isdisjoint(code.co_names):
        yield from code.co_names
    elif not codes.isdisjoint(_REBIND_CODES):
        yield from (str(step.argval) for step in instructions(code) if step.opname in _REBINDS)


def _is_plain(value: Any, fixed: bool = False, depth: int = 0) -> bool:
    """Whether it is a constant, or unless it is to be `fixed` a table of such."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if depth >= _DEPTH_MAX or (kind in _TABLES and fixed) or (kind not in _TABLES and kind not in (tuple, frozenset)):
        return False
    inner = [*value, *value.values()] if kind is dict else value
    return len(inner) <= _TABLE_MAX and all(_is_plain(each, fixed, depth + 1) for each in inner)


def changed(module: types.ModuleType) -> Iterator[Tuple[str, str]]:
    """The constants that are not what the module's code says: where they are, and what they are now."""
    facts = facts_of(module)
    if facts is None:
        return
    space = vars(module)
    for name, value in facts.literals.items():
        holder = space
        key = name
        if "." in name:
            cls, _, key = name.partition(".")
            if type(space.get(cls)) is not type:
                continue
            holder = vars(space[cls])
        now = holder.get(key, value)
        if now is value:
            continue
        if _is_same(now, value):
            facts.literals[name] = now  # which is sooner seen to be the same
        elif type(now) in _SCALARS or (value is not None and not hasattr(type(now), "__get__")):
            place = f"{module.__name__}.{name}"
            yield place, sys.intern(f"{place} = {type(now).__qualname__} {ADDRESS.sub('', repr(now))}")


def _is_same(now: Any, value: Any) -> bool:
    if type(now) is not type(value):
        return False
    return repr(now) == repr(value) if type(now) is not frozenset else bool(now == value)


Reader: TypeAlias = "Callable[[], Any]"


def behind(module: types.ModuleType) -> Iterator[types.ModuleType]:
    """The modules of the standard library that one of it uses, and those that these use."""
    met = {module.__name__}
    queue = [module]
    for each in queue:
        facts = facts_of(each)
        space = vars(each)
        for name in sorted(facts.bound) if facts is not None else ():
            value = space.get(name)
            if type(value) is not types.ModuleType:
                value = sys.modules.get(getattr(value, "__module__", None) or "") if callable(value) else None
            found = getattr(value, "__name__", None)
            if type(value) is types.ModuleType and found not in met and modules.is_standard(value.__name__):
                met.add(value.__name__)
                queue.append(value)
    yield from queue[1:]


def constants(module: types.ModuleType, whole: bool = True) -> Optional[Tuple[Tuple[str, ...], Reader]]:
    """The names of what is constant in a module, and what reads it; None where there is nothing. Unless it is to be the
    `whole`, only what is not written out in its code, which `changed` compares."""
    facts = facts_of(module)
    if facts is None:
        return None
    space = vars(module)
    package = f"{module.__name__}."
    is_standard = modules.is_standard(module.__name__)
    names = tuple(
        sorted(
            name
            for name in facts.steady
            if (whole if name in facts.literals else package + name not in _VARYING)
            and (name in facts.literals or _is_constant(space.get(name, MISSING), is_standard))
        )
    )
    if not names:
        return None
    values = [tuple(map(space.get, names))]

    def read() -> Any:
        now = tuple([space.get(name, MISSING) for name in names])
        if not all(map(is_, now, values[0])):
            values[0] = now
        return values[0]

    return names, read


def _is_constant(value: Any, is_standard: bool) -> bool:
    """Whether it is one though the code computes it. The paths of an installation are not, nor are tables that are empty
    yet. Of packages only small numbers are: others may be times, or where something lies."""
    if not is_standard:
        return type(value) in (int, float) and abs(value) < _NUMBER_MAX
    if type(value) is str and value.startswith(os.sep):
        return False
    return _is_plain(value) and not (type(value) in _TABLES and not value)


def take(label: str, value: Any) -> Digest:
    """A digest of constants: one that has become something else goes by its class."""
    parts: List[str] = []
    for each in value:
        try:
            parts.append(data_digest(label, each)[0])
        except Unstable:
            parts.append(f"{type(each).__module__}.{type(each).__qualname__}")
    return data_digest(label, parts)[0], Parts()
