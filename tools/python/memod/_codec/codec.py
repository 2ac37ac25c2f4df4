"""Values as JSON and back, equal and of the same type.

What JSON has travels as it is, so that any client can read it. What it lacks travels as an object with the
member `$memod`, which names the kind, and `v`: `{"$memod": "tuple", "v": [1, 2]}`. A plain dict that has a
member of that name travels as the kind `dict`, so nothing plain is ever taken for a tag.
"""

from __future__ import annotations

import binascii
import json
import struct
from collections import deque

from .._client.signals import pass_signal
from . import late_classes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Set, Tuple, Union
    from typing_extensions import TypeAlias

TAG = "$memod"

#: Nesting of a packed value. The daemon reads 512 levels, counted from the request.
DEPTH_MAX = 240
INT_PLAIN_MIN, INT_PLAIN_MAX = -(1 << 63), (1 << 63) - 1
_HEX = frozenset("0123456789abcdef")
_CANONICAL_NAN = struct.pack(">d", float("nan"))


class Unstorable(TypeError):
    """A value that would not come back equal and of the same type; the message says which and why."""


class Undecodable(Exception):
    """Stored JSON that this process cannot turn back into the value it was."""


def tagged(kind: str, value: Any, **more: Any) -> Dict[str, Any]:
    """The object that stands for a value of a kind that JSON lacks."""
    return {TAG: kind, "v": value, **more}


class Packer:
    """Turns values into trees of JSON. One use, one packer."""

    #: Whether the trees are to be turned into values again.
    comes_back = True
    #: Whether a class took part whose instances must be compared before they are trusted.
    must_verify = False
    #: Whether something took part that may change while the function runs.
    volatile = False
    #: Ids of objects in it that are equal to nothing but themselves.
    unequal: Optional[Set[int]] = None
    #: Where it counts: the objects that can change and were met, by id, and the classes of what was met.
    seen: Optional[Dict[int, Any]] = None
    kinds: Optional[Set[type]] = None
    depth = 0

    def pack(self, value: Any) -> Any:
        """The tree of one value. Raises `Unstorable`."""
        kind = type(value)
        if kind is str:
            return value if value.isascii() else self.text(value)
        if kind is int or kind is float:
            return self.number(value)
        if value is None or kind is bool:
            return value
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise Unstorable("it is nested too deep")
        try:
            if kind is tuple:
                return tagged("tuple", self.sequence(value))
            if self.seen is not None:
                again = self.again(kind, value)
                if again is not None:
                    return again
            if kind is list:
                return self.sequence(value)
            if kind is dict:
                return self.mapping(value)
            packer = _PACKERS.get(kind)
            if packer is None and kind.__module__ in late_classes.MODULES:
                packer = _late_packer(kind)
            if packer is not None:
                return packer(self, value)
            return self.other(value)
        finally:
            self.depth -= 1

    def again(self, kind: type, value: Any) -> Any:
        """What stands for an object that was met before, where that counts; None for others."""
        return None

    def text(self, value: str) -> Any:
        """A string. Unpaired surrogates have no place in JSON, and go as UTF-16."""
        try:
            value.encode()
        except UnicodeEncodeError:
            return tagged("str", value.encode("utf-16-be", "surrogatepass").hex())
        return value

    def number(self, value: Any) -> Any:
        """An int or a float. Readers of JSON round what has more than 64 bits, so that goes as hex digits."""
        if type(value) is int:
            if INT_PLAIN_MIN <= value <= INT_PLAIN_MAX:
                return value
            return tagged("int", hex(value))
        if value - value == 0:  # finite
            return value
        return pack_special_float(value)

    def sequence(self, value: Any) -> Any:
        """The items of a list or tuple."""
        return [self.pack(item) for item in value]

    def mapping(self, value: Dict[Any, Any]) -> Any:
        """A dict: plain where its keys are strings, else a list of pairs. The order is kept either way."""
        plain = {}
        for key, item in value.items():
            if type(key) is not str or key == TAG or type(self.text(key)) is not str:
                return tagged("dict", self.pairs(value))
            plain[key] = self.pack(item)
        return plain

    def pairs(self, value: Any) -> List[Any]:
        """The items of any mapping."""
        return [[self.pack(key), self.pack(item)] for key, item in value.items()]

    def unordered(self, value: Any) -> List[Any]:
        """The items of a set."""
        return [self.pack(item) for item in value]

    def blob(self, kind: str, data: Any, **more: Any) -> Dict[str, Any]:
        """A tree of that kind for what is bytes."""
        return tagged(kind, binascii.b2a_base64(data, newline=False).decode("ascii"), **more)

    def class_reference(self, cls: type) -> str:
        """How a class is named in data."""
        return _class_reference(cls)

    def other(self, value: Any) -> Any:
        """A value of a type without a packer of its own."""
        return _pack_other(self, value)


