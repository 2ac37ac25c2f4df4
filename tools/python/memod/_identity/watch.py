"""Looks whether anything that a fingerprint was taken of has changed, as quickly as may be: there may be thousands of
functions, and it is asked before each question to the daemon."""

from __future__ import annotations

import sys
from functools import partial
from itertools import chain
from operator import itemgetter
from weakref import WeakValueDictionary

from .._client.signals import pass_signal
from . import event_watch
from .dict_tags import dict_of, tags_of
from .data_source import MISSING, Source
from .snapshot import UNCHANGING, snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Dict, Iterable, Iterator, List, Optional, Tuple

def code_generation() -> int:
    """A number that changes when a function is given other code or defaults, as tools do that reload modules."""
    event_watch.listen()
    return event_watch.replaced


class Binding:
    """A name in a namespace that leads to code. There is one for each, so that sets of them are small."""

    __slots__ = ("space", "name", "value", "__weakref__")

    def __init__(self, space: Any, name: str, value: Any) -> None:
        self.space = space
        self.name = name
        self.value = value

    def holds(self) -> bool:
        """Whether it still does."""
        return self.space.get(self.name, MISSING) is self.value


_bindings: WeakValueDictionary[Tuple[int, str, int], Binding] = WeakValueDictionary()


def bind(space: Any, name: str, value: Any) -> Binding:
    """The binding of a name in a namespace."""
    mark = (id(space), name, id(value))
    found = _bindings.get(mark)
    if found is None or found.value is not value or (found.space is not space and found.space != space):
        found = _bindings[mark] = Binding(space, name, value)
    return found


#: To find a name takes as long as to compare so many values.
_FEW = 4
_BESIDE_MAX = 64


class Names:
    """Bindings, to see whether they hold. Several watches may have them."""

    def __init__(self, bindings: Iterable[Binding]) -> None:
        spaces: Dict[int, Tuple[Any, Dict[str, Any]]] = {}
        absent: Dict[int, Tuple[Any, List[str]]] = {}
        for binding in bindings:
            space = binding.space
            if binding.value is MISSING:
                absent.setdefault(id(space), (space, []))[1].append(binding.name)
                continue
            found = spaces.get(id(space))
            if found is None:
                found = spaces[id(space)] = (space, {})
            found[1][binding.name] = binding.value
        main = main_space()
        #: Each with all that the namespace held, unless few of its names count: what is equal in every place need not be
        #: looked for by name.
        self._spaces = [
            [*_getter(space, names), [] if space is main or len(names) * _FEW < len(space) else list(space.values())]
            for space, names in spaces.values()
        ]
        self._absent = [(space, frozenset(names)) for space, names in absent.values()]
        #: The same for one pass: dicts, what they held, whose they are, and the spaces that are looked at by name.
        self._pass: Optional[Tuple[List[Any], List[List[Any]], List[List[Any]], HeldNames]] = None

    @classmethod
    def together(cls, several: Iterable[Names]) -> Names:
        """Those of several, which share what they note of namespaces."""
        made = cls(())
        for each in several:
            made._spaces += each._spaces
            made._absent += each._absent
        return made

    def of_main(self) -> Names:
        """Those that are in a script."""
        main, made = main_space(), Names(())
        made._spaces = [each for each in self._spaces if each[1] is main]
        made._absent = [each for each in self._absent if each[0] is main]
        return made

    def beyond(self, others: Names) -> Names:
        """Those that are not among others."""
        known = {(id(space), name): value for space, name, value in others._each()}
        absent = {(id(space), name) for space, names in others._absent for name in names}
        spaces: Dict[int, Tuple[Any, Dict[str, Any]]] = {}
        for space, name, value in self._each():
            if known.get((id(space), name), MISSING) is not value:
                spaces.setdefault(id(space), (space, {}))[1][name] = value
        made = Names(())
        made._spaces = [[*_getter(space, names), []] for space, names in spaces.values()]
        for space, found in self._absent:
            left = frozenset(name for name in found if (id(space), name) not in absent)
            if left:
                made._absent.append((space, left))
        return made

    def _each(self) -> Iterator[Tuple[Any, str, Any]]:
        for get, space, values, _ in self._spaces:
            for name, value in zip(get.__reduce__()[1], values):
                yield space, name, value

    def namespaces(self) -> Iterator[Any]:
        """Where they are."""
        yield from (each[1] for each in self._spaces)
        yield from (space for space, _ in self._absent)

    def _in_one_pass(self) -> Tuple[List[Any], List[List[Any]], List[List[Any]], HeldNames]:
        whole = [(dict_of(each[1]), each) for each in self._spaces if each[3]]
        others = [each for each in self._spaces if not each[3]]
        others += [each for found, each in whole if found is None]
        whole = [(found, each) for found, each in whole if found is not None]
        return [found for found, _ in whole], [each[3] for _, each in whole], [each for _, each in whole], HeldNames(others)

    def __bool__(self) -> bool:
        return bool(self._spaces or self._absent)

    def quick(self) -> Callable[[], bool]:
        """The quickest way to see that they hold. Where it says that they may not, `hold` knows."""
        dicts, _, _, others = self._in_one_pass()
        if dicts or self._absent or not others:
            return self.hold
        return partial(others.look, others.spaces, others.names, others.values)

    def hold(self) -> bool:
        """Whether all names lead to what they led to."""
        try:
            if self._pass is None:
                self._pass = self._in_one_pass()
            dicts, held, whole, others = self._pass
            place = first_changed(dicts, held, 0) if dicts else -1
            while place >= 0:
                get, space, values, _ = whole[place]
                if get(space) != values:  # of functions and classes, what is equal is the same
                    return False
                whole[place][3] = held[place] = list(space.values())
                place = first_changed(dicts, held, place + 1)
            if others.names and not others.look(others.spaces, others.names, others.values):
                for get, space, values, _ in others.entries:
                    if get(space) != values:
                        return False
            for space, names in self._absent:
                if not space.keys().isdisjoint(names):
                    return False
        except Exception as error:  # a name is gone, or what is there now resists
            pass_signal(error)
            return False
        return True


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


