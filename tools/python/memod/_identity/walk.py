"""What code leads to, and what that leads to in its turn."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter

from .._client.digests import text_digest
from .._codec import module_names
from .contribution import Edge
from .nodes import Node
from .plain_data import Unstable
from .set_order import Flow
from .values import is_cache
from .watch import Names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, List, Optional, Tuple

_OBJECTS_MAX = 20_000
#: In libraries that nothing is known of.
_FOREIGN_MAX = 1_000


class Walk:
    """The nodes that edges lead to, in order, and a digest of all of it. What there is to all of them goes by the names
    that it has of one: what several functions lead to is gone through once."""

    def __init__(self, edges: List[Edge], node_of: Callable[[Any], Node], of: Tuple[int, int]) -> None:
        """`of` changes when nodes are made anew. Raises `Unstable`."""
        self.of = of
        self.nodes: List[Node] = []
        self._node_of = node_of
        self._names: Optional[Names] = None
        self._unions: Dict[str, FrozenSet[Any]] = {}
        self._flows: Optional[FrozenSet[Flow]] = None
        order: Dict[Any, int] = {}
        queue = self.nodes
        numbers: List[int] = []  # where edges lead; their labels are in the digests
        foreign = visited = 0
        leading, links = edges, self._links(edges)
        while True:
            known: List[Any] = list(map(order.get, links))
            while None in known:
                place = known.index(None)
                node = links[place]
                number = order.get(node, -1)
                if number < 0:
                    foreign += leading[place][2]
                    if foreign > _FOREIGN_MAX:
                        raise Unstable("it reaches too much code of libraries to follow")
                    number = order[node] = len(queue)
                    queue.append(node)
                known[place] = number
            numbers += known
            numbers.append(-2)
            if visited == len(queue):
                break
            if visited >= _OBJECTS_MAX:
                raise Unstable("it reaches too much code to follow")
            node = queue[visited]
            if node.problem:
                raise Unstable(node.problem)
            visited += 1
            leading, (looked, links) = node.edges, node.links
            if looked != of:
                links = self._links(node.edges)
                node.links = of, links
        labels = module_names.portable(repr([label for label, _, _ in edges]))
        text = "\n".join((labels, repr(numbers), *[node.digest for node in queue]))
        self.digest = text_digest(text)

        #: By their marks.
        self.by_mark = {node.mark: node for node in queue}
        self.noted = [node for node in queue if node.is_noted]
        self.sources = tuple(dict.fromkeys(chain.from_iterable(map(attrgetter("sources"), queue))))
        self.with_paths = [node for node in queue if node.paths]
        self.paths = [path for node in self.with_paths for path in node.paths]
        self.iterates = any(map(attrgetter("iterates"), queue))
        self.computes = any(map(attrgetter("computes"), queue))
        self.makes_sets = any(map(attrgetter("makes_sets"), queue))
        self.caches = [node.value for node in queue if is_cache(node.value)]
        self.classes = [node.name for node in queue if isinstance(node.value, type)]
        self.is_of_main = any(map(attrgetter("is_of_main"), queue))

    def _links(self, edges: List[Edge]) -> List[Node]:
        return [self._node_of(value) for _, value, _ in edges]

    def names(self) -> Names:
        """What is to be looked at to see whether it all still leads there."""
        if self._names is None:
            self._names = Names(self.union("bindings"), self.union("writes"))
        return self._names

    def set_flow(self) -> FrozenSet[Flow]:
        """Where sets may go."""
        if self._flows is None:
            self._flows = frozenset().union(*[node.set_flow() for node in self.nodes])
        return self._flows

    def union(self, attribute: str) -> FrozenSet[Any]:
        """What all nodes have of it."""
        found = self._unions.get(attribute)
        if found is None:
            found = self._unions[attribute] = frozenset().union(*map(attrgetter(attribute), self.nodes))
        return found
