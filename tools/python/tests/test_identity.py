"""What a function is called across processes: what changes its fingerprint and what does not."""

import functools
import types

import pytest

import memod
from conftest import Program
from memod._identity import modules
from memod._identity.identity import Identity

BASE = """
import math
import helper
from helper import scale

RATE = 2
TABLE = {"a": [1, 2]}
unused = 1

def inner(x):
    return x + RATE

class Shape:
    sides = 3
    def area(self, x):
        return x * self.sides

def f(x, y=5):
    total = inner(x) + scale(x) + helper.offset(x) + math.floor(y)
    for n in TABLE["a"]:
        if n > 1:
            total += n
    return total + Shape().area(x)
"""
HELPER = """
FACTOR = 3

def scale(x):
    return x * FACTOR

def offset(x):
    return x + 7

def add(x):
    return x + 9

def unrelated():
    return 1
"""
ASK = """
import program
from memod._identity.identity import Identity
print(Identity(program.f, None, None, False).enter())
"""


@pytest.fixture
def name_of(program):
    program.name = "ask"
    program.write(ASK)

    def ask(source=BASE, helper=HELPER):
        program.write(source, "program")
        program.write(helper, "helper")
        return program.run().strip()

    return ask


UNCHANGED = [
    ("def f(", "\n\n# a comment\ndef f("),
    ("    total = inner", '    """A docstring."""\n    total = inner'),
    ("def inner(x):\n", 'def inner(x):\n    "Doc."\n\n'),
    ("class Shape:\n", 'class Shape:\n    """Doc."""\n'),
    ("unused = 1", "unused = 2\nmore = object()"),
    ("x + RATE", "(x  +  RATE)  # spaces"),
]
CHANGED = [
    ("RATE = 2", "RATE = 2.0"),
    ("RATE = 2", "RATE = True"),
    ("[1, 2]", "[1, 3]"),
    ("x + RATE", "x - RATE"),
    ("y=5", "y=6"),
    ("n > 1", "n > 0"),
    ("math.floor", "math.ceil"),
    ("sides = 3", "sides = 4"),
    ("x * self.sides", "x + self.sides"),
    ("total += n", "total = n"),
    ("+ helper.offset(x)", "+ helper.add(x)"),
    ("import math", "import statistics as math; math.floor = int"),
]


def test_comments_lines_and_docstrings_do_not_matter(name_of):
    first = name_of()
    assert first.startswith("program.f@")
    for old, new in UNCHANGED:
        assert old in BASE
        assert name_of(BASE.replace(old, new)) == first, new
    assert name_of(helper=HELPER.replace("return 1", "return 2")) == first


def test_whatever_changes_the_behaviour_matters(name_of):
    names = {name_of()}
    for old, new in CHANGED:
        assert old in BASE
        names.add(name_of(BASE.replace(old, new)))
    for old, new in [("FACTOR = 3", "FACTOR = 4"), ("x + 7", "x + 8"), ("x * FACTOR", "FACTOR * x")]:
        names.add(name_of(helper=HELPER.replace(old, new)))
    adds = BASE.replace("helper.offset", "helper.add")
    names.add(name_of(adds, HELPER.replace("x + 9", "x + 10")))
    assert len(names) == len(CHANGED) + 5


def test_an_edited_program_computes_anew(daemon, program):
    source = """
        from memod import lru_cache
        RATE = {}
        @lru_cache
        def f(x):
            print("computing")
            return x * RATE
        print(f(2))
        """
    for rate, computes in [(1, True), (1, False), (3, True), (1, False), (3, False)]:
        program.write(source.format(rate))
        assert program.run() == ("computing\n" if computes else "") + f"{2 * rate}\n"


def test_a_script_and_a_module_are_the_same(daemon, program):
    program.write("""
        from memod import lru_cache

        @lru_cache
        def f(x):
            print("computing")
            return x

        print(f(2))
        """)
    assert program.run() == "computing\n2\n"
    program.name = "other"
    program.write("import program")
    assert program.run() == "2\n"


RATE = 2
CALLS = []
COUNTS = {"calls": 0}
count = 0
LOGGED = object()


def counting(x):
    global count
    count += 1
    CALLS.append(x)
    COUNTS["calls"] += 1
    return x * RATE


