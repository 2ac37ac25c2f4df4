"""What libraries keep of the time before the program changed something in them, or of the time while it was changed: what they
compute afterwards goes by the order in which things happened, not by what is there."""

from __future__ import annotations

import sys
import types

from .._client.signals import pass_signal
from . import known_modules
from .data_source import OF_LIBRARY, Source
from .library_code import facts_of
from .plain_data import Unstable
from .snapshot import are_same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple
    from typing_extensions import TypeAlias
    from .library_fills import Kept
else:
    from .._codec.named_tuple import NamedTuple

#: A place, words for what is there, and what of it is the program's own code.
Found: TypeAlias = "Tuple[str, str, List[Any]]"

#: What compiled code looks for once and has for good, and what is in every pattern that was compiled.
_KEPT_ANYWHERE = frozenset(
    [
        *(f"numpy.{core}.{name}" for core in ("core", "_core") for name in ("_methods", "_internal", "_dtype", "arrayprint")),
        *"re._parser re._compiler re._constants re._casefix sre_parse sre_compile sre_constants".split(),
    ]
)
_REMEDY = "make the change before the first call, or give the function a name= or version="


class Passing(Unstable):
    """Why results stay in their process for now: it may be taken back."""


class _Changes(NamedTuple):
    """Those in one module that make other functions, and what the library had kept when they were first seen."""

    module: Any
    found: List[Found]
    kept: List[Found]
    problem: str


class _Late(NamedTuple):
    """Those that came after a look at the module: why nothing is shared, and what the library had kept then."""

    changed: FrozenSet[str]
    problem: str
    kept: List[Kept]
    #: Whether all of that is from before.
    is_older: bool


_NONE: List[Found] = []


def _kept_near(module: Any, changed: Iterable[str]) -> Optional[List[Kept]]:
    """What is kept of what was changed; None where that cannot be told."""
    try:
        from .library_fills import kept_near  # which next to no program needs

        return kept_near(module, changed)
    except Exception as error:  # a module resists to be looked at
        pass_signal(error)
        return None


class History:
    """When what the program has put into libraries was first seen."""

    def __init__(self) -> None:
        self._counting: Dict[str, _Changes] = {}
        self._late: Dict[str, _Late] = {}
        #: Why nothing is shared now, or "".
        self.problem = ""

    def note(self, name: str, module: Any, found: Sequence[Found], held: Optional[List[List[Any]]], loaded: Iterable[str]) -> None:
        """A module was looked at, and these changes were found. `held` is what its namespaces held at the look before, None at
        the first one; `loaded` are the modules that are new since."""
        is_first = held is None
        if not found and name not in self._counting and name not in self._late:
            return
        if is_first:
            self._late.pop(name, None)
            self._counting.pop(name, None)
        known = self._counting.get(name)
        counting = known.found if known is not None else _NONE
        if found_same(found, counting):
            self._take_back(name, module)
        elif (
            is_first
            or _came_with(loaded, module, found, counting)
            or self._is_gone(name, module, found, counting)
        ):
            self._count(name, module, list(found))
        else:
            changed = _names_of(found, counting)
            before = self._late.get(name)
            problem = f"{_differing(found, counting)} was changed after memoized functions had run: {_REMEDY}"
            if before is None:
                kept = _kept_near(module, changed)
                older = {id(each) for space in held or () for each in space}
                is_older = kept is not None and all(each.is_bound and id(each.value) in older for each in kept)
                before = _Late(changed, problem, kept or [], is_older)
            self._late[name] = before._replace(changed=changed, problem=problem)
        problems = [each.problem for each in self._late.values()] + [each.problem for each in self._counting.values()]
        self.problem = next(filter(None, problems), "")

    def kept(self) -> List[Found]:
        """What libraries had kept when the changes that are there now were first seen."""
        return [each for changes in self._counting.values() for each in changes.kept]

    def _count(self, name: str, module: Any, found: List[Found]) -> None:
        self._late.pop(name, None)
        if not found:
            self._counting.pop(name, None)
            return
        words: List[Found] = []
        problem = ""
        if module.__name__ in _KEPT_ANYWHERE:
            problem = f"{found[0][0]} was changed, and what came of it before may be anywhere: name= or version= say that it is not"
        kept = [] if problem else _kept_near(module, _names_of(found, _NONE))
        if kept is None:
            problem = f"{found[0][0]} was changed, and it cannot be told what the library has kept: {_REMEDY}"
        for each in kept or []:
            try:
                words.append((each.place, each.word(), []))
            except Exception as error:  # it does not tell what it holds
                pass_signal(error)
                problem = (
                    f"{found[0][0]} was changed, and {each.place} holds what the library had kept, perhaps from before: make the "
                    "change before the library is used, or give the function a name= or version="
                )
        self._counting[name] = _Changes(module, found, words, problem)

    def _is_gone(self, name: str, module: Any, found: Sequence[Found], before: Sequence[Found]) -> bool:
        """Whether changes that were there at the first look are not any more, and the library has kept nothing of them."""
        may_tell = not found and name not in self._late and module.__name__ not in _KEPT_ANYWHERE
        return may_tell and _kept_near(module, _names_of(before, _NONE)) == []

    def _take_back(self, name: str, module: Any) -> None:
        late = self._late.get(name)
        if late is None:
            return
        now = _kept_near(module, late.changed)
        is_told = late.is_older and module.__name__ not in _KEPT_ANYWHERE
        if is_told and now is not None and len(now) == len(late.kept) and all(one.value is other.value for one, other in zip(now, late.kept)):
            del self._late[name]
        else:
            where = ", ".join(sorted(late.changed))
            problem = f"{where} of {name} was changed for a while, and the library may have kept what it made then"
            self._late[name] = late._replace(problem=problem)


