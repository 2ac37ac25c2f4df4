"""Settings of packages that the program can change, and on which results depend that come of them. What is not loaded has
none."""

from __future__ import annotations

import os
import sys

from .modules import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List


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


def extension_types() -> List[Any]:
    """Classes of the program by whose names pandas finds types."""
    registry = getattr(sys.modules.get("pandas.core.dtypes.base"), "_registry", None)
    return [each for each in getattr(registry, "dtypes", ()) if is_own_code(getattr(each, "__module__", None), "")]


PACKAGE_SETTINGS: Dict[str, Callable[[], str]] = {"attrs": _attrs, "polars": _polars}
PACKAGE_SETTING_NAMES = {"attrs": "validators of attrs", "polars": "settings of polars"}
