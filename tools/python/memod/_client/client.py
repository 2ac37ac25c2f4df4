"""The blocking client: every operation of the protocol as a method."""

from __future__ import annotations

import time
from _thread import RLock

from .._region.region import Region, region_of
from . import operations
from .connection import Connection, Reply, decode_reply, encode_request
from .errors import MemodError, RequestTimeout, Unavailable, checked
from .operations import UNSET, Entry, Operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union


class Client:
    """A connection to the daemon. Safe to use from several threads, which take turns.

    Every method raises `Unavailable`, `RequestTimeout` or `ProtocolError` where the daemon cannot be talked
    to, and the `ReplyError` of its code where it refuses. After one of the first three the next call
    connects again. Keys and values are JSON, or of the types that `lru_cache` stores; others raise
    `memod.Unstorable`."""

    def __init__(
        self, path: Optional[str] = None, *, timeout: Optional[float] = None, client: str = "python"
    ) -> None:
        """Connects to the socket at `path`, or where clients look. `timeout` is in seconds, a request;
        `MEMOD_TIMEOUT`, else 1, where it is None. `client` is the name in the events that others see."""
        self._path = path
        self._timeout = timeout
        self._name = client
        self._lock = RLock()
        self._closed = False
        self._subscribed: List[Operation] = []
        self._events: List[Reply] = []
        self._connection: Optional[Connection] = Connection(path, timeout, client)
        #: What the daemon publishes to this process.
        self._region: Optional[Region] = region_of(self._connection, path)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection. The client cannot be used afterwards."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    @property
    def limits(self) -> Dict[str, Any]:
        """The daemon's limits, as it named them."""
        return self._live().limits

    def pipeline(self) -> Pipeline:
        """Collects operations, to be sent together."""
        return Pipeline(self)

    def _live(self) -> Connection:
        if self._closed:
            raise Unavailable("the client is closed")
        if self._connection is None or self._connection.closed:
            self._connection = Connection(self._path, self._timeout, self._name)
            self._region = region_of(self._connection, self._path)
            if self._subscribed:
                self._connection.exchange([encode_request(each.request) for each in self._subscribed])
                self._events.append({"event": "lost"})
        return self._connection

    def _call(self, operation: Operation) -> Any:
        return self._call_all([operation])[0]

    def _call_all(self, batch: List[Operation]) -> List[Any]:
        replies = self._exchange(batch)
        return [operation.read(checked(reply)) for operation, reply in zip(batch, replies)]

    def _exchange(self, batch: List[Operation]) -> List[Reply]:
        lines = [encode_request(operation.request) for operation in batch]
        with self._lock:
            return self._live().exchange(lines, sum(operation.wait for operation in batch), self._events)

    def subscribe(self, fn: Optional[str] = None) -> None:
        """Asks for the events of a function, or of all; `events` has them."""
        operation = operations.subscribe(fn)
        with self._lock:
            self._call(operation)
            self._subscribed.append(operation)

    def events(self, timeout: Optional[float] = None) -> Iterator[Dict[str, Any]]:
        """The events as they come: dicts with `event`, `fn`, `key`, `client`. Ends when none comes for
        `timeout` seconds; waits for ever where that is None."""
        while True:
            found = self._next_event(timeout)
            if found is None:
                return
            yield operations.event(found)

    def _next_event(self, timeout: Optional[float]) -> Optional[Reply]:
        with self._lock:
            connection = self._live()
            if self._events:
                return self._events.pop(0)
            deadline = time.monotonic() + (timeout if timeout is not None else _FOR_EVER_SECONDS)
            try:
                line = connection.buffered_line()
                while line is None:
                    connection.receive(max(deadline - time.monotonic(), 0.000001))
                    line = connection.buffered_line()
                return decode_reply(line)
            except RequestTimeout:
                return None
            except MemodError:
                connection.close()
                raise

    def ping(self) -> None:
        """Answers where the daemon is alive."""
        self._call(operations.ping())

    def hello(self, client: Optional[str] = None) -> Dict[str, Any]:
        """What the daemon is: its `server`, `version`, `protocol`, `limits` and `instance`, another one after
        each start. With `client` the connection goes by that name from now on."""
        with self._lock:
            result: Dict[str, Any] = self._call(operations.hello(client))
            if client is not None:
                self._name = client
            return result

    def get(self, fn: str, key: Any, default: Any = None) -> Any:
        """The value of an entry, or `default`."""
        region = self._region
        if region is None or self._closed:
            return self._call(operations.get(fn, key, default))
        found = region.find(fn, operations.key_text(key))
        if found is not None:
            value = found[0]
            return value if type(value) in operations.PLAIN else operations.unpack(value)
        value = self._call(operations.get(fn, key, operations.MISSING))
        if value is operations.MISSING:
            return default
        region.answered(fn)
        return value

    def fetch(
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
        result: Entry = self._call(operation)
        return result

    def put(
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
        result: bool = self._call(operations.put(fn, key, value, options))
        return result

    def release(self, fn: str, key: Any, lease: str) -> bool:
        """Gives a lease back without a value."""
        result: bool = self._call(operations.release(fn, key, lease))
        return result

    def delete(self, fn: str, key: Any, *, wait_remote_ms: Optional[int] = None) -> int:
        """Removes an entry: 1 where there was one, else 0."""
        result: int = self._call(operations.delete(fn, key, wait_remote_ms))
        return result

    def touch(self, fn: str, key: Any, ttl_ms: Optional[int]) -> bool:
        """Gives an entry another time to live, from now; None is for ever."""
        result: bool = self._call(operations.touch(fn, key, ttl_ms))
        return result

    def mget(self, fn: str, keys: Iterable[Any]) -> List[Entry]:
        """Several entries of a function, in the order of the keys."""
        region = self._region
        if region is None or self._closed:
            result: List[Entry] = self._call(operations.mget(fn, keys))
            return result
        keys = list(keys)
        found = [region.find(fn, operations.key_text(key)) for key in keys]
        missing = [key for key, hit in zip(keys, found) if hit is None]
        asked = iter(self._call(operations.mget(fn, missing)) if missing or not keys else ())
        result = [next(asked) if hit is None else Entry(True, operations.unpack(hit[0])) for hit in found]
        if any(hit is None and entry.hit for hit, entry in zip(found, result)):
            region.answered(fn)
        return result

    def mput(
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
        result: int = self._call(operations.mput(fn, entries, options))
        return result

    def clear(
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
        result: int = self._call(operations.clear(fn, tag, all, pattern, wait_remote_ms))
        return result

    def define(
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
        result: Dict[str, Any] = self._call(operation)
        return result

    def info(self, fn: str, *, mismatches: Optional[bool] = None) -> Dict[str, Any]:
        """`hits`, `misses`, `maxsize`, `currsize`, `typed` and more of a function; its last `mismatches`, if asked for."""
        result: Dict[str, Any] = self._call(operations.info(fn, mismatches))
        return result

    def report(
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
        self._call(operation)

    def functions(
        self, limit: Optional[int] = None, after: Any = None, *, pattern: Optional[str] = None
    ) -> Dict[str, Any]:
        """A page of `functions`, and `next`."""
        result: Dict[str, Any] = self._call(operations.functions(limit, after, pattern))
        return result

    def keys(self, fn: str, limit: Optional[int] = None, after: Any = None) -> Dict[str, Any]:
        """A page of a function's `keys`, and `next`."""
        result: Dict[str, Any] = self._call(operations.keys(fn, limit, after))
        return result

    def stats(self) -> Dict[str, Any]:
        """The figures of the daemon."""
        result: Dict[str, Any] = self._call(operations.stats())
        return result

    def sync(self) -> None:
        """Returns once every write acknowledged before is committed."""
        self._call(operations.sync())

    def why(self, fn: str, key: Any, *, remote: Optional[bool] = None) -> Dict[str, Any]:
        """What became of an entry: its `state`, when and by what."""
        result: Dict[str, Any] = self._call(operations.why(fn, key, remote))
        return result

    def history(
        self, fn: Optional[str] = None, *, span_ms: Optional[int] = None, points: Optional[int] = None
    ) -> Dict[str, Any]:
        """What happened over a time, of a function or in all: `step_ms`, and `points` of hits, misses and more."""
        result: Dict[str, Any] = self._call(operations.history(fn, span_ms, points))
        return result

    def advise(self, fn: Optional[str] = None) -> Dict[str, Any]:
        """What other sizes would do, for a function or for each."""
        result: Dict[str, Any] = self._call(operations.advise(fn))
        return result

    def forget(self, fn: Optional[str] = None, *, pattern: Optional[str] = None) -> Dict[str, Any]:
        """Removes a function, or those whose names match: entries, counters, settings and history."""
        result: Dict[str, Any] = self._call(operations.forget(fn, pattern))
        return result

    def backup(self, path: str) -> None:
        """Administrators only: a copy of the database at a new absolute path."""
        self._call(operations.backup(path))


_FOR_EVER_SECONDS = 3.0e8


class Pipeline:
    """Operations that are sent together. Used as `with client.pipeline() as p: p.get(...); p.put(...)`, after
    which `p.results` has what each would have returned, or the `ReplyError` that it met."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._batch: List[Operation] = []
        self.results: List[Any] = []

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.execute()

    def __len__(self) -> int:
        return len(self._batch)

    def add(self, operation: Operation) -> None:
        """Adds any operation of `memod.operations`."""
        self._batch.append(operation)

    def get(self, fn: str, key: Any, default: Any = None) -> None:
        """As `Client.get`."""
        self.add(operations.get(fn, key, default))

    def fetch(self, fn: str, key: Any, **options: Any) -> None:
        """As `Client.fetch`."""
        self.add(operations.fetch(fn, key, **options))

    def put(self, fn: str, key: Any, value: Any, **options: Any) -> None:
        """As `Client.put`."""
        self.add(operations.put(fn, key, value, operations.put_options(**options)))

    def delete(self, fn: str, key: Any) -> None:
        """As `Client.delete`."""
        self.add(operations.delete(fn, key))

    def touch(self, fn: str, key: Any, ttl_ms: Optional[int]) -> None:
        """As `Client.touch`."""
        self.add(operations.touch(fn, key, ttl_ms))

    def execute(self) -> List[Any]:
        """Sends what was added, a window at a time so that neither side waits for the other to read."""
        batch, self._batch = self._batch, []
        self.results = []
        for start in range(0, len(batch), _WINDOW):
            window = batch[start : start + _WINDOW]
            for operation, reply in zip(window, self._client._exchange(window)):
                self.results.append(_result(operation, reply))
        return self.results


def _result(operation: Operation, reply: Reply) -> Any:
    try:
        return operation.read(checked(reply))
    except MemodError as error:
        return error


_WINDOW = 64
