"""The pytest plugin, as a project finds it."""

import os
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

import memod
from conftest import binary

PROJECT = Path(memod.__file__).parents[1]


def plugin():
    """What makes pytest load the plugin: nothing where the package is installed, as its entry point does."""
    found = entry_points()
    # Python 3.9 has them by group.
    group = found.select(group="pytest11") if hasattr(found, "select") else found.get("pytest11", [])
    return [] if any(point.value == "memod_pytest" for point in group) else ["-p", "memod_pytest"]


def run_pytest(directory, source, **environment):
    (directory / "test_project.py").write_text(textwrap.dedent(source))
    command = [sys.executable, "-m", "pytest", "-q", *plugin(), "-p", "no:cacheprovider", str(directory)]
    found = {**os.environ, "PYTHONPATH": str(PROJECT), "MEMOD_BIN": binary("memod"), **environment}
    return subprocess.run(command, capture_output=True, text=True, env=found, cwd=directory, timeout=120)


def test_it_loads_nothing_and_starts_nothing(tmp_path):
    run = run_pytest(
        tmp_path,
        """
        import os, sys
        def test_nothing():
            assert "memod" not in sys.modules and os.environ["MEMOD_AUTOSTART"] == "0"
        """,
    )
    assert run.returncode == 0, run.stdout


def test_its_fixtures(tmp_path, daemon, client):
    run = run_pytest(
        tmp_path,
        """
        import pytest, memod, warnings
        from pathlib import Path
        from unittest import mock
        calls = []
        @memod.lru_cache(name="fixture")
        def f(x):
            calls.append(x)
            return len(calls)

        @pytest.mark.parametrize("round", [1, 2])
        def test_own(memod_cache, round):
            calls.clear()
            assert f(1) == f(1) == 1 and memod_cache.info("fixture")["currsize"] == 1

        @pytest.mark.filterwarnings("error")
        def test_off(memod_off):
            calls.clear()
            assert f(1) == f(1) == 1 and f(2) == 2

        @memod.cache
        def read(path): return Path(path).read_text()

        def test_what_is_fake_stays_here():
            with mock.patch.object(Path, "read_text", return_value="fake"):
                assert read("/dev/null") == "fake"
            with mock.patch.object(Path, "read_text", lambda self: "fake too"):
                assert memod.cache(read.__wrapped__)("/dev/null") == "fake too"
            read.__memod__.invalidate()
            assert read("/dev/null") == "" and memod.cache(read.__wrapped__)("/dev/null") == ""

        def test_nor_what_monkeypatch_has_put_there(monkeypatch):
            with monkeypatch.context() as patch:
                patch.setattr(Path, "read_text", lambda self: "fake")
                assert memod.cache(read.__wrapped__)("/etc/hostname") == "fake"
            assert memod.cache(read.__wrapped__)("/etc/hostname") == Path("/etc/hostname").read_text()
        """,
    )
    assert run.returncode == 0, run.stdout
    assert client.info("fixture")["misses"] == 0
    kept = client.functions()["functions"]
    assert sum(row["currsize"] for row in kept) == 2
