"""What libraries compute at import, and keep in tables, patterns and objects: where the program changes it before it asks, its
functions are others."""

import pytest

from batch import check_told_apart

#: What is computed at import, or no plain constant; the program changes it before it asks.
COMPUTED = {
    "a table of a class": (
        "import configparser\ndef f(x):\n    p = configparser.ConfigParser()\n    p.read_string(f'[a]\\nb = {\"yes\" * x}')\n"
        "    try: return p.getboolean('a', 'b')\n    except ValueError: return None",
        "import configparser\nconfigparser.RawConfigParser.BOOLEAN_STATES['yes'] = False",
    ),
    "a table of a subclass": (
        "import configparser\ndef f(x):\n    p = configparser.ConfigParser()\n    p.read_string('[a]\\nb = yes')\n"
        "    try: return p.getboolean('a', 'b')\n    except ValueError: return None",
        "import configparser\nconfigparser.ConfigParser.BOOLEAN_STATES = {'yes': False}",
    ),
    "names of encodings": (
        "def f(x): return (b'\\xa4' * x).decode('l9', 'replace')",
        "import encodings.aliases\nencodings.aliases.aliases['l9'] = 'utf_8'",
    ),
    "a pattern of a class": (
        "import textwrap\ndef f(x): return textwrap.wrap('a-b c-d ' * x, 4)",
        "import re, textwrap\ntextwrap.TextWrapper.wordsep_re = re.compile('(c)')",
    ),
    "a table of a class that it fills": (
        "import textwrap\ndef f(x): return textwrap.fill('a\\nb' * x, 70)",
        "import textwrap\ntextwrap.TextWrapper.unicode_whitespace_trans[10] = 95",
    ),
    "a table of functions": (
        "import pprint\ndef f(x): return pprint.pformat([list(range(40))] * x)",
        "import pprint\npprint.PrettyPrinter._dispatch.pop(list.__repr__)",
    ),
    "functions of another in a table": (
        "import pprint\ndef f(x): return pprint.pformat([list(range(40))] * x)",
        "import pprint\ntable = pprint.PrettyPrinter._dispatch\ntable[list.__repr__] = table[set.__repr__]",
    ),
    "a method of a constant": (
        "import keyword\ndef f(x): return [keyword.iskeyword('if') for _ in range(x)]",
        "import keyword\nkeyword.iskeyword = frozenset().__contains__",
    ),
    "a list": ("import keyword\ndef f(x): return len(keyword.kwlist) * x", "import keyword\nkeyword.kwlist.append('zz')"),
    "a pattern": (
        "from fractions import Fraction\ndef f(x): return str(Fraction(f'{x}/3'))",
        "import fractions, re\nfractions._RATIONAL_FORMAT = re.compile("
        "r'(?P<num>9?)(?P<sign>)(?P<decimal>)(?P<exp>)(?P<denom>).*', re.S)",
    ),
    "a default": (
        "import difflib\ndef f(x): return list(difflib.unified_diff(['a'], ['b'] * x)), difflib.IS_LINE_JUNK('#')",
        "import difflib, re\ndifflib.IS_LINE_JUNK.__defaults__ = (re.compile('zz').match,)",
    ),
    "a pattern of dates": (
        "import plistlib\ndef f(x): return str(plistlib.loads(b'<plist><date>2001-01-0%dT00:00:00Z</date></plist>' % x))",
        "import plistlib, re\nplistlib._dateParser = re.compile("
        "plistlib._dateParser.pattern.replace('P<month>', 'P<other>').replace('P<day>', 'P<month>').replace('P<other>', 'P<day>'), re.A)",
    ),
    "a table of another module": (
        "import json\ndef f(x): return json.dumps('\\n' * x)",
        "import json.encoder\njson.encoder.ESCAPE_DCT['\\n'] = 'zz'\njson.encoder.c_make_encoder = None\n"
        "json.encoder.encode_basestring_ascii = json.encoder.py_encode_basestring_ascii",
    ),
    "one function for another": (
        "import textwrap\ndef f(x): return textwrap.shorten('a  b ' * x, 9)",
        "import textwrap\ntextwrap.TextWrapper.fill = textwrap.TextWrapper.wrap",
    ),
    "a builtin for a function": (
        "import statistics\ndef f(x): return statistics.fmean([1, 2, 9 * x])",
        "import statistics\nstatistics.fsum = max",
    ),
    "a builtin that a module does not see": (
        "import textwrap\ndef f(x): return textwrap.wrap('a b c ' * x, 4)",
        "import textwrap\ntextwrap.len = lambda each: 3",
    ),
    "a partial application": (
        "import json\ndef f(x): return json.dumps({'b': x, 'a': 1})",
        "import functools, json\njson.dumps = functools.partial(json.dumps, sort_keys=True)",
    ),
    "a method of an object": (
        "import string\ndef f(x): return string.capwords('a b' * x)",
        "import string\nclass K:\n    def go(self, text, sep=None): return 'K'\nstring.capwords = K().go",
    ),
    "an object that can be called": (
        "import string\ndef f(x): return string.capwords('a b' * x)",
        "import string\nclass K:\n    def __call__(self, text, sep=None): return 'K'\nstring.capwords = K()",
    ),
    "a subclass hook": (
        "import html.parser\ndef f(x):\n    found = []\n    class P(html.parser.HTMLParser):\n"
        "        def handle_data(self, data): found.append(data)\n    P().feed('<b>&amp;</b>' * x)\n    return found",
        "import html.parser\nhtml.parser.HTMLParser.unescape_all = 1\nhtml.parser.unescape = str.upper",
    ),
    "code of no module": (
        "import base64\ndef f(x): return base64.b64encode(b'a' * x)",
        "exec('import binascii\\nbinascii.b2a_base64 = lambda *rest, **named: bytes(3)', {'__name__': 'nowhere'})",
    ),
    "a pattern of the class of a global": (
        "import textwrap\nWRAPPER = textwrap.TextWrapper(width=4)\ndef f(x): return WRAPPER.wrap('a-b c-d ' * x)",
        "import re, textwrap\ntextwrap.TextWrapper.wordsep_re = re.compile('(c)')",
    ),
    "a class registered with an abstract one": (
        "import numbers\ndef f(x): return isinstance({}, numbers.Number), x",
        "import numbers\nnumbers.Number.register(dict)",
    ),
    "a class": (
        "import csv, io\ndef f(x): return next(csv.DictReader(io.StringIO('a,b\\n1,%d' % x)))['b']",
        "import csv\nclass Reader(csv.DictReader):\n    def __next__(self): return {'b': 'zz'}\ncsv.DictReader = Reader",
    ),
}

