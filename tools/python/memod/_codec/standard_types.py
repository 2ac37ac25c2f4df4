"""The standard library's value types in the codec."""

from __future__ import annotations

import os
import sys

from .codec import Packer, Undecodable, Unstorable, register, tagged, unpack
from .late_classes import load, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import uuid
    from datetime import tzinfo
    from pathlib import PurePath
    from typing import Any, Dict, Optional


def pack_zone(zone: Optional[tzinfo]) -> Any:
    """A time zone that others know by name or offset. Raises `Unstorable`."""
    if zone is None:
        return None
    kind: Any = type(zone)
    if name_of(kind) == "datetime.timezone":
        if zone is kind.utc:
            return "UTC"
        offset: Any = zone.utcoffset(None)
        seconds = offset.days * 86400 + offset.seconds
        name = None if repr(zone) == repr(kind(offset)) else zone.tzname(None)
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
    zone: Any
    if tree == "UTC":
        zone = load("datetime", "timezone").utc
        return zone  # type: ignore[no-any-return]
    if isinstance(tree, dict):
        if "pytz" in tree:
            import pytz

            return _pytz_zone(pytz, tree["pytz"])
        return _zone(tree["key"])
    offset = load("datetime", "timedelta")(seconds=tree[0], microseconds=tree[1])
    timezone = load("datetime", "timezone")
    zone = timezone(offset) if tree[2] is None else timezone(offset, tree[2])
    return zone  # type: ignore[no-any-return]


def _pytz_zone(pytz: Any, arguments: Any) -> tzinfo:
    # Its zones are one object for each name and offset.
    made: tzinfo = pytz._p(*arguments) if arguments else pytz.utc
    return made


def _zone(key: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(key)


def _pack_instant(kind: str) -> Any:
    def pack(packer: Packer, value: Any) -> Any:
        more: Dict[str, Any] = {}
        if value.tzinfo is not None:
            if packer.kinds is not None:
                packer.kinds.add(type(value.tzinfo))
            more["tz"] = pack_zone(value.tzinfo)
        if value.fold:
            more["fold"] = 1
        return tagged(kind, value.replace(tzinfo=None, fold=0).isoformat(), **more)

    return pack


def _unpack_instant(kind: str) -> Any:
    def unpack_instant(tree: Dict[str, Any]) -> Any:
        zone = unpack_zone(tree.get("tz"))
        return load("datetime", kind).fromisoformat(tree["v"]).replace(tzinfo=zone, fold=tree.get("fold", 0))

    return unpack_instant


def _pack_uuid(_: Packer, value: uuid.UUID) -> Any:
    if value.is_safe.name == "unknown":
        return tagged("UUID", value.hex)
    return tagged("UUID", value.hex, s=value.is_safe.name)


def _unpack_uuid(tree: Dict[str, Any]) -> uuid.UUID:
    safe = load("uuid", "SafeUUID").__members__[tree.get("s", "unknown")]
    made: uuid.UUID = load("uuid", "UUID")(hex=tree["v"], is_safe=safe)
    return made


_PURE_PATHS = ("PurePosixPath", "PureWindowsPath")


def _pack_path(packer: Packer, value: PurePath) -> Any:
    kind = type(value).__name__
    return tagged("path", packer.text(str(value)), t=kind if kind in _PURE_PATHS else "Path")


def _unpack_path(tree: Dict[str, Any]) -> PurePath:
    kind = tree["t"]
    if kind != "Path" and kind not in _PURE_PATHS:
        raise Undecodable(f"a path of a kind not known here: {kind!r}")
    made: PurePath = load("pathlib", kind)(unpack(tree["v"]))
    return made


def _unpack_pickle(tree: Dict[str, Any]) -> Any:
    # Only a function that asked for it opens these, and it checks the signature first.
    raise Undecodable("a pickle, in a place that did not ask for one")


def _unpack_fraction(tree: Dict[str, Any]) -> Any:
    numerator, denominator = tree["v"]
    return load("fractions", "Fraction")(int(numerator, 16), int(denominator, 16))


register(
    "Decimal", ("decimal.Decimal",), lambda p, v: tagged("Decimal", str(v)), lambda t: load("decimal", "Decimal")(t["v"])
)
register(
    "Fraction",
    ("fractions.Fraction",),
    lambda p, v: tagged("Fraction", [hex(v.numerator), hex(v.denominator)]),
    _unpack_fraction,
)
register("datetime", ("datetime.datetime",), _pack_instant("datetime"), _unpack_instant("datetime"))
register("time", ("datetime.time",), _pack_instant("time"), _unpack_instant("time"))
register(
    "date",
    ("datetime.date",),
    lambda p, v: tagged("date", v.isoformat()),
    lambda t: load("datetime", "date").fromisoformat(t["v"]),
)
register(
    "timedelta",
    ("datetime.timedelta",),
    lambda p, v: tagged("timedelta", [v.days, v.seconds, v.microseconds]),
    lambda t: load("datetime", "timedelta")(*t["v"]),
)
register(
    "timezone",
    ("datetime.timezone",),
    lambda p, v: tagged("timezone", pack_zone(v)),
    lambda t: unpack_zone(t["v"]),
)
register("UUID", ("uuid.UUID",), _pack_uuid, _unpack_uuid)
register(
    "path",
    ("pathlib.PurePosixPath", "pathlib.PureWindowsPath", "pathlib.PosixPath" if os.name == "posix" else "pathlib.WindowsPath"),
    _pack_path,
    _unpack_path,
)
register("pickle", (), None, _unpack_pickle)
