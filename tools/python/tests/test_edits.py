"""Programs whose second run finds something changed that a function depends on in a roundabout way."""

import sys

import pytest

import memod
from batch import Batch

LIBRARY = (
    "import os\n__version__ = '1.0'\noptions = {'rate': 2}\nclass Config:\n    rate = 2\nconfig = Config()\n"
)

#: A case, what is replaced in it by what, or modules beside it that are written anew.
EDITED = {
    "ignored parameters": (
        "OPTIONS = {'ignore': ('h',)}\ndef f(w, h=1): return w * 10 + h\nARGUMENTS = [(1, 2)]",
        "'h',",
        "'w',",
    ),
    "key function": (
        "OPTIONS = {'key': lambda x: x % 2}\ndef f(x): return x\nARGUMENTS = [(1,), (2,)]",
        "x % 2",
        "x % 3",
    ),
    "key function, helper": (
        "def part(x): return x % 2\ndef key(x): return part(x)\nOPTIONS = {'key': key}\n"
        "def f(x): return x\nARGUMENTS = [(1,), (2,)]",
        "% 2",
        "% 3",
    ),
    "made before": (
        "from zoneinfo import ZoneInfo\n_zone = None\ndef zone():\n    global _zone\n    if _zone is None:\n"
        "        _zone = ZoneInfo('UTC')\n    return _zone\ndef f(x): return str(zone())\n# later",
        "# later",
        "_zone = ZoneInfo('Asia/Tokyo')",
    ),
    "frame made before": (
        "import pandas as pd\n_frame = None\ndef frame():\n    global _frame\n    if _frame is None:\n"
        "        _frame = pd.DataFrame({'a': [1]})\n    return _frame\ndef f(x): return int(frame().a.sum())\n# later",
        "# later",
        "_frame = pd.DataFrame({'a': [5]})",
    ),
    "pattern made before": (
        "import re\n_pattern = None\ndef pattern():\n    global _pattern\n    if _pattern is None:\n"
        "        _pattern = re.compile('a')\n    return _pattern\ndef f(x): return pattern().findall('ab')\n# later",
        "# later",
        "_pattern = re.compile('b')",
    ),
    "model made before": (
        "class Model:\n    def __init__(self, k): self.k = k\n    def predict(self, x): return x * self.k\n"
        "MODELS = {}\ndef model():\n    if 'm' not in MODELS:\n        MODELS['m'] = Model(2)\n    return MODELS['m']\n"
        "def f(x): return model().predict(x)\n# later",
        "# later",
        "MODELS['m'] = Model(3)",
    ),
    "setting of a library": (
        "import kit\ndef f(x): return kit.options['rate'] * x\n# later",
        "# later",
        "kit.options['rate'] = 5",
    ),
    "attribute of a library's class": (
        "import kit\ndef f(x): return kit.Config.rate * x\n# later",
        "# later",
        "kit.Config.rate = 5",
    ),
    "attribute of a library's object": (
        "from kit import config\ndef f(x): return config.rate * x\n# later",
        "# later",
        "config.rate = 5",
    ),
    "week": (
        "import calendar\ndef f(x): return calendar.monthcalendar(2024, x)\n# later",
        "# later",
        "calendar.setfirstweekday(6)",
    ),
    "dialects": (
        "import csv, io\ncsv.register_dialect('mine', delimiter=';')\n"
        "def f(x): return next(csv.reader(io.StringIO('a;b,c'), 'mine'))",
        "';'",
        "','",
    ),
    "print options": (
        "import numpy as np\ndef f(x): return str(np.array([x / 3]))\n# later",
        "# later",
        "np.set_printoptions(precision=2)",
    ),
    "pandas options": (
        "import pandas as pd\ndef f(x): return repr(pd.DataFrame({'a': [x / 3]}))\n# later",
        "# later",
        "pd.set_option('display.precision', 2)",
    ),
    "builtins": (
        "import builtins\nbuiltins.memod_word = str.upper\ndef f(x): return memod_word('aB')",
        "upper",
        "lower",
    ),
    "decimal context": (
        "import decimal\ndef f(x): return str(decimal.Decimal(1) / (x + 2))\n# later",
        "# later",
        "decimal.getcontext().prec = 4",
    ),
    "accessor": (
        "import pandas as pd, warnings\nwarnings.simplefilter('ignore')\n"
        "@pd.api.extensions.register_dataframe_accessor('memod_geo')\nclass Geo:\n"
        "    def __init__(self, frame): self.frame = frame\n    def area(self): return int(self.frame.a.sum()) * 2\n"
        "def f(x): return pd.DataFrame({'a': [x]}).memod_geo.area()",
        "* 2",
        "* 3",
    ),
    "method put on a library's class": (
        "from pathlib import PurePath\ndef shout(self): return str(self) + '1'\nPurePath.shout = shout\n"
        "def f(x): return PurePath('a').shout()",
        "'1'",
        "'2'",
    ),
    "method put on an argument's class": (
        "import pathlib\npathlib.Path.shout = lambda self: str(self) + '1'\nARGUMENTS = [(pathlib.Path('/a'),)]\n"
        "def f(path): return path.shout()",
        "'1'",
        "'2'",
    ),
    "pickled": (
        "import pickle\nclass Model:\n    def predict(self): return 1\nBLOB = pickle.dumps(Model())\n"
        "def f(x): return pickle.loads(BLOB).predict()",
        "return 1",
        "return 2",
    ),
    "resolved by name": (
        "import pkgutil\ndef helper(): return 1\ndef f(x): return pkgutil.resolve_name(__name__ + ':helper')()",
        "return 1",
        "return 2",
    ),
    "recursion with a time to live": (
        "import memod\ndef helper(x): return x + 1\n@memod.lru_cache(ttl=60)\ndef g(x): return helper(x)\ndef f(x): return g(x)",
        "x + 1",
        "x + 2",
    ),
    "cached elsewhere with a key": (
        "import memod\n@memod.lru_cache(ignore=('y',))\ndef g(x, y): return x * 2\ndef f(x): return g(x, 1)",
        "* 2",
        "* 3",
    ),
    "wrapped": (
        "import functools\ndef checked(function):\n    @functools.wraps(function)\n    def inner(x): return function(x) + 1\n"
        "    return inner\n@checked\ndef f(x): return x",
        "+ 1",
        "+ 2",
    ),
}
#: Modules beside a function, in both runs.
BESIDE = {
    "library within": (
        "def f(x):\n    import kit\n    return kit.rate(x)",
        {"kit": LIBRARY + "def rate(x): return x * 2"},
        {"kit": LIBRARY + "def rate(x): return x * 3"},
    ),
    "library not there yet": (
        "def f(x):\n    try:\n        import memod_late\n    except ImportError:\n        return False\n    return True",
        {},
        {"memod_late": "x = 1"},
    ),
    "looked for": (
        "import importlib.util\ndef f(x): return importlib.util.find_spec('memod_sought') is not None",
        {},
        {"memod_sought": "x = 1"},
    ),
    "data read at import": (
        "def f(x):\n    import memod_data\n    return memod_data.VALUE",
        {
            "memod_data": "import subprocess\nVALUE = subprocess.run(['cat', 'value'], capture_output=True).stdout"
        },
        {},
    ),
    "array read at import": (
        "def f(x):\n    import memod_array\n    return memod_array.VALUE",
        {"memod_array": "import numpy as np, io\nVALUE = int(np.loadtxt('value'))"},
        {},
    ),
}


