"""Which modules are a part of the program, and which version those have that are not."""

from __future__ import annotations

import functools
import os
import site
import sys
from importlib.machinery import ModuleSpec

from .._client.digests import text_digest
from .._client.signals import pass_signal
from .._codec.module_names import MAIN, label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Optional, Tuple


_STANDARD_DIRECTORY = os.path.dirname(os.__file__)


def _outside_directories() -> Tuple[str, ...]:
    # What `sysconfig` says, which takes long to load. Distributions have more than one, and so have environments that see
    # the system's.
    version = "python%d.%d" % sys.version_info[:2]
    libraries = {getattr(sys, "platlibdir", "lib"), "lib"}
    named = {_STANDARD_DIRECTORY, *(os.path.join(sys.exec_prefix, each, version) for each in libraries)}
    named.update(site.getsitepackages([sys.prefix, sys.base_prefix]), [site.getusersitepackages()])
    return tuple(os.path.realpath(path) + os.sep for path in named if path)


_OURS = __name__.partition(".")[0]
_OUTSIDE = _outside_directories()
_STANDARD = os.path.realpath(_STANDARD_DIRECTORY) + os.sep


def place_mark(name: str) -> str:
    """A word for the file or notebook of a module of the program, which tells it from others of its name;
    empty for what is installed."""
    main = sys.modules.get("__main__")
    if name not in MAIN:
        path = getattr(sys.modules.get(name), "__file__", None)
        if not path or not is_own_path(path):
            return ""
    else:
        notebook = getattr(main, "__vsc_ipynb_file__", None) or os.environ.get("JPY_SESSION_NAME")
        path = getattr(main, "__file__", None) or notebook or os.getcwd()
    return text_digest(os.path.realpath(str(path)))[:8]


def find_module(name: str) -> Optional[ModuleSpec]:
    """As `importlib.util.find_spec`, which would import the packages that a module is in."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        spec = getattr(loaded, "__spec__", None)
        return spec if isinstance(spec, ModuleSpec) else None
    path = None
    package = name.rpartition(".")[0]
    if package:
        holder = sys.modules.get(package)
        path = getattr(holder, "__path__", None)
        if holder is None:
            found = find_module(package)
            path = None if found is None else found.submodule_search_locations
        if path is None:
            return None
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        if find is not None:
            spec = find(name, path)
            if spec is not None:
                return spec if isinstance(spec, ModuleSpec) else None
    return None


def top_level(name: str) -> str:
    """The package that a module belongs to."""
    return label(name).partition(".")[0]


def is_own_code(module_name: Optional[str], package: str) -> bool:
    """Whether a module is a part of the program: of the package `package`, or neither of the standard
    library nor installed. The code of such modules changes without a version saying so."""
    if not module_name:
        return False
    if module_name.partition(".")[0] == _OURS:
        return False
    if module_name in MAIN or top_level(module_name) == package:
        return True
    module = sys.modules.get(module_name)
    path = getattr(module, "__file__", None)
    if not path:
        return module is not None and getattr(module, "__spec__", None) is None
    return is_own_path(path)


def _real(path: str) -> str:
    """As `os.path.realpath`."""
    try:
        return _real_of(path) if os.path.isabs(path) else os.path.realpath(path)
    except Exception as error:  # the program has put something else in the place of what is asked
        pass_signal(error)
        return path


@functools.lru_cache(maxsize=4096)
def _real_of(path: str) -> str:
    directory, name = os.path.split(path)
    if name in ("", os.curdir, os.pardir) or os.path.islink(path):
        return str(os.path.realpath(path))
    return str(os.path.join(_real_directory(directory), name))


@functools.lru_cache(maxsize=4096)
def _real_directory(path: str) -> str:
    return os.path.realpath(path)  # which asks of each directory on the way: many modules are in the same


def is_own_path(path: str) -> bool:
    """Whether a file of code is a part of the program, not installed."""
    real = _real(path)
    return not real.startswith(_OUTSIDE) and not real.endswith((".so", ".pyd"))


def is_standard(module_name: str) -> bool:
    """Whether a module came with Python."""
    module = sys.modules.get(module_name)
    path = getattr(module, "__file__", None)
    if not path:
        return (
            getattr(module, "__spec__", None) is not None and getattr(module, "__loader__", None) is not None
        )
    real = _real(path)
    installed = f"{os.sep}site-packages{os.sep}" in real or f"{os.sep}dist-packages{os.sep}" in real
    return not installed and real.startswith(_STANDARD)


def version(module_name: str) -> str:
    """A word that changes when a module outside the program is replaced by another release: what the package
    says of itself, what was installed, or the file. For the program's own compiled modules it is the file."""
    module = sys.modules.get(module_name)
    known = _versions.get(module_name)
    if known is not None and known[0] is module and module is not None:
        return known[1]
    found = _version(module_name, module)
    stated = isinstance(getattr(sys.modules.get(module_name.partition(".")[0]), "__version__", None), str)
    if module is not None and (stated or is_standard(module_name)) and not is_own_code(module_name, ""):
        _versions[module_name] = (module, found)
    return found


_versions: Dict[str, Tuple[Any, str]] = {}


def _version(module_name: str, module: Any) -> str:
    path = getattr(module, "__file__", None)
    if path and path.endswith((".so", ".pyd")) and not _real(path).startswith(_OUTSIDE):
        return _file_mark(path)
    top_name = module_name.partition(".")[0]
    top = sys.modules.get(top_name)
    found = getattr(top, "__version__", None)
    if isinstance(found, str):
        return found
    path = getattr(top, "__file__", None)
    if top is None:
        try:
            spec = find_module(top_name)
        except (ImportError, ValueError, AttributeError) as error:
            pass_signal(error)
            spec = None
        if spec is None:
            return "absent"
        path = spec.origin if spec.has_location else None
        if path and os.path.realpath(path).startswith(_STANDARD) and "-packages" not in path:
            return ""
    if not path or is_standard(top_name):
        return ""
    return _installed_version(top_name) or _file_mark(path)


def _file_mark(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError as error:
        pass_signal(error)
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


@functools.lru_cache(maxsize=None)
def _installed_version(top_name: str) -> str:
    """The version of the distribution that has a package, which may go by another name."""
    from importlib import metadata

    try:
        return metadata.version(top_name)
    except Exception as error:  # not found, or damaged
        pass_signal(error)
    for each in metadata.distributions():
        try:
            listed = (each.read_text("top_level.txt") or "").split()
            if top_name in listed or (not listed and _has_package(each.files or (), top_name)):
                return each.version
        except Exception as error:  # damaged
            pass_signal(error)
            continue
    return ""


def _has_package(files: Iterable[Any], name: str) -> bool:
    code = (file for file in files if file.suffix in (".py", ".so", ".pyd"))
    return any(file.parts[0].partition(".")[0] == name for file in code)
