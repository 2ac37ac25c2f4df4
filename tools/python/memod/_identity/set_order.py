"""Whether code lets the order of a set decide something. Sets of strings have another order in each process."""

from __future__ import annotations

import dis
import types
from typing import Any, List, Set

_LOADS = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"))
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_MAKERS = frozenset(("set", "frozenset"))
_BUILT = frozenset(("BUILD_SET", "SET_UPDATE", "SET_ADD"))
_ORDERED = frozenset(
    ("list", "tuple", "iter", "enumerate", "map", "filter", "zip", "dict", "next", "deque", "islice")
)
#: Methods that return another set.
_SET_METHODS = frozenset(("union", "intersection", "difference", "symmetric_difference", "copy"))
#: Constants that have the same hash in every process.
_PLAIN = (int, float, complex)


def orders_sets(steps: List[Any]) -> bool:
    """Looks for sets that are iterated over, or made a list of, at once or by way of a variable."""
    made = _results(steps)
    if not made:
        return False
    kept: Set[Any] = set()
    for place in made:
        if place + 1 < len(steps) and steps[place + 1].opname.startswith(
            ("STORE_FAST", "STORE_NAME", "STORE_DEREF")
        ):
            kept.add(_names(steps[place + 1])[:1])
    sets = made | {place for place, step in enumerate(steps) if _is_load(step) and _names(step)[-1:] in kept}
    for place in sets:
        following = steps[place + 1] if place + 1 < len(steps) else None
        if following is None:
            continue
        if following.opname in ("GET_ITER", "UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "YIELD_FROM"):
            return True
        if following.opname in _ATTRIBUTES and _is_pop(steps, place + 1):
            return True
    for place, step in enumerate(steps):
        ordered = step.opname in _LOADS and step.argval in _ORDERED
        if ordered or (step.opname in _ATTRIBUTES and step.argval in ("join", "extend", "fromkeys")):
            end = _call(steps, place)
            if end is not None and any(
                _is_argument(steps, found, end) for found in sets if place < found < end
            ):
                return True
    return False


def iterates(steps: List[Any]) -> bool:
    """Whether the order of anything that is handed in may decide something."""
    for place, step in enumerate(steps):
        if step.opname in ("GET_ITER", "UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "CALL_FUNCTION_EX"):
            return True
        if step.opname in _LOADS and step.argval in _ORDERED:
            return True
        if step.opname in _ATTRIBUTES and step.argval in ("join", "extend", "fromkeys", "pop"):
            return True
    return False


def _names(step: Any) -> Any:
    return step.argval if isinstance(step.argval, tuple) else (step.argval,)


def _is_load(step: Any) -> bool:
    return "LOAD_FAST" in step.opname or step.opname in ("LOAD_NAME", "LOAD_DEREF")


def _is_argument(steps: List[Any], place: int, end: int) -> bool:
    """Whether what is there is handed to the call itself, not to one within it or to an operator."""
    following = steps[place + 1]
    return (
        place + 1 == end
        or following.opname in ("KW_NAMES", "PRECALL")
        or following.opname.startswith("LOAD_")
    )


def _is_pop(steps: List[Any], place: int) -> bool:
    return bool(steps[place].argval == "pop" and _call(steps, place) == place + 1)


def _results(steps: List[Any]) -> Set[int]:
    """The places of the instructions that leave a set on the stack."""
    found = set()
    for place, step in enumerate(steps):
        if step.opname in _LOADS and step.argval in _MAKERS:
            end = _call(steps, place)
            inner = steps[place + 1 : end]
            numbers = any(each.opname in _LOADS and each.argval == "range" for each in inner)
            if end is not None and end > place + 1 and inner and not numbers:
                found.add(end)
        elif step.opname == "BUILD_SET" and step.arg:
            items = steps[max(place - step.arg, 0) : place]
            if not all(each.opcode in dis.hasconst and type(each.argval) in _PLAIN for each in items):
                found.add(place)
        elif step.opname == "SET_UPDATE":
            found.add(place)
        elif isinstance(step.argval, types.CodeType) and step.argval.co_name == "<setcomp>":
            found.update(_comprehension(steps, place))
        elif step.opname == "BUILD_SET" and place + 1 < len(steps) and steps[place + 1].opname == "SWAP":
            found.update(_inlined(steps, place))
        elif step.opcode in dis.hasconst and type(step.argval) is frozenset:
            if not all(type(each) in _PLAIN for each in step.argval):
                found.add(place)
    for place, step in enumerate(steps):
        if step.opname in _ATTRIBUTES and step.argval in _SET_METHODS and place - 1 in found:
            end = _call(steps, place)
            if end is not None:
                found.add(end)
    return found


def _comprehension(steps: List[Any], place: int) -> List[int]:
    for later in range(place + 1, len(steps)):
        if steps[later].opname.startswith("CALL"):
            if steps[later - 1].opname == "GET_ITER":
                return [later]
    return []


def _inlined(steps: List[Any], place: int) -> List[int]:
    """A comprehension in the midst of other code, as there are since 3.12."""
    for later in range(place + 1, len(steps)):
        if steps[later].opname == "END_FOR":
            while later + 2 < len(steps) and steps[later + 1].opname in ("POP_TOP", "SWAP", "STORE_FAST"):
                kept = steps[later + 1].opname == "STORE_FAST" and steps[later].opname != "SWAP"
                if kept:
                    break
                later += 1
            return [later]
    return []


def _effect(step: Any) -> int:
    """How many more are on the stack after it."""
    if step.opname == "CALL":  # also what goes before it in some versions is counted here
        return -1 - int(step.arg)
    return dis.stack_effect(step.opcode, step.arg if step.opcode >= dis.HAVE_ARGUMENT else None)


def _call(steps: List[Any], place: int) -> Any:
    """The place of the call of what is loaded there, or None where it is not evident."""
    depth = 0
    for later in range(place + 1, len(steps)):
        step = steps[later]
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            if step.opname != "FOR_ITER" and not step.opname.startswith("JUMP_BACKWARD"):
                return None
        depth += _effect(step)
        if step.opname.startswith("CALL") and depth <= 0:
            return later
        if depth < -1:
            return None
    return None
