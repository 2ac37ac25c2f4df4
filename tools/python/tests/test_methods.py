"""Whatever a method's result depends on is noticed at the very next question: of its class, of what that reaches, and of
its object."""

import dataclasses
import sys

import pytest

import memod
from memod._identity import keys

made = []
FACTOR = 2
TABLE = {"scale": [1, 2]}


def scale(x, by=1):
    return x * by


class Other:
    @property
    def half(self):
        return 0.5

    def twice(self, x):
        return x * 2


class Foundation:
    offset = 1

    def lowest(self, x):
        return x + self.offset

    @classmethod
    def of_class(cls):
        return cls.offset

    @staticmethod
    def of_nothing():
        return 3


class Plain(Foundation):
    weights = [1, 2]
    parts = {"one": scale}

    def __init__(self, rate=2):
        self.rate = rate
        self.items = [1, [2]]
        self.named = {"a": 1}

    @memod.lru_cache(maxsize=None)
    def work(self, x):
        made.append(x)
        held = [repr(self.rate), repr(self.items), sorted(self.named.items()), getattr(self, "more", None)]
        found = [self.helper(x), self.shown, self.lowest(x), self.of_class(), self.of_nothing(), sum(self.weights)]
        return held + found + [self.parts["one"](x), scale(x), FACTOR, TABLE["scale"][1], Other().half, Other().twice(x)]

    def helper(self, x):
        return scale(x, 3)

    @property
    def shown(self):
        return f"<{self.rate}>"


class Derived(Plain):
    def helper(self, x):
        return -x


@dataclasses.dataclass
class Record(Foundation):
    rate: int = 2
    name: str = "x"
    kept: tuple = (1, 2)
    limit = 7

    @memod.lru_cache(maxsize=None)
    def work(self, x):
        made.append(x)
        return [repr(self.rate), self.name, list(self.kept), self.limit, self.helper(x), self.lowest(x), repr(self)]

    __hash__ = object.__hash__

    def helper(self, x):
        return scale(x, 3)


class Slotted:
    __slots__ = ("rate", "more")
    limit = 7

    def __init__(self):
        self.rate = 2

    @memod.lru_cache(maxsize=None)
    def work(self, x):
        made.append(x)
        return [repr(self.rate), getattr(self, "more", None), self.limit, self.helper(x)]

    def helper(self, x):
        return scale(x, 3)


class Outer:
    class Inner:
        def __init__(self):
            self.rate = 2

        @memod.lru_cache(maxsize=None)
        def work(self, x):
            made.append(x)
            return [repr(self.rate), self.helper(x)]

        def helper(self, x):
            return scale(x, 3)


def replaced(holder, name, value):
    """Puts it in the place of what is there; returns how to undo that."""
    kept = vars(holder)[name]
    setattr(holder, name, value)
    return lambda: setattr(holder, name, kept)


def put(mapping, name, value):
    kept = mapping[name]
    mapping[name] = value
    return lambda: mapping.__setitem__(name, kept)


def here(name, value):
    return put(globals(), name, value)


#: By the class of the object, what is changed: each returns how to undo it.
EVERYWHERE = {
    "a method": lambda cls: replaced(cls, "helper", lambda self, x: "other"),
    "the code of a method": lambda cls: replaced_code(cls.helper, lambda self, x: "other"),
    "what a method calls": lambda cls: here("scale", lambda x, by=1: "other"),
    "a method on the way to it": lambda cls: replaced(cls, "helper", staticmethod(lambda x: "other")),
}
OF_PLAIN = {
    "a method of the base class": lambda: replaced(Foundation, "lowest", lambda self, x: "other"),
    "data of the base class": lambda: replaced(Foundation, "offset", 5),
    "a class method": lambda: replaced(Foundation, "of_class", classmethod(lambda cls: "other")),
    "a static method": lambda: replaced(Foundation, "of_nothing", staticmethod(lambda: "other")),
    "a property": lambda: replaced(Plain, "shown", property(lambda self: "other")),
    "a property of another class": lambda: replaced(Other, "half", property(lambda self: "other")),
    "a method of another class": lambda: replaced(Other, "twice", lambda self, x: "other"),
    "the defaults of what it calls": lambda: replaced_defaults(scale, (9,)),
    "another class": lambda: here("Other", type("Other", (), {"half": 1, "twice": lambda self, x: "other"})),
    "data in the class": lambda: Plain.weights.append(3) or Plain.weights.pop,
    "functions in the class": lambda: put(Plain.parts, "one", lambda x: "other"),
    "data of the module": lambda: here("FACTOR", 3),
    "data within data of the module": lambda: put(TABLE["scale"], 1, 5),
}
OF_RECORD = {
    "data in the class": lambda: replaced(Record, "limit", 8),
    "what is generated": lambda: replaced(Record, "__repr__", lambda self: "other"),
    "data of the base class": lambda: replaced(Foundation, "offset", 5),
}
OF_STATE = {
    "an attribute": lambda one: setattr(one, "rate", 3),
    "an attribute of another type": lambda one: setattr(one, "rate", 2.0),
    "a truth value": lambda one: setattr(one, "rate", True),
    "an attribute more": lambda one: setattr(one, "more", 1),
    "in a list": lambda one: one.items.append(3),
    "deep in a list": lambda one: one.items[1].append(3),
    "in a dict": lambda one: one.named.update(b=1),
    "the class": lambda one: setattr(one, "__class__", Derived),
}
CASES = {f"{cls.__qualname__}: {name}": (cls, lambda cls=cls, change=change: change(cls))
         for cls in (Plain, Record, Slotted, Outer.Inner) for name, change in EVERYWHERE.items()}
