"""What a function is called across processes, if anything can be said about it there."""

from __future__ import annotations

import functools
import sys
import threading
import types
from _thread import RLock  # also where a program has put something else in the place of threading's

from .._client.at_work import working
from .._client.digests import text_digest
from .._client.signals import pass_signal
from .._codec import module_names
from . import library_kept, library_patches, modules, version_record
from .code_store import code_form
from .fingerprint import Fingerprint
from .frozen import Frozen
from .library_kept import Passing
from .plain_data import Unstable, data_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

NAME_BYTES_MAX = 512
_COROUTINE = 0x80  # CO_COROUTINE
#: Attributes by which `inspect` takes a function for another, or for what its code is not.
_MARKS = frozenset("_is_coroutine_mark _partialmethod __partialmethod__".split())
#: By which code looks at the frames below its own, among which are none of memod's then.
_OF_FRAMES = frozenset("_getframe currentframe extract_stack format_stack print_stack walk_stack".split())


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
    names = function.__code__.co_names
    if not _OF_FRAMES.isdisjoint(names) or ("stack" in names and "inspect" in names):
        return "it looks at who has called it"
    free = [each for each in function.__code__.co_freevars if each != "__class__"]
    if free and not hasattr(function, "__wrapped__"):
        return f"it is a closure over {', '.join(free)}"
    if "<locals>" in function.__qualname__:
        return "it is a local function"
    if not isinstance(function.__module__, str):
        return "it belongs to no module"
    return None


def is_async(function: Any) -> bool:
    """Whether others may run while the function does, in the same thread."""
    if type(function) is types.FunctionType and _MARKS.isdisjoint(function.__dict__):
        return bool(function.__code__.co_flags & _COROUTINE)
    if issubclass(type(function), types.BuiltinFunctionType):
        return False
    import inspect  # where it may be marked as one, or wrap one

    try:
        return inspect.iscoroutinefunction(function)
    except Exception as error:
        pass_signal(error)
        return False  # it raises when it is looked at, which functools does not do


