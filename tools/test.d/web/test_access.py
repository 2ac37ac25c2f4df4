"""Who may read, and what is refused."""

import os
import stat
import subprocess
import unittest

from harness import Daemon, Web, program

PATHS = ["/", "/main.js", "/metrics", "/api/stats", "/api/nothing", "/nothing"]


class AccessTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        cls.web = Web(cls.daemon)

    @classmethod
    def tearDownClass(cls):
        cls.web.close()
        cls.daemon.close()

    def test_nothing_is_told_without_the_token(self):
        self.assertRegex(self.web.token, "^[0-9a-f]{32}$")
        wrong = self.web.token[:-1] + ("0" if self.web.token[-1] != "0" else "1")
        for path in PATHS:
            for given in (
                {},
                {"Authorization": f"Bearer {wrong}"},
                {"Authorization": f"Bearer {self.web.token}0"},
                {"Authorization": f"Bearer {self.web.token[:-1]}"},
                {"Authorization": self.web.token},
                {"Cookie": f"memod-web-{self.web.port}={wrong}"},
                {"Cookie": f"memod-web-1={self.web.token}"},
            ):
                status, headers, body = self.web.ask(path, token=False, headers=given)
                self.assertEqual(status, 401, (path, given, body))
                self.assertEqual(headers["WWW-Authenticate"], "Bearer")
            self.assertEqual(self.web.ask(f"{path}?token={wrong}", token=False)[0], 401)
            self.assertEqual(self.web.ask(f"{path}?token=", token=False)[0], 401)

    def test_three_ways_to_give_it(self):
        cookie = f"memod-web-{self.web.port}={self.web.token}"
        self.assertEqual(self.web.ask("/api/stats")[0], 200)
        self.assertEqual(self.web.ask("/api/stats", token=False, headers={"Cookie": "a=b; " + cookie})[0], 200)
        status, headers, _ = self.web.ask(f"/?token={self.web.token}", token=False)
        self.assertEqual(status, 200)
        self.assertEqual(headers["Set-Cookie"], cookie + "; Path=/; HttpOnly; SameSite=Strict")
        self.assertIsNone(self.web.ask("/")[1]["Set-Cookie"])

    def test_every_answer_is_closed_to_others(self):
        for path in PATHS:
            for token in (True, False):
                _, headers, _ = self.web.ask(path, token=token)
                self.assertEqual(headers["Cache-Control"], "no-store")
                self.assertEqual(headers["Referrer-Policy"], "no-referrer")
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                policy = headers["Content-Security-Policy"]
                self.assertIn("default-src 'none'", policy)
                self.assertIn("frame-ancestors 'none'", policy)
                self.assertNotIn("unsafe", policy)
                self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_other_names_of_the_host_are_refused(self):
        for host in (
            "evil.example", f"evil.example:{self.web.port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.2:{self.web.port}",
            f"127.0.0.1.evil.example:{self.web.port}", f"localhost.:{self.web.port}", "", None,
        ):
            for path in PATHS:
                status, headers, body = self.web.ask(path, headers={"Host": host})
                self.assertIn(status, (400, 403), (host, path, body))
                self.assertIsNone(headers["Set-Cookie"])
        for host in (self.web.host, f"localhost:{self.web.port}", f"LOCALHOST:{self.web.port}"):
            self.assertEqual(self.web.ask("/", headers={"Host": host})[0], 200)

    def test_other_sites_are_refused(self):
        for origin in ("http://evil.example", "null", f"https://{self.web.host}", "http://127.0.0.1"):
            self.assertEqual(self.web.ask("/api/stats", headers={"Origin": origin})[0], 403)
        self.assertEqual(self.web.ask("/api/stats", headers={"Origin": f"http://{self.web.host}"})[0], 200)

    def test_it_can_only_be_read(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            for path in PATHS:
                status, headers, _ = self.web.ask(path, method=method)
                self.assertEqual(status, 405, (method, path))
                self.assertEqual(headers["Allow"], "GET, HEAD")
        status, headers, body = self.web.ask("/", method="HEAD")
        self.assertEqual((status, body), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 500)

    def test_a_token_of_ones_own(self):
        path = self.daemon.directory + "/token"
        first = Web(self.daemon, "--token-file", path)
        first.close()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(open(path).read(), first.token + "\n")
        second = Web(self.daemon, "--token-file", path)
        second.close()
        self.assertEqual(second.token, first.token)
        for spoil, word in (
            (lambda: os.chmod(path, 0o640), "chmod 600"),
            (lambda: open(path, "w").write("short\n"), "no token"),
            (lambda: open(path, "w").write("x" * 20 + " & " + "y" * 20 + "\n"), "no token"),
            (lambda: (os.rename(path, path + ".real"), os.symlink(path + ".real", path)), "cannot be read"),
        ):
            spoil()
            self.refused(["--token-file", path], 1, word)
            if os.path.islink(path):
                os.unlink(path)
            else:
                os.chmod(path, 0o600)

    def refused(self, options, status, word, **keywords):
        done = subprocess.run(
            [program("memod-web", "MEMOD_WEB_BIN"), "--socket", self.daemon.socket, *options],
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **keywords,
        )
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(word, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_only_the_loopback_interface(self):
        for address in ("0.0.0.0:7270", "192.168.1.1:80", "example.org:1", "127.0.0.1", "127.0.0.1:70000", ":1", "[::]:1"):
            self.refused(["--listen", address], 64, "--listen")
        self.refused(["--listen", self.web.host], 1, "cannot listen")
        self.refused(["--no-token", "--token-file", "x"], 64, "exclude")
        for option in ("--socket", "--token-file", "--save"):
            self.refused([option, ""], 64, f"'' is invalid for '{option} ")

    @unittest.skipUnless(os.geteuid() == 0, "asks as root")
    def test_without_a_token_root_is_refused(self):
        self.refused(["--no-token"], 64, "root")


@unittest.skipUnless(os.geteuid() == 0, "acts for other users")
class OtherUserTests(unittest.TestCase):
    USER, GROUP = 54351, 54352

    def setUp(self):
        self.daemon = Daemon.__new__(Daemon)

    def start(self, *options):
        """A daemon that a user may use, and its directory."""
        import tempfile

        self.daemon.directory = tempfile.mkdtemp(prefix="memod-web-test-")
        os.chmod(self.daemon.directory, 0o711)
        self.daemon.socket = self.daemon.directory + "/memod.sock"
        self.daemon.process = subprocess.Popen(
            [
                program("memod", "MEMOD_BIN"), "--socket", self.daemon.socket, "--database",
                self.daemon.directory + "/memod.db", "--socket-mode", "0666", "--allow-user", str(self.USER), *options,
            ],
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )
        from harness import until

        until("a daemon", self.daemon.connects)

    def tearDown(self):
        self.daemon.close()

    def test_without_a_token_the_user_is_warned(self):
        self.start()
        web = Web(self.daemon, "--no-token", user=self.USER, group=self.USER, extra_groups=[])
        self.assertEqual(web.address, f"http://{web.host}/")
        self.assertEqual(web.ask("/api/stats")[0], 200)
        self.assertEqual(web.ask("/api/stats", headers={"Host": "evil.example"})[0], 403)
        web.process.terminate()
        self.assertIn("every user of this machine may read", web.process.communicate(timeout=60)[1])

    def test_without_a_token_administrators_are_refused(self):
        self.start("--admin-group", str(self.GROUP))
        done = subprocess.run(
            [program("memod-web", "MEMOD_WEB_BIN"), "--socket", self.daemon.socket, "--no-token"],
            capture_output=True, text=True, timeout=60, user=self.USER, group=self.GROUP, extra_groups=[],
        )
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assertIn("admin group", done.stderr)


if __name__ == "__main__":
    unittest.main()
