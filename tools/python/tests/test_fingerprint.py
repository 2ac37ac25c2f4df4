"""Pairs of programs that differ in something that a function reaches, in ways that are easily overlooked: the
second must not be served what the first computed. And what is looked through without losing the name."""

import decimal
import sys
import types

import pytest

import memod
from memod._identity.plain_data import Unstable
from memod._identity.identity import Identity


def load(source, monkeypatch, filename="program.py"):
    module = types.ModuleType("program")
    monkeypatch.setitem(sys.modules, "program", module)
    exec(compile(source, filename, "exec"), vars(module))
    return module


def name_of(source, monkeypatch, filename="program.py"):
    """The name that the program's `f` has in the daemon, or None where it stays in the process."""
    try:
        return Identity(load(source, monkeypatch, filename).f, None, None, False).enter()
    except Unstable:
        return None


NUMPY = "import numpy as np\ndef helper(x): return x * 2\n"
ENUM = "import enum\nclass E(enum.Enum):\n    A = 1\n    {}\ndef f(x): return E(x)\n"
PAIR = "from collections import namedtuple\nclass P(namedtuple('P', 'lo hi')):\n    {}\ndef f(x): return P(x, 1)\n"
METACLASS = "class M(type):\n    {}\nclass A(metaclass=M):\n    foo = 1\ndef f(x): return A\n"
DECORATOR = """
import functools
class D:
    def __init__(self, g, k):
        self.k = k
        functools.update_wrapper(self, g)
    def __call__(self, x): return self.__wrapped__(x) * self.k
def g(x): return x
h = D(g, 2)
def f(x): return h(x)
"""
DISPATCH = """
import functools
@functools.singledispatch
def h(x): return 1
@h.register(str)
def _(x): return 20
def f(x): return h(x)
"""
DATACLASS = """
from dataclasses import dataclass, field
def fresh(): return [1]
@dataclass(eq=True, order=True, frozen=False)
class P:
    x: int = 0
    y: list = field(default_factory=fresh)
    z: list = field(default_factory=lambda: [20], repr=True)
def f(x): return P(x)
"""
EXECUTED = """
space = {}
exec('def h(x): return x * 2', space)
h = space['h']
def f(x): return h(x)
"""

