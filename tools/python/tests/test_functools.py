"""What can be seen of functools.lru_cache holds for memod's: each check runs on functools and on memod,
with and without a daemon, shared and within the process."""

import copy
import functools
import gc
import inspect
import pickle
import random
import sys
import weakref
from decimal import Decimal
from fractions import Fraction

import pytest

import memod


@functools.lru_cache
def plain_global(x):
    return x


@memod.lru_cache
def memoized_global(x):
    """Doubles."""
    return x * 2


class Holder:
    @memod.lru_cache
    def method(self, x):
        return x

    @staticmethod
    @memod.lru_cache
    def static(x):
        return x

    @classmethod
    @memod.lru_cache
    def of_class(cls, x):
        return cls.__name__, x


def test_counts_and_eviction(module):
    calls = []

    @module.lru_cache(maxsize=20)
    def f(x, y):
        calls.append((x, y))
        return 3 * x + y

    assert f.cache_info() == (0, 0, 20, 0)
    chance = random.Random(7)
    for _ in range(500):
        x, y = chance.choice(range(5)), chance.choice(range(5))
        assert f(x, y) == 3 * x + y
    info = f.cache_info()
    assert info.hits > info.misses and info.hits + info.misses == 500 and info.currsize == 20
    f.cache_clear()
    assert f.cache_info() == (0, 0, 20, 0)
    f(1, 2)
    assert f.cache_info() == (0, 1, 20, 1)
    assert type(info) is type(plain_global.cache_info())


@pytest.mark.parametrize("maxsize, size", [(0, 0), (-10, 0), (1, 1), (None, 5)])
def test_sizes(module, maxsize, size):
    calls = []

    @module.lru_cache(maxsize=maxsize)
    def f(x):
        calls.append(x)
        return x

    for x in [1, 2, 3, 4, 5, 5]:
        assert f(x) == x
    assert f.cache_info().currsize == size
    assert f.cache_info().maxsize == (None if maxsize is None else max(maxsize, 0))
    assert len(calls) == (6 if size == 0 else 5)
    assert f.cache_parameters() == {"maxsize": f.cache_info().maxsize, "typed": False}


def test_least_recently_used_goes_first(module):
    computed = []

    @module.lru_cache(maxsize=2)
    def f(x):
        computed.append(x)
        return x * 10

    assert [f(x) for x in (7, 9, 7, 9, 7, 9, 8, 8, 8, 9, 9, 9, 8, 8, 8, 7)] == [
        70,
        90,
        70,
        90,
        70,
        90,
        80,
        80,
        80,
        90,
        90,
        90,
        80,
        80,
        80,
        70,
    ]
    assert f.cache_info() == (12, 4, 2, 2)


def test_with_and_without_parentheses(module):
    for made in (module.lru_cache(lambda x: x), module.lru_cache()(lambda x: x), module.cache(lambda x: x)):
        assert made(3) == 3 and made(3) == 3
        assert made.cache_info()[:2] == (1, 1)
    assert module.lru_cache(len).cache_parameters() == {"maxsize": 128, "typed": False}
    assert module.cache(len).cache_parameters() == {"maxsize": None, "typed": False}


@pytest.mark.parametrize("wrong", ["128", 1.5, [], {}])
def test_wrong_sizes(module, wrong):
    with pytest.raises(TypeError) as error:
        module.lru_cache(wrong)
    assert str(error.value) == "Expected first argument to be an integer, a callable, or None"


def test_only_callables(module):
    with pytest.raises(TypeError) as error:
        module.lru_cache()(17)
    assert str(error.value) == "the first argument must be callable"


def test_typed(module):
    for typed in (True, False):

        @module.lru_cache(maxsize=None, typed=typed)
        def f(*args, **kwds):
            return repr(args), sorted(kwds.items()), [type(each) for each in args]

        calls = [(1, 2), (1.0, 2), (True, 2), (Decimal(1), 2), (1,), (1.0,), (True,), ("a",), ((1, "b"),)]
        calls += [
            ((1.0, "b"),),
            (Fraction(1, 2), 0),
            (0.5, 0),
            (Decimal("0.5"), 0),
            (0.1, 0),
            (Decimal("0.1"), 0),
        ]
        seen = [f(*call) for call in calls] + [f(x=call[0]) for call in calls]
        reference = functools.lru_cache(maxsize=None, typed=typed)(f.__wrapped__)
        assert seen == [reference(*call) for call in calls] + [reference(x=call[0]) for call in calls]
        assert f.cache_info() == reference.cache_info()


def test_keywords(module):
    @module.lru_cache(maxsize=None)
    def f(*args, **kwds):
        return args, list(kwds.items())

    for _ in range(2):
        assert f(1, 2) == ((1, 2), [])
        assert f(1, b=2) == ((1,), [("b", 2)])
        assert f(a=1, b=2) == ((), [("a", 1), ("b", 2)])
        assert f(b=2, a=1) == ((), [("b", 2), ("a", 1)])
        assert f("a", 1) == (("a", 1), [])
        assert f(a=1) == ((), [("a", 1)])
        assert f(("a", 1)) == ((("a", 1),), [])
    assert f.cache_info()[:2] == (7, 7)


