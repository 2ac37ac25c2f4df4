"""Programs that find no daemon start one. Each runs in a home of its own, with no variable of memod's set."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import memod
from conftest import binary
from memod._client import daemon_process, daemon_program

PACKAGE_ROOT = Path(__file__).resolve().parents[1]

WORK = """
    import memod, sys
    @memod.lru_cache(maxsize=64, name="square", single_flight=True)
    def square(n):
        with open(sys.argv[1], "a") as computed:
            computed.write("x")
        return n * n
    assert [square(n) for n in range(5)] == [0, 1, 4, 9, 16]
"""


class House:
    """A user's home, and where that user's programs are."""

    def __init__(self, root):
        self.root = root
        self.home = root / "home"
        self.bin = root / "bin"
        self.runtime = root / "run"
        for directory in (self.home, self.bin, self.runtime):
            directory.mkdir(mode=0o700)
        self.log = self.home / ".cache" / "memod" / "memod.log"
        self.computed = root / "computed"
        self.starts = root / "starts"

    def environment(self, **more):
        kept = {"HOME": self.home, "XDG_RUNTIME_DIR": self.runtime, "PATH": f"{self.bin}:/usr/bin:/bin"}
        kept["MEMOD_TIMEOUT"] = "30s"  # a busy machine is not a fault
        return {name: str(value) for name, value in {**kept, "PYTHONPATH": PACKAGE_ROOT, **more}.items()}

    def install(self, script=None):
        """A memod: the real one, whose starts are counted, or a script of Python."""
        program = self.bin / "memod"
        if script is None:
            program.write_text(f'#!/bin/sh\n[ "$1" = --version ] || echo x >>{self.starts}\nexec {binary("memod")} "$@"\n')
        else:
            program.write_text(f"#!{sys.executable} -IS\n" + textwrap.dedent(script))
        program.chmod(0o755)

    def update(self):
        """The memod that is there is a newer one from now on."""
        program = self.bin / "memod"
        newer = '[ "$1" = --version ] && exec echo memod 9.9.9'
        program.write_text(program.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{newer}\n"))

    def program(self, source=WORK, **more):
        file = self.root / "program.py"
        if not file.exists() or file.read_text() != textwrap.dedent(source):
            file.write_text(textwrap.dedent(source))
        return subprocess.Popen(
            [sys.executable, str(file), str(self.computed)],
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, source=WORK, **more):
        """What a program prints, and what it warns of."""
        process = self.program(source, **more)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        return out, error

    def started(self):
        return len(self.starts.read_text().split()) if self.starts.exists() else 0

    def times_computed(self):
        return len(self.computed.read_text()) if self.computed.exists() else 0

    @property
    def daemon(self):
        return daemon_process.holder(str(self.runtime / "memod" / "memod.sock"))

    def end(self, number=signal.SIGTERM):
        pid = self.daemon
        if pid is not None:
            os.kill(pid, number)
            deadline = time.monotonic() + 30
            while daemon_process.is_alive(pid) and time.monotonic() < deadline:
                time.sleep(0.005)


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.end(signal.SIGKILL)


def test_the_first_program_starts_a_daemon_and_later_ones_use_it(house):
    house.install()
    assert house.run() == ("", "")
    assert house.run() == ("", "")
    assert (house.times_computed(), house.started()) == (5, 1)
    pid = house.daemon
    status = Path(f"/proc/{pid}/status").read_text()
    assert os.getsid(pid) == pid and "Umask:\t0077" in status and os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.readlink(f"/proc/{pid}/fd/2") == str(house.log)
    # As after the loss of all processes, once what was put is on the disk.
    with memod.Client(str(house.runtime / "memod" / "memod.sock")) as client:
        client.sync()
    house.end(signal.SIGKILL)
    assert house.run() == ("", "")
    assert (house.times_computed(), house.started()) == (5, 2)


def test_many_at_once_get_one_daemon_and_compute_nothing_twice(house):
    house.install()
    patient = "import memod._client.autostart as a; a._PATIENCE_SECONDS = 60.0\n" + textwrap.dedent(WORK)
    programs = [house.program(patient) for _ in range(24)]
    for process in programs:
        out, error = process.communicate(timeout=120)
        assert (process.returncode, out, error) == (0, "", "")
    assert (house.times_computed(), house.started()) == (5, 1)


RECORD = """
    import json, os, signal, sys
    found = {
        "arguments": sys.argv[1:], "environment": dict(os.environ), "directory": os.getcwd(), "umask": os.umask(0),
        "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")),
        "targets": [os.readlink(f"/proc/self/fd/{n}") for n in range(3)],
        "session": os.getsid(0) == os.getpid(), "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "ignored": [l.split()[1] for l in open("/proc/self/status") if l.startswith("SigIgn")],
    }
    json.dump(found, open("@", "w"))
    sys.exit("Error: that is all")
