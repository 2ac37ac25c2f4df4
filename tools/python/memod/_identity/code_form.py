"""Code objects in a form that says what they do and nothing else: instructions with their arguments resolved,
without line numbers, file names, docstrings and the places that constants happen to have."""

from __future__ import annotations

import dis
import marshal
import re
import types

from .._client.digests import blake2b
from .instructions import Step, instructions
from .known_modules import BARE
from .set_order import Flow, SetFlow, iterates, makes_sets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Any, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Set, Tuple
    from typing_extensions import TypeAlias
else:
    from .._codec.named_tuple import NamedTuple

_HAS_DOCSTRING = 0x4000000  # a flag since 3.13; before, a docstring is the first constant
_IGNORED = {"EXTENDED_ARG", "CACHE", "NOP", "RESUME", "PRECALL"}
#: Stored by class bodies; neither changes what their code does.
_CLASS_TRIVIA = {"__doc__", "__firstlineno__"}
_GLOBAL_LOADS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_ATTRIBUTE_LOADS = {"LOAD_ATTR", "LOAD_METHOD"}
_REBINDS = {"STORE_GLOBAL", "DELETE_GLOBAL"}
_ATTRIBUTE_STORES = {"STORE_ATTR", "DELETE_ATTR"}
#: By which code looks for attributes whose names are data.
LOOKUPS = frozenset("getattr hasattr attrgetter methodcaller vars __dict__ __getattribute__ __getattr__".split())
_FORMATTERS = {"format", "format_map", "vformat"}
#: An attribute in a text that is filled in: `{0.name}`.
_FIELD = re.compile(r"(?<=\.)[^\W\d]\w*")
_FORMATS = {"FORMAT_VALUE", "FORMAT_WITH_SPEC"}
_VARIABLES = {"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW"}
_NUMBERS = {int, float, complex, bool}
_SIMPLE_LOADS = {"LOAD_CONST", "LOAD_FAST", "LOAD_GLOBAL", "LOAD_SMALL_INT", "LOAD_FAST_CHECK"}
#: Methods that change a container and return nothing. Whether it is one, the code alone does not say.
_WRITES = {"append", "add", "extend", "insert", "appendleft", "extendleft", "discard", "put", "put_nowait"}
_CHANGES = _WRITES.union(
    ("update", "setdefault", "pop", "popleft", "popitem", "clear", "remove", "sort", "reverse")
)
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_CONSTS = frozenset(dis.hasconst)
_GLOBAL, _ATTRIBUTE, _IMPORT, _FORMAT, _STORE, _REBIND, _CHANGE = range(1, 8)
#: By instruction, what there is to it; for most it is nothing.
_ROLES = [0] * 256
for _role, _names in (
    (_GLOBAL, _GLOBAL_LOADS),
    (_ATTRIBUTE, _ATTRIBUTE_LOADS),
    (_IMPORT, ("IMPORT_NAME",)),
    (_FORMAT, _FORMATS),
    (_STORE, _ATTRIBUTE_STORES),
    (_REBIND, _REBINDS),
    (_CHANGE, "STORE_SUBSCR DELETE_SUBSCR STORE_SLICE COPY DUP_TOP DUP_TOP_TWO".split()),
):
    for _name in _names:
        if _name in dis.opmap and dis.opmap[_name] < 256:
            _ROLES[dis.opmap[_name]] = _role
#: Names that are looked at however they are found.
_WORDS = BARE | {"str", "acquire"}
_make: Any = tuple.__new__


#: A name outside the code that it reads, the attributes read from it at once (`a.b.c`), and how it is written to:
#: `items` or `method` where that is so if it is a container, and then nothing of it is read; `made` where the code may
#: have made it itself: it is rebound or filled elsewhere in the code.
Read: TypeAlias = "Tuple[str, Tuple[str, ...], str]"


class Imported(NamedTuple):
    """A module that code imports while it runs."""

    name: str
    level: int
    members: Tuple[str, ...]


