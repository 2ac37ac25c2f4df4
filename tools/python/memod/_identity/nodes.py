"""What one function, class, wrapper or module contributes to the fingerprints of all that reach it. A node is made once
in a process, and kept as long as a fingerprint needs it."""

from __future__ import annotations

import functools
import re
import sys
import types

from .._client.digests import text_digest
from .._client.signals import pass_signal
from .._codec import module_names
from . import hash_watch, known_modules
from .ambient_inputs import INPUT_WORDS, REFLECTIVE, inputs_of
from .class_form import WORD, annotations_of, class_annotations, class_members, generated_members, is_type, spelling, type_parts
from .code_form import LOOKUPS, CodeForm, Read
from .code_store import code_form, set_flow_of
from .data_source import MISSING, Constant
from .known_modules import OUTSIDE
from .plain_data import Digest, Unstable, made_digest
from .contribution import LOOKS_MAX, Look
from .library_use import LibraryUse
from .scope import Scope
from .set_data import flows_of_class
from .set_order import Flow
from .snapshot import UNCHANGING
from .values import CONTROLS, COPIED, NAMED_BUILTINS, OF_MODULES, CachedWrapper, Held, default_of, follow, is_cache
from .values import is_container, is_inert, is_module, kind_of, stands_for_function
from .watch import Binding, Inherited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Any, Callable, Collection, Dict, Iterable, List, Optional, Set, Tuple

_DISPATCHER = getattr(functools.singledispatch(lambda each: each), "__code__", None)
_EVALUATORS = frozenset("get_type_hints get_annotations evaluate_forward_ref call_evaluate_function".split())
#: Methods of pandas that look for variables by name; text that means the time, and what takes it so.
_QUERIES = frozenset(("query", "eval"))
_CLOCK_WORDS = frozenset(("now", "today"))
_CLOCKS = frozenset("datetime64 Timestamp to_datetime Period date_range bdate_range DatetimeIndex".split())
#: Of `object`: they say where an object lies.
_OF_OBJECTS = frozenset("__repr__ __str__ __format__ __hash__ __reduce__".split())
#: All by which code tells on what it depends.
_TELLING = frozenset().union(REFLECTIVE, known_modules.WORDS, _QUERIES, _CLOCK_WORDS, INPUT_WORDS)


