"""What modules of libraries hold that nobody but the program would change: constants, patterns, tables of functions. What is
known to depend on its arguments alone does so as long as these are what their module makes them."""

from __future__ import annotations

import enum
import os
import sys
import types
from operator import is_

from . import library_marks, modules
from .class_form import ADDRESS
from .data_source import MISSING
from .library_code import COMPUTED, SCALARS, Facts, facts_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple
else:
    from .._codec.named_tuple import NamedTuple

#: Of the standard library, what is computed anew in each process. A test compares two.
_VARYING = frozenset(
    """
    ctypes._cast_addr ctypes._memmove_addr ctypes._memset_addr ctypes._memoryview_at_addr ctypes._string_at_addr
    ctypes._wstring_at_addr logging._startTime tokenize.ContStr tokenize.PlainToken tokenize.PseudoExtras
    tokenize.PseudoToken tokenize.String tokenize.StringPrefix tokenize.Token tokenize.Triple tokenize._prefix
    tokenize.endpats tokenize.t email._header_value_parser._non_atom_end_matcher
    email._header_value_parser._non_attribute_end_matcher email._header_value_parser._non_extended_attribute_end_matcher
    email._header_value_parser._non_token_end_matcher email._header_value_parser._wsp_splitter
    pyparsing.helper_builtin_exprs pyparsing.core._builtin_exprs pyparsing.helpers._builtin_exprs
    pyparsing.helpers.commonHTMLEntity pyparsing.helpers.common_html_entity pyparsing.testing.core_builtin_exprs
    sympy.core.symbol.Dummy._base_dummy_index
    """.split()
)
_MUTABLE = (list, dict, set, bytearray)
_NUMBER_MAX = 1 << 24
#: Of a package, the modules that one of it uses which are looked at as well.
_BEHIND_MAX = 40


def changed(module: types.ModuleType) -> Iterator[Tuple[str, str]]:
    """The constants that are not what the module's code says: where they are, and what they are now."""
    facts = facts_of(module)
    if facts is None:
        return
    space = vars(module)
    for name, value in facts.literals.items():
        cls, _, key = name.rpartition(".")
        holder: Any = class_at(module, cls) if cls else module
        if holder is None or (cls and type(holder) is not type):
            continue  # what other metaclasses make of constants is their affair
        now = vars(holder).get(key, value) if cls else space.get(key, value)
        if now is value:
            continue
        if _is_same(now, value):
            facts.literals[name] = now  # which is sooner seen to be the same
        elif type(now) in SCALARS or (value is not None and not hasattr(type(now), "__get__")):
            place = f"{module.__name__}.{name}"
            yield place, sys.intern(f"{place} = {type(now).__qualname__} {ADDRESS.sub('', repr(now))}")


def class_at(module: types.ModuleType, path: str) -> Any:
    """A class by its name in a module; None where it is no longer the module's."""
    found: Any = module
    for name in path.split("."):
        found = vars(found).get(name)
        if not issubclass(type(found), type) or not is_of(found, name, module.__name__):
            return None
    return found


def is_of(cls: Any, name: str, module: str) -> bool:
    """Whether a class is what a module calls so, which may say that it is of another one in the package."""
    return cls.__name__.rpartition(".")[2] == name and str(cls.__module__).partition(".")[0] == module.partition(".")[0]


def is_as_written(value: Any, space: Any, written: Tuple[int, Any]) -> bool:
    """Whether a function is the one that the module's code makes there, as far as its code and constants tell."""
    if type(value) in (staticmethod, classmethod):
        value = value.__func__  # as some methods always are
    if type(value) is not types.FunctionType:
        return False
    value = vars(value).get("__memod_stands_for__", value)
    line, defaults = written
    if value.__code__.co_firstlineno != line or value.__globals__ is not space:
        return False
    now = value.__defaults__
    return defaults == COMPUTED or now is defaults or (now == defaults and repr(now) == repr(defaults))


def _is_same(now: Any, value: Any) -> bool:
    if type(now) is not type(value):
        return False
    return repr(now) == repr(value) if type(now) is not frozenset else bool(now == value)


