"""Data that counts for what it holds: one text, and one digest, for whatever is equal."""

from __future__ import annotations

import enum
import functools
import operator
import re
import types
from collections import defaultdict

from .._client.digests import text_digest
from .._client.signals import pass_signal
from .._codec import class_layout
from .._codec.late_classes import descends, name_of
from .._codec.codec import Packer, Unstorable, dumps, tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Set, Tuple
    from typing_extensions import TypeAlias


class Parts(list):  # type: ignore[type-arg]
    """The classes and functions that take part in data."""

    def __init__(self) -> None:
        super().__init__()
        #: The classes of what the data hold, and the names by which they look for attributes.
        self.kinds: Set[type] = set()
        self.words: Set[str] = set()


#: Also what took part, whose code counts too.
Digest: TypeAlias = "Tuple[str, Parts]"

_DATA_BYTES_MAX = 8 << 20
_REDUCED = (operator.itemgetter, operator.attrgetter, operator.methodcaller)
_NAMED = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
_FIXED = frozenset((bytes, complex, frozenset, range, slice))
_NUMBERS = frozenset((int, float, complex, bool))
_FIXED_BASES = (enum.Enum, type, types.FunctionType, re.Pattern, *_NAMED)

_FIXED_LATE = frozenset(
    "decimal.Decimal fractions.Fraction datetime.datetime datetime.time datetime.timedelta uuid.UUID".split()
)


@functools.lru_cache(maxsize=4096)
def is_fixed(kind: type) -> bool:
    """Whether objects of a class never change, so that equal ones are as good as the same."""
    if kind in _FIXED or issubclass(kind, _FIXED_BASES) or kind.__module__ in ("uuid", "ipaddress"):
        return True
    if name_of(kind) in _FIXED_LATE or descends(kind, "pathlib.PurePath", "datetime.tzinfo", "datetime.date"):
        return True
    if kind.__module__.partition(".")[0] == "numpy":
        return not hasattr(kind, "__array_finalize__") and kind.__name__ != "ndarray"
    return issubclass(kind, tuple) and class_layout.is_named_tuple(kind)


class Unstable(Exception):
    """Nothing to tell one version of the function from another by; the message says why."""


class CanonicalPacker(Packer):
    """Packs so that equal data gives equal text, and notes the classes that took part."""

    def __init__(self) -> None:
        super().__init__()
        self.classes = Parts()
        self.kinds = self.classes.kinds
        self.seen = {}

    def again(self, kind: type, value: Any) -> Any:
        assert self.seen is not None and self.kinds is not None
        self.kinds.add(kind)
        if kind in (list, dict) or not is_fixed(kind):
            seen = self.seen
            if id(value) in seen:
                return tagged("again", list(seen).index(id(value)))
            seen[id(value)] = value  # which is kept, so that nothing else gets its id
        return None

    #: Whether the order matters that sets of numbers have, the same in every process for what was put in alike.
    ordered = True

    def unordered(self, value: Any) -> List[Any]:
        items = super().unordered(value)
        return items if self.ordered and _NUMBERS.issuperset(map(type, value)) else sorted(items, key=dumps)

    def class_reference(self, cls: type) -> str:
        self.classes.append(cls)
        return super().class_reference(cls)


class DataPacker(CanonicalPacker):
    """Packs data that need never come back: objects with their attributes, functions by what they do."""

    def again(self, kind: type, value: Any) -> Any:
        found = super().again(kind, value)
        if found is None and kind is defaultdict and type(value.default_factory) is types.FunctionType:
            return tagged("defaultdict", [self.pack(value.default_factory), self.pairs(value)])
        return found

    def other(self, value: Any) -> Any:
        kind = type(value)
        if kind is types.FunctionType or issubclass(kind, type):
            self.classes.append(value)
            return tagged("code", len(self.classes))
        if issubclass(kind, _NAMED):
            owner = getattr(value, "__self__", None)
            if owner is None or type(owner) is types.ModuleType:
                self.classes.append(value)
                return tagged("named", f"{getattr(value, '__module__', None)}.{value.__qualname__}")
        elif value is NotImplemented or value is Ellipsis:
            return tagged("constant", repr(value))
        elif kind is re.Pattern:
            return tagged("pattern", [self.pack(value.pattern), value.flags])
        elif kind in _REDUCED:
            parts = value.__reduce__()[1]
            words = [word for each in parts if type(each) is str for word in each.split(".")]
            self.classes.words.update(words)
            return tagged(kind.__name__, self.pack(list(value.__reduce__()[1:])))
        elif kind is types.MappingProxyType:
            return tagged("proxy", self.pairs(value))
        elif kind is types.SimpleNamespace or f"{kind.__module__}.{kind.__name__}" == "argparse.Namespace":
            return tagged("namespace", self.pairs(vars(value)))
        elif issubclass(kind, dict) and kind.__module__ == "collections":
            factory = getattr(value, "default_factory", None)
            return tagged(kind.__name__, [self.pack(factory), self.pairs(value)])
        elif kind.__module__.startswith("zoneinfo") and descends(kind, "datetime.tzinfo") and value.key:
            return tagged("zone", str(value))
        elif kind is functools.partial:
            return tagged("partial", [self.pack(part) for part in (value.func, value.args, value.keywords)])
        try:
            return super().other(value)
        except Unstorable:
            if kind is object or not class_layout.has_plain_layout(kind):
                raise
        state = class_layout.state(value).items()
        reference = self.class_reference(kind)
        return tagged("instance", [[name, self.pack(item)] for name, item in state], t=reference)


def data_digest(label: str, value: Any) -> Digest:
    """A digest of plain data, and the classes that took part in it. Raises `Unstable` for what is not
    plain."""
    packer = DataPacker()
    try:
        text = dumps(packer.pack(value))
    except Unstorable as error:
        raise Unstable(f"it reads {label}, which is not plain data: {error}") from None
    except RecursionError:
        raise Unstable(f"it reads {label}, which is nested too deep") from None
    except Exception as error:
        pass_signal(error)
        raise Unstable(f"it reads {label}, which cannot be read as data: {type(error).__name__}") from error
    if len(text) > _DATA_BYTES_MAX:
        raise Unstable(f"it reads {label}, which is too large to be compared")
    return text_digest(text), packer.classes


def made_digest(label: str, value: Any) -> Digest:
    """The same for what the program makes when it first needs it. Nothing yet has the digest ""."""
    if value is None or type(value) is object or (type(value) in (list, dict, set) and not value):
        return "", Parts()
    return data_digest(label, value)