class CodeForm:
    """What a code object does, and what it reads."""

    #: What it is of, where that is kept.
    code: Optional[types.CodeType] = None

    def __init__(self, code: types.CodeType) -> None:
        #: In order, each once.
        self.reads: List[Read] = []
        self.imports: List[Imported] = []
        #: The globals and attributes that are rebound, and the globals whose contents are changed.
        self.writes: Set[str] = set()
        #: All names in the code, and those of them that are looked for on objects or imported from modules.
        self.names: Set[str] = set()
        self.attributes: Set[str] = set()
        #: Text among the constants, which may name something too.
        self.texts: Set[str] = set()
        #: Attributes that are loaded for nothing but `x.name += ...`.
        self.counted: Set[str] = set()
        #: Names that are called without arguments.
        self.bare: Set[str] = set()
        #: Whether it looks for attributes by names that it computes.
        self.computes = False
        #: Whether it makes sets, where they may go (None until that is asked for), and whether the order of what is
        #: handed in may decide something.
        self.makes_sets = self.iterates = False
        self.set_flow: Optional[FrozenSet[Flow]] = None
        #: The same where the code does the same: nested lists, tuples, strings and constants, as a digest.
        self.digest = _digest(self._code(code))
        self.reads = sorted(set(self.reads))
        self.imports = sorted(set(self.imports))

    def to_parts(self) -> Tuple[Any, ...]:
        """All of it in builtin types, for `from_parts`."""
        imports = tuple(tuple(each) for each in self.imports)
        sets: List[Any] = [self.writes, self.names, self.attributes, self.texts, self.bare, self.counted]
        facts = self.makes_sets, self.iterates, self.computes
        parts = (facts, self.set_flow, tuple(map(_one, self.reads)), imports, *map(frozenset, sets))
        return (self.digest, *map(_one, parts))

    @classmethod
    def from_parts(cls, kept: Tuple[Any, ...]) -> CodeForm:
        """What `to_parts` made."""
        made = cls.__new__(cls)
        made.digest, facts, made.set_flow, made.reads, imports, *sets = kept
        made.makes_sets, made.iterates, made.computes = facts
        made.imports = [Imported(*each) for each in imports] if imports else _NONE
        made.writes, made.names, made.attributes, made.texts, made.bare, made.counted = sets
        return made

    def _code(self, code: types.CodeType) -> Any:
        steps = _instructions(code)
        self._collect(steps)
        self.makes_sets = self.makes_sets or makes_sets(code, steps)
        self.names.update(code.co_names)
        self.texts.update(each for each in code.co_consts if type(each) is str)
        if not LOOKUPS.isdisjoint(code.co_names):
            self._note_lookups(steps)
        if not _FORMATTERS.isdisjoint(code.co_names):
            self.attributes.update(*[_FIELD.findall(text) for text in self.texts if "{" in text])
        body = [
            (name, argument if type(argument) is str and opcode not in _CONSTS else self._argument(opcode, argument))
            for name, opcode, _, argument, _, _ in steps
        ]
        flags = code.co_flags & ~_HAS_DOCSTRING
        return (
            "code",
            code.co_name,
            (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, flags),
            (code.co_varnames, code.co_freevars, code.co_cellvars),
            body,
            getattr(code, "co_exceptiontable", b""),
        )

    def _note_lookups(self, steps: List[Any]) -> None:
        """What goes by names that are no part of the syntax."""
        for place, step in enumerate(steps):
            if step.argval not in LOOKUPS or not step.opname.startswith("LOAD_"):
                continue
            path = _looked_up(steps, place) if step.argval in ("getattr", "hasattr") else None
            if path is None:
                self.computes = True
            else:
                self.attributes.add(path[-1])
                if path[0]:
                    self.reads.append((path[0], path[1:], ""))

    def _argument(self, opcode: int, value: Any) -> Any:
        if isinstance(value, types.CodeType):
            return self._code(value)
        if opcode in _JUMPS:
            return "jump", value
        if opcode in _CONSTS:
            return "const", constant_form(value)
        return constant_form(value)

    def _collect(self, steps: List[Any]) -> None:
        marked = []
        for place, step in enumerate(steps):
            role = _ROLES[step[1]]
            if role:
                marked.append((place, role, step[3]))
            elif type(step[3]) is str and step[3] in _WORDS:
                self._word(steps, place, step[3])
        loads = [place for place, role, _ in marked if role == _GLOBAL]
        rebound = {str(argument) for _, role, argument in marked if role == _REBIND}
        filling = {place for place in loads if _fills(steps, place)}
        made = rebound.union(str(steps[place].argval) for place in filling)
        self.writes |= made
        self.iterates = self.iterates or iterates(steps)
        changes = [place for place, _, _ in marked if _is_change(steps[place])]
        last = changes[-1] if changes else -1
        for place, role, argument in marked:
            if role == _FORMAT:
                if _asks_the_process(steps, place):
                    self.names.add("__format__")
                continue
            if role == _CHANGE:
                continue
            if argument in _WORDS:
                self._word(steps, place, argument)
            if role == _IMPORT:
                level, members = (
                    (steps[place - 2].argval, steps[place - 1].argval) if place >= 2 else (0, None)
                )
                self.imports.append(Imported(str(argument), level or 0, tuple(members or ())))
                self.attributes.update(members or ())
                continue
            if role == _ATTRIBUTE:
                (self.counted if _counts_attribute(steps, place) else self.attributes).add(str(argument))
            if role == _STORE or (role != _REBIND and place <= last and _changes(steps, place)):
                self.writes.add(str(argument))
        for place in loads:
            name = str(steps[place].argval)
            attributes = []
            for following in steps[place + 1 :]:
                if _ROLES[following[1]] != _ATTRIBUTE:
                    break
                attributes.append(str(following.argval))
            if name in rebound and _counts(steps, place):
                continue
            writes = ""
            if place in filling:
                writes = "items"
            elif len(attributes) == 1 and attributes[0] in _WRITES:
                writes = "method"
            elif name in made:
                writes = "made"
            self.reads.append((name, tuple(attributes), writes))

    def _word(self, steps: List[Any], place: int, name: str) -> None:
        """A name that may ask for what no argument says."""
        if name == "str":
            if _ROLES[steps[place].opcode] == _GLOBAL and _decodes(steps, place):
                self.names.add("decode")
        elif name == "acquire":
            if not _is_called_bare(steps, place):
                self.attributes.add("locked")  # whether it was is told
        else:
            self.bare.update(_called_bare(steps, place))


