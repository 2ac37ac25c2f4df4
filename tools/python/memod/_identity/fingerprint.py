"""A function's fingerprint: a digest of all that decides what it computes, as far as code can tell.

Its own code, defaults, the functions and classes of the program that it reaches, the module-level data that these
read, and what the process is where that is read. What is installed beside the program counts by name and version."""

from __future__ import annotations

import sys
from itertools import chain
from operator import attrgetter
from weakref import WeakValueDictionary

from .._client.digests import text_digest
from .._client.signals import pass_signal
from .._codec import module_names
from . import known_modules, modules
from .ambient_inputs import DOCUMENTED, INPUT_NAMES, INPUTS, LEADS, NAMED, inputs_of
from .cached_helpers import CachedHelpers
from .chance_watch import MAKERS
from .code_store import code_form
from .contribution import Edge
from .data_source import OF_LIBRARY, Source
from .data_watch import known_watch
from .frozen import Frozen
from .kind_inputs import inputs_of_kinds
from .known_modules import OUTSIDE
from .mentions import DRAWING, LOOKS_AT_ALL, NAMES_OF_CODE, OF_MEMORY, OF_ORDER, RUNNERS
from .module_code import absolute_name, check_import, imported_names, own_code
from .nodes import Node
from .plain_data import Unstable
from .scope import Scope
from .set_data import flows_of
from .set_order import ORDER, Flow, decides
from .snapshot import are_same
from .values import OF_MODULES, Held, docstring, full_name, held, is_module, names_of, order_of, whole_name_of
from .walk import Walk
from .watch import Names, Watch, code_generation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, FrozenSet, Iterable, List, Optional, Set, Tuple, Union
    from typing_extensions import TypeAlias

_FEW = 4
_TRIES_MAX = 4
_PART_LENGTH = 8
_CLASSES_MAX = 500
_DIGEST_LENGTH = 24  # hexadecimal digits: 96 bits

#: One node, or what several functions lead to.
Part: TypeAlias = "Union[Node, Walk]"

_scopes: Dict[str, Scope] = {}
_nodes: Dict[str, WeakValueDictionary[int, Node]] = {}


