"""Arguments as keys on the wire. Those of other types or signs are other keys, even where they are equal.

A key is the array of the positional arguments, and at its end, where there are keyword arguments, an object
of the kind `kw` with their pairs in the order of the call, which `functools` tells apart too."""

from __future__ import annotations

import json
import sys

from .._client.digests import blake2b
from .._client.signals import pass_signal
from .._codec import class_layout, strings
from .._codec.codec import INT_PLAIN_MAX, INT_PLAIN_MIN, TAG, Unstorable, tagged, text_maker
from .._codec.module_names import MAIN, resolve
from . import modules
from .ambient_inputs import INPUTS, short
from .fingerprint import Fingerprint
from .kind_inputs import inputs_of_kinds
from .plain_data import CanonicalPacker, Unstable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Dict, List, Mapping, Optional, Tuple

#: Beyond these, bytes within a key and keys go by their digests.
_BLOB_BYTES_MAX = 1 << 10
_TEXT_MAX = 1 << 14
#: So many strings go by their digest, as long as most are.
_STRINGS_MIN = 64
_DIGEST_BYTES = 32
#: A key as the text that the daemon's events have it in, too: with the members of objects in order.
key_dumps = text_maker(True)

_known_classes: Dict[type, "_KnownClass"] = {}
_CLASSES_MAX = 4096
_NOTHING: Dict[int, str] = {}
_len = len  # a program may put a memoized one in its place
_quote = json.encoder.encode_basestring
_int_text, _float_text = int.__repr__, float.__repr__


class KeyPacker(CanonicalPacker):
    """Packs arguments: each by its type and sign, whatever it is equal to. What is large goes by its digest."""

    comes_back = False
    #: By id, data that the function reads by another name, and that name.
    places: Mapping[int, str] = {}

    def __init__(
        self, reader: Optional[Fingerprint] = None, apart: Collection[str] = (), sure: bool = False
    ) -> None:
        """`reader` is what is known of the function, and whether that is `sure` to hold."""
        self.seen, self.kinds = {}, set()  # nobody asks for the classes that took part
        self.reader, self.apart, self.beside_it = reader, apart, reader if sure else None
        if reader is not None:
            self.places, self.ordered = reader.places, reader.iterates
        #: What is known of objects beside what they hold: a number, and a word.
        self.beside: List[Tuple[int, str]] = []

    def again(self, kind: type, value: Any) -> Any:
        if id(value) in self.places:
            self.beside.append((len(self.seen or ()), self.places[id(value)]))
        if self.reader is not None and self.reader.looks_at_memory and getattr(value, "base", None) is not None:
            self.beside.append((len(self.seen or ()), "a view"))
        return super().again(kind, value)

    def number(self, value: Any) -> Any:
        # Of numbers in keys the wire knows the value alone.
        if type(value) is float and value.is_integer():
            return tagged("float", repr(value))
        return super().number(value)

    def mapping(self, value: Dict[Any, Any]) -> Any:
        return tagged("dict", self.pairs(value))

    def sequence(self, value: Any) -> Any:
        if len(value) < _STRINGS_MIN:
            return super().sequence(value)
        items = value if type(value) is list else list(value)
        text = strings.digest(items)
        if text is not None:
            return {TAG: "strings", "n": len(items), "h": text}
        others = [place for place, each in enumerate(items) if type(each) is not str]
        if 2 * len(others) > len(items):
            return super().sequence(items)
        # As where some are missing.
        text = strings.digest([each if type(each) is str else "" for each in items])
        return {TAG: "strings", "n": len(items), "h": text, "o": [[place, self.pack(items[place])] for place in others]}

    def blob(self, kind: str, data: Any, **more: Any) -> Dict[str, Any]:
        data = memoryview(data)
        if data.nbytes <= _BLOB_BYTES_MAX:
            return super().blob(kind, data, **more)
        return {TAG: kind, "h": blake2b(data, digest_size=_DIGEST_BYTES).hexdigest(), **more}

    def other(self, value: Any) -> Any:
        if isinstance(value, type):
            if self.reader is not None:
                problem = self.reader.problem_of_class(value)
                if problem:
                    raise Unstorable(problem)
            return tagged("class", None, t=self.class_reference(value))
        return super().other(value)

    def receiver(self, value: Any) -> str:
        """The object that a method is called on, its class and all its state, as JSON text."""
        cls = type(value)
        known = _known(cls)
        if not known.is_plain:
            raise Unstorable(f"a {cls.__qualname__} holds more than its attributes")
        self.volatile = True
        state = known.state(value, self.apart)
        "".join(state)  # names are text, whoever has put them there
        text = key_dumps({name: self.pack(item) for name, item in state.items()})
        if self.reader is not None and self.reader.looks_at_order:
            reference = key_dumps(known.marked_reference(known.digest(self.beside_it)))
            return f'{{"{TAG}":"self","o":{key_dumps(list(state))},"t":{reference},"v":{text}}}'
        return f"{known.head(self.beside_it)}{text}}}"

    def class_reference(self, cls: type) -> str:
        known = _known(cls)
        return known.marked_reference(known.digest(self.beside_it))


