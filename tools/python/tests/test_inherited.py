"""What is put into a class and hides what it inherits is noticed at the next question."""

from __future__ import annotations

from unittest import mock

import memod
import pytest


class Base:
    offset = 1

    def shift(self, x):
        return x + self.offset

    def __len__(self):
        return 3


class Middle(Base):
    pass


class Plain(Middle):
    def work(self, x):
        return self.shift(x) * len(self)


class Counting(Base):
    count = 0


class Counted(Counting):
    def work(self, x):
        type(self).count += 1
        return x


def plain(x):
    return Plain().work(x)


def counted(x):
    return Counted().work(x)


@pytest.mark.parametrize("cls", [Plain, Middle])
@pytest.mark.parametrize(
    "name, value",
    [("offset", 8), ("shift", lambda self, x: -x), ("__len__", lambda self: 5), ("shift", mock.Mock(return_value=7))],
    ids=["data", "method", "operator", "mock"],
)
def test_what_hides_it(daemon, cls, name, value):
    shared, other = memod.memoize(plain), memod.memoize(plain)  # the second as another process would ask
    assert [shared(x) for x in (1, 2)] == [6, 9]
    with mock.patch.object(cls, name, value):
        shared.__memod__.invalidate()  # so that the daemon is asked
        assert [shared(x) for x in (1, 2, 3)] == [plain(x) for x in (1, 2, 3)]
    assert [other(x) for x in (1, 2, 3, 4)] == [6, 9, 12, 15] == [plain(x) for x in (1, 2, 3, 4)]


def test_a_method_of_such_a_class(daemon, monkeypatch):
    work = memod.memoize(Plain.work)
    assert [work(Plain(), x) for x in (1, 2)] == [6, 9]
    monkeypatch.setattr(Plain, "offset", 8, raising=False)
    work.__memod__.invalidate()
    assert [work(Plain(), x) for x in (1, 2)] == [27, 30]


def test_what_it_writes_itself(daemon):
    shared = memod.memoize(counted)
    try:
        assert shared(1) == 1
        taken = shared.__memod__.identity.fingerprint
        assert [shared(x) for x in (2, 3)] == [2, 3] and str(shared.cache_scope()) == "shared"
        assert shared.__memod__.identity.fingerprint is taken
    finally:
        del Counted.count
