"""Why a call is computed again."""

import memod

SOURCE = """
import warnings
import memod
warnings.simplefilter("ignore")
RATE = {rate}
def helper(x): return x {operator} RATE
@memod.cache
def f(x): return helper(x)
@memod.cache
def g(x): return object()
@memod.cache
def h(x): return hash(str(x))
print(f.explain(2))
f(2)
print(f.explain(2))
h(1)
print(h.explain(1))
"""


def test_what_has_changed(daemon, program):
    program.write(SOURCE.format(rate=1, operator="+"))
    there = "The result is there."
    never = "The result is not there: never computed, or no longer remembered."
    first = program.run().splitlines()
    assert first[:2] == [never, there] and first[2].startswith("It is not shared with other processes: it hashes")
    assert program.run().splitlines()[:2] == [there, there]
    program.write(SOURCE.format(rate=2, operator="+"))
    since = "Since the version of the function before:"
    assert program.run().splitlines()[:4] == [never, since, "  the data program.RATE has changed", there]
    program.write(SOURCE.format(rate=2, operator="-"))
    assert program.run().splitlines()[:4] == [never, since, "  the code of program.helper has changed", there]
    program.write(SOURCE.format(rate=2, operator="-").replace("x {operator}", "x"))
    assert program.run().splitlines()[:2] == [there, there]


def test_without_a_daemon_or_a_name(daemon):
    assert "it is a lambda" in str(memod.cache(lambda x: x).explain(1))
    found = memod.lru_cache(name="y")(len).explain(object())
    assert not found.shared and "argument" in found.reason
    daemon.stop()
    assert memod.lru_cache(name="x")(len).explain("a").state == "no daemon"
