"""What functions can read that is neither code nor data of the program."""

from __future__ import annotations

import decimal
from typing import Any, Dict, Set, Tuple

#: Builtins that lead to any code there is.
DYNAMIC = {"globals", "eval", "exec", "__import__", "compile"}
#: Names in modules of the standard library that lead to the process's surroundings, or to any code there is.
BEYOND: Dict[str, Set[str]] = {
    "os": {"environ", "environb", "getenv", "getenvb", "getcwd", "getcwdb", "expanduser", "expandvars"},
    "posix": {"getcwd", "getcwdb"},
    "posixpath": {"expanduser", "expandvars"},
    "pathlib": {"cwd", "home", "expanduser"},
    "sys": {"argv", "modules"},
    "importlib": {"__import__", "import_module", "reload", "spec_from_file_location"},
    "runpy": {"run_module", "run_path"},
    "builtins": DYNAMIC,
}
#: In code that runs when a module is imported: its data may be other than its source says.
READS_AT_IMPORT = frozenset(
    "open read_text read_bytes environ getenv argv read_csv read_json read_parquet urlopen loadtxt".split()
)


def decimal_context() -> Tuple[Any, ...]:
    """What decides how this thread computes with decimals."""
    now = decimal.getcontext()
    traps = sorted(kind.__name__ for kind, is_set in now.traps.items() if is_set)
    return now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp, tuple(traps)
