"""pytest fixtures for programs that use memod. Loads nothing until one of them is used, and starts no daemon otherwise."""

from __future__ import annotations

import os
from typing import Any, Iterator

import pytest


def pytest_configure(config: Any) -> None:
    """Tests neither start a daemon for the user nor, by that, fill the one of the user's programs."""
    os.environ.setdefault("MEMOD_AUTOSTART", "0")


@pytest.fixture
def memod_cache(tmp_path: Any, monkeypatch: Any) -> Iterator[Any]:
    """A daemon of the test's own, with nothing in it: a `memod.Client` for it. `$MEMOD_BIN` or a `memod` on PATH."""
    from memod import _testing

    with _testing.daemon(tmp_path) as socket:
        monkeypatch.setenv("MEMOD_SOCKET", socket)
        with _testing.anew(), _testing.client(socket) as client:
            yield client


@pytest.fixture
def memod_off(tmp_path: Any, monkeypatch: Any) -> Iterator[None]:
    """No daemon at all: memoized functions compute, and remember within the test."""
    from memod import _testing

    monkeypatch.setenv("MEMOD_SOCKET", str(tmp_path / "off.sock"))
    with _testing.anew(off=True):
        yield
