"""`lru_cache` and `cache`: functools' decorators, with a memory that outlives the process."""

from __future__ import annotations

import atexit
import functools
import os
import sys
from functools import update_wrapper
from weakref import WeakSet

from .._client.connection_pool import POOL
from .._client.signals import pass_signal
from .._identity import code_store, modules
from .._identity.identity import CacheScope, is_async
from . import stack_reserve, sync_runner
from .listener import LISTENER
from .native import NativeFront, maxsize_of
from .options import Options, checked_options
from .python_front import wrap
from .shared import SharedFunction
from .timed import TimedFront

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Protocol, Sequence, TypeVar, Union, overload

    from .cached_function import CachedFunction
    from .explanation import Explanation
    from .options import Seconds

    T = TypeVar("T")
    _Decorator = Callable[[Callable[..., T]], CachedFunction[T]]

_functions: WeakSet[SharedFunction] = WeakSet()


if TYPE_CHECKING:

    @overload
    def lru_cache(maxsize: Callable[..., T], typed: bool = False) -> CachedFunction[T]: ...

    @overload
    def lru_cache(
        maxsize: Optional[int] = 128,
        typed: bool = False,
        *,
        name: Optional[str] = None,
        version: Union[str, int, None] = None,
        ttl: Optional[Seconds] = None,
        stale: Optional[Seconds] = None,
        tags: Sequence[str] = (),
        single_flight: bool = False,
        ignore: Sequence[str] = (),
        key: Optional[Callable[..., Any]] = None,
        early: Optional[float] = None,
        serializer: Optional[str] = None,
        verify: Union[float, str, None] = None,
        persist: Optional[bool] = None,
    ) -> _Decorator[T]: ...


def lru_cache(
    maxsize: Union[int, Callable[..., Any], None] = 128,
    typed: bool = False,
    *,
    name: Optional[str] = None,
    version: Union[str, int, None] = None,
    ttl: Optional[Seconds] = None,
    stale: Optional[Seconds] = None,
    tags: Sequence[str] = (),
    single_flight: bool = False,
    ignore: Sequence[str] = (),
    key: Optional[Callable[..., Any]] = None,
    early: Optional[float] = None,
    serializer: Optional[str] = None,
    verify: Union[float, str, None] = None,
    persist: Optional[bool] = None,
) -> Any:
    """`functools.lru_cache`, whose results are also kept by the memod daemon.

    `name` replaces the function's identity across processes, `version` the fingerprint of its code. `ttl`
    and `stale` are seconds or timedeltas: how long a result is fresh, and how long after that it may still
    be served while one caller computes it anew; `early` (a factor, usually 1) does so before the end, by
    chance. `tags` are for `memoctl clear --tag`. With `single_flight` a result is computed by one process
    at a time. `ignore` names parameters that do not matter; `key` is called with the arguments and returns
    what does. `serializer="pickle"` stores, signed, what JSON cannot express. `verify`, a share or `"first"`,
    has hits of the daemon computed again and compared. With `persist=False` results live only in memory."""
    options = checked_options(
        name=name,
        version=version,
        ttl=ttl,
        stale=stale,
        tags=tags,
        single_flight=single_flight,
        ignore=ignore,
        key=key,
        early=early,
        serializer=serializer,
        verify=verify,
        persist=persist,
    )
    return _decorator(maxsize, 128, typed, options)


if TYPE_CHECKING:

    @overload
    def cache(user_function: Callable[..., T], /) -> CachedFunction[T]: ...

    @overload
    def cache(
        *,
        name: Optional[str] = None,
        version: Union[str, int, None] = None,
        ttl: Optional[Seconds] = None,
        stale: Optional[Seconds] = None,
        tags: Sequence[str] = (),
        single_flight: bool = False,
        ignore: Sequence[str] = (),
        key: Optional[Callable[..., Any]] = None,
        early: Optional[float] = None,
        serializer: Optional[str] = None,
        verify: Union[float, str, None] = None,
        persist: Optional[bool] = None,
    ) -> _Decorator[T]: ...