#: A program, and what is replaced in it by what.
CHANGES = {
    "dict method": ("rate = {'a': 1}.get\ndef f(x): return rate(x)", "1", "2"),
    "list method": ("place = [1, 2].index\ndef f(x): return place(x)", "1, 2", "2, 1"),
    "set method": ("has = {1}.__contains__\ndef f(x): return has(x)", "{1}", "{2}"),
    "str method": ("show = '{}1'.format\ndef f(x): return show(x)", "{}1", "{}2"),
    "Decimal method": (
        "from decimal import Decimal\nless = Decimal('1').compare\ndef f(x): return less(x)",
        "'1'",
        "'2'",
    ),
    "pattern method": ("import re\nfind = re.compile('a').match\ndef f(x): return find(x)", "'a'", "'b'"),
    "method of a class": ("class D(dict):\n    n = 1\nmake = D.fromkeys\ndef f(x): return make(x)", "1", "2"),
    "vectorize": (NUMPY + "v = np.vectorize(helper)\ndef f(x): return v(x)", "* 2", "* 3"),
    "vectorized lambda": (NUMPY + "v = np.vectorize(lambda x: x + 1)\ndef f(x): return v(x)", "+ 1", "+ 2"),
    "frompyfunc": (NUMPY + "v = np.frompyfunc(helper, 1, 1)\ndef f(x): return v(x)", "* 2", "* 3"),
    "singledispatch": (DISPATCH, "return 1", "return 2"),
    "singledispatch, registered": (DISPATCH, "return 20", "return 21"),
    "namedtuple fields": (PAIR.format("pass"), "lo hi", "hi lo"),
    "namedtuple defaults": (PAIR.format("pass").replace("hi')", "hi', defaults=[1])"), "[1]", "[2]"),
    "NamedTuple fields": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n  a: int\n  b: int\ndef f(x): return P(x, 1)",
        "a: int\n  b",
        "b: int\n  a",
    ),
    "NamedTuple default": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n  a: int = 1\ndef f(x): return P()",
        "1",
        "2",
    ),
    "dataclass factory": (DATACLASS, "[1]", "[2]"),
    "dataclass factory, a lambda": (DATACLASS, "[20]", "[21]"),
    "dataclass field": (DATACLASS, "repr=True", "repr=False"),
    "dataclass eq": (DATACLASS, "eq=True, order=True", "eq=False"),
    "dataclass order": (DATACLASS, "order=True", "order=False"),
    "dataclass frozen": (DATACLASS, "frozen=False", "frozen=True"),
    "dataclass method around a generated one": (
        DATACLASS + "import functools\n@functools.wraps(P.__repr__)\ndef show(self): return 30\nP.__repr__ = show",
        "30",
        "31",
    ),
    "hash": ("class A:\n    def __hash__(self): return 1\ndef f(x): return hash(A())", "return 1", "return 2"),
    "metaclass method": (METACLASS.format("def m(c): return 1"), "return 1", "return 2"),
    "metaclass call": (METACLASS.format("def __call__(c): return 1"), "return 1", "return 2"),
    "metaclass iter": (METACLASS.format("def __iter__(c): return iter([1])"), "[1]", "[2]"),
    "metaclass property": (METACLASS.format("p = property(lambda c: 10)"), "10", "20"),
    "attribute of a function": ("def h(x): return h.k\nh.k = 1\ndef f(x): return h(x)", "= 1", "= 2"),
    "attribute of a cached function": (
        "import functools\n@functools.lru_cache\ndef h(x): return h.k\nh.k = 1\ndef f(x): return h(x)",
        "= 1",
        "= 2",
    ),
    "decorator object's call": (DECORATOR, "* self.k", "+ self.k"),
    "decorator object's state": (DECORATOR, "D(g, 2)", "D(g, 3)"),
    "decorator object's function": (DECORATOR, "(x): return x\n", "(x): return -x\n"),
    "executed": (EXECUTED, "* 2", "* 3"),
    "executed class": (
        "space = {}\nexec('class A: n = 1', space)\nA = space['A']\ndef f(x): return A.n",
        "1",
        "2",
    ),
    "named as another's": (
        "import functools, json\n@functools.wraps(json.dumps)\ndef h(x): return 1\ndef f(x): return h(x)",
        "return 1",
        "return 2",
    ),
    "itself named as another's": (
        "import functools, json\n@functools.wraps(json.dumps)\ndef f(x): return 1",
        "return 1",
        "return 2",
    ),
    "thread's data": (
        "import threading\nhere = threading.local()\nhere.k = 1\ndef f(x): return here.k",
        "= 1",
        "= 2",
    ),
    "alias of a generic class": (
        "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass B(Generic[T]):\n    n = 1\n"
        "Alias = B[int]\ndef f(x): return Alias().n",
        "= 1",
        "= 2",
    ),
}
for _name, _call in {
    "or": "h(x or 1)",
    "and": "h(x and 1)",
    "walrus": "h(n := x)",
    "chained comparison": "h(1 < x < 50)",
    "operand of or": "K * (x or 1)",
    "operand of a walrus": "K * (n := x) + n",
    "item": "d.__setitem__(K, x)",
}.items():
    CHANGES[f"global beside {_name}"] = (
        f"K = 2\nd = {{}}\ndef h(x): return x * K\ndef f(x): return {_call}",
        "K = 2",
        "K = 3",
    )
for _name in ("add", "append", "extend", "insert", "put", "discard"):
    CHANGES[f"class with {_name}"] = (
        f"class S:\n  @staticmethod\n  def {_name}(x): return x + 1\ndef f(x): return S.{_name}(x)",
        "+ 1",
        "+ 2",
    )
    CHANGES[f"object with {_name}"] = (
        f"class S:\n  def {_name}(self, x): return x + self.k\n"
        f"s = S()\ns.k = 1\ndef f(x): return s.{_name}(x)",
        "k = 1",
        "k = 2",
    )
CHANGES["object with items"] = (
    "class S:\n  def __setitem__(self, k, v): v.append(1)\ns = S()\ndef f(x):\n  s[x] = x\n  return x",
    "append(1)",
    "append(2)",
)
for _name in ("_pick", "_missing_"):
    for _wrapper in ("classmethod", "staticmethod"):
        CHANGES[f"enum {_wrapper} {_name}"] = (
            ENUM.format(f"{_name} = {_wrapper}(lambda *a: 10)"),
            "10",
            "20",
        )
