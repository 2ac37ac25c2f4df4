"""The wire vectors of the project, against the real daemon."""

import json
import time
from decimal import Decimal, InvalidOperation

import pytest

from conftest import ROOT
from memod._client.connection import Connection

VECTORS = ROOT / "Tests" / "Vectors"


def number(text):
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal takes
        return text


def exact(text):
    """JSON with its numbers exact."""
    return json.loads(text, parse_float=number, parse_int=number)


def has(found, wanted):
    """Whether at least what is wanted is there."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found and has(found[name], wanted[name]) for name in wanted
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(has, found, wanted))
    return type(found) is type(wanted) and found == wanted


def equal(found, wanted):
    return has(found, wanted) and has(wanted, found)


def check(step, line):
    reply = exact(line)
    assert step.get("contains", "") in line
    if "expect" in step:
        for name in step.get("ignore", ()):
            reply.pop(name, None)
        assert equal(reply, step["expect"]), line
    if "expect_some" in step:
        assert has(reply, step["expect_some"]), line
    if "expect_error" in step:
        assert reply["ok"] is False and reply["error"]["code"] == step["expect_error"], line
        assert reply["error"]["message"]
        assert ("id" in reply) == ("id" in step) and equal(reply.get("id"), step.get("id")), line


def test_there_are_vectors():
    assert len(list(VECTORS.glob("*.ndjson"))) >= 10


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.ndjson")), ids=lambda path: path.stem)
def test_vectors(daemon, path):
    connection = Connection(timeout=20)
    try:
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            step = exact(text)
            sent = bytes.fromhex(step["send_hex"]) if "send_hex" in step else step["send"].encode()
            connection.send(sent + b"\n", 20)
            line = connection.read_line(deadline=time.monotonic() + 20).decode()
            try:
                check(step, line)
            except AssertionError as error:
                raise AssertionError(f"{path.name}:{number}: sent {sent[:200]!r}: {error}") from None
    finally:
        connection.close()


def test_the_runner_sees_differences():
    good = {"expect": {"ok": True, "value": [Decimal(1), {"a": None}]}}
    check(good, '{"value":[1.0,{"a":null}],"ok":true}')
    for line in (
        '{"ok":true}',
        '{"ok":true,"value":[1,{"a":0}]}',
        '{"ok":true,"value":[1,{"a":null}],"more":1}',
    ):
        with pytest.raises(AssertionError):
            check(good, line)
    with pytest.raises(AssertionError):
        check({"expect_error": "busy"}, '{"ok":false,"error":{"code":"storage","message":"m"}}')