def _came_with(loaded: Iterable[str], module: Any, found: Sequence[Found], before: Sequence[Found]) -> bool:
    """Whether changes are what modules do that were loaded just now."""
    known = {place for place, _, _ in before}
    homes = {str(part.__module__) for place, _, parts in found for part in parts if place not in known}
    loaded = frozenset(loaded)
    return homes <= loaded and known <= {place for place, _, _ in found} and _may_change(loaded, module.__name__)


def _may_change(loaded: Iterable[str], name: str) -> bool:
    """Whether one of these modules may have changed something in that one at its import, as it imports it."""
    for each in loaded:
        module = sys.modules.get(each)
        facts = facts_of(module) if type(module) is types.ModuleType else None
        if facts is not None:
            if any(name == one or name.startswith(f"{one}.") for one in facts.imports):
                return True
        elif module is not None and not known_modules.is_standard_name(each):
            return True  # it is compiled
    return False


def found_same(one: Sequence[Found], other: Sequence[Found]) -> bool:
    """Whether the same was found, of which the very same objects are the program's."""
    return len(one) == len(other) and all(a[:2] == b[:2] and are_same(a[2], b[2]) for a, b in zip(one, other))


#: By place and names, what a library's module held at the first look, the program's own code in it, and how many modules had
#: been loaded when it was last seen so.
_first: Dict[Tuple[str, int, Any], Tuple[str, List[Any], int, Any]] = {}
#: The modules that were loaded since the first look, in order.
loaded: List[str] = []


def check(sources: Mapping[str, Source], stands_for: Callable[[str, str], str]) -> None:
    """Raises `Passing` where a constant or a table of a library is not what it was at the first look, unless the function has
    made it so itself: `stands_for` knows."""
    count = len(loaded)
    for label, source in sources.items():
        if source.place is None or not label.endswith(OF_LIBRARY):
            continue
        space, names = source.place
        mark = label, id(space), names
        known = _first.get(mark)
        is_same = known is not None and known[0] == source.digest and are_same(known[1], source.classes)
        if known is None or (not is_same and _may_change(loaded[known[2] :], _module_of(label))):
            _first[mark] = source.digest, list(source.classes), count, space
        elif not is_same and stands_for(label, source.digest) == source.digest:
            raise Passing(f"something in {_module_of(label)} was changed after memoized functions had run: {_REMEDY}")
        elif is_same and known[2] != count:
            _first[mark] = (*known[:2], count, space)


def _module_of(label: str) -> str:
    name = label[: -len(OF_LIBRARY)].partition(" ")[0]
    while name and name not in sys.modules:
        name = name.rpartition(".")[0]
    return name


def _names_of(found: Sequence[Found], before: Sequence[Found]) -> FrozenSet[str]:
    paths = [place.split(".") for place, _, _ in (*found, *before)]
    return frozenset(path[-2] if path[-1][:2] == "__" else path[-1] for path in paths)  # operators are named nowhere


def _differing(found: Sequence[Found], before: Sequence[Found]) -> str:
    """The first place where they are not the same."""
    known = {place: (words, parts) for place, words, parts in before}
    now = {place: (words, parts) for place, words, parts in found}
    return min(place for place in {**known, **now} if known.get(place) != now.get(place))
