"""BLAKE2 without OpenSSL, which `hashlib` loads: that takes longer than much of what a program imports."""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b


def text_digest(text: str) -> str:
    """That of text, unpaired surrogates included: 256 bits, in hex."""
    digest: str = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()
    return digest


__all__ = ["blake2b", "text_digest"]
