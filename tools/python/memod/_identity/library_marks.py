"""What libraries hold, as words that are the same in every process that has not changed it: functions and classes of libraries
by name, patterns by their text, tables by what is in them."""

from __future__ import annotations

import enum
import functools
import re
import sys
import types
from collections import OrderedDict, defaultdict, deque

from .._codec import class_layout
from . import known_modules, modules
from .class_form import ADDRESS, is_type
from .plain_data import Parts, Unstable, data_digest
from .values import NAMED_BUILTINS, CachedWrapper, is_inert

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Tuple
    from .plain_data import Digest

_SAID = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented))
_TEXTS = (range, slice, bytearray)
#: Of these the objects say all that they hold.
_TELLING = frozenset("datetime.date datetime.datetime datetime.time datetime.timedelta decimal.Decimal fractions.Fraction".split())
_MAPPINGS = (dict, OrderedDict, defaultdict, types.MappingProxyType)
_MEMORY = (dict, set, bytearray, deque)
_DEPTH_MAX = 5
_ATTRIBUTES_MAX = 32


class Marks:
    """Of one thing after another; `parts` are the program's own functions and classes among them."""

    def __init__(self, whole: bool, leads: bool = False, ordered: bool = True) -> None:
        """Unless they are to be `whole`, objects of libraries go by their classes alone. With `leads` objects of the program
        are parts as well. The order in tables counts where they are `ordered`: what packages make of sets has any."""
        self.parts = Parts()
        self._ordered = ordered
        self._whole = whole
        self._leads = leads

    def of(self, value: Any, depth: int = 0) -> Any:
        """Words for a value. Raises `Unstable` for what is of the program and cannot be told."""
        kind = type(value)
        if kind in _SAID:
            return value
        if kind in _TEXTS or f"{kind.__module__}.{kind.__qualname__}" in _TELLING:
            return kind.__name__, repr(value)
        if depth > _DEPTH_MAX:
            return kind.__name__
        depth += 1
        if kind in (tuple, list, deque):
            items = [self.of(each, depth) for each in value]
            is_ordered = self._ordered or (self._whole and kind is tuple)
            return kind.__name__, items if is_ordered else sorted(map(repr, items))
        if kind in _MAPPINGS:
            pairs = [(self.of(key, depth), self.of(each, depth)) for key, each in value.items()]
            return kind.__name__, pairs if self._ordered else sorted(map(repr, pairs))
        if kind in (set, frozenset):
            return kind.__name__, sorted([repr(self.of(each, depth)) for each in value])
        if kind is re.Pattern:
            return "pattern", value.pattern, value.flags
        if kind in (staticmethod, classmethod):
            return kind.__name__, self.of(value.__func__, depth)
        if kind is property:
            return "property", [self.of(each, depth) for each in (value.fget, value.fset, value.fdel)]
        if kind is types.MethodType:
            return "method", self.of(value.__func__, depth), self.of(value.__self__, depth)
        if kind is functools.partial:
            return "partial", [self.of(each, depth) for each in (value.func, value.args, value.keywords)]
        if kind is CachedWrapper:
            return "cache", self.of(value.__wrapped__, depth)
        if kind is types.FunctionType or issubclass(kind, type):
            return self._code(value, depth)
        if issubclass(kind, NAMED_BUILTINS):
            owner = getattr(value, "__self__", None)
            inner = None if issubclass(type(owner), types.ModuleType) else self.of(owner, depth)
            return kind.__name__, str(getattr(value, "__module__", "")), value.__qualname__, inner
        if issubclass(kind, types.ModuleType):
            return "module", value.__name__
        if is_type(value):
            return "type", ADDRESS.sub("", repr(value))
        return self._object(value, depth)

    def _code(self, value: Any, depth: int) -> Any:
        value = vars(value).get("__memod_stands_for__", value) if type(value) is types.FunctionType else value
        if is_of_program(value):
            self.parts.append(value)
            return "code", len(self.parts)
        name = str(value.__module__), value.__qualname__
        if type(value) is not types.FunctionType:
            return "of library", *name
        defaults = self.of(value.__defaults__, depth), self.of(value.__kwdefaults__, depth)
        return "of library", *name, value.__code__.co_firstlineno, defaults

    def _object(self, value: Any, depth: int) -> Any:
        kind = type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if self._leads and (kind.__module__ == "unittest.mock" or modules.is_own_code(kind.__module__, "")):
            self.parts.append(value)
            return name
        if kind.__module__ == "unittest.mock":
            raise Unstable("a library has a mock in the place of something")
        if callable(value) and _is_named(value) and not modules.is_own_code(value.__module__, ""):
            return "named", value.__module__, value.__qualname__  # as what Cython and numpy compile
        if modules.is_own_code(kind.__module__, ""):
            digest, parts = data_digest("what the program has put into a library", value)
            self.parts += [each for each in parts if modules.is_own_code(each.__module__, "")]
            return name, digest
        if issubclass(kind, enum.Enum):
            return name, value._name_, self.of(value._value_, depth)
        if not self._whole or is_inert(kind) or not class_layout.has_plain_layout(kind):
            return name
        held = class_layout.state(value)
        said = [(one, each) for one, each in sorted(held.items())[:_ATTRIBUTES_MAX] if _is_said(one, each)]
        return name, [(one, self.of(each, depth)) for one, each in said]


def is_of_program(value: Any) -> bool:
    """Whether a function or class is the program's, also a function of no module, as what was executed has."""
    module = value.__module__
    if modules.is_own_code(module, ""):
        return True
    if type(value) is not types.FunctionType or not isinstance(module, str) or module in sys.modules:
        return False
    path = value.__code__.co_filename
    if not path.startswith("<"):  # a library may call its module by another name, as numpy does
        return modules.is_own_path(path)
    return not known_modules.is_standard_name(module) and not module.startswith("namedtuple_")


def _is_named(value: Any) -> bool:
    return all(isinstance(getattr(value, name, None), str) for name in ("__module__", "__qualname__"))


def _is_said(name: str, value: Any) -> bool:
    """Whether an attribute of an object is one that it was made with, not its memory."""
    if "hash" in name or "dummy_index" in name:  # of sympy's
        return False
    if isinstance(value, NAMED_BUILTINS):
        value = getattr(value, "__self__", None)  # as the `append` of its list
    return not isinstance(value, _MEMORY) and not is_path(value)


def is_path(value: Any) -> bool:
    """Whether it may be where something is installed."""
    return type(value) is str and value[:1] in ("/", "~", "\\") and len(value) > 1


def take(whole: bool, names: Tuple[str, ...], ordered: bool) -> Any:
    """What digests the values of these names."""

    def digest(label: str, values: Any) -> Digest:
        marks = Marks(whole, ordered=ordered)
        found: List[Any] = [(name, marks.of(each)) for name, each in zip(names, values)]
        return data_digest(label, repr(found))[0], marks.parts

    return digest
