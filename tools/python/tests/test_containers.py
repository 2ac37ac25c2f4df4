"""Results of the standard library's further types."""

import argparse
import array
import datetime
import ipaddress
import json
import os
import re
import resource
import time
import types
import uuid
import zoneinfo
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict

import pytest

from memod._codec import codec

VALUES = [
    Counter("aab"),
    Counter({1: 2, (1, 2): 0, "x": -1}),
    defaultdict(list, {"a": [1]}),
    defaultdict(None, {1: 2}),
    defaultdict(Counter, {"a": Counter("b")}),
    OrderedDict(b=1, a=2),
    types.SimpleNamespace(a=1, b=(2,)),
    argparse.Namespace(a=1, b=[2]),
    types.MappingProxyType({"a": 1}),
    ChainMap({"a": 1}, {"b": (2,)}),
    UserDict({"a": (1,)}),
    UserList([1]),
    UserString("x"),
    slice(1, None, 2),
    Ellipsis,
    NotImplemented,
    array.array("d", [1.5, float("inf")]),
    array.array("u", "a\u00e9"),
    array.array("b"),
    array.array("q", [-1]),
    time.gmtime(0),
    time.localtime(),
    time.struct_time(range(9)),
    os.stat("/"),
    os.terminal_size((80, 24)),
    os.uname(),
    os.statvfs("/"),
    resource.getrusage(resource.RUSAGE_SELF),
    ipaddress.ip_address("1.2.3.4"),
    ipaddress.ip_address("2001:db8::1"),
    ipaddress.ip_network("10.0.0.0/8"),
    ipaddress.ip_network("2001:db8::/32"),
    ipaddress.ip_interface("10.0.0.1/8"),
    ipaddress.ip_interface("2001:db8::1/32"),
    zoneinfo.ZoneInfo("Europe/Paris"),
    re.compile("a+", re.I),
    re.compile(b"a+"),
    uuid.uuid1(),
]


def round_trip(value):
    return codec.unpack(json.loads(codec.encode(value)))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_they_come_back(value):
    for back in (round_trip(value), round_trip({"a": [(value,)]})["a"][0][0]):
        assert type(back) is type(value) and back == value and repr(back) == repr(value)


def test_what_equality_does_not_tell():
    assert round_trip(defaultdict(int))["x"] == 0
    assert round_trip(defaultdict(None)).default_factory is None
    assert round_trip(time.localtime()).tm_zone == time.localtime().tm_zone
    assert round_trip(os.stat("/")).st_mtime_ns == os.stat("/").st_mtime_ns
    assert round_trip(array.array("u", "x")).typecode == "u"
    assert round_trip(uuid.uuid1()).is_safe is uuid.uuid1().is_safe


def with_attribute(value):
    value.note = 1
    return value


@pytest.mark.parametrize(
    "value",
    [
        with_attribute(Counter()),
        with_attribute(OrderedDict()),
        with_attribute(UserDict()),
        defaultdict(lambda: 1),
        zoneinfo.ZoneInfo.no_cache("Europe/Paris"),
        types.SimpleNamespace(a=object()),
        type("Own", (Counter,), {})("a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_they_cannot_tell_is_refused(value):
    with pytest.raises(codec.Unstorable):
        codec.encode(value)


def test_time_zones_of_pytz():
    pytz = pytest.importorskip("pytz")
    zone = pytz.timezone("Europe/Paris")
    for month in (1, 7):
        value = zone.localize(datetime.datetime(2024, month, 1))
        assert round_trip(value) == value and round_trip(value).tzinfo is value.tzinfo
    assert round_trip(zone) is zone and round_trip(pytz.utc) is pytz.utc


@pytest.mark.parametrize(
    "text",
    [
        '{"$memod":"defaultdict","v":[],"f":"open"}',
        '{"$memod":"namespace","v":[],"t":"Popen"}',
        '{"$memod":"structure","v":[],"n":[],"t":"os.system"}',
        '{"$memod":"ipaddress","v":"1.2.3.4","t":"ip_address"}',
        '{"$memod":"array","v":"AA==","t":"q","i":8,"o":"little"}',
        '{"$memod":"array","v":"AA==","t":"q","i":9,"o":"little"}',
        '{"$memod":"UserDict","v":[]}',
        '{"$memod":"attrs","v":[],"t":"os:stat_result","h":false}',
        '{"$memod":"pydantic","v":[],"t":"os:stat_result","s":[]}',
        '{"$memod":"bytes","v":"QUJD\u00e9"}',
        '{"$memod":"bytes","v":"QU JD"}',
    ],
)
def test_damaged_values_are_not_believed(text):
    with pytest.raises(codec.Undecodable):
        codec.unpack(json.loads(text))
