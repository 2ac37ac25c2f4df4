"""CPython's own tests of `lru_cache` pass with memod's, on each interpreter that is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import memod

VERSIONS = ["3.9", "3.10", "3.11", "3.12", "3.13"]


def interpreter(version):
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    for found in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")):
        return str(found)
    return shutil.which(f"python{version}")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("with_daemon", [True, False])
def test_their_tests_pass(version, with_daemon, request):
    found = interpreter(version)
    if not with_daemon and found != sys.executable:
        pytest.skip("with a daemon is enough")
    has_tests = found and not subprocess.call([found, "-c", "import test.test_functools"], stderr=subprocess.DEVNULL)
    if not has_tests:
        pytest.skip(f"there is no Python {version} with its tests")
    if with_daemon:
        request.getfixturevalue("daemon")
    path = str(Path(memod.__file__).parents[1])
    run = subprocess.run(
        [found, str(Path(__file__).with_name("cpython_lru.py"))],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
