"""Instructions are read as `dis` reads them, in each version of Python that is there."""

import subprocess
from pathlib import Path

import pytest

from memod._identity.code_form import CodeForm
from test_cpython import VERSIONS, interpreter

COMPARE = """
import dis, glob, os, sys, warnings
warnings.simplefilter("ignore")
from memod._identity.instructions import instructions, within
count = 0
for path in sorted(glob.glob(os.path.dirname(os.__file__) + "/[a-t]*.py")):
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    for each in within(code):
        ours = instructions(each)
        theirs = [step for step in dis.get_instructions(each) if step.opname != "CACHE"]
        assert len(ours) == len(theirs), (path, each.co_name)
        for mine, other in zip(ours, theirs):
            count += 1
            assert mine[:3] == (other.opname, other.opcode, other.arg) and mine.offset == other.offset, (path, mine, other)
            same = mine.argval is other.argval or repr(mine.argval) == repr(other.argval)
            assert same or mine.opname == "KW_NAMES", (path, mine, other)
            if mine.opname == "BINARY_OP":
                assert mine.argrepr == other.argrepr
            elif mine.opname.startswith("LOAD_") and mine.opname != "LOAD_CONST":
                name = str(mine.argval)
                assert ("NULL" in other.argrepr.replace(name, "")) == ("NULL" in mine.argrepr), (path, mine, other)
assert count > 100000, count
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_they_are_those_of_dis(version):
    found = interpreter(version)
    if not found:
        pytest.skip(f"there is no Python {version}")
    place = str(Path(__file__).resolve().parents[1])
    subprocess.run([found, "-c", COMPARE], env={"PYTHONPATH": place}, check=True, timeout=300)


def test_forms_do_not_depend_on_what_was_read_before():
    def f(x, *y, **z):
        return [each + 1 for each in y if each not in z] or f"{x!r:>{x}}"

    assert CodeForm(f.__code__).digest == CodeForm(f.__code__).digest
