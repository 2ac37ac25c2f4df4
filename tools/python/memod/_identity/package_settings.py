"""Settings of packages that the program can change, and on which results depend that come of them. What is not loaded has
none."""

from __future__ import annotations

import os
import sys
from operator import is_

from .library_marks import Marks
from .modules import is_own_code
from .snapshot import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple


def _attrs() -> str:
    return repr(getattr(sys.modules.get("attr._config"), "_run_validators", True))


def _polars() -> str:
    config: Any = sys.modules.get("polars.config")
    if config is None:
        return ""
    environment = sorted((name, value) for name, value in os.environ.items() if name[:7] == "POLARS_")
    direct = sorted((name, read()) for name, read in getattr(config, "_POLARS_CFG_DIRECT_VARS", {}).items())
    cached = getattr(sys.modules.get("polars"), "using_string_cache", None)
    return repr((environment, direct, cached() if callable(cached) else None))


_YAML_TABLES = (
    "yaml_constructors",
    "yaml_multi_constructors",
    "yaml_representers",
    "yaml_multi_representers",
    "yaml_implicit_resolvers",
    "yaml_path_resolvers",
)
_YAML_MODULES = ("yaml.constructor", "yaml.representer", "yaml.resolver", "yaml.loader", "yaml.dumper", "yaml.cyaml")
#: The tables as of the last look, what tells whether they hold the same, words for them, and the program's own code in them.
_yaml_known: Tuple[List[Any], Any, str, List[Any]] = ([], None, "", [])


def _yaml_look() -> Tuple[List[Any], Any, str, List[Any]]:
    global _yaml_known
    now: List[Any] = []
    for name in _YAML_MODULES:
        for key, cls in sorted(vars(sys.modules[name]).items()) if name in sys.modules else ():
            if isinstance(cls, type) and cls.__module__.startswith("yaml"):
                now += [(f"{name}.{key}.{each}", vars(cls).get(each)) for each in _YAML_TABLES]
    tables = [table for _, table in now]
    known = _yaml_known
    if len(tables) != len(known[0]) or not all(map(is_, tables, known[0])) or known[1] is None or not known[1].holds():
        held = snapshot(tables, whole=False)
        marks = Marks(True, leads=True)
        words = repr([(place, marks.of(table)) for place, table in now if table is not None])
        same = len(marks.parts) == len(known[3]) and all(map(is_, marks.parts, known[3]))
        _yaml_known = known = tables, held, words, known[3] if same else list(marks.parts)
    return known


def _yaml() -> str:
    return _yaml_look()[2]


def yaml_functions() -> List[Any]:
    """The program's own code that yaml calls for its tags."""
    return _yaml_look()[3]


def extension_types() -> List[Any]:
    """Classes of the program by whose names pandas finds types."""
    registry = getattr(sys.modules.get("pandas.core.dtypes.base"), "_registry", None)
    return [each for each in getattr(registry, "dtypes", ()) if is_own_code(getattr(each, "__module__", None), "")]


PACKAGE_SETTINGS: Dict[str, Callable[[], str]] = {"attrs": _attrs, "polars": _polars, "yaml": _yaml}
PACKAGE_SETTING_NAMES = {"attrs": "validators of attrs", "polars": "settings of polars", "yaml": "tags of yaml"}
