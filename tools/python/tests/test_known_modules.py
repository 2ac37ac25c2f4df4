"""The table of what results of the standard library depend on, compared with the interpreter that runs."""

import importlib
import sys
import types
import warnings

import pytest

from memod._identity import known_modules
from memod._identity.module_code import own_code
from memod._identity.modules import find_module

#: Names by which code reads what is not among its arguments.
READS = frozenset(
    "environ getenv getcwd urandom getpid gethostname argv gettempdir perf_counter monotonic".split()
)
#: Pure modules whose code has such a name where no result depends on it, looked through by hand: messages, temporary
#: names, timeouts, command lines, and functions that the table has by their own names.
LOOKED_THROUGH = frozenset(
    "base64 contextlib formatter getopt logging pathlib pprint queue quopri sched shlex symtable threading".split()
)


def names_of(code):
    found = set(code.co_names)
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            found |= names_of(each)
    return found


@pytest.mark.skipif(sys.version_info < (3, 10), reason="there is no list of modules")
def test_each_public_module_is_in_the_table():
    listed = {name.partition(".")[0] for name in known_modules.STANDARD}
    unlisted = {name for name in sys.stdlib_module_names if not name.startswith("_")} - listed
    assert unlisted <= {"msvcrt", "pydoc_data", "xxsubtype", "nt", "aifc"}
    for name in unlisted:
        assert known_modules.verdict(name, ("anything",)) == known_modules.PROCESS


def test_the_table_names_what_there_is():
    missing = []
    for name in known_modules.STANDARD:
        module, _, member = name.rpartition(".")
        if not module or member.startswith("_") or find_module(module) is None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                loaded = importlib.import_module(module)
            except ImportError:
                continue
        holders = [loaded, *(each for each in vars(loaded).values() if isinstance(each, type))]
        if find_module(f"{module}.{member}") is None and not any(hasattr(each, member) for each in holders):
            missing.append(name)
    of_other_versions = {"http.HTTPMethod", "hashlib.file_digest", "sys.exception", "email.formatdate"}
    of_other_versions |= {"email.format_datetime", "email.localtime", "email.make_msgid"}  # of email.utils
    spread = {
        "posixpath.splitroot",
        "ntpath.splitroot",
        "posixpath.defpath",
        "ntpath.commonpath",
        "posixpath.altsep",
    }
    threads = {
        "threading.currentThread",
        "threading.activeCount",
        "threading.get_native_id",
        "_thread.get_native_id",
    }
    assert set(missing) <= of_other_versions | spread | threads


def test_what_is_pure_reads_nothing_of_the_process():
    suspects = set()
    for name, verdict in known_modules.STANDARD.items():
        spec = find_module(name) if verdict == known_modules.PURE and "." not in name else None
        get_code = getattr(getattr(spec, "loader", None), "get_code", None)
        code = get_code(name) if get_code is not None and spec.has_location else None
        if code is not None and READS & names_of(code):
            suspects.add(name)
    assert suspects <= LOOKED_THROUGH


@pytest.mark.parametrize(
    "module, names, verdict",
    [
        ("os", ("environ",), "process"),
        ("os", ("path", "join"), "pure"),
        ("datetime", ("datetime", "now"), "outside"),
        ("datetime", ("timedelta",), "pure"),
        ("concurrent.futures.thread", ("ThreadPoolExecutor",), "pure"),
        ("numpy", ("random", "rand"), "outside"),
        ("numpy", ("random", "default_rng"), "pure"),
        ("sys", ("stdout", "write"), "pure"),
        ("sys", ("stdout", "isatty"), "process"),
        ("a_package_of_nobody", ("f",), "process"),
    ],
)
def test_verdicts(module, names, verdict):
    assert known_modules.verdict(module, names) == verdict


def test_modules_of_the_standard_library_are_not_the_programs():
    assert own_code("json", "program") is None and own_code("nowhere.at_all", "program") is None
