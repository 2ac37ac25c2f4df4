"""Modules that a function reaches as a whole: by importing them while it runs, or as objects."""

import builtins
import os
import site
import sys
import types
from unittest import mock

import pytest

import memod
from memod._identity import modules
from test_fingerprint import load, name_of

CONFIG = """
import logging
log = logging.getLogger(__name__)
lock = object()
LIMIT = 1
def scale(x): return x * LIMIT
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    (tmp_path / "memod_config.py").write_text(CONFIG)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "memod_config", raising=False)
    return __import__("memod_config")


IMPORTING = {
    "import": "def f(x):\n  import memod_config\n  return x * memod_config.LIMIT",
    "import as": "def f(x):\n  import memod_config as c\n  return x * c.LIMIT",
    "from import": "def f(x):\n  from memod_config import LIMIT\n  return x * LIMIT",
    "function": "def f(x):\n  from memod_config import scale\n  return scale(x)",
    "handed on": "def h(c): return c.LIMIT\ndef f(x):\n  import memod_config\n  return x * h(memod_config)",
    "by text": "def f(x):\n  import memod_config\n  return x * getattr(memod_config, 'LIMIT')",
}
WHOLE = {
    "getattr": "import memod_config\ndef f(x): return x * getattr(memod_config, 'limit'.upper())",
    "vars": "import memod_config\ndef f(x): return x * vars(memod_config)['LIMIT']",
    "alias": "import memod_config\ndef f(x):\n  c = memod_config\n  return x * c.LIMIT",
    "default": "import memod_config\ndef f(x, c=memod_config): return x * c.LIMIT",
}


@pytest.mark.parametrize("case", [*IMPORTING, *WHOLE])
def test_the_data_of_a_module_count(case, config, monkeypatch):
    source = {**IMPORTING, **WHOLE}[case]
    first = name_of(source, monkeypatch)
    monkeypatch.setattr(config, "LIMIT", 100)
    assert first is None or first != name_of(source, monkeypatch)


@pytest.mark.parametrize("case", IMPORTING)
def test_a_function_that_imports_is_shared(case, config, monkeypatch):
    assert name_of(IMPORTING[case], monkeypatch) is not None


@pytest.mark.parametrize("case", WHOLE)
def test_and_so_is_one_that_has_a_module_of_plain_data(case, config, monkeypatch):
    assert name_of(WHOLE[case], monkeypatch) is None
    monkeypatch.delattr(config, "lock")
    assert name_of(WHOLE[case], monkeypatch) is not None


@pytest.mark.parametrize("case", [*IMPORTING, *WHOLE])
def test_a_change_while_the_program_runs_is_noticed(case, config, monkeypatch, daemon):
    f = memod.lru_cache(load({**IMPORTING, **WHOLE}[case], monkeypatch).f)
    assert f(1) == 1
    monkeypatch.setattr(config, "LIMIT", 100)
    assert f(2) == 200
    monkeypatch.setattr(config, "LIMIT", 1)
    assert memod.lru_cache(f.__wrapped__)(2) == 2


def test_a_module_made_by_the_program(monkeypatch):
    source = "import types\nm = types.ModuleType('made')\nm.LIMIT = 1\ndef f(x): return x * m.LIMIT"
    assert name_of(source, monkeypatch) != name_of(source.replace("= 1", "= 2"), monkeypatch)
    assert isinstance(load(source, monkeypatch).m, types.ModuleType)


def test_subclasses_stay_in_the_process(monkeypatch):
    source = "class A: pass\ndef f(x): return A.__subclasses__()"
    assert name_of(source, monkeypatch) is None


READING = """
    import os
    def read(): return open(os.path.join(os.path.dirname(__file__), "limit")).read()
    LIMIT = int(read())
    """
LATE = """
    from memod import lru_cache

    @lru_cache
    def f(x):
        import config
        return x * config.LIMIT

    print([f(n) for n in range(4)], f.cache_info().misses)
    import config
    config.LIMIT = 7
    print(f(5))
    """


def test_a_module_that_the_function_loads(daemon, program):
    program.write(LATE)
    program.write("LIMIT = 2", "config")
    assert program.run() == "[0, 2, 4, 6] 4\n35\n"
    assert program.run() == "[0, 2, 4, 6] 0\n35\n"
    program.write("LIMIT = 3", "config")
    assert program.run() == "[0, 3, 6, 9] 4\n35\n"


def test_a_module_that_reads_its_data_from_elsewhere(daemon, program):
    program.write(LATE)
    program.write(READING, "config")
    for limit in (2, 3):
        (program.directory / "limit").write_text(str(limit))
        assert program.run(says="may read its data from anywhere") == f"{[n * limit for n in range(4)]} 4\n35\n"


def test_and_one_that_has_another_module_read_them(daemon, program):
    program.write(LATE)
    program.write("import reader\nLIMIT = int(reader.read())", "config")
    program.write(READING.replace("LIMIT = int(read())", "def other(): pass"), "reader")
    for limit in (2, 3):
        (program.directory / "limit").write_text(str(limit))
        assert program.run(says="may read its data from anywhere") == f"{[n * limit for n in range(4)]} 4\n35\n"


def install(directory, monkeypatch, version, name="Other-Name", listed="top_level.txt"):
    """A package of a library, without a version in its code, as an installer leaves it."""
    info = directory / "other_name.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (directory / "memod_lib.py").write_text("def h(x): return x")
    os.utime(directory / "memod_lib.py", (1, 1))
    text = "memod_lib\n" if listed == "top_level.txt" else "memod_lib.py,,\n"
    (info / listed).write_text(text)
    modules._installed_version.cache_clear()
    monkeypatch.setattr(modules, "_OUTSIDE", (os.path.realpath(directory) + os.sep,))
    if str(directory) not in sys.path:
        monkeypatch.syspath_prepend(directory)
    monkeypatch.delitem(sys.modules, "memod_lib", raising=False)


@pytest.mark.parametrize("name, listed", [("memod-lib", "none"), ("X", "top_level.txt"), ("X", "RECORD")])
def test_an_installed_package_counts_by_its_version(name, listed, tmp_path, monkeypatch):
    source = "import memod_lib\ndef f(x): return memod_lib.h(x)"
    names = []
    for version in ("1.0", "1.0", "2.0"):
        install(tmp_path, monkeypatch, version, name, listed)
        if name == "memod-lib":
            (tmp_path / "other_name.dist-info").rename(tmp_path / "memod_lib.dist-info")
        names.append(name_of(source, monkeypatch))
        assert modules.version("memod_lib") == version
        if name == "memod-lib":
            (tmp_path / "memod_lib.dist-info").rename(tmp_path / "other_name.dist-info")
    assert names[0] == names[1] != names[2] and None not in names


def test_a_package_that_nothing_describes_counts_by_its_file(tmp_path, monkeypatch):
    modules._installed_version.cache_clear()
    monkeypatch.setattr(modules, "_OUTSIDE", (os.path.realpath(tmp_path) + os.sep,))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "memod_lib.py").write_text("def h(x): return x")
    monkeypatch.delitem(sys.modules, "memod_lib", raising=False)
    source = "from memod_lib import h\ndef f(x): return h(x)"
    first = name_of(source, monkeypatch)
    assert first == name_of(source, monkeypatch)
    os.utime(tmp_path / "memod_lib.py", (1, 1))
    assert first != name_of(source, monkeypatch)
    assert modules.version("json") == "2.0.9" and modules.version("functools") == ""


def test_a_compiled_module_of_the_program_counts_by_its_file(tmp_path, monkeypatch):
    path = tmp_path / "memod_fast.so"
    path.write_bytes(b"1")
    compiled = types.ModuleType("memod_fast")
    compiled.__file__, compiled.h = str(path), len
    monkeypatch.setitem(sys.modules, "memod_fast", compiled)
    source = "import memod_fast\ndef f(x): return memod_fast.h(x)"
    first = name_of(source, monkeypatch)
    assert first == name_of(source, monkeypatch)
    path.write_bytes(b"12")
    assert first != name_of(source, monkeypatch)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """An installed package."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(modules, "_OUTSIDE", (*modules._OUTSIDE, str(tmp_path)))
    (tmp_path / "memod_kit").mkdir()
    for name in ("__init__", "part"):
        (tmp_path / "memod_kit" / f"{name}.py").write_text("RATE = 2\ndef fetch(x): return RATE\n")
    yield __import__("memod_kit.part")
    for name in ("memod_kit", "memod_kit.part"):
        sys.modules.pop(name)


