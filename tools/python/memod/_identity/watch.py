"""Looks whether anything that a fingerprint was taken of has changed, as quickly as may be: there may be thousands of
functions, and it is asked before each question to the daemon."""

from __future__ import annotations

from functools import partial
from itertools import chain

from .._client.signals import pass_signal
from . import event_watch
from .dict_tags import dict_of, tags_of
from .data_source import MISSING, Source
from .data_watch import main_space, watch_of
from .held_names import HeldNames, first_changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Any, Callable, Collection, Dict, Iterable, Iterator, List, Optional, Tuple

def code_generation() -> int:
    """A number that changes when a function is given other code or defaults, as tools do that reload modules."""
    event_watch.listen()
    return event_watch.replaced


class Binding:
    """A name in a namespace that leads to code."""

    __slots__ = ("space", "name", "value")

    def __init__(self, space: Any, name: str, value: Any) -> None:
        self.space = space
        self.name = name
        self.value = value

    def holds(self) -> bool:
        """Whether it still does."""
        return self.space.get(self.name, MISSING) is self.value


class Inherited(Binding):
    """A name that a class of the program does not have itself, and inherits from another one."""

    __slots__ = ()

    def __init__(self, space: Any, name: str) -> None:
        super().__init__(space, name, MISSING)


#: To find a name takes as long as to compare so many values.
_FEW = 4
_BESIDE_MAX = 64


#: What no name leads to.
_NEVER = object()


class _Space:
    """Names in a namespace, what they lead to, and all that it held where that is to be compared."""

    __slots__ = ("space", "names", "values", "whole")

    def __init__(self, space: Any, names: List[str], values: List[Any], whole: List[Any]) -> None:
        self.space = space
        self.names = names
        self.values = values
        self.whole = whole

    def holds(self) -> bool:
        """Whether the names lead there: of functions and classes, what is equal is the same."""
        get = self.space.get
        return [get(name, MISSING) for name in self.names] == self.values