CASES.update({f"Plain: {name}": (Plain, change) for name, change in OF_PLAIN.items()})
CASES.update({f"Record: {name}": (Record, change) for name, change in OF_RECORD.items()})
CASES["Slotted: a slot"] = Slotted, lambda: replaced(Slotted, "rate", property(lambda self: "other"))
CASES["Slotted: data in the class"] = Slotted, lambda: replaced(Slotted, "limit", 8)


def replaced_code(function, by):
    kept = function.__code__
    function.__code__ = by.__code__
    return lambda: setattr(function, "__code__", kept)


def replaced_defaults(function, by):
    kept = function.__defaults__
    function.__defaults__ = by
    return lambda: setattr(function, "__defaults__", kept)


def ask(one, x):
    """What is answered, not by this process's own memory, and whether it was computed."""
    work = type(one).work
    work.__memod__.invalidate()
    made.clear()
    return one.work(x), bool(made)


def computed(one, x):
    return type(one).work.__wrapped__(one, x)


def known(cls, count=30):
    """Has the daemon asked for results of a new object's method, until all looks are as quick as they become."""
    one = cls()
    for x in range(count):
        assert ask(one, x)[0] == computed(one, x)
        assert ask(one, x) == (computed(one, x), False)
    assert cls.work.cache_scope() == "shared"
    return one


@pytest.fixture(params=["compiled", "python"])
def spelling(request, monkeypatch):
    if request.param == "python":
        monkeypatch.setattr(keys, "call_text", keys.python_text)


@pytest.mark.parametrize("case", CASES)
def test_changes_of_what_is_reached(daemon, case):
    cls, change = CASES[case]
    one = known(cls)
    before = computed(one, 7)
    undo = change()
    try:
        now = computed(one, 7)
        assert now != before, "the case changes nothing"
        assert ask(one, 7)[0] == now
    finally:
        undo()
    assert ask(one, 7) == (before, False), "what was known is known again"


@memod.lru_cache(maxsize=None)
def total(x):
    made.append(x)
    return [Other().half, Other().twice(x), Plain().work.__wrapped__(Plain(), x)]


def test_changes_one_after_another(daemon):
    """Of a function and of a method, each of which has been found out of before."""
    one, before = known(Plain), total(7)
    for name, change in OF_PLAIN.items():
        total.__memod__.invalidate()
        assert total(7) == before and ask(one, 7) == (computed(one, 7), False), name
        undo = change()
        try:
            total.__memod__.invalidate()
            assert total(7) == total.__wrapped__(7) != before, name
            assert ask(one, 7)[0] == computed(one, 7), name
        finally:
            undo()


@pytest.mark.parametrize("case", OF_STATE)
def test_changes_of_the_object(daemon, spelling, case):
    one, other = known(Plain), Plain()
    before = computed(one, 7)
    OF_STATE[case](one)
    now = computed(one, 7)
    assert now != before and ask(one, 7)[0] == now
    assert ask(other, 7) == (before, False), "another object is what it was"


def test_slots_that_get_and_lose_a_value(daemon, spelling):
    one, other = known(Slotted), Slotted()
    one.more = 5
    assert ask(one, 7)[0] == computed(one, 7) != ask(other, 7)[0]
    del one.more
    assert ask(one, 7) == (computed(one, 7), False)


@pytest.mark.parametrize("cls", [Plain, Record, Slotted, Outer.Inner], ids=lambda cls: cls.__name__)
def test_a_class_that_another_has_taken_the_place_of(daemon, cls):
    holder = Outer if cls is Outer.Inner else sys.modules[__name__]
    one = known(cls)
    second = type(cls.__name__, (cls,), {"helper": lambda self, x: "second", "__slots__": ()})
    second.__qualname__, second.__module__ = cls.__qualname__, cls.__module__
    undo = replaced(holder, cls.__name__, second)
    try:
        two = second()
        assert ask(two, 7)[0] == computed(two, 7) != computed(one, 7)
        assert ask(one, 7) == (computed(one, 7), True), "nothing leads to its class"
    finally:
        undo()
    assert ask(one, 7) == (computed(one, 7), False)
    assert ask(two, 7)[0] == computed(two, 7)


def test_a_class_within_one_that_another_has_taken_the_place_of(daemon):
    one = known(Outer.Inner)
    undo = here("Outer", type("Outer", (), {"Inner": type("Inner", (), {})}))
    try:
        assert ask(one, 7) == (computed(one, 7), True)
    finally:
        undo()
    assert ask(one, 7) == (computed(one, 7), False)


def test_objects_of_several_classes_in_turn(daemon, spelling):
    objects = [Plain(1), Derived(1), Plain(1.0), Derived(2), Plain(2)]
    results = [[computed(one, x) for one in objects] for x in range(10)]
    for expected_to_compute in (True, False):
        for x in range(10):
            assert [ask(one, x) for one in objects] == [(each, expected_to_compute) for each in results[x]]
