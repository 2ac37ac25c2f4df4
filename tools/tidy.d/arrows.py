"""Which folders of a module use which, read from the sources and held against what `arrows` beside it allows.

An arrow A -> B: a file in A names a top-level type that exactly one other first-level folder of the module declares.
Run without arguments it fails for an arrow that is not allowed, for one that is no longer needed, and for a circle;
with `--picture` it prints the modules and their folders as text; with `--write` it writes what there is as what is
allowed.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
ALLOWED = HERE / "arrows"
ROOT = HERE.parent.parent
SOURCES = ROOT / "Sources"
PAGE = ROOT / "docs" / "modules.md"

NOT_CODE = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*[\s\S]*?\*/')
DECLARED = re.compile(
    r"^(?:@\w+(?:\([^)]*\))? +)*(?:(?:public|package|internal|final|indirect|nonisolated) +)*"
    r"(?:struct|class|enum|actor|protocol|typealias) +(\w+)",
    re.MULTILINE,
)
NAMED = re.compile(r"(?<![.\w])[A-Z]\w*|(?<=\.\.[.<])[A-Z]\w*")
IMPORTED = re.compile(r"^(?:@\w+ +)?(?:(?:public|package|internal) +)?import +(\w+)", re.MULTILINE)

# For each folder the folders that it uses, each with examples: a file and the type that it names.
Arrows = dict[str, dict[str, list[str]]]


def folder_of(file: pathlib.Path, module: pathlib.Path) -> str:
    inside = file.relative_to(module).parts
    return inside[0] if len(inside) > 1 else "."


def read(module: pathlib.Path) -> dict[pathlib.Path, str]:
    return {file: NOT_CODE.sub(" ", file.read_text()) for file in sorted(module.rglob("*.swift"))}


def arrows_between_folders(module: pathlib.Path, files: dict[pathlib.Path, str]) -> Arrows:
    homes: dict[str, set[str]] = {}
    arrows: Arrows = {}
    for file, text in files.items():
        arrows.setdefault(folder_of(file, module), {})
        for name in DECLARED.findall(text):
            homes.setdefault(name, set()).add(folder_of(file, module))
    for file, text in files.items():
        folder = folder_of(file, module)
        for name in sorted(set(NAMED.findall(text)) & homes.keys()):
            if folder in homes[name] or len(homes[name]) > 1:
                continue
            (home,) = homes[name]
            arrows[folder].setdefault(home, []).append(f"{file.relative_to(ROOT)} names {name}")
    return arrows


def arrows_between_modules(modules: dict[str, dict[pathlib.Path, str]]) -> dict[str, list[str]]:
    uses: dict[str, list[str]] = {}
    for name, files in modules.items():
        imported = {other for text in files.values() for other in IMPORTED.findall(text)}
        uses[name] = sorted(imported & modules.keys() - {name})
    return uses


def circle_in(uses: dict[str, list[str]]) -> list[str]:
    """The members of a circle, in order, if there is one."""
    done: set[str] = set()

    def visit(one: str, path: list[str]) -> list[str]:
        if one in path:
            return path[path.index(one) :] + [one]
        if one in done:
            return []
        for other in uses.get(one, []):
            if found := visit(other, path + [one]):
                return found
        done.add(one)
        return []

    for one in uses:
        if found := visit(one, []):
            return found
    return []


def layers(uses: dict[str, list[str]]) -> list[list[str]]:
    """Those that use nothing come last; all others above what they use."""
    height: dict[str, int] = {}

    def measure(one: str) -> int:
        if one not in height:
            height[one] = 1 + max((measure(other) for other in uses[one]), default=-1)
        return height[one]

    found: dict[int, list[str]] = {}
    for one in sorted(uses):
        found.setdefault(measure(one), []).append(one)
    return [found[number] for number in sorted(found, reverse=True)]


def picture(uses: dict[str, list[str]]) -> list[str]:
    width = max(len(one) for one in uses)
    lines = []
    for layer in layers(uses):
        for one in layer:
            lines.append(f"{one:{width}}  {'→ ' + ', '.join(uses[one]) if uses[one] else '·'}")
    return lines


def whole_picture(between: dict, inside: dict) -> list[str]:
    """The modules, and the folders of each."""
    lines = picture(between)
    for name, arrows in inside.items():
        label = {folder: folder + "/" for folder in arrows} | {".": "(beside them)"}
        shown = {label[folder]: [label[other] for other in sorted(to)] for folder, to in arrows.items()}
        lines += ["", f"{name}/"] + ["  " + line for line in picture(shown)]
    return lines


def with_picture(page: str, lines: list[str]) -> str:
    """The page with these lines in the place of its picture."""
    before, _, rest = page.partition("```\n")
    _, _, after = rest.partition("```\n")
    return before + "```\n" + "\n".join(lines) + "\n```\n" + after


def allowed_arrows() -> dict[str, dict[str, list[str]]]:
    allowed: dict[str, dict[str, list[str]]] = {}
    module: dict[str, list[str]] = {}
    for line in ALLOWED.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith(" "):
            module = allowed.setdefault(line.strip(), {})
            continue
        folder, _, others = line.partition(":")
        module[folder.strip()] = others.split()
    return allowed


def main() -> int:
    modules = {module.name: read(module) for module in sorted(SOURCES.iterdir()) if module.is_dir()}
    modules = {name: files for name, files in modules.items() if files}
    between = arrows_between_modules(modules)
    inside = {name: arrows_between_folders(SOURCES / name, files) for name, files in modules.items()}
    inside = {name: arrows for name, arrows in inside.items() if len(arrows) > 1}

    circles = []
    if circle := circle_in(between):
        circles.append("modules use each other in a circle: " + " -> ".join(circle))
    for name, arrows in inside.items():
        if circle := circle_in({folder: list(to) for folder, to in arrows.items()}):
            circles.append(f"{name}: folders use each other in a circle: " + " -> ".join(circle))
    if circles and len(sys.argv) > 1:
        print("\n".join(circles), file=sys.stderr)
        return 1

    if "--picture" in sys.argv:
        print("\n".join(whole_picture(between, inside)))
        return 0
    if "--write" in sys.argv:
        lines = [
            "# Which folder of a module may use which others: tools/tidy fails for any other arrow. A new one is a",
            "# decision: write all that there are with `python3 tools/tidy.d/arrows.py --write`, which writes the",
            "# picture in docs/modules.md with them. `.` are the files beside the folders.",
        ]
        for name, arrows in inside.items():
            lines += ["", name]
            lines += [f"  {folder}: {' '.join(sorted(to))}".rstrip() for folder, to in sorted(arrows.items())]
        ALLOWED.write_text("\n".join(lines) + "\n")
        PAGE.write_text(with_picture(PAGE.read_text(), whole_picture(between, inside)))
        return 0

    wrong = circles.copy()
    allowed = allowed_arrows()
    for name, arrows in inside.items():
        for folder, to in sorted(arrows.items()):
            permitted = allowed.get(name, {}).get(folder, [])
            for other in sorted(to.keys() - permitted):
                wrong.append(f"{name}: {folder} -> {other} is not allowed: {'; '.join(to[other][:3])}")
            for other in sorted(permitted - to.keys()):
                wrong.append(f"{name}: {folder} -> {other} is allowed in {ALLOWED.relative_to(ROOT)} and not used")
    for name in sorted(allowed):
        for folder in sorted(allowed[name].keys() - inside.get(name, {}).keys()):
            wrong.append(f"{ALLOWED.relative_to(ROOT)}: there is no folder {name}/{folder}")
    page = PAGE.read_text()
    if not circles and with_picture(page, whole_picture(between, inside)) != page:
        wrong.append(f"{PAGE.relative_to(ROOT)}: the picture is not what the sources say: see {ALLOWED.relative_to(ROOT)}")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


sys.exit(main())