def pack_special_float(value: float) -> Any:
    """Infinities by name, NaN with its sign and payload where those are not the usual ones."""
    bits = struct.pack(">d", value)
    if value == value:
        return tagged("float", "inf" if value > 0 else "-inf")
    return tagged("float", "nan" if bits == _CANONICAL_NAN else bits.hex())


def unpack(tree: Any) -> Any:
    """The value of a tree. Raises `Undecodable`."""
    kind = type(tree)
    if kind is list:
        return [unpack(item) for item in tree]
    if kind is not dict:
        return tree
    if TAG not in tree:
        return {key: unpack(item) for key, item in tree.items()}
    unpacker = _UNPACKERS.get(tree[TAG]) if type(tree[TAG]) is str else None
    if unpacker is None:
        raise Undecodable(f"a value of a kind not known here: {tree[TAG]!r}")
    try:
        return unpacker(tree)
    except Undecodable:
        raise
    except Exception as error:
        pass_signal(error)
        raise Undecodable(f"a damaged value of the kind {tree[TAG]}: {error!r}") from error


def _refuse(value: Any) -> Any:
    raise TypeError(f"a {type(value).__name__} is not JSON")


def text_maker(sort_members: bool) -> Callable[[Any], str]:
    """What makes JSON text of a packed tree. The standard library's `dumps` makes an encoder for each."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        plain = json.JSONEncoder(
            ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=sort_members
        )
        return plain.encode
    escape = json.encoder.encode_basestring
    encoder = make(None, _refuse, escape, None, ":", ",", sort_members, False, False)
    return lambda tree: "".join(encoder(tree, 0))


#: A packed tree as JSON text.
dumps = text_maker(False)


def encode(value: Any) -> str:
    """A value as JSON text. Raises `Unstorable` where it could not come back equal and of the same type."""
    packer = Packer()
    try:
        tree = packer.pack(value)
        text = dumps(tree)
        if packer.must_verify:
            _verify(value, tree)
        return text
    except Unstorable:
        raise
    except Undecodable as error:
        raise Unstorable(f"a {type(value).__qualname__} does not come back as it was: {error}") from error
    except RecursionError:
        raise Unstorable("it is nested too deep") from None
    except Exception as error:
        pass_signal(error)
        raise Unstorable(f"it cannot be encoded: {error!r}") from error


class _SortedPacker(Packer):
    def unordered(self, value: Any) -> List[Any]:
        return sorted(super().unordered(value), key=dumps)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values have one form, whatever order their sets happen to be in. Raises `Unstorable`."""
    return dumps(_SortedPacker().pack(one)) == dumps(_SortedPacker().pack(other))


def _verify(value: Any, tree: Any) -> None:
    # Classes may define how they are made and compared: believe only what was seen to come back.
    copy = unpack(tree)
    if type(copy) is not type(value) or not is_same(copy, value):
        raise Unstorable(f"a {type(value).__qualname__} does not come back as it was")


