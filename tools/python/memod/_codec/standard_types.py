"""The standard library's value types in the codec."""

from __future__ import annotations

import sys
import uuid
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath, PurePosixPath, PureWindowsPath, Path
from typing import Any, Dict, Optional, Type

from .codec import Packer, Undecodable, Unstorable, register, tagged, unpack


def pack_zone(zone: Optional[tzinfo]) -> Any:
    """A time zone that others know by name or offset. Raises `Unstorable`."""
    if zone is None:
        return None
    if zone is timezone.utc:
        return "UTC"
    if type(zone) is timezone:
        offset = zone.utcoffset(None)
        seconds = offset.days * 86400 + offset.seconds
        name = None if repr(zone) == repr(timezone(offset)) else zone.tzname(None)
        return [seconds, offset.microseconds, name]
    key = getattr(zone, "key", None)
    if type(zone).__module__.startswith("zoneinfo") and isinstance(key, str) and _zone(key) is zone:
        return {"key": key}
    pytz = sys.modules.get("pytz")
    if pytz is not None and type(zone).__module__.partition(".")[0] == "pytz":
        arguments: Any = zone.__reduce__()[1]
        if _pytz_zone(pytz, arguments) is zone:
            return {"pytz": list(arguments)}
    raise Unstorable(f"a time zone of the type {type(zone).__qualname__} cannot be stored")


def unpack_zone(tree: Any) -> Optional[tzinfo]:
    """The time zone of a tree."""
    if tree is None:
        return None
    if tree == "UTC":
        return timezone.utc
    if isinstance(tree, dict):
        if "pytz" in tree:
            import pytz

            return _pytz_zone(pytz, tree["pytz"])
        return _zone(tree["key"])
    offset = timedelta(seconds=tree[0], microseconds=tree[1])
    return timezone(offset) if tree[2] is None else timezone(offset, tree[2])


def _pytz_zone(pytz: Any, arguments: Any) -> tzinfo:
    # Its zones are one object for each name and offset.
    made: tzinfo = pytz._p(*arguments) if arguments else pytz.utc
    return made


def _zone(key: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(key)


def _pack_instant(kind: str) -> Any:
    def pack(_: Packer, value: Any) -> Any:
        more: Dict[str, Any] = {}
        if value.tzinfo is not None:
            more["tz"] = pack_zone(value.tzinfo)
        if value.fold:
            more["fold"] = 1
        return tagged(kind, value.replace(tzinfo=None, fold=0).isoformat(), **more)

    return pack


def _unpack_instant(cls: Any) -> Any:
    def unpack_instant(tree: Dict[str, Any]) -> Any:
        zone = unpack_zone(tree.get("tz"))
        return cls.fromisoformat(tree["v"]).replace(tzinfo=zone, fold=tree.get("fold", 0))

    return unpack_instant


def _pack_uuid(_: Packer, value: uuid.UUID) -> Any:
    if value.is_safe is uuid.SafeUUID.unknown:
        return tagged("UUID", value.hex)
    return tagged("UUID", value.hex, s=value.is_safe.name)


def _unpack_uuid(tree: Dict[str, Any]) -> uuid.UUID:
    return uuid.UUID(hex=tree["v"], is_safe=uuid.SafeUUID.__members__[tree.get("s", "unknown")])


_PATHS: Dict[str, Type[PurePath]] = {
    "PurePosixPath": PurePosixPath,
    "PureWindowsPath": PureWindowsPath,
    "Path": type(Path()),
}


def _pack_path(packer: Packer, value: PurePath) -> Any:
    kind = type(value).__name__
    return tagged("path", packer.text(str(value)), t="Path" if kind not in _PATHS else kind)


def _unpack_path(tree: Dict[str, Any]) -> PurePath:
    made: PurePath = _PATHS[tree["t"]](unpack(tree["v"]))
    return made


def _unpack_pickle(tree: Dict[str, Any]) -> Any:
    # Only a function that asked for it opens these, and it checks the signature first.
    raise Undecodable("a pickle, in a place that did not ask for one")


register("Decimal", (Decimal,), lambda p, v: tagged("Decimal", str(v)), lambda t: Decimal(t["v"]))
register(
    "Fraction",
    (Fraction,),
    lambda p, v: tagged("Fraction", [hex(v.numerator), hex(v.denominator)]),
    lambda t: Fraction(int(t["v"][0], 16), int(t["v"][1], 16)),
)
register("datetime", (datetime,), _pack_instant("datetime"), _unpack_instant(datetime))
register("time", (time,), _pack_instant("time"), _unpack_instant(time))
register("date", (date,), lambda p, v: tagged("date", v.isoformat()), lambda t: date.fromisoformat(t["v"]))
register(
    "timedelta",
    (timedelta,),
    lambda p, v: tagged("timedelta", [v.days, v.seconds, v.microseconds]),
    lambda t: timedelta(*t["v"]),
)
register(
    "timezone", (timezone,), lambda p, v: tagged("timezone", pack_zone(v)), lambda t: unpack_zone(t["v"])
)
register("UUID", (uuid.UUID,), _pack_uuid, _unpack_uuid)
register("path", tuple(_PATHS.values()), _pack_path, _unpack_path)
register("pickle", (), None, _unpack_pickle)
