"""A small daemon that speaks the protocol from memory, for the ways in which a real one never fails on
demand."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections import OrderedDict


def normal(key):
    def number(text):
        value = float(text)
        return int(value) if value.is_integer() else value

    return json.dumps(json.loads(json.dumps(key), parse_float=number), sort_keys=True)


class Function:
    def __init__(self):
        self.entries = OrderedDict()
        self.maxsize = None
        self.typed = False
        self.hits = self.misses = self.saved_ms = 0


class FakeDaemon:
    """`fault` is called with each request and the connection before it is served. It may sleep, send what it
    likes, close, or return a reply of its own; None lets the request be served."""

    def __init__(self, path):
        self.path = path
        self.functions = {}
        self.limits = {}
        self.requests = []
        self.fault = None
        self.lock = threading.Condition()
        self.leases = {}
        self.subscribers = {}
        self.connections = []
        self.listener = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(128)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """Dies: every connection ends, nothing is answered any more."""
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            os.unlink(self.path)
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def count(self, operation):
        return sum(1 for request in list(self.requests) if request.get("op") == operation)

    def _accept(self, listener):
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        client = {"name": ""}
        try:
            for line in connection.makefile("rb"):
                request = json.loads(line)
                self.requests.append(request)
                reply = self.fault(request, connection) if self.fault else None
                if reply is None:
                    with self.lock:
                        reply = self._answer(request, connection, client)
                if reply is not True:
                    self._send(connection, {**({"id": request["id"]} if "id" in request else {}), **reply})
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                for place in [place for place, lease in self.leases.items() if lease[1] is connection]:
                    del self.leases[place]
                for listeners in self.subscribers.values():
                    listeners.discard(connection)
                self.connections = [each for each in self.connections if each is not connection]
                self.lock.notify_all()
            connection.close()

    def _send(self, connection, message):
        connection.sendall(json.dumps(message).encode() + b"\n")

    def _event(self, kind, fn, key=None, client=""):
        for connection in [*self.subscribers.get(fn, ()), *self.subscribers.get(None, ())]:
            try:
                self._send(connection, {"event": kind, "fn": fn, "key": key, "client": client})
            except OSError:
                pass

    def _fresh(self, entry):
        return entry["until"] is None or time.monotonic() < entry["until"]

    def _get(self, request, connection, count=True):
        function = self.functions.setdefault(request["fn"], Function())
        place = (request["fn"], normal(request["key"]))
        deadline = time.monotonic() + request.get("wait_ms", 0) / 1000
        while True:
            entry = function.entries.get(place[1])
            if entry is not None and not self._fresh(entry):
                grace = time.monotonic() < entry["until"] + entry["stale"]
                if grace:
                    function.hits += 1
                    reply = {"ok": True, "hit": True, "value": entry["value"], "stale": True}
                    if "lease_ms" in request and place not in self.leases:
                        self.leases[place] = (secrets.token_hex(8), connection)
                        reply["lease"] = self.leases[place][0]
                    return reply
                entry = None
            if entry is not None:
                function.entries.move_to_end(place[1])
                function.hits += count
                age = int((time.monotonic() - entry["at"]) * 1000)
                return {
                    "ok": True,
                    "hit": True,
                    "value": entry["value"],
                    **(
                        {"age_ms": age, "ttl_ms": entry["ttl"], "cost_ms": entry["cost"]}
                        if request.get("meta")
                        else {}
                    ),
                }
            if "lease_ms" not in request:
                break
            held = self.leases.get(place)
            if held is None:
                self.leases[place] = (secrets.token_hex(8), connection)
                function.misses += count
                return {"ok": True, "hit": False, "lease": self.leases[place][0]}
            remaining = deadline - time.monotonic()
            if held[1] is connection or remaining <= 0:
                function.misses += count
                return {"ok": True, "hit": False, "held": True}
            self.lock.wait(remaining)
        function.misses += count
        return {"ok": True, "hit": False}

    def _put(self, fn, fields, client):
        function = self.functions.setdefault(fn, Function())
        place = (fn, normal(fields["key"]))
        if "lease" in fields and self.leases.get(place, ("",))[0] != fields["lease"]:
            return {"ok": True, "stored": False, "reason": "lease_lost"}
        present = function.entries.get(place[1])
        if fields.get("if_absent") and present is not None and self._fresh(present):
            return {"ok": True, "stored": False, "reason": "exists"}
        ttl = fields.get("ttl_ms")
        now = time.monotonic()
        function.entries[place[1]] = {
            "value": fields["value"],
            "key": fields["key"],
            "at": now,
            "ttl": ttl,
            "cost": fields.get("cost_ms"),
            "until": None if ttl is None else now + ttl / 1000,
            "stale": fields.get("stale_ms", 0) / 1000,
            "tags": fields.get("tags", []),
        }
        function.entries.move_to_end(place[1])
        while function.maxsize is not None and len(function.entries) > function.maxsize:
            function.entries.popitem(last=False)
        self.leases.pop(place, None)
        self.lock.notify_all()
        self._event("put", fn, fields["key"], client)
        return {"ok": True, "stored": True}

    def _clear(self, fn, client):
        function = self.functions.get(fn)
        cleared = len(function.entries) if function else 0
        if function:
            function.entries.clear()
            function.hits = function.misses = function.saved_ms = 0
        for place in [place for place in self.leases if place[0] == fn]:
            del self.leases[place]
        self.lock.notify_all()
        self._event("clear", fn, None, client)
        return cleared

    def _info(self, fn):
        f = self.functions.get(fn) or Function()
        return {
            "fn": fn,
            "hits": f.hits,
            "misses": f.misses,
            "maxsize": f.maxsize,
            "currsize": len(f.entries),
            "typed": f.typed,
            "saved_ms": f.saved_ms,
        }

    def _answer(self, request, connection, client):
        op, fn = request.get("op"), request.get("fn")
        if op == "ping" or op == "sync":
            return {"ok": True}
        if op == "hello":
            client["name"] = request.get("client", "")
            return {"ok": True, "server": "memod", "version": "0", "protocol": 1, "limits": self.limits}
        if op == "get":
            return self._get(request, connection)
        if op == "mget":
            return {
                "ok": True,
                "results": [self._get({"fn": fn, "key": key}, connection) for key in request["keys"]],
            }
        if op == "put":
            return self._put(fn, request, client["name"])
        if op == "mput":
            return {
                "ok": True,
                "stored": sum(self._put(fn, e, client["name"])["stored"] for e in request["entries"]),
            }
        if op == "release":
            place = (fn, normal(request["key"]))
            released = self.leases.get(place, ("",))[0] == request["lease"]
            if released:
                del self.leases[place]
                self.lock.notify_all()
            return {"ok": True, "released": released}
        if op == "delete":
            function = self.functions.setdefault(fn, Function())
            gone = function.entries.pop(normal(request["key"]), None)
            self.leases.pop((fn, normal(request["key"])), None)
            self.lock.notify_all()
            if gone is not None:
                self._event("delete", fn, request["key"], client["name"])
            return {"ok": True, "deleted": int(gone is not None)}
        if op == "clear":
            names = [fn] if fn else list(self.functions)
            return {"ok": True, "cleared": sum(self._clear(each, client["name"]) for each in names)}
        if op == "define":
            function = self.functions.setdefault(fn, Function())
            function.maxsize = request.get("maxsize", function.maxsize)
            function.typed = request.get("typed", function.typed)
            return {"ok": True, **self._info(fn)}
        if op == "info":
            return {"ok": True, **self._info(fn)}
        if op == "report":
            function = self.functions.setdefault(fn, Function())
            function.hits += request["hits"]
            function.saved_ms += request.get("saved_ms", 0)
            return {"ok": True}
        if op == "subscribe":
            self.subscribers.setdefault(fn, set()).add(connection)
            return {"ok": True}
        return {"ok": False, "error": {"code": "unknown_op", "message": f"unknown op {op}"}}
