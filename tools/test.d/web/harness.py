"""A daemon and a memod-web of a test's own, and ways to ask them."""

import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[3]
PATIENCE = 60


def program(name, variable):
    """The program that the variable names, or the one that was built here."""
    path = os.environ.get(variable) or str(ROOT / ".build" / "debug" / name)
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not built")
    return path


def until(what, holds):
    """Asks again until it holds, and gives what it gave."""
    end = time.monotonic() + PATIENCE
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.05)


class Daemon:
    def __init__(self, *options, **environment):
        self.options, self.environment = options, environment
        self.directory = tempfile.mkdtemp(prefix="memod-web-test-")
        self.socket = self.directory + "/memod.sock"
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [program("memod", "MEMOD_BIN"), "--socket", self.socket, "--database", self.directory + "/memod.db",
             *self.options],
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
        )
        until("a daemon", lambda: self.connects())

    def connects(self):
        try:
            self.peer = Peer(self.socket)
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)

    def close(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def call(self, **request):
        reply = self.peer.call(request)
        assert reply["ok"], reply
        return reply

    def load(self, functions, calls=20):
        """Look-ups of each function: half of them hits."""
        for name in functions:
            for key in range(calls // 2):
                self.call(op="get", fn=name, key=key)
                self.call(op="put", fn=name, key=key, value="x" * key, cost_ms=10)
                self.call(op="get", fn=name, key=key)


class Peer:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def call(self, request):
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(self.file.readline())


class Web:
    """memod-web, on a port of its own."""

    def __init__(self, daemon, *options, **keywords):
        self.process = subprocess.Popen(
            [program("memod-web", "MEMOD_WEB_BIN"), "--socket", daemon.socket, "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            **keywords,
        )
        self.address = self.process.stdout.readline().strip()
        parts = urllib.parse.urlsplit(self.address)
        self.host, self.port = parts.netloc, parts.port
        self.token = dict(urllib.parse.parse_qsl(parts.query)).get("token")

    def close(self):
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)

    def ask(self, path, method="GET", token=True, headers=None, body=None):
        """The status, the headers and the body of the answer."""
        sent = {"Host": self.host, **(headers or {})}
        if token and self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read().decode()
        finally:
            connection.close()

    def json(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        status, _, body = self.ask(f"/api/{path}?{query}")
        assert status == 200, (status, body)
        return json.loads(body)
