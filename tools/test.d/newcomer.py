"""What someone does who has just found memod: every command of README.md in the order it stands, then the loss of all
processes, then two hundred programs at once. In a user account made for it: a number of its own, an empty home, no
variables, no process of anyone else's. The recipes of docs/ci are tried there, too.

usage: newcomer.py; it prints the transcript. Only root can make such an account: for others it is left out."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import recipes

ROOT = Path(__file__).resolve().parents[2]
USER = 61234
CROWD = int(os.environ.get("MEMOD_TEST_CROWD", "200"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"as `(~/[\w.]+)`:\s*\Z")
#: The commands that are of the repository: they build, which takes what a newcomer has, and this account does not.
BUILDS = re.compile(r"^tools/\w+.*$", re.M)


def say(text):
    print(f"\n== {text}", flush=True)


def blocks():
    """The commands of README.md as one script; a program that it says to save is saved."""
    text = (ROOT / "README.md").read_text()
    script = ["set -euo pipefail", "trap 'echo \"failed: $BASH_COMMAND\" >&2' ERR"]
    for match in BLOCK.finditer(text):
        language, body = match.groups()
        if language == "sh":
            for line in body.replace("\\\n", " ").splitlines():
                if not BUILDS.match(line):
                    script += [f"printf '$ %s\\n' {shlex.quote(line)}", line]
        elif language == "python":
            name = FILE.search(text[: match.start()])
            assert name, f"README.md does not say where this is to be saved:\n{body}"
            script.append(f"cat >{name.group(1)} <<'END'\n{body}END")
    return "\n".join(script)


def outside():
    alone = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if os.geteuid() != 0 or subprocess.run([*alone, "unshare", "--user", "true"], stderr=subprocess.DEVNULL).returncode:
        print("left out: an account without anybody's processes cannot be made here")
        return
    if not shutil.which("nc"):
        print("left out: README.md uses nc")
        return
    # The wheel is built as a newcomer builds it.
    for name in ("MEMOD_BIN", "MEMOCTL_BIN"):
        os.environ.pop(name, None)
    shell = [body for language, body in BLOCK.findall((ROOT / "README.md").read_text()) if language == "sh"]
    for command in BUILDS.findall("\n".join(shell)):
        say(command)
        subprocess.run(command, shell=True, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    python = os.path.dirname(os.path.realpath(sys.executable))
    # This repository may lie below /tmp itself.
    account = f"""
        mount --bind . /mnt && cd /mnt && mount -t tmpfs tmpfs /tmp && mkdir -p /tmp/home && chmod 1777 /tmp && exec \\
            unshare --user --map-user={USER} --map-group={USER} \\
            env -i HOME=/tmp/home PATH={python}:/usr/bin:/bin MEMOD_TEST_CROWD={CROWD} \\
            python3 tools/test.d/newcomer.py --inside
    """
    if subprocess.run([*alone, "sh", "-c", account], cwd=ROOT, stdin=subprocess.DEVNULL).returncode:
        raise SystemExit("newcomer: what a newcomer does fails")


def others():
    """The processes beside this one and those that lead to it."""
    own = {1, os.getpid(), os.getppid()}
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in own]


def lose_everything():
    """What the loss of the machine's power does to processes."""
    for pid in others():
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while [pid for pid in others() if b" Z " not in Path(f"/proc/{pid}/stat").read_bytes()]:
        assert time.monotonic() < deadline, "processes are left"
        time.sleep(0.01)


def run(*command, **options):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **options
    )
    print(f"$ {' '.join(command)}\n{done.stdout}", end="", flush=True)
    assert done.returncode == 0, done.returncode
    return done.stdout


CROWD_PROGRAM = """
import os, sys
from memod import lru_cache

@lru_cache(maxsize=None, name="crowd", single_flight=True)
def square(number):
    os.write(1, b"computed %d\\n" % number)
    return number * number

assert [square(number) for number in range(8)] == [number * number for number in range(8)]
"""


def inside():
    home = Path(os.environ["HOME"])
    say(f"README.md, as user {os.getuid()}, in an empty home")
    # To a file: a daemon that the commands start must not keep a pipe open.
    with open("/tmp/transcript", "w+") as transcript:
        done = subprocess.run(
            ["bash", "-c", blocks()], stdin=subprocess.DEVNULL, stdout=transcript, stderr=subprocess.STDOUT
        )
        transcript.seek(0)
        said = transcript.read()
    print(said, end="", flush=True)
    assert done.returncode == 0, f"README.md: exit status {done.returncode}"
    results = re.findall(r"CacheInfo\(hits=(\d+), misses=(\d+)", said)
    assert results[:2] == [("950", "50"), ("1000", "0")], results
    assert said.count('"Hello, Ada"\n') >= 1 and "Warning" not in said, said

    python = str(home / "memo/bin/python")
    memoctl = str(home / "memo/bin/memoctl")
    say("the loss of all processes, and the program once more")
    run(python, str(home / "risk.py"))
    run(memoctl, "stats")
    lose_everything()
    assert "misses=0," in run(python, str(home / "risk.py")), "something was computed again"

    say("no process list shows a secret")
    lose_everything()
    secret = "a-secret-of-this-user"
    run(python, str(home / "risk.py"), env={**os.environ, "MEMOD_PICKLE_KEY": secret})
    for pid in others():
        for name in ("cmdline", "environ"):
            try:
                assert secret.encode() not in Path(f"/proc/{pid}/{name}").read_bytes(), (pid, name)
            except OSError:
                continue
    print("none does")

    say("the recipes for continuous integration, each twice")
    lose_everything()
    recipes.run(ROOT / "docs/ci", home / "memo/bin", lose_everything)

    say(f"{CROWD} programs at once, on an empty machine")
    lose_everything()
    empty = Path("/tmp/other")
    empty.mkdir()
    subprocess.run(["rm", "-rf", f"/tmp/memod-{USER}"], check=True)
    (empty / "crowd.py").write_text(CROWD_PROGRAM)
    environment = {"HOME": str(empty), "PATH": os.environ["PATH"]}
    began = time.monotonic()
    programs = [
        subprocess.Popen(
            [python, str(empty / "crowd.py")], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(CROWD)
    ]
    said = [program.communicate(timeout=300)[0] for program in programs]
    seconds = time.monotonic() - began
    assert all(program.returncode == 0 for program in programs), said
    computed = sorted(line for text in said for line in text.splitlines())
    assert computed == [f"computed {number}" for number in range(8)], computed
    log = (empty / ".cache/memod/memod.log").read_text()
    assert log.count("\n") == 1 and " ready " in log, log
    print(f"{CROWD} programs in {seconds:.1f} s: one daemon, 8 results computed, no error")
    lose_everything()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    inside() if "--inside" in sys.argv else outside()
