"""The standard library's containers in the codec, beyond the builtin ones."""

from __future__ import annotations

from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, deque
from types import MappingProxyType, SimpleNamespace

from .codec import Packer, Undecodable, Unstorable, register, tagged, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

#: What may make a default: a builtin type, which does nothing but make an empty value.
_FACTORIES: Dict[str, Any] = {
    each.__name__: each
    for each in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, str, tuple)
}
_FACTORIES.update(Counter=Counter, OrderedDict=OrderedDict, deque=deque)


def _without_attributes(value: Any) -> None:
    if getattr(value, "__dict__", None):
        raise Unstorable(f"a {type(value).__qualname__} with attributes of its own cannot be stored")


def _fill(made: Any, pairs: List[Any]) -> Any:
    for key, item in pairs:
        made[unpack(key)] = unpack(item)
    return made


def _pack_pairs(kind: str) -> Callable[[Packer, Any], Any]:
    def pack(packer: Packer, value: Any) -> Any:
        _without_attributes(value)
        return tagged(kind, packer.pairs(value))

    return pack


def _pack_default_dict(packer: Packer, value: Any) -> Any:
    factory = value.default_factory
    name = getattr(factory, "__name__", "")
    if factory is not None and _FACTORIES.get(name) is not factory:
        raise Unstorable("a defaultdict whose factory is not a builtin type cannot be stored")
    return tagged("defaultdict", packer.pairs(value), f=None if factory is None else name)


def _unpack_default_dict(tree: Dict[str, Any]) -> Any:
    return _fill(defaultdict(None if tree["f"] is None else _FACTORIES[tree["f"]]), tree["v"])


def _pack_user(kind: str) -> Callable[[Packer, Any], Any]:
    def pack(packer: Packer, value: Any) -> Any:
        if list(vars(value)) != ["data"]:
            raise Unstorable(f"a {kind} with attributes of its own cannot be stored")
        return tagged(kind, packer.pack(value.data))

    return pack


def _unpack_user(cls: Any, held: type) -> Callable[[Dict[str, Any]], Any]:
    def unpack_user(tree: Dict[str, Any]) -> Any:
        data = unpack(tree["v"])
        if not isinstance(data, held):
            raise Undecodable(f"a {cls.__name__} of a {type(data).__name__}")
        made = cls()
        made.data = data
        return made

    return unpack_user


def _pack_chain(packer: Packer, value: Any) -> Any:
    if list(vars(value)) != ["maps"]:
        raise Unstorable("a ChainMap with attributes of its own cannot be stored")
    return tagged("ChainMap", packer.sequence(value.maps))


def pack_namespace(packer: Packer, value: Any) -> Any:
    """A SimpleNamespace, or the Namespace of argparse."""
    return tagged("namespace", packer.pairs(vars(value)), t=type(value).__name__)


def _unpack_namespace(tree: Dict[str, Any]) -> Any:
    made: Any = SimpleNamespace()
    if tree["t"] == "Namespace":
        import argparse

        made = argparse.Namespace()
    elif tree["t"] != "SimpleNamespace":
        raise Undecodable(f"a namespace of a kind not known here: {tree['t']!r}")
    for name, item in tree["v"]:
        vars(made)[unpack(name)] = unpack(item)
    return made


def _pack_slice(packer: Packer, value: slice) -> Any:
    return tagged("slice", [packer.pack(part) for part in (value.start, value.stop, value.step)])


def _pack_proxy(packer: Packer, value: Any) -> Any:
    return tagged("mappingproxy", packer.pack(value.copy()))


_CONSTANTS = {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}

register("Counter", (Counter,), _pack_pairs("Counter"), lambda t: _fill(Counter(), t["v"]))
register("OrderedDict", (OrderedDict,), _pack_pairs("OrderedDict"), lambda t: _fill(OrderedDict(), t["v"]))
register("defaultdict", (defaultdict,), _pack_default_dict, _unpack_default_dict)
register("namespace", (SimpleNamespace,), pack_namespace, _unpack_namespace)
register("mappingproxy", (MappingProxyType,), _pack_proxy, lambda t: MappingProxyType(unpack(t["v"])))
register("ChainMap", (ChainMap,), _pack_chain, lambda t: ChainMap(*[unpack(each) for each in t["v"]]))
register("UserDict", (UserDict,), _pack_user("UserDict"), _unpack_user(UserDict, dict))
register("UserList", (UserList,), _pack_user("UserList"), _unpack_user(UserList, list))
register("UserString", (UserString,), _pack_user("UserString"), lambda t: UserString(unpack(t["v"])))
register("slice", (slice,), _pack_slice, lambda t: slice(*[unpack(part) for part in t["v"]]))
register(
    "constant",
    (type(Ellipsis), type(NotImplemented)),
    lambda _, value: tagged("constant", "Ellipsis" if value is Ellipsis else "NotImplemented"),
    lambda tree: _CONSTANTS[tree["v"]],
)
