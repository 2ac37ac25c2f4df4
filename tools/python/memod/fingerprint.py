"""A function's fingerprint: a digest of all that decides what it computes, as far as code can tell.

Its own code, defaults, the functions and classes of the program that it reaches, and the module-level data
that these read. What is installed beside the program counts by name and version."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
import re
import sys
import threading
import types
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from . import modules
from .class_form import class_members
from .code_form import CodeForm, Imported, Read
from .codec import Packer, Unstorable, dumps
from .data_source import MISSING, Source

_DYNAMIC = {"globals", "eval", "exec", "__import__", "compile"}
_INERT = (logging.Logger, type(threading.Lock()), type(threading.RLock()), threading.local)
_NAMED_BUILTINS = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.MethodWrapperType,
)
_DATA_BYTES_MAX = 8 << 20
_OBJECTS_MAX = 10_000
_DIGEST_LENGTH = 24  # hexadecimal digits: 96 bits


class Unstable(Exception):
    """Nothing to tell one version of the function from another by; the message says why."""


class CanonicalPacker(Packer):
    """Packs so that equal data gives equal text, and notes the classes that took part."""

    def __init__(self) -> None:
        super().__init__()
        self.classes: List[type] = []

    def unordered(self, value: Any) -> List[Any]:
        return sorted(super().unordered(value), key=dumps)

    def class_reference(self, cls: type) -> str:
        self.classes.append(cls)
        return super().class_reference(cls)


class Fingerprint:
    """The digest, and the data that it was taken over, to see when it no longer holds."""

    def __init__(self, root: Any, package: str, frozen: Optional[Dict[str, str]] = None) -> None:
        """`root` is a function or class. `frozen` are digests by label of data that the function itself keeps
        changing: they count as they were. Raises `Unstable`."""
        self.sources: List[Source] = []
        self.writes: Set[str] = set()
        self._package = package
        self._frozen = frozen or {}
        self._visited: Dict[int, int] = {}
        self._alive: List[Any] = []  # keeps the visited objects, whose ids would else be reused
        self._lines: List[str] = []
        try:
            self._add("python", sys.implementation.cache_tag or sys.version)
            self._value("", lambda: root, root)
        except RecursionError:
            raise Unstable("its code is nested too deep to follow") from None
        text = "\n".join(self._lines)
        self.digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]

    def _add(self, *words: Any) -> None:
        self._lines.append(repr(words))

    def _value(self, label: str, read: Callable[[], Any], value: Any) -> None:
        if not self._code_value(label, read, value):
            self._data(label, read, value)

    def _code_value(self, label: str, read: Callable[[], Any], value: Any) -> bool:
        """Handles functions, classes, modules and the like. False for what can only be data."""
        if isinstance(value, (staticmethod, classmethod)):
            self._add(label, type(value).__name__)
            self._value(label, lambda: value.__func__, value.__func__)
        elif isinstance(value, types.FunctionType):
            self._rebinding(label, read, value)
            if self._is_own(value.__module__):
                self._function(label, value)
            else:
                self._external(label, value)
        elif isinstance(value, type):
            self._rebinding(label, read, value)
            if self._is_own(value.__module__):
                self._class(label, value)
            else:
                self._external(label, value)
        elif isinstance(value, types.ModuleType):
            self._module(label, value.__name__)
        elif isinstance(value, types.MethodType):
            self._value(f"{label}.__func__", lambda: value.__func__, value.__func__)
            self._value(f"{label}.__self__", lambda: value.__self__, value.__self__)
        elif isinstance(value, functools.partial):
            self._value(f"{label}.func", lambda: value.func, value.func)
            for place, part in enumerate((value.args, value.keywords)):
                self._data(f"{label}.partial{place}", _constant(part), part)
        elif isinstance(value, property):
            for accessor in (value.fget, value.fset, value.fdel):
                if accessor is not None:
                    self._value(label, _constant(accessor), accessor)
        elif isinstance(value, functools.cached_property):
            self._value(label, lambda: value.func, value.func)
        elif isinstance(value, re.Pattern):
            self._rebinding(label, read, value)
            self._add(label, "pattern", value.pattern, value.flags)
        elif isinstance(value, _INERT):
            self._add(label, "inert", type(value).__qualname__)
        elif isinstance(value, _NAMED_BUILTINS):
            owner = getattr(value, "__self__", None)
            if (
                owner is not None
                and not isinstance(owner, (types.ModuleType, type))
                and self._is_own(type(owner).__module__)
            ):
                raise Unstable(f"{label} is a method of an object")
            self._add(label, "builtin", getattr(value, "__module__", None), value.__qualname__)
        elif callable(value) and hasattr(value, "__wrapped__"):
            self._rebinding(label, read, value)
            self._add(label, "wrapper", type(value).__qualname__)
            self._value(label, lambda: value.__wrapped__, value.__wrapped__)
        elif type(value).__module__ == "typing" or isinstance(value, types_generic_alias):
            self._add(label, "type", repr(value))
        elif callable(value) and not self._is_own(type(value).__module__) and hasattr(value, "__name__"):
            self._external(label, value)
        else:
            return False
        return True

    def _is_own(self, module: Optional[str]) -> bool:
        return modules.is_own_code(module, self._package)

    def _rebinding(self, label: str, read: Callable[[], Any], value: Any) -> None:
        if label:
            self.sources.append(Source(label, read, value, None))

    def _external(self, label: str, value: Any) -> None:
        module = getattr(value, "__module__", None) or type(value).__module__
        name = getattr(value, "__qualname__", None) or value.__name__
        self._add(label, "external", module, name, modules.version(module))

    def _first_visit(self, label: str, value: Any) -> bool:
        known = self._visited.get(id(value))
        if known is not None:
            self._add(label, "seen", known)
            return False
        if len(self._visited) >= _OBJECTS_MAX:
            raise Unstable("it reaches too much code to follow")
        self._visited[id(value)] = len(self._visited)
        self._alive.append(value)
        return True

    def _function(self, label: str, function: types.FunctionType) -> None:
        if not self._first_visit(label, function):
            return
        form = CodeForm(function.__code__)
        self.writes |= form.writes
        self._add(label, "function", form.form)
        name = f"{function.__module__}.{function.__qualname__}"
        if function.__defaults__:
            for place, value in enumerate(function.__defaults__):
                self._value(f"{name} default {place}", _default(function, place), value)
        for key, value in sorted((function.__kwdefaults__ or {}).items()):
            self._value(f"{name} default {key}", _keyword_default(function, key), value)
        for free, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            self._cell(f"{name} closure {free}", cell)
        for read in sorted(set(form.reads)):
            self._read(function, read)
        for imported in sorted(set(form.imports)):
            self._imported(str(function.__globals__.get("__package__") or ""), imported)

    def _cell(self, label: str, cell: Any) -> None:
        try:
            value = cell.cell_contents
        except ValueError:
            self._add(label, "empty")
            return
        self._value(label, lambda: cell.cell_contents, value)

    def _read(self, function: types.FunctionType, read: Read) -> None:
        namespace = function.__globals__
        builtins = namespace.get("__builtins__", {})
        builtins = builtins if isinstance(builtins, dict) else vars(builtins)
        if read.name not in namespace and read.name in builtins:
            if read.name in _DYNAMIC:
                raise Unstable(f"it calls {read.name}(), and may reach anything")
            self._add("builtin", read.name)
            self.sources.append(Source(read.name, lambda: namespace.get(read.name, MISSING), MISSING, None))
            return
        path = [read.name]
        value = namespace.get(read.name, MISSING)
        for attribute in read.attributes:
            if not isinstance(value, types.ModuleType) or not self._is_own(value.__name__):
                break
            path.append(attribute)
            value = getattr(value, attribute, MISSING)
        if isinstance(value, types.ModuleType) and not self._is_own(value.__name__):
            attributes = read.attributes[len(path) - 1 :]
            self._add("module", value.__name__, attributes[:1], modules.version(value.__name__))
            return
        label = f"{function.__module__}:{'.'.join(path)}"
        self._value(label, lambda: _follow(namespace, path), value)

    def _data(self, label: str, read: Callable[[], Any], value: Any) -> None:
        if label in self._frozen:
            self._add(label, "data", self._frozen[label])
            return
        if value is MISSING:
            self.sources.append(Source(label, read, MISSING, None))
            self._add(label, "missing")
            return
        digest, classes = data_digest(label, value)
        self.sources.append(Source(label, read, value, digest, lambda found: data_digest(label, found)[0]))
        self._add(label, "data", digest)
        for cls in classes:
            if self._is_own(cls.__module__):
                self._class(label, cls)

    def _class(self, label: str, cls: type) -> None:
        for base in reversed(cls.__mro__):
            if not self._is_own(base.__module__):
                self._external(label, base)
            elif self._first_visit(label, base):
                self._add(label, "class", base.__qualname__)
                for name, read, value in class_members(base):
                    member = f"{base.__module__}.{base.__qualname__}.{name}"
                    self._add(member)
                    self._value(member, read, value)

    def _imported(self, package: str, imported: Imported) -> None:
        try:
            name = importlib.util.resolve_name("." * imported.level + imported.name, package or None)
        except (ImportError, ValueError):
            self._add("import", imported)
            return
        self._module("import", name)
        for member in imported.members:
            if f"{name}.{member}" in sys.modules or _has_submodule(name, member):
                self._module("import", f"{name}.{member}")

    def _module(self, label: str, name: str) -> None:
        """A module as a whole: for the program's own, what its source says."""
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):
            spec = None
        origin = spec.origin if spec is not None else None
        own = modules.top_level(name) == self._package or (origin is not None and modules.is_own_path(origin))
        get_code = getattr(spec.loader, "get_code", None) if spec is not None else None
        if not own or origin in (None, "built-in", "frozen") or get_code is None:
            self._add(label, "module", name, modules.version(name))
            return
        code = get_code(name)
        if code is None:
            raise Unstable(f"the code of the module {name} cannot be read")
        mark = ("module", name)
        if mark in self._modules_seen():
            return
        self._modules_seen().add(mark)
        form = CodeForm(code)
        self._add(label, "module code", name, form.form)
        package = name if spec is not None and spec.submodule_search_locations else name.rpartition(".")[0]
        for imported in sorted(set(form.imports)):
            self._imported(package, imported)

    def _modules_seen(self) -> Set[Tuple[str, str]]:
        seen: Set[Tuple[str, str]] = self.__dict__.setdefault("_seen_modules", set())
        return seen


