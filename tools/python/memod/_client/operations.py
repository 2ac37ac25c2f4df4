"""The operations of the protocol: for each the request, and what of the reply the caller gets."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .._codec import codec
from .._codec.codec import Undecodable
from .connection import Reply
from .errors import ProtocolError

ABSENT: Any = object()


class Entry(NamedTuple):
    """What a `get` found. Without a hit `value` is None; figures are there where `meta` was asked for."""

    hit: bool
    value: Any = None
    stale: bool = False
    lease: Optional[str] = None
    held: bool = False
    meta: Dict[str, Any] = {}


class Operation(NamedTuple):
    """A request and how to read its reply. `wait` is how many seconds the daemon may take over it."""

    request: Dict[str, Any]
    read: Callable[[Reply], Any]
    wait: float = 0.0


def pack(value: Any) -> Any:
    """A key or value as JSON, plain where it is plain. Raises `memod.Unstorable`, a `TypeError`."""
    packer = codec.Packer()
    tree = packer.pack(value)
    if packer.must_verify:
        codec.encode(value)
    return tree


def unpack(tree: Any) -> Any:
    """The value of JSON from the daemon; the JSON itself where it is of a kind not known here."""
    try:
        return codec.unpack(tree)
    except (Undecodable, RecursionError):
        return tree


def _field(name: str) -> Callable[[Reply], Any]:
    def read(reply: Reply) -> Any:
        try:
            return reply[name]
        except KeyError:
            raise ProtocolError(f"the reply lacks {name}") from None

    return read


def _nothing(_: Reply) -> None:
    return None


def _figures(reply: Reply) -> Dict[str, Any]:
    return {name: value for name, value in reply.items() if name not in ("ok", "id")}


def _entry(reply: Reply) -> Entry:
    if reply.get("hit") is not True:
        return Entry(False, lease=reply.get("lease"), held=reply.get("held") is True)
    known = ("ok", "id", "hit", "value", "stale", "lease", "held")
    meta = {name: value for name, value in reply.items() if name not in known}
    return Entry(
        True, unpack(reply.get("value")), reply.get("stale") is True, reply.get("lease"), False, meta
    )


def _request(op: str, **fields: Any) -> Dict[str, Any]:
    return {"op": op, **{name: value for name, value in fields.items() if value is not ABSENT}}


def _given(options: Dict[str, Any], allowed: Tuple[str, ...]) -> Dict[str, Any]:
    for name in options:
        if name not in allowed:
            raise TypeError(f"there is no option {name}; there are {', '.join(allowed)}")
    return options


_PUT_OPTIONS = ("ttl_ms", "stale_ms", "cost_ms", "tags", "lease", "durable", "if_absent")
_GET_OPTIONS = ("lease_ms", "wait_ms", "early", "meta")


def ping() -> Operation:
    return Operation(_request("ping"), _nothing)


def hello(client: Optional[str]) -> Operation:
    return Operation(_request("hello", client=ABSENT if client is None else client), _figures)


def get(fn: str, key: Any, default: Any) -> Operation:
    def read(reply: Reply) -> Any:
        return unpack(reply.get("value")) if reply.get("hit") is True else default

    return Operation(_request("get", fn=fn, key=pack(key)), read)


def fetch(fn: str, key: Any, options: Dict[str, Any]) -> Operation:
    request = _request("get", fn=fn, key=pack(key), **_given(options, _GET_OPTIONS))
    return Operation(request, _entry, float(options.get("wait_ms", 0)) / 1000)


def put(fn: str, key: Any, value: Any, options: Dict[str, Any]) -> Operation:
    options = _given(options, _PUT_OPTIONS)
    return Operation(_request("put", fn=fn, key=pack(key), value=pack(value), **options), _field("stored"))


def release(fn: str, key: Any, lease: str) -> Operation:
    return Operation(_request("release", fn=fn, key=pack(key), lease=lease), _field("released"))


def delete(fn: str, key: Any) -> Operation:
    return Operation(_request("delete", fn=fn, key=pack(key)), _field("deleted"))


def touch(fn: str, key: Any, ttl_ms: Optional[int]) -> Operation:
    return Operation(_request("touch", fn=fn, key=pack(key), ttl_ms=ttl_ms), _field("touched"))


def mget(fn: str, keys: Iterable[Any]) -> Operation:
    def read(reply: Reply) -> List[Entry]:
        return [_entry(result) for result in _field("results")(reply)]

    return Operation(_request("mget", fn=fn, keys=[pack(key) for key in keys]), read)


def mput(fn: str, entries: Iterable[Tuple[Any, Any]], options: Dict[str, Any]) -> Operation:
    options = _given(options, _PUT_OPTIONS)
    packed = [{"key": pack(key), "value": pack(value), **options} for key, value in entries]
    return Operation(_request("mput", fn=fn, entries=packed), _field("stored"))


def clear(fn: Optional[str], tag: Optional[str], everything: bool) -> Operation:
    if (fn is not None) + (tag is not None) + bool(everything) != 1:
        raise TypeError("clear takes one of fn, tag and all")
    if everything:
        return Operation(_request("clear", all=True), _field("cleared"))
    which = {"fn": fn} if fn is not None else {"tag": tag}
    return Operation(_request("clear", **which), _field("cleared"))


def define(fn: str, maxsize: Any, ttl_ms: Any, stale_ms: Any, typed: Any) -> Operation:
    request = _request("define", fn=fn, maxsize=maxsize, ttl_ms=ttl_ms, stale_ms=stale_ms, typed=typed)
    return Operation(request, _figures)


def info(fn: str) -> Operation:
    return Operation(_request("info", fn=fn), _figures)


def report(fn: str, hits: int, saved_ms: Any) -> Operation:
    return Operation(_request("report", fn=fn, hits=hits, saved_ms=saved_ms), _nothing)


def functions(limit: Any, after: Any) -> Operation:
    return Operation(_request("functions", limit=limit, after=after), _figures)


def keys(fn: str, limit: Any, after: Any) -> Operation:
    def read(reply: Reply) -> Dict[str, Any]:
        found = _figures(reply)
        found["keys"] = [{**row, "key": unpack(row.get("key"))} for row in _field("keys")(reply)]
        return found

    return Operation(_request("keys", fn=fn, limit=limit, after=after), read)


def stats() -> Operation:
    return Operation(_request("stats"), _figures)


def sync() -> Operation:
    return Operation(_request("sync"), _nothing)


def why(fn: str, key: Any) -> Operation:
    return Operation(_request("why", fn=fn, key=pack(key)), _figures)


def subscribe(fn: Optional[str]) -> Operation:
    return Operation(_request("subscribe", fn=ABSENT if fn is None else fn), _nothing)


def backup(path: str) -> Operation:
    return Operation(_request("backup", path=path), _nothing)


def event(message: Reply) -> Dict[str, Any]:
    """An event with its key as a value."""
    return {**message, "key": unpack(message["key"])} if "key" in message else message


Batch = Sequence[Operation]