_known: Dict[Any, Any] = {}
_KNOWN_MAX = 100_000
_NONE: List[Imported] = []


def _one(value: Any) -> Any:
    """The one object of those that are equal, so that many forms take little room."""
    if len(_known) >= _KNOWN_MAX:
        _known.clear()
    return _known.setdefault(value, value)


def _looked_up(steps: List[Any], place: int) -> Optional[Tuple[str, ...]]:
    """Of `getattr(a.b, "c")` the global and attributes `("a", "b", "c")`, `("", "c")` where `a` is a variable, and None
    where it is anything else."""
    rest = [step for step in steps[place + 1 : place + 10] if step.opname != "PUSH_NULL"]
    if len(rest) < 3 or rest[0].opname not in _SIMPLE_LOADS | {"LOAD_DEREF", "LOAD_NAME"}:
        return None
    path = [str(rest[0].argval)] if rest[0].opname in _GLOBAL_LOADS else [""]
    rest = rest[1:]
    while rest and rest[0].opname in _ATTRIBUTE_LOADS:
        if path[0]:
            path.append(str(rest[0].argval))
        rest = rest[1:]
    if len(rest) < 2 or rest[0].opcode not in _CONSTS or type(rest[0].argval) is not str:
        return None
    ends = rest[1] if rest[1].opname not in _SIMPLE_LOADS else rest[2] if len(rest) > 2 else rest[1]
    return (*path, rest[0].argval) if ends.opname.startswith("CALL") else None


