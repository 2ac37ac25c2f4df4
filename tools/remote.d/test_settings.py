"""Settings that are wrong, and what people see of sharing."""

import json
import os
import shutil
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


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"
ENCRYPTED = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"


def file(folder, name, content, mode=0o600):
    path = folder / name
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "url, option, content, mode, complaint",
    [
        ("redis://c", "key-file", None, 0, "No such file"),
        ("redis://c", "key-file", "", 0o600, "is empty"),
        ("redis://c", "key-file", "ab" * 32, 0o644, "chmod 600"),
        ("redis://c", "key-file", "ab" * 32, 0o620, "chmod 600"),
        ("redis://c", "key-file", "ab" * 16, 0o600, "line 1 is not 64 hex"),
        ("redis://c", "key-file", "# none yet\n", 0o600, "there is no key"),
        ("redis://c", "key-file", "a" * (1 << 17), 0o600, "something else"),
        ("redis://c", "password-file", None, 0, "No such file"),
        ("redis://u@c", "password-file", "", 0o600, "is empty"),
        ("redis://u@c", "password-file", "\nsecret\n", 0o600, "first line is empty"),
        ("redis://u@c", "password-file", "secret", 0o604, "chmod 600"),
        ("redis://c", "ca-file", CERTIFICATE, 0o644, "rediss"),
        ("rediss://c", "ca-file", None, 0, "No such file"),
        ("rediss://c", "ca-file", "", 0o644, "is empty"),
        ("rediss://c", "ca-file", "hello\n", 0o644, "not in PEM"),
        ("rediss://c", "ca-file", PRIVATE_KEY, 0o644, "no CERTIFICATE"),
        ("rediss://c", "ca-file", CERTIFICATE[:-30], 0o644, "has no end"),
        ("rediss://c", "certificate-file", PRIVATE_KEY, 0o644, "no CERTIFICATE"),
        ("rediss://c", "certificate-key-file", CERTIFICATE, 0o600, "no PRIVATE KEY"),
        ("rediss://c", "certificate-key-file", ENCRYPTED, 0o600, "encrypted"),
        ("rediss://c", "certificate-key-file", PRIVATE_KEY, 0o644, "chmod 600"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_a_usage_error_of_memod_and_of_the_helper(
    tmp_path, url, option, content, mode, complaint
):
    path = tmp_path / "file" if content is None else file(tmp_path, "file", content, mode)
    certificate, key = file(tmp_path, "certificate", CERTIFICATE), file(tmp_path, "key", PRIVATE_KEY)
    others = {
        "certificate-file": ["certificate-key-file", key], "certificate-key-file": ["certificate-file", certificate]
    }.get(option, [])  # fmt: skip
    for run, prefix in ((lambda *words: memod(tmp_path, *words), "remote-"), (lambda *words: helper(*words), "")):
        named = [f"--{prefix}url", url, f"--{prefix}{option}", path]
        named += [f"--{prefix}{others[0]}", others[1]] if others else []
        ended = run(*named, *([] if prefix else ["--check"]))
        assert ended.returncode == 64, ended.stderr
        assert f"{prefix}{option}: " in ended.stderr and complaint in ended.stderr, ended.stderr
        assert "secret" not in ended.stderr and "abab" not in ended.stderr


def test_files_that_are_right_are_taken_by_memod_and_by_the_helper(tmp_path):
    for content in ("ab" * 32 + "\n", "# of June\r\n" + "AB" * 32 + "\r\n", "ab" * 32 + "\n\n" + "cd" * 32):
        key = file(tmp_path, "good", content)
        assert memod(tmp_path, "--remote-url", "redis://c", "--remote-key-file", key).returncode == 0
        assert helper("--url", "redis://c", "--key-file", key, "--check").returncode == 0
    password = file(tmp_path, "password", "secret\n", 0o640)
    assert memod(tmp_path, "--remote-url", "redis://u@c", "--remote-password-file", password).returncode == 0
    bundle = file(tmp_path, "bundle", "Some words.\n" + CERTIFICATE * 3000, 0o644)
    assert memod(tmp_path, "--remote-url", "rediss://c", "--remote-ca-file", bundle).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read it")
def test_a_file_that_may_not_be_read_is_named_with_the_reason(tmp_path):
    key = file(tmp_path, "key", "ab" * 32)
    tmp_path.chmod(0o755)
    ended = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", HELPER, "--url", "redis://c", "--key-file", key, "--check"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode == 64 and "--key-file" in ended.stderr and "Permission denied" in ended.stderr


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
    pinged = memoctl(a, "remote", "ping")
    assert pinged.returncode == 1 and "not reached" in pinged.stderr and "does not speak" in pinged.stderr
    listener.close()


def test_a_ping_says_that_there_is_no_helper(machines):
    a = machines.make("redis://127.0.0.1:1", variables={"PATH": "/nowhere"})
    # Without a helper beside it.
    a.program = shutil.copy(MEMOD, a.folder / "memod")
    a.start(is_up=False)
    wait_until(lambda: "neither beside memod nor on PATH" in a.remote.get("reason", ""))
    pinged = memoctl(a, "remote", "ping")
    assert pinged.returncode == 1 and "neither beside memod nor on PATH" in pinged.stderr
    shown = memoctl(a, "remote", "ping", "--json")
    assert shown.returncode == 1 and json.loads(shown.stdout) == {"nodes": []}
    assert memoctl(a, "remote", "status").stdout.startswith("down, read-write: memod-remote is neither")


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