for _kind, _class in [("enum", ENUM), ("namedtuple", PAIR)]:
    CHANGES[f"{_kind} property"] = _class.format("_p = property(lambda self: 10)"), "10", "20"
    CHANGES[f"{_kind} method"] = _class.format("def _p(self): return 10"), "10", "20"
CHANGES["enum property of enum's"] = (
    ENUM.replace("import enum", "import enum, types").format(
        "p = types.DynamicClassAttribute(lambda self: 10)"
    ),
    "10",
    "20",
)
CHANGES["namedtuple staticmethod"] = PAIR.format("_p = staticmethod(lambda x: 10)"), "10", "20"
CHANGES["namedtuple classmethod"] = PAIR.format("_p = classmethod(lambda x: 10)"), "10", "20"


@pytest.mark.parametrize("case", CHANGES)
def test_what_is_reached_in_unusual_ways_counts(case, monkeypatch):
    source, old, new = CHANGES[case]
    assert old in source
    first, second = name_of(source, monkeypatch), name_of(source.replace(old, new), monkeypatch)
    assert first is None or first != second


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def m(self): return 1\ndef f(x): return A().m()",
        DATACLASS.replace("x: int = 0", "x: int = 0\n    def m(self): return 1"),
        DATACLASS.replace("x: int = 0", "x: int = 0\n    def __repr__(self): return 1"),
    ],
)
def test_classes_of_a_program_in_a_string(source, monkeypatch):
    names = [
        name_of(text, monkeypatch, "<string>") for text in (source, source.replace("return 1", "return 2"))
    ]
    assert None not in names and names[0] != names[1]


AMBIENT = [
    "import os\ndef f(x): return os.environ[x]",
    "import os\ndef f(x): return os.getenv(x)",
    "from os import getenv\ndef f(x): return getenv(x)",
    "from os import environ\ndef f(x): return environ[x]",
    "def f(x):\n    import os\n    return os.environ[x]",
    "def f(x):\n    from os import environ\n    return environ[x]",
    "import os\ndef h(x): return os.environ[x]\ndef f(x): return h(x)",
    "import os\ndef f(x):\n    system = os\n    return system.environ[x]",
    "import sys\ndef f(x): return sys.argv[x]",
    "import sys\ndef f(x): return sys.modules[x].K",
    "import importlib\ndef f(x): return importlib.import_module('lm').K",
    "from importlib import import_module\ndef f(x): return import_module('lm').K",
    "def f(x):\n    import importlib\n    return importlib.import_module('lm').K",
    "import os\ndef f(x): return os.path.expanduser(x)",
    "import os.path as p\ndef f(x): return p.expandvars(x)",
    "from os.path import expandvars\ndef f(x): return expandvars(x)",
    "def f(x):\n    from os.path import expanduser\n    return expanduser(x)",
    "from pathlib import Path\ndef f(x): return Path.home()",
    "from pathlib import Path\ndef f(x): return Path(x).expanduser()",
    "import os\ndef f(x): return os.getpid()",
    "import uuid\ndef f(x): return uuid.uuid4().hex",
    "from secrets import token_hex\ndef f(x): return token_hex()",
    "import getpass\ndef f(x): return getpass.getpass(x)",
    "import sys\ndef f(x): return sys.stdin.readline()",
    "def f(x): return input(x)",
    "ask = input\ndef f(x): return ask(x)",
    "import builtins\ndef f(x): return builtins.eval('K')",
    "run = eval\ndef f(x): return run('K')",
]


@pytest.mark.parametrize("source", AMBIENT)
def test_what_reaches_beyond_the_program_stays_in_the_process(source, monkeypatch):
    assert name_of(source, monkeypatch) is None


