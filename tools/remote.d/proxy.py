"""What stands between a helper and its server where a test disturbs them."""

import socket
import threading
import time


class Proxy:
    """Between a helper and its server: delays, holds or cuts what goes through."""

    def __init__(self, target, path):
        self.target, self.path = str(target), path
        self.delay, self.holds = 0.0, threading.Event()
        self.pairs = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.target)
            except OSError:
                near.close()
                continue
            self.pairs.append((near, far))
            for is_request in (True, False):
                threading.Thread(target=self.pump, args=(near, far, is_request), daemon=True).start()

    def passes(self, near, far, data, is_request):
        """Called before data goes on."""

    def pump(self, near, far, is_request):
        source, target = (near, far) if is_request else (far, near)
        try:
            while data := source.recv(65536):
                self.passes(near, far, data, is_request)
                if self.delay:
                    time.sleep(self.delay)
                while self.holds.is_set():
                    time.sleep(0.01)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            end.close()

    def cut(self):
        for pair in self.pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs = []

    def close(self):
        self.holds.clear()
        self.listener.close()
        self.cut()
