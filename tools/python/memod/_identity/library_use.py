"""How code uses libraries, and on what that depends."""

from __future__ import annotations

import sys
import types

from .._client.signals import pass_signal
from .._codec.class_layout import HEAP_TYPE
from . import known_modules
from .chance_watch import load_generators
from .class_form import is_abstract, is_type, registered
from .code_form import Imported
from .contribution import Contribution
from .data_source import MISSING
from .known_modules import CODE, OUTSIDE, PROCESS, PURE
from .module_code import absolute_name, imported_names
from .plain_data import Digest, Parts, Unstable, data_digest
from .registrations import counted
from .snapshot import UNCHANGING
from .values import NAMED_BUILTINS, CachedWrapper, full_name, is_module
from .watch import Binding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Any, Callable, Collection, Iterable, Tuple

#: Classes of packages that programs add accessors and methods to. What they add to the standard library's counts anyway.
_EXTENDED = (("pandas", ("DataFrame", "Series", "Index")), ("polars", ("DataFrame", "LazyFrame", "Series", "Expr")))


class LibraryUse(Contribution):
    """The part of a node that is not the program's own."""

    def _depend(self, module: str, names: Iterable[str]) -> None:
        """Notes on what it depends that something of a library is used."""
        names = tuple(names)
        for word in known_modules.verdict(module, names).split():
            if word in (PROCESS, CODE, OUTSIDE):
                self._beyond(module, ".".join(names), word)
            elif word != PURE:
                self.inputs |= {word}

    def _beyond(self, module: str, name: str, verdict: str) -> None:
        what = f"{name}()" if module in ("builtins", "") else f"{name or 'all'} of {module}"
        if verdict == OUTSIDE:
            reason = f"it uses {what}, which may be other at another time; ttl= says for how long to keep it"
            self.outside = self.outside or reason
        elif verdict == CODE and module == "builtins":
            raise Unstable(f"it calls {what}, and may reach anything")
        elif verdict == CODE:
            raise Unstable(f"it uses {what}, which may reach any code")
        elif known_modules.is_standard_name(module) or known_modules.is_listed(module):
            raise Unstable(f"it uses {what}, which may be other in another process")

    def _of_kind(self, kind: Any) -> None:
        """Notes on what it depends that an object of a library's class is used."""
        module = kind.__module__
        if module != "builtins" and not self._scope.is_own(module) and known_modules.is_listed(module):
            self._depend(module, kind.__qualname__.split("."))

    def _library_module(self, name: str) -> None:
        self._add("module", name, self._version(name))

    def _external(self, label: str, value: Any, attributes: Tuple[str, ...] = ()) -> None:
        module, name = full_name(value)
        self._depend(module, (*name.split("."), *attributes))
        self._add(label, "external", module, name, self._version(module))
        self._registry(label, value, self._scope.is_own)
        if self._scope.follows(value):
            self._edge(label, value)

    def _library_value(self, module: Any, name: str, attributes: Tuple[str, ...]) -> None:
        """Adds what goes by a name in a library, where the program may have put something of its own or a setting."""
        space = vars(module)
        value = space.get(name, MISSING)
        if value is MISSING:
            return  # it will be what the library makes it
        self.bindings.add(Binding(space, name, value))
        kind = type(value)
        scope = self._scope
        named = kind is types.FunctionType or issubclass(kind, type)
        if kind.__module__ == "unittest.mock" or (named and scope.is_own(value.__module__)):
            self._lead(f"{module.__name__}:{name}", None, value)
        elif named:
            self._add("library", name, *full_name(value))  # another library may have put it there
            self._registry(f"{module.__name__}:{name}", value, scope.is_own)
            if not attributes and scope.follows(value):
                self._edge(name, value)
            elif attributes and issubclass(kind, type):
                self._setting(f"{module.__name__}:{name}", value, attributes)
        elif issubclass(kind, NAMED_BUILTINS) or kind is CachedWrapper or is_type(value):
            self._add("library", name, getattr(value, "__qualname__", ""))
        elif module.__name__ == "builtins":
            self._lead(f"builtins:{name}", lambda: space.get(name, MISSING), value, (space, name))
        elif callable(value) and not kind.__flags__ & HEAP_TYPE:
            # As numpy's functions: another one may be in its place.
            self._add("library", name, *_own_name(value))
            if attributes:
                self._setting(f"{module.__name__}:{name}", value, attributes)
        elif attributes:
            self._setting(f"{module.__name__}:{name}", value, attributes)
        elif not (callable(value) and _is_of(value, module.__name__)):
            self._optional(f"{module.__name__}:{name}", lambda: space.get(name, MISSING), (id(space), name))

    def _registry(self, label: str, cls: Any, is_own: Callable[[str], bool]) -> None:
        """Classes that count as subclasses of an abstract one."""
        if is_abstract(cls):
            mark = (id(cls), "registry")
            counts = counted(cls, is_own)
            self._data(f"{label}.registered", lambda: registered(cls, counts), mark=mark)

    def _setting(self, label: str, holder: Any, attributes: Tuple[str, ...]) -> None:
        """Adds an attribute of a library's object or class, if it is data."""
        for place in range(1, len(attributes) + 1):
            path = attributes[:place]
            value = _attributes(holder, path)
            kind = type(value)
            if value is MISSING or callable(value):
                return
            if kind in UNCHANGING or kind in (tuple, list, dict, set, frozenset):
                self._optional(f"{label}.{'.'.join(path)}", lambda: _attributes(holder, path), (id(holder), path))
                return

    def _optional(self, label: str, read: Callable[[], Any], mark: Any) -> None:
        """Data of a library: what cannot be told apart is the library's affair."""
        self._data(label, read, _take_optional, mark=mark)

    def _patches(self, cls: type, attributes: Collection[str]) -> None:
        """Adds what was put onto a library's class from elsewhere, of what the code mentions."""
        for base in cls.__mro__:
            held = vars(base)
            if base is object or not base.__flags__ & HEAP_TYPE:
                continue
            for name in held:
                if name not in attributes and not name.startswith("__"):
                    continue  # what operators and the like call is named nowhere
                value = held[name]
                inner = getattr(value, "__func__", getattr(value, "fget", value))
                self.bindings.add(Binding(held, name, value))
                label = f"{base.__qualname__}.{name}"
                accessor = _accessor_of(value)
                if accessor is not None and self._scope.is_own(getattr(accessor, "__module__", None)):
                    self._lead(label, None, accessor)
                elif type(inner).__module__ == "unittest.mock":
                    raise Unstable(f"it reaches {label}, which is a mock")
                elif self._scope.is_own(getattr(inner, "__module__", None)):
                    self._lead(label, None, inner)
                elif type(inner) is types.FunctionType and not (_belongs(inner, base) and inner.__name__ == name):
                    self._add("library", label, *full_name(inner))

    def _accessors(self, attributes: AbstractSet[str]) -> None:
        """What the program has put onto classes of libraries whose objects may be among the arguments."""
        for module, names in _EXTENDED:
            loaded = sys.modules.get(module)
            if loaded is None:
                continue
            for name in names:
                cls = getattr(loaded, name, None)
                for held in (vars(cls),) if isinstance(cls, type) else ():
                    if not self.computes and held.keys().isdisjoint(attributes):
                        continue
                    for attribute in held.keys() if self.computes else held.keys() & attributes:
                        value = held[attribute]
                        inner = _accessor_of(value) or getattr(value, "__func__", getattr(value, "fget", value))
                        kind = type(inner)
                        if kind.__module__ == "unittest.mock":
                            raise Unstable(f"it reaches {name}.{attribute}, which is a mock")
                        if kind is types.FunctionType or issubclass(kind, type):
                            self.bindings.add(Binding(held, attribute, value))
                            if self._scope.is_own(inner.__module__):
                                self._lead(f"{name}.{attribute}", None, inner)
                            elif kind is types.FunctionType and inner.__name__ != attribute:
                                self._add("library", f"{name}.{attribute}", *full_name(inner))

    def _object_of_library(self, label: str, value: Any, attributes: Tuple[str, ...], place: Any) -> None:
        """An object of a library's class, of which an attribute is read: data that it holds count."""
        self._lead(label, lambda: place[0].get(place[1], MISSING), value, place)
        if type(value) is not types.FunctionType and not is_module(value):
            self._setting(label, value, attributes)

    def _depend_if_listed(self, module: str, name: str) -> None:
        for _ in known_modules.exceptions_mentioned(module, (name,)):
            self._depend(module, (name,))

    def _library_read(self, module: Any, attributes: Tuple[str, ...], mentioned: AbstractSet[str]) -> None:
        """A module of a library, and what is read of it."""
        name = module.__name__
        self._library_module(name)
        if not attributes:
            self._handed_on(name, mentioned)
            return
        for place, attribute in enumerate(attributes):
            rest = attributes[place + 1 :]
            if attribute == "random" and module.__name__ == "numpy":
                load_generators()
            value = vars(module).get(attribute, MISSING)
            if is_module(value):
                self.bindings.add(Binding(vars(module), attribute, value))
                module = value
                self._add("module", module.__name__, self._version(module.__name__))
                if not rest:
                    self._handed_on(module.__name__, mentioned)
                continue
            self._depend(module.__name__, attributes[place:])
            origin = getattr(value, "__module__", None)
            if isinstance(origin, str) and origin != module.__name__ and known_modules.is_listed(origin):
                for _ in known_modules.exceptions_mentioned(origin, (attribute,)):
                    self._depend(origin, (attribute, *rest))
            if issubclass(type(value), type):
                self._patches(value, mentioned)
                if not rest:
                    self.handed |= {value.__module__}
                for each in () if rest else mentioned:
                    self._depend_if_listed(value.__module__, each)
            self._add("of module", attribute)
            self._library_value(module, attribute, rest)
            return

    def _handed_on(self, name: str, mentioned: AbstractSet[str]) -> None:
        """A module of a library as an object: what is mentioned may be looked for in it."""
        self.handed |= {name}
        self.handed_modules |= {name}
        module = sys.modules.get(name)
        held = vars(module).keys() if module is not None else frozenset()
        for attribute in sorted(mentioned):
            if attribute in held:
                self._depend(name, (attribute,))
        if module is None and not known_modules.is_standard_name(name):
            return
        if module is None:
            self._depend(name, ())

    def _import(self, package: str, imported: Imported, mentioned: AbstractSet[str]) -> None:
        name = absolute_name(imported, package)
        if name is None:
            self._add("import", imported)
            return
        for each in imported_names(name, imported):
            self.imports += (("import", each),)
            self.opened += (each,)
            if self._scope.owns_code(each):
                continue
            if imported.members and each == name:
                for member in imported.members:
                    if f"{name}.{member}" not in sys.modules or member not in imported_names(name, imported):
                        self._member(each, member, mentioned)
            else:
                self._handed_on(each, mentioned)

    def _member(self, module: str, member: str, mentioned: AbstractSet[str]) -> None:
        """`from module import member`, within a function."""
        loaded = sys.modules.get(module)
        if is_module(vars(loaded).get(member)) if loaded is not None else False:
            return
        self._depend(module, (member,))
        if loaded is not None:
            value = vars(loaded).get(member, MISSING)
            if value is not MISSING:
                self._library_value(loaded, member, ())
                if issubclass(type(value), type):
                    self._patches(value, mentioned)
                    for each in mentioned:
                        self._depend_if_listed(value.__module__, each)


