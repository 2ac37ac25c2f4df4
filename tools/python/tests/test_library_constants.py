"""Constants and tables of libraries that the program has changed, and functions that it has exchanged, before the function
is asked for and between calls."""

import os
import subprocess
import sys

import pytest

from batch import Batch, check_told_apart, two_sides, wrong_among

#: A function, and what another process does before it asks.
CASES = {
    "a number": ("import colorsys\ndef f(x): return colorsys.hls_to_rgb(.1 * x, .2, .3)", "import colorsys\ncolorsys.ONE_THIRD = .5"),
    "of a function that was imported": (
        "from colorsys import hls_to_rgb\ndef f(x): return hls_to_rgb(.1 * x, .2, .3)",
        "import colorsys\nsetattr(colorsys, 'TWO_THIRD', .5)",
    ),
    "imported while it runs": (
        "def f(x):\n    import colorsys\n    return colorsys.hls_to_rgb(.1 * x, .2, .3)",
        "import colorsys\nvars(colorsys)['ONE_SIXTH'] = .5",
    ),
    "a number that was computed": (
        "import random\ndef f(x): return random.Random(x).normalvariate(0, 1)",
        "import random\nrandom.NV_MAGICCONST = 1.0",
    ),
    "within the library": (
        "import json\ndef f(x): return ''.join(json.JSONEncoder().iterencode([float('inf')] * x))",
        "import json.encoder\njson.encoder.INFINITY = 7.0",
    ),
    "a table": ("import calendar\ndef f(x): return calendar.monthrange(2001, x)", "import calendar\ncalendar.mdays[1:3] = 9, 9"),
    "an attribute of a class": (
        "import ipaddress\ndef f(x): return ipaddress.IPv4Address('1.2.3.4').version",
        "import ipaddress\nipaddress._BaseV4._version = 7",
    ),
    "of another type": (
        "import string\ndef f(x): return string.capwords('a-b c', '-') + string.Template('$a').idpattern[:1]",
        "import string\nstring.Template.idpattern = 'b'",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_constant_makes_another_function(daemon, tmp_path, name):
    check_told_apart(tmp_path, *CASES[name])


#: One function of a library in the place of another.
EXCHANGED = {
    "of numpy": ("import numpy as np\ndef f(x): return float(np.mean([1, 2, 9 * x]))", "import numpy as np\nnp.mean = np.median"),
    "of numpy, imported": (
        "import numpy as np\ndef f(x):\n    from numpy import add\n    return int(add(x, 3))",
        "import numpy as np\nnp.add = np.subtract",
    ),
    "a method": (
        "import pandas as pd\ndef f(x): return float(pd.Series([1, 2, 9 * x]).sum())",
        "import pandas as pd\npd.Series.sum = pd.Series.mean",
    ),
    "an operator": (
        "from fractions import Fraction\ndef f(x): return str(Fraction(1, 3) + Fraction(x, 7))",
        "from fractions import Fraction\nFraction.__add__ = Fraction.__mul__",
    ),
    "of polars": (
        "import polars as pl\ndef f(x): return float(pl.Series([1, 2, 9 * x]).sum())",
        "import polars as pl\npl.Series.sum = pl.Series.mean",
    ),
}


@pytest.mark.parametrize("name", EXCHANGED)
def test_a_function_in_anothers_place_makes_another_function(daemon, tmp_path, name):
    pytest.importorskip(EXCHANGED[name][0].split()[1])
    check_told_apart(tmp_path, *EXCHANGED[name])


BETWEEN = {
    "a number": """
        import colorsys
        ARGUMENTS = ((1,), (2,), (3,))
        def change(place):
            if place == 2: colorsys.ONE_THIRD = .9
        def f(x): return colorsys.hls_to_rgb(.1 * x, .2, .3)""",
    "of another type": """
        import colorsys
        ARGUMENTS = ((1,), (2,), (3,))
        def change(place):
            if place == 2: colorsys.ONE_SIXTH = 1
        def f(x): return colorsys.hls_to_rgb(.1 * x, .2, .3)""",
    "a table": """
        import calendar
        ARGUMENTS = ((1,), (2,), (3,))
        def change(place):
            if place == 2: calendar.mdays[3] = 9
        def restore(): calendar.mdays[3] = 31
        def f(x): return calendar.monthrange(2001, x)""",
    "defaults of a function": """
        import difflib
        ARGUMENTS = ((1,), (2,), (3,))
        def change(place):
            if place == 2: difflib.IS_CHARACTER_JUNK.__defaults__ = ("a",)
        def restore(): difflib.IS_CHARACTER_JUNK.__defaults__ = (" \\t",)
        def f(x): return difflib.IS_CHARACTER_JUNK("a"), x""",
    "a pattern of a class": """
        import re, textwrap
        ARGUMENTS = ((1,), (2,), (3,))
        KEPT = textwrap.TextWrapper.wordsep_re
        def change(place):
            if place == 2: textwrap.TextWrapper.wordsep_re = re.compile("(c)")
        def restore(): textwrap.TextWrapper.wordsep_re = KEPT
        def f(x): return textwrap.wrap("a-b c-d " * x, 4)""",
    "in a table of functions": """
        import pprint
        ARGUMENTS = ((1,), (2,), (3,))
        KEPT = pprint.PrettyPrinter._dispatch[list.__repr__]
        def change(place):
            if place == 2: pprint.PrettyPrinter._dispatch[list.__repr__] = pprint.PrettyPrinter._dispatch[set.__repr__]
        def restore(): pprint.PrettyPrinter._dispatch[list.__repr__] = KEPT
        def f(x): return pprint.pformat([list(range(40))] * x)""",
    "the code of a function": """
        import textwrap
        ARGUMENTS = ((1,), (2,), (3,))
        KEPT = textwrap.indent.__code__
        def other(text, prefix, predicate=None): return prefix
        def change(place):
            if place == 2: textwrap.indent.__code__ = other.__code__
        def restore(): textwrap.indent.__code__ = KEPT
        def f(x): return textwrap.indent("a", "b" * x)""",
}


@pytest.mark.parametrize("name", BETWEEN)  # each in processes of its own: what one has changed counts for all
def test_a_change_between_calls_is_noticed_at_once(daemon, tmp_path, name):
    outcomes = two_sides(tmp_path, {name: BETWEEN[name]})
    assert not wrong_among(outcomes, last_only=True) and outcomes[name].hits == 2


STORED = """
import statistics
def f(x): return statistics.fmean([1, 2, 9 * x])
ARGUMENTS = ((1,), (2,))
def change(place):
    if place == 1: statistics.fsum = lambda data: 7.0
"""


def test_what_is_computed_under_a_change_within_a_library_is_not_others(daemon, tmp_path):
    """However soon after a look it was made."""
    batch = Batch(tmp_path, {"case": STORED})
    batch.run(MEMOD_CASE="two")
    outcome = batch.run(MEMOD_CASE="one")["case"]
    assert outcome.given == outcome.truth and outcome.hits == 1


def test_what_a_library_notes_on_its_classes_is_no_constant(daemon, tmp_path):
    batch = Batch(tmp_path, {"case": "import textwrap\ndef f(x): return textwrap.fill('a b c', x)"})
    before = "import tempfile, weakref\nclass K: pass\nk = K()\nweakref.finalize(k, print)\ntempfile.TemporaryDirectory().cleanup()"
    assert batch.run()["case"].hits == 0 and batch.run(before=before)["case"].hits == 2


LOOK = """
import hashlib, importlib, sys, warnings
warnings.simplefilter("ignore")
for name in sorted(sys.stdlib_module_names):
    if name not in ("antigravity", "this", "idlelib", "turtledemo", "__phello__") and name[:5] != "_test":
        try:
            importlib.import_module(name)
        except Exception:
            pass
from memod._identity import library_constants, library_marks, library_patches
for name, module in sorted(sys.modules.items()):
    for place in library_constants.places(module) if library_patches._is_known(name) else ():
        for each, value in zip(place.names, place.reader()()):
            print(place.label, each, library_marks.take(True, (each,), True)("", (value,))[0])
print(library_patches.patched() or "nothing is patched")
"""


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the names of the modules are not told")
def test_the_standard_library_has_the_same_in_each_process(tmp_path):
    found = [
        subprocess.run(
            [sys.executable, "-c", LOOK], capture_output=True, text=True, cwd=place, timeout=100,
            env={**os.environ, "HOME": place, "TZ": zone, "XDG_CACHE_HOME": str(tmp_path)},
        )
        for place, zone in ((str(tmp_path), "UTC"), ("/", "Asia/Tokyo"))
    ]  # fmt: skip
    one, other = (each.stdout.splitlines() for each in found)
    assert len(one) > 500, found[0].stderr
    assert one == other and one[-1] == "nothing is patched"
