"""The short way to a result in the daemon, for plain calls of plain functions: what `sync_runner.begin` does for
them, written out, since a program that is run again does little else."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from os import getpid
from typing import Any, Callable, Dict, Optional, Protocol, Tuple

from .._client.connection import decode_reply
from .._client.connection_pool import POOL
from .._client.errors import MemodError, Unavailable
from .._codec import codec
from .flight import Answer
from .shared import SharedFunction

#: There is no result, or not yet.
UNKNOWN: Any = object()
_NOTHING: Tuple[Any, Optional[Answer]] = (UNKNOWN, None)
#: Beyond this, integers and floats are not spelt in one way only.
_INT_MAX = 1 << 53
_LINE_BYTES_MAX = 1 << 15
_HIT = '{"ok":true,"hit":true,"value":'
_PLAIN = (float, int, str, bool, type(None))
_decoder: Any = json.JSONDecoder()
_scan = _decoder.scan_once

#: Takes a call's positional and keyword arguments; returns its value or `UNKNOWN`, then with the daemon's answer, if
#: it was asked.
Asker = Callable[[Tuple[Any, ...], Dict[str, Any]], Tuple[Any, Optional[Answer]]]


class Served(Protocol):
    """What counts the daemon's hits."""

    served: int


def asker(shared: SharedFunction, front: Served) -> Optional[Asker]:
    """The short way for a function, or None where it has none: only the long one knows of times, leases,
    receivers of methods, types and foreign data."""
    options = shared.options
    if options.single_flight or options.ttl_ms is not None or options.serializer is not None:
        return None
    if shared.process_reason is not None or shared.typed:
        return None
    outer = getattr(shared.function, "__qualname__", ".").rpartition(".")
    if outer[1] and "<locals>" not in outer[0]:
        return None
    start = ("", "", shared.filter_of("").came_by)  # a name, how requests for it begin, and its seen keys

    def ask(args: Tuple[Any, ...], kwds: Dict[str, Any]) -> Tuple[Any, Optional[Answer]]:
        nonlocal start
        name = shared.fast_name()
        if not name:
            return _NOTHING
        known, head, came_by = start
        if name != known:
            head = f'{{"op":"get","fn":{json.dumps(name)},"key":['
            came_by = shared.filter_of(name).came_by
            start = (name, head, came_by)
        words = []
        for value in (*args, *kwds.values()) if kwds else args:
            kind = type(value)
            if kind is int:
                if not -_INT_MAX < value < _INT_MAX:
                    return _NOTHING
                words.append(repr(value))
            elif kind is str:
                words.append(encode_basestring(value))
            elif kind is float and value - value == 0 and not value.is_integer():
                words.append(repr(value))
            elif value is None:
                words.append("null")
            elif kind is bool and (kwds or len(args) > 1):  # alone it is not the number
                words.append("1" if value else "0")
            else:
                return _NOTHING
        mark = args
        if kwds:
            # As `keys.key_text` and `event_key.mark_of` have them.
            place = len(args)
            pairs = [f"[{encode_basestring(name)},{word}]" for name, word in zip(kwds, words[place:])]
            words[place:] = [f'{{"{codec.TAG}":"kw","v":[{",".join(pairs)}]}}']
            mark = (*args, frozenset(((codec.TAG, "kw"), ("v", tuple(kwds.items())))))
        try:
            line = f"{head}{','.join(words)}]}}\n".encode()
            connection = POOL.idle.pop()
        except (UnicodeEncodeError, IndexError):
            return _NOTHING
        if connection.pid != getpid() or len(line) > _LINE_BYTES_MAX:
            return _NOTHING
        epoch = shared.epoch
        # Before the answer is under way, so that an event which follows it finds the mark.
        computed = came_by(hash(mark))
        try:
            reply = connection.ask(line)
        except Unavailable:
            return _NOTHING  # it ended while it was idle: a daemon may be there again
        except (MemodError, OSError) as error:
            POOL.failed(error)
            return _NOTHING
        POOL.idle.append(connection)
        value = _value(reply)
        if value is UNKNOWN:
            try:
                return UNKNOWN, Answer(name, decode_reply(reply))
            except MemodError as error:
                connection.close()
                POOL.failed(error)
                return _NOTHING
        if not computed:
            with shared.lock:
                if epoch == shared.epoch:
                    front.served += 1
        return value, None

    return ask


def _value(reply: bytes) -> Any:
    """The value of a hit without further members, or `UNKNOWN`."""
    try:
        text = reply.decode()
        if not text.startswith(_HIT):
            return UNKNOWN
        value, end = _scan(text, len(_HIT))
        if text[end:] not in ("}\n", "}"):
            return UNKNOWN
        return value if type(value) in _PLAIN else codec.unpack(value)
    except (ValueError, StopIteration, RecursionError, codec.Undecodable):
        return UNKNOWN
