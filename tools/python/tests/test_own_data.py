"""Data that the function writes to itself, and that others write to as well."""

import asyncio
import contextlib
import threading

import pytest

import memod
from memod._identity.code_form import CodeForm
from test_fingerprint import load, name_of

SETTINGS = """
settings = None
def configure(value):
    global settings
    settings = value
def rate():
    global settings
    if settings is None:
        settings = 1
    return settings
def f(x): return x * rate()
"""

#: A program, and what is replaced in it by what.
BEFORE = {
    "rebound": (SETTINGS + "configure(5)", "(5)", "(6)"),
    "rebound to an object": (
        SETTINGS + "class A:\n    def __init__(self, k): self.k = k\nconfigure(A(5))",
        "(5)",
        "(6)",
    ),
    "rebound to an object of a class": (
        SETTINGS + "class A:\n    def m(self): return 5\nconfigure(A())",
        "return 5",
        "return 6",
    ),
    "rebound to a function": (SETTINGS + "def g(): return 5\nconfigure(g)", "return 5", "return 6"),
    "counted and returned": ("n = 5\ndef f(x):\n    global n\n    n += 1\n    return n", "5", "6"),
    "counted beside": ("S = {'n': 0, 'k': 5}\ndef f(x):\n    S['n'] += 1\n    return S['k']", "5", "6"),
    "remembered": ("M = {1: 5}\ndef f(x):\n    if x not in M:\n        M[x] = x\n    return M[x]", "5", "6"),
}


@pytest.mark.parametrize("case", BEFORE)
def test_what_it_held_before_counts(case, monkeypatch):
    source, old, new = BEFORE[case]
    names = [name_of(text, monkeypatch) for text in (source, source.replace(old, new), source)]
    assert None not in names and names[0] == names[2] != names[1]


def test_another_function_or_object_while_the_program_runs(daemon, monkeypatch):
    source = SETTINGS.replace("x * rate()", "rate()(x)") + (
        "def one(x): return x\ndef two(x): return 2 * x\n"
        "class A:\n    def __call__(self, x): return 3 * x\nclass B:\n    def __call__(self, x): return 4 * x\n"
    )
    module = load(source, monkeypatch)
    f = memod.lru_cache(module.f)
    for n, use in enumerate([module.one, module.two, module.A(), module.B()], 1):
        module.configure(use)
        assert f(n) == n * n
        assert memod.lru_cache(module.f)(7) == 7 * n
    assert f.cache_scope() == "shared"


#: What a function makes when it needs it: the names are the same before and after.
MADE = {
    "object": SETTINGS.replace("settings = 1", "settings = object()"),
    "counter": "n = 0\ndef f(x):\n    global n\n    n += 1\n    return x",
    "entries": "M = {'n': 0}\ndef f(x):\n    M['n'] += 1\n    M[x] = x\n    return x",
}


@pytest.mark.parametrize("case", MADE)
def test_what_it_makes_itself_does_not(case, monkeypatch):
    module = load(MADE[case].replace("x * rate()", "[x, rate()][0]"), monkeypatch)
    names = [memod._identity.identity.Identity(module.f, None, None, False).enter()]
    module.f(1)
    names.append(memod._identity.identity.Identity(module.f, None, None, False).enter())
    assert names[0] == names[1]


def test_settings_that_are_made_while_the_program_runs(daemon, monkeypatch):
    module = load(SETTINGS, monkeypatch)
    f = memod.lru_cache(module.f)
    assert f(1) == 1
    anew = load(SETTINGS, monkeypatch)
    anew.configure(5)
    g = memod.lru_cache(anew.f)
    assert g(1) == 5
    anew.configure(6)
    assert g(2) == 12
    assert memod.lru_cache(module.f)(2) == 2
    assert f.cache_scope() == g.cache_scope() == "shared"


CHANGING = """M[k] = v; M[k, j] = v; M[x.id] = v; M[g(x, k)] = v; M[f"{x}a"] = v; M[k][j] = v; M.a[k] = v; M.a = v
M[k].a = v; M[k] += v; M[k, j] += v; M[x.y] += 1; M.n += 1; M.append(v); M[k].append(v); M.update(v); del M[k]
v = M.pop(k); M[k:j] = v; M[k] = v if x else j"""
READING = """v = M[k]; o[M] = v; o[k] = M[j]; o[k] = M; o[g(M)] = v; o[g(M, k, j)] = v; o[g(k, M, j)] = v
o.a = M; o[M[k]] = v; o[M.x] = v; o[k] = g(M, k); o[k][M] = v; o[k, M] = v; o[k] += M[j]; o.append(M[k])
v = M.get(k); o[M[k]] += 1; o.n += M; o.n += M[k]; o[k] = [M, k]; o[k] = {M: k}
x, o[k] = M; g(M).a = 1; x = M[k], o.append(1); g(M, k, j)[0] = 1; v = M or x; o[M] += 1"""


@pytest.mark.parametrize("code", [CHANGING, READING], ids=["changing", "reading"])
def test_what_is_evidently_changed(code):
    for statement in code.replace("\n", "; ").split("; "):
        space = {}
        exec(f"def f(x, k, j, v, o, g): {statement}", space)
        assert ("M" in CodeForm(space["f"].__code__).writes) == (code is CHANGING), statement
        exec(f"def f(x, k, j, v, o, g): {statement.replace('M', 'x.M')}", space)
        assert ("M" in CodeForm(space["f"].__code__).writes) == (code is CHANGING), statement


PRICES = "PRICES = {'a': 1}\ndef f(x, wait=None):\n    if wait: wait()\n    return x * PRICES['a']"


@contextlib.contextmanager
def another_thread():
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


def test_a_change_by_another_thread_is_not_taken_for_the_functions_own(daemon, monkeypatch):
    def wait():
        changed.start()
        changed.join()

    module = load(PRICES, monkeypatch)
    f = memod.lru_cache(ignore=["wait"])(module.f)
    assert f(1) == 1
    changed = threading.Thread(target=module.PRICES.update, args=[{"a": 2}])
    with another_thread():
        assert f(2, wait) == 4
    module.PRICES["a"] = 3
    assert f(3) == 9
    assert [memod.lru_cache(load(PRICES, monkeypatch).f)(x) for x in (1, 2, 3)] == [1, 2, 3]


def test_nor_is_one_by_another_task(daemon, monkeypatch):
    module = load(PRICES.replace("def f", "async def f").replace("wait()", "await wait()"), monkeypatch)

    async def change():
        module.PRICES["a"] = 2

    async def calls(module, *waits):
        f = memod.lru_cache(ignore=["wait"])(module.f)
        return [await f(x, wait) for x, wait in enumerate((None, *waits), 1)]

    assert asyncio.run(calls(module, change)) == [1, 4]
    module.PRICES["a"] = 1
    assert asyncio.run(calls(module, None)) == [1, 2]
