"""The operations of the protocol: for each the request, and what of the reply the caller gets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._codec import codec
from .._codec.codec import Undecodable
from .connection import Reply
from .errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence
    from typing_extensions import TypeAlias
else:
    from .._codec.named_tuple import NamedTuple


class _Unset:
    """Stands for an option that was not given, where None means something."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Any = _Unset()
#: In the place of a value that may be None.
MISSING: Any = object()
#: Types of JSON that stand for themselves.
PLAIN = (str, int, float, bool, type(None))


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


def key_text(key: Any) -> str:
    """A key as JSON text, with the members of objects in order. Raises as `pack` does."""
    kind = type(key)
    if kind is str and _is_simple(key):
        return f'"{key}"'
    if kind is int and -(1 << 63) <= key < 1 << 63:
        return str(key)
    return _sorted_text(pack(key))


#: Text that JSON writes as it is.
_is_simple = re.compile("[ !#-\\[\\]-~]*").fullmatch
_sorted_text = codec.text_maker(True)


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
    return {"op": op, **{name: value for name, value in fields.items() if value is not UNSET}}


def _given(**options: Any) -> Dict[str, Any]:
    """The options that were given, of those for which None means nothing."""
    return {name: value for name, value in options.items() if value is not None}


def ping() -> Operation:
    return Operation(_request("ping"), _nothing)


def hello(client: Optional[str]) -> Operation:
    return Operation(_request("hello", **_given(client=client)), _figures)


def get(fn: str, key: Any, default: Any) -> Operation:
    def read(reply: Reply) -> Any:
        return unpack(reply.get("value")) if reply.get("hit") is True else default

    return Operation(_request("get", fn=fn, key=pack(key)), read)


def fetch(
    fn: str,
    key: Any,
    *,
    lease_ms: Optional[int] = None,
    wait_ms: Optional[int] = None,
    early: Optional[float] = None,
    meta: Optional[bool] = None,
    remote: Optional[bool] = None,
) -> Operation:
    options = _given(lease_ms=lease_ms, wait_ms=wait_ms, early=early, meta=meta, remote=remote)
    return Operation(_request("get", fn=fn, key=pack(key), **options), _entry, (wait_ms or 0) / 1000)


def put_options(
    *,
    ttl_ms: Optional[int] = UNSET,
    stale_ms: Optional[int] = UNSET,
    cost_ms: Optional[int] = None,
    tags: Optional[Sequence[str]] = None,
    lease: Optional[str] = None,
    durable: Optional[bool] = None,
    if_absent: Optional[bool] = None,
) -> Dict[str, Any]:
    """The further fields of a `put`. Raises `TypeError` for others."""
    if isinstance(tags, str):
        raise TypeError("tags takes a sequence of strings")
    labels = None if tags is None else list(tags)
    options = _given(cost_ms=cost_ms, tags=labels, lease=lease, durable=durable, if_absent=if_absent)
    for name, value in (("ttl_ms", ttl_ms), ("stale_ms", stale_ms)):
        if value is not UNSET:
            options[name] = value
    return options


def put(fn: str, key: Any, value: Any, options: Dict[str, Any]) -> Operation:
    return Operation(_request("put", fn=fn, key=pack(key), value=pack(value), **options), _field("stored"))


def release(fn: str, key: Any, lease: str) -> Operation:
    return Operation(_request("release", fn=fn, key=pack(key), lease=lease), _field("released"))


def delete(fn: str, key: Any, wait_remote_ms: Optional[int] = None) -> Operation:
    request = _request("delete", fn=fn, key=pack(key), **_given(wait_remote_ms=wait_remote_ms))
    return Operation(request, _field("deleted"), (wait_remote_ms or 0) / 1000)


def touch(fn: str, key: Any, ttl_ms: Optional[int]) -> Operation:
    return Operation(_request("touch", fn=fn, key=pack(key), ttl_ms=ttl_ms), _field("touched"))


def mget(fn: str, keys: Iterable[Any]) -> Operation:
    def read(reply: Reply) -> List[Entry]:
        return [_entry(result) for result in _field("results")(reply)]

    return Operation(_request("mget", fn=fn, keys=[pack(key) for key in keys]), read)