@pytest.mark.parametrize(
    "source",
    [
        "import decimal\ndef f(x): return decimal.Decimal(1) / x",
        "from decimal import Decimal\ndef f(x): return Decimal(1) / x",
        "def f(x):\n  from decimal import Decimal\n  return Decimal(1) / x",
        "from decimal import Decimal\nONE = Decimal(1)\ndef f(x): return ONE / x",
        "import decimal\ndef f(x): return decimal.getcontext().divide(1, x)",
    ],
)
def test_the_precision_of_decimals_counts(source, monkeypatch, daemon):
    with decimal.localcontext() as context:
        f = memod.lru_cache(load(source, monkeypatch).f)
        first, name = f(3), name_of(source, monkeypatch)
        context.prec = 5
        assert name is not None and name != name_of(source, monkeypatch)
        assert f(4) == f.__wrapped__(4) and f.cache_scope() == "shared"
        assert memod.lru_cache(f.__wrapped__)(3) == f.__wrapped__(3)
        context.prec = 28
        assert memod.lru_cache(f.__wrapped__)(3) == first


STABLE = {
    "paths": "from pathlib import Path\ndef f(x): return Path(x).name",
    "metaclass": METACLASS.format("def __getattr__(c, n): return 1"),
    "decorator object": DECORATOR,
    "executed": EXECUTED,
    "dataclass": DATACLASS,
    "dataclass, frozen": DATACLASS.replace("frozen=False", "frozen=True"),
    "enum": ENUM.format("_missing_ = classmethod(lambda cls, x: cls.A)"),
    "int enum": ENUM.replace("Enum", "IntEnum").format("B = 2"),
    "flag": ENUM.replace("Enum", "Flag").format("B = 2"),
    "int flag": ENUM.replace("Enum", "IntFlag").format("B = 2"),
    "enum with a method": ENUM.format("def __str__(self): return 'E'"),
    "namedtuple": PAIR.format("pass"),
    "NamedTuple": "from typing import NamedTuple\nclass P(NamedTuple):\n  a: int = 1\ndef f(x): return P()",
    "protocol": "from typing import Protocol\nclass P(Protocol):\n  def m(self): ...\ndef f(x): return P",
    "abstract": "import abc\nclass A(abc.ABC):\n  @abc.abstractmethod\n  def m(self): ...\ndef f(x): return A",
    "total order": (
        "import functools\n@functools.total_ordering\nclass A:\n  def __lt__(self, o): return True\n"
        "def f(x): return A() < A()"
    ),
    "TypedDict": "from typing import TypedDict\nclass D(TypedDict):\n  a: int\ndef f(x): return D(a=x)",
    "NewType": "from typing import NewType\nN = NewType('N', int)\ndef f(x): return N(x)",
    "alias": "from typing import Callable, Tuple\nT = Callable[..., Tuple[int, ...]]\ndef f(x): return T",
    "numpy": (
        "from numpy import add, array, clip, linalg, log, sum as total\nimport numpy as np\n"
        "def f(x): return total(clip(log(add(array(x), 1)), 0, 1)) + np.exp(linalg.norm(x))"
    ),
    "numpy.linalg": "from numpy.linalg import norm, inv\ndef f(x): return norm(inv(x))",
    "numpy.random": "from numpy.random import default_rng\ndef f(x): return default_rng(x).random()",
    "standard functions": (
        "import os, sys, math\nfrom json import dumps\nfrom itertools import chain\nfrom os.path import join\n"
        "from functools import reduce\nfrom operator import add\nfrom datetime import datetime\n"
        "parse, flat, new = datetime.strptime, chain.from_iterable, object.__new__\n"
        "def f(x): return dumps, join, reduce, add, parse, flat, new, math.pi, os.sep, sys.maxsize"
    ),
    "context manager": (
        "import contextlib\n@contextlib.contextmanager\ndef h(): yield 1\ndef f(x):\n  with h() as n: return n"
    ),
    "cached helper": "import memod\n@memod.lru_cache\ndef f(x): return f(x - 1) if x else 0",
    "dict method": CHANGES["dict method"][0],
    "pattern method": CHANGES["pattern method"][0],
    "slots": DATACLASS.replace("frozen=False", "slots=True").replace("x: int = 0", "x: int = 0\n    w: int = 1"),
    "containers that are written": (
        "import queue, threading, weakref\n"
        "seen, known, later, held = set(), {}, queue.Queue(), weakref.WeakValueDictionary()\n"
        "lock = threading.Lock()\nseen.add(lock)\nknown[1] = lock\n"
        "def f(x):\n  seen.add(lock)\n  known[x] = held[x] = lock\n  known[x] += 1\n  later.put(x)\n"
    ),
    "attributes of a function": CHANGES["attribute of a function"][0],
}
if sys.version_info < (3, 10):
    del STABLE["slots"]