def test_random_calls_side_by_side(module):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for maxsize in (None, 3, 128):

        def function(*args, **kwds):
            return [list(args), sum(len(str(each)) for each in kwds)]

        ours = module.lru_cache(maxsize)(function)
        theirs = functools.lru_cache(maxsize)(function)
        pool = [0, 1, 2, "0", "a", None, (1,), (1, (2, "b")), b"a", frozenset([1, 2])]
        for _ in range(300):
            if chance.random() < 0.01:
                ours.cache_clear()
                theirs.cache_clear()
            args = [chance.choice(pool) for _ in range(chance.randrange(3))]
            kwds = {name: chance.choice(pool) for name in chance.sample("xyz", chance.randrange(3))}
            assert ours(*args, **kwds) == theirs(*args, **kwds)
            assert ours.cache_info() == theirs.cache_info()


def test_recursion(module):
    @module.lru_cache(maxsize=None)
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert [fib(n) for n in range(16)] == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610]
    assert fib.cache_info() == (28, 16, None, 16)


def test_exceptions_pass_unchanged_and_are_not_cached(module):
    raised = []

    @module.lru_cache
    def f(x):
        assert sys.exc_info() == (None, None, None)
        raised.append(KeyError(x))
        raise raised[-1]

    for _ in range(2):
        with pytest.raises(KeyError) as error:
            f(1)
        assert error.value is raised[-1]
        assert error.value.__context__ is None and error.value.__cause__ is None
    assert len(raised) == 2
    assert f.cache_info() == (0, 2, 128, 0)


def test_unhashable_arguments(module):
    @module.lru_cache(maxsize=None)
    def f(x):
        return x

    for wrong in ([], {}, set(), ([],)):
        with pytest.raises(TypeError, match="unhashable"):
            f(wrong)
    assert f.cache_info()[:2] == (0, 0)


class Counting(int):
    hashed = 0

    def __hash__(self):
        self.hashed += 1
        return int(self)


def test_hash_is_called_once(module):
    @module.lru_cache(maxsize=1)
    def f(x):
        return int(x) * 3

    x = Counting(5)
    assert f(x) == 15 and x.hashed == 1
    assert f(x) == 15 and x.hashed == 2
    assert f(6) == 18
    assert x.hashed == 2


def test_the_same_object_comes_back(module):
    @module.lru_cache
    def f(x):
        return [x, object]

    first = f(1)
    assert f(1) is first


def test_functions_without_a_name(module):
    class Callable:
        def __call__(self, x):
            return x + 1

    made = module.lru_cache(Callable())
    assert made(1) == 2 and made(1) == 2 and made.cache_info()[:2] == (1, 1)
    with pytest.raises(AttributeError):
        made.__name__
    partial = module.lru_cache(functools.partial(max, 3))
    assert partial(1) == 3 and partial(5) == 5


def test_metadata(module):
    def f(x: int, *, y=2) -> str:
        """Doc."""

    f.mark = 17
    made = module.lru_cache(f)
    assert made.__wrapped__ is f and made.__doc__ == "Doc." and made.__name__ == "f" and made.mark == 17
    assert made.__module__ == __name__ and made.__qualname__ == f.__qualname__
    assert inspect.signature(made) == inspect.signature(f)
    assert type(made) is type(plain_global)


def test_pickle_copy_and_weak_references():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(memoized_global, protocol)) is memoized_global
        assert pickle.loads(pickle.dumps(Holder.method, protocol)) is Holder.method
    assert copy.copy(memoized_global) is memoized_global
    assert copy.deepcopy([memoized_global])[0] is memoized_global
    assert repr(memoized_global).startswith("<functools._lru_cache_wrapper object at")


def test_wrappers_go_without_a_collector(module):
    class Value:
        pass

    @module.lru_cache(maxsize=None)
    def f(x):
        return values[x]

    values = {1: Value()}
    f(1)
    reference, value = weakref.ref(f), weakref.ref(values.pop(1))
    assert value() is not None
    gc.disable()
    try:
        del f
        assert reference() is None and value() is None
    finally:
        gc.enable()


def test_methods(module):
    class A:
        def __init__(self, n):
            self.n = n

        @module.lru_cache(2)
        def add(self, x):
            return self.n + x

    a, b = A(5), A(5)
    assert (a.add(1), b.add(1), a.add(1)) == (6, 6, 6)
    assert A.add.cache_info() == a.add.cache_info() == (1, 2, 2, 2)
    assert A.add.__get__(a)(1) == 6
    assert inspect.ismethod(a.add)


def test_static_and_class_methods(daemon):
    assert Holder.static(1) == Holder().static(1) == 1
    assert Holder.of_class(2) == Holder().of_class(2) == ("Holder", 2)
    assert Holder.static.cache_info()[:2] == (1, 1) and Holder.of_class.cache_info()[:2] == (1, 1)
    Holder.static.cache_clear()
    Holder.of_class.cache_clear()


def test_equality_that_reenters(module):
    @module.lru_cache(maxsize=10)
    def f(x):
        return 1

    class Odd:
        def __eq__(self, other):
            f(object())
            return self is other

        def __hash__(self):
            return 1

    f(Odd())
    f(Odd())
    assert f.cache_info().misses >= 4


def test_clearing_within_a_call(module):
    @module.lru_cache(maxsize=5)
    def f(x):
        f.cache_clear()
        return x

    assert f(1) == 1
    assert f.cache_info().misses == 0 and f.cache_info().hits == 0
    assert f(2) == 2
