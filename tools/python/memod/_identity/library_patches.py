"""What the program has put in the place of functions, methods, classes and constants of the standard library and of packages
that are known: whatever uses these goes by it, though no name says so."""

from __future__ import annotations

import builtins
import enum
import sys
import types
from operator import is_
from time import monotonic

from .._client.signals import pass_signal
from .._codec.class_layout import HEAP_TYPE
from . import event_watch, known_modules, library_constants, library_kept, modules
from .class_form import ADDRESS
from .code_store import code_form
from .dict_tags import changes_of, dict_of
from .library_code import Facts, facts_of
from .library_kept import Found, found_same
from .library_marks import Marks, is_of_program
from .values import NAMED_BUILTINS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Set, Tuple
else:
    from .._codec.named_tuple import NamedTuple

_OURS = __name__.partition(".")[0]
#: How old a look may be for a question, in seconds, where dicts do not tell that they have changed. For what is stored there
#: is another.
_AGE_MAX = 0.05
#: And how old the list of modules.
_MODULES_AGE_MAX = 1.0
#: What is there to be replaced, and has no part in results.
_HOOKS = frozenset("excepthook showwarning _showwarnmsg_impl formatwarning".split())
#: What puts its own into other modules wherever it is loaded, to the same effect.
_STAND_INS = {"typing": ("typing_extensions",)}
_FUNCTION = types.FunctionType
_BUILTINS = frozenset(vars(builtins))
#: Not looked at: what changes all the time, and what setuptools puts its own into.
_APART = frozenset(("__main__", "sys", "distutils", _OURS))

_NOTHING: List[List[Any]] = []

_standard: Dict[str, bool] = {}
_known: Dict[str, bool] = {}


def _first_other(spaces: List[Any], held: List[List[Any]], start: int) -> int:
    """From there on, which of the dicts holds other objects than its list; -1 where none does."""
    for place in range(start, len(spaces)):
        values = list(spaces[place].values())
        if len(values) != len(held[place]) or not all(map(is_, values, held[place])):
            return place
    return -1


#: The same in compiled code, where there is a compiler.
try:
    from .._compiled.speedups import first_changed as _first_other  # type: ignore[import-not-found,no-redef] # noqa: F811
except ImportError:
    pass


class _Look(NamedTuple):
    """A module, its namespace and those of its classes with what they held, and what was found."""

    module: Any
    spaces: List[Any]
    held: List[List[Any]]
    found: List[Found]


class _Looks:
    """Those at all modules that are known. What holds the same objects is not looked at again."""

    def __init__(self) -> None:
        self._looks: Dict[str, _Look] = {}
        self._flat = _Flat(self._looks)
        self._tags: Any = None
        self._modules: FrozenSet[str] = frozenset()
        self._other_parts: Dict[str, List[Found]] = {}
        #: When the changes that are found were first seen.
        self.history = library_kept.History()

    def is_quick(self) -> bool:
        """Whether it is told at once whether anything has changed."""
        return self._flat.is_quick

    def are_current(self) -> bool:
        """Whether nothing has changed, if it is told at once."""
        read_tags = self._flat.read_tags
        return self._flat.is_quick and read_tags is not None and read_tags() == self._tags

    def renew(self, modules_too: bool) -> bool:
        """Looks at what has changed. Whether there was anything."""
        flat = self._flat
        loaded = sys.modules
        new = frozenset(loaded) - self._modules if modules_too else frozenset()
        tags = None if flat.read_tags is None else flat.read_tags()
        stale = [] if tags is not None and tags == self._tags else flat.changed()
        if modules_too:
            stale += [name for name, look in self._looks.items() if loaded.get(name) is not look.module]
            stale += [name for name in list(loaded) if name not in self._looks and _is_known(name)]
        for name in stale:
            module = loaded.get(name)
            before = self._looks.get(name)
            look = _look_at(name, module) if type(module) is types.ModuleType else None
            held = before.held if before is not None and before.module is module else None
            self.history.note(name, module, [] if look is None else look.found, held, new)
            if look is not None:
                self._looks[name] = look
            else:
                self._looks.pop(name, None)
        self._other_parts = _with_other_parts()
        for name, found in self._other_parts.items():
            if type(loaded.get(name)) is types.ModuleType:
                self.history.note(f"{name} code", loaded[name], found, _NOTHING, new)
        if self._modules:
            library_kept.loaded += sorted(new)
        self._modules |= new
        if stale:
            self._flat = _Flat(self._looks)
        else:
            self._tags = tags  # not before all is done: it may be cut short
        return bool(stale)

    def found(self) -> List[Found]:
        """What was found in all, in order."""
        found = [each for name in sorted(self._looks) for each in self._looks[name].found]
        found += [each for several in self._other_parts.values() for each in several]
        found += self.history.kept()
        return [*found, *([("", self.history.problem, [])] if self.history.problem else [])]


