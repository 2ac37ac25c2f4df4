"""Where sets may go in code, to find out whether their order decides something: sets of strings have another one in each
process.

What a value may be is a set of words: `set`, or where it comes of: `call:name` (what a function of that name returns),
`attr:name`, `global:name`, `arg:name` (what a function of that name is handed) and `item` (what is in some container).
Code says which leads to which; `!` stands for what an order decides. Whether `set` leads there is told of all code
together, for which names are enough."""

from __future__ import annotations

import dis
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, FrozenSet, Iterable, List, Set, Tuple
    from typing_extensions import TypeAlias

#: From one word to another.
Flow: TypeAlias = "Tuple[str, str]"
SET, ITEM, ORDER = "set", "item", "!"

_GLOBALS = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"))
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_VARIABLES = ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_CLOSURE", "LOAD_FROM_DICT_OR_DEREF")
_MAKERS = frozenset(("set", "frozenset"))
#: What hands on the order of what it is given.
_ORDERING = frozenset(
    """
    list tuple iter enumerate map filter zip dict next deque islice reversed str repr format print reduce chain
    OrderedDict Counter permutations combinations combinations_with_replacement product cycle accumulate starmap
    pformat pprint pp saferepr takewhile dropwhile filterfalse groupby zip_longest pairwise batched tee compress choice sample shuffle choices
    array asarray fromiter Series DataFrame Index join extend fromkeys writelines getattr TopologicalSorter
    """.split()
)
#: What looks at what is in it, too, as to make text of it.
_SHOWING = frozenset("str repr format print pformat pprint pp saferepr TopologicalSorter".split())
#: What does so where it has a `key`: among equals the first counts.
_CHOOSING = frozenset(("min", "max", "sorted", "nlargest", "nsmallest"))
#: Methods that return another set, and those that put something into a container.
_SET_METHODS = frozenset(("union", "intersection", "difference", "symmetric_difference", "copy"))
_PUTS = frozenset(("append", "appendleft", "add", "insert", "put", "setdefault", "push"))
_GETS = frozenset(("get", "setdefault", "pop"))
_SET_OPERATORS = frozenset(("-", "&", "|", "^", "-=", "&=", "|=", "^="))
_OLD_OPERATORS = {
    f"{kind}_{name}": f"{sign}{equals}"
    for kind, equals in (("BINARY", ""), ("INPLACE", "="))
    for name, sign in (("SUBTRACT", "-"), ("AND", "&"), ("OR", "|"), ("XOR", "^"), ("MODULO", "%"))
}
#: What yields tuples, to take them apart; such a tuple, and what it comes of.
_PAIRED = frozenset(("items", "enumerate", "zip", "most_common", "groupby"))
_PAIR, _OF_PAIRS = "a pair", "of pairs"
_INTO_CONTAINER = frozenset(
    ("LIST_EXTEND", "LIST_APPEND", "SET_ADD", "MAP_ADD", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE")
)
_FORMATS = frozenset(("FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "CONVERT_VALUE"))
_CONSTANTS = frozenset(dis.hasconst)
#: Constants that have the same hash in every process.
_PLAIN = (int, float, complex)
_NOTHING: FrozenSet[str] = frozenset()


class _Value:
    """What is on the stack: the words for what it may be, the name by which it was found, and of a constant its value,
    of an attribute what it is of, and the words for what was put into it."""

    __slots__ = ("words", "name", "more", "inner")

    def __init__(self, words: FrozenSet[str] = _NOTHING, name: str = "", more: Any = None) -> None:
        self.words = words
        self.name = name
        self.more = more
        self.inner = _NOTHING


class SetFlow:
    """Of one code object. Its instructions are gone through from the first to the last, as if nothing jumped; what is
    left on the stack by that is below what expressions use."""

    def __init__(self, code: types.CodeType, steps: List[Any], variables: Dict[str, FrozenSet[str]]) -> None:
        """`variables` are those of the code around it, to which its own are added."""
        self.found: Set[Flow] = set()
        self._name = code.co_name
        self._variables = variables
        count = code.co_argcount + code.co_kwonlyargcount + bin(code.co_flags & 0xC).count("1")
        self._loaded: Set[str] = set()
        self._inside: Dict[str, FrozenSet[str]] = {}
        self._again = True
        for name in code.co_varnames[:count]:
            self._note(name, frozenset((f"arg:{code.co_name}",)))
        for name in code.co_freevars:
            variables.setdefault(name, frozenset((f"global:{name}",)))
        while self._again:  # as where a loop comes back to what was before
            self._again = False
            self._stack: List[_Value] = []
            self._keywords: Tuple[str, ...] = ()
            for step in steps:
                self._step(step)

    def _note(self, variable: str, words: FrozenSet[str]) -> None:
        known = self._variables.get(variable, _NOTHING)
        if not words <= known:
            self._variables[variable] = known | words
            self._again = self._again or variable in self._loaded

    def _load(self, variable: str) -> None:
        self._loaded.add(variable)
        self._push(self._variables.get(variable, _NOTHING), variable)
        self._stack[-1].inner = self._inside.get(variable, _NOTHING)

    def _pop(self) -> _Value:
        return self._stack.pop() if self._stack else _Value()

    def _take(self, count: int) -> List[_Value]:
        return [self._pop() for _ in range(count)][::-1]

    def _push(self, words: FrozenSet[str] = _NOTHING, name: str = "", more: Any = None) -> None:
        self._stack.append(_Value(words, name, more))

    def _lead(self, value: _Value, to: str) -> None:
        for word in value.words:
            if word != to:
                self.found.add((word, to))

    def _show(self, value: _Value) -> None:
        """Text is made of it, and of all that is in it."""
        self._lead(value, ORDER)
        self.found.update((word, ORDER) for word in value.inner)

    def _step(self, step: Any) -> None:
        name, argument = step.opname, step.argval
        if name.startswith(_VARIABLES):
            for each in argument if isinstance(argument, tuple) else (argument,):
                self._load(str(each))
        elif name in _GLOBALS:
            if "NULL" in (step.argrepr or ""):
                self._push()
            self._push(frozenset((f"global:{argument}",)), str(argument))
        elif step.opcode in _CONSTANTS and name.startswith(("LOAD", "RETURN_CONST")):
            by_hash = type(argument) is frozenset and not _are_plain(argument)
            self._push(frozenset((SET,)) if by_hash else _NOTHING, more=argument)
            if name == "RETURN_CONST":
                self._lead(self._pop(), f"call:{self._name}")
        elif name == "KW_NAMES":
            self._keywords = tuple(argument) if isinstance(argument, tuple) else ()
        elif name.startswith("STORE_FAST") or name in ("STORE_DEREF", "STORE_NAME"):
            self._store_variable(step)
        elif name in _ATTRIBUTES:
            owner = self._pop()
            if name == "LOAD_METHOD" or "NULL|self" in (step.argrepr or ""):
                self._push()
            self._push(frozenset((f"attr:{argument}",)), str(argument), owner)
        elif name.startswith("CALL"):
            self._call(step)
        elif name in ("GET_ITER", "GET_YIELD_FROM_ITER", "YIELD_FROM"):
            value = self._pop()
            self._lead(value, ORDER)
            self._push(frozenset((ITEM,)), _OF_PAIRS if value.name in _PAIRED else "")
        elif name == "FOR_ITER":
            of_pairs = self._stack and self._stack[-1].name == _OF_PAIRS
            if self._stack and self._stack[-1].name == ".0":
                of_pairs = _OF_PAIRS in self._variables
            self._push(frozenset((ITEM,)), _PAIR if of_pairs else "")
        elif name == "END_FOR":
            # Where the loop ends there is an item more on the stack, which did not come this way.
            self._take(1 if sys.version_info < (3, 13) else 0)
        elif name.startswith("UNPACK_"):
            value = self._pop()
            if value.name != _PAIR:
                self._lead(value, ORDER)
            for _ in range(step.arg if name == "UNPACK_SEQUENCE" else 1 + (step.arg & 0xFF) + (step.arg >> 8)):
                self._push(frozenset((ITEM,)))
        elif name.startswith("BUILD_"):
            self._build(step)
        elif name in _INTO_CONTAINER:
            for value in self._take(2 if name == "MAP_ADD" else 1):
                self._lead(value, ORDER if name == "LIST_EXTEND" else ITEM)
            if name == "SET_UPDATE" and self._stack:
                self._stack[-1] = _Value(frozenset((SET,)))
        elif name in ("RETURN_VALUE", "YIELD_VALUE"):
            self._lead(self._pop(), f"call:{self._name}" if name == "RETURN_VALUE" else ITEM)
            if name == "YIELD_VALUE":
                self._push()
        elif name in ("STORE_ATTR", "STORE_GLOBAL", "STORE_SUBSCR"):
            self._store(step)
        elif name == "BINARY_SUBSCR" or (name == "BINARY_OP" and step.argrepr == "[]"):
            self._take(2)
            self._push(frozenset((ITEM,)))
        elif name == "BINARY_OP" or name in _OLD_OPERATORS:
            self._operate(step.argrepr if name == "BINARY_OP" else _OLD_OPERATORS[name])
        elif name in _FORMATS:
            has_form = name == "FORMAT_WITH_SPEC" or (name == "FORMAT_VALUE" and step.arg & 4)
            self._show(self._take(2 if has_form else 1)[0])
            self._push()
        elif name in ("COPY", "DUP_TOP"):
            depth = step.arg if name == "COPY" else 1
            self._stack.append(self._stack[-depth] if len(self._stack) >= depth else _Value())
        elif name in ("SWAP", "ROT_TWO"):
            depth = step.arg if name == "SWAP" else 2
            if len(self._stack) >= depth:
                self._stack[-1], self._stack[-depth] = self._stack[-depth], self._stack[-1]
        elif name == "MAKE_FUNCTION":
            made = self._pop()
            if isinstance(made.more, str):  # before 3.11 its name is above its code
                made = self._pop()
            self._take(bin(step.arg or 0).count("1"))
            self._push(name=made.more.co_name if isinstance(made.more, types.CodeType) else "")
        else:
            self._other(step)

    def _other(self, step: Any) -> None:
        try:
            argument = step.arg if step.opcode >= dis.HAVE_ARGUMENT else None
            effect = dis.stack_effect(step.opcode, argument, jump=False)
        except ValueError:
            return
        for _ in range(effect):
            self._push()
        self._take(-effect)

    def _store_variable(self, step: Any) -> None:
        # In 3.13 several go together: two stores, or a store and a load.
        names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        stores = 2 if step.opname == "STORE_FAST_STORE_FAST" else 1
        for each in names[:stores]:
            value = self._pop()
            self._note(str(each), value.words)
            self._inside[str(each)] = self._inside.get(str(each), _NOTHING) | value.inner
        for each in names[stores:]:
            self._load(str(each))

    def _store(self, step: Any) -> None:
        if step.opname == "STORE_ATTR":
            self._pop()
            self._lead(self._pop(), f"attr:{step.argval}")
        elif step.opname == "STORE_GLOBAL":
            self._lead(self._pop(), f"global:{step.argval}")
        else:
            self._take(2)
            self._lead(self._pop(), ITEM)

    def _build(self, step: Any) -> None:
        name, count = step.opname, step.arg or 0
        values = self._take({"BUILD_MAP": 2 * count, "BUILD_CONST_KEY_MAP": count + 1}.get(name, count))
        if name == "BUILD_SET":
            numbers = count and all(type(value.more) in _PLAIN for value in values)
            self._push(_NOTHING if numbers else frozenset((SET,)))
            return
        if name in ("BUILD_LIST", "BUILD_TUPLE", "BUILD_MAP", "BUILD_CONST_KEY_MAP"):
            for value in values:
                self._lead(value, ITEM)
        self._push()
        self._stack[-1].inner = _NOTHING.union(*[value.words | value.inner for value in values])

    def _operate(self, sign: str) -> None:
        left, right = self._take(2)
        if sign in _SET_OPERATORS:
            views = not {left.name, right.name}.isdisjoint(("keys", "items"))
            self._push(left.words | right.words | (frozenset((SET,)) if views else _NOTHING))
            return
        if sign == "%":
            self._show(right)
        self._push()

    def _call(self, step: Any) -> None:
        name, count = step.opname, step.arg or 0
        if name.startswith("CALL_INTRINSIC"):
            self._take(1 if name == "CALL_INTRINSIC_2" else 0)
            return
        keywords, self._keywords = self._keywords, ()
        if name in ("CALL_KW", "CALL_FUNCTION_KW"):
            named = self._pop().more
            keywords = tuple(named) if isinstance(named, tuple) else ()
        values = self._take(1 + (count & 1) if name == "CALL_FUNCTION_EX" else count)
        if name == "CALL_FUNCTION_EX":
            for value in values:
                self._lead(value, ORDER)
        # In some versions with a NULL or the object of a method below or above what is called.
        around = self._take(1 if name.startswith("CALL_FUNCTION") else 2)
        function = next((each for each in around if each.name), _Value())
        if function.name.startswith("<") and any(each.name == _OF_PAIRS for each in (*values, *around)):
            self._variables[_OF_PAIRS] = _NOTHING  # for the comprehension's own code, which comes later
        self._push(self._result(function, values, keywords), function.name)

    def _result(self, function: _Value, values: List[_Value], keywords: Tuple[str, ...]) -> FrozenSet[str]:
        """The words for what a call returns."""
        name = function.name
        owner = function.more if isinstance(function.more, _Value) else None
        words = _NOTHING.union(*[value.words for value in values])
        if name in _MAKERS and owner is None:
            return _NOTHING if values and values[0].name == "range" else frozenset((SET,))
        if name == "<setcomp>":
            return frozenset((SET,))
        if owner is not None and name in _SET_METHODS:
            return owner.words | words
        if owner is not None and name == "pop" and not values:
            self._lead(owner, ORDER)
        if name == "defaultdict" and values and values[0].name in _MAKERS:
            self.found.add((SET, ITEM))
        if any(value.name in _ORDERING for value in values[-len(keywords) :] if "default" in keywords):
            self.found.add((ITEM, ORDER))  # as json makes lists of sets
        if name in _SHOWING or name.endswith(("Error", "Exception", "Warning")):
            for value in values:
                self._show(value)
        if name in _ORDERING or (name in _CHOOSING and "key" in keywords):
            target = ORDER
        else:
            target = ITEM if name in _PUTS or name in _GETS else f"arg:{name or '?'}"
        for value in values:
            self._lead(value, target)
        if name in _GETS:
            return words | {ITEM, f"call:{name}"}
        return frozenset((f"call:{name}",)) if name else _NOTHING


def makes_sets(code: types.CodeType, steps: List[Any]) -> bool:
    """Whether there are sets in it of other things than numbers, as far as a look tells."""
    if not _MAKERS.isdisjoint(code.co_names):
        return True
    for place, step in enumerate(steps):
        name = step.opname
        if name in ("BUILD_SET", "SET_UPDATE"):
            return True
        if step.opcode in _CONSTANTS:
            value = step.argval
            if (type(value) is frozenset and not _are_plain(value)) or getattr(value, "co_name", "") == "<setcomp>":
                return True
        elif name in _ATTRIBUTES and step.argval in ("keys", "items"):
            later = steps[place + 2 : place + 6]
            if any(each.argrepr in _SET_OPERATORS or each.opname in _OLD_OPERATORS for each in later):
                return True
    return False


def decides(flows: Iterable[Flow]) -> Set[str]:
    """The words by way of which sets come to where their order decides; empty where none does."""
    ahead: Dict[str, List[str]] = {}
    for one, other in flows:
        ahead.setdefault(one, []).append(other)
    reached, queue = {SET}, [SET]
    while queue:
        for each in ahead.get(queue.pop(), ()):
            if each not in reached:
                reached.add(each)
                queue.append(each)
    return reached - {ORDER} if ORDER in reached else set()


def iterates(steps: List[Any]) -> bool:
    """Whether the order of anything that is handed in may decide something."""
    for step in steps:
        name = step.opname
        if name in ("GET_ITER", "UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "CALL_FUNCTION_EX"):
            return True
        if name in _GLOBALS and (step.argval in _ORDERING or step.argval in _CHOOSING):
            return True
        if name in _ATTRIBUTES and (step.argval in _ORDERING or step.argval == "pop"):
            return True
        if name in _FORMATS or name == "BINARY_MODULO" or (name == "BINARY_OP" and step.argrepr == "%"):
            return True
    return False


def _are_plain(values: Iterable[Any]) -> bool:
    return all(type(each) in _PLAIN or type(each) is bool for each in values)
