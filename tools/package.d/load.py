"""Clients that keep calling while the daemon is restarted: none may see an error, and nothing acknowledged may be lost.

usage: load.py CLIENTS; it goes on until /tmp/load-is-over is there.
"""

import os
import socket
import sys
import threading

import memod

SOCKET = "/run/memod/memod.sock"
ATTEMPTS_MAX = 20

clients = int(sys.argv[1])
errors = []
counts = [0] * clients


class Caller:
    """Connects again where a connection ended, as a memoized function does; the socket has to be there always."""

    def __init__(self):
        self.client = None

    def __call__(self, name, *arguments):
        for _ in range(ATTEMPTS_MAX):
            try:
                if self.client is None:
                    self.client = memod.Client(SOCKET, timeout=60)
                return getattr(self.client, name)(*arguments)
            except memod.Unavailable:
                self.client = None
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(SOCKET)
        raise RuntimeError(f"no answer in {ATTEMPTS_MAX} attempts")


def call(number):
    caller = Caller()
    try:
        while not os.path.exists("/tmp/load-is-over"):
            count = counts[number]
            if not caller("put", "load", [number, count], count):
                raise ValueError("a put was not stored")
            if caller("get", "load", [number, count]) != count:
                raise ValueError("what was put is not there")
            counts[number] += 1
    except Exception as error:  # Every kind of error is a failure of the test.
        errors.append(f"client {number} after {counts[number]} puts: {error!r}")


threads = [threading.Thread(target=call, args=(number,)) for number in range(clients)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

caller = Caller()
lost = [
    (number, count)
    for number in range(clients)
    for count in range(counts[number])
    if caller("get", "load", [number, count]) != count
]
print(f"  {clients} clients, {sum(counts)} puts, {len(lost)} lost, {len(errors)} errors")
for error in errors:
    print(error)
sys.exit(1 if errors or lost or not all(counts) else 0)
