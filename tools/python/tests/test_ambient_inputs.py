"""What decides how functions of the standard library compute: the working directory, the zone, the locale."""

import locale
import time

import pytest

import memod
from test_fingerprint import load, name_of

DIRECTORY = [
    "import os\ndef f(x): return os.getcwd()",
    "from os import getcwd as where\ndef f(x): return where()",
    "import os\ndef f(x): return os.path.abspath(x)",
    "from os.path import realpath as real\ndef f(x): return real(x)",
    "def f(x):\n    import os\n    return os.path.abspath(x)",
    "from pathlib import Path\ndef f(x): return Path.cwd()",
    "from pathlib import Path\ndef f(x): return str(Path(x).resolve())",
    "import os\ndef f(x): return sorted(os.listdir())",
    "def f(x):\n    with open(x) as file: return file.read()",
    "read = open\ndef f(x):\n    with read(x) as file: return file.read()",
    "import subprocess\ndef f(x): return subprocess.run(['cat', x], capture_output=True).stdout",
]


@pytest.mark.parametrize("source", DIRECTORY)
def test_the_working_directory_counts_where_files_are_named(source, monkeypatch, tmp_path, daemon):
    f = load(source, monkeypatch).f
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "name").write_text(place)
        (tmp_path / place / place).write_text(place)
    results, names = [], []
    cached = memod.lru_cache(f)
    for place in ("one", "two", "one"):
        monkeypatch.chdir(tmp_path / place)
        results.append(memod.lru_cache(f)("name"))
        names.append(name_of(source, monkeypatch))
        assert results[-1] == f("name")
        cached("name" if place == "one" else "./name")
    assert memod.lru_cache(f)("./name") == f("./name")
    assert names[0] == names[2] != names[1] and None not in names


@pytest.mark.parametrize("use", ["datetime.fromtimestamp(x).hour", "time.localtime(x)[3]", "time.ctime(x)"])
def test_the_time_zone_counts(use, monkeypatch, daemon):
    f = load(f"import time\nfrom datetime import datetime\ndef f(x): return {use}", monkeypatch).f
    try:
        for zone in ("UTC", "EST5", "UTC"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert memod.lru_cache(f)(0) == f(0)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_locale_counts(monkeypatch):
    source = "import time\ndef f(x): return time.strftime('%A', time.gmtime(x))"
    before = locale.setlocale(locale.LC_TIME)
    names = []
    try:
        for name in ("C", "C.UTF-8", "C"):
            locale.setlocale(locale.LC_TIME, name)
            names.append(name_of(source, monkeypatch))
    finally:
        locale.setlocale(locale.LC_TIME, before)
    assert names[0] == names[2] != names[1] and None not in names
