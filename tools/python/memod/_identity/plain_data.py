"""Data that counts for what it holds: one text, and one digest, for whatever is equal."""

from __future__ import annotations

import hashlib
from typing import Any, List, Tuple

from .._codec.codec import Packer, Unstorable, dumps
from .snapshot import snapshot

#: Also the classes that took part.
Digest = Tuple[str, List[type]]

_DATA_BYTES_MAX = 8 << 20


class Unstable(Exception):
    """Nothing to tell one version of the function from another by; the message says why."""


class CanonicalPacker(Packer):
    """Packs so that equal data gives equal text, and notes the classes that took part."""

    def __init__(self) -> None:
        super().__init__()
        self.classes: List[type] = []

    def unordered(self, value: Any) -> List[Any]:
        return sorted(super().unordered(value), key=dumps)

    def class_reference(self, cls: type) -> str:
        self.classes.append(cls)
        return super().class_reference(cls)


def data_digest(label: str, value: Any) -> Digest:
    """A digest of plain data, and the classes that took part in it. Raises `Unstable` for what is not
    plain."""
    packer = CanonicalPacker()
    try:
        text = dumps(packer.pack(value))
    except Unstorable as error:
        raise Unstable(f"it reads {label}, which is not plain data: {error}") from None
    except Exception as error:
        raise Unstable(f"it reads {label}, which cannot be read as data: {type(error).__name__}") from None
    if len(text) > _DATA_BYTES_MAX:
        raise Unstable(f"it reads {label}, which is too large to be compared")
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), packer.classes


def made_digest(label: str, value: Any) -> Digest:
    """The same for what the program makes when it first needs it. Nothing yet and objects that are not plain
    have the digest "": they come of the code, which counts."""
    empty = type(value) in (list, dict, set) and not value
    if value is None or empty or snapshot(value) is None:
        return "", []
    return data_digest(label, value)