def test_data_that_a_function_writes_itself_is_its_own_affair(daemon):
    f, g = (memod.lru_cache(counting) for _ in range(2))
    assert [f(n) for n in range(5)] == [0, 2, 4, 6, 8] == [g(n) for n in range(5)]
    assert CALLS == list(range(5))


def test_data_that_others_change_makes_another_function(daemon, monkeypatch):
    identity = Identity(counting, None, None, False)
    names = []
    for rate in (2, 3, 2):
        monkeypatch.setattr(__import__(__name__), "RATE", rate)
        names.append(identity.enter())
        counting(1)
        assert identity.leave(True)
    assert names[0] == names[2] != names[1]
    f = memod.lru_cache(counting)
    monkeypatch.setattr(__import__(__name__), "RATE", 2)
    assert f(100) == 200
    monkeypatch.setattr(__import__(__name__), "RATE", 5)
    assert f(101) == 505
    g = memod.lru_cache(counting)
    assert (g(100), g(101)) == (500, 505)


def test_a_result_made_while_its_data_changed_is_not_stored(daemon, monkeypatch, client):
    def change():
        monkeypatch.setattr(__import__(__name__), "RATE", 50)

    hook.append(change)
    memod.lru_cache(disturbed)(7)
    assert [row["currsize"] for row in client.functions()["functions"]] in ([], [0])


hook = []


def disturbed(x):
    list(map(call, hook))
    return x * RATE


def call(function):
    function()


def reads_an_object(x):
    return LOGGED, x


def uses_eval(x):
    return eval("x")


class Thing:
    def method(self, x):
        return x

    def __call__(self, x):
        return x


def local_function():
    def f(x):
        return x

    return f


def closure(y=1):
    return lambda x: x + y


SCOPES = [
    (len, "shared", ""),
    (counting, "shared", ""),
    (Thing.method, "shared", ""),
    (functools.reduce, "shared", ""),
    (__import__("json").dumps, "shared", ""),
    (lambda x: x, "process", "it is a lambda"),
    (local_function(), "process", "it is a local function"),
    (closure(), "process", "it is a lambda"),
    (Thing().method, "process", "it is a bound method"),
    (Thing(), "process", "a Thing has no stable identity"),
    (Thing, "process", "a type has no stable identity"),
    (functools.partial(max, 1), "process", "it is a partial application"),
    (reads_an_object, "process", "LOGGED, which is not plain data"),
    (uses_eval, "process", "calls eval()"),
    ([].append, "process", "it is bound to an object"),
]


@pytest.mark.parametrize("function, scope, reason", SCOPES, ids=[str(n) for n in range(len(SCOPES))])
def test_scopes(function, scope, reason):
    found = memod.lru_cache(function).cache_scope()
    assert found == scope and reason in found.reason
    assert memod.lru_cache(maxsize=0)(function).cache_scope() == "process"
    assert memod.lru_cache(name="given")(function).cache_scope() == "shared"


def test_a_closure_names_what_it_closes_over():
    def make(y):
        def f(x):
            return x + y

        return f

    assert memod.lru_cache(make(1)).cache_scope().reason == "it is a closure over y"


def test_name_and_version_replace_the_fingerprint(daemon, client):
    assert memod.lru_cache(name="mine")(counting)(1) == 2
    assert client.get("mine", [1]) == 2
    memod.lru_cache(version=3)(counting)(1)
    assert client.get(f"{__name__}.counting@3~{modules.place_mark(__name__)}", [1]) == 2


def test_a_version_is_that_of_one_script_or_module(daemon, tmp_path):
    programs = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        programs.append(Program(tmp_path / place, "app"))
        programs[-1].write(f"""
            from memod import lru_cache
            @lru_cache(version=1)
            def load(x):
                print("computing")
                return {place!r}
            print(load(1))
            """)
    assert [each.run() for each in programs] == ["computing\none\n", "computing\ntwo\n"]
    assert [each.run() for each in programs] == ["one\n", "two\n"]
    for each in programs:
        each.name = "other"
        each.write("import app")
    assert [each.run() for each in programs] == ["one\n", "two\n"]


