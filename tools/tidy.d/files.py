"""Checks every file of the project by itself: sizes, leftovers, white space."""

import pathlib
import re
import subprocess
import sys

LINES_MAX = 500
# Tables of cases and prose are read, not maintained line by line.
LINES_MAX_READ = 2000

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!XX)")
PERSONAL = re.compile(r"""(^|[\s"'=:(])/(home/(?!me\b)|work/|root/|Users/)[a-z]""")
TRAILING = re.compile(r" +$")
REPORTED = 3
# Files and folders that ARCHITECTURE.md names.
NAMED = re.compile(r"`([\w+/.]+(?:\.swift|\.py|/))`")


def complaints(name: str, text: str):
    suffix = pathlib.PurePath(name).suffix
    lines = text.split("\n")
    is_counted = suffix in (".swift", ".py", ".sql", ".md") or name.startswith(("tools/", "systemd/"))
    most = LINES_MAX_READ if name.startswith("Tests/Vectors/") or suffix == ".md" else LINES_MAX
    if is_counted and len(lines) - 1 > most:
        yield f"{len(lines) - 1} lines; split it at {most}"
    if lines[-1]:
        yield "no line feed at its end"
    checks = [("white space at the end of", TRAILING)]
    if suffix in (".swift", ".py", ".sql"):
        checks.append(("tab at", re.compile("\t")))
    # This folder names what it looks for.
    if not name.startswith("tools/tidy"):
        checks += [("unfinished at", UNFINISHED), ("a path of somebody's machine at", PERSONAL)]
    for what, pattern in checks:
        found = [number for number, line in enumerate(lines, 1) if pattern.search(line)]
        for number in found[:REPORTED]:
            yield f"{what} line {number}"


def missing(page: str, names: list[str]):
    """What a page says is a file or a folder of the project and is not, or is more than one."""
    known = ["/" + name for name in names]
    for word in sorted(set(NAMED.findall(page))):
        if word.endswith("/"):
            if not any("/" + word in name for name in known):
                yield f"there is no folder {word}"
        elif (count := sum(name.endswith("/" + word) for name in known)) != 1:
            yield f"{count} files are called {word}"


def main() -> int:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    status = 0
    for name in filter(None, names):
        path = pathlib.Path(name)
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if not data or b"\0" in data:
            continue
        for complaint in complaints(name, data.decode("utf-8", "replace")):
            print(f"{name}: {complaint}")
            status = 1
    for complaint in missing(pathlib.Path("ARCHITECTURE.md").read_text(), names):
        print(f"ARCHITECTURE.md: {complaint}")
        status = 1
    return status


sys.exit(main())
