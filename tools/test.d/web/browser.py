"""A Chromium without a screen, through its driver's protocol (WebDriver)."""

import base64
import http.client
import json
import re
import shutil
import subprocess
import tempfile

from harness import PATIENCE, until

KEYS = {"tab": "\ue004", "enter": "\ue007", "left": "\ue012", "right": "\ue014", "home": "\ue011"}


def is_there():
    return all(shutil.which(name) for name in ("chromium", "chromedriver"))


class Browser:
    def __init__(self, width=1280, height=900, dark=False):
        self.directory = tempfile.mkdtemp(prefix="memod-browser-")
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0", f"--log-path={self.directory}/log"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        )
        for line in self.process.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                break
        self.port = int(found[1])
        # Its sandbox takes rights that root in a container has not.
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   f"--user-data-dir={self.directory}/profile", f"--window-size={width},{height}"]
        if dark:
            options.append("--blink-settings=preferredColorScheme=0")
        capabilities = {"alwaysMatch": {"goog:chromeOptions": {"args": options}, "goog:loggingPrefs": {"browser": "ALL"}}}
        self.session = self._send("POST", "/session", {"capabilities": capabilities})["sessionId"]

    def _send(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{value['error']}: {value['message']}")
        return value

    def _call(self, method, path, body=None):
        return self._send(method, f"/session/{self.session}{path}", body)

    def open(self, address):
        self._call("POST", "/url", {"url": address})

    @property
    def address(self):
        return self._call("GET", "/url")

    def run(self, script, *arguments):
        """What a piece of JavaScript returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments):
        return until(script, lambda: self.run(f"return {script}", *arguments))

    def text(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)", selector)

    def press(self, *keys):
        actions = []
        for key in keys:
            for character in KEYS.get(key, key):
                actions += [{"type": "keyDown", "value": character}, {"type": "keyUp", "value": character}]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def complaints(self):
        """Errors on the console, violations of the policy among them."""
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE"]

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._call("GET", "/screenshot")))

    def resize(self, width, height):
        self._call("POST", "/window/rect", {"width": width, "height": height})

    def close(self):
        try:
            self._call("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait(PATIENCE)
            shutil.rmtree(self.directory, ignore_errors=True)
