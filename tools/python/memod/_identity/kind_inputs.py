"""Inputs of the process that matter because of what data are, whatever code does with them."""

from __future__ import annotations

from .._codec.late_classes import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, Set, Tuple

_OF_MODULES = {
    "decimal": ("precision",),
    "_decimal": ("precision",),
    "numpy": ("numpy",),
    "pandas": ("numpy", "pandas"),
    "polars": ("polars",),
    "mpmath": ("mpmath",),
    "sympy": ("mpmath",),
    "zoneinfo": ("zones",),
}
#: Where methods are looked for by names that are computed.
_COMPUTED = {
    "datetime.datetime": ("zone", "locale"),
    "datetime.date": ("locale",),
    "datetime.time": ("locale",),
    "pathlib.PurePath": ("directory",),
}
_known: Dict[type, Tuple[Tuple[str, ...], Tuple[str, ...]]] = {}
_KNOWN_MAX = 4096


def inputs_of_kinds(kinds: Iterable[type], computes: bool) -> Set[str]:
    """The inputs that matter to code which is handed objects of these classes; `computes` says whether it looks for
    attributes by names that it computes."""
    found: Set[str] = set()
    for kind in kinds:
        known = _known.get(kind)
        if known is None:
            known = _known[kind] = _inputs_of(kind)
            if len(_known) > _KNOWN_MAX:
                _known.clear()
        found.update(known[0])
        if computes:
            found.update(known[1])
    return found


def _inputs_of(kind: type) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    always: Set[str] = set()
    computed: Set[str] = set()
    for base in kind.__mro__:
        always.update(_OF_MODULES.get(str(base.__module__).partition(".")[0], ()))
        computed.update(_COMPUTED.get(name_of(base), ()))
    return tuple(sorted(always)), tuple(sorted(computed))
