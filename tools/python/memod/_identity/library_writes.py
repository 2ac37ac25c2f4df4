"""What code may change the contents of, as far as names tell: of `self.seen[key] = 1` it is `seen`."""

from __future__ import annotations

import dis
import types

from .instructions import instructions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Set, Tuple
    from typing_extensions import TypeAlias

#: Methods that change a container.
_CHANGES = frozenset(
    """
    append add extend insert appendleft extendleft discard put update setdefault pop popleft popitem clear remove sort
    reverse
    """.split()
)
_STORES = ("STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE")
_STORE_CODES = frozenset(dis.opmap[name] for name in _STORES if name in dis.opmap)
#: How many values lie above the container.
_ABOVE = {"STORE_SUBSCR": 1, "DELETE_SUBSCR": 1, "STORE_SLICE": 2}
_NAMES = frozenset(dis.hasname)
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
#: By which a local variable gets what its expression does not say.
_UNSAID = frozenset("FOR_ITER UNPACK_SEQUENCE UNPACK_EX BEFORE_WITH WITH_EXCEPT_START SETUP_WITH PUSH_EXC_INFO".split())

#: An instruction's name, its number, its argument, what that means, and where it is.
Move: TypeAlias = "Tuple[str, int, Optional[int], Any, int]"


class Untold(Exception):
    """What is changed cannot be told."""


def written(code: types.CodeType) -> Set[str]:
    """Names of what code may change the contents of."""
    if _STORE_CODES.isdisjoint(code.co_code[::2]) and _CHANGES.isdisjoint(code.co_names):
        return set()
    moves = moves_of(instructions(code))
    found: Set[str] = set()
    try:
        for place, (name, _, _, value, _) in enumerate(moves):
            if name in _ABOVE:
                end = place - 1
                for _ in range(_ABOVE[name]):
                    end = start_of(moves, end) - 1
                found |= _named(moves, start_of(moves, end), end, set())
            elif value in _CHANGES and name in ("LOAD_ATTR", "LOAD_METHOD"):
                found |= _named(moves, start_of(moves, place - 1), place - 1, set())
    except (Untold, ValueError, IndexError):
        return set(code.co_names)
    return found


def moves_of(steps: List[Any]) -> List[Move]:
    """Instructions, those that do two things as two."""
    found: List[Move] = []
    for step in steps:
        if type(step.argval) is tuple and "_FAST_" in step.opname:
            first, _, second = step.opname.partition("_FAST_")
            for name, variable in zip((f"{first}_FAST", second), step.argval):
                found.append((name, dis.opmap[name], 0, variable, step.offset))
        else:
            found.append((step.opname, step.opcode, step.arg, step.argval, step.offset))
    return found


def start_of(moves: List[Move], end: int) -> int:
    """Where the expression begins that leaves its value with the move at `end`. Raises `Untold`."""
    depth = 0
    for place in range(end, -1, -1):
        name, number, argument, _, _ = moves[place]
        if number in _JUMPS:
            raise Untold
        depth += dis.stack_effect(number, argument if number >= dis.HAVE_ARGUMENT else None)
        if depth == 1 and name not in ("PRECALL", "KW_NAMES", "CACHE", "EXTENDED_ARG"):
            # What is pushed below it for a call belongs to it.
            while place > 0 and moves[place - 1][0] in ("EXTENDED_ARG",):
                place -= 1
            return place
    raise Untold


def _named(moves: List[Move], start: int, end: int, met: Set[str]) -> Set[str]:
    """The names in an expression, and in those that its variables stand for."""
    found: Set[str] = set()
    for name, number, _, value, _ in moves[start : end + 1]:
        if number in _NAMES:
            found.add(str(value))
        elif name.startswith("LOAD_FAST") and value not in met:
            met.add(value)
            found |= _behind(moves, value, met)
        elif name in ("LOAD_DEREF", "LOAD_CLASSDEREF"):
            raise Untold
    return found


def _behind(moves: List[Move], variable: str, met: Set[str]) -> Set[str]:
    """The names in what a variable is set to."""
    found: Set[str] = set()
    for place, (name, _, _, value, _) in enumerate(moves):
        if name == "STORE_FAST" and value == variable and place:
            before = moves[place - 1][0]
            if before in _UNSAID or before == "STORE_FAST" or before in ("COPY", "DUP_TOP"):
                raise Untold
            found |= _named(moves, start_of(moves, place - 1), place - 1, met)
    return found