class Fingerprint:
    """The digest, and what it was taken of, to see when it no longer holds."""

    def __init__(
        self, root: Any, package: str, frozen: Optional[Frozen] = None, timed: bool = False, key: Any = None
    ) -> None:
        """`root` is a function or class, `key` the one that makes its keys. Results of a `timed` function are
        kept for a time only. Raises `Unstable`."""
        self._scope = _scopes.setdefault(package, Scope(package))
        self._known = _nodes.setdefault(package, WeakValueDictionary())
        self._frozen = frozen or Frozen()
        self.timed = timed
        self.generation = code_generation()
        roots = [root] if key is None else [root, key]
        try:
            for _ in range(_TRIES_MAX):
                self._begin()
                try:
                    self._take(roots)
                except Unstable:
                    if not self._drop_stale():
                        raise
                else:
                    if not self._drop_stale():
                        break
            else:
                raise Unstable("what it reaches changes all the time")
        except (Unstable, MemoryError):
            raise
        except RecursionError:
            raise Unstable("it is nested too deep to follow") from None
        except Exception as error:
            pass_signal(error)
            raise Unstable(f"what it reaches cannot be inspected: {type(error).__name__}") from None

    def _begin(self) -> None:
        self.writes: Set[str] = set()
        self.iterates = False
        self.counters: FrozenSet[str] = frozenset()
        self._fresh: List[Part] = []  # whose data are not looked at yet
        self.sources: Dict[str, Source] = {}
        #: By label, with a number where there are several, what data were, and how they count.
        self.raw: Dict[str, str] = {}
        self.digests: Dict[str, str] = {}
        self._code_parts: Dict[str, str] = {}
        #: Names of the program's classes among what is reached.
        self.classes: List[str] = []
        #: Modules that are not loaded yet.
        self.unloaded: List[str] = []
        self._nodes: Dict[int, Node] = {}
        #: Those of them that are in no walk, and the walks that others make as well.
        self._loose: Dict[int, Node] = {}
        self._walks: List[Walk] = []
        self._lines: List[str] = [sys.implementation.cache_tag or sys.version]
        self._inputs: Set[str] = {"limits", "patches"}
        self._led: Dict[str, List[Any]] = {}  # by input, what belongs to it
        self._set_flows: Dict[str, FrozenSet[Flow]] = {}  # by label, from data that are sets
        self._parts: Dict[str, List[Any]] = {}  # by label, the classes and functions in data
        self._with_code: Set[str] = set()  # labels of data in which classes or functions take part
        self._opened: Dict[str, Set[str]] = {}
        self._modules: Set[str] = set()

    def _drop_stale(self) -> bool:
        """Nodes are kept from earlier fingerprints: drops those that no longer hold. Whether there were any."""
        hold = all(each.hold() for each in self._names()) and all(each.holds() for each in self._loose_bindings())
        stale = set() if hold else {each for each in self._all("bindings") if not each.holds()}
        found = False
        with_paths = chain(self._loose.values(), *[walk.with_paths for walk in self._walks])
        for node in list(self._nodes.values() if stale else with_paths):
            if not stale.isdisjoint(node.bindings) or any(read() is not value for read, value in node.paths):
                self._known.pop(id(node.value), None)
                self._scope.renewed += 1
                found = True
        if found:
            self._scope.reads.clear()
        return found

    def _take(self, roots: List[Any]) -> None:
        self._lines += [self._walk_from(root) for root in roots]
        mentioned: Set[str] = set()
        known = -1
        while known != len(self._nodes) + len(self._modules):
            known = len(self._nodes) + len(self._modules)
            mentioned = self._all("mentioned")
            self._imported(mentioned)
            self._digest_sources()
            self._inputs |= self._all("inputs")
            self._follow_inputs()
        self.writes = self._all("writes")
        parts = self._all_parts_of_it()
        self.classes = list(chain.from_iterable(each.classes for each in parts))[:_CLASSES_MAX]
        self.iterates = any(each.iterates for each in parts)
        self.computes = any(each.computes for each in parts)
        for source in self.sources.values():
            self._inputs |= inputs_of_kinds(source.kinds, self.computes)
        self._check_handed()
        self._check_sets(mentioned)
        if not NAMES_OF_CODE.isdisjoint(mentioned):
            self._lines.append(repr([names_of(node.value) for node in self._nodes.values()]))
        if not DOCUMENTED.isdisjoint(mentioned):
            self._lines.append(repr([docstring(node.value) for node in self._nodes.values()]))
        self.counters = self._counters(mentioned)
        if not NAMED.isdisjoint(mentioned) and self._main_in_sight():
            self._lines.append("main")
        if "catch_warnings" in mentioned and "lineno" in self._all("attributes"):
            raise Unstable("it asks where in the code a warning comes from")
        clock = "" if self.timed else known_modules.clock_together(mentioned, self._all, self.unloaded)
        if clock:
            raise Unstable(f"it uses {clock}, which may be other at another time; ttl= says for how long to keep it")
        self.looks_at_order = not OF_ORDER.isdisjoint(mentioned)
        if self.looks_at_order:
            self._lines.append(repr([order_of(node.value) for node in self._nodes.values()]))
        self.names_runners = not RUNNERS.isdisjoint(mentioned)
        self.looks_at_memory = not OF_MEMORY.isdisjoint(mentioned)
        self.draws = not DRAWING.isdisjoint(mentioned)
        self.makes_generators = not MAKERS.isdisjoint(mentioned)
        self.inputs = frozenset(self._inputs)
        inputs = {name: INPUTS[name]() for name in sorted(self._inputs)}
        for name, value in inputs.items():
            self.digests[f"process:{name}"] = text_digest(value)[:32]
        self.watch = Watch(
            [*self._names(), Names(self._loose_bindings(), self.writes)],
            list(self.sources.values()),
            # Of the patches the list is watched.
            [(INPUTS[name], value) for name, value in inputs.items() if name != "patches" or name not in self._led],
            [path for each in parts for path in each.paths] + self._lead_paths(),
        )
        self._caches = CachedHelpers(chain.from_iterable(each.caches for each in parts), lambda cache: self._walk_at(("", cache, False)))
        self.structure = text_digest("\n".join(self._lines))
        self._find_aliases()
        self.digest = self.combined()

    def _all_parts_of_it(self) -> List[Part]:
        return [*self._walks, *self._loose.values()]

    def _names(self) -> List[Names]:
        return [walk.names() for walk in self._walks]

    def _loose_bindings(self) -> Set[Any]:
        return set().union(*map(attrgetter("bindings"), self._loose.values()))

    def _find_aliases(self) -> None:
        """What can change and goes by several names: to change it by one is to change it by the other."""
        #: By id, objects that can change within the data, and where they are.
        self.places: Dict[int, str] = {}
        self._aliases: List[Tuple[str, str]] = []
        for label, source in sorted(self.sources.items()):
            for number, each in enumerate(() if label.endswith(OF_LIBRARY) else source.objects()):
                place = f"{label}[{number}]"
                known = self.places.setdefault(id(each), place)
                if known is not place:
                    self._aliases.append((known, place))

    def _follow_inputs(self) -> None:
        """What the program has registered, and what uses that, is code of its own."""
        for name in sorted(self._inputs & LEADS.keys() - self._led.keys()):
            self._led[name] = LEADS[name]()
            for value in self._led[name]:
                self._lines.append(self._walk([(name, held(value, name), False)]))

    def _lead_paths(self) -> List[Any]:
        def reader(leads: Any, known: Any) -> Any:
            def read() -> Any:
                now = leads()
                return known if are_same(now, known) else now

            return leads if leads() is known else read

        return [(reader(LEADS[name], known), known) for name, known in self._led.items()]

    def _counters(self, mentioned: Set[str]) -> FrozenSet[str]:
        """Attributes that are counted up and never looked at."""
        found = self._all("counted")
        if not found or not LOOKS_AT_ALL.isdisjoint(mentioned):
            return frozenset()
        return frozenset(found - self._all("attributes") - self._all("texts"))

    def combined(self) -> str:
        """The digest of all, with data as they count."""
        data = [f"{label} {digest}" for label, digest in sorted(self.digests.items())]
        data += [repr(self._aliases)] if self._aliases else []
        return text_digest("\n".join((self.structure, *data)))[:_DIGEST_LENGTH]

    def all_parts(self) -> Dict[str, str]:
        """What the digest is made of, in words, with a short digest of each."""
        found = dict(self._code_parts)
        for node in self._nodes.values():
            if not isinstance(node.value, Held):
                found[f"the code of {node.name}"] = (node.form or node.digest)[:_PART_LENGTH]
            for library, version in node.versions.items():
                found[f"the version of {library}"] = version
        for label, digest in self.digests.items():
            kind, _, name = label.partition(":")
            words = f"the {INPUT_NAMES.get(name, name)}" if kind == "process" else f"the data {label.replace(':', '.')}"
            found[words] = text_digest(digest)[:_PART_LENGTH]
        return found

    def may_draw(self) -> bool:
        """Whether it may reach code of libraries that draws random numbers: none of Python's does, but for a few."""
        named = self.draws or "charsets" in self.inputs
        return named or "numpy" in sys.modules or any(node.versions for node in self._nodes.values())

    def begin_run(self) -> Any:
        """Of the caches that it reaches, what `cached_helpers.end` is to be told."""
        return self._caches.begin(self.digest, self.sources, self.digests)

    def problem_of_class(self, cls: Any) -> str:
        """Why a library's class that is handed to it may lead to what is other in another process, or ""."""
        module = str(cls.__module__)
        try:
            for name, verdict in known_modules.exceptions_mentioned(module, self._all("attributes")):
                self._check_verdict(module, name, verdict)
        except Unstable as error:
            return str(error)
        return ""

    def holds(self) -> bool:
        """Whether nothing of it has changed. False also where it may have."""
        return self.watch.holds() and not self.has_loaded()

    def has_loaded(self) -> bool:
        """Whether there are modules now that were not loaded."""
        return any(name in sys.modules for name in self.unloaded)

    def renew_data(self) -> bool:
        """Goes on from what the data are now, where no more than that has changed."""
        if not self.watch.code_holds() or self.has_loaded():
            return False
        for label, source in self.sources.items():
            digest = source.refresh()
            if not are_same(source.classes, self._parts[label]):
                return False
            if digest == self.raw[label]:
                continue
            counts = self._frozen.stand_for(label, digest)
            if counts.startswith("!") or source.classes or label in self._with_code:
                return False
            if frozenset(flows_of(label, source.value)) != self._set_flows[label]:
                return False
            self.raw[label], self.digests[label] = digest, counts
        self.watch.watch_data(list(self.sources.values()))
        self._find_aliases()
        self.digest = self.combined()
        return True

    def _node(self, value: Any) -> Node:
        node = self._known.get(id(value))
        if node is None or node.value is not value or node.generation != self.generation:
            node = Node(self._scope, value)
            self._known[id(value)] = node
        return node

    def _walk(self, edges: List[Edge]) -> str:
        """Visits what edges lead to and what that leads to; returns a digest of all of it."""
        found = Walk(edges, self._node, self._current())
        self._meet(found.nodes, self._loose)
        return found.digest

    def _walk_from(self, root: Any) -> str:
        """The same for a function or class. Where it leads to few others, what these lead to is visited once for all."""
        edges: List[Edge] = [("", Held(root, ""), False)]
        nodes: List[Node] = []
        while len(edges) == 1 and len(nodes) < 2:
            nodes.append(self._node(edges[0][1]))
            edges = nodes[-1].edges
        if len(edges) > _FEW:
            return self._walk([("", nodes[0].value, False)])
        self._meet(nodes, self._loose)
        digests = [node.digest for node in nodes]
        for edge in edges:
            walk = self._walk_at(edge)
            self._walks.append(walk)
            if self._nodes.keys().isdisjoint(walk.by_mark):
                self._nodes.update(walk.by_mark)
                self._fresh.append(walk)
                for node in walk.noted:
                    self._note(node)
            else:
                self._meet(walk.nodes, {})
            digests.append(walk.digest)
        return text_digest("\n".join(digests))

    def _walk_at(self, edge: Edge) -> Walk:
        walk = self._scope.walks.get(id(edge[1]))
        if walk is None or walk.of != self._current():
            walk = self._scope.walks[id(edge[1])] = Walk([("", *edge[1:])], self._node, self._current())
        return walk

    def _meet(self, nodes: Iterable[Node], among: Dict[int, Node]) -> None:
        for node in nodes:
            if node.mark not in self._nodes:
                self._nodes[node.mark] = among[node.mark] = node
                self._fresh.append(node)
                if node.is_noted:
                    self._note(node)

    def _current(self) -> Tuple[int, int]:
        """Changes when a node is made anew: what others lead to has to be looked for again."""
        return self.generation, self._scope.renewed

    def _note(self, node: Node) -> None:
        if node.problem:
            raise Unstable(node.problem)
        if node.outside and not self.timed:
            raise Unstable(node.outside)
        for name in node.opened:
            while name:
                self._opened.setdefault(name, set())
                name = name.rpartition(".")[0]
        for label, name in node.imports:
            self._module(label, name)

    def _all(self, attribute: str) -> Set[Any]:
        """What all nodes have of it."""
        walks = [walk.union(attribute) for walk in self._walks]
        return set().union(*walks, *map(attrgetter(attribute), self._loose.values()))

    def _digest_sources(self) -> None:
        while self._fresh:
            fresh, self._fresh = self._fresh, []  # as they are met, which is alike in every process
            sources = list(dict.fromkeys(chain.from_iterable(map(attrgetter("sources"), fresh))))
            current = len(sources) if known_watch(sources) is not None else 0
            for place, source in enumerate(sources):
                label = source.label
                number = 0
                while label in self.sources and self.sources[label] is not source:
                    number += 1  # as two closures of one name
                    label = f"{source.label}#{number}"
                if label not in self.sources:
                    self._digest_source(label, source, place < current)
                    sources += self._scope.constants_of_kinds(source.kinds)  # which go by them whatever code names

    def _digest_source(self, label: str, source: Source, is_current: bool) -> None:
        self.sources[label] = source
        digest = self.raw[label] = source.digest if is_current else source.refresh()
        self._parts[label] = source.classes
        counts = self._frozen.stand_for(label, digest)
        if counts.startswith("!"):
            raise Unstable(source.reason)
        if counts == digest and source.classes:
            self._with_code.add(label)
            code = [("", each, False) for each in source.classes if not self._scope.is_outside(each)]
            counts += self._walk(code) if code else ""
            counts += repr(list(map(whole_name_of, source.classes)))
            for each in source.classes:
                if self._scope.is_outside(each):
                    module, name = full_name(each)
                    self._check_verdict(module, name, known_modules.verdict(module, name.split(".")))
        self._inputs.update(inputs_of(source.words))
        if not known_modules.WORDS.keys().isdisjoint(source.words):
            raise Unstable(f"it reads {label}, which looks for what may be other in another process")
        if source.flows is None:
            source.flows = frozenset(flows_of(label, source.value))
        self._set_flows[label] = source.flows
        self.digests[label] = counts

    def _check_sets(self, mentioned: Set[str]) -> None:
        """Sets of strings have another order in each process."""
        parts = self._all_parts_of_it()
        makes_sets = any(each.makes_sets for each in parts)
        if not sys.flags.hash_randomization:
            # Then others of that kind have the same, and those that are not have not.
            if self.iterates or "hash" in mentioned or makes_sets:
                self._lines.append("hashes as they are")
            return
        if not any(self._set_flows.values()) and not makes_sets:
            return
        through = decides(frozenset().union(*[each.set_flow() for each in parts], *self._set_flows.values()))
        if through:
            ends = {(word, ORDER) for word in through}
            nodes = self._nodes.values()
            named = next((node.name for node in nodes if not ends.isdisjoint(node.set_flow())), "it")
            raise Unstable(
                f"{named.rpartition('.')[2]} lets the order of a set decide, which is other in each process; "
                "sorted() is not"
            )

    def _check_handed(self) -> None:
        """Modules that are handed on as objects may be asked for whatever is mentioned anywhere."""
        handed = sorted(self._all("handed"))
        attributes = sorted(self._all("attributes")) if handed else []
        for name in handed:
            for attribute, verdict in known_modules.exceptions_mentioned(name, attributes):
                self._check_verdict(name, attribute, verdict)
        for name in sorted(self._all("handed_modules")):
            if self._scope.is_own(name):
                continue
            if self.computes:
                self._check_verdict(name, "whatever it computes the name of", known_modules.whole_verdict(name))
            named = vars(sys.modules[name]).keys() & attributes if name in sys.modules else frozenset()
            for attribute in sorted(named):
                self._check_verdict(name, attribute, known_modules.verdict(name, (attribute,)))

    def _check_verdict(self, module: str, name: str, verdict: str) -> None:
        for word in verdict.split():
            if word in ("process", "code") or (word == OUTSIDE and not self.timed):
                if known_modules.is_standard_name(module) or known_modules.is_listed(module):
                    raise Unstable(f"it uses {name} of {module}, which may be other in another process")
            elif word in INPUTS:
                self._inputs.add(word)

    def _main_in_sight(self) -> bool:
        return "__main__" in sys.modules and any(each.is_of_main for each in self._all_parts_of_it())

    # Modules that functions import while they run

    def _module(self, label: str, name: str, called: Iterable[str] = ()) -> None:
        """A module as a whole: for the program's own, what its source says."""
        found = own_code(name, self._scope.package)
        if found is None:
            self._lines.append(repr((label, "module", name, modules.version(name))))
            return
        if name in self._modules:
            return
        self._modules.add(name)
        code, is_package = found
        if called or name not in sys.modules:
            called = check_import(
                name, code, frozenset(called), name if is_package else name.rpartition(".")[0]
            )
        form = code_form(code)
        self._lines.append(repr((label, "module code", name, form.digest)))
        self._code_parts[f"the code of {name}"] = form.digest[:_PART_LENGTH]
        package = name if is_package else name.rpartition(".")[0]
        for imported in form.imports:
            whole = absolute_name(imported, package)
            for each in imported_names(whole, imported) if whole is not None else ():
                self._module(label, each, called)

    def _imported(self, mentioned: Set[str]) -> None:
        """Adds what functions may read of the modules that they import while they run: whatever goes by a
        name that is mentioned anywhere, which may become more by that."""
        for name, watched in list(self._opened.items()):
            module = sys.modules.get(name)
            if module is not None and self._scope.is_own_module(module):
                space = vars(module)
                new = mentioned.intersection(space) - watched - OF_MODULES
                watched |= new
                for each in sorted(new):
                    if is_module(space[each]):
                        self._opened.setdefault(space[each].__name__, set())
                    else:
                        self._lines.append(self._walk([(each, held(module, each), False)]))
        self.unloaded = [name for name in self._opened if name not in sys.modules and name in self._modules]
