"""Arguments as keys on the wire. Those of other types or signs are other keys, even where they are equal.

A key is the array of the positional arguments, and at its end, where there are keyword arguments, an object
of the kind `kw` with their pairs in the order of the call, which `functools` tells apart too."""

from __future__ import annotations

import sys
from hashlib import blake2b
from typing import Any, Dict, Optional, Tuple

from .._codec import class_layout
from .._codec.codec import TAG, Unstorable, tagged, text_maker
from .._codec.module_names import MAIN, resolve
from . import modules
from .fingerprint import Fingerprint
from .plain_data import CanonicalPacker, Unstable

#: Beyond these, bytes within a key and keys go by their digests.
_BLOB_BYTES_MAX = 1 << 10
_TEXT_MAX = 1 << 14
_DIGEST_BYTES = 32
#: A key as the text that the daemon's events have it in, too: with the members of objects in order.
key_dumps = text_maker(True)

_references: Dict[type, Tuple[str, bool]] = {}
_class_prints: Dict[type, Fingerprint] = {}
_CLASSES_MAX = 4096


class KeyPacker(CanonicalPacker):
    """Packs arguments: each by its type and sign, whatever it is equal to. What is large goes by its digest."""

    comes_back = False

    def number(self, value: Any) -> Any:
        # Of numbers in keys the wire knows the value alone.
        if type(value) is float and value.is_integer():
            return tagged("float", repr(value))
        return super().number(value)

    def mapping(self, value: Dict[Any, Any]) -> Any:
        return tagged("dict", self.pairs(value))

    def blob(self, kind: str, data: Any, **more: Any) -> Dict[str, Any]:
        data = memoryview(data)
        if data.nbytes <= _BLOB_BYTES_MAX:
            return super().blob(kind, data, **more)
        return {TAG: kind, "h": blake2b(data, digest_size=_DIGEST_BYTES).hexdigest(), **more}

    def other(self, value: Any) -> Any:
        if isinstance(value, type):
            return tagged("class", None, t=self.class_reference(value))
        return super().other(value)

    def receiver(self, value: Any) -> Any:
        """The object that a method is called on: its class and all its state."""
        cls = type(value)
        if not class_layout.has_plain_layout(cls):
            raise Unstorable(f"a {cls.__qualname__} holds more than its attributes")
        self.volatile = True
        state = sorted(class_layout.state(value).items())
        return tagged("self", [[name, self.pack(item)] for name, item in state], t=self.class_reference(cls))

    def class_reference(self, cls: type) -> str:
        known = _references.get(cls)
        if known is not None and resolve(sys.modules.get(cls.__module__), cls.__qualname__) is cls:
            self.classes.append(cls)
            reference, is_own = known
        else:
            package = modules.top_level(cls.__module__)
            main_package = package if cls.__module__ in MAIN else ""
            reference, is_own = (
                super().class_reference(cls),
                modules.is_own_code(cls.__module__, main_package),
            )
            version = "" if is_own else modules.version(cls.__module__)
            reference = f"{reference}@{version}" if version else reference
            if len(_references) >= _CLASSES_MAX:
                _references.clear()
            _references[cls] = reference, is_own
        return f"{reference}@{_class_print(cls)}" if is_own else reference


def _class_print(cls: type) -> str:
    known = _class_prints.get(cls)
    if known is None or not known.holds():
        try:
            known = Fingerprint(cls, modules.top_level(cls.__module__))
        except Unstable as error:
            raise Unstorable(f"the class {cls.__qualname__} has no fingerprint: {error}") from None
        if len(_class_prints) >= _CLASSES_MAX:
            _class_prints.clear()
        _class_prints[cls] = known
    return known.digest


def key_text(args: Tuple[Any, ...], kwds: Dict[str, Any], owner: Optional[type] = None) -> Tuple[str, bool]:
    """The key of a call as JSON text, and whether an argument may change under way. `owner` is the class
    whose method is called. Raises `Unstorable`."""
    packer = KeyPacker()
    try:
        pack = packer.pack
        if owner is not None and args and isinstance(args[0], owner):
            items = [packer.receiver(args[0]), *map(pack, args[1:])]
        else:
            items = list(map(pack, args))
        if kwds:
            items.append(tagged("kw", [[name, pack(item)] for name, item in kwds.items()]))
        text = key_dumps(items)
        if len(text) > _TEXT_MAX:
            text = f'[{{"{TAG}":"blake2b","v":"{_digest(text)}"}}]'
        else:
            text.encode()
        return text, packer.volatile
    except Unstorable:
        raise
    except RecursionError:
        raise Unstorable("an argument is nested too deep") from None
    except Exception as error:
        raise Unstorable(f"an argument cannot be encoded: {error!r}") from error


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
