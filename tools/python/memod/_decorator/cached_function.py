"""The type of what the decorators return. Loaded by programs that name it, and by no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Protocol, TypeVar

if TYPE_CHECKING:
    import functools

    from .._identity.identity import CacheScope
    from .explanation import Explanation

T_co = TypeVar("T_co", covariant=True)


class CachedFunction(Protocol[T_co]):
    """What the decorators return: functools' wrapper, and what memod adds to it."""

    @property
    def __wrapped__(self) -> Callable[..., T_co]:
        """The function itself."""

    def __call__(self, *args: Any, **kwds: Any) -> T_co:
        """The result, remembered or computed."""

    def cache_info(self) -> functools._CacheInfo:
        """The hits and misses of this process; what the daemon knew counts as a hit."""

    def cache_clear(self) -> None:
        """Forgets all entries and zeroes the counts, for every process."""

    def cache_parameters(self) -> Any:
        """A dict with `maxsize` and `typed`."""

    def cache_scope(self) -> CacheScope:
        """`"shared"`, or `"process"`; the `reason` says why no further, or what of it is not kept."""

    def explain(self, *args: Any, **kwds: Any) -> Explanation:
        """Whether the result of a call is there, and why not: what has changed in what the function reaches."""

    def refresh(self, *args: Any, **kwds: Any) -> T_co:
        """Computes the result of a call anew, and stores it in the place of the old one."""

    def forget(self, *args: Any, **kwds: Any) -> Any:
        """Forgets the result of one call, for every process."""
