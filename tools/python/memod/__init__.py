"""memod, the persistent memoization cache.

`from memod import lru_cache` in the place of `from functools import lru_cache` is all that a program needs to
remember between runs what it has computed. `Client` and `AsyncClient` speak to the daemon directly.
"""

from __future__ import annotations

from importlib import import_module

from ._client.errors import (
    BadJSON,
    BadRequest,
    Busy,
    Forbidden,
    MemodError,
    NotKeptWarning,
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
from ._client.version import VERSION
from ._codec.codec import Unstorable
from ._decorator.decorator import cache, lru_cache, memoize
from ._identity.identity import CacheScope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    from ._client.async_client import AsyncClient
    from ._client.client import Client, Pipeline
    from ._client.operations import Entry
    from ._decorator.cached_function import CachedFunction

__version__ = VERSION

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
    "NotKeptWarning",
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
    "memoize",
]


#: What is loaded at its first use, since programs that only decorate have none for it, and where it is.
_LATE = {
    "AsyncClient": "async_client",
    "Client": "client",
    "Entry": "operations",
    "Pipeline": "client",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        found = getattr(import_module(f"._client.{_LATE[name]}", __name__), name)
    elif name == "CachedFunction":
        from ._decorator.cached_function import CachedFunction as found
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext memod` calls."""
    from ._notebook import load

    load(shell)


def __dir__() -> List[str]:
    return __all__
