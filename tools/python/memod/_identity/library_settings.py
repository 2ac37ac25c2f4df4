"""Settings of the standard library that the program can change, and on which results depend that come of it. What is not
loaded has none."""

from __future__ import annotations

import sys
import types

from .code_store import code_form
from .modules import is_own_code

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


def _json() -> str:
    encoder = _loaded("json.encoder", "JSONEncoder")
    methods = [function_mark(getattr(encoder, name, None)) for name in ("default", "encode", "iterencode")]
    separators = _plain(encoder, "item_separator", "key_separator")
    return repr((methods, separators, _plain(_loaded("json", "_default_encoder"))))


def _urls() -> str:
    return repr([_loaded("urllib.parse", name) for name in ("uses_relative", "uses_netloc", "uses_params")])


def _namespaces() -> str:
    return repr(_loaded("xml.etree.ElementTree", "_namespace_map"))


def _templates() -> str:
    template = _loaded("string", "Template")
    pattern = getattr(getattr(template, "pattern", None), "pattern", None)
    return repr((pattern, _plain(template, "delimiter", "idpattern", "braceidpattern")))


def _abbreviations() -> str:
    return repr(_plain(_loaded("reprlib", "aRepr")))


def _charsets() -> str:
    return repr([_loaded("email.charset", name) for name in ("CHARSETS", "ALIASES", "CODEC_MAP")])


def _entities() -> str:
    names = ("html5", "name2codepoint", "codepoint2name", "entitydefs")
    return repr([len(_loaded("html.entities", name) or ()) for name in names])


def _registered(*places: Tuple[str, str]) -> List[Tuple[str, str, Any]]:
    """What the program has put into tables of a library: the table, the key, the function."""
    found = []
    for module, table in places:
        for key, each in list((_loaded(module, table) or {}).items()):
            kind = key[0] if isinstance(key, tuple) else key
            name = f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else str(kind)
            each = next(filter(callable, each), None) if isinstance(each, tuple) else each
            own = is_own_code(getattr(each, "__module__", None), "")
            if own or is_own_code(getattr(kind, "__module__", None), ""):
                found.append((table, name, each))
    return sorted(found, key=lambda each: each[:2])


_REDUCERS = ("copyreg", "dispatch_table"), ("copy", "_deepcopy_dispatch"), ("copy", "_copy_dispatch")
_ADAPTERS = ("sqlite3", "adapters"), ("sqlite3", "converters")
_ARCHIVES = ("shutil", "_ARCHIVE_FORMATS"), ("shutil", "_UNPACK_FORMATS")


def _table_of(*places: Tuple[str, str]) -> Callable[[], str]:
    return lambda: repr([(table, key, function_mark(each)) for table, key, each in _registered(*places)])


def _functions_of(*places: Tuple[str, str]) -> Callable[[], List[Any]]:
    return lambda: [each for _, _, each in _registered(*places)]


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
    "json": _json,
    "urls": _urls,
    "namespaces": _namespaces,
    "templates": _templates,
    "abbreviations": _abbreviations,
    "charsets": _charsets,
    "entities": _entities,
    "reducers": _table_of(*_REDUCERS),
    "adapters": _table_of(*_ADAPTERS),
    "archives": _table_of(*_ARCHIVES),
    "loggers": _loggers,
}
#: The functions among them, whose code counts as well.
CALLED: Dict[str, Callable[[], List[Any]]] = {
    "reducers": _functions_of(*_REDUCERS),
    "adapters": _functions_of(*_ADAPTERS),
    "archives": _functions_of(*_ARCHIVES),
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
