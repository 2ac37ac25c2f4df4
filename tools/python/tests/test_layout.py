"""The package as an editor and a reader see it."""

import ast
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
