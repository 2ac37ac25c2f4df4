"""The instructions of code objects, as `dis` has them, several times sooner: without lines, labels and texts for people.

What an argument means is taken from `dis` itself, once for each that depends on nothing but the instruction; the others
are names, constants, variables and jumps. A test compares all of the standard library's code with `dis`."""

from __future__ import annotations

import dis
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple
else:
    from .._codec.named_tuple import NamedTuple


class Step(NamedTuple):
    """One instruction."""

    opname: str
    opcode: int
    arg: Optional[int]
    argval: Any
    argrepr: str
    offset: int


_VERSION = sys.version_info[:2]
#: For these it is known how jumps and names are spelt.
_KNOWN = (3, 9) <= _VERSION <= (3, 13) and sys.implementation.name == "cpython"
_EXTENDED, _CACHE = dis.opmap["EXTENDED_ARG"], dis.opmap.get("CACHE", -1)
_SHIFTS = {"LOAD_GLOBAL": 1} if _VERSION >= (3, 11) else {}
if _VERSION >= (3, 12):
    _SHIFTS.update({"LOAD_ATTR": 1, "LOAD_SUPER_ATTR": 2})
_UNIT = 2 if _VERSION >= (3, 10) else 1
_HAS_ARGUMENT = frozenset(getattr(dis, "hasarg", range(dis.HAVE_ARGUMENT, 256)))
_CACHES: Any = getattr(dis, "_inline_cache_entries", {}) if _VERSION >= (3, 12) else {}
_CONST, _NAME, _LOCAL, _FREE, _FORWARD, _BACKWARD, _ABSOLUTE, _PAIR = range(1, 9)


def _kinds() -> Dict[int, Tuple[int, int]]:
    found: Dict[int, Tuple[int, int]] = {}
    for kind, codes in ((_LOCAL, dis.haslocal), (_FREE, dis.hasfree), (_NAME, dis.hasname), (_CONST, dis.hasconst)):
        found.update({code: (kind, _SHIFTS.get(dis.opname[code], 0)) for code in codes})
    found.update({code: (_ABSOLUTE, 0) for code in dis.hasjabs})
    for code in (each for each in dis.hasjrel if each < 256):
        caches = _CACHES.get(dis.opname[code], 0) if isinstance(_CACHES, dict) else _CACHES[code]
        found[code] = (_BACKWARD if "JUMP_BACKWARD" in dis.opname[code] else _FORWARD, 2 * caches)
    for name in ("LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST"):
        if name in dis.opmap:
            found[dis.opmap[name]] = (_PAIR, 0)
    return found


#: What else is pushed where the argument says so.
_PUSHES = {"LOAD_GLOBAL": "NULL"} if _VERSION >= (3, 11) else {}
if _VERSION >= (3, 12):
    _PUSHES.update({"LOAD_ATTR": "NULL|self", "LOAD_SUPER_ATTR": "NULL|self"})
_KINDS = _kinds() if _KNOWN else {}
_TABLE = [(dis.opname[code], code in _HAS_ARGUMENT, *_KINDS.get(code, (0, 0))) for code in range(256)]
_make: Any = tuple.__new__
#: By instruction and argument, what that means where nothing else matters.
_meanings: Dict[Tuple[int, int], Tuple[Any, str]] = {}
_MEANINGS_MAX = 10_000


def instructions(code: types.CodeType) -> List[Any]:
    """Those of a code object, but for the spaces between them."""
    if not _KNOWN:
        return [
            Step(each.opname, each.opcode, each.arg, each.argval, each.argrepr, each.offset)
            for each in dis.get_instructions(code)
        ]
    found: List[Any] = []
    extended = 0
    text = code.co_code
    names, consts = code.co_names, code.co_consts
    variable: Any = getattr(code, "_varname_from_oparg", None)
    if variable is None:
        variable = code.co_varnames.__getitem__
        cells: Any = (code.co_cellvars + code.co_freevars).__getitem__
    else:
        cells = variable
    for offset, opcode, arg in zip(range(0, len(text), 2), text[::2], text[1::2]):
        if opcode == _CACHE:
            continue
        name, has_argument, kind, more = _TABLE[opcode]
        if not has_argument:
            extended = 0
            found.append(_make(Step, (name, opcode, None, None, "", offset)))
            continue
        arg |= extended
        extended = arg << 8 if opcode == _EXTENDED else 0
        words = ""
        if kind == _LOCAL:
            value = variable(arg)
        elif kind == _CONST:
            value = consts[arg]
        elif kind == _NAME:
            value = names[arg >> more]
            words = _PUSHES.get(name, "") if arg & 1 else ""
        elif kind == _PAIR:
            value = variable(arg >> 4), variable(arg & 15)
        elif kind == _FREE:
            value = cells(arg)
        elif kind == _FORWARD:
            value = offset + 2 + arg * _UNIT + more
        elif kind == _BACKWARD:
            value = offset + 2 - arg * _UNIT + more
        elif kind == _ABSOLUTE:
            value = arg * _UNIT
        else:
            known = _meanings.get((opcode, arg))
            if known is None:
                known = _meaning(opcode, arg)
                if len(_meanings) < _MEANINGS_MAX:
                    _meanings[opcode, arg] = known
            value, words = known
        found.append(_make(Step, (name, opcode, arg, value, words, offset)))
    return found


_alone = (lambda: None).__code__


def _meaning(opcode: int, arg: int) -> Tuple[Any, str]:
    """What `dis` says of the argument of an instruction by itself."""
    parts = [arg >> shift & 0xFF for shift in (24, 16, 8, 0)]
    while parts[0] == 0 and len(parts) > 1:
        del parts[0]
    text = b"".join(bytes((_EXTENDED, each)) for each in parts[:-1]) + bytes((opcode, parts[-1]))
    *_, found = dis.get_instructions(_alone.replace(co_code=text))
    return found.argval, found.argrepr


def within(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those in it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from within(each)
