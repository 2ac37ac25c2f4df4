"""Modules that functions import while they run: found and read without importing anything."""

from __future__ import annotations

import importlib.util
import sys
import types

from .._client.signals import pass_signal
from . import known_modules, modules
from .code_form import Imported, names_at_import
from .code_store import code_form
from .library_settings import SETTINGS
from .package_settings import PACKAGE_SETTINGS
from .plain_data import Unstable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, List, Optional, Set, Tuple

#: In code that runs when a module is imported: its data may be other than its source says.
_READS = frozenset(
    """
    open read read_text read_bytes environ getenv argv urlopen connect check_output check_call run call Popen popen
    getcwd cwd home expanduser expandvars listdir scandir glob iglob rglob iterdir loadtxt genfromtxt fromfile memmap
    load loads system stat getsize getmtime exists isfile isdir is_file is_dir walk execute request fetch download
    read_csv read_table read_json read_excel read_parquet read_pickle read_feather read_hdf read_sql imread
    now today utcnow input eval exec compile __import__ import_module reload uuid4 token_hex
    """.split()
)


def absolute_name(imported: Imported, package: str) -> Optional[str]:
    """The whole name of an imported module, or None where there is none."""
    try:
        return importlib.util.resolve_name("." * imported.level + imported.name, package or None)
    except (ImportError, ValueError):
        return None


def imported_names(name: str, imported: Imported) -> List[str]:
    """The modules that a statement imports: the one that it names, and members that are modules themselves."""
    names = [name]
    for member in imported.members:
        whole = f"{name}.{member}"
        holder = sys.modules.get(name)
        if whole in sys.modules or (not hasattr(holder, member) and _exists(whole)):
            names.append(whole)
    return names


def _exists(name: str) -> bool:
    try:
        return modules.find_module(name) is not None
    except (ImportError, ValueError, AttributeError) as error:
        pass_signal(error)
        return False


def own_code(name: str, package: str) -> Optional[Tuple[types.CodeType, bool]]:
    """The code of a module of the program, and whether the module is a package. None for other modules."""
    try:
        spec = modules.find_module(name)
    except (ImportError, ValueError, AttributeError) as error:
        pass_signal(error)
        return None
    origin = spec.origin if spec is not None else None
    if spec is None or origin in (None, "built-in", "frozen"):
        return None
    if modules.top_level(name) != package and not modules.is_own_path(str(origin)):
        return None
    get_code = getattr(spec.loader, "get_code", None)
    if get_code is None:
        return None
    code = get_code(name)
    if code is None:
        raise Unstable(f"the code of the module {name} cannot be read")
    return code, spec.submodule_search_locations is not None


def check_import(name: str, code: types.CodeType, called: AbstractSet[str], package: str) -> AbstractSet[str]:
    """What runs when a module is imported; raises `Unstable` where that may read data from anywhere. `called` are
    names that its importers use at once."""
    called = called | names_at_import(code, called)
    reason = f"the module {name}, which it imports, may read its data from anywhere"
    if _READS & called or called & known_modules.WORDS.keys():
        raise Unstable(reason)
    for imported in code_form(code).imports:
        library = absolute_name(imported, package)
        if library is None or own_code(library, modules.top_level(name)) is not None:
            continue
        used: Set[str] = {*imported.members, library.rpartition(".")[2], library.partition(".")[0]}
        if not used & called:
            continue
        if not known_modules.is_listed(library):
            raise Unstable(reason)
        members = imported.members or tuple(_members(library, called))
        for member in members:
            verdict = known_modules.verdict(library, (member,)).split()
            if member in called and not _INNOCENT.issuperset(verdict):
                raise Unstable(reason)
    return called


_INNOCENT = frozenset(
    "numpy pandas directory mpmath precision week locale zone".split()
    + [known_modules.PURE, *SETTINGS, *PACKAGE_SETTINGS]
)


def _members(library: str, called: AbstractSet[str]) -> AbstractSet[str]:
    loaded = sys.modules.get(library)
    if loaded is None:
        return {name for name, _ in known_modules.exceptions_mentioned(library, called)}
    return called & vars(loaded).keys()
