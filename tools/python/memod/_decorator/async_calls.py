"""Calls of coroutine functions that are under way in this process, for those that wait for each other."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any, Dict, Hashable, List, Optional, Set, Tuple


class Circle(Exception):
    """A call that waits, through others, for itself."""


class Call:
    """A computation, and what it waits for: other calls, and those that it has started itself."""

    def __init__(self, parent: Optional[Call]) -> None:
        self.parent = parent
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.awaits: Set[Call] = set()

    def would_wait_for(self, others: List[Call]) -> bool:
        """Whether this call waits, directly or not, for one of the others."""
        seen: Set[Call] = set()
        open_calls = [self]
        while open_calls:
            call = open_calls.pop()
            if call in others:
                return True
            if call not in seen:
                seen.add(call)
                open_calls.extend(call.awaits)
        return False


_current: ContextVar[Optional[Call]] = ContextVar("memod_call", default=None)


class Calls:
    """The calls of one function under way, by event loop and key."""

    def __init__(self) -> None:
        self._calls: Dict[Tuple[int, Hashable], Call] = {}

    async def wait(self, key: Hashable) -> bool:
        """Waits for another's computation of that key. False where there is none. Raises `Circle` where to
        wait would be to wait for itself."""
        call = self._calls.get((id(asyncio.get_running_loop()), key))
        if call is None:
            return False
        mine = _current.get()
        ancestors: List[Call] = []
        each = mine
        while each is not None:
            ancestors.append(each)
            each = each.parent
        if call.would_wait_for(ancestors):
            raise Circle
        if mine is not None:
            mine.awaits.add(call)
        try:
            await asyncio.wait([call.done])
        finally:
            if mine is not None:
                mine.awaits.discard(call)
        return True

    def begin(self, key: Hashable) -> Any:
        """Registers a computation, unless one of the same key is there; `end` takes what it returns."""
        place = (id(asyncio.get_running_loop()), key)
        parent = _current.get()
        call = Call(parent)
        if parent is not None:
            parent.awaits.add(call)
        self._calls.setdefault(place, call)
        return place, call, _current.set(call)

    def end(self, begun: Any) -> None:
        """The computation is over, however it went."""
        place, call, token = begun
        _current.reset(token)
        if call.parent is not None:
            call.parent.awaits.discard(call)
        if self._calls.get(place) is call:
            del self._calls[place]
        call.done.set_result(None)