def cache(
    user_function: Optional[Callable[..., Any]] = None,
    /,
    *,
    name: Optional[str] = None,
    version: Union[str, int, None] = None,
    ttl: Optional[Seconds] = None,
    stale: Optional[Seconds] = None,
    tags: Sequence[str] = (),
    single_flight: bool = False,
    ignore: Sequence[str] = (),
    key: Optional[Callable[..., Any]] = None,
    early: Optional[float] = None,
    serializer: Optional[str] = None,
    verify: Union[float, str, None] = None,
    persist: Optional[bool] = None,
) -> Any:
    """`functools.cache`: `lru_cache(maxsize=None)`. With options it is called before it decorates."""
    options = checked_options(
        name=name,
        version=version,
        ttl=ttl,
        stale=stale,
        tags=tags,
        single_flight=single_flight,
        ignore=ignore,
        key=key,
        early=early,
        serializer=serializer,
        verify=verify,
        persist=persist,
    )
    return _decorator(user_function, None, False, options)


if TYPE_CHECKING:

    @overload
    def memoize(maxsize: Callable[..., T], typed: bool = False) -> CachedFunction[T]: ...

    @overload
    def memoize(
        maxsize: Optional[int] = None,
        typed: bool = False,
        *,
        name: Optional[str] = None,
        version: Union[str, int, None] = None,
        ttl: Optional[Seconds] = None,
        stale: Optional[Seconds] = None,
        tags: Sequence[str] = (),
        single_flight: bool = False,
        ignore: Sequence[str] = (),
        key: Optional[Callable[..., Any]] = None,
        early: Optional[float] = None,
        serializer: Optional[str] = None,
        verify: Union[float, str, None] = None,
        persist: Optional[bool] = None,
    ) -> _Decorator[T]: ...


def memoize(
    maxsize: Union[int, Callable[..., Any], None] = None,
    typed: bool = False,
    *,
    name: Optional[str] = None,
    version: Union[str, int, None] = None,
    ttl: Optional[Seconds] = None,
    stale: Optional[Seconds] = None,
    tags: Sequence[str] = (),
    single_flight: bool = False,
    ignore: Sequence[str] = (),
    key: Optional[Callable[..., Any]] = None,
    early: Optional[float] = None,
    serializer: Optional[str] = None,
    verify: Union[float, str, None] = None,
    persist: Optional[bool] = None,
) -> Any:
    """`lru_cache` without a bound, for arguments that need no hash: lists, dicts, sets, arrays, frames and the like
    count by what they hold."""
    options = checked_options(
        name=name,
        version=version,
        ttl=ttl,
        stale=stale,
        tags=tags,
        single_flight=single_flight,
        ignore=ignore,
        key=key,
        early=early,
        serializer=serializer,
        verify=verify,
        persist=persist,
    )
    return _decorator(maxsize, None, typed, options._replace(by_content=True))


def _decorator(maxsize: Any, default: Optional[int], typed: bool, options: Options) -> Any:
    if isinstance(maxsize, int):
        maxsize = maxsize_of(maxsize)
    elif callable(maxsize) and isinstance(typed, bool):
        return _decorate(maxsize, default, typed, options)
    elif maxsize is not None:
        raise TypeError("Expected first argument to be an integer, a callable, or None")
    return lambda function: _decorate(function, maxsize, typed, options)


def _decorate(function: Any, maxsize: Optional[int], typed: bool, options: Options) -> Any:
    if not callable(function):
        raise TypeError("the first argument must be callable")
    shared = SharedFunction(function, maxsize, bool(typed), options)
    front: Union[NativeFront, TimedFront]
    if is_async(function):
        front = TimedFront(shared)
        from . import async_front

        wrapper = async_front.wrap(shared, front)
    elif options.needs_own_front:
        front = TimedFront(shared)
        wrapper = wrap(shared, front)
    else:
        front = NativeFront(shared)
        wrapper = front.wrap()
    shared.front = front
    update_wrapper(wrapper, function)
    shared.stand_behind(wrapper)
    wrapper.cache_parameters = lambda: {"maxsize": maxsize, "typed": typed}
    _Controls(shared, front).attach(wrapper)
    _functions.add(shared)
    if shared.process_reason is not None and maxsize != 0 and is_own_code(function):
        shared.notices.say("process", shared.process_reason)
    return wrapper


