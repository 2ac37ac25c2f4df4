"""Caches in the program that memoized functions reach, as `functools.lru_cache` makes them: what they keep was computed under
the data of its time. Results that come of that are for others only if the data are known to be the same since."""

from __future__ import annotations

import os
import sys
import types
from weakref import WeakKeyDictionary

from .._client.signals import pass_signal
from . import library_code
from .data_source import Source
from .values import CachedWrapper
from .walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

_UNKNOWN = "unknown"
_info_of = CachedWrapper.cache_info
#: By cache, under what it is known to have been filled.
_filled: "WeakKeyDictionary[Any, str]" = WeakKeyDictionary()


class CachedHelpers:
    """Those that a function reaches."""

    def __init__(self, caches: Iterable[Any], walk_of: Callable[[Any], Walk]) -> None:
        """`walk_of` tells what one leads to."""
        self._caches = list(dict.fromkeys(caches))
        self._walk_of = walk_of
        self._marks: Tuple[str, List[Tuple[Any, str, Walk]]] = "", []

    def begin(self, digest: str, labels: Dict[str, Source], digests: Dict[str, str]) -> List[Tuple[Any, int]]:
        """The function begins to run. The caches whose results might be of other data, and their hits. `digest` is its
        own, `labels` and `digests` tell of its data."""
        if not self._caches:
            return []
        if self._marks[0] != digest:
            self._marks = digest, self._find(labels, digests)
        found = []
        for cache, mark, walk in self._marks[1]:
            hits, size = _counts(cache)
            known = _filled.get(cache)
            if size == 0 or (known is None and _are_as_written(cache, walk)):
                _filled[cache] = mark
            elif known != mark:
                _filled[cache] = _UNKNOWN
                found.append((cache, hits))
        return found

    def _find(self, labels: Dict[str, Source], digests: Dict[str, str]) -> List[Tuple[Any, str, Walk]]:
        by_source = {id(source): digests[label] for label, source in labels.items()}
        found = []
        for cache in self._caches:
            walk = self._walk_of(cache)
            data = [by_source.get(id(source), source.digest) for source in walk.sources]
            found.append((cache, f"{walk.digest} {data}", walk))
        return found


def end(begun: List[Tuple[Any, int]]) -> str:
    """Why the result is for this process alone of a function that began then, or ""."""
    for cache, hits in begun:
        if _counts(cache)[0] > hits:
            name = getattr(cache, "__qualname__", "a cache")
            return f"{name} answers it with what it kept from before, which may be of other data; its cache_clear() ends that"
    return ""


def _counts(cache: Any) -> Tuple[int, int]:
    """How often it has answered by itself, and how much it keeps."""
    shared = vars(cache).get("__memod__")
    front = getattr(shared, "front", None)
    if front is not None:
        return int(front.local_hits()), int(front.info().currsize)
    if type(cache) is not CachedWrapper:
        return 0, 0
    info = _info_of(cache)
    return int(info.hits), int(info.currsize)


def _are_as_written(cache: Any, walk: Walk) -> bool:
    """Whether what a cache leads to is what the files of the modules say: then nobody has changed it since they were
    loaded. Its own function is the one that it was made of."""
    own = getattr(cache, "__wrapped__", None)
    functions = [node.value for node in walk.nodes if type(node.value) is types.FunctionType and node.value is not own]
    return all(map(_is_as_written, walk.sources)) and all(map(_is_of_file, functions))


def _is_of_file(function: Any) -> bool:
    path = getattr(sys.modules.get(function.__module__), "__file__", None) or ""
    return bool(os.path.basename(path) == os.path.basename(function.__code__.co_filename))


def _is_as_written(source: Source) -> bool:
    if source.place is None or type(source.place[1]) is not str:
        return False
    space, name = source.place
    module = sys.modules.get(str(space.get("__name__")))
    if type(module) is not types.ModuleType or vars(module) is not space:
        return False
    literals = _literals(module)
    return name in literals and repr(literals[name]) == repr(source.value)


def _literals(module: types.ModuleType) -> Dict[str, Any]:
    if module.__name__ != "__main__":
        facts = library_code.facts_of(module)
        return facts.literals if facts is not None else {}
    path: Optional[str] = getattr(module, "__file__", None)
    if path is None or os.path.splitext(path)[1] not in (".py", ""):
        return {}
    known = _of_scripts.get(path)
    if known is None:
        try:
            with open(path, "rb") as file:
                known = library_code.literals_of(compile(file.read(), path, "exec"))
        except (OSError, ValueError, SyntaxError) as error:
            pass_signal(error)
            known = {}
        _of_scripts[path] = known
    return known


_of_scripts: Dict[str, Dict[str, Any]] = {}
