"""Python's decorator on two machines: the second computes nothing."""

import os
import subprocess
import sys

import pytest
from hosts import environment
from redis_server import ROOT, wait_until

PROGRAM = '''
import sys
import memod

@memod.lru_cache(maxsize=None)
def cube(n):
    print("computing", n, flush=True)
    return n ** 3{edit}

print([cube(n) for n in range(5)])
'''


WITH_A_MODULE = PROGRAM.replace("import memod", "import memod\nfrom numbers_of_mine import square").replace(
    "n ** 3", "square(n)"
)


def run(host, folder, edit="", program=PROGRAM):
    # The same program at the same place, as on two machines.
    path = folder / "program.py"
    path.write_text(program.format(edit=edit))
    variables = {**environment(), "MEMOD_SOCKET": str(host.socket), "PYTHONPATH": str(ROOT / "tools/python")}
    ended = subprocess.run([sys.executable, path], capture_output=True, text=True, env=variables, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_the_second_machine_computes_nothing_and_an_edited_function_is_another(shared_redis, machines, tmp_path):
    if not (ROOT / "tools/python/memod").exists() or sys.version_info < (3, 9):
        pytest.skip("there is no Python client")
    a, b = machines.two(shared_redis.url)
    first = run(a, tmp_path)
    assert first[-1] == "[0, 1, 8, 27, 64]" and len(first) == 6
    wait_until(lambda: a.remote["puts"] >= 5)
    assert run(b, tmp_path) == ["[0, 1, 8, 27, 64]"]
    assert b.remote["hits"] == 5
    edited = run(b, tmp_path, edit=" + 1")
    assert edited[-1] == "[1, 2, 9, 28, 65]" and len(edited) == 6
    wait_until(lambda: b.remote["puts"] >= 5)
    assert run(a, tmp_path, edit=" + 1") == ["[1, 2, 9, 28, 65]"]
    # A clear on one machine is one on the other.
    names = [row["fn"] for row in a("functions")["functions"]]
    for name in names:
        assert a.clear(name) == "done"
    wait_until(lambda: all(not b("keys", fn=name)["keys"] for name in names))
    assert len(run(b, tmp_path)) == 6


def test_r24_where_a_program_lies_and_when_its_files_were_written_does_not_matter(shared_redis, machines, tmp_path):
    a, b = machines.two(shared_redis.url)
    folders = []
    for place, time_ns in (("home/ann/src", 1_600_000_000_000_000_000), ("srv/ci/4711/src", 1_700_000_000_000_000_000)):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        module = folder / "numbers_of_mine.py"
        module.write_text("def square(n):\n    return n * n\n")
        os.utime(module, ns=(time_ns, time_ns))
        folders.append(folder)
    assert len(run(a, folders[0], program=WITH_A_MODULE)) == 6
    wait_until(lambda: a.remote["puts"] >= 5)
    assert run(b, folders[1], program=WITH_A_MODULE) == ["[0, 1, 4, 9, 16]"]
    # What its module does is a part of it, though.
    (folders[1] / "numbers_of_mine.py").write_text("def square(n):\n    return n * n + 1\n")
    edited = run(b, folders[1], program=WITH_A_MODULE)
    assert edited[-1] == "[1, 2, 5, 10, 17]" and len(edited) == 6
