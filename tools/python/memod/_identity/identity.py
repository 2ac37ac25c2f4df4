"""What a function is called across processes, if anything can be said about it there."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import threading
import types
from typing import Any, Callable, Dict, Optional

from .._codec import module_names
from . import modules
from .data_source import LoadSource
from .fingerprint import Fingerprint
from .plain_data import Unstable

NAME_BYTES_MAX = 512


class CacheScope(str):
    """How far a function's results reach: `"shared"` or `"process"`, and in `reason` why no further."""

    reason: str

    def __new__(cls, word: str, reason: str = "") -> CacheScope:
        made = super().__new__(cls, word)
        made.reason = reason
        return made

    def __repr__(self) -> str:
        return f"CacheScope({str(self)!r}, {self.reason!r})"


def process_only(function: Any, name: Optional[str]) -> Optional[str]:
    """Why a callable cannot be known outside this process, or None. With a name of its own it always can."""
    if name is not None:
        return None
    kind = type(function)  # what it says of itself (`__class__`) may be another's
    if issubclass(kind, types.BuiltinFunctionType):
        if isinstance(function.__self__, types.ModuleType) or function.__self__ is None:
            return None
        return "it is bound to an object"
    if kind is types.MethodType:
        return "it is a bound method"
    if issubclass(kind, functools.partial):
        return "it is a partial application"
    if kind is not types.FunctionType:
        return f"a {kind.__qualname__} has no stable identity"
    if function.__name__ == "<lambda>" or "<lambda>" in function.__qualname__:
        return "it is a lambda"
    free = [each for each in function.__code__.co_freevars if each != "__class__"]
    if free:
        return f"it is a closure over {', '.join(free)}"
    if "<locals>" in function.__qualname__:
        return "it is a local function"
    if not isinstance(function.__module__, str):
        return "it belongs to no module"
    return None


def is_async(function: Any) -> bool:
    """Whether others may run while the function does, in the same thread."""
    try:
        return inspect.iscoroutinefunction(function)
    except Exception:
        return False  # it raises when it is looked at, which functools does not do


class Identity:
    """A function's name on the wire, and whether it still holds. Safe to use from several threads."""

    def __init__(
        self, function: Callable[..., Any], name: Optional[str], version: Optional[str], typed: bool
    ) -> None:
        self._function = function
        self._name = name
        self._version = version
        self._typed = typed
        self._print: Optional[Fingerprint] = None
        self._wire_name = ""
        self._frozen: Dict[str, str] = {}
        #: Digests that stand for others: of the same, before the function had loaded modules.
        self._earlier: Dict[str, str] = {}
        self._running = 0
        self._awaits = is_async(function)
        self.reset_lock()

    def reset_lock(self) -> None:
        """Makes a new lock, in a forked child, where no other call is running."""
        self._lock = threading.RLock()

    def enter(self) -> str:
        """The name under which the call about to be made is known. Raises `Unstable`; otherwise `leave` is
        due."""
        with self._lock:
            fresh = not self._wire_name
            if self._print is not None and self._settle(self._running > 0):
                fresh = True
            if fresh:
                self._wire_name = self._make_name()
            self._running += 1
            return self._wire_name

    def steady(self) -> str:
        """The name, for a call that need not `leave` since the function will not run; "" where it must be
        found out by `enter`."""
        found = self._print
        if found is not None:
            for source in found.sources:
                if not source.own and source.changed():
                    return ""
        return self._wire_name

    def leave(self, ran: bool) -> bool:
        """Ends a call. `ran` says whether the function was run. False where what it read was changed by
        others meanwhile, so that its result belongs to no known state."""
        with self._lock:
            self._running -= 1
            if not ran or self._print is None:
                return True
            return not self._settle(True)

    def _settle(self, by_itself: bool) -> bool:
        """Looks for changes. Those the function may have made itself are its own affair from now on; returns
        whether there are others."""
        found = self._print
        assert found is not None
        foreign = loaded = False
        for source in found.sources:
            if source.own or not source.changed():
                continue
            if by_itself and isinstance(source, LoadSource):
                loaded = True
                continue
            own = by_itself and source.digest is not None
            if own and source.may_be_written_by(found.writes, self._alone()):
                source.own = True
                self._frozen[source.label] = source.digest or ""
            else:
                foreign = True
        return foreign or (loaded and not self._take_loaded(found))

    def _alone(self) -> bool:
        """Whether nobody else could have changed data while the function ran."""
        return not self._awaits and threading.active_count() == 1

    def _take_loaded(self, found: Fingerprint) -> bool:
        """The function has loaded modules, whose source counted. What they hold counts from now on, where it
        is no longer what it is now. False where it cannot be watched."""
        try:
            self._print = self._fingerprint()
        except Unstable:
            return False
        self._earlier[self._print.digest] = self._earlier.get(found.digest, found.digest)
        return True

    def _fingerprint(self) -> Fingerprint:
        module = getattr(self._function, "__module__", None) or "builtins"
        return Fingerprint(self._function, modules.top_level(module), self._frozen)

    def _make_name(self) -> str:
        if self._name is not None:
            return self._name
        function = self._function
        module = getattr(function, "__module__", None) or "builtins"
        base = f"{module_names.label(module)}.{function.__qualname__}"
        if self._version is not None:
            # Without a fingerprint, modules of the same name in different projects are told apart by place.
            mark = "~".join(filter(None, (self._version, modules.place_mark(module))))
        elif isinstance(function, types.BuiltinFunctionType) or (
            modules.is_standard(module)
            and module_names.resolve(sys.modules.get(module), function.__qualname__) is function
        ):
            mark = f"{sys.implementation.cache_tag} {modules.version(module)}".strip()
        else:
            self._print = self._fingerprint()
            mark = self._earlier.get(self._print.digest, self._print.digest)
        # Two wrappers that group differently must not take each other's entries away.
        whole = f"{base}@{mark}+typed" if self._typed else f"{base}@{mark}"
        if len(whole.encode("utf-8", "replace")) > NAME_BYTES_MAX or not _is_text(whole):
            whole = f"{base.encode('ascii', 'replace').decode()[:300]}@" + _digest(whole)
        return whole

    def owner(self) -> Optional[type]:
        """The class that the function is a method of, once that class exists."""
        names = getattr(self._function, "__qualname__", "").rpartition(".")[0]
        module = getattr(self._function, "__module__", None)
        if not names or "<locals>" in names or not isinstance(module, str):
            return None
        found = module_names.resolve(module_names.named(module_names.label(module)), names)
        return found if isinstance(found, type) else None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def checked_name(name: str) -> str:
    """A name that the user chose. Raises `ValueError` where the daemon would not take it."""
    if not isinstance(name, str):
        raise TypeError("name must be a string")
    if not name or not _is_text(name) or len(name.encode()) > NAME_BYTES_MAX:
        raise ValueError(f"name must have 1 to {NAME_BYTES_MAX} bytes of text")
    return name


__all__ = ["CacheScope", "Identity", "Unstable", "checked_name", "process_only"]
