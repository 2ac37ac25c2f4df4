"""Many small modules, each with a function `f`, run in two processes that differ: what the second is answered has to be
what it would compute."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

RUN = """
import importlib, json, os, sys, warnings
warnings.simplefilter("ignore")
import memod
found = {}
for name in json.loads(sys.stdin.readline()):
    module = importlib.import_module(name)
    arguments = getattr(module, "ARGUMENTS", ((1,), (2,)))
    options = getattr(module, "OPTIONS", {})
    decorate = getattr(memod, getattr(module, "HOW", "lru_cache"))
    cached = decorate(maxsize=None, **options)(module.f)
    change = getattr(module, "change", lambda place: None)
    if os.environ.get("MEMOD_CASE") != "two":
        change = lambda place: None
    def call(function):
        results = []
        for place, each in enumerate(arguments):
            change(place)
            results.append(repr(function(*(each() if callable(each) else each))))
        return results
    try:
        given = call(cached)
    except Exception as error:
        given = repr(error)
    scope = cached.cache_scope()
    info = cached.cache_info()
    again = []
    try:
        truth = call(module.f)
        again = call(module.f)
    except Exception as error:
        truth = repr(error)
    getattr(module, "restore", lambda: None)()
    found[name] = [given, truth, str(scope), scope.reason, info.hits, truth == again]
json.dump(found, sys.stdout)
"""


SIDES = """import os
SIDE = os.environ["MEMOD_CASE"]
B = SIDE == "two"
"""


class Batch:
    """A directory of modules."""

    def __init__(self, directory, cases, sides=False):
        """`cases` are sources by name. A name ends up as that of a module. With `sides` they know in `B` whether
        they are in the second process."""
        self.directory = directory
        self.before = SIDES if sides else ""
        self.names = {case: f"case_{place}" for place, case in enumerate(cases)}
        (directory / "run_all.py").write_text(RUN)
        for case, source in cases.items():
            self.write(case, source)

    def write(self, case, source):
        """Makes or replaces one."""
        path = self.directory / f"{self.names.get(case, case)}.py"
        path.write_text(self.before + textwrap.dedent(source))

    def run(self, *, cwd=None, seed="random", arguments=(), before="", **environment):
        """What each function was answered, what it computes, its scope and why, and the hits that it had."""
        script = self.directory / "run_all.py"
        script.write_text(textwrap.dedent(before) + RUN)
        run = subprocess.run(
            [sys.executable, str(script), *arguments],
            input=json.dumps(list(self.names.values())),
            capture_output=True,
            text=True,
            timeout=120,
            cwd=cwd or self.directory,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        )
        assert run.returncode == 0, run.stderr
        found = json.loads(run.stdout)
        return {case: Outcome(*found[name]) for case, name in self.names.items()}


class Outcome:
    def __init__(self, given, truth, scope, reason, hits, steady):
        self.given, self.truth, self.scope, self.reason, self.hits = given, truth, scope, reason, hits
        #: Whether it computes the same twice in one process.
        self.steady = steady


def two_sides(directory, cases):
    """What the second of two processes found, whose environment differs as `SIDES` says."""
    for module in ("numpy", "pandas", "pydantic", "attr"):
        if any(f"import {module}" in source for source in cases.values()):
            pytest.importorskip(module)
    batch = Batch(directory, cases, sides=True)
    batch.run(MEMOD_CASE="one")
    return batch.run(MEMOD_CASE="two")


def wrong_among(outcomes, last_only=False):
    """The cases that got what computing would not have given, or stay in their process without a reason.

    With `last_only` only the last call is compared: what `change` does after the first has happened for good by the time
    the truth is found."""
    wrong = []
    for case, outcome in outcomes.items():
        calls = slice(-1, None) if last_only else slice(None)
        right = outcome.hits == 0 or (outcome.steady and outcome.given[calls] == outcome.truth[calls])
        if not right or (outcome.scope == "process") != bool(outcome.reason):
            wrong.append((case, outcome.given, outcome.truth, outcome.reason))
    return wrong


def check_told_apart(directory, source, before):
    """A function's results are kept; after what another process does before it asks it is another function, and without that
    the first one again."""
    batch = Batch(directory, {"case": source})
    plain = batch.run()["case"]
    assert plain.given == plain.truth
    again = batch.run()["case"]
    assert again.hits == 2 and again.given == plain.given
    other = batch.run(before=before)["case"]
    assert other.given == other.truth != plain.truth
    assert batch.run()["case"].given == plain.truth
