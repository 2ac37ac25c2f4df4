"""Looks whether data that a fingerprint was taken of have changed. Functions that lead to the same data share one look."""

from __future__ import annotations

import sys
from weakref import WeakValueDictionary

from .._client.signals import pass_signal
from .data_source import MISSING, Source
from .held_names import Entry, HeldNames
from .snapshot import UNCHANGING, snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple


def main_space() -> Any:
    """The namespace of a script, whose variables may be large and change all the time."""
    return vars(sys.modules["__main__"]) if "__main__" in sys.modules else {}


class DataWatch:
    """Data sources, together, as they were when it was made."""

    def __init__(self, sources: List[Source]) -> None:
        self._sources = sources
        self._paths: List[Source] = []
        self._slow: List[Tuple[Source, str]] = []
        mutable: List[Any] = []
        data: Dict[int, Tuple[Any, List[str], List[Any]]] = {}
        for source in sources:
            if not source.is_quick():
                self._slow.append((source, source.digest))
                continue
            value = source.value
            if type(value) not in UNCHANGING and value is not MISSING:
                mutable.append(value)
            if source.place is not None and source.is_there():
                space, name = source.place
                _, names, values = data.setdefault(id(space), (space, [], []))
                if type(name) is tuple:
                    names += name
                    values += value
                else:
                    names.append(name)
                    values.append(value)
            elif not source.is_constant():
                self._paths.append(source)
        self._data = HeldNames(data.values())
        main = main_space()
        self._main_data = HeldNames([each for each in self._data.entries if each[0] is main])
        self._snapshot = snapshot(tuple(mutable), whole=False)
        self._is_mutable = self._snapshot is not None and not self._snapshot.is_fixed

    def __bool__(self) -> bool:
        return bool(self._sources)

    def entries(self) -> Optional[List[Entry]]:
        """The names by which all of it is looked at; None where there is more to look at."""
        has_more = self._paths or self._slow or self._is_mutable or self._snapshot is None
        return None if has_more else self._data.entries

    def namespaces(self) -> Iterator[Any]:
        """Where they are, as far as names lead to them."""
        return (space for space, _, _ in self._data.entries)

    def holds(self, is_same_space: bool = False) -> bool:
        """Whether all is as it was. With `is_same_space` no namespace but that of a script has changed since it was found to
        be so. False also where it cannot be told. Raises what data raise that resist."""
        if self._snapshot is None:
            return False
        data = self._main_data if is_same_space else self._data
        if data.names and not data.hold():
            return False
        for source in self._paths:
            if not source.reads_same():
                return False
        if self._is_mutable and not self._snapshot.holds():
            return False
        for source, digest in self._slow:
            if source.refresh() != digest:
                return False
        return True


_known: WeakValueDictionary[Tuple[int, ...], DataWatch] = WeakValueDictionary()


def known_watch(sources: List[Source]) -> Optional[DataWatch]:
    """That of these, if all is as it was."""
    found = _known.get(tuple(map(id, sources)))
    try:
        if found is not None and found.holds():
            return found
    except Exception as error:  # data that resist
        pass_signal(error)
    return None


def watch_of(sources: List[Source]) -> DataWatch:
    """A look at these, which were refreshed just now."""
    found = known_watch(sources)
    if found is None:
        found = _known[tuple(map(id, sources))] = DataWatch(sources)
    return found
