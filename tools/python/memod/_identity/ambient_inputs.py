"""What functions can read of the process that runs them: the inputs that become a part of the identity."""

from __future__ import annotations

import _locale
import functools
import os
import re
import sys
import time
import warnings

from .._client.digests import text_digest
from .._client.signals import pass_signal
from . import codec_registry, library_patches
from .class_form import ADDRESS
from .library_settings import CALLED, SETTING_NAMES, SETTINGS, function_mark
from .package_settings import PACKAGE_SETTING_NAMES, PACKAGE_SETTINGS, extension_types, variables, yaml_functions
from .remembered import remembered
from .zone_rules import zone_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, Tuple

#: Names by which code finds other code, or reads it as text.
REFLECTIVE = frozenset(
    """
    __subclasses__ __globals__ f_globals getsource getsourcelines getsourcefile _getframe _current_frames f_back f_lineno
    f_locals tb_frame tb_lineno gi_frame cr_frame ag_frame co_filename co_firstlineno __annotate__
    """.split()
)
#: Names by which code reads docstrings.
DOCUMENTED = frozenset("__doc__ getdoc model_json_schema models_json_schema json_schema schema schema_json".split())
#: Names by which code reads what a module is called, which is another for one that runs as a script.
NAMED = frozenset(("__module__", "__main__", "dump", "dumps", "Pickler"))


def _loaded(module: str, *path: str) -> Any:
    found: Any = sys.modules.get(module)
    for name in path:
        found = getattr(found, name, None)
    return found


def _precision() -> str:
    decimal = sys.modules.get("decimal")
    if decimal is None:
        return ""
    contexts = (decimal.getcontext(), decimal.DefaultContext, decimal.BasicContext, decimal.ExtendedContext)
    return _FLAGS.sub("", repr(contexts))


#: What computations have met, and not what was asked for.
_FLAGS = re.compile(r"flags=\[[^]]*\]")


def _zone() -> str:
    # Zones of one name had other rules in other times.
    return f"{time.tzname} {time.timezone} {time.altzone} {os.environ.get('TZ') or _place()}"


@functools.lru_cache(maxsize=None)
def _place() -> str:
    """The zone that the machine is in."""
    try:
        return os.path.realpath(_LOCALTIME) if os.path.islink(_LOCALTIME) else str(os.stat(_LOCALTIME).st_mtime_ns)
    except OSError as error:
        pass_signal(error)
        return ""


_LOCALTIME = "/etc/localtime"


def _locale_name() -> str:
    return _locale.setlocale(_locale.LC_ALL)


_environment = remembered(variables, lambda data: repr(sorted(os.environ.items())))


def _week() -> str:
    return repr(_loaded("calendar", "c", "firstweekday"))


def _dialects() -> str:
    module: Any = sys.modules.get("_csv")
    if module is None:
        return ""
    found: List[Any] = [module.field_size_limit()]
    for name in sorted(map(str, module.list_dialects())):
        dialect = module.get_dialect(name)
        found.append([name, *[getattr(dialect, each) for each in _DIALECT]])
    return repr(found)


_DIALECT = "delimiter doublequote escapechar lineterminator quotechar quoting skipinitialspace strict".split()


def _numpy() -> str:
    module = sys.modules.get("numpy")
    if module is None:
        return ""
    options = [(name, each) for name, each in sorted(module.get_printoptions().items()) if name != "formatter"]
    return repr((options, module.geterr(), module.getbufsize(), [function_mark(each) for each in numpy_functions()]))


def numpy_functions() -> List[Any]:
    """What the program has told numpy to call."""
    module = sys.modules.get("numpy")
    if module is None:
        return []
    formatter = module.get_printoptions().get("formatter") or {}
    found = [module.geterrcall(), *[each for _, each in sorted(formatter.items())]]
    return [each for each in found if each is not None]


def _pandas_parts() -> List[Any]:
    config = _loaded("pandas._config.config", "_global_config")
    if config is None:
        return [None, None]
    size = _loaded("shutil").get_terminal_size()  # what is shown may be as wide
    return [config, _sizes.setdefault(size, size), *extension_types()]


#: One object for each size, which is compared by identity.
_sizes: Dict[Any, Any] = {}


def _pandas(config: Any, size: Any, *types: Any) -> str:
    if config is None:
        return ""
    functions = [function_mark(each) for each in (*_callables(config), *types)]
    return repr((ADDRESS.sub("", repr(config)), functions, size))


#: What the program has told pandas to call.
pandas_functions = remembered(_pandas_parts, lambda config, _, *types: [*_callables(config), *types])


def _callables(tree: Any) -> Iterator[Any]:
    for _, each in sorted(tree.items()) if isinstance(tree, dict) else ():
        if callable(each):
            yield each
        else:
            yield from _callables(each)


def _mpmath() -> str:
    contexts = [_loaded("mpmath", name) for name in ("mp", "iv")]
    return repr([(getattr(each, "prec", None), getattr(each, "dps", None)) for each in contexts])


def _codecs() -> str:
    """The codecs that were added, and the encodings that nobody names."""
    files = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), sys.flags.utf8_mode
    return f"{codec_registry.names()} {codec_registry.aliases()} {files} {_locale.nl_langinfo(_locale.CODESET)}"