class _Flat:
    """The namespaces of all looks, in one list."""

    def __init__(self, looks: Dict[str, _Look]) -> None:
        self._names: List[str] = []
        self._spaces: List[Any] = []
        self._held: List[List[Any]] = []
        for name, look in looks.items():
            self._names += [name] * len(look.spaces)
            self._spaces += look.spaces
            self._held += look.held
        #: What tells whether any of them has changed, where there is that, and whether at once.
        self.read_tags, is_quick = changes_of(self._spaces)
        self.is_quick = is_quick and self.read_tags is not None

    def changed(self) -> List[str]:
        """The modules that hold something else."""
        found: List[str] = []
        place = _first_other(self._spaces, self._held, 0)
        while place >= 0:
            name = self._names[place]
            found.append(name)
            while place < len(self._names) and self._names[place] == name:
                place += 1
            place = _first_other(self._spaces, self._held, place)
        return found


_looks = _Looks()
#: What was found, the program's own code in it, and all of it in words.
_state: Tuple[List[Found], List[Any], str] = ([], [], "")
_looked = _looked_at_modules = float("-inf")
_known_then = 0, 0


def patched() -> str:
    """What was put where."""
    return _current()[2]


def patches() -> List[Any]:
    """The program's functions, classes and objects among it: another list only where they are others."""
    return _current()[1]


def _current() -> Tuple[List[Found], List[Any], str]:
    global _state, _looked, _looked_at_modules, _known_then
    now = monotonic()
    known = len(sys.modules), event_watch.replaced
    if known == _known_then and now - _looked_at_modules < _MODULES_AGE_MAX:
        if _looks.are_current() or (now - _looked < _AGE_MAX and not _looks.is_quick()):
            return _state
    modules_too = known != _known_then or now - _looked_at_modules >= _MODULES_AGE_MAX
    if _looks.renew(modules_too) or modules_too:
        found = sorted(_looks.found(), key=lambda each: each[:2])
        if not found_same(found, _state[0]):
            parts = [part for _, _, parts in found for part in parts]
            _state = found, parts, repr([(place, words) for place, words, _ in found])
    _looked, _known_then = now, known
    if modules_too:
        _looked_at_modules = now
    return _state


def problem() -> str:
    """Why nothing that a library may have a part in is shared now, or ""."""
    _current()
    return _looks.history.problem


def look_anew() -> None:
    """Has the next question look at all."""
    global _looked
    _looked = float("-inf")


def _with_other_parts() -> Dict[str, List[Found]]:
    """By module of a library, its functions that were given other code or defaults."""
    found: Dict[str, List[Found]] = {}
    for each, *before in list(event_watch.changed.values()):
        if _is_known(str(each.__module__)):
            several = found.setdefault(each.__module__, [])
            if not all(map(is_, (each.__code__, each.__defaults__, each.__kwdefaults__), before)):
                defaults = ADDRESS.sub("", repr((each.__defaults__, each.__kwdefaults__)))
                words = f"{code_form(each.__code__).digest} {defaults}"
                several.append((f"{each.__module__}.{each.__qualname__}", words, []))
    return found


def _look_at(name: str, module: Any) -> _Look:
    facts = facts_of(module)
    classes = [] if facts is None else [library_constants.class_at(module, path) for path in facts.classes]
    spaces = [dict_of(vars(each)) for each in (module, *classes) if each is not None]
    spaces = [each for each in spaces if type(each) is dict]  # ctypes has others
    held = [list(each.values()) for each in spaces]
    return _Look(module, spaces, held, list(_patches_in(name, module, facts)))


def _patches_in(name: str, module: Any, facts: Optional[Facts]) -> Iterator[Found]:
    for place, words in library_constants.changed(module):
        yield place, words, []
    space = vars(module)
    exchanged = _Exchanged(name, facts)
    for path, written in facts.functions.items() if facts is not None else ():
        holder, _, key = path.rpartition(".")
        cls = library_constants.class_at(module, holder) if holder else None
        if (cls is None or issubclass(cls, enum.Enum)) if holder else key in _HOOKS:
            continue
        value = (vars(cls) if holder else space).get(key)
        if value is not None and not library_constants.is_as_written(value, space, written) and exchanged.is_other(path, value):
            yield _found_at(f"{name}.{path}", value)
    for path in facts.classes if facts is not None else ():
        value = space.get(path)
        if value is not None and library_constants.class_at(module, path) is None and exchanged.is_other(path, value):
            yield _found_at(f"{name}.{path}", value)
    for place in sorted(facts.builtins & space.keys()) if facts is not None and not facts.has_star else ():
        value = space[place]
        if getattr(value, "__module__", None) != "builtins" and type(value) is not types.ModuleType:
            yield _found_at(f"{name}.{place}", value)
    if _is_standard(name):
        yield from _own_code_in(name, space, facts)
    elif facts is not None:
        yield from _hiding_methods(module, facts)


