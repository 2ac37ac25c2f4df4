"""The client for event loops: every operation of the protocol as a coroutine."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from .._region.region import Region, region_of
from . import operations
from .async_connection import AsyncConnection
from .connection import encode_request
from .errors import Unavailable, checked
from .operations import UNSET, Entry, Operation


class AsyncClient:
    """As `Client`, for one event loop. Connects at the first use, or in `async with`. Tasks may share it;
    for one that waits for a lease the others wait too, as on any connection of the protocol."""

    def __init__(
        self, path: Optional[str] = None, *, timeout: Optional[float] = None, client: str = "python"
    ) -> None:
        """The arguments are those of `Client`."""
        self._path = path
        self._timeout = timeout
        self._name = client
        self._closed = False
        self._subscribed: List[Operation] = []
        self._connection: Optional[AsyncConnection] = None
        #: What the daemon publishes to this process.
        self._region: Optional[Region] = None
        self._learning: Optional[asyncio.Future[None]] = None

    async def __aenter__(self) -> AsyncClient:
        await self._live()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection. The client cannot be used afterwards."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()

    async def _live(self) -> AsyncConnection:
        if self._closed:
            raise Unavailable("the client is closed")
        if self._connection is None or self._connection.closed:
            connection = await AsyncConnection.open(self._path, self._timeout, self._name)
            if self._subscribed:
                await connection.exchange([encode_request(each.request) for each in self._subscribed])
                connection.events.append({"event": "lost"})
            self._connection = connection
            self._region = region_of(connection, self._path)
        return self._connection

    def _answered(self, region: Region, fn: str) -> None:
        """A hit came from the daemon. To map the region blocks, so another thread does it, once at a time."""
        function = region.counted(fn)
        if function is not None and (self._learning is None or self._learning.done()):
            loop = asyncio.get_running_loop()
            self._learning = loop.run_in_executor(None, region.learn, fn, function)

    async def _call(self, operation: Operation) -> Any:
        return (await self._exchange([operation]))[0]

    async def _exchange(self, batch: List[Operation]) -> List[Any]:
        connection = await self._live()
        lines = [encode_request(operation.request) for operation in batch]
        replies = await connection.exchange(lines, sum(operation.wait for operation in batch))
        return [operation.read(checked(reply)) for operation, reply in zip(batch, replies)]

    async def execute(self, batch: List[Operation]) -> List[Any]:
        """Sends operations of `memod.operations` together; their results, in order."""
        return await self._exchange(batch)

    async def subscribe(self, fn: Optional[str] = None) -> None:
        """Asks for the events of a function, or of all; `events` has them."""
        operation = operations.subscribe(fn)
        await self._call(operation)
        self._subscribed.append(operation)

    async def events(self, timeout: Optional[float] = None) -> AsyncIterator[Dict[str, Any]]:
        """The events as they come: dicts with `event`, `fn`, `key`, `client`. Ends when none comes for
        `timeout` seconds; waits for ever where that is None."""
        while True:
            found = await (await self._live()).next_event(timeout)
            if found is None:
                return
            yield operations.event(found)

    async def ping(self) -> None:
        """Answers where the daemon is alive."""
        await self._call(operations.ping())

    async def hello(self, client: Optional[str] = None) -> Dict[str, Any]:
        """What the daemon is: its `server`, `version`, `protocol`, `limits` and `instance`, another one after
        each start. With `client` the connection goes by that name from now on."""
        result: Dict[str, Any] = await self._call(operations.hello(client))
        if client is not None:
            self._name = client
        return result

    async def get(self, fn: str, key: Any, default: Any = None) -> Any:
        """The value of an entry, or `default`."""
        region = self._region
        if region is None or self._closed:
            return await self._call(operations.get(fn, key, default))
        found = region.find(fn, operations.key_text(key))
        if found is not None:
            return operations.unpack(found[0])
        value = await self._call(operations.get(fn, key, operations.MISSING))
        if value is operations.MISSING:
            return default
        self._answered(region, fn)
        return value

    async def fetch(
        self,
        fn: str,
        key: Any,
        *,
        lease_ms: Optional[int] = None,
        wait_ms: Optional[int] = None,
        early: Optional[float] = None,
        meta: Optional[bool] = None,
        remote: Optional[bool] = None,
    ) -> Entry:
        """A `get` with these options, and all that it answers."""
        operation = operations.fetch(
            fn, key, lease_ms=lease_ms, wait_ms=wait_ms, early=early, meta=meta, remote=remote
        )
        result: Entry = await self._call(operation)
        return result

    async def put(
        self,
        fn: str,
        key: Any,
        value: Any,
        *,
        ttl_ms: Optional[int] = UNSET,
        stale_ms: Optional[int] = UNSET,
        cost_ms: Optional[int] = None,
        tags: Optional[Sequence[str]] = None,
        lease: Optional[str] = None,
        durable: Optional[bool] = None,
        if_absent: Optional[bool] = None,
    ) -> bool:
        """Stores a value; whether it was stored. A `ttl_ms` of None is for ever."""
        options = operations.put_options(
            ttl_ms=ttl_ms,
            stale_ms=stale_ms,
            cost_ms=cost_ms,
            tags=tags,
            lease=lease,
            durable=durable,
            if_absent=if_absent,
        )
        result: bool = await self._call(operations.put(fn, key, value, options))
        return result

    async def release(self, fn: str, key: Any, lease: str) -> bool:
        """Gives a lease back without a value."""
        result: bool = await self._call(operations.release(fn, key, lease))
        return result

    async def delete(self, fn: str, key: Any, *, wait_remote_ms: Optional[int] = None) -> int:
        """Removes an entry: 1 where there was one, else 0."""
        result: int = await self._call(operations.delete(fn, key, wait_remote_ms))
        return result

    async def touch(self, fn: str, key: Any, ttl_ms: Optional[int]) -> bool:
        """Gives an entry another time to live, from now; None is for ever."""
        result: bool = await self._call(operations.touch(fn, key, ttl_ms))
        return result

    async def mget(self, fn: str, keys: Iterable[Any]) -> List[Entry]:
        """Several entries of a function, in the order of the keys."""
        region = self._region
        if region is None or self._closed:
            result: List[Entry] = await self._call(operations.mget(fn, keys))
            return result
        keys = list(keys)
        found = [region.find(fn, operations.key_text(key)) for key in keys]
        missing = [key for key, hit in zip(keys, found) if hit is None]
        asked = iter(await self._call(operations.mget(fn, missing)) if missing or not keys else ())
        result = [next(asked) if hit is None else Entry(True, operations.unpack(hit[0])) for hit in found]
        if any(hit is None and entry.hit for hit, entry in zip(found, result)):
            self._answered(region, fn)
        return result

    async def mput(
        self,
        fn: str,
        entries: Iterable[Union[Tuple[Any, Any], Mapping[str, Any]]],
        *,
        ttl_ms: Optional[int] = UNSET,
        stale_ms: Optional[int] = UNSET,
        cost_ms: Optional[int] = None,
        tags: Optional[Sequence[str]] = None,
        durable: Optional[bool] = None,
        if_absent: Optional[bool] = None,
    ) -> int:
        """Stores entries, pairs of key and value or dicts with both and the options of `put` only for that entry;
        how many were stored. Raises `TypeError` for anything else, and stores nothing then."""
        options = operations.put_options(
            ttl_ms=ttl_ms,
            stale_ms=stale_ms,
            cost_ms=cost_ms,
            tags=tags,
            durable=durable,
            if_absent=if_absent,
        )
        result: int = await self._call(operations.mput(fn, entries, options))
        return result

    async def clear(
        self,
        fn: Optional[str] = None,
        *,
        tag: Optional[str] = None,
        all: bool = False,
        pattern: Optional[str] = None,
        wait_remote_ms: Optional[int] = None,
    ) -> int:
        """Removes the entries of a function, those with a tag, those of functions whose names match, or all; how
        many those were."""
        result: int = await self._call(operations.clear(fn, tag, all, pattern, wait_remote_ms))
        return result

    async def define(
        self,
        fn: str,
        *,
        maxsize: Optional[int] = UNSET,
        ttl_ms: Optional[int] = UNSET,
        stale_ms: Optional[int] = UNSET,
        typed: bool = UNSET,
        persist: bool = UNSET,
        max_bytes: Optional[int] = UNSET,
        remote: Union[bool, str] = UNSET,
        coherent: bool = UNSET,
        remote_lease: bool = UNSET,
    ) -> Dict[str, Any]:
        """Sets what is given of a function's profile; the profile as it now is. None is no limit."""
        operation = operations.define(
            fn,
            maxsize=maxsize,
            ttl_ms=ttl_ms,
            stale_ms=stale_ms,
            typed=typed,
            persist=persist,
            max_bytes=max_bytes,
            remote=remote,
            coherent=coherent,
            remote_lease=remote_lease,
        )
        result: Dict[str, Any] = await self._call(operation)
        return result

    async def info(self, fn: str, *, mismatches: Optional[bool] = None) -> Dict[str, Any]:
        """`hits`, `misses`, `maxsize`, `currsize`, `typed` and more of a function; its last `mismatches`, if asked for."""
        result: Dict[str, Any] = await self._call(operations.info(fn, mismatches))
        return result

    async def report(
        self,
        fn: str,
        hits: int,
        saved_ms: Optional[int] = None,
        *,
        region_hits: Optional[int] = None,
        verified: Optional[int] = None,
        mismatched: Optional[int] = None,
        mismatch: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """Adds hits that were served without the daemon, and what came of those that were computed again."""
        operation = operations.report(
            fn,
            hits,
            saved_ms=saved_ms,
            region_hits=region_hits,
            verified=verified,
            mismatched=mismatched,
            mismatch=mismatch,
        )
        await self._call(operation)

    async def functions(
        self, limit: Optional[int] = None, after: Any = None, *, pattern: Optional[str] = None
    ) -> Dict[str, Any]:
        """A page of `functions`, and `next`."""
        result: Dict[str, Any] = await self._call(operations.functions(limit, after, pattern))
        return result

    async def keys(self, fn: str, limit: Optional[int] = None, after: Any = None) -> Dict[str, Any]:
        """A page of a function's `keys`, and `next`."""
        result: Dict[str, Any] = await self._call(operations.keys(fn, limit, after))
        return result

    async def stats(self) -> Dict[str, Any]:
        """The figures of the daemon."""
        result: Dict[str, Any] = await self._call(operations.stats())
        return result

    async def sync(self) -> None:
        """Returns once every write acknowledged before is committed."""
        await self._call(operations.sync())

    async def why(self, fn: str, key: Any, *, remote: Optional[bool] = None) -> Dict[str, Any]:
        """What became of an entry: its `state`, when and by what."""
        result: Dict[str, Any] = await self._call(operations.why(fn, key, remote))
        return result

    async def history(
        self, fn: Optional[str] = None, *, span_ms: Optional[int] = None, points: Optional[int] = None
    ) -> Dict[str, Any]:
        """What happened over a time, of a function or in all: `step_ms`, and `points` of hits, misses and more."""
        result: Dict[str, Any] = await self._call(operations.history(fn, span_ms, points))
        return result

    async def advise(self, fn: Optional[str] = None) -> Dict[str, Any]:
        """What other sizes would do, for a function or for each."""
        result: Dict[str, Any] = await self._call(operations.advise(fn))
        return result

    async def forget(self, fn: Optional[str] = None, *, pattern: Optional[str] = None) -> Dict[str, Any]:
        """Removes a function, or those whose names match: entries, counters, settings and history."""
        result: Dict[str, Any] = await self._call(operations.forget(fn, pattern))
        return result

    async def backup(self, path: str) -> None:
        """Administrators only: a copy of the database at a new absolute path."""
        await self._call(operations.backup(path))
