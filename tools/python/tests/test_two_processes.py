"""Functions whose results depend on more than their arguments, in two processes that differ in it; and those whose
results do not, which have to be shared."""

import pytest

from batch import Batch, wrong_among

#: What one process must not be given from another. The processes differ in all that is named here.
DIFFERENT = {
    # what the process was started with
    "argparse": """
        import argparse
        def f(x):
            parser = argparse.ArgumentParser()
            parser.add_argument("word")
            return parser.parse_args().word""",
    "argv": "import sys\ndef f(x): return sys.argv[1:]",
    "argv by another name": "from sys import argv as words\ndef f(x): return words[1:]",
    "optparse": "import optparse\ndef f(x): return optparse.OptionParser().parse_args()[1]",
    "environ": "import os\ndef f(x): return os.environ['MEMOD_CASE']",
    "getenv": "from os import getenv\ndef f(x): return getenv('MEMOD_CASE')",
    "environ handed on": "import os\ndef g(m): return m.environ['MEMOD_CASE']\ndef f(x): return g(os)",
    "expandvars": "import os.path\ndef f(x): return os.path.expandvars('$MEMOD_CASE')",
    "subprocess": """
        import subprocess
        def f(x): return subprocess.run(['sh', '-c', 'echo $MEMOD_CASE'], capture_output=True).stdout""",
    "popen": "import os\ndef f(x): return os.popen('echo $MEMOD_CASE').read()",
    "home": "import pathlib\ndef f(x): return str(pathlib.Path('~').expanduser())",
    "home by class": "from pathlib import Path\ndef f(x): return str(Path.home())",
    "home of an argument": """
        from pathlib import Path
        ARGUMENTS = [(Path('~/a'),)]
        def f(path): return str(path.expanduser())""",
    "home by function": "from os.path import expanduser\ndef f(x): return expanduser('~')",
    "terminal": "import sys\ndef f(x): return sys.stdin.isatty(), sys.stdout.encoding, __import__",
    "columns": "import shutil\ndef f(x): return shutil.get_terminal_size()",
    "pid": "import os\ndef f(x): return os.getpid()",
    "thread": "import threading\ndef f(x): return threading.get_native_id()",
    "temporary": "import tempfile\ndef f(x): return tempfile.mkdtemp()",
    "platform": "import gc\ndef f(x): return len(gc.get_objects())",
    "flags": "import sys\ndef f(x): return sys.flags.hash_randomization, sys.executable, sys.path",
    # clocks and chance
    "time": "import time\ndef f(x): return time.time()",
    "time by another name": "from time import time as now\ndef f(x): return now()",
    "counter": "import time\ndef f(x): return time.perf_counter_ns()",
    "now": "from datetime import datetime\ndef f(x): return datetime.now()",
    "now handed on": "import datetime\ndef g(c): return c.now()\ndef f(x): return g(datetime.datetime)",
    "utcnow": "import datetime\ndef f(x): return datetime.datetime.utcnow()",
    "localtime": "import time\ndef f(x): return time.perf_counter(), time.localtime()",
    "gmtime": "import time\ndef f(x): return time.gmtime(), time.monotonic()",
    "random": "import random\ndef f(x): return random.random()",
    "random by another name": "from random import randint\ndef f(x): return randint(0, 10**9)",
    "random within": "def f(x):\n    import random\n    return random.random()",
    "secrets": "import secrets\ndef f(x): return secrets.token_hex()",
    "uuid": "import uuid\ndef f(x): return uuid.uuid4()",
    "uuid of the machine": "import uuid\ndef f(x): return uuid.uuid1()",
    "urandom": "import os\ndef f(x): return os.urandom(8)",
    "numpy random": "import numpy as np\ndef f(x): return np.random.rand()",
    "numpy generator": "import numpy as np\ndef f(x): return np.random.default_rng().random()",
    # the zone, the directory, the locale
    "formatdate": "import email.utils\ndef f(x): return email.utils.formatdate(0, True)",
    "fromtimestamp": "from datetime import datetime\ndef f(x): return datetime.fromtimestamp(0)",
    "astimezone": """
        from datetime import datetime, timezone
        def f(x): return datetime(2020, 1, 1, tzinfo=timezone.utc).astimezone().hour""",
    "timestamp of an argument": """
        import datetime
        ARGUMENTS = [(datetime.datetime(2020, 1, 1),)]
        def f(when): return when.timestamp()""",
    "mktime": "import time\ndef f(x): return time.mktime((2020, 1, 1, 0, 0, 0, 0, 0, 0))",
    "strftime": "import time\ndef f(x): return time.strftime('%Z')",
    "configparser": """
        import configparser
        def f(x):
            parser = configparser.ConfigParser()
            parser.read('settings.ini')
            return parser['a']['b']""",
    "xml": "import xml.etree.ElementTree as ET\ndef f(x): return ET.parse('tree.xml').getroot().text",
    "numpy load": "import numpy as np\ndef f(x): return int(np.load('array.npy')[0])",
    "open": "def f(x): return open('text').read()",
    "open as argument": "ARGUMENTS = [('text', open)]\ndef f(name, opener): return opener(name).read()",
    "path": "from pathlib import Path\ndef f(x): return Path('text').read_text()",
    "abspath": "import os\ndef f(x): return os.path.abspath('a')",
    "glob": "import glob\ndef f(x): return glob.glob('only_*')",
    "tomllib": "import json\ndef f(x): return json.load(open('data.json'))",
    "fileinput": "import fileinput\ndef f(x): return list(fileinput.input('text'))",
    # hashes and addresses
    "hash of text": "def f(x): return hash('abc')",
    "hash of text in a tuple": "def f(x): return hash((x, 'abc'))",
    "hash of what is made": "def f(x): return hash(str(x))",
    "hash of bytes": "def f(x): return hash(b'abc')",
    "hash in a helper": "def g(x): return hash((x, str(x)))\ndef f(x): return g(x)",
    "hash as a function": "def f(x): return list(map(hash, [str(x)]))",
    "hash of an object": "class A: pass\ndef f(x): return hash(A())",
    "hash of a date": "import datetime\ndef f(x): return hash(datetime.date(2020, 1, x))",
    "hash by method": "def f(x): return 'abc'.__hash__()",
    "id": "def f(x): return id(f)",
    "id as a function": "def f(x): return sorted([object(), object()], key=id) and list(map(id, [f]))",
    "repr": "class A: pass\ndef f(x): return repr(A())",
    "format": "class A: pass\ndef f(x): return f'{A()}'",
    "order of a set": "def f(x): return list(set('abcdefgh'))",
    "order of a set in a loop": """
        def f(x):
            words = set('abcdefgh')
            out = []
            for word in words:
                out.append(word)
            return out""",
    "joined set": "def f(x): return ','.join({'a', 'b', 'c', 'd', str(x)})",
    "first of a set": "def f(x): return next(iter(set('abcdefgh')))",
    "pop of a set": "def f(x):\n    words = set('abcdefgh')\n    return words.pop()",
    "order of an argument": "ARGUMENTS = [(frozenset('abcdefgh'),)]\ndef f(words): return list(words)",
    # modules found at run time
    "pickle": """
        import pickle
        BLOB = pickle.dumps(len)
        def f(x): return pickle.loads(BLOB)([x]), __name__, globals""",
    "stdin": "import sys\ndef f(x): return sys.stdin.fileno(), sys.stdin.closed, id(sys)",
}

