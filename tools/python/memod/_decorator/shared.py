"""A memoized function as the daemon knows it: looking up and storing its results.

The conversation is written once, as generators that yield requests and are sent replies (None where there
is no daemon); `sync_runner` and `async_runner` carry them out."""

from __future__ import annotations

import json
import time
import weakref
from _thread import RLock

from .._client.connection import Reply, encode_request, key_request
from .._client.connection_pool import POOL
from .._codec.codec import Unstorable, dumps
from .._identity import patches, run_watch
from .._identity.identity import CacheScope, Identity, Passing, process_only
from .._identity.keys import key_text
from .._identity.plain_data import Unstable
from . import hits, published
from .content import ByContent
from .event_filter import EventFilter, filter_named
from .figures import Figures
from .flight import Ask, Flight, Talk
from .futility import Futility
from .lifetime import fields, until_told
from .listener import LISTENER
from .notices import Notices
from .options import Options, Selection
from .removals import Removals
from .results import encode
from .tally import Tally
from .verification import Verification

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Dict, Generator, List, Optional, Tuple


_LEASE_MS = 3_600_000  # the most there is: a holder that dies loses it at once anyway
_META = ',"meta":true'
_WAIT_MS = 1_000  # a round of waiting for another; in a hung daemon it is lost
_WAIT_SECONDS_MAX = 300.0


