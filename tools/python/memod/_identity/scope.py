"""What counts as the program, for fingerprints of the functions of one package."""

from __future__ import annotations

import sys
import types
from weakref import WeakValueDictionary

from .._codec import class_layout, module_names
from .._codec.class_layout import HEAP_TYPE
from . import known_modules, library_constants, library_marks, modules
from .data_source import OF_LIBRARY, Source
from .module_code import own_code
from .values import full_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Tuple


class Scope:
    """Tells the program's own code from that of libraries, and remembers it for loaded modules."""

    def __init__(self, package: str) -> None:
        self.package = package
        #: Walks from functions that several lead to, by id.
        self.walks: WeakValueDictionary[int, Any] = WeakValueDictionary()
        #: How often a node was dropped that no longer held.
        self.renewed = 0
        self._constants: Dict[str, Tuple[Any, List[Source]]] = {}
        self._places: Dict[Tuple[str, bool], Tuple[Any, List[Source]]] = {}
        self._own: Dict[str, bool] = {}
        self._followed: Dict[str, bool] = {}
        #: What was found out of names of libraries.
        self.looks: Dict[Any, Any] = {}
        #: And of those that code reads, where nothing has changed since.
        self.reads: Dict[Any, Any] = {}
        #: Data that several functions read, which are looked at once.
        self.sources: WeakValueDictionary[Any, Source] = WeakValueDictionary()

    def is_own(self, module: Optional[str]) -> bool:
        """Whether a module is a part of the program."""
        if not module or not isinstance(module, str):
            return False
        known = self._own.get(module)
        if known is None:
            known = modules.is_own_code(module, self.package)
            if module in sys.modules:
                self._own[module] = known
        return known

    def is_own_module(self, module: Any) -> bool:
        """Whether a module object is a part of the program, or was made by it."""
        name = module.__name__
        return self.is_own(name) or sys.modules.get(name) is not module

    def owns_code(self, module: str) -> bool:
        """Whether a module, loaded or not, has source that is a part of the program."""
        return own_code(module, self.package) is not None

    def is_outside(self, value: Any) -> bool:
        """Whether a function, class or other callable is what its name leads to in a library, and so is known
        by that name and a version."""
        if isinstance(value, type) and not value.__flags__ & HEAP_TYPE:
            return True
        module, name = full_name(value)
        return not self.is_own(module) and module_names.resolve(sys.modules.get(module), name) is value

    def constants_of(self, name: str) -> List[Source]:
        """What a loaded module of a library holds that is constant, and those of the standard library that it uses."""
        module = sys.modules.get(name)
        known = self._constants.get(name)
        if known is None or known[0] is not module:
            found: List[Source] = []
            is_known = known_modules.is_listed(name) or known_modules.is_standard_name(name)
            if type(module) is types.ModuleType and is_known and not self.is_own(name):
                found += self._constants_in(module, True)
                for each in library_constants.behind(module):
                    found += self._constants_in(each, False)
            known = self._constants[name] = module, found
        return known[1]

    def constants_of_kinds(self, kinds: Iterable[type]) -> List[Source]:
        """The same of the modules whose classes these are, as far as these are written in Python."""
        names = {str(each.__module__) for each in kinds if class_layout.has_plain_layout(each)}
        return [source for name in sorted(names) for source in self.constants_of(name)]

    def _constants_in(self, module: types.ModuleType, whole: bool) -> List[Source]:
        known = self._places.get((module.__name__, whole))
        if known is None or known[0] is not module:
            is_standard = modules.is_standard(module.__name__)
            found = [
                Source(
                    f"{place.label}{'' if whole else ' behind'}{OF_LIBRARY}",
                    place.reader(),
                    library_marks.take(whole, place.names, is_standard),
                    (place.space, place.names),
                    whole=False,
                )
                for place in library_constants.places(module, whole)
            ]
            known = self._places[module.__name__, whole] = module, found
        return known[1]

    def follows(self, value: Any) -> bool:
        """Whether the code of a library's function is looked into: of libraries that nothing is known of."""
        if type(value) is not types.FunctionType:
            return False
        module = value.__module__ or ""
        known = self._followed.get(module)
        if known is None:
            listed = known_modules.is_listed(module) or known_modules.is_standard_name(module)
            known = self._followed[module] = not listed and not self.is_own(module)
        return known
