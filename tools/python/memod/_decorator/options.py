"""What can be asked of a memoized function beyond `functools.lru_cache`."""

from __future__ import annotations

from .._codec.late_classes import descends
from .._identity.identity import checked_name
from .verification import Share, checked_share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence, Tuple, Union

    Seconds = Union[int, float, timedelta]
else:
    from .._codec.named_tuple import NamedTuple

_TAGS_MAX = 16
_TAG_BYTES_MAX = 128


class Options(NamedTuple):
    """The keyword-only options of `lru_cache`, checked. Times in milliseconds."""

    name: Optional[str] = None
    version: Optional[str] = None
    ttl_ms: Optional[int] = None
    stale_ms: Optional[int] = None
    tags: Tuple[str, ...] = ()
    single_flight: bool = False
    ignore: Tuple[str, ...] = ()
    key: Optional[Callable[..., Any]] = None
    early: Optional[float] = None
    serializer: Optional[str] = None
    verify: Optional[Share] = None
    persist: Optional[bool] = None
    #: Whether arguments that have no hash count by what they hold.
    by_content: bool = False

    @property
    def needs_own_front(self) -> bool:
        """Whether the interpreter's own cache cannot serve the hits: it knows neither times nor other
        keys."""
        return self.ttl_ms is not None or self.key is not None or bool(self.ignore) or self.by_content


def milliseconds(what: str, value: Optional[Seconds]) -> Optional[int]:
    """A duration in seconds, or a timedelta, as milliseconds. Raises `TypeError` or `ValueError`."""
    if value is None:
        return None
    if descends(type(value), "datetime.timedelta"):
        value = value.total_seconds()  # type: ignore[union-attr]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} must be a number of seconds or a timedelta")
    if not 0 <= value < 1e12:
        raise ValueError(f"{what} must not be negative, infinite or longer than the ages")
    return int(round(value * 1000))


def checked_options(
    name: Optional[str] = None,
    version: Union[str, int, None] = None,
    ttl: Optional[Seconds] = None,
    stale: Optional[Seconds] = None,
    tags: Sequence[str] = (),
    single_flight: bool = False,
    ignore: Sequence[str] = (),
    key: Optional[Callable[..., Any]] = None,
    early: Optional[float] = None,
    serializer: Optional[str] = None,
    verify: Optional[Share] = None,
    persist: Optional[bool] = None,
) -> Options:
    """The options as given to the decorator. Raises `TypeError` or `ValueError` for what makes no sense."""
    if isinstance(tags, str) or isinstance(ignore, str):
        raise TypeError("tags and ignore take sequences of strings")
    if len(tags) > _TAGS_MAX or any(not isinstance(tag, str) or not tag for tag in tags):
        raise ValueError(f"tags must be at most {_TAGS_MAX} strings that are not empty")
    if any(len(tag.encode("utf-8", "surrogatepass")) > _TAG_BYTES_MAX for tag in tags):
        raise ValueError(f"a tag has at most {_TAG_BYTES_MAX} bytes")
    if stale is not None and ttl is None:
        raise ValueError("stale is a grace after ttl, and needs one")
    if early is not None and ttl is None:
        raise ValueError("early is before the end of ttl, and needs one")
    if early is not None and not 0 <= early <= 1000:
        raise ValueError("early must be a factor between 0 and 1000")
    if key is not None and not callable(key):
        raise TypeError("key must be callable")
    if serializer not in (None, "json", "pickle"):
        raise ValueError("serializer must be 'json' or 'pickle'")
    if serializer == "pickle":
        from .._codec import signing  # noqa: F401  # now, and not within a call
    if persist is not None and not isinstance(persist, bool):
        raise TypeError("persist must be True or False")
    if version is not None and not isinstance(version, (str, int)):
        raise TypeError("version must be a string or an integer")
    return Options(
        name=None if name is None else checked_name(name),
        version=None if version is None else str(version),
        ttl_ms=milliseconds("ttl", ttl),
        stale_ms=milliseconds("stale", stale),
        tags=tuple(dict.fromkeys(tags)),
        single_flight=bool(single_flight),
        ignore=tuple(ignore),
        key=key,
        early=None if early is None else float(early),
        serializer=None if serializer == "json" else serializer,
        verify=checked_share(verify),
        persist=persist,
    )


class Selection:
    """Leaves the ignored parameters out of calls."""

    def __init__(self, function: Callable[..., Any], ignore: Tuple[str, ...]) -> None:
        """Raises `ValueError` where the function has no such parameter."""
        self.names = frozenset(ignore)
        import inspect

        parameters = inspect.signature(function).parameters
        positional = [
            name
            for name, each in parameters.items()
            if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
        ]
        takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
        for name in ignore:
            if name not in parameters and not takes_any:
                raise ValueError(f"there is no parameter {name} to ignore")
        self.places = frozenset(place for place, name in enumerate(positional) if name in self.names)

    def apply(self, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
        """The arguments that count."""
        if self.places:
            args = tuple(value for place, value in enumerate(args) if place not in self.places)
        if kwds:
            kwds = {name: value for name, value in kwds.items() if name not in self.names}
        return args, kwds