@pytest.mark.parametrize("case", STABLE)
def test_common_kinds_of_code_keep_one_name(case, monkeypatch):
    """Also where the objects are others, as in another process."""
    source = STABLE[case]
    if case == "cached helper":
        source += "\nf = f.__wrapped__"
    first = name_of(source, monkeypatch)
    assert first is not None and first == name_of(source, monkeypatch)


HOSTILE = """
class M(type):
    def __getattr__(c, n): raise RuntimeError("metaclass")
class A(metaclass=M):
    foo = 1
class Hidden(type):
    def __getattribute__(c, n): raise RuntimeError("metaclass")
class B(metaclass=Hidden):
    foo = 1
class Proxy:
    def __getattr__(self, name): raise RuntimeError("outside a context")
    def __call__(self, x): return x
class Sealed:
    def __getattribute__(self, name): raise RuntimeError("sealed")
    def __call__(self, x): return x
class Disguised:
    @property
    def __class__(self): raise RuntimeError("no class")
    def __call__(self, x): return x
class Methods:
    class Inner(metaclass=Hidden):
        def work(self, x): return x + 1
proxy, sealed, disguised = Proxy(), Sealed(), Disguised()
count = 0

def reads_a(x):
    global count
    count += 1
    return A.foo + x
def reads_b(x): return B is not None and 1 + x
def calls_proxy(x): return proxy(x) + 1
def calls_sealed(x): return sealed(x) + 1
def calls_disguised(x): return disguised(x) + 1
"""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "function", ["reads_a", "reads_b", "calls_proxy", "calls_sealed", "calls_disguised"]
)
def test_no_exception_of_what_is_looked_at_reaches_the_caller(function, monkeypatch, daemon):
    made = memod.lru_cache(getattr(load(HOSTILE, monkeypatch), function))
    assert made(1) == made(1) == 2
    assert made.cache_scope() == ("shared" if function == "reads_a" else "process")
    made.cache_clear()
    assert made(1) == 2


def test_nor_of_the_class_of_a_method(monkeypatch, daemon):
    inner = load(HOSTILE, monkeypatch).Methods.Inner
    work = memod.lru_cache(type.__getattribute__(inner, "work"))
    assert work(object.__new__(inner), 1) == 2


def test_nor_of_what_is_decorated(monkeypatch):
    made = memod.lru_cache(maxsize=None)(load(HOSTILE, monkeypatch).disguised)
    assert made(1) == 1 and made.cache_scope() == "process"


def test_an_attribute_of_a_function_is_watched(monkeypatch, daemon):
    module = load("def h(x): return h.k * x\nh.k = 2\ndef f(x): return h(x)", monkeypatch)
    f, g = memod.lru_cache(module.f), memod.lru_cache(module.f)
    assert f(2) == 4
    module.h.k = 3
    assert g(2) == 6
    module.h.k = 2
    assert memod.lru_cache(module.f)(2) == 4


def test_what_a_function_counts_in_its_own_attribute_is_its_own_affair(monkeypatch, daemon):
    source = "def h(x):\n  h.calls += 1\n  return x\nh.calls = 0\ndef f(x): return h(x)"
    for calls in (4, 0):
        module = load(source, monkeypatch)
        f = memod.lru_cache(module.f)
        assert [f(n) for n in range(4)] == [0, 1, 2, 3]
        assert module.h.calls == calls


def test_annotations_that_are_made_when_they_are_asked_for_count(monkeypatch):
    """As Python 3.14 has them, which keeps a function in place of the dict."""
    from memod._identity.class_form import annotations_of, class_annotations

    made = type("K", (), {"__annotate_func__": lambda form: {"a": int}})
    assert annotations_of(made) == {"a": int}
    assert [(name, text) for name, text, _ in class_annotations(made)] == [("a", "<class 'int'>")]

    def missing(form):
        raise NameError("OnlyForCheckers")

    library = types.SimpleNamespace(
        Format=types.SimpleNamespace(STRING=4), get_annotations=lambda holder, format: {"a": "OnlyForCheckers"}
    )
    monkeypatch.setitem(sys.modules, "annotationlib", library)
    made = type("K", (), {})
    made.__annotate_func__ = missing
    assert annotations_of(made) == {"a": "OnlyForCheckers"}