class Node(LibraryUse):
    """The contribution of one object."""

    _by_mention = False  # whether what a look has found depends on more of the code than what is read

    def __init__(self, scope: Scope, value: Any) -> None:
        super().__init__(scope, value)
        try:
            self._build(value)
        except Unstable as error:
            self.problem = str(error)
        except RecursionError:
            self.problem = "it is nested too deep to follow"
        except Exception as error:  # raised by the program's own code, such as a metaclass's `__getattr__`
            pass_signal(error)
            self.problem = f"what it reaches cannot be inspected: {type(error).__name__}"
        text = module_names.portable("\n".join((*self._lines, repr([label for label, _, _ in self.edges]))))
        self.digest = text_digest(text)[:32]
        del self._lines, self._edges

    def _build(self, value: Any) -> None:
        kind = type(value)
        shared = _shared_of(value)
        if kind is Held:
            self._held(value)
        elif shared is not None:
            self._add("memoized", shared.identity.options)
            self._lead("wrapped", None, shared.function)
            if shared.options.key is not None:
                self._lead("key", None, shared.options.key)
        elif kind is types.FunctionType:
            self._function(value)
        elif issubclass(kind, type):
            self._class(value)
        elif is_module(value):
            self._whole_module(value)
        else:
            self._wrapper(value)

    @property
    def caches(self) -> List[Any]:
        """Itself, if it keeps results."""
        return [self.value] if is_cache(self.value) else []

    @property
    def classes(self) -> List[str]:
        """Its name, if it is a class."""
        return [self.name] if isinstance(self.value, type) else []

    def set_flow(self) -> Iterable[Flow]:
        """Where sets may go."""
        kind = type(self.value)
        if kind is types.FunctionType:
            return set_flow_of(self.value.__code__)
        return flows_of_class(self.value) if issubclass(kind, type) else ()

    def _held(self, held: Held) -> None:
        if not is_module(held.holder):
            name = getattr(held.holder, "__name__", "")
            if issubclass(type(held.holder), types.BuiltinFunctionType) and name in known_modules.BARE:
                self._beyond("", name, OUTSIDE)  # as it may be called without arguments
            self._lead(held.name, None, held.holder)
            return
        space = vars(held.holder)
        read = _attribute(held.holder, held.name)
        label = f"{held.holder.__name__}:{held.name}"
        self._lead(label, read, space.get(held.name, MISSING), (space, held.name))

    def _lead(
        self,
        label: str,
        read: Optional[Callable[[], Any]],
        value: Any,
        place: Optional[Tuple[Any, str]] = None,
    ) -> None:
        """Adds whatever it is. Without `read` and `place` it is part of something that is watched as a whole."""
        if self._code(label, value):
            if place is not None:
                self.bindings.add(Binding(place[0], place[1], value))
            elif read is not None:
                self.paths += ((read, value),)
        elif read is None and type(value) in UNCHANGING:
            self._add(label, "constant", type(value).__name__, repr(value))
        else:
            self._of_kind(type(value))
            self._data(label, read or (lambda: value), place=place)

    def _code(self, label: str, value: Any) -> bool:
        """Handles functions, classes, modules and the like. False for what can only be data."""
        kind = type(value)  # what it says of itself (`__class__`) may be another's
        scope = self._scope
        if kind in UNCHANGING:
            return False
        if kind is staticmethod or kind is classmethod:
            self._add(label, kind.__name__)
            self._lead(label, None, value.__func__)
        elif _shared_of(value) is not None:
            self._edge(label, value)
        elif kind is types.FunctionType or issubclass(kind, type):
            if scope.is_outside(value):
                self._external(label, value)
            elif kind is types.FunctionType:
                self._edge(label, value)
            else:
                self._bases(label, value)
        elif kind is types.MethodType:
            self._lead(f"{label}.__func__", None, value.__func__)
            self._lead(f"{label}.__self__", None, value.__self__)
        elif kind is functools.partial:
            self._lead(f"{label}.func", None, value.func)
            for place, part in enumerate((value.args, value.keywords, vars(value))):
                self._data(f"{label}.partial{place}", Constant(part))
        elif kind is property or issubclass(kind, types.DynamicClassAttribute):
            self._add(label, "property")
            for accessor in (value.fget, value.fset, value.fdel):
                if accessor is not None:
                    self._lead(label, None, accessor)
        elif kind is functools.singledispatchmethod:
            self._lead(label, None, value.dispatcher)
        elif kind is functools.cached_property:
            self._lead(label, None, value.func)
        elif kind is re.Pattern:
            self._add(label, "pattern", value.pattern, value.flags)
            self.inputs = self.inputs.union(("locale",) if value.flags & re.LOCALE else ())
        elif issubclass(kind, NAMED_BUILTINS):
            module = getattr(value, "__module__", None) or ""
            owner: Any = getattr(value, "__self__", None)
            names = value.__qualname__.split(".")
            if not module and issubclass(type(owner), type):
                module, names = owner.__module__, [*owner.__qualname__.split("."), value.__name__]
            if module:
                self._depend(module, names)
            self._add(label, "builtin", module, value.__qualname__, self._version(module))
            if owner is not None and not is_module(owner):
                self._lead(f"{label}.__self__", None, owner)
            elif value.__name__ == "hash" and module == "builtins":
                raise Unstable("it hands on hash(), which is other in another process")
        elif is_type(value):
            self._add(label, "type", spelling(value))
            for part in (getattr(value, "__origin__", None), *getattr(value, "__args__", ())):
                if is_type(part):
                    self._lead(label, None, part)
            for part in type_parts(value):
                self._lead(label, None, part)
        elif kind.__module__ == "unittest.mock":
            raise Unstable(f"it reaches {label}, which is a mock")
        elif callable(value) and hasattr(value, "__name__") and scope.is_outside(value):
            self._external(label, value)
        elif scope.is_own(kind.__module__):
            if not stands_for_function(value):
                return False
            self._edge(label, value)
        elif is_module(value):
            self.handed |= {value.__name__}
            self.handed_modules |= {value.__name__}
            if scope.is_own_module(value):
                self._edge(label, value)
            else:
                self._library_module(value.__name__)
        elif is_inert(kind):
            self._by_mention = True
            if "locked" in self.attributes and kind.__module__ == "_thread":
                raise Unstable(f"it asks whether {label} is locked")
            self._add(label, "inert", kind.__qualname__)
        elif kind is CachedWrapper:
            self._edge(label, value)
        else:
            return False
        return True

    # The program's own

    def _function(self, function: types.FunctionType) -> None:
        if function.__code__ is _DISPATCHER:
            self._dispatcher(function)
            return
        form = code_form(function.__code__)
        self.writes = form.writes
        self.iterates = form.iterates
        self.makes_sets = form.makes_sets
        self.computes = form.computes
        self.counted = form.counted
        self.form = form.digest
        self.texts = form.texts
        self._add("function", form.digest)
        name = f"{function.__module__}.{function.__qualname__}"
        if function.__defaults__:
            for place, value in enumerate(function.__defaults__):
                self._lead(f"{name} default {place}", None, value)
        for key, value in sorted((function.__kwdefaults__ or {}).items()):
            self._lead(f"{name} default {key}", None, value)
        for free, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            self._cell(f"{name} closure {free}", cell)
        annotations = annotations_of(function)
        if annotations:
            self._add("annotations", [(key, spelling(value)) for key, value in annotations.items()])
        self._attributes_of(name, function)
        attributes = form.attributes if LOOKUPS.isdisjoint(form.names) else form.attributes | form.texts
        self._mentions(form.names, attributes, form.texts)
        if not _EVALUATORS.isdisjoint(form.names) and self._scope.is_own(function.__globals__.get("__name__")):
            raise Unstable("it evaluates annotations, which may name anything")
        for found in sorted(form.bare):
            if self._reads_clock(function, form, found):
                self._beyond("", found.rpartition(".")[2], OUTSIDE)
        if form.reads:
            mark = id(function.__globals__), function.__module__
            known = self._scope.reads.get(mark)
            if known is None or known[0] is not function.__globals__:
                known = self._scope.reads[mark] = function.__globals__, {}
            looks: Dict[Read, Look] = known[1]
            for read in form.reads:
                look = looks.get(read)
                if look is None:
                    self._read(function, read, attributes, looks)
                else:
                    self._take(look)
        package = str(function.__globals__.get("__package__") or "")
        for imported in form.imports:
            self._import(package, imported, attributes)
        self._accessors(attributes)

    def _reads_clock(self, function: types.FunctionType, form: CodeForm, called: str) -> bool:
        """Whether what is `called` as `CodeForm.bare` has it goes by a clock or by chance."""
        name, _, variable = called.partition(" ")
        holder, dot, name = name.rpartition(".")
        space = function.__globals__
        if not dot:
            return not variable or (name in known_modules.CLOCKS and default_of(function, variable) is None)
        if not holder:
            return space.get(name) is vars(sys.modules.get("time", types)).get(name)
        found: Any = space.get(holder)
        imported = holder not in space and any(each.name == "time" for each in form.imports)
        return imported or (is_module(found) and found.__name__ == "time")

    def _dispatcher(self, function: Any) -> None:
        """What `functools.singledispatch` makes: the functions, by class."""
        self._add("singledispatch", function.__qualname__)
        registry = function.registry
        label = f"{function.__module__}.{function.__qualname__}"
        self._data(f"{label}.registry", Constant(registry))
        for cls in registry:
            self._registry(f"{label}.{cls.__qualname__}", cls, self._scope.is_own)

    def _mentions(self, names: AbstractSet[str], attributes: AbstractSet[str], texts: AbstractSet[str]) -> None:
        if not (_TELLING.isdisjoint(names) and _TELLING.isdisjoint(texts)):
            self._telling(names, attributes, texts)
        self.mentioned = names | texts if texts else names
        self.attributes = attributes

    def _telling(self, names: AbstractSet[str], attributes: AbstractSet[str], texts: AbstractSet[str]) -> None:
        for found in sorted(REFLECTIVE.intersection(names)):
            raise Unstable(f"it uses {found}, and may reach anything")
        for found in sorted(known_modules.WORDS.keys() & attributes):
            raise Unstable(f"it uses {found}, which may be other in another process")
        if not _QUERIES.isdisjoint(attributes) and any("@" in text for text in texts):
            raise Unstable("it has a query that names variables")
        if not _CLOCK_WORDS.isdisjoint(texts) and not _CLOCKS.isdisjoint(names):
            self._beyond("", "now", OUTSIDE)
        self.inputs = self.inputs.union(inputs_of(names))

    def _wrapper(self, value: Any) -> None:
        """A callable object that stands for a function."""
        self._add("wrapper", type(value).__qualname__)
        if self._scope.is_own(type(value).__module__):
            self._bases("type", type(value))
        self._attributes_of(self.name, value, CONTROLS if type(value) is CachedWrapper else ())

    def _attributes_of(self, label: str, holder: Any, trivia: Collection[str] = ()) -> None:
        held = vars(holder)
        for name in sorted(held):
            if name not in COPIED and name not in trivia:
                self._lead(f"{label}.{name}", _attribute(holder, name), held[name], (held, name))

    def _cell(self, label: str, cell: Any) -> None:
        try:
            value = cell.cell_contents
        except ValueError:
            self._add(label, "empty")
            return
        if type(value) is type and "__class__" in label:
            return  # the class that it is a method of, whose methods count where they are reached
        self._lead(label, lambda: cell.cell_contents, value)

    def _read(
        self, function: types.FunctionType, read: Read, mentioned: AbstractSet[str], looks: Dict[Read, Look]
    ) -> None:
        """Adds what is read. `mentioned` are all attributes that the code looks for, `looks` what was found out of the
        namespace."""
        value = function.__globals__.get(read[0])
        if not read[1] and type(value) is types.FunctionType and self._scope.is_own(value.__module__):
            self._read_anew(function, read, mentioned)  # which takes no longer than to note what it adds
            return
        self._by_mention = False
        found = self._note_look(lambda: self._read_anew(function, read, mentioned))
        if found is not None and not self._by_mention and len(looks) < LOOKS_MAX:
            looks[read] = found

    def _read_anew(self, function: types.FunctionType, read: Read, mentioned: AbstractSet[str]) -> None:
        namespace = function.__globals__
        name, names, writes = read
        builtins = namespace.get("__builtins__", {})
        builtins = builtins if isinstance(builtins, dict) else vars(builtins)
        value = namespace.get(name, MISSING)
        if (value is MISSING or value is hash_watch.watched_hash) and name in builtins:
            if name == "hash" and builtins is vars(sys.modules["builtins"]):
                hash_watch.watch(namespace)
            elif value is MISSING:
                self.bindings.add(Binding(namespace, name, MISSING))
            if name == "object" and not _OF_OBJECTS.isdisjoint(names):
                raise Unstable(f"it uses object.{names[0]}, which is other in another process")
            self._once(("builtins", name), lambda: self._builtin(name))
            return
        path = [name]
        holder: Any = None
        for attribute in names:
            if not is_module(value) or not self._scope.is_own_module(value):
                break
            path.append(attribute)
            holder, value = value, getattr(value, attribute, MISSING)
        place = (namespace if holder is None else vars(holder), path[-1])
        attributes = names[len(path) - 1 :]
        label = f"{function.__module__}:{'.'.join(path)}"
        if is_module(value) and not self._scope.is_own_module(value):
            self.bindings.add(Binding(*place, value))
            if len(attributes) == 1 and _is_plain(vars(value).get(attributes[0])):
                mark = (id(vars(value)), *attributes, self._version(value.__name__))
                self._once(mark, lambda: self._library_read(value, attributes, mentioned))
            else:
                self._by_mention = True
                self._library_read(value, attributes, mentioned)
            return
        if issubclass(type(value), type) and self._scope.is_outside(value):
            self._by_mention = True
            self.bindings.add(Binding(*place, value))
            self._external(label, value, attributes)
            if not attributes:
                self.handed |= {value.__module__}
            for name in () if attributes else mentioned:
                self._depend_if_listed(value.__module__, name)
            self._patches(value, mentioned)
            if attributes:
                self._setting(label, value, attributes)
            return
        if writes == "made":
            self._data(label, lambda: follow(namespace, path), _take_made, place)
            return
        if writes and _is_written(self._scope, value, writes):
            # Its own memory, or a log: as long as it is of that kind, its contents do not matter.
            self._add(label, "written")
            self.paths += ((lambda: type(follow(namespace, path)), type(value)),)
            return
        kind = type(value)
        if (
            attributes
            and not self._scope.is_own(kind.__module__)
            and not is_container(kind)
            and kind not in UNCHANGING
        ):
            self._object_of_library(label, value, attributes, place)
            return
        self._lead(label, lambda: follow(namespace, path), value, place)

    def _builtin(self, name: str) -> None:
        self._depend("builtins", (name,))
        self._add("builtin", name)
        self._library_value(sys.modules["builtins"], name, ())

    def _class(self, cls: type) -> None:
        self._add("class", cls.__qualname__)
        self.makes_sets = any(True for _ in flows_of_class(cls))
        self._registry(cls.__qualname__, cls, lambda module: True)
        if not self._scope.is_outside(type(cls)):
            self._bases("metaclass", type(cls))
        for name, annotation, parts in class_annotations(cls):
            self._add("annotation", name, annotation)
            self._annotated(annotation)
            for part in parts:
                self._lead(name, None, part)
        held = vars(cls)
        if "__attrs_attrs__" in held:
            self.inputs |= {"attrs"}
        for name, read, value in class_members(cls):
            if isinstance(value, str) and name[-6:] == " field":
                self._annotated(value)
            member = f"{cls.__module__}.{cls.__qualname__}.{name}"
            self._add(name)
            place = (held, name) if held.get(name, MISSING) is value else None
            self._lead(member, read, value, place)
        self.bindings.update(Binding(held, *each) for each in generated_members(cls))
        inherited = {name for base in cls.__mro__[1:] if not self._scope.is_outside(base) for name in vars(base)}
        self.bindings.update(Inherited(held, name) for name in inherited - held.keys())

    def _annotated(self, text: str) -> None:
        """Types that say what the process finds: a clock, or files."""
        for name in sorted(known_modules.ANNOTATED.intersection(WORD.findall(text))):
            self._depend("pydantic", (name,))

    def _bases(self, label: str, cls: type) -> None:
        """A class of the program with what it inherits."""
        for base in reversed(cls.__mro__):
            if self._scope.is_outside(base):
                self._external(label, base)
            else:
                self._edge(label, base)

    def _whole_module(self, module: types.ModuleType) -> None:
        self._add("module", module.__name__)
        if self._scope.is_own_module(module):
            held = vars(module)
            for name in sorted(name for name in held if name not in OF_MODULES):
                if held[name] is not hash_watch.watched_hash:
                    self._lead(
                        f"{module.__name__}:{name}", _attribute(module, name), held[name], (held, name)
                    )


def _is_plain(value: Any) -> bool:
    """Whether what is read of a library's module is a function of it, and what else the code mentions does not matter."""
    return issubclass(type(value), (types.FunctionType, types.BuiltinFunctionType))


def _attribute(holder: Any, name: str) -> Callable[[], Any]:
    return lambda: vars(holder).get(name, MISSING)


def _shared_of(value: Any) -> Any:
    """What memod knows of a wrapper of its own."""
    kind = type(value)
    if kind is CachedWrapper or kind is types.FunctionType:
        found = getattr(value, "__memod__", None)  # `vars` would give it a dict
        return found if found is not None and found.is_behind(value) else None
    return None


def _take_made(label: str, value: Any) -> Digest:
    """What the program makes when it first needs it: its class and its contents."""
    digest, parts = made_digest(label, value)
    return digest, parts


def _is_written(scope: Scope, value: Any, writes: str) -> bool:
    """Whether what is done to it runs no code of the program, and has no result."""
    kind = type(value)
    if writes == "method":
        return is_container(kind)
    return value is not MISSING and not scope.is_own(kind.__module__)


__all__ = ["Node", "kind_of"]
