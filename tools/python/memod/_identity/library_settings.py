"""Settings of the standard library that the program can change, and on which results depend that come of it. What is not
loaded has none."""

from __future__ import annotations

import sys
import types

from .code_store import code_form
from .modules import is_own_code
from .remembered import remembered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

_SCALARS = (str, int, float, bool, bytes, type(None))


def _loaded(module: str, *path: str) -> Any:
    found: Any = sys.modules.get(module)
    for name in path:
        found = getattr(found, name, None)
    return found


def _plain(holder: Any, *names: str) -> Any:
    """Attributes of an object: those named, or all that are plain."""
    held = {name: getattr(holder, name, None) for name in names} if names else getattr(holder, "__dict__", {})
    return sorted((name, value) for name, value in held.items() if isinstance(value, _SCALARS))


def function_mark(value: Any) -> str:
    """A word for what a function does by itself."""
    code = value.__code__ if isinstance(value, types.FunctionType) else None
    if code is not None:
        return code_form(code).digest
    owner = getattr(value, "__self__", None)
    of = repr(owner) if isinstance(owner, _SCALARS) else ""
    return f"{type(value).__name__} {getattr(value, '__qualname__', '')} {of}"


def _json_parts() -> List[Any]:
    encoder = _loaded("json.encoder", "JSONEncoder")
    parts = [getattr(encoder, name, None) for name in ("default", "encode", "iterencode", "item_separator", "key_separator")]
    return [*parts, getattr(_loaded("json", "_default_encoder"), "__dict__", None)]


def _json(*parts: Any) -> str:
    methods = [function_mark(each) for each in parts[:3]]
    separators = _plain(_loaded("json.encoder", "JSONEncoder"), "item_separator", "key_separator")
    return repr((methods, separators, _plain(_loaded("json", "_default_encoder"))))


def _tables_of(module: str, *names: str) -> Callable[[], str]:
    return remembered(lambda: [_loaded(module, name) for name in names], lambda *tables: repr(tables))


def _templates() -> str:
    template = _loaded("string", "Template")
    pattern = getattr(getattr(template, "pattern", None), "pattern", None)
    return repr((pattern, _plain(template, "delimiter", "idpattern", "braceidpattern")))


def _abbreviations() -> str:
    return repr(_plain(_loaded("reprlib", "aRepr")))


def _entities() -> str:
    names = ("html5", "name2codepoint", "codepoint2name", "entitydefs")
    return repr([len(_loaded("html.entities", name) or ()) for name in names])


def _registered(names: Tuple[str, ...], tables: Tuple[Any, ...]) -> List[Tuple[str, str, Any]]:
    """What the program has put into tables of a library: the table, the key, the function."""
    found = []
    for table, held in zip(names, tables):
        for key, each in list((held or {}).items()):
            kind = key[0] if isinstance(key, tuple) else key
            name = f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else str(kind)
            each = next(filter(callable, each), None) if isinstance(each, tuple) else each
            own = is_own_code(getattr(each, "__module__", None), "")
            if own or is_own_code(getattr(kind, "__module__", None), ""):
                found.append((table, name, each))
    return sorted(found, key=lambda each: each[:2])


class _Registers:
    """Tables of a library into which the program may put functions."""

    def __init__(self, *places: Tuple[str, str]) -> None:
        names = tuple(table for _, table in places)

        def tables() -> List[Any]:
            return [_loaded(module, table) for module, table in places]

        def words(*held: Any) -> str:
            return repr([(table, key, function_mark(each)) for table, key, each in _registered(names, held)])

        def functions(*held: Any) -> List[Any]:
            return [each for _, _, each in _registered(names, held)]

        #: Words for what the program has put there, and its functions.
        self.words = remembered(tables, words)
        self.functions = remembered(tables, functions)


_REDUCERS = _Registers(("copyreg", "dispatch_table"), ("copy", "_deepcopy_dispatch"), ("copy", "_copy_dispatch"))
_ADAPTERS = _Registers(("sqlite3", "adapters"), ("sqlite3", "converters"))
_ARCHIVES = _Registers(("shutil", "_ARCHIVE_FORMATS"), ("shutil", "_UNPACK_FORMATS"))


def _loggers() -> str:
    root = _loaded("logging", "root")
    if root is None:
        return ""
    manager = root.manager
    loggers = [("", root), *sorted(list(manager.loggerDict.items()), key=lambda each: each[0])]
    held = [(name, _plain(each, "level", "propagate", "disabled")) for name, each in loggers if hasattr(each, "level")]
    handlers = [(name, len(each.handlers)) for name, each in loggers if getattr(each, "handlers", None)]
    names = sorted((_loaded("logging", "_levelToName") or {}).items())
    return repr((manager.disable, [each for each in held if each[1] != _PLAIN_LOGGER], handlers, names))


_PLAIN_LOGGER = [("disabled", False), ("level", 0), ("propagate", True)]


#: By the word that stands for each in the table of the standard library.
SETTINGS: Dict[str, Callable[[], str]] = {
    "json": remembered(_json_parts, _json),
    "urls": _tables_of("urllib.parse", "uses_relative", "uses_netloc", "uses_params"),
    "namespaces": _tables_of("xml.etree.ElementTree", "_namespace_map"),
    "templates": _templates,
    "abbreviations": _abbreviations,
    "charsets": _tables_of("email.charset", "CHARSETS", "ALIASES", "CODEC_MAP"),
    "entities": _entities,
    "reducers": _REDUCERS.words,
    "adapters": _ADAPTERS.words,
    "archives": _ARCHIVES.words,
    "loggers": _loggers,
}
#: The functions among them, whose code counts as well.
CALLED: Dict[str, Callable[[], List[Any]]] = {
    "reducers": _REDUCERS.functions,
    "adapters": _ADAPTERS.functions,
    "archives": _ARCHIVES.functions,
}
#: What they are called, for people.
SETTING_NAMES = {
    "json": "settings of json",
    "urls": "schemes of urllib.parse",
    "namespaces": "namespaces of ElementTree",
    "templates": "pattern of string.Template",
    "abbreviations": "limits of reprlib",
    "charsets": "charsets of email",
    "entities": "entities of html",
    "reducers": "table of copyreg",
    "adapters": "adapters of sqlite3",
    "archives": "formats of shutil",
    "loggers": "levels of loggers",
}