class SharedFunction:
    """The part of a memoized function that is known outside this process."""

    def __init__(
        self, function: Callable[..., Any], maxsize: Optional[int], typed: bool, options: Options
    ) -> None:
        self.function = function
        self.maxsize = maxsize
        self.typed = typed
        self.options = options
        self.identity = Identity(
            function,
            options.name,
            options.version,
            bool(typed),
            options=f"ignore={','.join(sorted(options.ignore))}" if options.ignore else "",
            key=options.key,
            timed=options.ttl_ms is not None,
        )
        self.notices = Notices(function)
        self.verification = Verification(options.verify, self.notices)
        #: Why nothing is shared, or None.
        self.process_reason = "its maxsize is 0" if maxsize == 0 else process_only(function, options.name)
        #: Why the last result was not shared though the function is, or "".
        self.run_reason = ""
        self.selection = Selection(function, options.ignore) if options.ignore else None
        self._front: Callable[[], Any] = lambda: None
        self._wrapper: Callable[[], Any] = lambda: None
        self.reset_locks()
        self.epoch = self.sequence = 0
        #: Misses in this process that were hits in the daemon.
        self.tally = Tally()
        self.generation = -1
        self._refused = -1  # the generation of the daemon that cannot do what the options ask for
        self.prepared: str = ""
        self.has_shared = False  # whether a result was, in this process
        self._owner: Any = False  # False until it is looked up
        self.by_content = options.by_content
        self.ttl_ms, self.stale_ms, self.early = options.ttl_ms, options.stale_ms or 0, options.early
        self.removals = Removals()
        self.filter, self.filter_name = EventFilter(), ""
        self._asked_name = self._asked = ""  # a name, and how requests for it begin
        leases = options.single_flight or options.stale_ms or options.early
        self._more = f',"lease_ms":{_LEASE_MS}' if leases else ""
        if options.early:
            self._more += f',"early":{options.early}'
        self.figures = Figures()
        self.futility = Futility(bearable=options.single_flight)

    @property
    def front(self) -> Any:
        """What holds the entries of this process: a `NativeFront` or `TimedFront`, or None when it is gone."""
        return self._front()

    @front.setter
    def front(self, front: Any) -> None:
        self._front = weakref.ref(front)  # a wrapper and what it uses should go without a collector

    def stand_behind(self, wrapper: Any) -> None:
        """Says what the program sees of it."""
        self._wrapper = weakref.ref(wrapper)
        wrapper.__memod__ = self

    def is_behind(self, wrapper: Any) -> bool:
        """Whether a callable is the function's wrapper, not one made to look like it."""
        return self._wrapper() is wrapper

    def reset_locks(self) -> None:
        """Makes new locks, in a forked child."""
        self.lock = RLock()
        self.identity.reset_lock()
        self.verification.reset_lock()

    def scope(self) -> CacheScope:
        """How far results reach, and why no further."""
        if self.process_reason is None:
            try:
                self._name_anew()
            except Passing as error:
                return CacheScope("process", str(error))
            except Unstable as error:
                self.process_reason = str(error)
        refused = self._refused == POOL.generation
        reason = self.notices.reasons["persist"] if refused else self.process_reason or self.run_reason
        said = self.notices.summary()
        if not reason and self.has_shared:
            return CacheScope("shared", said)
        return CacheScope("process", reason or said) if reason or said else CacheScope("shared")

    # Looking up

    def take_off(self, args: Tuple[Any, ...], kwds: Dict[str, Any], ask: bool = True, key: Any = None) -> Flight:
        """Begins a call, which may `ask` for its result: its name and key. The rest only matters where `key` is set."""
        flight = Flight()
        flight.args, flight.kwds, flight.tally = args, kwds, self.tally
        flight.epoch, flight.sequence = self.epoch, self.sequence
        if self.process_reason is not None or (ask and self.futility.left_out and self.futility.leaves_out()) or patches.active():
            return flight
        try:
            flight.name = self.identity.steady() or self._name_anew()
            if type(key) is ByContent and self._is_current(key):
                flight.key, flight.volatile = key[1], key.volatile
            else:
                flight.key, flight.volatile = self._key(args, kwds, (), True)
        except Unstable as error:
            self._stay(error)
        except Unstorable as error:
            self.notices.say("argument", str(error))
        except RecursionError:
            pass
        return flight

    def _name_anew(self) -> str:
        name = self.identity.enter()
        self.identity.leave(False)
        return name

    def _key(self, args: Any, kwds: Any, apart: Collection[str] = (), sure: bool = False) -> Tuple[str, bool]:
        if self.options.key is not None:
            return key_text((self.options.key(*args, **kwds),), {}, reader=self.identity.fingerprint)
        owner = self._owner
        if owner is False:
            owner = self._find_owner()
        if self.selection is not None:
            args, kwds = self.selection.apply(args, kwds)
        found = self.identity.fingerprint
        if found is not None:
            if found.iterates:
                self._check_order(args, kwds)
            if owner is not None and found.counters:
                apart = (*apart, *found.counters) if apart else found.counters
        return key_text(args, kwds, owner, apart, found, sure)

    def _find_owner(self) -> Optional[type]:
        owner = self.identity.owner()
        if owner is not None or "." not in getattr(self.function, "__qualname__", ""):
            self._owner = owner
        return owner

    def _check_order(self, args: Any, kwds: Any) -> None:
        self.run_reason = run_watch.problem_of_order((*args, *kwds.values()))
        if self.run_reason:
            raise Unstorable(self.run_reason)

    def _is_current(self, key: ByContent) -> bool:
        found = self.identity.fingerprint
        return key.digest is (None if found is None else found.digest)

    def content_key(self, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> Optional[ByContent]:
        """The key of a call by what its arguments hold, or None, which is said, where they cannot tell."""
        try:
            if not (self.identity.is_settled() or self.process_reason or patches.active()):
                self.identity.settle()  # what the function depends on anyway is no part of the key
        except Unstable as error:
            self._stay(error)
        found = self.identity.fingerprint
        digest = None if found is None else found.digest
        try:
            text, volatile = self._key(args, kwds)
        except Unstorable as error:
            self.notices.say("content", str(error))
            return None
        made = ByContent(text)
        made.digest, made.volatile = digest, volatile
        return made

    def note_version(self) -> None:
        """At the end of the process: keeps what this version of the function was made of."""
        if self.prepared:
            self.identity.note_version()

    def is_prepared(self, name: Optional[str]) -> bool:
        """Whether the daemon has been told of the function, by that name, what it must know before it is asked."""
        return self.generation == POOL.generation and self.prepared == name and not self.removals.keys

    def enter(self, flight: Flight) -> None:
        """The function is about to run, since there is no result for it."""
        if flight.name is None:
            return
        if flight.volatile and flight.args:
            flight.held = frozenset(getattr(flight.args[0], "__dict__", ()))
        try:
            # What it reads may have changed since it was asked for.
            flight.sound = self.identity.enter() == flight.name
            flight.entered = True
        except Unstable as error:
            flight.sound = False
            self._stay(error)
        flight.run = run_watch.Run(self.identity.fingerprint)

    def _stay(self, error: Unstable) -> None:
        """Results stay in the process: for good, unless it is a test's doing or may be taken back."""
        if not patches.active():
            self.notices.say("process", str(error))
            if isinstance(error, Passing):
                self.notices.reasons.pop("process", None)  # while it holds, `scope` finds it
            else:
                self.process_reason = str(error)

    def subscribe(self, flight: Flight) -> None:
        """Starts to listen to the function's events. Blocks for at most a request's time."""
        if flight.name is None or not LISTENER.ensure(flight.name, self):
            flight.key = None  # what others remove would not be noticed

    def prepare(self, flight: Flight) -> Talk:
        """Tells the daemon what it should know: pending removals, and the function's maxsize and typed."""
        name = flight.name
        assert name is not None
        generation = POOL.generation
        if self._refused == generation:
            flight.key = None
            return
        lines, pending = self.removals.requests()
        replies = yield Ask([*lines, encode_request({"op": "info", "fn": name})])
        info = replies[-1] if replies else {}
        gone = replies is not None and self.removals.answered(pending, replies[:-1])
        if not gone or info.get("ok") is not True:
            flight.key = None  # without a daemon, or while it may still have what should be gone
            return
        wanted = {"maxsize": self.maxsize, "typed": self.typed}
        if self.options.persist is not None:
            wanted["persist"] = self.options.persist
        known = {"persist": True, **info}
        if any(known.get(field) != value for field, value in wanted.items()):
            replies = yield Ask([encode_request({"op": "define", "fn": name, **wanted})])
            if replies is None or replies[0].get("ok") is not True:
                flight.key = None
                if replies is not None and self.options.persist is False:
                    self._refused = generation
                    error = replies[0].get("error")
                    message = error.get("message") if isinstance(error, dict) else error
                    self.notices.say("persist", f"memod refuses persist=False: {str(message)[:200]}")
                return
        self.prepared = name
        self.generation = generation

    def request(self, flight: Flight) -> bytes:
        """The request for the value. It is noted before the answer is under way, so that an event which follows
        it finds the key."""
        name, key = flight.name, flight.key
        assert name is not None and key is not None
        flight.computed = self.filter_of(name).came_by(key)
        if self._asked_name != name:
            self._asked_name, self._asked = name, f'{{"op":"get","fn":{dumps(name)},"key":'
        with_meta = self.options.ttl_ms is not None or self.figures.lacks_samples
        return f"{self._asked}{key}{self._more}{_META if with_meta else ''}}}\n".encode()

    def wait_for_another(self, flight: Flight) -> Talk:
        """Asks again, where another is computing the value, until that is over."""
        assert flight.name is not None and flight.key is not None
        line = key_request("get", flight.name, flight.key, f'{self._more},"wait_ms":{_WAIT_MS}{_META}')
        started = time.monotonic()
        while True:
            asked = time.monotonic()
            replies = yield Ask([line], _WAIT_MS / 1000, True)
            if not self.judge(flight, None if replies is None else replies[0]):
                return
            if time.monotonic() - asked < _WAIT_MS / 2000 or asked - started > _WAIT_SECONDS_MAX:
                # At once: to wait would be to wait for ourselves. Or it takes so long that there may be a
                # circle which the daemon cannot see. Compute, and leave storing to the holder.
                flight.key = None
                return

    def judge(self, flight: Flight, reply: Optional[Reply]) -> bool:
        """Takes the daemon's answer. Whether another is computing the value, and is to be waited for."""
        if reply is None or reply.get("ok") is not True:
            flight.key = None
            return False
        lease = reply.get("lease")
        if type(lease) is str:
            flight.lease = lease
            flight.holds = self.options.single_flight
        if reply.get("hit") is True:
            published.answered(flight)
            flight.replace = "value" not in reply
            if not flight.replace:
                until = None if self.ttl_ms is None else until_told(reply, self.ttl_ms, self.stale_ms)
                hits.take(self, flight, reply["value"], reply.get("cost_ms"), until)
            return False
        return self.options.single_flight and reply.get("held") is True

    def filter_of(self, name: str) -> EventFilter:
        """The keys of that name which came by."""
        if self.filter_name != name:
            self.filter, self.filter_name = filter_named(name), name
        return self.filter

    def may_hold(self, name: str, key: Any) -> bool:
        """Whether a key, as an event has it, may have an entry in this process."""
        return self.filter_name != name or self.filter.may_hold(key)

    # Storing

    def land(self, flight: Flight, result: Any, cost: float) -> Talk:
        """Stores a result that took `cost` seconds, where it can come back as it is."""
        entered, flight.entered = flight.entered, False
        sound = entered and self.identity.leave(True) and flight.sound
        problem = flight.end_run()
        if sound:
            self.run_reason = problem
            sound = not problem
        self.figures.sample(cost * 1000)
        if flight.verifies:
            flight.verifies = flight.has_fallback = False
            if self.verification.compare(flight, result):
                return
            flight.replace = True
        if flight.key is None or flight.name is None:
            return
        value = None
        if sound and flight.epoch == self.epoch and self._same_key(flight):
            value = encode(result, flight, self.options.serializer, self.notices)
            self.run_reason = run_watch.problem_of_text(value or "", self.identity.fingerprint)
        if self.run_reason and not patches.active():
            self.notices.say("run", self.run_reason)
        if value is None or self.run_reason:
            self.futility.refused()
            yield from self.give_up(flight)
            return
        self.futility.kept()
        options = self.options
        more = [f',"value":{value},"cost_ms":{int(cost * 1000)}', fields(options.ttl_ms, options.stale_ms)]
        if options.tags:
            more.append(f',"tags":{json.dumps(options.tags)}')
        if flight.lease is not None:
            more.append(f',"lease":{json.dumps(flight.lease)}')
        elif not flight.replace:
            more.append(',"if_absent":true')
        line = key_request("put", flight.name, flight.key, "".join(more))
        if len(line) > POOL.line_bytes_max:
            size, limit = (f"{number / (1 << 20):.1f} MiB" for number in (len(line), POOL.line_bytes_max))
            self.notices.say("size", f"it takes {size}, and memod a line of {limit} at most")
            yield from self.give_up(flight)
            return
        self.has_shared = True
        self.filter_of(flight.name).computed(flight.key)
        if flight.replace:
            self._tell_siblings(flight.name)
        yield Ask([line])

    def fall_back(self, flight: Flight, error: BaseException) -> None:
        """The function has raised, and what is known of its result is returned."""
        if flight.verifies:
            self.verification.failed(flight, error)

    def give_up(self, flight: Flight) -> Talk:
        """Ends a call without a result to store, so that nobody waits for one."""
        flight.end_run()
        if flight.entered:
            self.identity.leave(False)
            flight.entered = False
        if flight.lease is not None and flight.key is not None:
            yield Ask([key_request("release", flight.name, flight.key, f',"lease":{json.dumps(flight.lease)}')])
            flight.lease = None

    def _same_key(self, flight: Flight) -> bool:
        if not flight.volatile and not self.by_content:
            return True
        try:
            # What a property has kept on its object meanwhile comes of what the key has already.
            if self._key(flight.args, flight.kwds, flight.filled())[0] == flight.key:
                return True
            self.notices.say("change", "an argument changed while the function ran")
        except (Unstorable, RecursionError):
            pass
        return False

    # Removing

    def _forget_all(self) -> None:
        with self.lock:
            self.epoch += 1
            self.figures.reported = 0
            self.filter.clear()
            if self.front is not None:
                self.front.clear()
            self.tally = Tally()  # calls under way count in the old one

    def clear_here(self) -> None:
        """Removes everything in this process, and notes that the daemon is to remove it too."""
        self._forget_all()
        if self.process_reason is not None:
            return
        try:
            name = self._name_anew()
        except Unstable as error:
            self._stay(error)
            return
        self.removals.add_all(name)
        self._tell_siblings(name)

    def clear_there(self) -> Talk:
        """Has the daemon remove what it was not told to yet. Where that fails, it is tried again before the
        next look-up."""
        lines, pending = self.removals.requests()
        if lines:
            self.removals.answered(pending, (yield Ask(lines)))

    def remove(self, flight: Flight) -> Talk:
        """Removes the entry of one call."""
        yield from self.give_up(flight)
        if flight.key is None or flight.name is None:
            return
        self.removals.add(flight.name, flight.key)
        self._tell_siblings(flight.name)
        yield from self.clear_there()

    def _tell_siblings(self, name: str) -> None:
        for other in list(LISTENER.functions.get(name, ())):
            if other is not self:
                other.invalidate()

    def invalidate(self) -> None:
        """Drops the entries of this process: another has removed something."""
        with self.lock:
            self.sequence += 1
            self.settle()

    def forget_daemon(self) -> None:
        """Begins as in a new process."""
        self.prepared = self.run_reason = ""
        self.removals = Removals()
        self._forget_all()

    def settle(self) -> None:
        """Drops once more what may have been under way when something was removed."""
        with self.lock:
            if (front := self.front) is not None:
                front.drop()

    # Counting

    def take_report(self) -> Optional[Dict[str, Any]]:
        """The request that reports what the daemon does not know of yet, or None."""
        if not self.prepared or (front := self.front) is None:
            return None
        with self.lock:
            verified = self.verification.take_report() if "verify" in POOL.features else {}
            return self.figures.report(self.prepared, int(front.local_hits()), verified)

    def return_report(self, request: Dict[str, Any]) -> None:
        """Takes back a report that did not arrive."""
        with self.lock:
            self.figures.reported -= request["hits"]
            self.verification.return_report(request)

    def forked(self) -> None:
        """In a forked child: what it inherits is not watched and was counted by its parent."""
        self.reset_locks()
        self.filter.reset_lock()
        self.filter.clear()
        if self.prepared:
            self.invalidate()
        if (front := self.front) is not None:
            self.figures.reported = front.local_hits()