class _KnownClass:
    """What keys say of a class."""

    def __init__(self, cls: type) -> None:
        """Raises `Unstorable`."""
        module = cls.__module__
        package = modules.top_level(module) if module in MAIN else ""
        self._cls = cls
        #: The namespace and the name by which it is found, and for one within others what leads to that namespace.
        self.space, self.name, self.outer = _place(cls)
        self._reference = class_layout.class_reference(cls)
        self._is_own = modules.is_own_code(module, package)
        if not self._is_own:
            version = modules.version(module)
            self._reference += f"@{version}" if version else ""
        self._print: Optional[Fingerprint] = None
        #: The digest of before, and the head that was made of it.
        self._head = "", self._head_with("")
        self.is_plain = class_layout.has_plain_layout(cls)
        self.has_slots = cls.__dictoffset__ == 0 or bool(class_layout.slots(cls))

    def is_in_place(self) -> bool:
        """Whether it is where it was found."""
        if self.space.get(self.name) is not self._cls:
            return False
        for space, name, holder in self.outer:
            if space.get(name) is not holder:
                return False
        return True

    def is_found(self) -> bool:
        """Whether the class still goes by its name, in whatever way."""
        name = self._cls.__qualname__
        return "." in name and resolve(sys.modules.get(self._cls.__module__), name) is self._cls

    def state(self, value: Any, apart: Collection[str]) -> Dict[str, Any]:
        """What an instance holds, but for the attributes `apart`."""
        state: Dict[str, Any] = class_layout.state(value) if self.has_slots else value.__dict__
        return {name: item for name, item in state.items() if name not in apart} if apart else state

    def head(self, reader: Optional[Fingerprint]) -> str:
        """How the text begins that stands for an instance, up to its state. As `digest`."""
        digest, made = self._head
        found = self._print
        if found is not None and reader is not None and found.digest is digest and not found.unloaded:
            beside = reader.watch.beside.get(self._cls)
            if beside is not None and beside[0] is found.watch and (beside[1] is None or beside[1]() or beside[2]()):
                return made  # the way of nearly all
        now = self.digest(reader)
        if now != digest:
            made = self._head_with(now)
        self._head = now, made
        return made

    def _head_with(self, digest: str) -> str:
        return f'{{"{TAG}":"self","t":{key_dumps(self.marked_reference(digest))},"v":'

    def digest(self, reader: Optional[Fingerprint]) -> str:
        """Which version of the class it is, where its reference does not say. `reader` holds. Raises `Unstorable`."""
        if not self._is_own:
            return ""
        found = self._print
        if found is None or not (
            found.holds() if reader is None or found.unloaded else found.watch.holds_beside(reader.watch, self._cls)
        ):
            try:
                found = Fingerprint(self._cls, modules.top_level(self._cls.__module__))
            except Unstable as error:
                raise Unstorable(f"the class {self._cls.__qualname__} has no fingerprint: {error}") from None
            self._print = found
        return found.digest

    def marked_reference(self, digest: str) -> str:
        """The class's name, and which version it is."""
        return f"{self._reference}@{digest}" if digest else self._reference


def _place(cls: type) -> Tuple[Any, str, Tuple[Tuple[Any, str, Any], ...]]:
    holder: Any = sys.modules.get(cls.__module__)
    *names, last = cls.__qualname__.split(".")
    outer = []
    for name in names:
        space = getattr(holder, "__dict__", {})
        holder = space.get(name)
        outer.append((space, name, holder))
    return getattr(holder, "__dict__", {}), last, tuple(outer)


def _known(cls: type) -> _KnownClass:
    known = _known_classes.get(cls)
    if known is None or not (known.is_in_place() or known.is_found()):
        known = _KnownClass(cls)
        if _len(_known_classes) >= _CLASSES_MAX:
            _known_classes.clear()
        _known_classes[cls] = known
    return known


