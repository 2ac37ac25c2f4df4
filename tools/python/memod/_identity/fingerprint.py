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
from typing import AbstractSet, Any, Callable, Collection, Dict, List, Optional, Set, Tuple

from .._codec import class_layout, module_names
from . import modules
from .ambient_inputs import BEYOND, DOCUMENTED, DYNAMIC, READS_AT_IMPORT, REFLECTIVE, ambient
from .class_form import class_annotations, class_members, is_type, spelling
from .code_form import CodeForm, Imported, Read, names_at_import
from .data_source import MISSING, CodeSource, LinkSource, LoadSource, Source
from .plain_data import Digest, Unstable, data_digest, made_digest
from .snapshot import UNCHANGING, snapshot

#: What every module has.
_OF_MODULES = frozenset(
    "__name__ __doc__ __package__ __loader__ __spec__ __builtins__ __file__ __path__ __cached__".split()
)
_INERT = (logging.Logger, type(threading.Lock()), type(threading.RLock()))
_NAMED_BUILTINS = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.MethodWrapperType,
)
_CONTAINERS = (list, dict, set, bytearray)
_CONTAINER_MODULES = ("collections", "array", "queue", "_queue", "asyncio.queues", "multiprocessing.queues")
_CachedWrapper: Any = functools._lru_cache_wrapper
#: Attributes that say nothing about a call: what `update_wrapper` copies, and a cache's functions.
_COPIED = frozenset(("__type_params__", *functools.WRAPPER_ASSIGNMENTS))
_CONTROLS = frozenset(
    ("cache_info", "cache_clear", "cache_parameters", "cache_scope", "refresh", "forget")
)
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_OBJECTS_MAX = 10_000
_DIGEST_LENGTH = 24  # hexadecimal digits: 96 bits


