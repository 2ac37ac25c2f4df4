"""What the program has put in the place of functions, methods, classes and objects of the standard library, and of constants
there and in packages that are known: whatever uses these runs its code, though no name says so."""

from __future__ import annotations

import sys
import types
from time import monotonic

from .._codec.class_layout import HEAP_TYPE
from . import event_watch, known_modules, library_constants, modules
from .class_form import ADDRESS
from .code_store import code_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Tuple

_OURS = __name__.partition(".")[0]
#: A look at all takes some milliseconds: they are the age in seconds that it may have.
_AGE_MAX = 1.0
#: What is there to be replaced, and has no part in results.
_HOOKS = frozenset("excepthook showwarning _showwarnmsg_impl formatwarning".split())
_APART = frozenset(("sys", "builtins"))

_found: List[Tuple[str, Any]] = []
_patches: List[Any] = []
_words = ""
_look_at = 0.0
_modules_then = _replaced_then = -1
_standard: Dict[str, bool] = {}
_known: Dict[str, bool] = {}
_foreign: Dict[Any, bool] = {}


def patched() -> str:
    """What was put where."""
    patches()
    return _words


def patches() -> List[Any]:
    """The functions and classes, and texts for constants: another list only where they are others."""
    global _found, _patches, _words, _look_at, _modules_then, _replaced_then
    modules_now = len(sys.modules)
    if modules_now != _modules_then or event_watch.replaced != _replaced_then or monotonic() >= _look_at:
        _look_at, _modules_then, _replaced_then = monotonic() + _AGE_MAX, modules_now, event_watch.replaced
        found = sorted(_look(), key=lambda each: each[0])
        if found != _found:
            _found = found
            _patches = [each for _, each in found]
            _words = repr([(place, _word(each)) for place, each in found])
    return _patches


def _word(each: Any) -> str:
    return each if type(each) is str else f"{each.__module__}.{each.__qualname__}"


def _with_other_parts() -> Iterator[Tuple[str, str]]:
    """Functions of libraries that were given other code or defaults."""
    for each in list(event_watch.changed.values()):
        if type(each) is types.FunctionType and _is_known(str(each.__module__)):
            place = f"{each.__module__}.{each.__qualname__}"
            defaults = ADDRESS.sub("", repr((each.__defaults__, each.__kwdefaults__)))
            yield place, sys.intern(f"{place} = {code_form(each.__code__).digest} {defaults}")


def _look() -> Iterator[Tuple[str, Any]]:
    yield from _with_other_parts()
    for name, module in list(sys.modules.items()):
        if type(module) is types.ModuleType and _is_known(name):
            yield from library_constants.changed(module)
        if type(module) is types.ModuleType and _is_standard(name) and name not in _APART:
            for place, value in list(vars(module).items()):
                kind = type(value)
                if kind is types.FunctionType or issubclass(kind, type):
                    if value.__module__ != name:
                        if _is_foreign(value) and place not in _HOOKS:
                            yield f"{name}.{place}", value
                    elif kind is not types.FunctionType and value.__flags__ & HEAP_TYPE:
                        yield from _methods(name, value)
                elif _is_foreign(kind):
                    yield f"{name}.{place}", kind


def _methods(name: str, cls: Any) -> Iterator[Tuple[str, Any]]:
    for place, value in list(vars(cls).items()):
        if type(value) is types.FunctionType and value.__module__ != name and _is_foreign(value):
            yield f"{name}.{cls.__qualname__}.{place}", value


def _is_foreign(value: Any) -> bool:
    module = value.__module__
    known = _foreign.get(module)
    if known is None:
        known = isinstance(module, str) and not _is_standard(module) and modules.is_own_code(module, "")
        if module in sys.modules:
            _foreign[module] = known
    return known


def _is_known(name: str) -> bool:
    """Whether it is known of a module's functions on what they depend."""
    known = _known.get(name)
    if known is None:
        listed = known_modules.is_listed(name) and not modules.is_own_code(name, "")
        known = _known[name] = name != "__main__" and name.partition(".")[0] != _OURS and (listed or _is_standard(name))
    return known


def _is_standard(name: str) -> bool:
    known = _standard.get(name)
    if known is None:
        known = _standard[name] = known_modules.is_standard_name(name) and modules.is_standard(name)
    return known
