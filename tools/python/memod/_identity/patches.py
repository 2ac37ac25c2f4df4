"""Sees what tests replace while they run: results that come of a fake are not for others, nor are others' for a test.

`unittest.mock` (and what is built on it: pytest-mock, responses, vcrpy), pytest's monkeypatch on libraries, freezegun,
time_machine and httpretty. What is not loaded is not looked at, and nothing is imported."""

from __future__ import annotations

import gc
import sys
import threading
from types import ModuleType
from weakref import WeakSet

from .._client.signals import pass_signal
from . import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

_OF_PYTEST = frozenset(("_pytest", "pytest", "pluggy", "memod"))  # parts of themselves
_lock = threading.RLock()
_hooked: Dict[str, bool] = {}
_mocks: Dict[int, Any] = {}
_monkeys: WeakSet[Any] = WeakSet()


def active() -> str:
    """What is replaced now, as a reason, or ""."""
    loaded = sys.modules
    if "unittest.mock" in loaded:
        if "mock" not in _hooked:
            _hook("mock", _hook_mock)
        if _mocks:
            return "unittest.mock replaces something"
    if "_pytest.monkeypatch" in loaded:
        if "monkeypatch" not in _hooked:
            _hook("monkeypatch", _hook_monkeypatch)
        for patch in list(_monkeys):
            for target, name, _ in patch._setattr:
                if _is_of_library(target):
                    return f"a test replaces {name} of a library"
    frozen = loaded.get("freezegun.api")
    if frozen is not None and getattr(frozen, "freeze_factories", None):
        return "freezegun stops the clock"
    machine = loaded.get("time_machine")
    if machine is not None and getattr(machine, "coordinates_stack", None):
        return "time_machine moves the clock"
    pretty = loaded.get("httpretty.core")
    if pretty is not None and getattr(getattr(pretty, "httpretty", None), "_is_enabled", False):
        return "httpretty stands for the network"
    return ""


def _is_of_library(target: Any) -> bool:
    name = target.__name__ if isinstance(target, ModuleType) else getattr(target, "__module__", None)
    if not isinstance(name, str):
        name = type(target).__module__
    return name.partition(".")[0] not in _OF_PYTEST and not modules.is_own_code(name, "")


def _hook(name: str, hook: Any) -> None:
    with _lock:
        if name not in _hooked:
            _hooked[name] = True
            try:
                hook()
            except Exception as error:
                del _hooked[name]
                pass_signal(error)
                _hooked[name] = True  # another version of it, which cannot be seen into


def _hook_mock() -> None:
    mock: Any = sys.modules["unittest.mock"]
    for cls in (mock._patch, mock._patch_dict):
        _hook_patch(cls)
    for each in gc.get_objects():  # those that were at work before
        if type(each) is mock._patch and hasattr(each, "temp_original"):
            _mocks[id(each)] = each


def _hook_patch(cls: Any) -> None:
    enter, leave = cls.__enter__, cls.__exit__

    def __enter__(self: Any) -> Any:
        result = enter(self)
        _mocks[id(self)] = self
        return result

    def __exit__(self: Any, *error: Any) -> Any:
        _mocks.pop(id(self), None)
        return leave(self, *error)

    cls.__enter__, cls.__exit__ = __enter__, __exit__


def _hook_monkeypatch() -> None:
    kind: Any = sys.modules["_pytest.monkeypatch"].MonkeyPatch
    initialize = kind.__init__

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:
        initialize(self, *arguments, **named)
        _monkeys.add(self)

    kind.__init__ = __init__
    for each in gc.get_objects():
        if type(each) is kind:
            _monkeys.add(each)
