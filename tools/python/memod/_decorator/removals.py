"""What one function wants removed and the daemon has not yet said is gone."""

from __future__ import annotations

from .._client.connection import Reply, encode_request, key_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Tuple, Union
    from typing_extensions import TypeAlias

_KEYS_MAX = 256


class _All:
    """Stands for all keys. Every demand has one of its own, so that none passes for an earlier one."""


#: A function's name, what of it is to go, and how many keys were asked for.
Pending: TypeAlias = "List[Tuple[str, Union[List[str], _All], int]]"


class Removals:
    """Kept until the daemon confirms them: until then it is not believed."""

    def __init__(self) -> None:
        #: By the function's name; empty where there is nothing to be removed.
        self.keys: Dict[str, Union[List[str], _All]] = {}

    def add_all(self, name: str) -> None:
        """All entries of a function."""
        self.keys[name] = _All()

    def add(self, name: str, key: str) -> None:
        """One entry. With too many of them it is all of the function's."""
        keys = self.keys.setdefault(name, [])
        if isinstance(keys, list):
            keys.append(key)
            if len(keys) > _KEYS_MAX:
                self.keys[name] = _All()

    def requests(self) -> Tuple[List[bytes], Pending]:
        """The requests to send, and what `answered` is to be told."""
        lines: List[bytes] = []
        pending: Pending = []
        for name, keys in list(self.keys.items()):
            if isinstance(keys, _All):
                lines.append(encode_request({"op": "clear", "fn": name}))
                pending.append((name, keys, 0))
            else:
                lines.extend(key_request("delete", name, key) for key in keys)
                pending.append((name, keys, len(keys)))
        return lines, pending

    def answered(self, pending: Pending, replies: Optional[List[Reply]]) -> bool:
        """Takes off what is gone. Whether nothing is left."""
        if replies is None or any(reply.get("ok") is not True for reply in replies):
            return False
        for name, keys, count in pending:
            if isinstance(keys, list):
                del keys[:count]
            if not (isinstance(keys, list) and keys) and self.keys.get(name) is keys:
                del self.keys[name]
        return not self.keys
