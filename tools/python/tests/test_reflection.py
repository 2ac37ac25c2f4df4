"""What programs read of their own code counts as what it does."""

import pytest

from test_fingerprint import name_of

FIELDS = "import dataclasses\n@dataclasses.dataclass\nclass A:\n    a: int\ndef f(x): return dataclasses.fields(A)"
NESTED = """
import dataclasses, typing
@dataclasses.dataclass
class B:
    b: int
@dataclasses.dataclass
class A:
    a: {}
def f(x): return A
"""

#: A program, and what is replaced in it by what.
CHANGES = {
    "fields": (FIELDS, "a: int", "a: float"),
    "fields, a string": (FIELDS, "a: int", "a: 'int'"),
    "class": ("class A:\n    a: int\n    b: int\ndef f(x): return A", "a: int\n    b", "b: int\n    a"),
    "function": ("def h(a: int): return a\ndef f(x): return h.__annotations__", "a: int", "a: float"),
    "itself": ("def f(x: int): return f.__annotations__", "x: int", "x: float"),
    "alias": ("T = list[int]\ndef f(x): return isinstance(x, T)", "[int]", "[str]"),
    "docstring": ("def h():\n    'one'\ndef f(x): return h.__doc__", "one", "two"),
    "its own docstring": ("def f(x):\n    'one'\n    return f.__doc__", "one", "two"),
    "docstring of a class": (
        "import inspect\nclass A:\n    'one'\ndef f(x): return inspect.getdoc(A)",
        "one",
        "two",
    ),
    "docstring by name": ("class A:\n    'one'\ndef f(x): return getattr(A, '__doc__')", "one", "two"),
    **{
        f"nested in {form}": (NESTED.format(form), "b: int", "b: float")
        for form in ("B", "'B'", "typing.List[B]", "typing.Optional['B']", "'typing.Dict[str, B]'")
    },
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_reads_itself(case, monkeypatch):
    source, old, new = CHANGES[case]
    assert old in source
    first = name_of(source, monkeypatch)
    assert first is not None and first == name_of(source, monkeypatch)
    assert first != name_of(source.replace(old, new), monkeypatch)


@pytest.mark.parametrize("use", ["h.__globals__[x]", "inspect.getsource(h)", "A.__subclasses__()"])
def test_what_finds_code_by_way_of_other_code_stays_in_the_process(use, monkeypatch):
    source = f"import inspect\nclass A: pass\ndef h(): pass\ndef f(x): return {use}"
    assert name_of(source, monkeypatch) is None
    assert name_of(source.replace(use, "A, h"), monkeypatch) is not None


def test_annotations_are_those_of_a_script_and_a_module(daemon, program):
    source = """
        import typing
        from dataclasses import dataclass
        from memod import lru_cache

        @dataclass
        class Item:
            price: int
            parent: typing.Optional["Item"] = None

        class Basket:
            item: Item
            items: typing.List[Item]

        @lru_cache
        def f(x: typing.Optional[Item] = None, y: "Basket" = None):
            print("computing")
            return len(str(Basket()))

        f()
        """
    program.write(source)
    assert program.run() == "computing\n"
    program.name = "other"
    program.write("import program")
    assert program.run() == ""
