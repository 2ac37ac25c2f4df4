"""What the program has added to the codecs: the interpreter tells nobody, but the collector knows its lists."""

from __future__ import annotations

import codecs
import encodings.aliases
import gc

from .._client.digests import text_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

#: The functions that look for codecs, the interpreter's own first, and the handlers of errors by name.
_search_path: Optional[List[Any]] = None
_handlers: Optional[Dict[str, Any]] = None
_OWN_HANDLERS = frozenset(
    "strict ignore replace xmlcharrefreplace backslashreplace namereplace surrogatepass surrogateescape".split()
)


def _find() -> Tuple[List[Any], Dict[str, Any]]:
    global _search_path, _handlers
    if _search_path is None or _handlers is None:
        "".encode("utf-7")  # makes the interpreter register its own
        search = encodings.search_function
        lists = [each for each in gc.get_referrers(search) if type(each) is list and each and each[0] is search]
        handler = codecs.lookup_error("strict")
        tables = [
            each
            for each in gc.get_referrers(handler)
            if type(each) is dict and each.get("strict") is handler and each.keys() >= _OWN_HANDLERS
        ]
        _search_path, _handlers = (lists or [[search]])[0], (tables or [{}])[0]
    return _search_path, _handlers


def added() -> List[Any]:
    """What finds codecs and handles errors beside the interpreter's own, in the order in which it is asked."""
    search_path, handlers = _find()
    found = search_path[1:] if len(search_path) > 1 else []
    if len(handlers) > len(_OWN_HANDLERS):
        found += [handlers[name] for name in sorted(handlers.keys() - _OWN_HANDLERS)]
    return found


#: The names of encodings as of the last look, how many had been looked for, and a word for them.
_aliases: Tuple[List[str], int, str] = ([], 0, "")


def aliases() -> str:
    """A word for the names by which encodings go."""
    global _aliases
    table = encodings.aliases.aliases
    known, looked_for, word = _aliases
    now, count = list(table.values()), len(_found_before())
    if not word or now != known or count != looked_for:
        word = text_digest(repr((sorted(table.items()), _kept())))[:16]
        _aliases = now, count, word
    return word


def _found_before() -> Dict[str, Any]:
    found: Dict[str, Any] = getattr(encodings, "_cache", {})
    return found


def _kept() -> List[Tuple[str, str]]:
    """Names that lead elsewhere than the table says now, since they were looked for when it said so: for good."""
    table = encodings.aliases.aliases
    found = []
    for name, codec in sorted(_found_before().items()):
        normal = encodings.normalize_encoding(name)
        meant = table.get(normal) or table.get(normal.replace(".", "_"))
        home = getattr(getattr(codec, "incrementalencoder", None), "__module__", "").rpartition(".")[2]
        if (home and home not in (meant, normal)) if codec is not None else meant is not None:
            found.append((name, home))
    return found


def names() -> str:
    """The names of added handlers."""
    handlers = _find()[1]
    return repr(sorted(handlers.keys() - _OWN_HANDLERS)) if len(handlers) > len(_OWN_HANDLERS) else ""