class Fingerprint:
    """The digest, and the data that it was taken over, to see when it no longer holds."""

    def __init__(self, root: Any, package: str, frozen: Optional[Dict[str, str]] = None) -> None:
        """`root` is a function or class. `frozen` are digests by label of data that the function itself keeps
        changing: they count as they were. Raises `Unstable`."""
        self._links = LinkSource()
        self.sources: List[Source] = []
        self.writes: Set[str] = set()
        self._package = package
        self._frozen = frozen or {}
        self._visited: Dict[int, int] = {}
        self._visited_modules: Set[Tuple[str, str]] = set()
        self._mentioned: Set[str] = set()
        #: Modules that functions import while they run, and what of each was looked at.
        self._opened: Dict[str, Set[str]] = {}
        self._functions: List[types.FunctionType] = []
        self._codes: List[types.CodeType] = []
        self._alive: List[Any] = []  # keeps the visited objects, whose ids would else be reused
        self._lines: List[str] = []
        try:
            self._add("python", sys.implementation.cache_tag or sys.version)
            self._value("", None, root)
            self._watch_imported()
            if not DOCUMENTED.isdisjoint(self._mentioned):
                self._add("docstrings", [_docstring(each) for each in self._alive])
        except Unstable:
            raise
        except RecursionError:
            raise Unstable("its code is nested too deep to follow") from None
        except Exception as error:  # raised by the program's own code, such as a metaclass's `__getattr__`
            raise Unstable(f"what it reaches cannot be inspected: {type(error).__name__}") from None
        if self._links.links:
            self.sources.append(self._links)
        if self._functions:
            self.sources.append(CodeSource(self._functions, self._codes))
        text = module_names.portable("\n".join(self._lines))
        self.digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]

    def _add(self, *words: Any) -> None:
        self._lines.append(repr(words))

    def _value(self, label: str, read: Optional[Callable[[], Any]], value: Any) -> None:
        """Adds whatever it is. Without `read` it is part of something that is read as a whole."""
        if not self._code_value(label, value):
            self._data(label, read or _constant(value), value)
        elif read is not None:
            self.sources.append(Source(label, read, value, None))

    def _code_value(self, label: str, value: Any) -> bool:
        """Handles functions, classes, modules and the like. False for what can only be data."""
        kind = type(value)  # what it says of itself (`__class__`) may be another's
        if kind is staticmethod or kind is classmethod:
            self._add(label, kind.__name__)
            self._value(label, None, value.__func__)
        elif kind is types.FunctionType:
            if self._is_outside(value):
                self._external(label, value)
            else:
                self._function(label, value)
        elif issubclass(kind, type):
            if self._is_outside(value):
                self._external(label, value)
            else:
                self._class(label, value)
        elif kind is types.MethodType:
            self._value(f"{label}.__func__", None, value.__func__)
            self._value(f"{label}.__self__", None, value.__self__)
        elif kind is functools.partial:
            self._value(f"{label}.func", None, value.func)
            for place, part in enumerate((value.args, value.keywords, vars(value))):
                self._data(f"{label}.partial{place}", _constant(part), part)
        elif kind is property or issubclass(kind, types.DynamicClassAttribute):
            self._add(label, "property")
            for accessor in (value.fget, value.fset, value.fdel):
                if accessor is not None:
                    self._value(label, None, accessor)
        elif kind is functools.cached_property:
            self._value(label, None, value.func)
        elif kind is re.Pattern:
            self._add(label, "pattern", value.pattern, value.flags)
        elif issubclass(kind, _NAMED_BUILTINS):
            module = getattr(value, "__module__", None) or ""
            self._check_beyond(module, (value.__name__,))
            self._ambient((module, value.__name__))
            self._add(label, "builtin", module, value.__qualname__, modules.version(module))
            owner = getattr(value, "__self__", None)
            if owner is not None and not _is_module(owner):
                self._value(f"{label}.__self__", None, owner)
        elif is_type(value):
            self._add(label, "type", spelling(value))
            for part in (getattr(value, "__origin__", None), *getattr(value, "__args__", ())):
                if is_type(part):
                    self._value(label, None, part)
        elif callable(value) and hasattr(value, "__name__") and self._is_outside(value):
            self._external(label, value)
        elif self._is_own(kind.__module__):
            if not _stands_for_function(value):
                return False
            self._wrapper(label, value)
        elif _is_module(value):
            self._module(label, value.__name__)
            if self._is_own_module(value) and self._first_visit(label, value):
                self._watch(value, [name for name in vars(value) if name not in _OF_MODULES])
        elif issubclass(kind, _INERT):
            self._add(label, "inert", kind.__qualname__)
        elif kind is _CachedWrapper:
            self._wrapper(label, value)
        else:
            return False
        return True

    def _is_own(self, module: Optional[str]) -> bool:
        return modules.is_own_code(module, self._package)

    def _is_own_module(self, module: Any) -> bool:
        """Whether it is a part of the program, or was made by it."""
        name = module.__name__
        return self._is_own(name) or sys.modules.get(name) is not module

    def _is_outside(self, value: Any) -> bool:
        """Whether a function, class or other callable is what its name leads to in a library, and so is known
        by that name and a version."""
        if isinstance(value, type) and not value.__flags__ & _HEAP_TYPE:
            return True
        module, name = _full_name(value)
        return not self._is_own(module) and module_names.resolve(sys.modules.get(module), name) is value

    def _external(self, label: str, value: Any) -> None:
        module, name = _full_name(value)
        self._check_beyond(module, (name,))
        self._add(label, "external", module, name, modules.version(module))
        self._ambient((module, name))

    def _ambient(self, names: Collection[str]) -> None:
        """Adds what in the process decides how functions of these names and modules compute."""
        for name, read in ambient(names):
            if ("process", name) not in self._visited_modules:
                self._visited_modules.add(("process", name))
                self._data(f"process:{name}", read, read())

    def _check_beyond(self, module: str, names: Collection[str]) -> None:
        top = module.partition(".")[0]
        for name in BEYOND.get(top, ()):
            if name in names:
                raise Unstable(f"it uses {name} of {top}, which may be other in another process")

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
        self._functions.append(function)
        self._codes.append(function.__code__)
        form = CodeForm(self._codes[-1])
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
        self._add("annotations", [(key, spelling(value)) for key, value in function.__annotations__.items()])
        self._attributes(name, function)
        for found in sorted(REFLECTIVE.intersection(form.names)):
            raise Unstable(f"it uses {found}, and may reach anything")
        self._ambient(form.names)
        self._mentioned.update(form.names, form.texts)
        for read in sorted(set(form.reads)):
            self._read(function, read, form.names)
        for imported in sorted(set(form.imports)):
            self._check_beyond(imported.name, form.names)
            package = str(function.__globals__.get("__package__") or "")
            for opened in self._imported(package, imported):
                while opened:
                    self._opened.setdefault(opened, set())
                    opened = opened.rpartition(".")[0]

    def _wrapper(self, label: str, value: Any) -> None:
        """A callable object that stands for a function."""
        if self._first_visit(label, value):
            self._add(label, "wrapper", type(value).__qualname__)
            if self._is_own(type(value).__module__):
                self._class(label, type(value))
            self._attributes(label, value, _CONTROLS if type(value) is _CachedWrapper else ())

    def _attributes(self, label: str, holder: Any, trivia: Collection[str] = ()) -> None:
        for name, value in sorted(vars(holder).items()):
            if name not in _COPIED and name not in trivia:
                self._value(f"{label}.{name}", _attribute(holder, name), value)

    def _cell(self, label: str, cell: Any) -> None:
        try:
            value = cell.cell_contents
        except ValueError:
            self._add(label, "empty")
            return
        self._value(label, lambda: cell.cell_contents, value)

    def _read(self, function: types.FunctionType, read: Read, names: List[str]) -> None:
        """Adds what is read. `names` are all that the code mentions."""
        namespace = function.__globals__
        builtins = namespace.get("__builtins__", {})
        builtins = builtins if isinstance(builtins, dict) else vars(builtins)
        if read.name not in namespace and read.name in builtins:
            if read.name in DYNAMIC:
                raise Unstable(f"it calls {read.name}(), and may reach anything")
            self._check_beyond("builtins", (read.name,))
            self._add("builtin", read.name)
            self.sources.append(Source(read.name, lambda: namespace.get(read.name, MISSING), MISSING, None))
            self._library_value("builtins", read.name, self._links.watch(builtins, read.name))
            return
        path = [read.name]
        value = namespace.get(read.name, MISSING)
        for attribute in read.attributes:
            if not _is_module(value) or not self._is_own_module(value):
                break
            path.append(attribute)
            value = getattr(value, attribute, MISSING)
        if _is_module(value) and not self._is_own_module(value):
            attributes = read.attributes[len(path) - 1 :]
            self._check_beyond(value.__name__, attributes or names)
            self._add("module", value.__name__, attributes[:1], modules.version(value.__name__))
            self._ambient((value.__name__,))
            for attribute in attributes:
                name, value = value.__name__, self._links.watch(vars(value), attribute)
                if not _is_module(value):
                    self._library_value(name, attribute, value)
                    break
            return
        if type(value) is type and value.__module__.partition(".")[0] == "pathlib":
            self._check_beyond("pathlib", names)
        label = f"{function.__module__}:{'.'.join(path)}"
        if read.writes == "made":
            self._data(label, lambda: _state(_follow(namespace, path)), _state(value), made_digest)
            kind = _kind(value)
            read_kind = lambda: _kind(_follow(namespace, path))
            self.sources.append(Source(f"code:{path[-1]}", read_kind, kind, repr(kind), repr))
            if self._is_own(kind.__module__):
                self._value(label, None, kind)
            return
        if read.writes and self._is_written(value, read.writes):
            # Its own memory, or a log: as long as it is of that kind, its contents do not matter.
            self._add(label, "written")
            self.sources.append(Source(label, lambda: type(_follow(namespace, path)), type(value), None))
            return
        self._value(label, lambda: _follow(namespace, path), value)

    def _library_value(self, module: str, name: str, value: Any) -> None:
        """Adds what the program has put into a library, and what may be a setting there."""
        kind = type(value)
        named = kind is types.FunctionType or issubclass(kind, type)
        if named and self._is_own(value.__module__) or kind.__module__ == "unittest.mock":
            self._value(f"{module}:{name}", None, value)
        elif named:
            self._add("library", name, *_full_name(value))  # another library may have put it there
        elif kind in UNCHANGING and (module == "builtins" or not modules.is_standard(module)):
            self._add("setting", module, name, data_digest(name, value)[0])

    def _is_written(self, value: Any, writes: str) -> bool:
        """Whether what is done to it runs no code of the program, and has no result."""
        kind = type(value)
        if writes == "method":
            return kind in _CONTAINERS or kind.__module__ in _CONTAINER_MODULES
        return value is not MISSING and not self._is_own(kind.__module__)

    def _data(
        self, label: str, read: Callable[[], Any], value: Any, take: Callable[..., Digest] = data_digest
    ) -> None:
        if label in self._frozen:
            self._add(label, "data", self._frozen[label])
            return
        if value is MISSING:
            self.sources.append(Source(label, read, MISSING, None))
            self._add(label, "missing")
            return
        held = snapshot(value)
        digest, classes = take(label, value)
        self.sources.append(Source(label, read, value, digest, lambda now: take(label, now)[0], held))
        self._add(label, "data", digest)
        self._ambient((type(value).__module__,))
        for cls in classes:
            if not self._is_outside(cls):
                self._class(label, cls)

    def _class(self, label: str, cls: type) -> None:
        for base in reversed(cls.__mro__):
            if self._is_outside(base):
                self._external(label, base)
            elif self._first_visit(label, base):
                self._add(label, "class", base.__qualname__)
                if not self._is_outside(type(base)):
                    self._class(label, type(base))
                for name, annotation, parts in class_annotations(base):
                    self._add("annotation", name, annotation)
                    for part in parts:
                        self._value(f"{label}.{name}", None, part)
                for name, read, value in class_members(base):
                    member = f"{base.__module__}.{base.__qualname__}.{name}"
                    self._add(member)
                    self._value(member, read, value)

    def _imported(
        self, package: str, imported: Imported, called: AbstractSet[str] = frozenset()
    ) -> List[str]:
        """Adds the modules that are imported; returns their names. `called` is what runs at once of them."""
        try:
            name = importlib.util.resolve_name("." * imported.level + imported.name, package or None)
        except (ImportError, ValueError):
            self._add("import", imported)
            return []
        names = [name]
        for member in imported.members:
            if f"{name}.{member}" in sys.modules or modules.has_submodule(name, member):
                names.append(f"{name}.{member}")
        for each in names:
            self._module("import", each, called)
        return names

    def _watch_imported(self) -> None:
        """Adds what functions may read of the modules that they import while they run: whatever goes by a
        name that is mentioned anywhere, which may become more by that."""
        known = (-1, -1)
        while known != (len(self._mentioned), len(self._opened)):
            known = (len(self._mentioned), len(self._opened))
            for name, watched in list(self._opened.items()):
                module = sys.modules.get(name)
                if module is not None and self._is_own_module(module):
                    new = self._mentioned.intersection(vars(module)) - watched - _OF_MODULES
                    watched |= new
                    inner = {each for each in new if _is_module(vars(module)[each])}
                    for each in inner:
                        self._opened.setdefault(vars(module)[each].__name__, set())
                    self._watch(module, new - inner)
        for name in self._opened:
            if name not in sys.modules and ("module", name) in self._visited_modules:
                self.sources.append(LoadSource(name))

    def _watch(self, module: types.ModuleType, names: Collection[str]) -> None:
        for name in sorted(names):
            self._value(f"{module.__name__}:{name}", _attribute(module, name), vars(module)[name])

    def _module(self, label: str, name: str, called: AbstractSet[str] = frozenset()) -> None:
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
            self._ambient((name,))
            return
        code = get_code(name)
        if code is None:
            raise Unstable(f"the code of the module {name} cannot be read")
        mark = ("module", name)
        if mark in self._visited_modules:
            return
        self._visited_modules.add(mark)
        if called or name not in sys.modules:
            called = called | names_at_import(code, called)
            if READS_AT_IMPORT & called:
                raise Unstable(f"the module {name}, which it imports, may read its data from anywhere")
        form = CodeForm(code)
        self._add(label, "module code", name, form.form)
        package = name if spec is not None and spec.submodule_search_locations else name.rpartition(".")[0]
        for imported in sorted(set(form.imports)):
            self._imported(package, imported, called)


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _attribute(holder: Any, name: str) -> Callable[[], Any]:
    return lambda: vars(holder).get(name, MISSING)


