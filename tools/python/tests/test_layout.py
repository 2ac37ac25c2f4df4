"""The package as an editor and a reader see it."""

import ast
import functools
import inspect
from pathlib import Path

import memod

PACKAGE = Path(memod.__file__).parent


def imports(path):
    """The modules of the package that a file imports, also within functions."""
    here = path.relative_to(PACKAGE.parent).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = PACKAGE.parent.joinpath(*here[: -node.level], *(node.module or "").split("."))
            for found in (base, *(base / each.name for each in node.names)):
                if found.with_suffix(".py").exists():
                    yield found.with_suffix(".py")


def test_only_public_names_show():
    assert dir(memod) == sorted(memod.__all__)
    assert len(memod.__all__) <= 35
    assert all(hasattr(memod, name) for name in memod.__all__)


def test_modules_import_each_other_in_one_direction():
    left = {path: set(imports(path)) for path in PACKAGE.rglob("*.py")}
    assert sum(map(len, left.values())) > 50
    while left:
        free = [path for path, needs in left.items() if not needs & left.keys()]
        assert free, sorted(str(path) for path in left)
        for path in free:
            del left[path]


def test_signatures_tell_what_there_is():
    functions = [memod.lru_cache, memod.cache, memod.memoize]
    for cls in (memod.Client, memod.AsyncClient, memod.Pipeline):
        functions += [each for name, each in inspect.getmembers(cls, callable) if name[0] != "_"]
    for function in functions:
        text = str(inspect.signature(function))
        assert " at 0x" not in text and "object object" not in text, (function, text)
    for function in functions[:3]:
        parameters = inspect.signature(function).parameters
        options = {name for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY}
        assert {"name", "version", "ttl", "tags", "key", "verify", "persist"} <= options
        assert not any(each.kind is each.VAR_KEYWORD for each in parameters.values())
        assert all(each.annotation is not each.empty for each in parameters.values())


def test_both_clients_have_the_same_operations():
    def operations(cls):
        found = inspect.getmembers(cls, inspect.isfunction)
        return {name: list(inspect.signature(each).parameters) for name, each in found if name[0] != "_"}

    blocking, other = operations(memod.Client), operations(memod.AsyncClient)
    assert {name: each for name, each in other.items() if name != "execute"} == {
        name: each for name, each in blocking.items() if name != "pipeline"
    }


def test_a_wrapper_has_the_signatures_of_functools():
    def orig(a, /, b, c=True): ...

    for wrapper in (memod.lru_cache(1)(orig), memod.lru_cache(ttl=1)(orig), memod.memoize(orig)):
        assert str(inspect.signature(wrapper)) == "(a, /, b, c=True)"
        assert str(inspect.signature(wrapper.cache_info)) == "()"
        assert str(inspect.signature(wrapper.cache_clear)) == "()"
        assert isinstance(wrapper.cache_info(), functools._CacheInfo)