def _decodes(steps: List[Any], place: int) -> bool:
    """Whether `str` is called with more than one argument."""
    following = [step for step in steps[place + 1 : place + 6] if step.opname != "PUSH_NULL"]
    if following and following[0].opname.startswith("CALL"):
        return False
    return not (len(following) > 1 and following[1].opname.startswith("CALL") and following[1].arg == 1)


def _asks_the_process(steps: List[Any], place: int) -> bool:
    """Whether what is shown by a format may be other in another process: `n`, and those of times."""
    spec = steps[place - 1]
    if steps[place].opname == "FORMAT_VALUE" and not (steps[place].arg or 0) & 4:
        return False
    return spec.opcode not in _CONSTS or "%" in str(spec.argval) or str(spec.argval).endswith("n")


def _called_bare(steps: List[Any], place: int) -> Iterator[str]:
    """How something is called that reads a clock, or chance, where nothing says what to go by: its name; with `None`
    for an argument; with a variable that may be that, `name variable`; and `name.strftime` for the format alone."""
    name = str(steps[place].argval)
    rest = [step for step in steps[place + 1 : place + 4] if step.opname != "PUSH_NULL"]
    calls = [step.opname.startswith("CALL") for step in rest]
    if name == "strftime":
        if calls[1:2] == [True] and rest[1].arg == 1:
            yield f"{'' if steps[place].opname in _GLOBAL_LOADS else steps[place - 1].argval}.{name}"
    elif calls[:1] == [True] and rest[0].arg == 0:
        yield name
    elif calls[1:2] == [True] and rest[1].arg == 1 and rest[0].opcode in _CONSTS and rest[0].argval is None:
        yield name
    elif calls[1:2] == [True] and rest[1].arg == 1 and rest[0].opname in _VARIABLES:
        yield f"{name} {rest[0].argval}"


def _is_called_bare(steps: List[Any], place: int) -> bool:
    for step in steps[place + 1 : place + 3]:
        if step.opname != "PUSH_NULL":
            return bool(step.opname.startswith("CALL") and step.arg == 0)
    return False


def _digest(form: Any) -> str:
    return blake2b(marshal.dumps(form, 0), digest_size=16).hexdigest()


def _counts(steps: List[Any], place: int) -> bool:
    """Whether a global is loaded for nothing but `name += ...`."""
    following = [step.opname for step in steps[place + 1 : place + 4]]
    return (
        len(following) == 3
        and following[0] in _SIMPLE_LOADS
        and following[1].startswith(("BINARY_", "INPLACE_"))
        and following[2] == "STORE_GLOBAL"
        and steps[place + 3].argval == steps[place].argval
    )


def _counts_attribute(steps: List[Any], place: int) -> bool:
    """Whether an attribute is loaded for nothing but `x.name += ...`."""
    following = steps[place + 1 : place + 5]
    return (
        place > 0
        and len(following) == 4
        and steps[place - 1].opname in ("COPY", "DUP_TOP")
        and following[0].opname in _SIMPLE_LOADS
        and following[1].opname.startswith(("BINARY_", "INPLACE_"))
        and following[3].opname == "STORE_ATTR"
        and following[3].argval == steps[place].argval
    )


def _is_change(step: Any) -> bool:
    """Whether what a global or attribute holds may be changed by it."""
    role = _ROLES[step[1]]
    return role in (_CHANGE, _STORE) or (role == _ATTRIBUTE and step[3] in _CHANGES)


def _changes(steps: List[Any], place: int) -> bool:
    """Whether what a global or attribute holds is evidently changed: `name.a[b] = ...`,
    `name[a, b].c += ...`, `name[a].append(...)`."""
    depth = 0  # of what is on the stack above it, or above what was found in it
    for number in range(place + 1, len(steps) - 1):
        name, opcode, argument, value, _, _ = steps[number]
        role = _ROLES[opcode]
        if role == _CHANGE or role == _STORE:
            if name in ("STORE_SUBSCR", "DELETE_SUBSCR"):
                return depth == 1
            if name == "STORE_SLICE":
                return depth == 2
            if role == _STORE:
                return depth == 0
            if depth < 2:
                # Of an item's `+=` the container and the key are copied, of an attribute's the object.
                return depth == 1 or steps[number + 1].opname in _ATTRIBUTE_LOADS
        elif depth == 0 and role == _ATTRIBUTE and value in _CHANGES:
            return True
        if opcode in _JUMPS or (depth == 0 and name.startswith("STORE_")):
            return False
        depth -= 1 + argument if name == "CALL" else -dis.stack_effect(opcode, argument)
        if depth < 0:
            return False
    return False


