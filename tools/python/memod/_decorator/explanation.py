"""Why a call of a memoized function is computed, or is not."""

from __future__ import annotations

from .._client.connection import key_request
from .._client.connection_pool import POOL
from .shared import SharedFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, NamedTuple, Tuple
else:
    from .._codec.named_tuple import NamedTuple


class Explanation(NamedTuple):
    """What is known of a call. As text it says it in a few lines."""

    #: Whether results are kept for other processes.
    shared: bool
    #: `present`, `expired`, `evicted`, `deleted`, `cleared`, `rejected` or `unknown`, as the daemon says.
    state: str
    #: Why results, or this one, are only for this process, or "".
    reason: str
    #: What is other than in the version of the function before.
    changes: List[str]
    #: The function's name in the daemon.
    name: str

    def __str__(self) -> str:
        lines = []
        if self.reason:
            lines.append(f"It is not shared with other processes: {self.reason}.")
        elif self.state == "present":
            lines.append("The result is there.")
        elif self.state == "no daemon":
            lines.append("There is no daemon that could have the result.")
        else:
            how = {"unknown": "never computed, or no longer remembered"}.get(self.state, self.state)
            lines.append(f"The result is not there: {how}.")
        if self.changes and self.state != "present":
            lines.append("Since the version of the function before:")
            lines += [f"  {each}" for each in self.changes[:_LINES_MAX]]
            if len(self.changes) > _LINES_MAX:
                lines.append(f"  and {len(self.changes) - _LINES_MAX} more")
        return "\n".join(lines)


_LINES_MAX = 20


def explain(shared: SharedFunction, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> Explanation:
    """Asks the daemon and the record of versions."""
    scope = shared.scope()
    flight = shared.take_off(args, kwds, ask=False)
    reason = scope.reason or ("" if flight.key is not None else "an argument cannot be a key")
    state = "no daemon"
    if flight.key is not None and flight.name is not None:
        replies = POOL.exchange([key_request("why", flight.name, flight.key)])
        if replies is not None and replies[0].get("ok") is True:
            state = str(replies[0].get("state"))
    return Explanation(not reason, state, reason, shared.identity.changes(), flight.name or "")
