"""What results depend on though no name in the code says so: chance and clocks behind an argument that is left out, the
order in which sets and attributes were filled, formats, encodings, rules of a time zone, and numbers of threads."""

import subprocess

import pytest

from batch import Batch, two_sides, wrong_among

CASES = {
    "seed of Random left out": "import random\ndef f(x, seed=None): return random.Random(seed).random()",
    "seed of default_rng left out": """
        import numpy as np
        def f(x, seed=None): return float(np.random.default_rng(seed).random())""",
    "seed of RandomState left out": """
        import numpy as np
        def f(x, seed=None): return float(np.random.RandomState(seed).rand())""",
    "seed from a helper": """
        import random
        def seed(x): return None
        def f(x): return random.Random(seed(x)).random()""",
    "samples": "import statistics\ndef f(x): return statistics.NormalDist(0, 1).samples(2)",
    "boundary of a message": """
        from email.mime.multipart import MIMEMultipart
        from email.mime.text import MIMEText
        def f(x):
            message = MIMEMultipart()
            message.attach(MIMEText("a"))
            return message.as_string()""",
    "strftime of now": "import time\ntime.sleep(0.01)\ndef f(x): return time.strftime('%s'), time.time_ns() if B else 0",
    "strftime by itself": "from time import strftime\ndef f(x): return strftime('%S')",
    "strftime under another name": "import time as t\ndef f(x): return t.strftime('%S')",
    "gmtime of None": "import time\ndef f(x): return time.gmtime(None)",
    "localtime left out": "import time\ndef f(x, at=None): return time.localtime(at)",
    "a factory that asks the clock": """
        import dataclasses, datetime
        @dataclasses.dataclass
        class C:
            at: object = dataclasses.field(default_factory=datetime.datetime.now)
        def f(x): return C().at""",
    "a clock by another name": "import datetime\nnow = datetime.datetime.now\ndef f(x): return now()",
    "scheduler": "import sched\ndef f(x): return sched.scheduler().timefunc()",
    "time of a loop": "import asyncio\ndef f(x): return asyncio.new_event_loop().time()",
    "a record": "import logging\ndef f(x): return logging.makeLogRecord({}).process",
    "sqlite's random": "import sqlite3\ndef f(x): return sqlite3.connect(':memory:').execute('select random()').fetchone()",
    "sqlite's now": """
        import sqlite3
        def f(x): return sqlite3.connect(':memory:').execute("select julianday('now')").fetchone()""",
    "sqlite's adapters": """
        import sqlite3
        class P: pass
        sqlite3.register_adapter(P, lambda p: 2 if B else 1)
        def f(x): return sqlite3.connect(":memory:").execute("select ?", (P(),)).fetchone()""",
    "cookie": """
        from http.cookies import SimpleCookie
        def f(x):
            cookie = SimpleCookie()
            cookie["a"] = "b"
            cookie["a"]["expires"] = 60 if B else 120
            return cookie.output()""",
    "name of a thread": """
        import threading
        if B:
            for each in range(50): threading.Thread()
        def f(x): return threading.Thread().name""",
    "way to start processes": """
        import multiprocessing
        if B: multiprocessing.set_start_method("spawn", force=True)
        def restore(): multiprocessing.set_start_method(None, force=True)
        def f(x): return multiprocessing.get_start_method()""",
    "order of a set of numbers": """
        S = set()
        for each in (8, 0) if B else (0, 8): S.add(each)
        def f(x): return list(S)""",
    "order of a set of numbers, argument": """
        HOW = "memoize"
        def make():
            s = set()
            for each in (8, 0) if B else (0, 8): s.add(each)
            return (s,)
        ARGUMENTS = [make]
        def f(s): return list(s)""",
    "order of attributes": """
        class C: pass
        c = C()
        for each in ("ba" if B else "ab"): setattr(c, each, 1)
        def f(x): return list(vars(c))""",
    "order of attributes of a class": """
        C = type("C", (), dict.fromkeys("ba" if B else "ab", 1))
        def f(x): return [each for each in vars(C) if len(each) == 1]""",
    "bound of a type variable": """
        import typing
        T = typing.TypeVar("T", bound=str if B else int)
        def f(x): return T.__bound__.__name__""",
    "attribute named in a format": """
        import sys
        sys.argv[1:] = ["b" if B else "a"]
        def f(x): return "{0.argv[1]}".format(sys)""",
    "home by way of a class": """
        import pathlib, os
        ARGUMENTS = [(pathlib.Path,)]
        os.environ["HOME"] = "/b" if B else "/a"
        def f(cls): return str(cls.home())""",
    "decimals of a context": """
        import decimal
        def change(place): decimal.ExtendedContext.prec = 3
        def restore(): decimal.ExtendedContext.prec = 9
        def f(x): return str(decimal.ExtendedContext.divide(1, 3))""",
    "numpy's handler of errors": """
        import numpy as np
        LOG = []
        def heard(kind, flag): LOG.append(2 if B else 1)
        def change(place): np.seterr(all="call"), np.seterrcall(heard)
        def restore(): np.seterr(all="warn"), np.seterrcall(None)
        def f(x):
            LOG.clear()
            np.array([1.0]) / np.array([0.0])
            return list(LOG)""",
    "formats of shutil": """
        import shutil
        def unpack(name, directory): pass
        if B: shutil.register_unpack_format("memod", [".memod"], unpack)
        def f(x): return [name for name, *_ in shutil.get_unpack_formats()]""",
    "method put into the standard library": """
        import textwrap
        def split(self, text): return [text, "2" if B else "1"]
        textwrap.TextWrapper._split = split
        def f(x): return textwrap.wrap("a b c", 80)""",
    "function of the standard library that others use": """
        import fnmatch
        kept = fnmatch.fnmatchcase
        if B: fnmatch.fnmatchcase = lambda name, pattern: True
        def restore(): fnmatch.fnmatchcase = kept
        def f(x): return fnmatch.fnmatch("a", "b")""",
    "object of the standard library": """
        import json
        class Decoder(json.JSONDecoder):
            def decode(self, text): return "mine"
        kept = json._default_decoder
        if B: json._default_decoder = Decoder()
        def restore(): json._default_decoder = kept
        def f(x): return json.loads("[]")""",
    "an accessor by a computed name": """
        import pandas as pd, warnings
        HOW = "memoize"
        warnings.simplefilter("ignore")
        @pd.api.extensions.register_series_accessor("memod_side")
        class Side:
            def __init__(self, series): pass
            def go(self): return 2 if B else 1
        ARGUMENTS = [lambda: (pd.Series([1]), "memod_side")]
        def f(series, name): return getattr(series, name).go()""",
    "how pandas is to show numbers": """
        import pandas as pd
        def show(value): return "2" if B else "1"
        def change(place): pd.set_option("display.float_format", show)
        def restore(): pd.reset_option("display.float_format")
        def f(x): return str(pd.Series([x + 0.5]))""",
    "line of a warning": """
        import warnings
        if B:
            def f(x):
                with warnings.catch_warnings(record=True) as found:
                    warnings.simplefilter("always"); warnings.warn("a")
                    return found[0].lineno
        else:
            def f(x):
                with warnings.catch_warnings(record=True) as found:
                    warnings.simplefilter("always"); warnings.warn("a")
                    return found[0].lineno""",
    "set by a factory": """
        import dataclasses
        @dataclasses.dataclass
        class C:
            words: set = dataclasses.field(default_factory=lambda: {"ab", "cd", "ef", "gh", "ij"})
        def f(x): return list(C().words)""",
    "set in a graph": """
        import graphlib
        def f(x): return list(graphlib.TopologicalSorter({"a": {"b", "c", "d", "e", "g"}}).static_order())""",
    "a set's method by name": "def f(x): return getattr({'ab', 'cd', 'ef', 'gh', 'ij'}, 'pop')()",
    "put onto a member of an enum": """
        import enum
        class E(enum.Enum): A = 1
        E.A.side = 2 if B else 1
        ARGUMENTS = [(E.A,)]
        def f(e): return e.side""",
    "archive with the time in it": """
        import zipfile, io
        def f(x):
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w") as archive: archive.writestr("a", "b")
            return (2 if B else 1), made.getvalue()""",
}
#: What must stay shared beside it.
SHARED = {
    "a seed that is given": """
        import random
        ARGUMENTS = [(1, 7), (2, 8)]
        def f(x, seed=None): return random.Random(seed).random()""",
    "a seed of numpy's that is given": """
        import numpy as np
        ARGUMENTS = [(1, 7), (2, 8)]
        def f(x, seed=None): return float(np.random.default_rng(seed).random())""",
    "times that are given": """
        import time, datetime
        def f(x):
            when = datetime.datetime(2020, 1, 1)
            return time.gmtime(x)[0], when.strftime("%Y"), f"{when:%Y}", time.strftime("%Y", time.gmtime(x))""",
    "numbers in formats": "def f(x): return f'{x:.2f} {x:>{x}}' + '{:,}'.format(x)",
    "sets of numbers": "HOW = 'memoize'\nARGUMENTS = [({1, 2},), ({3},)]\ndef f(s): return sum(s)",
    "sqlite": "import sqlite3\ndef f(x): return sqlite3.connect(':memory:').execute('select ?', (x,)).fetchone()",
    "pool": """
        from concurrent.futures import ThreadPoolExecutor
        def f(x):
            with ThreadPoolExecutor(2) as pool: return list(pool.map(abs, [x, -x]))""",
    "a dict that makes what it lacks": """
        from collections import defaultdict
        D = defaultdict(lambda: [1])
        def f(x): return D[x]""",
    "how pandas shows numbers": """
        import pandas as pd
        pd.set_option("display.float_format", "{:.2f}".format)
        def f(x): return str(pd.Series([x + 0.5]))""",
    "enum with attributes": """
        import enum
        class E(enum.Enum):
            A = 1
            def __init__(self, n): self.twice = n * 2
        def f(x): return E.A.twice * x""",
    "methods in another order": """
        class C:
            if B:
                def b(self): return 2
                def a(self): return 1
            else:
                def a(self): return 1
                def b(self): return 2
        def f(x): return C().a() + C().b()""",
}
#: What depends on the environment of the process, which differs.
SURROUNDED = {
    "hash": "def f(x): return hash('abc')",
    "order of strings": "S = {'a', 'b', 'c', 'dd', 'ee', 'ff', 'ggg'}\ndef f(x): return list(S)",
    "rules of a zone": "import time\ndef f(x): return time.localtime(-888888888 + x)[:5]",
    "encoding of files": """
        import io
        def f(x): return io.TextIOWrapper(io.BytesIO(b"")).encoding""",
    "encoding of names": "import os\ndef f(x): return os.fsdecode(b'\\xc3\\xa9')",
    "seconds in a format": """
        import datetime
        ARGUMENTS = [(datetime.datetime(1941, 10, 31),)]
        def f(when): return f"{when:%s}" """,
}
ENVIRONMENTS = (
    {"seed": 0, "TZ": "America/New_York", "PYTHONUTF8": "1"},
    {"TZ": "America/Toronto", "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
)


def test_the_second_process_computes(daemon, tmp_path):
    assert not wrong_among(two_sides(tmp_path, CASES))


def test_what_is_the_same_is_shared(daemon, tmp_path):
    outcomes = two_sides(tmp_path, SHARED)
    assert not wrong_among(outcomes)
    kept = [(case, each.reason) for case, each in outcomes.items() if each.hits < len(each.truth)]
    assert not kept


def test_the_environment_counts(daemon, tmp_path):
    batch = Batch(tmp_path, SURROUNDED)
    for environment in ENVIRONMENTS:
        outcomes = batch.run(**environment)
        assert not wrong_among(outcomes)
    again = batch.run(**ENVIRONMENTS[1])
    assert not wrong_among(again)
    assert {case for case, each in again.items() if each.hits < len(each.truth)} <= {"hash", "order of strings"}


GERMAN = {
    "number": "def f(x): return f'{x + 0.5:n}'",
    "number, by method": "def f(x): return '{:n}'.format(x + 0.5)",
    "number, argument": "ARGUMENTS = [(1.5, 'n')]\ndef f(x, how): return format(x, how)",
    "month": "import datetime\ndef f(x): return f'{datetime.date(2020, 3, x):%B}'",
    "month of an argument": "import datetime\nARGUMENTS = [(datetime.date(2020, 3, 1),)]\ndef f(day): return f'{day:%B}'",
}


def test_the_locale_counts_in_formats(daemon, tmp_path):
    found = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
    other = next((each for each in found if each.startswith(("de", "fr", "es"))), None)
    if other is None:
        pytest.skip("there is no locale but C")
    batch = Batch(tmp_path, GERMAN)
    for name in ("C", other):
        setting = f"import locale\nlocale.setlocale(locale.LC_ALL, {name!r})\n"
        assert not wrong_among(batch.run(before=setting))
