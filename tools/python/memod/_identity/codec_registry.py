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


#: The names of encodings as of the last look, and a word for them.
_aliases: Tuple[List[str], str] = ([], "")


def aliases() -> str:
    """A word for the names by which encodings go."""
    global _aliases
    table = encodings.aliases.aliases
    known, word = _aliases
    now = list(table.values())
    if not word or now != known:
        word = text_digest(repr(sorted(table.items())))[:16]
        _aliases = now, word
    return word


def names() -> str:
    """The names of added handlers."""
    handlers = _find()[1]
    return repr(sorted(handlers.keys() - _OWN_HANDLERS)) if len(handlers) > len(_OWN_HANDLERS) else ""
