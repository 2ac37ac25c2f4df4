"""Names in namespaces and the very objects that they lead to, compared in one pass."""

from __future__ import annotations

from .._client.signals import pass_signal
from .data_source import MISSING
from .dict_tags import dict_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, List, Tuple
    from typing_extensions import TypeAlias

#: A namespace, names in it, and what they lead to.
Entry: TypeAlias = "Tuple[Any, List[str], List[Any]]"


def _first_changed(spaces: List[Any], held: List[List[Any]], start: int) -> int:
    """From there on, which of the dicts holds other objects than its list; -1 where none does."""
    for place in range(start, len(spaces)):
        try:
            if list(spaces[place].values()) != held[place]:
                return place
        except Exception as error:  # what is there now does not say whether it is equal
            pass_signal(error)
            return place
    return -1


def _hold(spaces: List[Any], names: List[str], values: List[Any]) -> bool:
    """Whether each name in its namespace still is that very object."""
    return all([space.get(name, MISSING) is value for space, name, value in zip(spaces, names, values)])


#: The same in compiled code, where there is a compiler.
first_changed, hold = _first_changed, _hold
try:
    from .._compiled.speedups import first_changed, hold  # type: ignore[import-not-found,no-redef]
except ImportError:
    pass


class HeldNames:
    """Those of several namespaces."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = list(entries)
        self.spaces: List[Any] = []
        self.names: List[str] = []
        self.values: List[Any] = []
        are_dicts = True
        for space, names, values in self.entries:
            held = dict_of(space)
            are_dicts = are_dicts and type(held) is dict
            self.spaces += [held] * len(names)
            self.names += names
            self.values += values
        if not are_dicts:
            self.spaces = [space for space, names, _ in self.entries for _ in names]
        #: What tells whether these names in these spaces lead to these values.
        self.look = hold if are_dicts else _hold

    def __bool__(self) -> bool:
        return bool(self.names)

    def hold(self) -> bool:
        """Whether they do."""
        return self.look(self.spaces, self.names, self.values)
