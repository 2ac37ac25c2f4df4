"""The recipes for continuous integration in docs/ci, run as their services run them: each job on a machine of its own with an
empty home, and what the job caches handed on to the next."""

import re
import subprocess
from pathlib import Path

#: What a job has to do, and where it says that it did.
EXPENSIVE = '#!/bin/sh\necho computed >>"$COUNT"\nwc -l <"$1"\n'


def gitlab(text):
    """The commands of each section. Between `script` and `after_script` the container ends, with its processes."""
    sections, section = {}, None
    for line in text.splitlines():
        if heading := re.fullmatch(r"  (\w+):", line):
            section = sections.setdefault(heading.group(1), [])
        elif command := re.fullmatch(r"    - (.*)", line):
            section.append(command.group(1))
    return [sections["before_script"] + sections["script"], sections["after_script"]]


def github(text):
    """The commands of each step."""
    steps = re.findall(r"run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", text)
    return [[line.strip() for line in (block or line).splitlines()] for block, line in steps]


def run_twice(docs, programs, end_processes, name, parts, ends_between):
    """Two jobs, of which the second is to compute nothing."""
    project = Path(f"/tmp/{name}")
    project.mkdir()
    (project / "expensive").write_text(EXPENSIVE)
    (project / "expensive").chmod(0o755)
    (project / "input.txt").write_text("1\n2\n")
    count = project / "count"
    for job in range(2):
        home = Path(f"/tmp/{name}-home-{job}")
        home.mkdir()
        environment = {"HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", "COUNT": str(count)}
        for commands in parts:
            # The wheel is there already.
            script = ["set -e"] + [line for line in commands if "memoctl" in line]
            done = subprocess.run(
                ["bash", "-c", "\n".join(script)], cwd=project, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            print(done.stdout, end="", flush=True)
            assert done.returncode == 0, (name, script, done.returncode)
            if ends_between:
                end_processes()
        end_processes()
    assert count.read_text() == "computed\n", (name, count.read_text())


def run(docs, programs, end_processes):
    pages = {"gitlab": (gitlab, "gitlab-ci.yaml", True), "github": (github, "github-actions.yaml", False)}
    for name, (parts, page, ends_between) in pages.items():
        run_twice(docs, programs, end_processes, name, parts((docs / page).read_text()), ends_between)
