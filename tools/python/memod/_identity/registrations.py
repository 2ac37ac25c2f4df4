"""Classes that were registered with abstract classes of libraries, and so count as their subclasses."""

from __future__ import annotations

import sys
import types

from . import known_modules
from .library_code import facts_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Tuple

_known: Dict[Tuple[int, int], Tuple[Any, Any, bool]] = {}
_KNOWN_MAX = 4096


def counted(abstract: Any, is_own: Callable[[str], bool]) -> Callable[[Any], bool]:
    """What tells of a class whether its registration is the program's doing: packages register their own in modules that are
    loaded at some time."""

    def counts(cls: Any) -> bool:
        if is_own(cls.__module__):
            return True
        mark = id(abstract), id(cls)
        known = _known.get(mark)
        if known is None:
            if len(_known) >= _KNOWN_MAX:
                _known.clear()
            known = _known[mark] = abstract, cls, _is_foreign(abstract, cls)
        return known[2]

    return counts


#: What Python's own modules register beside those of the module of the abstract class.
_AT_HOME = frozenset(
    "_weakrefset.WeakSet array.array builtins.FrameLocalsProxy collections.deque decimal.Decimal sqlite3.Row".split()
)


def _is_foreign(abstract: Any, cls: Any) -> bool:
    """Whether it is a class of Python's that nobody but the program registers there."""
    home = str(abstract.__module__)
    module = sys.modules.get("_collections_abc" if home == "collections.abc" else home)
    facts = facts_of(module) if type(module) is types.ModuleType else None
    if facts is None or not known_modules.is_standard_name(str(cls.__module__)):
        return False
    is_told = cls.__name__ in facts.bound or cls.__name__ in facts.builtins
    return not is_told and f"{cls.__module__}.{cls.__name__}" not in _AT_HOME
