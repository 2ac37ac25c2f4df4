"""What is told: in JSON, to Prometheus, and in a page that needs no server."""

import json
import os
import re
import shutil
import stat
import subprocess
import unittest
import urllib.parse
import urllib.request

from harness import ROOT, Daemon, Web, program, until

NAMES = ["plain", "<script>alert(1)</script>", 'quote"back\\slash', "line\nfeed", "имя & 名前", "a+b%20c#d?e"]


class FigureTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        cls.daemon.call(op="define", fn="plain", maxsize=5)
        cls.daemon.load(NAMES)
        cls.daemon.call(
            op="report", fn="plain", hits=0, verified=3, mismatched=1,
            mismatch={"digest": "d", "kept": "<b>old</b>", "computed": "new"},
        )
        cls.web = Web(cls.daemon)

    @classmethod
    def tearDownClass(cls):
        cls.web.close()
        cls.daemon.close()

    def test_it_agrees_with_the_programs_own_count(self):
        stats = self.web.json("stats")
        self.assertEqual((stats["hits"], stats["misses"]), (10 * len(NAMES), 10 * len(NAMES)))
        rows = {row["fn"]: row for row in self.web.json("functions")["functions"]}
        self.assertEqual(set(rows), set(NAMES))
        for name in NAMES:
            self.assertEqual((rows[name]["hits"], rows[name]["misses"], rows[name]["saved_ms"]), (10, 10, 100))
            self.assertEqual(self.web.json("info", fn=name)["hits"], 10)
            points = self.web.json("history", fn=name, span_ms=3600000, points=60)["points"]
            self.assertEqual(sum(point["hits"] for point in points), 10)
            keys = self.web.json("keys", fn=name, limit=3)
            self.assertEqual(len(keys["keys"]), 3)
            self.assertIsNotNone(keys["next"])
        points = self.web.json("history")["points"]
        self.assertEqual(sum(point["misses"] for point in points), 10 * len(NAMES))
        mismatches = self.web.json("info", fn="plain")["mismatches"]
        self.assertEqual([row["kept"] for row in mismatches], ["<b>old</b>"])
        self.assertEqual(self.web.json("advise", fn="plain")["functions"][0]["maxsize"], 5)
        # Looking changes nothing.
        self.assertEqual(self.web.json("stats")["hits"], 10 * len(NAMES))

    def test_what_makes_no_sense_is_said(self):
        for path, word in (
            ("stats?x=1", "x"), ("history?points=0", "points"), ("history?points=2001", "points"),
            ("history?span_ms=-1", "span_ms"), ("history?span_ms=a", "span_ms"), ("keys", "fn"), ("info", "fn"),
            ("keys?fn=a&limit=1001", "limit"), ("info?fn=", "fn"), ("keys?fn=plain&after=zzz", "after"),
            ("info?fn=" + "x" * 600, "fn"), ("advise?function=a", "function"),
        ):
            status, headers, body = self.web.ask(f"/api/{path}")
            self.assertEqual(status, 400, (path, body))
            self.assertEqual(headers["Content-Type"], "application/json")
            error = json.loads(body)["error"]
            self.assertEqual(error["code"], "bad_request")
            self.assertIn(word, error["message"])
        for path in ("/api/", "/api/put", "/api/stats/", "/../etc/passwd", "/page.html", "//"):
            self.assertEqual(self.web.ask(path)[0], 404, path)

    def test_a_daemon_that_is_away_is_said_and_comes_back(self):
        daemon = Daemon()
        web = Web(daemon)
        try:
            daemon.load(["f"])
            self.assertEqual(web.json("stats")["hits"], 10)
            daemon.stop()
            for path in ("/api/stats", "/metrics"):
                status, _, body = web.ask(path)
                self.assertEqual(status, 503, body)
                self.assertIn("no daemon at", body)
            self.assertEqual(web.ask("/")[0], 200)
            daemon.start()
            self.assertEqual(web.json("stats")["hits"], 10)
        finally:
            web.close()
            daemon.close()

    def test_it_ends_when_nobody_looks(self):
        web = Web(self.daemon, "--idle-exit", "1s")
        self.assertEqual(web.ask("/api/stats")[0], 200)
        self.assertEqual(web.process.wait(60), 0)
        web.process.communicate()

    def test_a_saved_page_stands_alone(self):
        path = self.daemon.directory + "/saved.html"
        command = [program("memod-web", "MEMOD_WEB_BIN"), "--socket", self.daemon.socket, "--save", path]
        subprocess.run(command, check=True, timeout=60)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        page = open(path).read()
        self.assertNotIn("<script>alert", page)
        self.assertNotRegex(page, r'(src|href)="(?!data:|#)[^"]')
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
        self.assertEqual({row["fn"] for row in data["functions"]}, set(NAMES))
        self.assertEqual(data["stats"]["hits"], 10 * len(NAMES))
        # What is there is not written over.
        again = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(again.returncode, 1)
        self.assertIn(path, again.stderr)

    def test_metrics_of_every_name(self):
        status, headers, body = self.web.ask("/metrics")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertTrue(body.endswith("# EOF\n"))
        for name in ("<script>alert(1)</script>", 'quote\\"back\\\\slash', "line\\nfeed", "имя & 名前"):
            self.assertIn(f'memod_hits_total{{fn="{name}"}} 10\n', body)
        self.assertIn('memod_mismatched_total{fn="plain"} 1\n', body)
        printed = subprocess.run(
            [program("memoctl", "MEMOCTL_BIN"), "--socket", self.daemon.socket, "stats", "--prometheus"],
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout

        def families(text):
            return [line for line in text.splitlines() if line.startswith("# ")]

        self.assertEqual(families(printed), families(body))


def prometheus():
    """The directory of Debian's Prometheus, unpacked into the build folder; None if it cannot be had."""
    place = ROOT / ".build" / "prometheus"
    if not (place / "usr/bin/prometheus").exists():
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            return None
        place.mkdir(parents=True, exist_ok=True)
        for command in (["apt-get", "download", "-q", "prometheus"], ["sh", "-c", "dpkg -x prometheus_*.deb ."]):
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300)
            if done.returncode:
                print("going on without Prometheus:", done.stderr.strip()[-300:])
                return None
    return place / "usr/bin"


