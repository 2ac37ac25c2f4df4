"""A program of 40 modules, 2,400 functions, 40 classes and 20 memoized functions that reach all of it."""

import subprocess
import sys
from collections import OrderedDict, defaultdict, deque

import pytest

from memod._identity import held_names, snapshot, watch

FUNCTION = """
def f{place}(x, scale=1.5):
    total = math.sqrt(abs(x)) * RATE
    for name, value in sorted(TABLE.items()):
        if isinstance(value, int) and value > {place}:
            total += value * scale
        else:
            total -= len(json.dumps(name))
    if x > 1e9:
        return {next}
    return total + K{module}(x).go({place})
"""
MODULE = """
import json, math
{imports}
RATE = {module}
TABLE = {{"a": {module}, "b": [1, 2, {module}]}}
class K{module}:
    k = {module}
    def __init__(self, x): self.x = x
    def go(self, y):
        return self.x * self.k + y
"""
PROGRAM = """
import sys, time
from memod import cache
import m39
{functions}
functions = [globals()[f"g{{n}}"] for n in range(20)]
begun = time.process_time()
for each in functions: each(1)
first = time.process_time() - begun
times = []
for x in range(2, 42):
    for each in functions:
        begun = time.process_time()
        each(x)
        times.append(time.process_time() - begun)
print(first, sorted(times)[len(times) // 2], {{str(each.cache_scope()) for each in functions}})
print(sum(each.cache_info().hits for each in functions))
"""


def generate(directory):
    for module in range(40):
        parts = [MODULE.format(module=module, imports=f"import m{module - 1}" if module else "")]
        for place in range(60):
            following = f"f{place - 1}(x - 1)" if place else (f"m{module - 1}.f59(x)" if module else "x")
            parts.append(FUNCTION.format(place=place, next=following, module=module))
        (directory / f"m{module}.py").write_text("".join(parts))
    functions = "".join(f"@cache\ndef g{n}(x): return m39.f59(x) + {n}\n" for n in range(20))
    (directory / "program.py").write_text(PROGRAM.format(functions=functions))


def run(directory):
    found = subprocess.run(
        [sys.executable, "program.py"], cwd=directory, capture_output=True, text=True, timeout=120
    )
    assert found.returncode == 0 and not found.stderr, found.stderr
    figures, hits = found.stdout.splitlines()
    first, question, scopes = figures.split(" ", 2)
    assert scopes == "{'shared'}"
    return float(first), float(question), int(hits)


def test_a_large_program_starts_and_asks_quickly(daemon, tmp_path):
    """The bounds are several times what it takes where nothing else runs: 20 walks for each function are not."""
    generate(tmp_path)
    first, _, hits = run(tmp_path)
    assert first < 6 and hits == 0
    first, question, hits = run(tmp_path)
    assert first < 3 and question < 0.001 and hits == 20 * 41
    path = tmp_path / "m7.py"
    path.write_text(path.read_text().replace("total -= len", "total += len", 1))
    for compiled in (tmp_path / "__pycache__").glob("m7.*"):
        compiled.unlink()
    assert run(tmp_path)[2] == 0


CHANGED = """
import builtins, sys, warnings
import memod
warnings.simplefilter("ignore", memod.NotKeptWarning)  # of the last change
import {modules}
@memod.cache
def f(x): return [{reads}]
changes = [
    lambda: setattr(n3, "RATE", 100),
    lambda: vars(n4).update(RATE=200),
    lambda: setattr(n5.K, "k", 300),
    lambda: setattr(n6, "K", n7.K),
    lambda: n7.__dict__.__setitem__("abs", lambda value: 400),
    lambda: n8.TABLE.__setitem__("a", 500),
    lambda: delattr(n9.K, "k"),
    lambda: globals().__setitem__("n10", n11),
    lambda: setattr(builtins, "max", lambda *values: 600),
]
wrong = []
for number, change in enumerate([lambda: None, *changes]):
    scope = f.cache_scope()
    change()
    for x in (2 * number, 2 * number + 1):  # the second look may be a shorter one
        given, truth = f(x), f.__wrapped__(x)
        if given != truth:
            wrong.append((number, x, given, truth))
print(wrong, scope, memod._identity.dict_tags._tag_at is not None)
"""
PART = """
RATE = {number}
TABLE = {{"a": 1}}
class Base:
    k = 1
class K(Base):
    k = {number}
def g(x): return x * RATE + K.k + abs(-x) + TABLE["a"] + max(x, 1)
"""


def test_a_change_in_any_of_many_modules_is_noticed_at_once(daemon, program):
    for number in range(12):
        program.write(PART.format(number=number), name=f"n{number}")
    program.write(
        CHANGED.format(
            modules=", ".join(f"n{number}" for number in range(12)),
            reads=", ".join(f"n{number}.g(x)" for number in range(12)),
        )
    )
    for _ in range(2):
        wrong, scope, has_tags = program.run().rsplit(" ", 2)
        assert wrong == "[]" and scope == "shared"
    assert has_tags.strip() == str(sys.version_info < (3, 13))


