"""What `import memod` loads, and what is loaded no sooner than a value or an option asks for it."""

import datetime
import decimal
import fractions
import hashlib
import os
import pathlib
import random
import subprocess
import sys
import sysconfig
import uuid
from pathlib import Path

import pytest

import memod
from memod._client import digests
from memod._codec import class_layout, codec
from memod._codec.codec import Undecodable, Unstorable
from memod._codec.late_classes import name_of
from memod._codec.named_tuple import NamedTuple
from memod._identity import identity, modules, plain_data

CLIENT = str(Path(memod.__file__).resolve().parents[1])
#: Each takes as long as a good part of memod itself.
LATE = """
    asyncio base64 dataclasses datetime decimal fractions hashlib hmac inspect ipaddress logging pathlib pickle platform
    random socket subprocess sysconfig typing urllib.parse uuid
""".split()


def loaded(code):
    """The modules that a new process has loaded after some code; without `site`, where environments load their own."""
    program = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*set(sys.modules) - before)"
    environment = {**os.environ, "PYTHONPATH": CLIENT, "MEMOD_AUTOSTART": "0"}
    done = subprocess.run(
        [sys.executable, "-S", "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import memod",
        "import memod\n@memod.lru_cache\ndef f(x): return x",
        "import memod\n@memod.cache(ttl=5, tags=['a'])\ndef f(x): return x\nf(1)",
        "from memod._codec import codec\nassert codec.unpack(codec.Packer().pack([(1, b'2'), {3}])) == [(1, b'2'), {3}]",
    ],
)
def test_what_most_programs_do_without_is_not_loaded(code):
    found = loaded(code)
    assert "memod" in found and found.isdisjoint(LATE), found.intersection(LATE)


@pytest.mark.parametrize(
    "value, module",
    [
        (decimal.Decimal("1.50"), "decimal"),
        (fractions.Fraction(1, 3), "fractions"),
        (datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc), "datetime"),
        (datetime.timedelta(1), "datetime"),
        (uuid.UUID(int=5), "uuid"),
        (pathlib.PurePosixPath("a/b"), "pathlib"),
        (pathlib.Path("a/b"), "pathlib"),
    ],
)
def test_a_value_loads_the_module_of_its_class(value, module):
    assert codec.unpack(codec.Packer().pack(value)) == value
    text = codec.encode(value)
    found = loaded(f"import json\nfrom memod._codec import codec\nvalue = codec.unpack(json.loads({text!r}))")
    assert module in found
    assert name_of(type(value)).startswith(f"{module}.") and plain_data.is_fixed(type(value))


def test_what_stands_in_the_place_of_a_class_is_not_taken_for_it(monkeypatch):
    tree = codec.Packer().pack(uuid.UUID(int=5))
    real = uuid.UUID
    monkeypatch.delitem(codec._PACKERS, real)
    with monkeypatch.context() as patched:
        patched.setattr(uuid, "UUID", type("Fake", (), {"__init__": lambda self, **_: None}))
        with pytest.raises(Undecodable, match="stands in the place"):
            codec.unpack(tree)
        with pytest.raises(Unstorable):
            codec.Packer().pack(real(int=6))
    assert codec.unpack(tree) == real(int=5) and codec.unpack(codec.Packer().pack(real(int=6))) == real(int=6)


def test_classes_of_the_program_that_only_sound_alike():
    named = type("UUID", (), {"__module__": "uuid", "__slots__": ()})
    with pytest.raises(Unstorable):
        codec.encode(named())


def test_what_is_installed_is_where_the_installation_says():
    for key in ("stdlib", "platstdlib", "purelib", "platlib"):
        path = os.path.join(os.path.realpath(sysconfig.get_path(key)), "module.py")
        assert not modules.is_own_path(path), (key, path)
    assert modules._STANDARD == os.path.realpath(sysconfig.get_path("stdlib")) + os.sep


@pytest.mark.parametrize("size", [0, 100, 1 << 16])
def test_digests_are_those_of_hashlib(size):
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert digests.blake2b(data, digest_size=20).digest() == hashlib.blake2b(data, digest_size=20).digest()
    text = "\ud800é" * size
    assert digests.text_digest(text) == hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def test_what_runs_beside_others_is_told_as_inspect_tells_it():
    import functools
    import inspect

    async def runs():
        pass

    def plain():
        pass

    class Callable:
        async def __call__(self):
            pass

    marked = functools.wraps(runs)(lambda: None)
    odd = [runs, plain, len, Callable(), functools.partial(runs), functools.partial(plain), marked, Callable, runs.__get__(1)]
    if hasattr(inspect, "markcoroutinefunction"):
        odd.append(inspect.markcoroutinefunction(lambda: None))
    assert [identity.is_async(each) for each in odd] == [inspect.iscoroutinefunction(each) for each in odd]


def test_the_programs_own_chance_is_left_alone(daemon):
    """What a program draws after it has seeded the generator does not depend on what was remembered."""

    def number(x):
        return x

    made = memod.lru_cache(maxsize=None, name="number", verify=0.5)(number)
    timed = memod.lru_cache(maxsize=None, name="timed", ttl=60, early=1.0)(number)
    random.seed(7)
    before = random.getstate()
    for _ in range(2):
        for each in range(50):
            assert made(each) == timed(each) == each
        made.__memod__.invalidate()
    assert random.getstate() == before


def test_named_tuples_are_those_of_typing():
    import typing

    class Theirs(typing.NamedTuple):
        """What it is."""

        one: int
        two: str = "b"

        def both(self):
            return f"{self.one}{self.two}"

    class Ours(NamedTuple):
        """What it is."""

        one: int
        two: str = "b"

        def both(self):
            return f"{self.one}{self.two}"

    for kind in (Theirs, Ours):
        assert kind(1) == (1, "b") == kind(two="b", one=1) and kind(2, "c").both() == "2c"
        assert kind._fields == ("one", "two") and kind._field_defaults == {"two": "b"} and kind.__doc__ == "What it is."
        assert kind.__module__ == __name__ and issubclass(kind, tuple) and repr(kind(1)).endswith("(one=1, two='b')")
        assert kind(1)._replace(two="z").two == "z" and class_layout.is_named_tuple(kind)
        with pytest.raises(TypeError):
            kind()


def test_the_type_of_what_is_decorated_is_there_for_who_names_it():
    assert memod.CachedFunction[int] and "CachedFunction" in dir(memod)
    exec("from memod import *", space := {})
    assert space["CachedFunction"] is memod.CachedFunction and space["AsyncClient"] is memod.AsyncClient