def wrong(outcomes):
    return [
        (case, each.given, each.truth, each.reason)
        for case, each in outcomes.items()
        if each.given != each.truth
    ]


def test_edits_of_what_a_function_reaches(daemon, tmp_path):
    pytest.importorskip("pandas")
    if sys.version_info < (3, 9):
        pytest.skip("zoneinfo")
    batch = Batch(tmp_path, {case: source for case, (source, _, _) in EDITED.items()})
    batch.write("kit", LIBRARY)
    first = batch.run()
    assert not wrong(first)
    for case, (source, old, new) in EDITED.items():
        assert old in source
        batch.write(case, source.replace(old, new))
    assert not wrong(batch.run())
    again = batch.run()
    assert not wrong(again)
    kept_here = {"pickled", "resolved by name", "frame made before"}
    assert {case for case, each in again.items() if each.hits < len(each.truth)} <= kept_here


def test_modules_that_are_imported_within(daemon, tmp_path):
    batch = Batch(tmp_path, {case: source for case, (source, _, _) in BESIDE.items()})
    for number, run in enumerate((1, 2)):
        (tmp_path / "value").write_text(str(number))
        for each in BESIDE.values():
            for name, source in each[run].items():
                batch.write(name, source)
        assert not wrong(batch.run())


def test_nothing_is_imported_that_the_program_does_not_import(daemon, tmp_path):
    (tmp_path / "heavy").mkdir()
    (tmp_path / "heavy" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "heavy" / "part.py").write_text("VALUE = 1")
    source = "def f(x):\n    if x > 5:\n        from heavy.part import VALUE\n        import heavy.part as p\n    return x"
    batch = Batch(tmp_path, {"rare": source})
    assert not wrong(batch.run()) and batch.run()["rare"].hits == 2


def test_what_a_script_is_called(daemon, program):
    program.write("""
        import memod
        class K: pass
        @memod.cache
        def f(x): return K.__module__
        @memod.cache
        def g(x): return repr(K)
        print(f(1), g(1))
        """)
    program.name = "other"
    program.write("import program", "other")
    assert program.run(says="names a class with its module") == "program <class 'program.K'>\n"
    program.name = "program"
    assert program.run(says="names a class with its module") == "__main__ <class '__main__.K'>\n"
    program.name = "other"
    assert program.run(says="names a class with its module") == "program <class 'program.K'>\n"


def test_data_that_it_wrote_once_are_not_its_own_for_ever(daemon, tmp_path):
    source = """
        STATE = {"calls": 0, "scale": 2}
        def f(x):
            STATE["calls"] += 1
            return STATE["scale"] * x
        """
    batch = Batch(tmp_path, {"state": source})
    import importlib

    sys.path.insert(0, str(tmp_path))
    try:
        module = importlib.import_module("case_0")
        f = memod.lru_cache(module.f)
        assert [f(1), f(2), f(3)] == [2, 4, 6]
        module.STATE["scale"] = 10
        assert [f(4), f(5)] == [40, 50]
        module.STATE["scale"] = 2
        assert f(6) == 12 and f.cache_scope() == "shared"
        g = memod.lru_cache(module.f)
        assert [g(n) for n in (4, 5)] == [8, 10]
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("case_0", None)
    assert not wrong(batch.run())