#: What has to be found where another process, in another place, has left it.
SHARED = {
    "the seed's": "def f(portfolio_id, threshold=0.05): return hash((portfolio_id, threshold)) % 100",
    "the seed's, slow": """
        import time
        def f(portfolio_id, threshold=0.05):
            time.sleep(0.001)
            return hash((portfolio_id, threshold)) % 100""",
    "hash in a helper": "def g(x): return hash((x, 0.5, (1, 2)))\ndef f(x): return g(x)",
    "hash of own objects of numbers": """
        class P:
            def __init__(self, x): self.x = x
            def __hash__(self): return hash((self.x, 1))
        def f(x): return hash(P(x))""",
    "json": "import json\ndef f(x): return json.loads(json.dumps({'a': [x, None, 1.5]}))",
    "re": "import re\nWORD = re.compile(r'[a-z]+')\ndef f(x): return WORD.findall('ab1cd') + re.split('b', 'abc')",
    "math": "import math\nfrom math import sqrt\ndef f(x): return math.sin(x) + sqrt(x) + math.pi",
    "datetime": """
        from datetime import date, datetime, timedelta
        def f(x): return (datetime(2020, 1, x) + timedelta(days=x)).isoformat(), date(2020, 1, 1).weekday()""",
    "absolute paths": """
        from pathlib import PurePath
        import os
        def f(x): return PurePath('/a/b.txt').suffix, os.path.join('/a', 'b'), os.path.splitext('/a.b')""",
    "numpy": "import numpy as np\ndef f(x): return float(np.linalg.norm(np.arange(x) * 2.5))",
    "collections": """
        from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
        P = namedtuple('P', 'x y')
        def f(x): return Counter('abca').most_common(1), P(x, 2).x, deque([x])[0]""",
    "itertools": """
        import itertools, functools, operator, heapq, bisect
        def f(x):
            return list(itertools.permutations([1, 2, x])), functools.reduce(operator.add, [x, 1]), heapq.nsmallest(1, [x])""",
    "text": "import string, textwrap, difflib\ndef f(x): return textwrap.fill('a b c', 3), string.ascii_letters",
    "hashlib": "import hashlib, base64, zlib\ndef f(x): return hashlib.sha256(bytes([x])).hexdigest(), zlib.crc32(b'a')",
    "statistics": "import statistics, fractions, decimal\ndef f(x): return statistics.mean([x, 2]), fractions.Fraction(x, 3)",
    "sets": """
        def f(x):
            seen, out = set(), []
            for word in 'abca':
                if word not in seen:
                    seen.add(word)
                    out.append(word)
            return out, sorted(set('cab')), len({'a', 'b', str(x)}), x in {1, 2}, {1, x}""",
    "seeded": "import random\ndef f(x): return random.Random(x).random()",
    "seeded numpy": "import numpy as np\ndef f(x): return float(np.random.default_rng(x).random())",
    "logging": "import logging, warnings, sys\nlog = logging.getLogger(__name__)\n"
    "def f(x):\n    log.debug('x')\n    print('computing', file=sys.stderr)\n    return x + 1",
    "dataclass": """
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class P:
            x: int
            def double(self): return self.x * 2
        def f(x): return P(x).double()""",
    "enum and typing": """
        import enum, typing, abc
        class E(enum.Enum):
            A = 1
            B = 2
        def f(x: int) -> typing.Optional[str]: return E(x).name""",
    "uuid of a name": "import uuid\ndef f(x): return str(uuid.uuid5(uuid.NAMESPACE_DNS, str(x)))",
    "url": "from urllib.parse import urlparse, urlencode\ndef f(x): return urlparse('http://a/b').path, urlencode({'a': x})",
    "struct and csv text": "import struct, ast, html\ndef f(x): return struct.pack('>i', x), ast.literal_eval('[1]'), html.escape('<')",
    "strptime": "import time, calendar\ndef f(x): return calendar.timegm((2020, 1, x, 0, 0, 0)), calendar.isleap(2020)",
    "threads": """
        import threading
        lock = threading.Lock()
        def f(x):
            with lock:
                return x * 3""",
    "pool": """
        from concurrent.futures import ThreadPoolExecutor
        def g(x): return x * x
        def f(x):
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(g, range(x)))""",
    "globals of plain objects": """
        import argparse, collections, operator, types
        class Config:
            def __init__(self): self.rate = 3
        CONFIG, SPACE = Config(), types.SimpleNamespace(a=1)
        ARGS, COUNT = argparse.Namespace(b=2), collections.Counter('aab')
        FIRST, PROXY = operator.itemgetter(0), types.MappingProxyType({'k': 5})
        def f(x): return CONFIG.rate * x + SPACE.a + ARGS.b + COUNT['a'] + FIRST([1]) + PROXY['k']""",
    "dispatch table": """
        import operator
        def twice(x): return x * 2
        OPERATIONS = {'+': operator.add, 'twice': twice}
        def f(x): return OPERATIONS['twice'](OPERATIONS['+'](x, 1))""",
    "decorated": """
        import functools
        def checked(function):
            @functools.wraps(function)
            def inner(*arguments):
                return function(*arguments)
            return inner
        @checked
        def f(x): return x * 7""",
    "links of a page": """
        import html.parser
        class Links(html.parser.HTMLParser):
            def handle_starttag(self, tag, attributes): self.found += attributes
        def f(x):
            parser = Links()
            parser.found = []
            parser.feed(f"<a href={x}>")
            return parser.found""",
    "with a time to live": "import time\nOPTIONS = {'ttl': 3600}\ndef f(x): return time.time() > x",
}


