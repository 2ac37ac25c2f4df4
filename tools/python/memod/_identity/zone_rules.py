"""The rules by which `zoneinfo` computes: where it finds them, and of which release those of the system are."""

from __future__ import annotations

import functools
import os
import sys

from .._client.signals import pass_signal
from .library_kept import Passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Tuple

_RELEASE = "/usr/share/zoneinfo/tzdata.zi"


def zone_rules() -> str:
    """A word for them. Raises `Passing` where the program has had them looked for elsewhere, since zones that were made before
    are kept."""
    module: Any = sys.modules.get("zoneinfo")
    named = os.environ.get("PYTHONTZPATH")
    if named is None and (module is None or module.TZPATH == _places()):
        return _release()
    expected = tuple(each for each in (named or "").split(os.pathsep) if os.path.isabs(each)) if named is not None else _places()
    if module is not None and module.TZPATH != expected:
        raise Passing("zoneinfo was told to look for zones elsewhere, and may keep those that it had found")
    return repr(expected)


@functools.lru_cache(maxsize=None)
def _places() -> Tuple[str, ...]:
    """Where zones are looked for unless the environment says so."""
    import sysconfig  # which zoneinfo imports too

    return tuple(each for each in (sysconfig.get_config_var("TZPATH") or "").split(os.pathsep) if os.path.isabs(each))


@functools.lru_cache(maxsize=None)
def _release() -> str:
    try:
        with open(_RELEASE, encoding="ascii", errors="replace") as file:
            return file.readline(80)
    except OSError as error:
        pass_signal(error)
        return ""
