"""What libraries keep of what they made before the program changed something in them: a change counts otherwise after that."""

import pytest

from batch import Batch

#: A function, what is changed, and what makes the library keep something before.
KEPT = {
    "a table made at first need": (
        "import base64\ndef f(x): return base64.b85encode(b'abcd' * x)",
        "import base64\nbase64._b85alphabet = base64._b85alphabet[::-1]",
        "import base64\nbase64.b85encode(b'')",
    ),
    "a cache of functools": (
        "import fnmatch\ndef f(x): return fnmatch.fnmatchcase('b' * x, 'a*')",
        "import fnmatch\nfnmatch.translate = lambda pattern: '.*'",
        "import fnmatch\nfnmatch.fnmatchcase('b', 'a*')",
    ),
    "a cache of a module that uses it": (
        "import glob\ndef f(x):\n    import fnmatch\n    return fnmatch.filter(['b' * x, 'a'], 'a*')",
        "import fnmatch\nfnmatch.translate = lambda pattern: '.*'",
        "import fnmatch, glob\nfnmatch.filter(['b'], 'a*')",
    ),
    "an environment": (
        "import jinja2\ndef f(x): return jinja2.Template('{{ x|upper }}').render(x='a' * x)",
        "import jinja2.defaults\njinja2.defaults.DEFAULT_FILTERS['upper'] = lambda text: 'b'",
        "import jinja2\njinja2.Template('').render()",
    ),
    "a codec": (
        "def f(x): return (b'\\xa4' * x).decode('l9', 'replace')",
        "import encodings.aliases\nencodings.aliases.aliases['l9'] = 'utf_8'",
        "b'a'.decode('l9')",
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_was_kept_before_a_change_counts(daemon, tmp_path, name):
    source, change, use = KEPT[name]
    if "jinja2" in source:
        pytest.importorskip("jinja2")
    batch = Batch(tmp_path, {"case": source})
    early, late = change, f"{use}\n{change}"
    for before in (early, late, "", early, late, ""):
        outcome = batch.run(before=before)["case"]
        assert outcome.given == outcome.truth


#: A function, what is changed between its calls, and what makes that undone.
LATE = {
    "a table made at first need": (
        "import base64\nKEPT = base64._b85alphabet\ndef f(x): return base64.b85encode(b'abcd' * x)",
        "base64._b85alphabet = KEPT[::-1]",
        "base64._b85alphabet = KEPT",
    ),
    "a cache of functools": (
        "import fnmatch\nKEPT = fnmatch.translate\ndef f(x): return fnmatch.fnmatchcase('b' * x, 'a*')",
        "fnmatch.translate = lambda pattern: '.*'",
        "fnmatch.translate = KEPT",
    ),
    "what compiled code keeps": (
        "import numpy\nimport numpy._core._methods as m\nKEPT = m._mean\n"
        "def f(x): return float(numpy.array([1., 2., 9. * x]).mean())",
        "m._mean = lambda *rest, **named: 7.0",
        "m._mean = KEPT",
    ),
    "a table": (
        "import calendar\nKEPT = calendar.mdays[3]\ndef f(x): return calendar.monthrange(2001, x)[1] + calendar.mdays[3]",
        "calendar.mdays[3] = 9",
        "calendar.mdays[3] = KEPT",
    ),
    "code of a function": (
        "import textwrap\nKEPT = textwrap.indent.__code__\ndef other(text, prefix, predicate=None): return prefix\n"
        "def f(x): return textwrap.indent('a', 'b' * x)",
        "textwrap.indent.__code__ = other.__code__",
        "textwrap.indent.__code__ = KEPT",
    ),
}
RUN = """
import sys, warnings
warnings.simplefilter("ignore")
import memod
from target import f, {names}
cached = memod.lru_cache(f)
def change(): {change}
def back(): {back}
when = sys.argv[1]
if when == "early": change()
first = repr(cached(1)) == repr(f(1))
if when == "late": change()
scope = cached.cache_scope()
second = repr(cached(2)) == repr(f(2))
if when == "late": back()
third = repr(cached(3)) == repr(f(3))
print(first, second, third, scope, cached.cache_scope(), cached.cache_info().hits)
print(scope.reason)
"""


def _names(source, change):
    return ", ".join(sorted({change.partition(".")[0], "KEPT", *(["other"] if "other" in source else [])}))


@pytest.mark.parametrize("name", LATE)
def test_a_change_after_a_call_keeps_functions_in_their_process_while_it_lasts(daemon, program, name):
    source, change, back = LATE[name]
    if "numpy" in source:
        pytest.importorskip("numpy")
    program.write(source, name="target")
    program.write(RUN.format(names=_names(source, change), change=change, back=back))
    runs = {when: program.run(when).splitlines() for when in ("early", "plain", "late", "again")}
    assert all(run[0].startswith("True True True") for run in runs.values()), runs
    said, reason = runs["late"]
    assert said.split()[3] == "process" and "was changed after memoized functions had run" in reason
    assert runs["again"][0].endswith("shared shared 3") and runs["plain"][0].endswith("shared shared 0")


@pytest.mark.parametrize("name", ["a table", "code of a function"])
def test_a_change_that_was_taken_back_leaves_functions_shared(daemon, program, name):
    source, change, back = LATE[name]
    program.write(source, name="target")
    program.write(RUN.format(names=_names(source, change), change=change, back=back))
    assert program.run("late").splitlines()[0].endswith("process shared 0")
    assert program.run("late").splitlines()[0].endswith("process shared 2")


LAZY = """
def solve(x):
    compile_solve()
    return solve(x)
def compile_solve():
    solve.__code__ = (lambda x: x * 2).__code__
"""


#: What another library does to its function while it is imported.
GIVEN = """
import toolz
def solve(x, factor=1):
    return x * factor
toolz.give(solve)
"""
#: A table that is in itself.
ROUND = """
RATE = 2
SEEN = {}
def solve(x):
    SEEN["all"] = SEEN
    return x * RATE
"""


def with_libraries(directory, **sources):
    """What makes modules count as installed."""
    (directory / "lib").mkdir()
    for name, source in sources.items():
        (directory / "lib" / f"{name}.py").write_text(source)
    place = str((directory / "lib").resolve())
    return f"import sys, memod._identity.modules as modules\nsys.path.insert(0, {place!r})\nmodules._OUTSIDE += ({place!r},)\n"


def test_what_a_library_compiles_of_itself_when_it_is_needed_is_no_change(daemon, tmp_path):
    batch = Batch(tmp_path, {"case": "import networkx\ndef f(x): return networkx.solve(x)"})
    before = with_libraries(tmp_path, networkx=LAZY)
    assert batch.run(before=before)["case"].scope == "shared"
    assert batch.run(before=before)["case"].hits == 2


def test_what_libraries_do_while_they_are_imported_is_no_change(daemon, tmp_path):
    given = "def give(function): function.__defaults__ = (2,)"
    source = "def f(x):\n    if x > 1:\n        import networkx\n        return networkx.solve(x)\n    return x"
    batch = Batch(tmp_path, {"case": source})
    before = with_libraries(tmp_path, networkx=GIVEN, toolz=given)
    assert batch.run(before=before)["case"].scope == "shared"
    outcome = batch.run(before=before)["case"]
    assert outcome.scope == "shared" and outcome.hits == 2 and outcome.given == outcome.truth


def test_what_is_kept_in_itself_cannot_be_told(daemon, tmp_path):
    batch = Batch(tmp_path, {"case": "import networkx\ndef f(x): return networkx.solve(x)"})
    before = with_libraries(tmp_path, networkx=ROUND)
    outcome = batch.run(before=f"{before}import networkx\nnetworkx.solve(1)\nnetworkx.RATE = 3")["case"]
    assert outcome.given == outcome.truth == ["3", "6"]
    assert outcome.scope == "process" and "SEEN" in outcome.reason


def test_recorded_warnings_change_nothing(daemon, program):
    program.write("""
        import logging, warnings
        import memod
        @memod.cache
        def f(x): return x + 1
        f(1)
        with warnings.catch_warnings(record=True) as found:
            f(2)
        logging.captureWarnings(True)
        print(found, f(3), f.cache_info().hits, repr(f.cache_scope()))
        """)
    assert program.run() == "[] 4 0 CacheScope('shared', '')\n"
    assert program.run() == "[] 4 3 CacheScope('shared', '')\n"