def key_text(
    args: Tuple[Any, ...],
    kwds: Dict[str, Any],
    owner: Optional[type] = None,
    apart: Collection[str] = (),
    reader: Optional[Fingerprint] = None,
    sure: bool = False,
) -> Tuple[str, bool]:
    """The key of a call as JSON text, and whether an argument may change under way. `owner` is the class
    whose method is called, of whose object the attributes `apart` do not matter; `reader` is the function's
    fingerprint, and `sure` to hold where that was just seen. Raises `Unstorable`."""
    try:
        head, state = "", None
        if owner is not None and args and isinstance(args[0], owner):
            cls = type(args[0])
            known = _known_classes.get(cls)
            if known is None or known.space.get(known.name) is not cls or (known.outer and not known.is_in_place()):
                known = _known(cls)
            if not known.is_plain or (reader is not None and reader.looks_at_order):
                return _packed(args, kwds, owner, apart, reader, sure)
            if apart:
                state = known.state(args[0], apart)
            else:
                state = class_layout.state(args[0]) if known.has_slots else args[0].__dict__
            head = known.head(reader if sure else None)
        text = call_text(args, kwds, head, state, _NOTHING if reader is None else reader.places)
        if text:
            return text, state is not None
        return _packed(args, kwds, owner, apart, reader, sure)
    except Unstorable:
        raise
    except RecursionError:
        raise Unstorable("an argument is nested too deep") from None
    except Exception as error:
        pass_signal(error)
        raise Unstorable(f"an argument cannot be encoded: {error!r}") from error


def _packed(
    args: Any, kwds: Any, owner: Optional[type], apart: Collection[str], reader: Optional[Fingerprint], sure: bool
) -> Tuple[str, bool]:
    """The same for whatever can be stored."""
    packer = KeyPacker(reader, apart, sure)
    is_method = owner is not None and args and isinstance(args[0], owner)
    head = packer.receiver(args[0]) if is_method else ""
    pack = packer.pack
    items = list(map(pack, args[1:] if is_method else args))
    if kwds:
        items.append(tagged("kw", [[name, pack(item)] for name, item in kwds.items()]))
    if packer.kinds and reader is not None:
        inputs = inputs_of_kinds(packer.kinds, reader.computes) - reader.inputs
        if packer.beside:
            items.append(tagged("beside", packer.beside))
        if inputs:
            items.append(tagged("process", {name: short(INPUTS[name]()) for name in inputs}))
    text = key_dumps(items)
    if head:
        text = f"[{head},{text[1:]}" if items else f"[{head}]"
    if len(text) > _TEXT_MAX:
        text = f'[{{"{TAG}":"blake2b","v":"{_digest(text)}"}}]'
    return text, packer.volatile


def python_text(
    args: Tuple[Any, ...], kwds: Dict[str, Any], head: str, state: Optional[Dict[str, Any]], places: Mapping[int, str]
) -> str:
    """The same text for what nearly all keys are made of, sooner; "" where there is something else among the arguments.
    `state` is what the first of them holds where it is a method's object, and `head` how its text begins. `key_text.c` does
    the same, and in containers too, if they go by no other name: `places`, by id."""
    parts = []
    if state is not None:
        text = _state_text(state) if head.isascii() else ""
        if not text:
            return ""
        parts.append(f"{head}{text}}}")
    for arg in args if state is None else args[1:]:
        text = _value_text(arg)
        if not text:
            return ""
        parts.append(text)
    if kwds:
        pairs = []
        for name, arg in kwds.items():
            text = _value_text(arg)
            if not text or type(name) is not str or not name.isascii():
                return ""
            pairs.append(f"[{_quote(name)},{text}]")
        parts.append(f'{{"{TAG}":"kw","v":[{",".join(pairs)}]}}')
    text = f"[{','.join(parts)}]"
    return text if _len(text) <= _TEXT_MAX else ""


def _state_text(state: Dict[str, Any]) -> str:
    if type(state) is not dict or not all([type(name) is str and name.isascii() for name in state]):
        return ""
    parts = []
    for name in sorted(state):
        text = _value_text(state[name])
        if not text:
            return ""
        parts.append(f"{_quote(name)}:{text}")
    return f"{{{','.join(parts)}}}"


def _value_text(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _quote(value) if value.isascii() else ""
    if kind is int:
        return _int_text(value) if INT_PLAIN_MIN <= value <= INT_PLAIN_MAX else ""
    if kind is float:
        if value - value != 0:
            return ""
        return f'{{"{TAG}":"float","v":"{_float_text(value)}"}}' if value.is_integer() else _float_text(value)
    return _CONSTANTS.get(value, "") if value is None or kind is bool else ""


_CONSTANTS = {None: "null", True: "true", False: "false"}

try:
    from .._compiled.speedups import call_text as call_text  # type: ignore[import-not-found]
except ImportError:
    call_text = python_text


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
