"""Results as the daemon keeps them: JSON, or a signed pickle where the program asked for one."""

from __future__ import annotations

from .._codec import codec
from .._codec.codec import Undecodable, Unstorable
from .flight import Flight
from .notices import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional


def encode(result: Any, flight: Flight, serializer: Optional[str], notices: Notices) -> Optional[str]:
    """A result as JSON text, or None, which is said, where it cannot be kept."""
    assert flight.name is not None and flight.key is not None
    kind = "result"
    try:
        try:
            return codec.encode(result)
        except Unstorable:
            if serializer != "pickle":
                raise
        from .._codec import signing

        kind = "pickle"
        return codec.dumps(signing.pack(result, flight.name, flight.key))
    except Unstorable as error:
        notices.say(kind, str(error))
        return None


def decode(tree: Any, flight: Flight, serializer: Optional[str]) -> Any:
    """The result of a tree. Raises `Undecodable`."""
    assert flight.name is not None and flight.key is not None
    if serializer == "pickle" and isinstance(tree, dict) and tree.get(codec.TAG) == "pickle":
        from .._codec import signing

        return signing.unpack(tree, flight.name, flight.key)
    try:
        return codec.unpack(tree)
    except RecursionError:
        raise Undecodable("it is nested too deep") from None
