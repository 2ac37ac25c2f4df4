"""SHA-256 and BLAKE2 without OpenSSL, which `hashlib` loads: that takes longer than much of what a program imports."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

try:
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

#: From this many bytes on OpenSSL, which uses instructions of the processor's, is the sooner, loaded or not.
_LARGE = 1 << 16


def _without_openssl() -> Any:
    for module in ("_sha2", "_sha256"):  # the second before 3.12
        try:
            return __import__(module).sha256
        except (ImportError, AttributeError):
            pass
    return None


_small = _without_openssl()


def sha256(data: bytes) -> str:
    """The digest, in hex."""
    make = _small
    if make is None or len(data) >= _LARGE:
        from hashlib import sha256 as make
    digest: str = make(data).hexdigest()
    return digest


def text_digest(text: str) -> str:
    """The same of text, unpaired surrogates included."""
    return sha256(text.encode("utf-8", "surrogatepass"))


__all__ = ["blake2b", "sha256", "text_digest"]