def _holds_only(space: Any, names: List[str], values: List[Any]) -> bool:
    """Whether a dict holds these names, which are these very objects, and no others."""
    return type(space) is dict and len(space) == len(names) and _hold([space] * len(names), names, values)


#: The same in compiled code, where there is a compiler.
first_changed, hold, holds_only = _first_changed, _hold, _holds_only
try:
    from .._compiled.speedups import first_changed, hold, holds_only  # type: ignore[import-not-found,no-redef]
except ImportError:
    pass


class HeldNames:
    """Names in namespaces, and the very objects that they lead to."""

    def __init__(self, entries: Iterable[Any]) -> None:
        """Each begins with what gets the names, the namespace and the values."""
        self.entries = list(entries)
        self.names: List[str] = []
        self.values: List[Any] = []
        spaces: List[Any] = []
        for get, space, values, *_ in self.entries:
            names = get.__reduce__()[1]
            spaces += [space] * len(names)
            self.names += names
            self.values += values
        dicts = {id(space): dict_of(space) for space in spaces}
        are_dicts = all(type(each) is dict for each in dicts.values())
        self.spaces = [dicts[id(space)] for space in spaces] if are_dicts else spaces
        #: What tells whether these names in these spaces lead to these values.
        self.look = hold if are_dicts else _hold

    def __bool__(self) -> bool:
        return bool(self.names)

    def hold(self) -> bool:
        """Whether they do."""
        return self.look(self.spaces, self.names, self.values)


def main_space() -> Any:
    """The namespace of a script, whose variables may be large and change all the time."""
    return vars(sys.modules["__main__"]) if "__main__" in sys.modules else {}


