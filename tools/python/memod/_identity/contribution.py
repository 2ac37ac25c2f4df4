"""What there is to a node of a fingerprint."""

from __future__ import annotations

from types import MappingProxyType

from .._codec import module_names
from . import modules
from .data_source import Source
from .plain_data import data_digest
from .scope import Scope
from .watch import Binding, code_generation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Any, Callable, FrozenSet, List, Mapping, Optional, Set, Tuple
    from typing_extensions import TypeAlias

Path: TypeAlias = "Tuple[Callable[[], Any], Any]"
LOOKS_MAX = 10_000
#: A label, what it leads to, and whether that is a library's function.
Edge: TypeAlias = "Tuple[str, Any, bool]"


class Contribution:
    """What an object leads to. What goes on from it to other objects are edges."""

    # There are thousands of them, each of which has nothing of most of this.
    #: What is read in other ways, and what it was.
    paths: Tuple[Path, ...] = ()
    writes: AbstractSet[str] = frozenset()
    #: Whether it makes sets, and whether the order of what is handed in may decide something.
    makes_sets = iterates = False
    #: Whether it looks for attributes by names that it computes.
    computes = False
    mentioned: AbstractSet[str] = frozenset()
    attributes: AbstractSet[str] = frozenset()
    counted: AbstractSet[str] = frozenset()
    texts: AbstractSet[str] = frozenset()
    #: A digest of the code alone.
    form = ""
    #: Modules that are handed on as objects, and those that are imported while the code runs.
    handed: AbstractSet[str] = frozenset()
    handed_modules: AbstractSet[str] = frozenset()
    opened: Tuple[str, ...] = ()
    sources: Tuple[Source, ...] = ()
    inputs: FrozenSet[str] = frozenset()
    #: Of libraries that are used.
    versions: Mapping[str, str] = MappingProxyType({})
    #: When the nodes that its edges lead to were looked for, and these.
    links: Tuple[Any, List[Any]] = (None, [])
    imports: Tuple[Tuple[str, str], ...] = ()
    #: Why it may be other in another process: always, and unless results are kept for a time only.
    problem = outside = ""

    def __init__(self, scope: Scope, value: Any) -> None:
        self.value = value
        self.mark = id(value)
        self.name = module_names.portable(_name_of(value))
        self.edges: List[Edge] = []
        self._edges: Set[Tuple[str, int]] = set()
        self.bindings: Set[Binding] = set()
        #: Of the code in the process, when it was made.
        self.generation = code_generation()
        self._scope = scope
        self._lines: List[str] = []

    @property
    def is_noted(self) -> bool:
        """Whether there is more to it than what is the same for all that reach it."""
        return bool(self.problem or self.outside or self.opened or self.imports)

    @property
    def is_of_main(self) -> bool:
        """Whether it is of the script."""
        return getattr(self.value, "__module__", None) == "__main__"

    def _version(self, module: str) -> str:
        """The version of a library, which becomes a part of the identity."""
        found = modules.version(module)
        if found:
            self.versions = {**self.versions, module.partition(".")[0]: found}
        self._constants(module)
        return found

    def _constants(self, name: str) -> None:
        """Adds what a module of a library holds that its functions go by."""
        found = self._scope.constants_of(name)
        if not self.sources:
            self.sources = tuple(found)
        elif found:
            self.sources += tuple(source for source in found if source not in self.sources)

    def _add(self, *words: Any) -> None:
        self._lines.append(repr(words))

    def _data(
        self, label: str, read: Callable[[], Any], take: Any = data_digest, place: Any = None, mark: Any = None
    ) -> None:
        """Sources of one label and `place`, or `mark`, read the same. Without either each is by itself: two closures
        may go by one name."""
        label = module_names.portable(label)
        if place is not None:
            mark = (id(place[0]), place[1])
        if mark is None:
            self.sources += (Source(label, read, take),)
            return
        known = self._scope.sources
        found = known.get((label, mark, take))
        if found is None:
            found = known[label, mark, take] = Source(label, read, take, place)
        self.sources += (found,)

    def _edge(self, label: str, value: Any) -> None:
        if (label, id(value)) not in self._edges:
            self._edges.add((label, id(value)))
            self.edges.append((label, value, self._scope.follows(value)))

    def _take(self, known: Look) -> None:
        self._lines += known.lines
        self.bindings.update(known.bindings)
        if known.is_plain:
            return
        self.sources += known.sources
        for label, value, _ in known.edges:
            self._edge(label, value)
        # Most have those of one look, and share them with it.
        if known.inputs:
            self.inputs = self.inputs | known.inputs if self.inputs else known.inputs
        if known.versions:
            self.versions = {**self.versions, **known.versions} if self.versions else known.versions

    def _once(self, mark: Any, look: Callable[[], None]) -> None:
        """Looks at something of a library, and notes what that adds for the functions that come later."""
        known = self._scope.looks.get(mark)
        if known is not None and all(each.holds() for each in known.bindings):
            self._take(known)
            return
        found = self._note_look(look)
        # What it found keeps the namespace that the mark is of.
        if found is not None and found.bindings and len(self._scope.looks) < LOOKS_MAX:
            self._scope.looks[mark] = found

    def _note_look(self, look: Callable[[], None]) -> Optional[Look]:
        """Looks, and returns what that adds to a node, if it can be told."""
        beside = self._beside()
        before = self._lines, self.sources, self.edges, self._edges, self.bindings, self.inputs, self.versions
        self._lines, self.edges, self._edges, self.bindings = [], [], set(), set()
        self.sources, self.inputs, self.versions = (), Contribution.inputs, Contribution.versions
        try:
            look()
            found = Look(self)
        finally:
            self._lines, self.sources, self.edges, self._edges, self.bindings, self.inputs, self.versions = before
        self._take(found)
        return found if self._beside() == beside else None

    def _beside(self) -> Any:
        return len(self.paths), len(self.handed), self.outside

    def _lead(
        self,
        label: str,
        read: Optional[Callable[[], Any]],
        value: Any,
        place: Optional[Tuple[Any, str]] = None,
    ) -> None:
        """Adds whatever it is. Without `read` and `place` it is part of something that is watched as a whole."""
        raise NotImplementedError

    def _code(self, label: str, value: Any) -> bool:
        """Handles functions, classes, modules and the like. False for what can only be data."""
        raise NotImplementedError


class Look:
    """What a look at a name adds to a node."""

    __slots__ = ("lines", "sources", "edges", "bindings", "inputs", "versions", "is_plain")

    def __init__(self, node: Contribution) -> None:
        self.lines = tuple(node._lines)
        self.sources = node.sources
        self.edges = tuple(node.edges)
        self.bindings = tuple(node.bindings)
        self.inputs = node.inputs
        self.versions = node.versions
        #: Whether it adds no more than words and bindings.
        self.is_plain = not (self.sources or self.edges or self.inputs or self.versions)


def _name_of(value: Any) -> str:
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(name, str):
        return f"{type(value).__module__}.{type(value).__qualname__}"
    return f"{module}.{name}"