class PrometheusTests(unittest.TestCase):
    """Debian's Prometheus, which reads the metrics as it does in use."""

    @classmethod
    def setUpClass(cls):
        cls.programs = prometheus()
        if cls.programs is None:
            raise unittest.SkipTest("there is no Prometheus")
        cls.daemon = Daemon()
        cls.daemon.load(NAMES)
        cls.web = Web(cls.daemon)

    @classmethod
    def tearDownClass(cls):
        cls.web.close()
        cls.daemon.close()

    def test_promtool_finds_nothing_to_complain_of(self):
        status, headers, body = self.web.ask("/metrics", headers={"Accept": "text/plain"})
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        done = subprocess.run(
            [self.programs / "promtool", "check", "metrics"], input=body, capture_output=True, text=True, timeout=60
        )
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_what_was_scraped_is_what_was_counted(self):
        directory = self.daemon.directory
        with open(directory + "/prometheus.yml", "w") as file:
            file.write(
                "scrape_configs:\n  - job_name: memod\n    scrape_interval: 1s\n    authorization:\n"
                f"      credentials: {self.web.token}\n    static_configs:\n      - targets: ['{self.web.host}']\n"
            )
        subprocess.run(
            [self.programs / "promtool", "check", "config", directory + "/prometheus.yml"],
            check=True, capture_output=True, timeout=60,
        )
        with open(directory + "/prometheus.log", "w+") as log:
            server = subprocess.Popen(
                [
                    self.programs / "prometheus", f"--config.file={directory}/prometheus.yml",
                    f"--storage.tsdb.path={directory}/tsdb", "--web.listen-address=127.0.0.1:0",
                ],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )
            try:
                # It was given any port, and says which in no file: its own socket is looked up.
                port = until("a port", lambda: listening(server.pid))

                def query(text):
                    address = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(text)}"
                    try:
                        with urllib.request.urlopen(address, timeout=10) as reply:
                            return json.load(reply)["data"]["result"]
                    except OSError:
                        return []

                until("a scrape", lambda: [row for row in query("up") if row["value"][1] == "1"])
                rows = until("hits", lambda: query("memod_hits_total"))
                self.assertEqual({row["metric"]["fn"]: row["value"][1] for row in rows}, {name: "10" for name in NAMES})
                self.daemon.load(["later"])
                until("what happened since", lambda: query('memod_hits_total{fn="later"} == 10'))
                self.assertEqual(query("memod_lookup_misses_total")[0]["value"][1], str(10 * len(NAMES) + 10))
                self.assertTrue(query('memod_latency_seconds{op="get",quantile="0.99"}'))
                for expression in expressions():
                    address = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(expression)}"
                    with urllib.request.urlopen(address, timeout=10) as reply:
                        self.assertEqual(json.load(reply)["status"], "success", expression)
            finally:
                server.terminate()
                server.wait(60)


def expressions():
    """What the dashboard for Grafana asks for, with its variables filled in."""
    with open(ROOT / "docs" / "grafana.json") as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"].replace("$__rate_interval", "1m").replace("$fn", ".*")


def listening(pid):
    """The port that a process listens on."""
    inodes = set()
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{entry}")
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    with open("/proc/net/tcp") as file:
        for line in list(file)[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                return int(fields[1].split(":")[1], 16)
    return None


if __name__ == "__main__":
    unittest.main()
