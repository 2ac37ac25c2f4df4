"""Hits of the daemon that are computed again and compared."""

from __future__ import annotations

import os
from _thread import RLock

from .._client import chance
from .._client.complaint import complain
from .._client.digests import blake2b
from .._client.signals import pass_signal
from .._codec.codec import Unstorable, dumps, tagged
from .._identity.plain_data import CanonicalPacker
from .flight import Flight
from .notices import Notices, short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Set, Union
    from typing_extensions import TypeAlias

Share: TypeAlias = "Union[float, str]"
_complained: Set[str] = set()
_SHORT = 200


def checked_share(value: Any) -> Optional[Share]:
    """`verify=` as given. Raises `TypeError` or `ValueError`."""
    if value is None or value == "first":
        return value if value is None else "first"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError('verify must be a share between 0 and 1, or "first"')
    if not 0 <= value <= 1:
        raise ValueError('verify must be a share between 0 and 1, or "first"')
    return float(value)


def share_of_environment() -> Optional[Share]:
    """`MEMOD_VERIFY`, for functions that do not say. Of what makes no sense the program is told once."""
    text = os.environ.get("MEMOD_VERIFY", "").strip()
    if not text:
        return None
    try:
        return checked_share(text if text == "first" else float(text))
    except ValueError:
        if text not in _complained:
            _complained.add(text)
            complain(f"MEMOD_VERIFY={text!r} is neither a share between 0 and 1 nor first; nothing is verified")
        return None


class _Comparison(CanonicalPacker):
    """Of a plain dict the order does not count, as in comparisons."""

    def mapping(self, value: Dict[Any, Any]) -> Any:
        return tagged("dict", sorted(self.pairs(value), key=dumps))


def same(one: Any, other: Any) -> bool:
    """Whether two results are equal and of the same types."""
    if type(one) is not type(other):
        return False
    try:
        return dumps(_Comparison().pack(one)) == dumps(_Comparison().pack(other))
    except (Unstorable, RecursionError):
        pass
    try:
        return bool(one == other)
    except Exception as error:
        pass_signal(error)
        return False


class Verification:
    """For one function: which hits are verified, and what came of it."""

    def __init__(self, share: Optional[Share], notices: Notices) -> None:
        #: Of the hits; 0 or None where none is verified.
        self.share = share_of_environment() if share is None else share
        self._notices = notices
        self._lock = RLock()
        self._verified = self._mismatched = 0
        self._mismatch: Optional[Dict[str, str]] = None

    def reset_lock(self) -> None:
        """Makes a new lock, in a forked child, whose counts begin anew."""
        self._lock = RLock()
        self._verified = self._mismatched = 0

    def take(self, flight: Flight) -> None:
        """A hit, as the daemon had it: where its turn has come, it is to be computed after all."""
        share = self.share
        if not share or (share != "first" and chance.share() >= float(share)):
            return
        if share == "first":
            self.share = 0.0
        flight.verifies = flight.has_fallback = True
        flight.found, flight.fallback, flight.value = False, flight.value, None

    def failed(self, flight: Flight, error: BaseException) -> None:
        """The function has raised where there is a result of it."""
        complain(f"{self._notices.label}: a result could not be verified: {short(error)}")

    def compare(self, flight: Flight, result: Any) -> bool:
        """Whether what was kept is what was computed. If not, says so."""
        equal = same(flight.fallback, result)
        kept, computed = short(flight.fallback, _SHORT), short(result, _SHORT)
        with self._lock:
            self._verified += 1
            if not equal:
                self._mismatched += 1
                digest = blake2b((flight.key or "").encode(), digest_size=16).hexdigest()
                self._mismatch = {"digest": digest, "kept": kept, "computed": computed}
        if not equal:
            call = ", ".join(
                [*(short(each, 80) for each in flight.args)]
                + [f"{name}={short(each, 80)}" for name, each in flight.kwds.items()]
            )
            complain(
                f"{self._notices.label}({call}) gave {computed}, but {kept} was kept: it depends on more than its"
                " arguments and code. The new result replaces the old"
            )
        return equal

    def take_report(self) -> Dict[str, Any]:
        """The fields of a report, or none."""
        with self._lock:
            if not self._verified:
                return {}
            fields: Dict[str, Any] = {"verified": self._verified, "mismatched": self._mismatched}
            if self._mismatch is not None:
                fields["mismatch"] = self._mismatch
            self._verified = self._mismatched = 0
            self._mismatch = None
            return fields

    def return_report(self, request: Dict[str, Any]) -> None:
        """Takes back a report that did not arrive."""
        with self._lock:
            self._verified += request.get("verified", 0)
            self._mismatched += request.get("mismatched", 0)
            self._mismatch = self._mismatch or request.get("mismatch")