#: What the limits were made of, and their text.
_limits_of: Tuple[int, List[Any]] = (-1, [])
_limits_text = ""
_digits: Callable[[], int] = getattr(sys, "get_int_max_str_digits", lambda: 0)
#: Since 3.14 filters may belong to a context.
_filters_of_context: Any = getattr(warnings, "_get_filters", None)


def _limits() -> str:
    """What makes an error of what is none elsewhere. Asked before each question, so only new filters are looked at."""
    global _limits_of, _limits_text
    digits, filters = _limits_of
    now = warnings.filters if _filters_of_context is None else _filters_of_context()
    if now != filters or _digits() != digits:
        digits, filters = _digits(), list(now)
        _limits_text = f"{digits} {[each for each in filters if each[0] == 'error']!r}"
        _limits_of = digits, filters
    return _limits_text


def _current_filters() -> Any:
    return warnings.filters if _filters_of_context is None else _filters_of_context()


_warnings = remembered(
    lambda: [_current_filters(), getattr(warnings, "defaultaction", "")],
    lambda filters, action: repr((list(filters), action)),
)


INPUTS: Dict[str, Callable[[], str]] = {
    "limits": _limits,
    "warnings": _warnings,
    "recursion": lambda: str(sys.getrecursionlimit()),
    "codecs": _codecs,
    "precision": _precision,
    "directory": os.getcwd,
    "zone": _zone,
    "locale": _locale_name,
    "environment": _environment,
    "week": _week,
    "dialects": _dialects,
    "numpy": _numpy,
    "pandas": remembered(_pandas_parts, _pandas),
    "mpmath": _mpmath,
    "patches": library_patches.patched,
    "zones": zone_rules,
    **SETTINGS,
    **PACKAGE_SETTINGS,
}
#: What they are called, for people.
INPUT_NAMES = {
    "directory": "working directory",
    "zone": "time zone",
    "precision": "context of decimals",
    "week": "first day of the week",
    "dialects": "dialects of csv",
    "numpy": "settings of numpy",
    "pandas": "settings of pandas",
    "mpmath": "precision of mpmath",
    "limits": "limits and warnings that raise",
    "warnings": "filters of warnings",
    "recursion": "limit of recursion",
    "codecs": "codecs that were registered",
    "patches": "code put into the standard library",
    "zones": "rules of time zones",
    **SETTING_NAMES,
    **PACKAGE_SETTING_NAMES,
}
#: Names of attributes and modules by which code is told to depend on an input, whatever object they are looked for on.
_WORDS: Tuple[Tuple[str, FrozenSet[str]], ...] = (
    ("directory", frozenset("""
        getcwd getcwdb cwd abspath realpath relpath absolute resolve samefile
        open io codecs fileinput listdir scandir walk glob iglob rglob iterdir stat lstat exists lexists
        is_file is_dir isfile isdir islink getsize getmtime read_text read_bytes readlink
        subprocess Popen check_output check_call popen system shutil sqlite3 zipfile tarfile gzip bz2 lzma
        touch mkdir is_mount is_socket is_fifo is_block_device is_char_device is_junction owner group symlink_to
        hardlink_to rename unlink rmdir chmod load_workbook imread fromfile loadtxt genfromtxt memmap read_csv read_table read_json read_excel
        read_parquet read_pickle read_feather read_hdf read_xml read_fwf scan_csv scan_parquet
        """.split())),
    ("zone", frozenset("""
        fromtimestamp localtime mktime ctime astimezone timestamp strftime tzname timezone altzone tzlocal
        format format_map vformat __format__
        """.split())),
    ("locale", frozenset("""
        strftime strptime strcoll strxfrm localeconv month_name month_abbr day_name day_abbr
        format format_map vformat __format__ LOCALE L
        """.split())),
    ("loggers", frozenset("""
        isEnabledFor getEffectiveLevel hasHandlers getLevelName getLevelNamesMapping level handlers propagate
        addHandler StreamHandler MemoryHandler QueueHandler basicConfig dictConfig fileConfig
        """.split())),
    ("warnings", frozenset("warnings warn warn_explicit catch_warnings simplefilter filterwarnings".split())),
    ("recursion", frozenset(("RecursionError", "getrecursionlimit"))),
    ("codecs", frozenset("""
        encode decode codecs open read_text write_text TextIOWrapper bytes bytearray encoding errors
        fsdecode fsencode listdir scandir walk glob iglob rglob iterdir run Popen check_output popen getoutput
        """.split())),
    ("environment", frozenset(("Popen", "check_output", "check_call", "popen", "system"))),
)  # fmt: skip


#: All of these.
INPUT_WORDS: FrozenSet[str] = frozenset().union(*[words for _, words in _WORDS])

#: Callables that belong to an input, whose code counts as well.
LEADS: Dict[str, Callable[[], List[Any]]] = {
    "codecs": codec_registry.added,
    "numpy": numpy_functions,
    "pandas": pandas_functions,
    "patches": library_patches.patches,
    "yaml": yaml_functions,
    **CALLED,
}


def inputs_of(names: Iterable[str]) -> Iterator[str]:
    """The inputs that matter to code that mentions these names."""
    found = INPUT_WORDS.intersection(names)
    for name, words in _WORDS if found else ():
        if not words.isdisjoint(found):
            yield name


def short(text: str) -> str:
    """A digest, for what should not stand in full in a record."""
    return text_digest(text)[:16]