@pytest.mark.parametrize("is_compiled", [False, True])
def test_namespaces_are_compared_alike_either_way(monkeypatch, is_compiled):
    if is_compiled:
        compiled = pytest.importorskip("memod._compiled.speedups")
    first_changed, hold = (compiled.first_changed, compiled.hold) if is_compiled else (held_names._first_changed, held_names._hold)
    one, other = object(), object()
    spaces = [{"a": one, "b": other}, {"c": one}]
    held = [list(each.values()) for each in spaces]
    assert first_changed(spaces, held, 0) == -1 and first_changed([], [], 0) == -1
    assert hold(spaces, ["b", "c"], [other, one])
    for change in ({"b": one}, {"d": one}):
        changed = [{**spaces[0], **change}, spaces[1]]
        assert first_changed(changed, held, 0) == 0 and first_changed(changed, held, 1) == -1
        changed = [spaces[1], {**spaces[0], **change}]
        assert first_changed(changed, held[::-1], 0) == 1
    assert first_changed([{}], held[:1], 0) == 0
    assert not hold(spaces, ["b", "c"], [other, other]) and not hold(spaces, ["b", "d"], [other, one])

    class Space:
        a = 1

    space = vars(Space)
    monkeypatch.setattr(watch, "first_changed", first_changed)
    monkeypatch.setattr(held_names, "hold", hold)
    for names in (["a"], [*space, "x", "y"]):  # by name, or as a whole
        Space.x = Space.y = 2
        found = watch.Names([watch.Binding(space, name, space[name]) for name in names])
        assert found.hold() and found.hold()
        Space.z = 3
        assert found.hold() and found.hold()
        Space.a = 4
        assert not found.hold()
        Space.a = 1
        del Space.z
        assert found.hold()
        del Space.a
        assert not found.hold()
        Space.a = 1


@pytest.mark.parametrize("is_compiled", [False, True])
def test_what_containers_hold_and_nothing_else(monkeypatch, is_compiled):
    if is_compiled:
        contents_hold = pytest.importorskip("memod._compiled.speedups").contents_hold
    else:
        contents_hold = snapshot._contents_hold
    monkeypatch.setattr(snapshot, "contents_hold", contents_hold)
    one, other = [1], [1]
    ordered = OrderedDict(a=one, b=2)
    data = [{"a": one, 2: {"b": (3, one)}}, [one, 4, {5}], deque([6, one]), ordered, defaultdict(list, x=one), (one, [7]), one]
    found = snapshot.Snapshot(data)
    assert found.holds()

    def swap():
        data[0].update(a=other)

    changes = [
        (swap, lambda: data[0].update(a=one)),
        (lambda: data[0].update(c=1), lambda: data[0].pop("c")),
        (lambda: data[0][2].update(b=(3, other)), None),
        (lambda: data[1].append(1), data[1].pop),
        (lambda: data[1].__setitem__(1, 4.0), lambda: data[1].__setitem__(1, 4)),
        (lambda: data[1][2].add(8), lambda: data[1][2].discard(8)),
        (lambda: data[2].rotate(), lambda: data[2].rotate()),
        (lambda: ordered.move_to_end("a"), lambda: ordered.move_to_end("b")),
        (lambda: data[4].update(y=1), lambda: data[4].pop("y")),
        (lambda: data[5][1].clear(), lambda: data[5][1].append(7)),
        (lambda: one.append(2), one.pop),
        (data.reverse, data.reverse),
    ]
    for change, back in changes:
        change()
        assert not found.holds()
        if back is None:
            found = snapshot.Snapshot(data)
        else:
            back()
        assert found.holds()


def test_what_was_found_before_a_change_does_not_hold_after_it():
    def old():
        pass

    def new():
        pass

    space = {"a": new}
    before, after = watch.Binding(space, "a", old), watch.Binding(space, "a", new)
    assert watch.Names([after]).hold()
    for bindings in ([before], [before, after], [after, before]):
        assert not watch.Names(bindings).hold() and not watch.Names(bindings).quick()()


def test_objects_that_can_hold_nothing_are_looked_at_quickly():
    class Zero:
        __slots__ = ()

    held = [Zero(), {"a": Zero()}]
    found = snapshot.snapshot(held)
    assert found is not None and found.holds()
    held[0] = Zero()
    assert not found.holds()


def test_objects_with_slots_are_looked_at_quickly():
    class Point:
        __slots__ = ("x", "tags")

    class Named(Point):
        __slots__ = ("name", "__dict__")

    one, other = Point(), Named()
    one.x, other.name, other.tags = 1, "a", [1]
    other.more = {}
    found = snapshot.snapshot([one, (other,)])
    assert found is not None and found.holds()
    changes = [
        (lambda: setattr(one, "x", 1.0), lambda: setattr(one, "x", 1)),
        (lambda: setattr(one, "tags", 1), lambda: delattr(one, "tags")),
        (lambda: other.tags.append(2), other.tags.pop),
        (lambda: other.more.update(a=1), other.more.clear),
        (lambda: setattr(other, "less", 1), lambda: delattr(other, "less")),
        (lambda: setattr(other, "name", "b"), lambda: setattr(other, "name", "a")),
    ]
    for change, back in changes:
        change()
        assert not found.holds()
        back()
        assert found.holds()