def _entry_fields(entry: Any, options: Dict[str, Any]) -> Dict[str, Any]:
    if isinstance(entry, Mapping):
        fields = dict(entry)
        if "key" not in fields or "value" not in fields:
            raise TypeError(f"an entry has a key and a value: {entry!r}")
        key, value = fields.pop("key"), fields.pop("value")
        try:
            own = put_options(**fields)
        except TypeError:
            known = ", ".join(put_options.__kwdefaults__ or ())
            raise TypeError(f"an entry has key, value, {known}, and nothing else: {entry!r}") from None
        return {"key": pack(key), "value": pack(value), **options, **own}
    if isinstance(entry, (tuple, list)) and len(entry) == 2:
        return {"key": pack(entry[0]), "value": pack(entry[1]), **options}
    raise TypeError(f"an entry is a pair of key and value, or a dict with both: {entry!r}")


def mput(fn: str, entries: Iterable[Any], options: Dict[str, Any]) -> Operation:
    if isinstance(entries, (Mapping, str, bytes)):
        raise TypeError("entries are pairs of key and value, or dicts with both; of a dict its items()")
    packed = [_entry_fields(entry, options) for entry in entries]
    return Operation(_request("mput", fn=fn, entries=packed), _field("stored"))


def clear(
    fn: Optional[str],
    tag: Optional[str],
    everything: bool,
    pattern: Optional[str] = None,
    wait_remote_ms: Optional[int] = None,
) -> Operation:
    which = _given(fn=fn, tag=tag, pattern=pattern, all=True if everything else None)
    if len(which) != 1:
        raise TypeError("clear takes one of fn, tag, pattern and all")
    request = _request("clear", **which, **_given(wait_remote_ms=wait_remote_ms))
    return Operation(request, _field("cleared"), (wait_remote_ms or 0) / 1000)


def define(fn: str, **fields: Any) -> Operation:
    return Operation(_request("define", fn=fn, **fields), _figures)


def history(fn: Optional[str], span_ms: Optional[int], points: Optional[int]) -> Operation:
    return Operation(_request("history", **_given(fn=fn, span_ms=span_ms, points=points)), _figures)


def advise(fn: Optional[str]) -> Operation:
    return Operation(_request("advise", **_given(fn=fn)), _figures)


def forget(fn: Optional[str], pattern: Optional[str]) -> Operation:
    which = _given(fn=fn, pattern=pattern)
    if len(which) != 1:
        raise TypeError("forget takes one of fn and pattern")
    return Operation(_request("forget", **which), _figures)


def info(fn: str, mismatches: Optional[bool] = None) -> Operation:
    return Operation(_request("info", fn=fn, **_given(mismatches=mismatches)), _figures)


def report(fn: str, hits: int, **fields: Any) -> Operation:
    return Operation(_request("report", fn=fn, hits=hits, **_given(**fields)), _nothing)


def functions(limit: Optional[int], after: Any, pattern: Optional[str] = None) -> Operation:
    return Operation(_request("functions", **_given(limit=limit, after=after, pattern=pattern)), _figures)


def keys(fn: str, limit: Optional[int], after: Any) -> Operation:
    def read(reply: Reply) -> Dict[str, Any]:
        found = _figures(reply)
        found["keys"] = [{**row, "key": unpack(row.get("key"))} for row in _field("keys")(reply)]
        return found

    return Operation(_request("keys", fn=fn, **_given(limit=limit, after=after)), read)


def stats() -> Operation:
    return Operation(_request("stats"), _figures)


def sync() -> Operation:
    return Operation(_request("sync"), _nothing)


def why(fn: str, key: Any, remote: Optional[bool] = None) -> Operation:
    return Operation(_request("why", fn=fn, key=pack(key), **_given(remote=remote)), _figures)


def subscribe(fn: Optional[str]) -> Operation:
    return Operation(_request("subscribe", **_given(fn=fn)), _nothing)


def backup(path: str) -> Operation:
    return Operation(_request("backup", path=path), _nothing)


def event(message: Reply) -> Dict[str, Any]:
    """An event with its key as a value."""
    return {**message, "key": unpack(message["key"])} if "key" in message else message


Batch: TypeAlias = "Sequence[Operation]"
