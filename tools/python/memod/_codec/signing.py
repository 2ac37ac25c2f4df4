"""Pickles that only this user can have written: signed with a key that no one else can read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import pickle
import stat

from .._client.signals import pass_signal
from .codec import Undecodable, Unstorable, tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

_KEY_BYTES = 32
_keys: Dict[str, bytes] = {}


def key_path() -> str:
    """Where the key is kept: `MEMOD_PICKLE_KEY`, else below the user's configuration directory."""
    named = os.environ.get("MEMOD_PICKLE_KEY")
    if named:
        return named
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "memod", "pickle.key")


def _key() -> bytes:
    path = key_path()
    known = _keys.get(path)
    if known is None:
        known = _keys[path] = _read(path) or _make(path)
    return known


def _read(path: str) -> Optional[bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise Unstorable(f"{path} must be a file of this user's with mode 0600")
        key = file.read(_KEY_BYTES + 1)
    if len(key) != _KEY_BYTES:
        raise Unstorable(f"{path} does not hold a key")
    return key


def _make(path: str) -> bytes:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    own = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_KEY_BYTES))
        try:
            os.link(own, path)  # whoever comes first makes the key, and it is whole from the start
        except FileExistsError:
            pass
    finally:
        os.unlink(own)
    made = _read(path)
    if made is None:
        raise Unstorable(f"{path} went away")
    return made


def _signature(data: bytes, name: str, key: str) -> str:
    # Over the place as well as the data, so that a pickle cannot be moved to another function or key.
    parts = [part.encode("utf-8", "surrogatepass") for part in (name, key)]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in [*parts, data])
    return hmac.new(_key(), message, hashlib.sha256).hexdigest()


def pack(value: Any, name: str, key: str) -> Any:
    """A value as a signed pickle, for the place (name, key). Raises `Unstorable`."""
    try:
        data = pickle.dumps(value, protocol=4)
        return tagged("pickle", base64.b64encode(data).decode("ascii"), mac=_signature(data, name, key))
    except Unstorable:
        raise
    except Exception as error:
        pass_signal(error)
        raise Unstorable(f"it cannot be pickled: {error!r}") from error


def unpack(tree: Dict[str, Any], name: str, key: str) -> Any:
    """The value of a signed pickle. Raises `Undecodable`, before anything is unpickled, where the signature
    is not this user's for this place."""
    try:
        data = base64.b64decode(tree["v"], validate=True)
        mac = tree["mac"]
        if not isinstance(mac, str) or not hmac.compare_digest(
            mac.encode(), _signature(data, name, key).encode()
        ):
            raise Undecodable("a pickle that this user did not sign")
        return pickle.loads(data)
    except Undecodable:
        raise
    except Exception as error:
        pass_signal(error)
        raise Undecodable(f"a pickle that cannot be read: {error!r}") from error
