"""What functions can read that is neither code nor data of the program."""

from __future__ import annotations

import _locale
import decimal
import os
import time
from typing import Any, Callable, Collection, Dict, FrozenSet, Iterator, Set, Tuple

#: Builtins that lead to any code there is.
DYNAMIC = {"globals", "eval", "exec", "__import__", "compile"}
#: Names in modules of the standard library that lead to the process's surroundings, or to any code there is.
BEYOND: Dict[str, Set[str]] = {
    "os": {
        *("environ", "environb", "getenv", "getenvb", "expanduser", "expandvars"),
        *("getpid", "getppid", "urandom"),
    },
    "posix": {"getpid", "getppid", "urandom"},
    "posixpath": {"expanduser", "expandvars"},
    "pathlib": {"home", "expanduser"},
    "sys": {"argv", "modules", "stdin"},
    "importlib": {"__import__", "import_module", "reload", "spec_from_file_location"},
    "runpy": {"run_module", "run_path"},
    "builtins": {*DYNAMIC, "input"},
    "getpass": {"getpass"},
    "secrets": {"choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe"},
    "threading": {"get_ident", "get_native_id"},
    "uuid": {"uuid1", "uuid4"},
}
#: Names by which code finds other code, or reads it as text.
REFLECTIVE = frozenset("__subclasses__ __globals__ f_globals getsource getsourcelines getsourcefile".split())
#: Names by which code reads docstrings.
DOCUMENTED = frozenset(("__doc__", "getdoc"))
#: In code that runs when a module is imported: its data may be other than its source says.
READS_AT_IMPORT = frozenset("""
    open read read_text read_bytes environ getenv argv urlopen connect check_output
    getcwd cwd home expanduser expandvars listdir scandir glob iterdir loadtxt genfromtxt fromfile
    read_csv read_table read_json read_excel read_parquet read_pickle read_feather
    """.split())


def _decimal_context() -> Tuple[Any, ...]:
    now = decimal.getcontext()
    traps = sorted(kind.__name__ for kind, is_set in now.traps.items() if is_set)
    return now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp, tuple(traps)


def _time_zone() -> str:
    return f"{time.tzname} {time.timezone} {time.altzone}"


def _locale_name() -> str:
    return _locale.setlocale(_locale.LC_ALL)


#: What decides how functions of the standard library compute: its name, how to read it, and the names in code
#: and of modules by which it is told that it matters.
_AMBIENT: Tuple[Tuple[str, Callable[[], Any], FrozenSet[str]], ...] = (
    ("prec", _decimal_context, frozenset(("decimal", "_decimal"))),
    ("directory", os.getcwd, frozenset("""
        getcwd getcwdb cwd abspath realpath relpath absolute resolve samefile
        open io codecs fileinput listdir scandir walk glob iglob rglob iterdir stat lstat exists lexists
        is_file is_dir isfile isdir islink getsize getmtime read_text read_bytes readlink
        subprocess Popen check_output check_call popen system shutil sqlite3 zipfile tarfile gzip bz2 lzma
        load_workbook imread fromfile loadtxt genfromtxt memmap read_csv read_table read_json read_excel
        read_parquet read_pickle read_feather read_hdf read_xml read_fwf scan_csv scan_parquet
        """.split())),
    ("zone", _time_zone, frozenset("""
        fromtimestamp localtime mktime ctime astimezone timestamp strftime tzname timezone altzone tzlocal
        """.split())),
    ("locale", _locale_name, frozenset("""
        locale strftime strcoll strxfrm localeconv month_name month_abbr day_name day_abbr
        """.split())),
)


def ambient(names: Collection[str]) -> Iterator[Tuple[str, Callable[[], Any]]]:
    """What of the surroundings matters to code that mentions these names: what it is called, and how to read
    it."""
    for name, read, words in _AMBIENT:
        if not words.isdisjoint(names):
            yield name, read