REPLACED = "import builtins, memod_kit as kit, memod_kit.part\ndef f(x): return {}\n"
REPLACE = {
    "kit.fetch(x)": "def fake(x): return 5\nkit.fetch = fake",
    "kit.part.fetch(x)": "def fake(x): return 5\nkit.part.fetch = fake",
    "kit.RATE": "kit.RATE = 5",
    "kit.part.RATE": "kit.part.RATE = 5",
    "memod_made(x)": "def fake(x): return 5\nbuiltins.memod_made = fake",
    "memod_rate": "builtins.memod_rate = 5",
}


@pytest.mark.parametrize("use", REPLACE)
def test_what_a_program_puts_into_a_library_counts(use, library, monkeypatch):
    sources = [REPLACED.format(use) + REPLACE[use].replace("5", value) for value in ("5", "6")]
    try:
        names = [name_of(source, monkeypatch) for source in (*sources, sources[0])]
    finally:
        for name in ("memod_made", "memod_rate"):
            vars(builtins).pop(name, None)
    assert None not in names and names[0] == names[2] != names[1]


def test_what_another_library_puts_there_counts(library, monkeypatch):
    source = "import time, memod_kit\ndef f(x): return time.sleep(x)\n"
    first = name_of(source, monkeypatch)
    monkeypatch.setattr("time.sleep", library.fetch)
    assert name_of(source, monkeypatch) not in (None, first)


def test_what_a_test_puts_into_a_library_is_noticed(library, monkeypatch, daemon, client):
    f = memod.lru_cache(load(REPLACED.format("kit.fetch(x)"), monkeypatch).f)
    assert f(1) == 2
    with mock.patch.object(library, "fetch", return_value=7):
        assert f(2) == 7
    assert memod.lru_cache(f.__wrapped__)(2) == 2
    assert memod.lru_cache(f.__wrapped__).cache_scope() == "shared"


def test_wherever_packages_are_installed(monkeypatch):
    monkeypatch.setattr(site, "getsitepackages", lambda prefixes: [f"{each}/dist" for each in prefixes])
    monkeypatch.setattr(site, "getusersitepackages", lambda: "/of/the/user")
    found = modules._outside_directories()
    assert {"/of/the/user/", f"{os.path.realpath(sys.base_prefix)}/dist/"} <= set(found)
    assert os.path.realpath(os.path.dirname(os.__file__)) + os.sep in found