types_generic_alias: Any = getattr(types, "GenericAlias", ())


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _default(function: types.FunctionType, place: int) -> Callable[[], Any]:
    return lambda: (function.__defaults__ or ())[place] if function.__defaults__ else MISSING


def _keyword_default(function: types.FunctionType, key: str) -> Callable[[], Any]:
    return lambda: (function.__kwdefaults__ or {}).get(key, MISSING)


def _follow(namespace: Dict[str, Any], path: List[str]) -> Any:
    value = namespace.get(path[0], MISSING)
    for attribute in path[1:]:
        value = getattr(value, attribute, MISSING)
    return value


def _has_submodule(package: str, member: str) -> bool:
    loaded = sys.modules.get(package)
    if loaded is not None and hasattr(loaded, member):
        return isinstance(getattr(loaded, member), types.ModuleType)
    try:
        return importlib.util.find_spec(f"{package}.{member}") is not None
    except (ImportError, ValueError, AttributeError):
        return False


def data_digest(label: str, value: Any) -> Tuple[str, List[type]]:
    """A digest of plain data, and the classes that took part in it. Raises `Unstable` for what is not
    plain."""
    packer = CanonicalPacker()
    try:
        text = dumps(packer.pack(value))
    except Unstorable as error:
        raise Unstable(f"it reads {label}, which is not plain data: {error}") from None
    except (RecursionError, ValueError, TypeError, RuntimeError) as error:
        raise Unstable(f"it reads {label}, which cannot be read as data: {error!r}") from None
    if len(text) > _DATA_BYTES_MAX:
        raise Unstable(f"it reads {label}, which is too large to be compared")
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), packer.classes
