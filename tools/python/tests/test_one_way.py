"""Every call is asked for in one way, whatever the function's options are and whatever comes back."""

import json
import random
import socket
import time
import warnings

import pytest

import memod
from memod._client.connection_pool import POOL
from memod._identity.keys import key_text
from test_faults import GARBAGE
from test_options import until

WARM = range(1000, 1012)


def score(*arguments, **named):
    return [len(arguments), *map(str, arguments), *(f"{name}={value}" for name, value in named.items())]


def wrapper(**options):
    """A wrapper whose function the daemon knows of."""
    made = memod.lru_cache(maxsize=None, name="quick", **options)(score)
    for number in WARM:
        made(number)
    return made


def gets(fake):
    return [request["key"] for request in fake.requests if request["op"] == "get"]


def random_argument():
    return random.choice(
        [
            lambda: random.randint(-5, 5),
            lambda: random.getrandbits(random.choice([8, 52, 53, 54, 63, 64, 90])),
            lambda: random.uniform(-1e3, 1e3),
            lambda: random.choice([0.0, -0.0, 1.0, 1e300, 5e-324, 0.1, float("inf")]),
            lambda: "".join(map(chr, random.choices([34, 92, 10, 97, 233, 0x2028, 0x1F600, 0xD800], k=3))),
            lambda: random.choice([True, False, None, b"x", (1, 2)]),
        ]
    )()


def test_keys_are_those_of_the_calls(fake):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    random.seed(seed)
    function = wrapper()
    for _ in range(500):
        arguments = tuple(random_argument() for _ in range(random.randrange(4)))
        named = {random.choice("xyzé"): random_argument() for _ in range(random.choice([0, 0, 1, 2, 3]))}
        fake.requests.clear()
        function(*arguments, **named)
        assert gets(fake) in ([], [json.loads(key_text(arguments, named)[0])])


class Model:
    def __init__(self, rate):
        self.rate = rate

    @memod.lru_cache(maxsize=None, name="one-way.method")
    def method(self, number):
        return [self.rate, number]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"typed": True},
        {"ttl": 60},
        {"ttl": 60, "stale": 60, "early": 1},
        {"single_flight": True},
        {"ignore": ("name",)},
        {"key": lambda *arguments, **named: (arguments, sorted(named))},
        {"tags": ["a"]},
        {"serializer": "pickle"},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_a_hit_takes_one_request_and_no_run(daemon, monkeypatch, options):
    first, second = wrapper(**options), wrapper(**options)
    values = [first(number, "é", name="x") for number in range(10)]
    second(WARM[0])
    asked = []
    exchange = POOL.exchange
    monkeypatch.setattr(POOL, "exchange", lambda lines, *more: asked.extend(lines) or exchange(lines, *more))
    assert [second(number, "é", name="x") for number in range(10)] == values
    assert len(asked) == 10 and all(b'"op":"get"' in line for line in asked)


def test_a_hit_of_a_method_takes_one_request(daemon, monkeypatch):
    values = [Model(0.5).method(number) for number in range(20)]
    asked = []
    exchange = POOL.exchange
    monkeypatch.setattr(POOL, "exchange", lambda lines, *more: asked.extend(lines) or exchange(lines, *more))
    assert [Model(0.5).method(number) for number in range(20)] == values
    assert len(asked) == 20 and all(b'"get"' in line for line in asked)


def test_hits_and_misses_are_counted(daemon, client):
    first, second = wrapper(), wrapper()
    before = client.info("quick")
    first(1)  # a miss, computed
    second(1)  # a hit in the daemon
    second(1)  # a hit here
    assert client.info("quick")["misses"] == before["misses"] + 1
    assert client.info("quick")["hits"] == before["hits"] + 1
    assert first.cache_info()[:2] == (0, len(WARM) + 1)
    # What this process has computed itself is no hit, as it would be none without the daemon.
    assert second.cache_info()[:2] == (1, len(WARM) + 1)


