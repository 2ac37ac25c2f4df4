"""Settings that are wrong, and what people see of sharing."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest
from hosts import HELPER, MEMOD, environment, memoctl
from redis_server import wait_until


def helper(*arguments):
    return subprocess.run([HELPER, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def memod(tmp_path, *arguments):
    return subprocess.run(
        [MEMOD, "--socket", tmp_path / "s", "--database", tmp_path / "d", "--check", *map(str, arguments)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--remote-url", "cache:6379"], "remote-url"),
        (["--remote-url", "redis://u:secret@cache"], "remote-password-file"),
        (["--remote-url", "redis://cache", "--remote", "/run/s"], "remote and remote-url"),
        (["--remote", "/run/s", "--remote-key-file", "/k"], "remote-key-file"),
        (["--remote-url", "redis://cache", "--remote-namespace", "a b"], "remote-namespace"),
        (["--remote-url", "redis://cache", "--remote-mode", "write"], "remote-mode"),
        (["--remote-url", "redis://cache", "--remote-budget", "1"], "remote-budget"),
    ],
)
def test_a_setting_of_memod_that_is_wrong_is_a_usage_error_that_names_it(tmp_path, arguments, complaint):
    ended = memod(tmp_path, *arguments)
    assert ended.returncode == 64 and complaint in ended.stderr and "secret" not in ended.stderr


def test_a_setting_of_the_helper_that_is_wrong_is_a_usage_error_that_names_it(tmp_path):
    good, loose, short = tmp_path / "good", tmp_path / "loose", tmp_path / "short"
    good.write_text("ab" * 32)
    good.chmod(0o600)
    loose.write_text("ab" * 32)
    loose.chmod(0o644)
    short.write_text("abc\n")
    short.chmod(0o600)
    for arguments, complaint in [
        (["--url", "cache"], "--url"),
        (["--url", "redis://c", "--key-file", tmp_path / "none"], "--key-file"),
        (["--url", "redis://c", "--key-file", loose], "chmod 600"),
        (["--url", "redis://c", "--key-file", short], "line 1"),
        (["--url", "redis://c", "--password-file", tmp_path], "--password-file"),
        (["--url", "redis://u@c"], "--password-file"),
        (["--url", "redis://c", "--ca-file", good], "--ca-file"),
        (["--url", "rediss://c", "--ca-file", good], "--ca-file"),
        (["--url", "rediss://c", "--certificate-file", good], "--certificate-key-file"),
        (["--url", "redis://c", "--budget", "soon"], "--budget"),
        (["--url", "redis://c"], "--listen"),
        (["--url", "redis://c", "--listen", ""], "--listen"),
    ]:
        ended = helper(*arguments)
        assert ended.returncode == 64 and complaint in ended.stderr, (arguments, ended.stderr)
    assert helper("--url", "redis://c", "--key-file", good, "--check").returncode == 0
    assert "Reaches a Redis" in helper("--help").stdout and helper("--version").stdout.startswith("memod-remote ")


def test_a_server_that_is_no_redis_is_said_once_and_harms_nobody(machines):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port = listener.getsockname()[1]

    def answer():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.close()

    threading.Thread(target=answer, daemon=True).start()
    a = machines.make(f"redis://127.0.0.1:{port}").start(is_up=False)
    wait_until(lambda: "does not speak" in a.remote.get("reason", ""))
    a.put(1, 1)
    assert a.get(1) == 1 and a.get(2) is None
    listener.close()


def test_memoctl_says_how_it_stands(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a.put(1, "v")
    wait_until(lambda: b.get(1) == "v")
    shown = memoctl(b, "remote", "status")
    assert shown.returncode == 0 and shown.stdout.startswith("up, read-write\n") and "1 hits" in shown.stdout
    assert json.loads(memoctl(b, "remote", "status", "--json").stdout)["hits"] == 1
    pinged = memoctl(b, "remote", "ping")
    assert pinged.returncode == 0 and "redis.sock up" in pinged.stdout
    assert "shared with other machines (read-write)" in memoctl(b, "doctor").stdout
    assert memoctl(b, "define", "f", "--remote", "off").stdout.splitlines()[-1] == "remote     off"
    os.kill(b.helper, signal.SIGKILL)
    assert memoctl(b, "remote", "status").returncode in (0, 1)
    c = machines.make(None).start(is_up=False)
    refused = memoctl(c, "remote", "status")
    assert refused.returncode == 1 and "--remote-url" in refused.stderr


def test_a_helper_of_its_own_serves_several_daemons(shared_redis, machines):
    machines.folder.mkdir(exist_ok=True)
    path = machines.folder / "helper.sock"
    process = subprocess.Popen([HELPER, "--url", shared_redis.url, "--listen", path], stdin=subprocess.DEVNULL)
    try:
        wait_until(path.exists)
        assert path.stat().st_mode & 0o777 == 0o600
        a = machines.make(None, "--remote", path).start()
        b = machines.make(None, "--remote", path).start()
        a.put(1, "v")
        wait_until(lambda: b.get(1) == "v")
        process.kill()
        process.wait()
        wait_until(lambda: a.remote["state"] == "down")
        process = subprocess.Popen([HELPER, "--url", shared_redis.url, "--listen", path], stdin=subprocess.DEVNULL)
        a.wait_for("up", 20)
    finally:
        process.kill()
        process.wait()


# Kills the making of internet sockets as RestrictAddressFamilies=AF_UNIX does: they fail with EAFNOSUPPORT.
NO_SOCKETS = """
import ctypes, os, struct, sys
code = [
    (0x20, 0, 0, 0),  # which system call
    (0x15, 0, 3, 41),  # socket
    (0x20, 0, 0, 16),  # its family
    (0x15, 1, 0, 1),  # AF_UNIX
    (0x06, 0, 0, 0x00050000 | 97),  # EAFNOSUPPORT
    (0x06, 0, 0, 0x7fff0000),
]
program = b"".join(struct.pack("HBBI", *step) for step in code)
memory = ctypes.create_string_buffer(program)
filter = struct.pack("HxxxxxxP", len(code), ctypes.addressof(memory))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.create_string_buffer(filter), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def refused(ended):
    return ended.returncode == 64 and all(
        what in ended.stderr for what in (" enable --now memod-remote", "/memod-remote/memod-remote.sock")
    )


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number of a system call is another one elsewhere")
def test_under_a_unit_that_makes_no_internet_sockets_the_unit_of_the_helper_is_named(tmp_path):
    def run(*arguments):
        command = [MEMOD, "--check", "--socket", tmp_path / "s", "--database", tmp_path / "d", *arguments]
        return subprocess.run(
            [sys.executable, "-c", NO_SOCKETS, *map(str, command)],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment(),
        )  # fmt: skip

    ended = run("--remote-url", "rediss://cache.internal")
    assert refused(ended) and "RestrictAddressFamilies=" in ended.stderr, ended.stderr
    assert run("--remote-url", "redis+unix:///run/redis.sock").returncode == 0
    assert run("--remote", "/run/memod-remote/memod-remote.sock").returncode == 0
    assert run().returncode == 0


def test_under_a_unit_with_a_network_of_its_own_the_unit_of_the_helper_is_named(tmp_path):
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        pytest.skip("network namespaces cannot be made here")
    command = (
        f"unshare --net sh -c '{{}} exec {MEMOD} --check --socket {tmp_path}/s --database {tmp_path}/d "
        "--remote-url redis://cache.internal'"
    )

    def run(setting):
        return subprocess.run(
            ["sh", "-c", command.format(setting)], capture_output=True, text=True, env=environment()
        )

    ended = run("SYSTEMD_EXEC_PID=$$")
    assert refused(ended) and "PrivateNetwork=" in ended.stderr, ended.stderr
    # A machine, or a container, that has nothing but a loopback interface can have a server on it.
    assert run("").returncode == 0