Pack: TypeAlias = "Callable[[Packer, Any], Any]"
Unpack: TypeAlias = "Callable[[Dict[str, Any]], Any]"

#: How classes are named, and how values of types without a packer of their own are packed.
_class_reference: Callable[[type], str]
_pack_other: Pack
_PACKERS: Dict[type, Pack] = {}
_UNPACKERS: Dict[str, Unpack] = {}
#: By names of classes as `late_classes` has them.
_LATE_PACKERS: Dict[str, Pack] = {}


def register(kind: str, types: Tuple[Union[type, str], ...], pack: Optional[Pack], unpacker: Unpack) -> None:
    """Adds a kind: how values of exactly these types are packed, and how the kind is unpacked. Types whose module need
    not be loaded are named."""
    for each in types:
        if pack is None:
            continue
        if isinstance(each, str):
            _LATE_PACKERS[each] = pack
        else:
            _PACKERS[each] = pack
    _UNPACKERS[kind] = unpacker


def _late_packer(cls: type) -> Optional[Pack]:
    pack = _LATE_PACKERS.get(late_classes.name_of(cls))
    if pack is not None and late_classes.is_in_place(cls):
        _PACKERS[cls] = pack
        return pack
    return None


def register_fallback(class_reference: Callable[[type], str], pack: Pack) -> None:
    """Sets how classes are named, and what packs all other types."""
    global _class_reference, _pack_other
    _class_reference, _pack_other = class_reference, pack


def _unpack_pairs(tree: Dict[str, Any]) -> Dict[Any, Any]:
    return {unpack(key): unpack(item) for key, item in tree["v"]}


def _unpack_float(tree: Dict[str, Any]) -> float:
    text = tree["v"]
    if len(text) == 16 and _HEX.issuperset(text):  # the bits of a NaN
        return float(struct.unpack(">d", bytes.fromhex(text))[0])
    return float(text)


def _unpack_deque(tree: Dict[str, Any]) -> Any:
    return deque((unpack(item) for item in tree["v"]), tree["n"])


def unpack_bytes(tree: Dict[str, Any]) -> bytes:
    """The bytes of a tree whose `v` is base64."""
    text = tree["v"]
    data = binascii.a2b_base64(text)
    if (len(data) + 2) // 3 * 4 != len(text):  # it passes over what is none, and a regular expression takes longer
        raise Undecodable("what should be base64 is not")
    return data


register("dict", (), None, _unpack_pairs)
register("str", (), None, lambda tree: bytes.fromhex(tree["v"]).decode("utf-16-be", "surrogatepass"))
register("int", (), None, lambda tree: int(tree["v"], 16))
register("float", (), None, _unpack_float)
register("tuple", (), None, lambda tree: tuple([unpack(item) for item in tree["v"]]))
register("set", (set,), lambda p, v: tagged("set", p.unordered(v)), lambda t: {unpack(i) for i in t["v"]})
register(
    "frozenset",
    (frozenset,),
    lambda p, v: tagged("frozenset", p.unordered(v)),
    lambda t: frozenset([unpack(item) for item in t["v"]]),
)
register("bytes", (bytes,), lambda p, v: p.blob("bytes", v), unpack_bytes)
register(
    "bytearray", (bytearray,), lambda p, v: p.blob("bytearray", v), lambda t: bytearray(unpack_bytes(t))
)
register(
    "complex",
    (complex,),
    lambda p, v: tagged("complex", [p.number(v.real), p.number(v.imag)]),
    lambda t: complex(unpack(t["v"][0]), unpack(t["v"][1])),
)
register("deque", (deque,), lambda p, v: tagged("deque", p.sequence(v), n=v.maxlen), _unpack_deque)
register(
    "range",
    (range,),
    lambda p, v: tagged("range", [Packer().number(n) for n in (v.start, v.stop, v.step)]),
    lambda t: range(*[unpack(number) for number in t["v"]]),
)
