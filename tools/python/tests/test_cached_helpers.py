"""Caches of the program that memoized functions reach: what they keep of other data is not for other processes."""

import pytest

PROGRAM = """
import functools, sys
import memod
{helper}
RATE = 1
{before}
cached = memod.cache(f)
def ask(x):
    given = cached(x)
    return given, cached.cache_info().hits
if len(sys.argv) > 1:
    {prelude}
print(*ask(5), cached.cache_scope().reason)
"""
PLAIN = "@functools.lru_cache(maxsize=None)\ndef helper(x): return x * RATE\ndef f(x): return helper(x) + RATE * 0"
HELPERS = {
    "lru_cache": PLAIN,
    "cache": PLAIN.replace("functools.lru_cache(maxsize=None)", "memod.cache"),
    "with a ttl": PLAIN.replace("functools.lru_cache(maxsize=None)", "memod.cache(ttl=3600)"),
    "a static method": (
        "class K:\n    @staticmethod\n    @functools.lru_cache(maxsize=None)\n    def helper(x): return x * RATE\n"
        "helper = K.helper\ndef f(x): return K.helper(x)"
    ),
    "two, one behind the other": (
        "@functools.lru_cache\ndef inner(x): return x * RATE\n@functools.lru_cache\ndef helper(x): return inner(x)\n"
        "def f(x): return helper(x)"
    ),
    "a table": PLAIN.replace("x * RATE", "x * TABLE['rate']").replace("RATE * 0", "0"),
    "code": PLAIN.replace("x * RATE", "multiply(x)").replace("RATE * 0", "0"),
}
TABLE = "TABLE = {'rate': 1}\ndef multiply(x): return x * 1\n"
CHANGE = "RATE = 2; TABLE['rate'] = 2; exec('def multiply(x): return x * 2', globals())"


@pytest.mark.parametrize("order", ["before the function is asked for", "in between"])
@pytest.mark.parametrize("kind", HELPERS)
def test_what_was_kept_under_other_data_is_not_shared(daemon, program, kind, order):
    prelude = f"ask(1); helper(5); {CHANGE}" if order == "in between" else f"helper(5); {CHANGE}"
    program.write(PROGRAM.format(helper=HELPERS[kind], before=TABLE, prelude=prelude))
    found = program.run("first", says="memod")
    assert found.startswith("5 0 ") and "kept from before" in found, found
    program.write(PROGRAM.format(helper=HELPERS[kind], before=TABLE, prelude="pass").replace("RATE = 1", "RATE = 2").replace(
        "'rate': 1", "'rate': 2").replace("x * 1", "x * 2"))  # fmt: skip
    for hits in (0, 1):
        assert program.run().startswith(f"10 {hits} "), hits


@pytest.mark.parametrize("prelude", ["pass", "helper(5)", "ask(1); helper(5)", "helper(5); RATE = 2; helper.cache_clear()"])
@pytest.mark.parametrize("kind", ["lru_cache", "a static method"])
def test_what_was_kept_of_the_same_data_is(daemon, program, kind, prelude):
    program.write(PROGRAM.format(helper=HELPERS[kind], before=TABLE, prelude=prelude))
    given = 10 if "RATE" in prelude else 5
    assert program.run("first") == f"{given} 0 \n"
    hits = 2 if prelude.startswith("ask") else 1
    assert program.run("first").startswith(f"{given} {hits} ")


def test_a_recursive_function_keeps_results_of_other_data_too(daemon, program):
    program.write(
        """
        import sys
        import memod
        RATE = int(sys.argv[1])
        @memod.cache
        def f(x): return RATE + (f(x - 1) if x else 0)
        if len(sys.argv) > 2:
            f(3)
            RATE = 2
        print(f(5), f.cache_info().hits)
        """
    )
    assert program.run("1", "change", says="kept from before").startswith("8 ")
    assert program.run("2").startswith("12 ")