def _is_module(value: Any) -> bool:
    return issubclass(type(value), types.ModuleType)


def _full_name(value: Any) -> Tuple[str, str]:
    """The module and the name by which a function, class or other callable goes."""
    module = getattr(value, "__module__", type(value).__module__)
    return module or "", getattr(value, "__qualname__", None) or value.__name__


def _stands_for_function(value: Any) -> bool:
    """Whether an object is what `functools.update_wrapper` makes of one, with all its state in attributes."""
    kind = type(value)
    return (
        callable(value)
        and hasattr(value, "__wrapped__")
        and class_layout.has_plain_layout(kind)
        and not class_layout.slots(kind)
    )


def _docstring(value: Any) -> Optional[str]:
    text = vars(value).get("__doc__") if issubclass(type(value), type) else getattr(value, "__doc__", None)
    return text if isinstance(text, str) else None


def _default(function: types.FunctionType, place: int) -> Callable[[], Any]:
    return lambda: (function.__defaults__ or ())[place] if function.__defaults__ else MISSING


def _keyword_default(function: types.FunctionType, key: str) -> Callable[[], Any]:
    return lambda: (function.__kwdefaults__ or {}).get(key, MISSING)


def _follow(namespace: Dict[str, Any], path: List[str]) -> Any:
    value = namespace.get(path[0], MISSING)
    for attribute in path[1:]:
        value = getattr(value, attribute, MISSING)
    return value


def _kind(value: Any) -> Any:
    """The function or class that a value is, or the class that it is of."""
    kind = type(value)
    return value if kind is types.FunctionType or issubclass(kind, type) else kind


def _state(value: Any) -> Any:
    """What an object holds, which is looked into where an object alone says nothing."""
    return getattr(value, "__dict__", value)