OF_PACKAGES = {
    "rules of a class": (
        "from pandas.tseries.holiday import USFederalHolidayCalendar as C\n"
        "def f(x): return len(C().holidays('2020-01-01', '202%d-01-01' % x))",
        "from pandas.tseries.holiday import USFederalHolidayCalendar as C\ndel C.rules[3:]",
    ),
    "tags of yaml": (
        "import yaml\ndef f(x): return yaml.safe_load('a: yes\\nb: %d' % x)",
        "import yaml\nyaml.SafeLoader.add_constructor('tag:yaml.org,2002:bool', lambda loader, node: 'zz')",
    ),
    "kinds of scalars of yaml": (
        "import yaml\ndef f(x): return yaml.safe_load('a: 2020-01-0%d' % x)",
        "import yaml\nkinds = yaml.SafeLoader.yaml_implicit_resolvers\n"
        "for first in kinds: kinds[first] = [each for each in kinds[first] if 'timestamp' not in each[0]]",
    ),
    "a method that no name says": (
        "import dateutil.parser\ndef f(x): return dateutil.parser.isoparse('2020-01-0%d' % x)",
        "from dateutil.parser.isoparser import isoparser\n"
        "isoparser._parse_isodate = lambda self, text: ([1999, 1, 1], len(text))",
    ),
    "a constant that no name says": (
        "import attr\n@attr.s\nclass K: a = attr.ib()\ndef f(x): return attr.asdict(K(x))",
        "import attr, attr._funcs\nattr._funcs.fields = lambda cls: ()",
    ),
}


@pytest.mark.parametrize("name", OF_PACKAGES)
def test_what_a_package_holds_makes_another_function(daemon, tmp_path, name):
    pytest.importorskip(OF_PACKAGES[name][0].split()[1].partition(".")[0])
    check_told_apart(tmp_path, *OF_PACKAGES[name])


@pytest.mark.parametrize("name", COMPUTED)
def test_what_a_library_computes_makes_another_function(daemon, tmp_path, name):
    check_told_apart(tmp_path, *COMPUTED[name])