def test_a_notebook_is_known_by_its_file_or_directory(monkeypatch, tmp_path):
    main = types.ModuleType("__main__")
    monkeypatch.setitem(__import__("sys").modules, "__main__", main)
    main.__spec__ = None
    marks = {modules.place_mark("__main__")}
    monkeypatch.chdir(tmp_path)
    marks.add(modules.place_mark("__main__"))
    for path in ("/a/one.ipynb", "/a/two.ipynb"):
        monkeypatch.setenv("JPY_SESSION_NAME", path)
        marks.add(modules.place_mark("__main__"))
    main.__vsc_ipynb_file__ = "/a/three.ipynb"
    marks.add(modules.place_mark("__main__"))
    assert len(marks) == 5 and "" not in marks
    assert modules.place_mark("json") == ""


def test_a_redefined_function_of_a_notebook(daemon):
    def cell(source):
        space.update(__name__="__main__", memod=memod, calls=calls)
        exec(compile(source, "<cell>", "exec"), space)
        return space["f"]

    space, calls = {}, []
    source = "@memod.lru_cache\ndef f(x):\n    calls.append(x)\n    return x * RATE\nRATE = 2"
    assert cell(source)(4) == 8 and calls == [4]
    assert cell(source)(4) == 8 and calls == [4]  # run again unchanged
    assert cell(source.replace("* RATE", "+ RATE"))(4) == 6
    assert cell(source.replace("= 2", "= 3"))(4) == 12
    assert calls == [4, 4, 4]
    f = space["f"]
    space["RATE"] = 10
    assert f(5) == 50 and f(4) == 12  # functools too keeps what it has
    assert cell(source.replace("= 2", "= 10"))(5) == 50
    assert calls == [4, 4, 4, 5]


class Base:
    rate = 2

    def __init__(self, n):
        self.n = n

    @memod.lru_cache
    def work(self, x):
        made.append(x)
        return self.helper(x) * self.n

    def helper(self, x):
        return x * self.rate


class Derived(Base):
    def helper(self, x):
        return -x


made = []


def test_methods_by_class_and_state(daemon):
    assert (Base(1).work(3), Derived(1).work(3), Base(2).work(3)) == (6, -3, 12)
    made.clear()
    assert (Base(1).work(3), Derived(1).work(3), Base(2).work(3)) == (6, -3, 12)
    assert made == []
    odd = Base(1)
    odd.handle = object()
    assert odd.work(3) == odd.work(3) == 6 and made == [3]
    Base.rate = 5
    try:
        assert Base(1).work(3) == 15
    finally:
        Base.rate = 2
    Base.work.cache_clear()


class Changing:
    def __init__(self):
        self.calls = 0

    @memod.lru_cache
    def work(self, x):
        self.calls += 1
        return self.calls


def test_a_method_that_changes_its_object_is_not_shared(daemon, client):
    assert Changing().work(1) == 1 and Changing().work(1) == 1
    assert [row["currsize"] for row in client.functions()["functions"]] in ([], [0])


class Lazy:
    def __init__(self, x):
        self.x = x
        self.calls = 0

    @functools.cached_property
    def square(self):
        return self.x**2

    @memod.lru_cache
    def work(self, y):
        self.calls += 1
        made.append(y)
        return self.square + y


def test_a_method_that_fills_a_cached_property_or_a_counter_is_shared(daemon):
    made.clear()
    one = Lazy(3)
    assert (one.work(1), one.work(2), Lazy(3).work(1), Lazy(4).work(1)) == (10, 11, 10, 17)
    assert made == [1, 2, 1] and one.calls == 2
    other = Lazy(3)
    other.square = 50
    assert other.work(1) == 51
    assert Lazy.work.cache_scope() == "shared"


def test_typed_and_untyped_wrappers_do_not_share(daemon):
    def calls():
        return [repr(wrapper(x)) for wrapper in (typed, plain) for x in (1, 1.0)]

    typed, plain = memod.lru_cache(typed=True)(doubled), memod.lru_cache(doubled)
    assert calls() == ["2", "2.0", "2", "2.0"]
    typed, plain = memod.lru_cache(typed=True)(doubled), memod.lru_cache(doubled)
    assert calls() == ["2", "2.0", "2", "2.0"]
    typed, plain = memod.lru_cache(typed=True)(added), memod.lru_cache(added)
    assert [repr(typed(x, 1)) for x in (1, 1.0, True)] == ["2", "2.0", "2"]
    assert [repr(plain(x, 1)) for x in (1, 1.0, True)] == ["2", "2", "2"]


def doubled(x):
    return x * 2


def added(x, y):
    return x + y
