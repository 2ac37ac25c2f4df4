"""Settings of packages that the program can change, and on which results depend that come of them. What is not loaded has
none."""

from __future__ import annotations

import gc
import os
import sys

from .library_kept import Passing
from .library_marks import Marks
from .modules import is_own_code
from .remembered import remembered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple


def variables() -> List[Any]:
    """The table of environment variables, for `remembered`."""
    data = getattr(os.environ, "_data", os.environ)
    return [data if type(data) is dict else object()]  # what cannot be compared is always another


def _attrs() -> str:
    return repr(getattr(sys.modules.get("attr._config"), "_run_validators", True))


def _polars_variables(variables: Any) -> List[Tuple[str, str]]:
    return sorted((name, value) for name, value in os.environ.items() if name[:7] == "POLARS_")


_polars_environment = remembered(variables, _polars_variables)


def _polars() -> str:
    config: Any = sys.modules.get("polars.config")
    if config is None:
        return ""
    direct = sorted((name, read()) for name, read in getattr(config, "_POLARS_CFG_DIRECT_VARS", {}).items())
    cached = getattr(sys.modules.get("polars"), "using_string_cache", None)
    return repr((_polars_environment(), direct, cached() if callable(cached) else None))


_YAML_TABLES = (
    "yaml_constructors",
    "yaml_multi_constructors",
    "yaml_representers",
    "yaml_multi_representers",
    "yaml_implicit_resolvers",
    "yaml_path_resolvers",
)
_YAML_MODULES = ("yaml.constructor", "yaml.representer", "yaml.resolver", "yaml.loader", "yaml.dumper", "yaml.cyaml")


def _yaml_tables() -> List[Any]:
    """Where each is, and the table."""
    now: List[Any] = []
    for name in _YAML_MODULES:
        for key, cls in sorted(vars(sys.modules[name]).items()) if name in sys.modules else ():
            if isinstance(cls, type) and cls.__module__.startswith("yaml"):
                for each in _YAML_TABLES:
                    now += sys.intern(f"{name}.{key}.{each}"), vars(cls).get(each)
    return now


def _yaml_marks(*now: Any) -> Tuple[str, List[Any]]:
    marks = Marks(True, leads=True)
    words = repr([(place, marks.of(table)) for place, table in zip(now[::2], now[1::2]) if table is not None])
    return words, list(marks.parts)


_yaml_look = remembered(_yaml_tables, _yaml_marks)


def _yaml() -> str:
    return _yaml_look()[0]


def yaml_functions() -> List[Any]:
    """The program's own code that yaml calls for its tags."""
    return _yaml_look()[1]


def _extensions() -> List[Any]:
    registry = getattr(sys.modules.get("pandas.core.dtypes.base"), "_registry", None)
    return [getattr(registry, "dtypes", ())]


#: Classes of the program by whose names pandas finds types.
extension_types = remembered(
    _extensions, lambda types: [each for each in types if is_own_code(getattr(each, "__module__", None), "")]
)


_JINJA_DEFAULTS = {"filters": "DEFAULT_FILTERS", "tests": "DEFAULT_TESTS", "globals": "DEFAULT_NAMESPACE", "policies": "DEFAULT_POLICIES"}


def _jinja() -> str:
    """That the environments which jinja2 has made for templates, and keeps, are what it would make of its defaults now. Raises
    `Passing`."""
    cache = getattr(sys.modules.get("jinja2.environment"), "get_spontaneous_environment", None)
    defaults = vars(sys.modules["jinja2.defaults"]) if "jinja2.defaults" in sys.modules else {}
    for each in gc.get_referents(cache) if cache is not None else ():
        if type(each).__name__ == "Environment" and type(each).__module__ == "jinja2.environment":
            for name, default in _JINJA_DEFAULTS.items():
                if default in defaults and getattr(each, name, None) != defaults[default]:
                    raise Passing(f"jinja2 keeps an environment with other {name} than its {default} are now")
    return ""


PACKAGE_SETTINGS: Dict[str, Callable[[], str]] = {"attrs": _attrs, "jinja2": _jinja, "polars": _polars, "yaml": _yaml}
PACKAGE_SETTING_NAMES = {
    "attrs": "validators of attrs",
    "jinja2": "environments of jinja2",
    "polars": "settings of polars",
    "yaml": "tags of yaml",
}