class Identity:
    """A function's name on the wire, and whether it still holds. Safe to use from several threads."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: Optional[str],
        version: Optional[str],
        typed: bool,
        options: str = "",
        key: Optional[Callable[..., Any]] = None,
        timed: bool = False,
    ) -> None:
        """`options` are those that decide what a key means, `key` the function that makes keys. Results of a
        `timed` function are kept for a time only."""
        self.options = options
        self._function = function
        self._name = name
        self._version = version
        self._typed = typed
        self._key = key
        self._timed = timed
        #: What the name was taken of, if it was.
        self.fingerprint: Optional[Fingerprint] = None
        self._wire_name = self._base = ""
        self._frozen = Frozen()
        #: Digests that stand for others: of the same, before the function had loaded modules.
        self._earlier: Dict[str, str] = {}
        self._running = 0
        self._awaits = is_async(function)
        self.reset_lock()

    def reset_lock(self) -> None:
        """Makes a new lock, in a forked child, where no other call is running."""
        self._lock = RLock()

    def is_settled(self) -> bool:
        """Whether it is known what the function is called, or was when that was looked at."""
        return self._wire_name != ""

    def settle(self) -> None:
        """Finds out what the function is called. Raises `Unstable`."""
        before, working.on = working.on, True
        try:
            self.enter()
            self.leave(False)
        finally:
            working.on = before

    def enter(self) -> str:
        """The name under which the call about to be made is known. Raises `Unstable`; otherwise `leave` is
        due."""
        with self._lock:
            if not self._wire_name:
                self._wire_name = self._make_name()
            elif self.fingerprint is not None and not self.fingerprint.holds():
                try:
                    self._look_again(self._running > 0)
                except BaseException:
                    self._wire_name = ""  # what a look that was cut short has found belongs to no state
                    raise
            self._running += 1
            return self._wire_name

    def steady(self) -> str:
        """The name, for a call that need not `leave` since the function will not run; "" where it must be
        found out by `enter`."""
        found = self.fingerprint
        if found is None or (found.watch.holds() and not (found.unloaded and found.has_loaded())):
            return self._wire_name
        return ""

    def leave(self, ran: bool) -> bool:
        """Ends a call. `ran` says whether the function was run. False where what it read was changed by
        others meanwhile, so that its result belongs to no known state."""
        with self._lock:
            self._running -= 1
            if ran:
                library_patches.look_anew()
            if not ran or self.fingerprint is None or self.fingerprint.holds():
                return True
            try:
                return self._look_again(True)
            except Unstable:
                self._wire_name = ""  # found out, and said, at the next call
                return False
            except BaseException:
                self._wire_name = ""
                raise

    def _look_again(self, by_itself: bool) -> bool:
        """Something has changed. What the function may have changed itself is its own affair from now on;
        returns whether there was nothing else."""
        old = self.fingerprint
        assert old is not None
        foreign = False
        alone = not self._awaits and threading.active_count() == 1
        for label, source in old.sources.items():
            try:
                now = source.refresh()
            except Exception as error:
                pass_signal(error)
                foreign = True
                continue
            if now == old.raw[label]:
                continue
            if by_itself and source.may_be_written_by(old.writes, alone):
                self._frozen.change(label, old.digests[label], now)
            else:
                foreign = True
        before = old.digest
        if old.renew_data():
            library_kept.check(old.sources, self._frozen.stand_for)
            if old.digest != before:
                self._name_after(old)
            return not foreign
        loaded = any(name in sys.modules for name in old.unloaded)
        new = self._taken_anew()
        if new.digest != before and by_itself and loaded and not foreign and old.watch.code_holds():
            # The function has loaded modules, whose source counted. What they hold counts from now on, where it is
            # no longer what it is now.
            self._earlier[new.digest] = self._earlier.get(before, before)
        elif new.digest != before:
            foreign = True
        self._name_after(new)
        return not foreign

    def _name_after(self, found: Fingerprint) -> None:
        self.fingerprint = found
        self._wire_name = self._whole_name(self._earlier.get(found.digest, found.digest))

    def _taken_anew(self) -> Fingerprint:
        module = getattr(self._function, "__module__", None) or "builtins"
        try:
            problem = library_patches.problem()
            if problem:
                raise Passing(problem)
            # What is installed is known by its version, also where it memoizes itself.
            package = modules.top_level(module) if modules.is_own_code(module, "") else ""
            found = Fingerprint(self._function, package, self._frozen, self._timed, self._key)
            library_kept.check(found.sources, self._frozen.stand_for)
            return found
        except (Unstable, MemoryError, RecursionError):
            raise
        except Exception as error:  # as where the program has put something else in the place of what is asked
            pass_signal(error)
            raise Unstable(f"it cannot be inspected here: {type(error).__name__}") from None

    def _make_name(self) -> str:
        if self._name is not None:
            return self._name
        if self._version is not None:
            # Without a fingerprint, modules of the same name in different projects are told apart by place.
            module = getattr(self._function, "__module__", None) or "builtins"
            marks = [self._version, modules.place_mark(module), self._key_mark()]
            return self._whole_name("~".join(filter(None, marks)))
        self.fingerprint = self._taken_anew()
        return self._whole_name(self._earlier.get(self.fingerprint.digest, self.fingerprint.digest))

    def _key_mark(self) -> str:
        """A word for the function that makes keys, as far as its code tells."""
        if self._key is None:
            return ""
        code = getattr(self._key, "__code__", None)
        if code is not None:
            return code_form(code).digest[:12]
        try:
            return data_digest("key", self._key)[0][:12]
        except Unstable:
            return text_digest(repr(type(self._key)))[:12]

    def _whole_name(self, mark: str) -> str:
        function = self._function
        module = getattr(function, "__module__", None) or "builtins"
        base = self._base = f"{module_names.label(module)}.{function.__qualname__}"
        # Two wrappers that group differently must not take each other's entries away.
        whole = "+".join(filter(None, (f"{base}@{mark}", "typed" if self._typed else "", self.options)))
        if len(whole.encode("utf-8", "replace")) > NAME_BYTES_MAX or not _is_text(whole):
            whole = f"{base.encode('ascii', 'replace').decode()[:300]}@" + text_digest(whole)
        return whole

    def note_version(self) -> None:
        """Keeps a record of what this version of the function is made of."""
        found = self.fingerprint
        if found is not None:
            version_record.note(self._base, found.digest, found.all_parts)

    def changes(self) -> List[str]:
        """What is other than in the version before, in words."""
        found = self.fingerprint
        return [] if found is None else version_record.changes(self._base, found.digest, found.all_parts())

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


def checked_name(name: str) -> str:
    """A name that the user chose. Raises `ValueError` where the daemon would not take it."""
    if not isinstance(name, str):
        raise TypeError("name must be a string")
    if not name or not _is_text(name) or len(name.encode()) > NAME_BYTES_MAX:
        raise ValueError(f"name must have 1 to {NAME_BYTES_MAX} bytes of text")
    return name


__all__ = ["CacheScope", "Identity", "Passing", "Unstable", "checked_name", "process_only"]