def memoized_functions() -> List[SharedFunction]:
    """Those of this process."""
    return list(_functions)


def is_own_code(function: Any) -> bool:
    """Whether a function is the program's, and not a library's, which knows best how far its caches should reach."""
    module = getattr(function, "__module__", None)
    return isinstance(module, str) and modules.is_own_code(module, "")


class _Controls:
    """The functions on a wrapper. They do not hold the wrapper, for it would never go away by itself."""

    def __init__(self, shared: SharedFunction, front: Union[NativeFront, TimedFront]) -> None:
        self._shared = shared
        self._front = front

    def attach(self, wrapper: Any) -> None:
        shared, front = self._shared, self._front
        awaits = is_async(shared.function)

        def cache_info():  # type: ignore[no-untyped-def]
            """Report cache statistics"""
            return front.info()

        def cache_clear():  # type: ignore[no-untyped-def]
            """Clear the cache and cache statistics"""
            loop = _running_loop() if awaits else None
            if loop is not None:
                # Removed here at once, and in the daemon before it is asked again; no one waits for that.
                shared.clear_here()
                loop.run_in_executor(None, _quietly, shared.clear_there())
            else:
                shared.clear_here()
                _quietly(shared.clear_there())

        for control in (cache_info, cache_clear):
            control.__annotations__ = {}  # `inspect.signature` is to show what it shows of functools'
        wrapper.cache_info = cache_info
        wrapper.cache_clear = cache_clear
        wrapper.cache_scope = shared.scope
        wrapper.explain = self._explain
        wrapper.refresh, wrapper.forget = self._refresh, self._forget
        if awaits and isinstance(front, TimedFront):
            from . import async_front

            wrapper.forget, wrapper.refresh = async_front.controls(shared, front)

    def _explain(self, *args: Any, **kwds: Any) -> Explanation:
        from .explanation import explain

        return explain(self._shared, args, kwds)

    def _forget(self, *args: Any, **kwds: Any) -> None:
        self._front.forget(args, kwds)
        flight = sync_runner.begin(self._shared, args, kwds, ask=False)
        sync_runner.conclude(self._shared, flight, self._shared.remove(flight))

    def _refresh(self, *args: Any, **kwds: Any) -> Any:
        shared = self._shared
        flight = sync_runner.begin(shared, args, kwds, ask=False)
        if flight.key is None and isinstance(self._front, NativeFront):
            sync_runner.abandon(shared, flight)
            return self._front.recompute(args, kwds)
        flight.replace = True
        try:
            result = shared.function(*args, **kwds)
        except BaseException:
            sync_runner.abandon(shared, flight)
            raise
        self._front.forget(args, kwds)
        cost = sync_runner.finish(shared, flight, result)
        if isinstance(self._front, TimedFront):
            self._front.keep_anew(args, kwds, flight, result, cost)
        return result


def _running_loop() -> Any:
    asyncio = sys.modules.get("asyncio")  # not loaded, there is no loop
    try:
        return asyncio.get_running_loop() if asyncio is not None else None
    except RuntimeError:
        return None


def _quietly(talk: Any) -> None:
    try:
        sync_runner.run(talk)
    except Exception as error:
        pass_signal(error)  # what could not be removed now is removed before the daemon is asked again


def _after_fork_in_child() -> None:
    POOL.reset()
    for function in list(_functions):
        function.forked()
    LISTENER.forget()
    stack_reserve.forked()
    code_store.forked()


def start_anew() -> None:
    """Forgets the daemon and all results of this process, as tests do before and after they use another."""
    LISTENER.stop()
    LISTENER.forget()
    LISTENER.functions.clear()
    POOL.reset()
    for function in list(_functions):
        function.forget_daemon()


def _at_exit() -> None:
    LISTENER.stop()
    code_store.save()
    for function in list(_functions):
        function.note_version()
        _quietly(function.clear_there())
    try:
        LISTENER.report()
    except Exception:
        pass  # figures are not worth a traceback at the end of a program


atexit.register(_at_exit)
LISTENER.at_exit = _at_exit

os.register_at_fork(
    before=LISTENER.before_fork, after_in_parent=LISTENER.resume, after_in_child=_after_fork_in_child
)
