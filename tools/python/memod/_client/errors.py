"""What `Client` and `AsyncClient` raise. The decorators never raise any of these."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Type


class MemodError(Exception):
    """The root of every error of this package."""


class NotKeptWarning(RuntimeWarning):
    """A result or a call of a memoized function is not kept, or not for other processes; said once for each."""


class Unavailable(MemodError, ConnectionError):
    """There is no daemon to talk to, or the connection to it ended."""


class NotRunning(Unavailable):
    """Nobody listens where daemons do: one could be started."""


class Starting(Unavailable):
    """A daemon is being started, and it takes long."""


class RequestTimeout(MemodError, TimeoutError):
    """The daemon did not answer within the time allowed. The connection is closed."""


class ProtocolError(MemodError):
    """What came back is not a reply of the protocol. The connection is closed."""


class ReplyError(MemodError):
    """The daemon refused a request: `code` is one of the protocol's, `message` is for people."""

    code = ""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code


class BadJSON(ReplyError):
    code = "bad_json"


class BadRequest(ReplyError):
    code = "bad_request"


class UnknownOperation(ReplyError):
    code = "unknown_op"


class TooLarge(ReplyError):
    code = "too_large"


class Forbidden(ReplyError):
    code = "forbidden"


class Busy(ReplyError):
    code = "busy"


class StorageError(ReplyError):
    code = "storage"


class ShuttingDown(ReplyError):
    code = "shutting_down"


class TooManyConnections(ReplyError):
    code = "too_many_connections"


_BY_CODE: Dict[str, Type[ReplyError]] = {kind.code: kind for kind in ReplyError.__subclasses__()}


def checked(reply: Dict[str, Any]) -> Dict[str, Any]:
    """The reply itself where `ok` is true; otherwise raises the error that it carries."""
    if reply.get("ok") is True:
        return reply
    error = reply.get("error")
    if reply.get("ok") is not False or not isinstance(error, dict):
        raise ProtocolError(f"not a reply: {str(reply)[:200]}")
    code = str(error.get("code", ""))
    raise _BY_CODE.get(code, ReplyError)(str(error.get("message", code)), code)
