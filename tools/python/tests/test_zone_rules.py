"""Where `zoneinfo` finds its rules."""

import pytest

from batch import Batch

zoneinfo = pytest.importorskip("zoneinfo")

SOURCE = """
import datetime
from zoneinfo import ZoneInfo
ZONE = ZoneInfo("Zq/Here")
NOON = datetime.datetime(2020, 7, 1, 12, tzinfo=ZONE)
ARGUMENTS = ({arguments},)
def f(x): {body}
"""
#: A function's body, and what it is called with.
CASES = {
    "by name": ("return str(datetime.datetime(2020, 7, x, tzinfo=ZoneInfo('Zq/Here')).utcoffset())", "(1,)"),
    "a global": ("return str(datetime.datetime(2020, 7, x, tzinfo=ZONE).utcoffset())", "(1,)"),
    "a time": ("return str(x.utcoffset())", "(NOON,)"),
    "a zone": ("return str(datetime.datetime(2020, 7, 1, tzinfo=x).utcoffset())", "(ZONE,)"),
}


def _zone(hours):
    """A zone's file that knows one offset."""
    offset = (hours * 3600).to_bytes(4, "big", signed=True) + b"\0\0"
    head = b"TZif" + b"2" + bytes(15)
    counts = b"".join(each.to_bytes(4, "big") for each in (0, 0, 0, 0, 1, 4))
    part = head + counts + offset + b"ZQT\0"
    return part + part + f"\nZQT{-hours}\n".encode()


@pytest.mark.parametrize("name", CASES)
def test_where_zones_are_found_counts(daemon, tmp_path, name):
    for place, hours in (("one", 2), ("two", 9)):
        (tmp_path / place / "Zq").mkdir(parents=True)
        (tmp_path / place / "Zq" / "Here").write_bytes(_zone(hours))
    body, arguments = CASES[name]
    batch = Batch(tmp_path, {"case": SOURCE.format(body=body, arguments=arguments)})
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    assert batch.run(PYTHONTZPATH=one)["case"].given == ["'2:00:00'"]
    assert batch.run(PYTHONTZPATH=one)["case"].hits == 1
    assert batch.run(PYTHONTZPATH=two)["case"].given == ["'9:00:00'"]
    elsewhere = batch.run(PYTHONTZPATH=one, before=f"import zoneinfo\nzoneinfo.reset_tzpath([{two!r}])")["case"]
    assert elsewhere.given == ["'9:00:00'"] and elsewhere.scope == "process"