def _fills(steps: List[Any], place: int) -> bool:
    """Whether a global is loaded to store an item in it: `name[key] = ...` and `name[key] += ...`."""
    following = steps[place + 1 : place + 4]
    return len(following) > 1 and following[0].opname in _SIMPLE_LOADS and _stores_item(following[1:])


def _stores_item(steps: List[Any]) -> bool:
    """Whether the container and key on the stack are those of an assignment."""
    if steps[0].opname == "COPY":
        # Both are copied for `+=`; one copy is also made of an operand of `or` and for `:=`.
        return [(step.opname, step.argval) for step in steps] == [("COPY", 2)] * 2
    return steps[0].opname in ("STORE_SUBSCR", "DUP_TOP_TWO")


def _instructions(code: types.CodeType) -> List[Any]:
    found = [step for step in instructions(code) if step[0] not in _IGNORED]
    trivia: Set[int] = set()
    if not code.co_flags & 0x2:  # not optimized: the body of a class or module
        for place in range(1, len(found)):
            if found[place].opname == "STORE_NAME" and found[place].argval in _CLASS_TRIVIA:
                if found[place - 1].opcode in _CONSTS:
                    trivia.update((place - 1, place))
    targets: Dict[int, int] = {}
    for place, (name, opcode, argument, value, words, offset) in enumerate(found):
        if opcode in _JUMPS:
            targets = targets or {step[5]: number for number, step in enumerate(found)}
            value = _distance(value, targets, place)
        elif name == "KW_NAMES":  # in 3.11 `dis` does not say which they are
            value = code.co_consts[argument or 0]
        else:
            continue
        found[place] = _make(Step, (name, opcode, argument, value, words, offset))
    return [step for place, step in enumerate(found) if place not in trivia] if trivia else found


def _distance(offset: Any, targets: Dict[int, int], place: int) -> Any:
    # A target may be an instruction that was left out; then the next one counts.
    later: Optional[int] = targets.get(offset)
    if later is None:
        following = [index for start, index in targets.items() if start >= offset]
        later = min(following, default=-1)
    return later - place


def set_flow(code: types.CodeType) -> FrozenSet[Flow]:
    """Where sets may go in it and in the code within."""
    found: Set[Flow] = set()
    variables: Dict[str, FrozenSet[str]] = {}
    queue = [code]
    for each in queue:
        found |= SetFlow(each, _instructions(each), variables).found
        queue += [inner for inner in each.co_consts if isinstance(inner, types.CodeType)]
    return frozenset(found)


def constant_form(value: Any) -> Any:
    """A constant with its type, so that `1`, `1.0` and `True` differ."""
    kind = type(value)
    if kind is tuple:
        return ("tuple", *[constant_form(item) for item in value])
    if kind is frozenset:
        items = [repr(constant_form(item)) for item in value]
        # Of numbers the order is the same everywhere, and what put them there decides it.
        return ("frozenset", *(items if _NUMBERS.issuperset(map(type, value)) else sorted(items)))
    if kind is types.CodeType:
        return CodeForm(value).digest
    return kind.__name__, repr(value)


def names_at_import(code: types.CodeType, called: AbstractSet[str]) -> Set[str]:
    """What is mentioned in the code of a module that runs when it is imported, by modules that mention the
    names `called`: its own, that of the classes in it, and of the functions that either mentions."""
    names = set(code.co_names)
    called = called | {step.argval for step in instructions(code) if step.opname in _GLOBAL_LOADS}
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            is_class = not inner.co_flags & 0x2
            if is_class or inner.co_name in called or inner.co_name.startswith("<"):
                names |= names_at_import(inner, called)
    return names