CUT = [b"", b'{"ok":true,"hit":true,"value":1', b'{"ok":true,"hit":true,"value":"x}\n']


@pytest.mark.parametrize("reply", [*GARBAGE, *CUT])
def test_nonsense_changes_no_result(fake, monkeypatch, reply):
    monkeypatch.setenv("MEMOD_TIMEOUT", "300ms")
    function = wrapper()

    def fault(request, connection):
        if request["op"] != "get":
            return None
        connection.sendall(reply)
        if not reply.endswith(b"\n"):
            connection.shutdown(socket.SHUT_RDWR)
        return True

    fake.fault = fault
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [function(number) for number in range(3)] == [score(number) for number in range(3)]


def test_replies_in_pieces_and_with_further_members(fake):
    function = wrapper()
    for pieces in (
        [b'{"ok":true,"hit":true,"val', b'ue":7}\n'],
        [b'{"ok":true,"hit":true,"value":7}', b"\n"],
        [b'{"ok":true,"hit":true,"value":7,"more":8}\n'],
        [b'{"hit":true,"value":7,"ok":true}\n'],
        [b'{"ok":true,"hit":true,"value":7 }\r\n'],
        [b"\n", b'{"ok":true,"hit":true,"value":7}\n'],
    ):

        def fault(request, connection):
            if request["op"] != "get":
                return None
            for piece in pieces:
                connection.sendall(piece)
            return True

        fake.fault = fault
        assert function(len(pieces[0]), len(pieces)) == 7


def test_a_large_value_and_a_tree(daemon):
    first = memod.lru_cache(maxsize=None, name="large")(lambda size: {"text": "x" * size, "pair": (1, 2.5)})
    second = memod.lru_cache(maxsize=None, name="large")(lambda size: pytest.fail("computed again"))
    for function in (first, second):
        for size in [*range(12), 5_000, 100_000, 1_000_000]:
            assert function(size) == {"text": "x" * size, "pair": (1, 2.5)}


def test_a_connection_that_ended_while_idle_is_replaced(daemon):
    function = wrapper()
    function(1)
    for connection in list(POOL.idle):
        connection._socket.shutdown(socket.SHUT_RDWR)
    function(2)
    again = wrapper()
    assert [again(1), again(2)] == [score(1), score(2)]
    assert again.cache_info().misses == len(WARM) + 2  # by this process, all of them


def test_no_answer_costs_one_time_limit(fake, monkeypatch):
    monkeypatch.setenv("MEMOD_TIMEOUT", "200ms")
    function = wrapper()
    fake.fault = lambda request, _: True if request["op"] == "get" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [function(number) for number in range(50)] == [score(number) for number in range(50)]
    assert len(gets(fake)) <= len(WARM) + 3


def test_what_is_cleared_after_a_call_disappears(daemon):
    first, second = wrapper(), wrapper()
    first(1)
    assert second(1) == score(1)
    daemon.memoctl("put", "quick", "[1.0]", "77")
    until(lambda: second(1) == 77, seconds=300)
    first(1, two=2)
    assert second(1, two=2) == score(1, two=2)
    daemon.memoctl("put", "quick", '[1, {"$memod": "kw", "v": [["two", 2]]}]', "78")
    until(lambda: second(1, two=2) == 78, seconds=300)


@pytest.mark.parametrize("processors", [1, 2])
def test_an_answer_that_takes_its_time_is_waited_for(fake, monkeypatch, processors):
    monkeypatch.setattr(memod._client.connection, "_processors", lambda: processors)
    function = wrapper()
    connections = list(POOL.idle)
    assert connections and all((each._look_pause >= 0) == (processors > 1) for each in connections)
    for slow in (True, False, True):
        fake.fault = (lambda *_: time.sleep(0.01)) if slow else None
        for number in range(20):
            assert function(slow, number) == score(slow, number)
    assert POOL.idle == connections, "no connection was given up"
