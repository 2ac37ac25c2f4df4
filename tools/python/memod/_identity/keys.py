"""Arguments as keys on the wire, grouped as `functools` groups them.

A key is the array of the positional arguments, and at its end, where there are keyword arguments, an object
of the kind `kw` with their pairs in the order of the call, which `functools` tells apart too."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Dict, List, Optional, Tuple

from .._codec import class_layout
from .._codec.codec import Unstorable, dumps, pack_special_float, tagged
from . import modules
from .fingerprint import Fingerprint
from .plain_data import CanonicalPacker, Unstable

KEY_BYTES_MAX = 1 << 20
_INT_BITS_MAX = 13_000  # more decimal digits than this has cost too much to write or are refused by Python
_EXPONENT_MAX = 4_000
_NUMBERS = (bool, int, float, complex, Decimal, Fraction)
_FAITHFUL = (bool, int, float, str, type(None), tuple, bytes, frozenset)

_class_prints: Dict[type, Fingerprint] = {}
_CLASS_PRINTS_MAX = 4096


class KeyPacker(CanonicalPacker):
    """Packs arguments. Numbers that are equal have one form, but within objects each keeps its type."""

    def __init__(self) -> None:
        super().__init__()
        self._exact = 0

    def pack(self, value: Any) -> Any:
        kind = type(value)
        if self._exact:
            if kind is float and value.is_integer():
                return tagged("float", value.hex())
        elif kind in _NUMBERS:
            return canonical_number(value)
        if kind is dict:
            return tagged("dict", self.pairs(value))
        return super().pack(value)

    def other(self, value: Any) -> Any:
        self._exact += 1
        try:
            if isinstance(value, type):
                return tagged("class", None, t=self.class_reference(value))
            return super().other(value)
        finally:
            self._exact -= 1

    def receiver(self, value: Any) -> Any:
        """The object that a method is called on: its class and all its state."""
        cls = type(value)
        if not class_layout.has_plain_layout(cls):
            raise Unstorable(f"a {cls.__qualname__} holds more than its attributes")
        self._exact += 1
        self.volatile = True
        try:
            state = sorted(class_layout.state(value).items())
            return tagged(
                "self", [[name, self.pack(item)] for name, item in state], t=self.class_reference(cls)
            )
        finally:
            self._exact -= 1

    def class_reference(self, cls: type) -> str:
        return super().class_reference(cls) + _class_print(cls)


def _class_print(cls: type) -> str:
    package = modules.top_level(cls.__module__)
    if not modules.is_own_code(
        cls.__module__, package if cls.__module__ in ("__main__", "__mp_main__") else ""
    ):
        version = modules.version(cls.__module__)
        return f"@{version}" if version else ""
    known = _class_prints.get(cls)
    if known is None or not known.holds():
        try:
            known = Fingerprint(cls, package)
        except Unstable as error:
            raise Unstorable(f"the class {cls.__qualname__} has no fingerprint: {error}") from None
        if len(_class_prints) >= _CLASS_PRINTS_MAX:
            _class_prints.clear()
        _class_prints[cls] = known
    return "@" + known.digest


def canonical_number(value: Any) -> Any:
    """One form for all numbers that are equal: an integer, else a float, else a fraction."""
    if isinstance(value, complex):
        if value.imag != 0:
            return tagged("complex", [canonical_number(value.real), canonical_number(value.imag)])
        value = value.real
    if isinstance(value, int):
        value = int(value)
        return value if value.bit_length() <= _INT_BITS_MAX else tagged("int", hex(value))
    if isinstance(value, float):
        if value - value != 0:
            return pack_special_float(value)
        return int(value) if value.is_integer() else value
    if isinstance(value, Decimal):
        if value.is_infinite():
            return pack_special_float(float(value))
        if (
            value.is_nan()
            or abs(value.adjusted()) > _EXPONENT_MAX
            or len(value.as_tuple().digits) > _EXPONENT_MAX
        ):
            return tagged("Decimal", str(value))
    exact = Fraction(value)
    if exact.denominator == 1:
        return canonical_number(exact.numerator)
    try:
        near = float(exact)
    except OverflowError:
        near = 0.0
    if near and Fraction(near) == exact:
        return near
    return tagged("Fraction", [hex(exact.numerator), hex(exact.denominator)])


def _typed(packer: KeyPacker, value: Any) -> Any:
    """An argument of a typed function: its type counts, those of what is in it do not."""
    kind = type(value)
    if kind is bool:
        return value
    if kind is float:
        if value - value != 0:
            return pack_special_float(value)
        # JSON has but one kind of number: what equals an integer says that it is none.
        return tagged("typed", int(value), t="float") if value.is_integer() else value
    tree = packer.pack(value)
    return tree if kind in _FAITHFUL else tagged("typed", tree, t=f"{kind.__module__}.{kind.__qualname__}")


def key_text(
    args: Tuple[Any, ...], kwds: Dict[str, Any], typed: bool, owner: Optional[type] = None
) -> Tuple[str, bool]:
    """The key of a call as JSON text, and whether an argument may change under way. `owner` is the class
    whose method is called. Raises `Unstorable`."""
    packer = KeyPacker()
    try:
        items: List[Any] = []
        for place, value in enumerate(args):
            if place == 0 and owner is not None and isinstance(value, owner):
                items.append(packer.receiver(value))
            else:
                items.append(_typed(packer, value) if typed else packer.pack(value))
        if len(args) == 1 and not kwds and not typed and type(items[0]) is int and type(args[0]) is not int:
            # functools keeps a lone int or str apart from whatever else is equal to it.
            items[0] = tagged("single", items[0])
        if kwds:
            pairs = [
                [name, _typed(packer, item) if typed else packer.pack(item)] for name, item in kwds.items()
            ]
            items.append(tagged("kw", pairs))
        text = dumps(items)
    except Unstorable:
        raise
    except RecursionError:
        raise Unstorable("an argument is nested too deep") from None
    except Exception as error:
        raise Unstorable(f"an argument cannot be encoded: {error!r}") from error
    if len(text) > KEY_BYTES_MAX // 4 and len(text.encode()) > KEY_BYTES_MAX:
        raise Unstorable("the arguments are larger than a key may be")
    return text, packer.volatile
