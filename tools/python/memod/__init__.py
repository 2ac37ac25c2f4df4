"""memod, the persistent memoization cache.

`from memod import lru_cache` in the place of `from functools import lru_cache` is all that a program needs to
remember between runs what it has computed. `Client` and `AsyncClient` speak to the daemon directly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import (
    codec_classes as _codec_classes,
    codec_types as _codec_types,
)  # noqa: F401  (they register kinds)
from .client import Client, Pipeline
from .codec import Unstorable
from .decorator import CachedFunction, cache, lru_cache
from .errors import (
    BadJSON,
    BadRequest,
    Busy,
    Forbidden,
    MemodError,
    ProtocolError,
    ReplyError,
    RequestTimeout,
    ShuttingDown,
    StorageError,
    TooLarge,
    TooManyConnections,
    Unavailable,
    UnknownOperation,
)
from .identity import CacheScope
from .operations import Entry

if TYPE_CHECKING:
    from .async_client import AsyncClient

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "BadJSON",
    "BadRequest",
    "Busy",
    "CacheScope",
    "CachedFunction",
    "Client",
    "Entry",
    "Forbidden",
    "MemodError",
    "Pipeline",
    "ProtocolError",
    "ReplyError",
    "RequestTimeout",
    "ShuttingDown",
    "StorageError",
    "TooLarge",
    "TooManyConnections",
    "Unavailable",
    "UnknownOperation",
    "Unstorable",
    "cache",
    "lru_cache",
]


def __getattr__(name: str) -> Any:
    if name == "AsyncClient":  # loaded at its first use: asyncio takes longer than all the rest
        from .async_client import AsyncClient

        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