def _is_of(value: Any, module: str) -> bool:
    """Whether something comes of a library, by what it says of itself."""
    return str(getattr(value, "__module__", "")).partition(".")[0] == module.partition(".")[0]


def _own_name(value: Any) -> Tuple[str, ...]:
    """What something that was compiled says of itself."""
    return tuple(str(getattr(value, part, "")) for part in ("__module__", "__qualname__", "__name__"))


def _take_optional(label: str, value: Any) -> Digest:
    try:
        return data_digest(label, value)
    except Unstable:
        return "opaque", Parts()


def _attributes(value: Any, path: Tuple[str, ...]) -> Any:
    for name in path:
        try:
            value = getattr(value, name, MISSING)
        except Exception as error:
            pass_signal(error)
            return MISSING
    return value


def _accessor_of(value: Any) -> Any:
    """The class of what the program adds to pandas or polars, where it is that."""
    accessor = getattr(value, "_accessor", None)
    return getattr(value, "_ns", None) if isinstance(accessor, str) else accessor


def _belongs(function: types.FunctionType, cls: type) -> bool:
    """Whether a method comes of the library that its class comes of, or of Python."""
    function = getattr(function, "__memod_stands_for__", function)
    origin = function.__globals__.get("__name__") or ""
    home = str(cls.__module__).partition(".")[0]
    return str(origin).partition(".")[0] in (home, home.lstrip("_")) or known_modules.is_standard_name(
        str(origin)
    )