def behind(module: types.ModuleType) -> Iterator[types.ModuleType]:
    """The modules of the standard library that one of it uses, and those that these use; of a package, some of its own."""
    met = {module.__name__}
    queue = [module]
    top = "" if modules.is_standard(module.__name__) else module.__name__.partition(".")[0]
    for each in queue:
        facts = facts_of(each)
        space = vars(each)
        found = [] if facts is None else [sys.modules.get(name) for name in facts.imports]
        for name in sorted(facts.bound) if facts is not None else ():
            value = space.get(name)
            if type(value) is not types.ModuleType:
                value = sys.modules.get(getattr(value, "__module__", None) or "") if callable(value) else None
            found.append(value)
        for value in found:
            if type(value) is types.ModuleType and value.__name__ not in met:
                name = value.__name__
                if name.partition(".")[0] == top if top else modules.is_standard(name):
                    met.add(name)
                    queue.append(value)
        if top and len(queue) > _BEHIND_MAX:
            break
    yield from queue[1:_BEHIND_MAX] if top else queue[1:]


class Place(NamedTuple):
    """Names in a module or class, whose values count."""

    label: str
    space: Any
    names: Tuple[str, ...]

    def reader(self) -> Callable[[], Any]:
        """What finds their values: the same tuple as long as they are the same objects."""
        space, names = self.space, self.names
        values: List[Any] = [()]

        def read() -> Any:
            now = tuple([space.get(name, MISSING) for name in names])
            if len(now) != len(values[0]) or not all(map(is_, now, values[0])):
                values[0] = now
            return values[0]

        return read


def places(module: types.ModuleType, whole: bool = True) -> Iterator[Place]:
    """Where a module has what is constant. Unless it is to be the `whole`, only what is not written out in its code, which
    `changed` compares."""
    facts = facts_of(module)
    if facts is None:
        return
    space = vars(module)
    names = [name for name in facts.steady if "." not in name and name not in facts.classes]
    counts = _Counting(module, facts, whole).counts
    found = tuple(sorted(each for each in names if counts(module.__name__, each, space.get(each, MISSING))))
    if found:
        yield Place(module.__name__, space, found)
    for path, bound in sorted(facts.classes.items()):
        cls = class_at(module, path)
        if cls is None or issubclass(cls, enum.Enum):
            continue
        held = vars(cls)
        names = [name for name in held if name[:2] != "__" and name not in facts.kept and not name.startswith("_abc_")]
        names = [name for name in names if f"{path}.{name}" in facts.steady or name not in bound]
        label = f"{module.__name__}.{path}"
        found = tuple(sorted(name for name in names if counts(label, f"{path}.{name}", held[name])))
        if found:
            yield Place(label, held, found)


class _Counting:
    """Tells which names of a module count by what they lead to."""

    def __init__(self, module: types.ModuleType, facts: Facts, whole: bool) -> None:
        self._space = vars(module)
        self._facts = facts
        self._whole = whole
        self._is_standard = modules.is_standard(module.__name__)

    def counts(self, label: str, path: str, value: Any) -> bool:
        """Whether one does, where it has this value now."""
        facts = self._facts
        name = path.rpartition(".")[2]
        if path in facts.literals:
            return self._whole
        if value is MISSING or f"{label}.{name}" in _VARYING:
            return False
        if path in facts.functions:
            written = facts.functions[path]
            return written[1] == COMPUTED or not is_as_written(value, self._space, written)
        if self._whole and type(value) is list and "." in path and value:
            return True  # of a class, as rules: no code keeps its notes in such
        return self._is_constant(value, name)

    def _is_constant(self, value: Any, name: str) -> bool:
        """Whether it is one though the code computes it. The paths of an installation are not, nor are tables that are
        empty yet, or that functions may fill. Numbers of packages may be times."""
        kind = type(value)
        if issubclass(kind, types.ModuleType) or library_marks.is_path(value):
            return False
        if kind in (int, float):
            return self._is_standard or abs(value) < _NUMBER_MAX
        if kind in (types.MemberDescriptorType, types.GetSetDescriptorType):
            return False
        return not (issubclass(kind, _MUTABLE) and (not value or name in self._facts.written))
