"""What the program has told the standard library, and classes that it has registered."""

import pytest

from batch import check_told_apart

#: A function, and what another process does before it asks.
CASES = {
    "urls": (
        "import urllib.parse\ndef f(x): return urllib.parse.urljoin('s9://a/b', 'c')",
        "import urllib.parse\nurllib.parse.uses_relative.append('s9')\nurllib.parse.uses_netloc.append('s9')",
    ),
    "namespaces": (
        "import xml.etree.ElementTree as ET\ndef f(x): return ET.tostring(ET.Element('{u:q}a'))",
        "import xml.etree.ElementTree\nxml.etree.ElementTree.register_namespace('zz', 'u:q')",
    ),
    "json": (
        "import json\ndef f(x): return json.dumps(['\\xe9', x])",
        "import json\njson._default_encoder.ensure_ascii = False",
    ),
    "json, patched": (
        "import json\ndef f(x):\n    try: return json.dumps(1j)\n    except TypeError: return None",
        "import json\njson.JSONEncoder.default = lambda self, value: str(value)",
    ),
    "templates": (
        "import string\ndef f(x): return string.Template('%a $a').safe_substitute(a=x)",
        "import re, string\nstring.Template.pattern = re.compile("
        "r'%(?P<named>a)|(?P<escaped>x{99})|(?P<braced>y{99})|(?P<invalid>z{99})')",
    ),
    "abbreviations": (
        "import reprlib\ndef f(x): return reprlib.repr('a' * 100)",
        "import reprlib\nreprlib.aRepr.maxstring = 10",
    ),
    "charsets": (
        "from email.mime.text import MIMEText\n"
        "def f(x): return MIMEText('é', 'plain', 'utf-8')['Content-Transfer-Encoding']",
        "import email.charset\nemail.charset.add_charset('utf-8', email.charset.SHORTEST, None, 'utf-8')",
    ),
    "entities": (
        "import html\ndef f(x): return html.unescape('&zz9;')",
        "import html.entities\nhtml.entities.html5['zz9;'] = '!'",
    ),
    "reducers": (
        "import copy\nclass K: pass\ndef f(x): return type(copy.copy(K())).__name__",
        "import copyreg, case_0\ndef reduce_k(k): return int, ()\ncopyreg.pickle(case_0.K, reduce_k)",
    ),
    "what a handler is given": (
        "import io, logging\nlog = logging.getLogger('z')\ndef f(x):\n    found = io.StringIO()\n"
        "    handler = logging.StreamHandler(found)\n    log.addHandler(handler)\n    log.info('%d', x)\n"
        "    log.removeHandler(handler)\n    return found.getvalue()",
        "import logging\nlogging.getLogger('z').setLevel(10)",
    ),
    "loggers": (
        "import logging\nlog = logging.getLogger('z')\ndef f(x): return log.isEnabledFor(10)",
        "import logging\nlogging.getLogger('z').setLevel(10)",
    ),
    "registered with a library's class": (
        "import numbers\nclass K: pass\ndef f(x): return isinstance(K(), numbers.Number)",
        "import numbers, case_0\nnumbers.Number.register(case_0.K)",
    ),
    "registered with an own class": (
        "import abc\nclass A(abc.ABC): pass\nclass K: pass\ndef f(x): return isinstance(K(), A)",
        "import case_0\ncase_0.A.register(case_0.K)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_setting_makes_another_function(daemon, tmp_path, name):
    check_told_apart(tmp_path, *CASES[name])
