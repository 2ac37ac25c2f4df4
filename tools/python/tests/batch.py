"""Many small modules, each with a function `f`, run in two processes that differ: what the second is answered has to be
what it would compute."""

import json
import os
import subprocess
import sys
import textwrap

RUN = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
import memod
found = {}
for name in json.loads(sys.stdin.readline()):
    module = importlib.import_module(name)
    arguments = getattr(module, "ARGUMENTS", ((1,), (2,)))
    options = getattr(module, "OPTIONS", {})
    cached = memod.lru_cache(maxsize=None, **options)(module.f)
    try:
        given = [repr(cached(*each)) for each in arguments]
    except Exception as error:
        given = repr(error)
    scope = cached.cache_scope()
    info = cached.cache_info()
    again = []
    try:
        truth = [repr(module.f(*each)) for each in arguments]
        again = [repr(module.f(*each)) for each in arguments]
    except Exception as error:
        truth = repr(error)
    found[name] = [given, truth, str(scope), scope.reason, info.hits, truth == again]
json.dump(found, sys.stdout)
"""


class Batch:
    """A directory of modules."""

    def __init__(self, directory, cases):
        """`cases` are sources by name. A name ends up as that of a module."""
        self.directory = directory
        self.names = {case: f"case_{place}" for place, case in enumerate(cases)}
        (directory / "run_all.py").write_text(RUN)
        for case, source in cases.items():
            self.write(case, source)

    def write(self, case, source):
        """Makes or replaces one."""
        path = self.directory / f"{self.names.get(case, case)}.py"
        path.write_text(textwrap.dedent(source))

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