#: By place in a package, what its own code put there instead of what is written: as of the first look.
_at_first: Dict[str, Any] = {}
_seen: Set[str] = set()


class _Exchanged:
    """What is not in a module as it is written, though nobody has changed it."""

    def __init__(self, name: str, facts: Optional[Facts]) -> None:
        self._name = name
        self._top = name.partition(".")[0]
        self._has_star = facts is not None and facts.has_star
        self._imports = facts.imports if facts is not None else ()
        self._is_first = name not in _seen and not _is_standard(name)
        _seen.add(name)

    def is_other(self, path: str, value: Any) -> bool:
        """Whether somebody has."""
        inner = getattr(value, "__func__", getattr(value, "fget", value))
        top = str(getattr(inner, "__module__", "")).partition(".")[0]
        if issubclass(type(value), type) and value.__name__ == path and not _is_own(value.__module__):
            return False  # handed on by another library
        if top == _OURS or top in _STAND_INS.get(self._name, ()):
            return False
        if self._has_star and (issubclass(type(value), (*NAMED_BUILTINS, type)) or getattr(inner, "__module__", None) in self._imports):
            return False
        place = f"{self._name}.{path}"
        if self._is_first and top == self._top:
            _at_first[place] = value  # which counts where the module is used
        return _at_first.get(place) is not value


def _found_at(place: str, value: Any) -> Found:
    marks = Marks(True, leads=True)
    try:
        return place, repr(marks.of(value)), list(marks.parts)
    except Exception as error:  # it resists to be looked at
        pass_signal(error)
        return place, type(value).__name__, [value]


def _own_code_in(name: str, space: Any, facts: Optional[Facts]) -> Iterator[Found]:
    """The program's functions, classes and objects in a module of the standard library, and its methods in classes there."""
    known = facts.functions if facts is not None else {}
    for place, value in list(space.items()):
        kind = type(value)
        if kind is _FUNCTION or issubclass(kind, type):
            if value.__module__ != name:
                is_other = name != "builtins" or place in _BUILTINS
                is_own = _is_own(value.__module__) or (kind is _FUNCTION and is_of_program(value))
                if is_other and place not in known and place not in _HOOKS and is_own:
                    yield _found_at(f"{name}.{place}", value)
            elif kind is not _FUNCTION and value.__flags__ & HEAP_TYPE:
                yield from _own_methods(name, value, known)
        elif _is_own(kind.__module__) and place not in known and (name != "builtins" or place in _BUILTINS):
            yield _found_at(f"{name}.{place}", value)


def _own_methods(name: str, cls: Any, known: Any) -> Iterator[Found]:
    for place, value in list(vars(cls).items()):
        if f"{cls.__qualname__}.{place}" not in known and _is_own_method(value):
            yield _found_at(f"{name}.{cls.__qualname__}.{place}", value)


def _hiding_methods(module: Any, facts: Facts) -> Iterator[Found]:
    """The program's methods in classes of a package, which these would inherit otherwise. Others are asked for by name alone."""
    for path, bound in facts.classes.items():
        cls = library_constants.class_at(module, path)
        for place in sorted(vars(cls).keys() - bound) if cls is not None else ():
            value = vars(cls).get(place)
            if _is_own_method(value) and any(place in vars(base) for base in cls.__mro__[1:]):
                yield _found_at(f"{module.__name__}.{path}.{place}", value)


def _is_own_method(value: Any) -> bool:
    if type(value) not in _METHODS:
        return False
    inner = getattr(value, "__func__", getattr(value, "fget", getattr(value, "func", value)))
    return _is_own(getattr(inner, "__module__", None)) or (type(inner) is _FUNCTION and is_of_program(inner))


_METHODS = frozenset((_FUNCTION, staticmethod, classmethod, property, types.MethodType))


def _is_own(module: Any) -> bool:
    if not isinstance(module, str) or module == "builtins":
        return False
    known = _own.get(module)
    if known is None:
        known = not _is_standard(module) and modules.is_own_code(module, "")
        if module in sys.modules:
            _own[module] = known
    return known


_own: Dict[str, bool] = {}


def _is_known(name: str) -> bool:
    """Whether it is known of a module's functions on what they depend."""
    known = _known.get(name)
    if known is None:
        listed = known_modules.is_listed(name) and not modules.is_own_code(name, "")
        known = _known[name] = name.partition(".")[0] not in _APART and (listed or _is_standard(name))
    return known


def _is_standard(name: str) -> bool:
    known = _standard.get(name)
    if known is None:
        known = _standard[name] = known_modules.is_standard_name(name) and modules.is_standard(name)
    return known