"""


def test_what_a_daemon_is_given(house):
    record = house.root / "record"
    house.install(RECORD.replace("@", str(record)))
    source = textwrap.dedent(
        """
        import os, signal
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
        os.set_inheritable(os.open("/etc/passwd", os.O_RDONLY), True)
        os.umask(0)
        """
    ) + textwrap.dedent(WORK)
    secrets = {"MEMOD_PICKLE_KEY": "secret", "SECRET_TOKEN": "secret", "LD_LIBRARY_PATH": "/nowhere"}
    house.run(source, MEMOD_HOT_BYTES="64MiB", TZ="UTC", LANG="C.UTF-8", MEMOD_TIMEOUT="20s", **secrets)
    found = json.loads(record.read_text())
    assert found["arguments"] == ["--idle-exit", "1h"]
    environment = found["environment"]
    environment.pop("LC_CTYPE", None)  # of the interpreter that plays the daemon
    assert environment == {
        "HOME": str(house.home),
        "XDG_RUNTIME_DIR": str(house.runtime),
        "PATH": f"{house.bin}:/usr/bin:/bin",
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "MEMOD_HOT_BYTES": "64MiB",
        "MEMOD_AUTOSTART": "1",
    }
    assert (found["directory"], found["umask"], found["session"], found["blocked"]) == ("/", 0o77, True, 0)
    assert found["descriptors"] == [0, 1, 2]
    assert found["targets"] == ["/dev/null", "/dev/null", str(house.log)]
    # The interpreter that plays the daemon ignores the first two itself; the others are the C library's own, which its
    # posix_spawn leaves ignored.
    own = {signal.SIGPIPE, signal.SIGXFSZ, 32, 33}
    assert int(found["ignored"][0], 16) & ~sum(1 << (number - 1) for number in own) == 0


def test_the_settings_a_daemon_is_given_are_all_it_has():
    helped = subprocess.run([binary("memod"), "--help"], capture_output=True, text=True, check=True).stdout
    options = {name.upper().replace("-", "_") for name in re.findall(r"^ +--([a-z-]+)", helped, re.M)}
    assert options - {"HELP", "VERSION", "SOCKET", "CHECK"} <= set(daemon_process.SETTINGS)


def test_a_failing_start_is_told_once_and_not_tried_again(house):
    house.install(f"open({str(house.starts)!r}, 'a').write('x\\n'); import sys; sys.exit('memod: no such luck')")
    source = """
        import memod, time
        @memod.cache
        def f(n): return n
        began = time.monotonic()
        f(0)
        first = time.monotonic() - began
        for n in range(1, 50):
            f(n)
            time.sleep(0.01)
        print(first < 5)
    """
    out, error = house.run(source)
    assert out == "True\n"
    assert error.count("RuntimeWarning") == 1
    assert f"memod could not be started: no such luck (log: {house.log})" in error
    assert house.started() == 1


def test_who_waited_for_a_start_fails_with_it(house):
    house.install(
        f"open({str(house.starts)!r}, 'a').write('x\\n'); import sys, time; time.sleep(1.5); sys.exit('memod: no')"
    )
    programs = [house.program() for _ in range(8)]
    errors = [process.communicate(timeout=60)[1] for process in programs]
    assert all(error.count("memod could not be started: no (log") == 1 for error in errors), errors
    assert house.started() < 8


def test_a_slow_start_is_waited_for_in_silence(house):
    house.install(f"open({str(house.starts)!r}, 'a').write('x\\n'); import time; time.sleep(20)")
    source = "import memod._client.autostart as a; a._PATIENCE_SECONDS = 0.3\n" + textwrap.dedent(WORK)
    assert house.run(source) == ("", "")
    assert (house.times_computed(), house.started()) == (5, 1)


@pytest.mark.parametrize("variable", [{"MEMOD_AUTOSTART": "0"}, {"MEMOD_SOCKET": "/nowhere/memod.sock"}])
def test_nothing_is_started_where_that_is_not_wanted(house, variable):
    house.install()
    _, error = house.run(**variable)
    assert "no memod daemon at" in error and not house.starts.exists() and not house.log.exists()


def test_a_program_that_others_can_write_is_not_started(house):
    house.install()
    for place, mode in ((house.bin, 0o777), (house.bin / "memod", 0o757)):
        before = place.stat().st_mode
        place.chmod(mode)
        _, error = house.run()
        assert f"{place} is writable by others" in error and house.started() == 0
        place.chmod(before)
    (house.root / "link").mkdir(mode=0o777)
    (house.root / "link").chmod(0o777)
    (house.root / "link" / "memod").symlink_to(house.bin / "memod")
    _, error = house.run(PATH=str(house.root / "link"))
    assert "link is writable by others" in error and house.started() == 0
    # A directory that is not absolute is none of this user's choosing.
    _, error = house.run(PATH=os.path.relpath(house.bin))
    assert "there is no memod to start" in error and house.started() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_nothing_is_started_for_the_home_or_from_the_files_of_somebody_else(house):
    house.install()
    os.chown(house.home, 12345, 12345)
    _, error = house.run()
    assert f"{house.home} belongs to uid 12345" in error and house.started() == 0
    os.chown(house.home, 0, 0)
    (house.home / ".cache").mkdir()
    os.chown(house.home / ".cache", 12345, 12345)
    _, error = house.run()
    assert f"{house.home / '.cache'} belongs to uid 12345" in error and house.started() == 0
    os.chown(house.home / ".cache", 0, 0)
    os.chown(house.bin / "memod", 12345, 12345)
    _, error = house.run()
    assert "memod belongs to uid 12345" in error and house.started() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another user's rights")
def test_nothing_is_started_with_another_users_rights(house):
    house.install()
    source = """
        import memod, os
        @memod.cache
        def f(n): return n
        os.seteuid(12345)
        assert f(1) == 1
    """
    _, error = house.run(source)
    assert "is not started by a program that runs with another user's rights" in error and house.started() == 0


NEWER = "import memod._client.autostart as a; a._OWN_VERSION = (9, 9, 9)\n" + textwrap.dedent(WORK)


def test_an_older_daemon_that_is_idle_makes_room_for_a_newer_one(house):
    house.install()
    assert house.run() == ("", "")
    older = house.daemon
    # A newer client that finds no newer program goes on with what is there.
    assert house.run(NEWER) == ("", "") and house.daemon == older
    house.update()
    assert house.run(NEWER) == ("", "")
    assert house.daemon not in (None, older) and not daemon_process.is_alive(older)
    assert (house.times_computed(), house.started()) == (5, 2)
    # An older client uses it as it is.
    newer = house.daemon
    assert house.run() == ("", "") and house.daemon == newer


def test_an_older_daemon_that_is_busy_is_used_and_ends_with_its_last_client(house):
    house.install()
    assert house.run() == ("", "")
    older = house.daemon
    house.update()
    with memod.Client(str(house.runtime / "memod" / "memod.sock")) as client:
        client.ping()
        assert house.run(NEWER) == ("", "")
        assert house.daemon == older and house.started() == 1
    deadline = time.monotonic() + 30
    while daemon_process.is_alive(older) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert house.run() == ("", "") and house.daemon not in (None, older)
    assert (house.times_computed(), house.started()) == (5, 2)


def test_a_daemon_that_nobody_started_by_a_client_stays(house):
    house.install()
    environment = house.environment()
    daemon = subprocess.Popen([binary("memod")], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        while "ready" not in daemon.stderr.readline():
            assert daemon.poll() is None
        house.update()
        assert house.run(NEWER) == ("", "")
        assert house.daemon == daemon.pid and daemon.poll() is None and house.started() == 0
    finally:
        daemon.terminate()
        daemon.communicate(timeout=30)


def test_the_log_is_bounded_and_one_older_is_kept(house):
    house.install()
    house.log.parent.mkdir(parents=True, mode=0o700)
    house.log.write_bytes(b"x" * (1 << 20))
    assert house.run() == ("", "")
    assert house.log.stat().st_size < 1 << 16
    assert (house.log.parent / "memod.log.1").stat().st_size == 1 << 20


def test_a_runtime_directory_of_somebody_else_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/1/root/nowhere")
    assert daemon_process._socket() == f"/tmp/memod-{os.getuid()}/memod.sock"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert daemon_process._socket() == str(tmp_path / "memod" / "memod.sock")


def test_a_group_of_ones_own_may_write(monkeypatch, tmp_path):
    import grp
    import pwd

    program = tmp_path / "memod"
    program.write_text("")
    for place in (tmp_path, program):
        place.chmod(0o775)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert "writable by others" in daemon_program._distrust(str(program))
    if os.geteuid() != 0:
        return
    for place in (tmp_path, program):
        os.chown(place, 4242, 4343)
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: pwd.struct_passwd(("ada", "x", uid, 4343, "", "/", "/bin/sh")))
    for members, reason in (([], None), (["ada"], None), (["eve"], "writable by others")):
        monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group(("ada", "x", gid, members)))
        found = daemon_program._distrust(str(program))
        assert found is None if reason is None else reason in found