class Watch:
    """Names and data sources, together."""

    def __init__(
        self,
        names: Collection[Names],
        sources: Collection[Source],
        inputs: Iterable[Tuple[Callable[[], str], str]],
        paths: Iterable[Tuple[Callable[[], Any], Any]],
    ) -> None:
        """`inputs` are what the process is, with how to read it; `paths` lead to code in other ways."""
        self._inputs = list(inputs)
        self._code_paths = list(paths)
        self.generation = code_generation()
        together = Names.together(names)
        self._names, self._main_names = together or None, together.of_main() or None
        self._main = main_space()
        self._quick = together.quick() if together else None
        #: By a word for another, which it was, and what tells whether it holds where this one does: what may say so sooner,
        #: unless there is nothing to ask, and what knows.
        self.beside: Dict[Any, Tuple[Watch, Optional[Callable[[], bool]], Callable[[], bool]]] = {}
        self.watch_data(sources)

    def watch_data(self, sources: Collection[Source]) -> None:
        """Goes on from what the data are now."""
        self._paths: List[Source] = []
        self._slow: List[Tuple[Source, str]] = []
        mutable: List[Any] = []
        data: Dict[int, Tuple[Any, Dict[str, Any]]] = {}
        for source in sources:
            if not source.is_quick():
                self._slow.append((source, source.digest))
                continue
            if type(source.value) not in UNCHANGING and source.value is not MISSING:
                mutable.append(source.value)
            if source.place is not None and source.is_there():
                space, name = source.place
                entries = data.setdefault(id(space), (space, {}))[1]
                if type(name) is tuple:
                    entries.update(zip(name, source.value))
                else:
                    entries[name] = source.value
            else:
                self._paths.append(source)
        self._data = HeldNames([_getter(space, names) for space, names in data.values()])
        self._main_data = HeldNames([each for each in self._data.entries if each[1] is self._main])
        self._snapshot = snapshot(mutable, whole=False)
        self._is_mutable = bool(mutable)
        self._has_data = bool(self._data or self._paths or self._slow or mutable)
        places = chain([each[1] for each in self._data.entries], self._names.namespaces() if self._names is not None else ())
        everywhere = {id(each): each for each in places}
        everywhere.pop(id(self._main), None)
        #: What tells whether any of the namespaces has changed, and what it told when all was as it had been.
        self._read_tags = tags_of(everywhere.values())
        self._tags: Any = None
        self._data_tags: Any = None

    def code_holds(self) -> bool:
        """Whether all names still lead to the same code, and the process is what it was."""
        return self.holds(False)

    def holds_beside(self, other: Watch, word: Any) -> bool:
        """As `holds`, where another was just seen to hold: what both look at is not looked at again."""
        known = other.beside.get(word)
        if known is None or known[0] is not self:
            if len(other.beside) >= _BESIDE_MAX:
                other.beside.clear()
            known = other.beside[word] = self, *self._beyond(other)
        return known[1] is None or known[1]() or known[2]()

    def _beyond(self, other: Watch) -> Tuple[Optional[Callable[[], bool]], Callable[[], bool]]:
        """What tells whether this one holds where another does, as `beside` has it."""
        if self._has_data or self._snapshot is None or self._read_tags is not None or self.generation != other.generation:
            return self.holds, self.holds
        paths = {(id(read), id(value)) for read, value in other._code_paths}
        if not all((id(read), id(value)) in paths for read, value in self._code_paths):
            return self.holds, self.holds
        if not set(self._inputs) <= set(other._inputs):
            return self.holds, self.holds
        nothing = Names(())
        names = (self._names or nothing).beyond(other._names or nothing)
        return names.quick() if names else None, names.hold

    def holds(self, data_too: bool = True) -> bool:
        """Whether all is as it was. False also where it may be."""
        if self.generation != event_watch.replaced or (data_too and self._snapshot is None):
            return False
        try:
            if self._read_tags is None:
                if self._quick is not None and not self._quick() and self._names is not None and not self._names.hold():
                    return False
            else:
                tags = self._read_tags()
                unchanged = tags == self._tags
                names = self._main_names if unchanged else self._names
                if names is not None and not names.hold():
                    return False
                if not unchanged:
                    self._tags = tags
            for read, value in self._code_paths:
                if read() is not value:
                    return False
            for read, text in self._inputs:
                if read() != text:
                    return False
            if not data_too or not self._has_data:
                return True
            if self._data:
                unchanged = self._tags is not None and self._tags is self._data_tags
                if not (self._main_data if unchanged else self._data).hold():
                    return False
                self._data_tags = self._tags
            for source in self._paths:
                if not source.reads_same():
                    return False
            if self._is_mutable and (self._snapshot is None or not self._snapshot.holds()):
                return False
            for source, digest in self._slow:
                if source.refresh() != digest:
                    return False
        except Exception as error:  # a name is gone, or what is there now resists
            pass_signal(error)
            return False
        return True


def _getter(space: Any, names: Dict[str, Any]) -> Tuple[Callable[[Any], Any], Any, Tuple[Any, ...]]:
    several = (*names, next(iter(names)))  # of one name it would return the value, not a tuple
    get = itemgetter(*several)
    return get, space, tuple(names[name] for name in several)
