"""Functions, classes and data that go by one name count each by itself."""

import pytest

PROGRAM = """
import functools
from memod import cache

def make(n):
    def add(x): return x + n
    return add

def scaled(scale):
    def wrap(function):
        @functools.wraps(function)
        def inner(x, table=[scale]): return function(x) * table[0]
        return inner
    return wrap

@scaled(2)
def a(x): return x
@scaled(3)
def b(x): return x

class K:
    def m(self, x, t=[5]): return x + t[0]
First = K
class K:
    def m(self, x, t=[6]): return x - t[0]

ADD, SUBTRACT = make(1), make(2)
TABLE = {k: (lambda x, k=k, t=[k]: x + t[0]) for k in (1, 2)}
PARTS = [functools.partial(pow, 2), functools.partial(pow, 3)]

@cache
def f(x):
    return a(x), b(x), First().m(x), K().m(x), ADD(x), SUBTRACT(x), TABLE[1](x), TABLE[2](x), PARTS[0](x), PARTS[1](x)

print(f(10), f.cache_scope(), f.cache_info().hits)
"""
EDITS = [
    ("make(1), make(2)", "make(1), make(3)"),
    ("make(1), make(2)", "make(2), make(1)"),
    ("@scaled(3)", "@scaled(4)"),
    ("t=[6]", "t=[7]"),
    ("t=[5]", "t=[8]"),
    ("t=[k]: x + t[0]) for k in (1, 2)", "t=[k, 0]: x + t[0] + t[1] * 9) for k in (1, 2)"),
    ("partial(pow, 3)", "partial(pow, 4)"),
    ("partial(pow, 2), functools.partial(pow, 3)", "partial(pow, 3), functools.partial(pow, 2)"),
]


@pytest.mark.parametrize("old, new", EDITS)
def test_an_edit_to_one_of_a_name_is_noticed(daemon, program, old, new):
    assert PROGRAM.count(old) == 1
    program.write(PROGRAM)
    assert program.run().endswith(" shared 0\n")
    assert program.run().endswith(" shared 1\n")
    program.write(PROGRAM.replace(old, new))
    assert program.run().endswith(" shared 0\n")
