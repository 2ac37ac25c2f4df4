"""What was found out of code objects, kept in the process and, for the next one, in a file for each module.

The files hold nothing but what `CodeForm` says of code; each entry is found by a digest of the code object itself, so
that one which does not fit is never taken. They are in the interpreter's own format, which is read several times faster
than JSON, behind a digest."""

from __future__ import annotations

import marshal
import os
import stat
import sys
import types

from .._client.digests import blake2b
from .._client.signals import pass_signal
from .code_form import CodeForm, set_flow
from .set_order import Flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, List, Set

#: Changes with what `CodeForm` says.
_FORMAT = 17
_FILE_BYTES_MAX = 8 << 20
_CODES_MAX = 50_000
_DIGEST_BYTES = 16
_SPARE = 200

_forms: Dict[int, CodeForm] = {}  # by id, which is quicker than to hash all that is in it
_kept: Dict[str, Dict[str, Any]] = {}  # by the file of a module
_used: Dict[str, Set[str]] = {}
_changed: Set[str] = set()


def code_form(code: types.CodeType) -> CodeForm:
    """What a code object does."""
    form = _forms.get(id(code))
    if form is None or form.code is not code:
        form = _load(code)
        form.code = code
        if len(_forms) >= _CODES_MAX:
            _forms.clear()
        _forms[id(code)] = form
    return form


def set_flow_of(code: types.CodeType) -> FrozenSet[Flow]:
    """Where sets may go in it."""
    form = code_form(code)
    if form.set_flow is None:
        form.set_flow = set_flow(code)
        if code.co_filename.endswith(".py"):
            _of_module(code.co_filename)[_mark(code)] = form.to_parts()
            _changed.add(code.co_filename)
    return form.set_flow


def _mark(code: types.CodeType) -> str:
    return blake2b(marshal.dumps(code, 0), digest_size=16).hexdigest()


def _of_module(path: str) -> Dict[str, Any]:
    kept = _kept.get(path)
    if kept is None:
        kept = _kept[path] = read_marked(_place(path))
    return kept


def _load(code: types.CodeType) -> CodeForm:
    path = code.co_filename
    if not path.endswith(".py"):
        return CodeForm(code)
    mark, kept = _mark(code), _of_module(path)
    _used.setdefault(path, set()).add(mark)
    found = kept.get(mark)
    if found is not None:
        try:
            return CodeForm.from_parts(found)
        except Exception as error:  # damaged
            pass_signal(error)
    parts = kept[mark] = CodeForm(code).to_parts()
    _changed.add(path)
    return CodeForm.from_parts(parts)


def cache_directory() -> str:
    """Where what is found out is kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "memod", f"python-{sys.implementation.cache_tag}-{_FORMAT}")


def _place(path: str) -> str:
    name = blake2b(
        os.path.abspath(path).encode("utf-8", "surrogateescape"), digest_size=12
    ).hexdigest()
    return os.path.join(cache_directory(), f"{name}.forms")


def read_marked(place: str) -> Dict[str, Any]:
    """What `write_marked` has written; nothing where that is damaged."""
    data = read_bytes(place)
    if data[:_DIGEST_BYTES] != _digest(data[_DIGEST_BYTES:]):
        return {}
    try:
        read = marshal.loads(data[_DIGEST_BYTES:])
    except (ValueError, EOFError, TypeError) as error:
        pass_signal(error)
        return {}
    return read if isinstance(read, dict) else {}


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


def read_bytes(place: str, limit: int = -1) -> bytes:
    """What is in a file that only this user can have written, or its beginning; nothing where there is none."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            ours = found.st_uid == os.geteuid() and not found.st_mode & 0o022 and stat.S_ISREG(found.st_mode)
            if ours and found.st_size <= _FILE_BYTES_MAX:
                return os.read(descriptor, limit if limit >= 0 else found.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        pass_signal(error)
    return b""


#: What else keeps things for the next process.
savers: List[Callable[[], None]] = []


def save() -> None:
    """Keeps what is new for the next process. What cannot be kept is found out again."""
    for each in savers:
        each()
    while _changed:
        path = _changed.pop()
        try:
            write_marked(_place(path), _current(path))
        except (OSError, ValueError):
            return


def _current(path: str) -> Dict[str, Any]:
    """What is kept of a module, without what its code was before many edits."""
    kept, used = _kept[path], _used.get(path, set())
    if len(kept) <= 4 * len(used) + _SPARE:
        return kept
    return {mark: found for mark, found in kept.items() if mark in used}


def write_marked(place: str, held: Dict[str, Any]) -> None:
    """Keeps it, behind a digest. Raises `OSError` and `ValueError`."""
    data = marshal.dumps(held, 4)
    write_file(place, _digest(data) + data)


def write_file(place: str, data: bytes) -> None:
    """Replaces a file as a whole. Raises `OSError`."""
    if len(data) > _FILE_BYTES_MAX or os.getuid() != os.geteuid():
        return
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    owner = os.stat(os.path.dirname(place))
    if owner.st_uid != os.geteuid() or owner.st_mode & 0o022:
        return
    draft = f"{place}.{os.getpid()}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(data)
        os.replace(draft, place)
    except OSError:
        try:
            os.unlink(draft)
        except OSError:
            pass
        raise


def forked() -> None:
    """In a forked child: what is new is its parent's to keep."""
    _changed.clear()
