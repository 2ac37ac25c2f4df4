"""Value types of standard modules that a program need not have loaded: known by name, and loaded where a value
of theirs shows up."""

from __future__ import annotations

import importlib
import re
import sys

from . import standard_types
from .codec import Packer, Undecodable, Unstorable, register, tagged, unpack, unpack_bytes
from .containers import pack_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Tuple

_ADDRESSES = frozenset(
    f"IPv{version}{what}" for version in (4, 6) for what in ("Address", "Network", "Interface")
)
#: Results of system calls: tuples, some with further fields that are known only by name.
_STRUCTURES = frozenset(
    """
    time.struct_time os.stat_result os.terminal_size os.statvfs_result os.times_result os.uname_result
    pwd.struct_passwd grp.struct_group spwd.struct_spwd resource.struct_rusage
    """.split()
)


def _pack_address(_: Packer, value: Any) -> Any:
    name = type(value).__name__
    text = str(value)
    if type(value)(text) != value:
        raise Unstorable(f"an {name} that its text does not tell cannot be stored")
    return tagged("ipaddress", text, t=name)


def _unpack_address(tree: Dict[str, Any]) -> Any:
    if tree["t"] not in _ADDRESSES or type(tree["v"]) is not str:
        raise Undecodable("not an address")
    return getattr(importlib.import_module("ipaddress"), tree["t"])(tree["v"])


def _pack_array(packer: Packer, value: Any) -> Any:
    return packer.blob("array", value.tobytes(), t=value.typecode, i=value.itemsize, o=sys.byteorder)


def _unpack_array(tree: Dict[str, Any]) -> Any:
    from array import array

    made = array(tree["t"])
    if made.itemsize != tree["i"]:
        raise Undecodable("an array of a machine with other types")
    made.frombytes(unpack_bytes(tree))
    if tree["o"] != sys.byteorder:
        made.byteswap()
    return made


def _structure_name(cls: type) -> str:
    module = "os" if cls.__module__ == "posix" else cls.__module__
    return f"{module}.{cls.__name__}"


def _pack_structure(packer: Packer, value: Any) -> Any:
    cls = type(value)
    _, (items, named) = value.__reduce__()
    return tagged("structure", packer.sequence(items), n=packer.pairs(named), t=_structure_name(cls))


def _unpack_structure(tree: Dict[str, Any]) -> Any:
    if tree["t"] not in _STRUCTURES:
        raise Undecodable(f"a structure of a kind not known here: {tree['t']!r}")
    module, _, name = tree["t"].partition(".")
    cls = getattr(importlib.import_module(module), name)
    return cls([unpack(item) for item in tree["v"]], {unpack(key): unpack(item) for key, item in tree["n"]})


def pack_zone(_: Packer, value: Any) -> Any:
    """A time zone by itself."""
    return tagged("tzinfo", standard_types.pack_zone(value))


def _pack_pattern(packer: Packer, value: Any) -> Any:
    return tagged("pattern", packer.pack(value.pattern), f=int(value.flags))


def _unpack_pattern(tree: Dict[str, Any]) -> Any:
    # Compiled from bytes with the flags that text has by itself would be refused.
    pattern, flags = unpack(tree["v"]), tree["f"]
    return re.compile(pattern, flags)


#: By what a class says of itself: the module where it is to be found, and how its values are packed.
_KINDS: Dict[Tuple[str, str], Tuple[str, Callable[[Packer, Any], Any]]] = {
    ("array", "array"): ("array", _pack_array),
    ("argparse", "Namespace"): ("argparse", pack_namespace),
    ("zoneinfo", "ZoneInfo"): ("zoneinfo", pack_zone),
    ("re", "Pattern"): ("re", _pack_pattern),
}
_KINDS.update((("ipaddress", name), ("ipaddress", _pack_address)) for name in _ADDRESSES)
for _name in _STRUCTURES:
    _module, _, _class = _name.partition(".")
    _KINDS[_module, _class] = (_module, _pack_structure)
    if _module == "os":
        _KINDS["posix", _class] = (_module, _pack_structure)


def packer_of(cls: type) -> Any:
    """The packer for a class of these, or None."""
    kind = _KINDS.get((cls.__module__, cls.__qualname__))
    if kind is None or getattr(sys.modules.get(kind[0]), cls.__qualname__, None) is not cls:
        return None
    return kind[1]


register("ipaddress", (), None, _unpack_address)
register("array", (), None, _unpack_array)
register("structure", (), None, _unpack_structure)
register("tzinfo", (), None, lambda tree: standard_types.unpack_zone(tree["v"]))
register("pattern", (), None, _unpack_pattern)
