"""What there is to a node of a fingerprint."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from .._codec import module_names
from . import modules
from .data_source import Source
from .plain_data import data_digest
from .scope import Scope
from .watch import Binding, code_generation

Path = Tuple[Callable[[], Any], Any]
#: A label, what it leads to, and whether that is a library's function.
Edge = Tuple[str, Any, bool]


class Contribution:
    """What an object leads to. What goes on from it to other objects are edges."""

    def __init__(self, scope: Scope, value: Any) -> None:
        self.value = value
        self.mark = id(value)
        self.name = module_names.portable(_name_of(value))
        self.edges: List[Edge] = []
        #: The nodes that these lead to, as of when they were looked for.
        self.links: List[Any] = []
        self.linked: Any = None
        self._edges: Set[Tuple[str, int]] = set()
        self.sources: List[Source] = []
        self.bindings: Set[Binding] = set()
        #: What is read in other ways, and what it was.
        self.paths: List[Path] = []
        self.inputs: Set[str] = set()
        self.writes: Set[str] = set()
        #: Whether it makes sets, and whether the order of what is handed in may decide something.
        self.makes_sets = self.iterates = False
        #: Whether it looks for attributes by names that it computes.
        self.computes = False
        self.mentioned: Set[str] = set()
        self.attributes: Set[str] = set()
        self.counted: Set[str] = set()
        #: Of libraries that are used, and a digest of the code alone.
        self.versions: Dict[str, str] = {}
        self.form = ""
        self.texts: Set[str] = set()
        #: Modules that are handed on as objects, and those that are imported while the code runs.
        self.handed: Set[str] = set()
        self.handed_modules: Set[str] = set()
        self.opened: List[str] = []
        self.imports: List[Tuple[str, str]] = []
        #: Why it may be other in another process: always, and unless results are kept for a time only.
        self.problem = self.outside = ""
        #: Of the code in the process, when it was made.
        self.generation = code_generation()
        self._scope = scope
        self._lines: List[str] = []

    def _version(self, module: str) -> str:
        """The version of a library, which becomes a part of the identity."""
        found = modules.version(module)
        if found:
            self.versions[module.partition(".")[0]] = found
        return found

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
            self.sources.append(Source(label, read, take))
            return
        known = self._scope.sources
        found = known.get((label, mark, take))
        if found is None:
            found = known[label, mark, take] = Source(label, read, take, place)
        self.sources.append(found)

    def _edge(self, label: str, value: Any) -> None:
        if (label, id(value)) not in self._edges:
            self._edges.add((label, id(value)))
            self.edges.append((label, value, self._scope.follows(value)))

    def _take(self, known: Look) -> None:
        self._lines += known.lines
        self.sources += known.sources
        for label, value, _ in known.edges:
            self._edge(label, value)
        self.bindings.update(known.bindings)
        self.inputs |= known.inputs
        if known.versions:
            self.versions.update(known.versions)

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

    __slots__ = ("lines", "sources", "edges", "bindings", "inputs", "versions", "space")

    def __init__(self, node: Contribution, space: Any) -> None:
        self.lines = tuple(node._lines)
        self.sources = tuple(node.sources)
        self.edges = tuple(node.edges)
        self.bindings = tuple(node.bindings)
        self.inputs = frozenset(node.inputs)
        self.versions = dict(node.versions)
        self.space = space


def _name_of(value: Any) -> str:
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(name, str):
        return f"{type(value).__module__}.{type(value).__qualname__}"
    return f"{module}.{name}"