class Names:
    """Bindings, to see whether they hold. Several watches may have them."""

    def __init__(self, bindings: Iterable[Binding], written: AbstractSet[str] = frozenset()) -> None:
        """`written` are attributes that the code sets itself: it may put those into classes that inherit them."""
        spaces: Dict[int, Tuple[Any, Dict[str, Any]]] = {}
        absent: Dict[int, Tuple[Any, List[str]]] = {}
        for binding in bindings:
            space = binding.space
            if binding.value is MISSING:
                if type(binding) is Inherited and binding.name in written:
                    continue
                absent.setdefault(id(space), (space, []))[1].append(binding.name)
                continue
            found = spaces.get(id(space))
            if found is None:
                found = spaces[id(space)] = (space, {})
            # Several functions may read it, of whom one may have found something else there.
            other = found[1].setdefault(binding.name, binding.value)
            if other is not binding.value:
                found[1][binding.name] = _NEVER
        self._spaces = [_Space(space, list(held), list(held.values()), []) for space, held in spaces.values()]
        main = main_space()
        for each in self._spaces:
            # All that the namespace held, unless few of its names count: what is the same in every place need not be looked for
            # by name.
            if each.space is not main and len(each.names) * _FEW >= len(each.space):
                whole = list(each.space.values())
                if all([each.space.get(name) is value for name, value in zip(each.names, each.values)]):
                    each.whole = whole
        self._absent = [(space, frozenset(names)) for space, names in absent.values()]
        #: The same for one pass: dicts, what they held, whose they are, and the spaces that are looked at by name.
        self._pass: Optional[Tuple[List[Any], List[List[Any]], List[_Space], List[_Space], HeldNames]] = None

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
        made._spaces = [each for each in self._spaces if each.space is main]
        made._absent = [each for each in self._absent if each[0] is main]
        return made

    def beyond(self, others: Names) -> Names:
        """Those that are not among others."""
        known = {(id(each.space), name): value for each in others._spaces for name, value in zip(each.names, each.values)}
        absent = {(id(space), name) for space, names in others._absent for name in names}
        made = Names(())
        for each in self._spaces:
            pairs = zip(each.names, each.values)
            left = {name: value for name, value in pairs if known.get((id(each.space), name), MISSING) is not value}
            if left:
                made._spaces.append(_Space(each.space, list(left), list(left.values()), []))
        for space, found in self._absent:
            names = frozenset(name for name in found if (id(space), name) not in absent)
            if names:
                made._absent.append((space, names))
        return made

    def namespaces(self) -> Iterator[Any]:
        """Where they are."""
        yield from (each.space for each in self._spaces)
        yield from (space for space, _ in self._absent)

    def _in_one_pass(self) -> Tuple[List[Any], List[List[Any]], List[_Space], List[_Space], HeldNames]:
        dicts, whole, others = [], [], []
        for each in self._spaces:
            found = dict_of(each.space) if each.whole else None
            if found is None:
                others.append(each)
            else:
                dicts.append(found)
                whole.append(each)
        held = HeldNames([(each.space, each.names, each.values) for each in others])
        return dicts, [each.whole for each in whole], whole, others, held

    def __bool__(self) -> bool:
        return bool(self._spaces or self._absent)

    def are_named(self) -> bool:
        """Whether `quick` compares the very objects, in one step."""
        dicts, _, _, _, others = self._in_one_pass()
        return bool(others) and not dicts and not self._absent

    def quick(self) -> Callable[[], bool]:
        """The quickest way to see that they hold. Where it says that they may not, `hold` knows."""
        dicts, _, _, _, others = self._in_one_pass()
        if dicts or self._absent or not others:
            return self.hold
        return partial(others.look, others.spaces, others.names, others.values)

    def hold(self) -> bool:
        """Whether all names lead to what they led to."""
        try:
            if self._pass is None:
                self._pass = self._in_one_pass()
            dicts, held, whole, others, by_name = self._pass
            place = first_changed(dicts, held, 0) if dicts else -1
            while place >= 0:
                changed = whole[place]
                if not changed.holds():
                    return False
                changed.whole = held[place] = list(changed.space.values())
                place = first_changed(dicts, held, place + 1)
            if by_name and not by_name.hold() and not all([each.holds() for each in others]):
                return False
            for space, names in self._absent:
                if not space.keys().isdisjoint(names):
                    return False
        except Exception as error:  # what is there now resists
            pass_signal(error)
            return False
        return True


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
        """Goes on from what the data are now, which were refreshed."""
        self._data = watch_of(list(sources))
        self._has_data = bool(self._data)
        places = chain(self._data.namespaces(), self._names.namespaces() if self._names is not None else ())
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
        if self.generation != other.generation:
            return self.holds, self.holds
        paths = {(id(read), id(value)) for read, value in other._code_paths}
        if not all((id(read), id(value)) in paths for read, value in self._code_paths):
            return self.holds, self.holds
        if not set(self._inputs) <= set(other._inputs):
            return self.holds, self.holds
        if self._read_tags is not None:
            places_hold = partial(self.holds, True, False)
            return places_hold, places_hold
        nothing = Names(())
        names = (self._names or nothing).beyond(other._names or nothing)
        quick = names.quick() if names else None
        if not self._data:
            return quick, names.hold

        def hold() -> bool:
            try:
                return (quick is None or quick() or names.hold()) and self._data.holds()
            except Exception as error:  # what is there now resists
                pass_signal(error)
                return False

        entries = self._data.entries()
        if entries is None:
            return hold, hold
        together = Names(())
        together._spaces = names._spaces + [_Space(*entry, []) for entry in entries]
        together._absent = names._absent
        # Where it is not the very same, what is equal would do for code, and not for data.
        return (together.quick() if together.are_named() else hold), hold

    def holds(self, data_too: bool = True, process_too: bool = True) -> bool:
        """Whether all is as it was. False also where it may be."""
        if self.generation != event_watch.replaced:
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
            if process_too:
                for read, value in self._code_paths:
                    if read() is not value:
                        return False
                for read, text in self._inputs:
                    if read() != text:
                        return False
            if data_too and self._has_data:
                if not self._data.holds(self._tags is not None and self._tags is self._data_tags):
                    return False
                self._data_tags = self._tags
        except Exception as error:  # what is there now resists
            pass_signal(error)
            return False
        return True
