"""What modules of libraries keep for later: globals that their functions bind, tables that these fill, and caches. Only what may
come of something that was changed is of interest."""

from __future__ import annotations

import enum
import sys
import types
from collections import deque

from .._codec import class_layout
from . import known_modules
from .fill_code import FillCode, fill_code
from .library_code import Facts, facts_of
from .library_marks import Marks, is_path
from .plain_data import Unstable, data_digest
from .values import NAMED_BUILTINS, CachedWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Set, Tuple
else:
    from .._codec.named_tuple import NamedTuple

_OURS = __name__.partition(".")[0]
_TABLES = (dict, list, set, bytearray, deque)
#: What is no data.
_CODE = (
    *(type(None), type, property, types.FunctionType, types.ModuleType, *NAMED_BUILTINS),
    *(types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType),
)
_NEAR_MAX = 40
_DEPTH_MAX = 8
_OBJECTS_MAX = 5_000
#: What these keep is who is at work and what is installed, not what was computed; `warnings` and codecs are inputs of their own.
_OF_WORK = frozenset(
    """
    _thread asyncio atexit concurrent encodings gc importlib linecache logging multiprocessing select selectors signal site
    socket ssl subprocess sysconfig threading warnings weakref zipimport
    """.split()
)


class Kept(NamedTuple):
    """Something that a library has kept."""

    place: str
    value: Any
    #: Whether it is what it was as long as it is the same object.
    is_bound: bool

    def word(self) -> str:
        """A word for what it holds. Raises `Unstable` where that cannot be told."""
        if type(self.value) is CachedWrapper:
            raise Unstable(self.place)
        marks = _Whole()
        digest = data_digest(self.place, repr(marks.of(self.value)))[0]
        if marks.parts:
            raise Unstable(self.place)
        return f"kept {digest[:16]}"


class _Whole(Marks):
    """Words for all that is in a value. Raises `Unstable` where that is too much, or cannot be told."""

    def __init__(self) -> None:
        super().__init__(True)
        self._left = _OBJECTS_MAX
        self._level = 0

    def of(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        self._level += 1
        if self._left < 0 or self._level > _DEPTH_MAX:
            raise Unstable("it is too much, or nested too deep")
        found = super().of(value)
        self._level -= 1
        return found

    def _object(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if issubclass(kind, enum.Enum) or (callable(value) and hasattr(value, "__qualname__")):
            return super()._object(value, depth)
        if class_layout.is_named_tuple(kind):
            return kind.__qualname__, [self.of(each, depth) for each in value]
        if not class_layout.has_plain_layout(kind):
            raise Unstable(f"a {kind.__qualname__} does not tell what it holds")
        return kind.__qualname__, [(name, self.of(each, depth)) for name, each in sorted(class_layout.state(value).items())]


def kept_near(module: Any, changed: Iterable[str]) -> List[Kept]:
    """What a module, those of its package and those that import it have kept that may come of these names."""
    if module.__name__.partition(".")[0] in _OF_WORK:
        return []
    near = [module, *_near(module)]
    mentioned: Dict[str, Set[str]] = {}
    for each in near:
        for name, names in fill_code(each).mentioned.items():
            mentioned.setdefault(name, set()).update(names)
    reaching = _reaching(mentioned, frozenset(changed))
    return [kept for each in near for kept in _kept_in(each, fill_code(each), reaching)]


def _near(module: Any) -> List[Any]:
    """Others that may have kept something."""
    name = module.__name__
    top = name.partition(".")[0]
    of_package: List[Any] = []
    importing: List[Any] = []
    for other, each in sorted(sys.modules.items()):
        outer = other.partition(".")[0]
        if type(each) is not types.ModuleType or each is module or each.__name__ != other or outer in _OF_WORK or outer == _OURS:
            continue
        if outer == top or known_modules.is_standard_name(other) or known_modules.is_listed(other):
            facts = facts_of(each)
            if facts is not None and outer == top:
                of_package += [each] if _may_keep(each, facts) else []
            elif facts is not None and any(one == name or one.partition(".")[0] == top for one in facts.imports):
                importing += [each] if _may_keep(each, facts) else []
    return (of_package + importing)[:_NEAR_MAX]


def _may_keep(module: Any, facts: Facts) -> bool:
    """Whether a module holds something that it may have kept, before it is known of what."""
    return any(
        value.cache_info().currsize if type(value) is CachedWrapper else key not in facts.steady or key in facts.written
        for space in _spaces(module, facts)
        for key, value in space[1]
    )


def _spaces(module: Any, facts: Facts) -> Iterator[Tuple[str, List[Tuple[str, Any]]]]:
    """The namespaces of a module and of its classes, with what in them may be data or a cache, and is bound by the module."""
    name = module.__name__
    held = list(vars(module).items())
    yield name, [pair for pair in held if pair[0] in facts.bound and _may_be_data(*pair)]
    for cls in [each for _, each in held if isinstance(each, type) and each.__module__ == name]:
        found = []
        for key, value in list(vars(cls).items()):
            if type(value) in (staticmethod, classmethod):
                value = value.__func__
            if _may_be_data(key, value) and (type(value) is CachedWrapper or key in facts.kept or key in facts.written):
                found.append((key, value))
        yield f"{name}.{cls.__qualname__}", found


def _may_be_data(key: str, value: Any) -> bool:
    if type(value) is CachedWrapper:
        return True
    if key[:2] == "__" or isinstance(value, _CODE) or is_path(value) or hasattr(type(value), "__get__"):
        return False
    return not isinstance(value, _TABLES) or bool(value)


def _reaching(mentioned: Dict[str, Set[str]], changed: FrozenSet[str]) -> Set[str]:
    """The functions that may come to what was changed, as far as names tell."""
    found = set(changed)
    while True:
        more = {name for name, names in mentioned.items() if name not in found and not names.isdisjoint(found)}
        if not more:
            return found
        found |= more


def _kept_in(module: Any, code: FillCode, reaching: Set[str]) -> Iterator[Kept]:
    facts = facts_of(module)
    for label, held in _spaces(module, facts) if facts is not None else ():
        for key, value in held:
            place = f"{label}.{key}"
            if type(value) is CachedWrapper:
                if getattr(value, "__name__", "") in reaching and value.cache_info().currsize:
                    yield Kept(place, value, False)
            elif key not in code.literals or code.literals[key] != value or type(value) is not type(code.literals[key]):
                if isinstance(value, _TABLES) and not reaching.isdisjoint(code.filling.get(key, ())):
                    yield Kept(place, value, False)
                elif not reaching.isdisjoint(code.binding.get(key, ())):
                    yield Kept(place, value, True)
