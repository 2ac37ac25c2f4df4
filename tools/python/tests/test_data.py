"""Module-level data that is changed while the program runs, in any size."""

import sys
import types
from collections import OrderedDict, defaultdict, deque

import pytest

import memod
from memod._identity.data_source import Source
from memod._identity.plain_data import data_digest
from memod._identity.snapshot import snapshot
from test_fingerprint import load

DATACLASS = "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: list\n"


def large(kind):
    if kind == "list":
        return "list(range(2000))", "T[0] = 100"
    if kind == "dict":
        return "{n: n for n in range(2000)}", "T[0] = 100"
    if kind == "array":
        return "__import__('numpy').arange(2000)", "T[0] = 100"
    return "[[n] for n in range(2000)]", "T[0][0] = 100"


@pytest.mark.parametrize("kind", ["list", "dict", "array", "nested"])
def test_a_change_of_much_data_is_noticed_at_once(kind, monkeypatch, daemon):
    data, change = large(kind)
    take = "T[0][0]" if kind == "nested" else "T[0]"
    source = f"T, calls = {data}, []\ndef f(x):\n  calls.append(x)\n  return int(x + {take})"
    module = load(source, monkeypatch)
    f = memod.lru_cache(maxsize=None)(module.f)
    assert [f(n) for n in range(20)] == list(range(20))
    exec(change, vars(module))
    assert f(50) == 150
    # Nor is it there for others, whose data did not change.
    other = load(source, monkeypatch)
    g = memod.lru_cache(maxsize=None)(other.f)
    assert g(50) == 50 and g(19) == 19 and other.calls == [50]


SNAPSHOTS = [
    ([1, 2], lambda v: v.append(3)),
    ([1, 2], lambda v: v.__setitem__(0, 1.0)),
    ([1, 2], lambda v: v.__setitem__(0, True)),
    ([1, [2, (3, [4])]], lambda v: v[1][1][1].append(5)),
    ({"a": 1}, lambda v: v.update(a=2)),
    ({"a": 1, "b": 2}, lambda v: v.update(a=v.pop("a"))),
    ({"a": {"b": [1]}}, lambda v: v["a"]["b"].clear()),
    ({1, 2}, lambda v: v.add(3)),
    (deque([1]), lambda v: v.append(2)),
    (OrderedDict(a=1, b=2), lambda v: v.move_to_end("a")),
    (defaultdict(list, a=[]), lambda v: v["a"].append(1)),
    ((1, [2]), lambda v: v[1].append(1)),
    (pytest.importorskip("numpy").zeros(3), lambda v: v.__setitem__(0, 1)),
    ([pytest.importorskip("numpy").zeros(3)], lambda v: v[0].setflags(write=False)),
]


@pytest.mark.parametrize("value, change", SNAPSHOTS, ids=[str(n) for n in range(len(SNAPSHOTS))])
def test_a_snapshot_sees_each_change(value, change):
    taken = snapshot(value)
    assert taken is not None and taken.holds()
    change(value)
    assert not taken.holds()


def test_a_snapshot_of_a_dataclass(monkeypatch):
    value = load(DATACLASS, monkeypatch).P([1])
    taken = snapshot({"p": value})
    assert taken is not None and taken.holds()
    value.x.append(2)
    assert not taken.holds()
    value.x = [1]
    assert not taken.holds()


def test_what_resists_has_no_snapshot():
    for value in (bytearray(b"a"), iter([]), sys):
        assert snapshot(value) is None and snapshot([value]) is None


def test_what_is_changed_back_is_what_it_was():
    data = [[n] for n in range(100)]
    taken = []
    source = Source("", lambda: data, lambda label, v: taken.append(1) or data_digest("", v))
    first = source.refresh()
    assert source.refresh() == first and taken == [1]
    data[0] = [7]
    assert source.refresh() != first and taken == [1, 1]
    data[0] = [0]
    assert source.refresh() == first and taken == [1, 1, 1]
    assert source.refresh() == first and taken == [1, 1, 1]


def test_code_that_is_replaced_within_a_function_is_noticed(monkeypatch, daemon):
    """As tools do that reload modules."""
    source = "def h(x): return x + 1\ndef f(x): return h(x)"
    module = load(source, monkeypatch)
    f = memod.lru_cache(module.f)
    assert f(1) == 2
    module.h.__code__ = load(source.replace("+ 1", "+ 10"), monkeypatch).h.__code__
    assert f(2) == 12
    assert memod.lru_cache(load(source, monkeypatch).f)(2) == 3
    module.h.__code__ = load(source, monkeypatch).h.__code__
    assert f(3) == 4 and f.cache_scope() == "shared"
