"""The magics of IPython."""

import warnings

import pytest

import memod
import memod._notebook

InteractiveShell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell


class Notebook:
    """A shell, as a kernel that was just started has one."""

    def __init__(self):
        InteractiveShell.clear_instance()
        self.shell = InteractiveShell.instance()
        self.shell.run_cell("%load_ext memod")

    def run(self, cell):
        result = self.shell.run_cell(cell)
        result.raise_error()
        return result.result

    def __getitem__(self, name):
        return self.shell.user_ns[name]


@pytest.fixture
def notebook(daemon, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    made = Notebook()
    yield made
    InteractiveShell.clear_instance()


COMPUTE = """
factor = 2
def scale(x):
    return x * factor
"""
CELL = """%%memo
import math
data = [scale(number) for number in numbers]
print("computing", len(data))
total = math.fsum(data)
total
"""


def test_a_cell_is_run_once(notebook, capsys):
    notebook.run(COMPUTE)
    notebook.run("numbers = [1, 2, 3]")
    assert notebook.run(CELL) == 12.0 and capsys.readouterr().out.count("computing 3") == 1
    notebook.run("data = total = None")
    assert notebook.run(CELL) == 12.0
    assert notebook["data"] == [2, 4, 6] and notebook["total"] == 12.0
    assert "computing 3" in capsys.readouterr().out  # as it was


@pytest.fixture
def counted(notebook):
    notebook.run(COMPUTE + "\nnumbers = [1, 2]\n")
    seen = []
    begin = memod._notebook.sync_runner.begin

    def watched(*arguments):
        flight = begin(*arguments)
        seen.append(flight.found)
        return flight

    memod._notebook.sync_runner.begin = watched
    yield notebook, seen
    memod._notebook.sync_runner.begin = begin


KEPT = "%%memo\nresult = [scale(n) for n in numbers]"


def test_it_is_run_again_when_something_that_it_reads_has_changed(counted):
    notebook, found = counted
    notebook.run(KEPT), notebook.run(KEPT)
    assert found == [False, True]
    for change, result in (
        ("numbers.append(5)", [2, 4, 10]),
        ("factor = 3", [3, 6, 15]),
        ("def scale(x):\n    return x + factor", [4, 5, 8]),
        ("unrelated = 1", [4, 5, 8]),
    ):
        notebook.run(change)
        notebook.run(KEPT)
        assert notebook["result"] == result, change
    assert found == [False, True, False, False, False, True]


def test_a_result_is_a_copy(counted):
    notebook, found = counted
    for _ in range(3):
        notebook.run(KEPT)
        assert notebook["result"] == [2, 4]
        notebook.run("result.append(99)")
    assert found == [False, True, True]


def test_what_the_cell_itself_changes_is_not_remembered(counted):
    notebook, found = counted
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for size in (3, 4):
            notebook.run("%%memo\nnumbers.append(7)\nresult = len(numbers)")
            assert notebook["result"] == size
        notebook.run("count = 0")
        for size in (1, 2, 3):
            notebook.run("%%memo\ncount += 1")
            assert notebook["count"] == size


def test_the_names_that_are_to_be_kept(counted):
    notebook, found = counted
    cell = "%%memo whole\nhelper = (n for n in numbers)\nwhole = sum(helper)"
    notebook.run(cell), notebook.run("helper = None"), notebook.run(cell)
    assert found == [False, True] and notebook["whole"] == 3 and notebook["helper"] is None


@pytest.mark.parametrize(
    "cell",
    [
        "%%memo\ndef f(): return 1\nresult = f()",
        "%%memo\nresult = 1\ndel result\nresult = 2",
        "%%memo other\nresult = 1",
        "%%memo\nresult = 1\nimport json",
        "%%memo\nresult = 1\n%memod stats",
    ],
)
def test_cells_that_cannot_be_remembered_are_run(counted, cell):
    notebook, found = counted
    with pytest.warns(memod.NotKeptWarning, match="not remembered"):
        notebook.run(cell)
    assert found == [] and notebook["result"] in (1, 2)


def test_frames_are_inputs_and_outputs(counted):
    pytest.importorskip("pandas")
    notebook, found = counted
    notebook.run("import pandas\nframe = pandas.DataFrame({'x': range(3)})")
    cell = "%%memo\ntripled = frame * 3\ntripled"
    assert notebook.run(cell).x.tolist() == notebook.run(cell).x.tolist() == [0, 3, 6]
    notebook.run("frame.loc[0, 'x'] = 10")
    assert notebook.run(cell).x.tolist() == [30, 3, 6]
    assert found == [False, True, False]


def test_errors_are_the_cells_own(counted):
    notebook, found = counted
    with pytest.raises(ZeroDivisionError):
        notebook.run("%%memo\nresult = 1 / 0")
    assert found == [False]


def test_the_line_magic(notebook, capsys):
    notebook.run("import memod\n@memod.lru_cache(name='notebook.double')\ndef double(x):\n    return 2 * x")
    notebook.run("double(1), double(1)")
    capsys.readouterr()
    notebook.run("%memod stats double")
    out = capsys.readouterr().out
    assert "CacheInfo(hits=1, misses=1" in out and "daemon: hits 0, misses 1" in out
    notebook.run("%memod stats")
    assert "notebook.double" in capsys.readouterr().out
    notebook.run("%memod why double(1)")
    assert "is there" in capsys.readouterr().out
    notebook.run("%memod why double(x=[][:0] or 2)")
    assert "is there" not in capsys.readouterr().out
    notebook.run("%memod why unknown(1)")
    assert capsys.readouterr().out == "memod: NameError: name 'unknown' is not defined\n"
    notebook.run("%memod why double(1 / 0)")
    assert capsys.readouterr().out == "memod: ZeroDivisionError: division by zero\n"
    notebook.run("%memod clear double")
    notebook.run("%memod why double(1)")
    assert "is there" not in capsys.readouterr().out
    notebook.run("double(5)"), notebook.run("%memod clear"), notebook.run("%memod stats double")
    assert "currsize=0" in capsys.readouterr().out
    notebook.run("%memod")
    assert "usage: %memod stats" in capsys.readouterr().out