@pytest.fixture
def places(tmp_path):
    numpy = pytest.importorskip("numpy")
    for place in ("one", "two"):
        directory = tmp_path / place
        directory.mkdir()
        (directory / "settings.ini").write_text(f"[a]\nb = {place}\n")
        (directory / "tree.xml").write_text(f"<a>{place}</a>")
        (directory / "text").write_text(place)
        (directory / "data.json").write_text(f'"{place}"')
        (directory / f"only_{place}").touch()
        numpy.save(directory / "array.npy", numpy.array([len(list(tmp_path.iterdir()))]))
    code = tmp_path / "code"
    code.mkdir()
    return tmp_path


def environments(places):
    for place, zone in (("one", "UTC"), ("two", "EST5")):
        yield dict(
            cwd=places / place,
            arguments=[place],
            MEMOD_CASE=place,
            HOME=f"/{place}",
            TZ=zone,
            COLUMNS=str(len(zone) * 20),
        )


def test_what_belongs_to_a_process_stays_there(daemon, places):
    batch = Batch(places / "code", DIFFERENT)
    for environment in environments(places):
        outcomes = batch.run(**environment)
    assert not wrong_among(outcomes)


def test_what_depends_on_its_arguments_is_shared(daemon, places):
    batch = Batch(places / "code", SHARED)
    for environment in environments(places):
        outcomes = batch.run(**environment)
    wrong = []
    for case, outcome in outcomes.items():
        if outcome.given != outcome.truth or outcome.scope != "shared" or outcome.hits != 2:
            wrong.append((case, outcome.given, outcome.truth, outcome.reason, outcome.hits))
    assert not wrong
