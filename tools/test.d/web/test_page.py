"""The page in a real Chromium. Pictures are kept where MEMOD_TEST_PICTURES says."""

import json
import os
import subprocess
import sys
import unittest

import browser
from browser import Browser
from harness import ROOT, Daemon, Web, program, until

SCRIPT = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">"
ROWS = ".functions tbody tr"


def picture(page, name):
    place = os.environ.get("MEMOD_TEST_PICTURES")
    if place:
        page.picture(os.path.join(place, name + ".png"))


@unittest.skipUnless(browser.is_there(), "there is no chromium with chromedriver")
class PageTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def setUp(self):
        self.daemon = Daemon()
        self.web = Web(self.daemon)

    def tearDown(self):
        self.web.close()
        self.daemon.close()

    def show(self, functions=None):
        self.browser.complaints()
        self.browser.open(self.web.address)
        if functions is not None:
            self.browser.until(f"document.querySelectorAll('{ROWS}').length === arguments[0]", functions)

    def names(self):
        return self.browser.text(ROWS + " td:first-child")

    def column(self, number):
        return self.browser.text(f"{ROWS} td:nth-child({number})")

    def fits(self):
        return self.browser.run("return document.documentElement.scrollWidth <= innerWidth")

    def test_with_nothing_in_it(self):
        self.show(0)
        self.browser.until("document.body.textContent.includes('Nothing has been remembered yet')")
        self.browser.until("document.body.textContent.includes('0 of 0 functions')")
        self.assertEqual(self.browser.complaints(), [])

    def test_one_function_and_its_page(self):
        self.daemon.call(op="define", fn=SCRIPT, maxsize=50)
        self.daemon.load([SCRIPT])
        self.daemon.call(op="report", fn=SCRIPT, hits=0, verified=9, mismatched=1,
                         mismatch={"digest": "abc", "kept": SCRIPT, "computed": "2"})
        self.show(1)
        self.assertEqual(self.names(), [SCRIPT])
        # The token is in no address that stays: neither in the history nor after a reload.
        self.assertEqual(self.browser.address, f"http://{self.web.host}/")
        self.browser.run("location.reload()")
        self.browser.until(f"document.querySelectorAll('{ROWS}').length === 1")
        self.browser.run(f"document.querySelector('{ROWS} a').click()")
        self.browser.until("document.querySelectorAll('h2')[0].textContent === arguments[0]", SCRIPT)
        self.browser.until("document.body.textContent.includes('All keys')")
        self.assertIn("1 differed", "".join(self.browser.text(".tile")))
        self.assertIn(SCRIPT, self.browser.text("td.text"))
        self.assertEqual(self.browser.run("return document.title"), f"{SCRIPT} – memod")
        self.assertEqual(self.browser.run("return document.querySelectorAll('main img, main script').length"), 0)
        # Its address leads there again.
        self.browser.run("location.reload()")
        self.browser.until("document.querySelectorAll('h2')[0].textContent === arguments[0]", SCRIPT)
        self.assertEqual(self.browser.complaints(), [])

    def test_charts_sorting_filtering_and_what_happens_meanwhile(self):
        self.daemon.load([f"module{number % 3}.function{number}" for number in range(12)], calls=10)
        self.daemon.load(["module0.busiest"], calls=60)
        self.show(13)
        self.browser.until("document.querySelectorAll('.chart .area').length >= 2")
        self.assertTrue(self.browser.run(
            "return [...document.querySelectorAll('.chart .area')].some((one) => one.getAttribute('d').length > 10)"))
        label = self.browser.run("return document.querySelector('.chart svg').getAttribute('aria-label')")
        self.assertIn("hits: now 90", label)
        # Curves are asked for when they are seen.
        self.assertIsNone(self.browser.run("return document.querySelector('.spark')"))
        self.browser.run("document.querySelector('.functions').scrollIntoView()")
        self.browser.until("document.querySelector('.spark path') !== null")
        # Busiest first, then by name either way.
        self.assertEqual(self.names()[0], "module0.busiest")
        press = "document.querySelectorAll('.functions thead th')[0].querySelector('button').click()"
        self.browser.run(press)
        self.assertEqual(self.names(), sorted(self.names()))
        self.browser.run(press)
        self.assertEqual(self.names(), sorted(self.names(), reverse=True))
        head = "return document.querySelectorAll('.functions thead th')[0].getAttribute('aria-sort')"
        self.assertEqual(self.browser.run(head), "descending")
        self.browser.run("const box = document.querySelector('#filter'); box.value = 'MODULE1';"
                         "box.dispatchEvent(new Event('input'))")
        self.assertEqual(len(self.names()), 4)
        self.assertIn("4 of 13 functions", self.browser.text(".note"))
        # The filter holds while the figures change.
        self.daemon.load(["module1.function1"], calls=100)
        self.browser.until(f"[...document.querySelectorAll('{ROWS}')].some((row) => row.cells[3].textContent === '60')")
        self.assertEqual(len(self.names()), 4)
        self.assertEqual(self.browser.complaints(), [])

    def test_after_a_restart_of_the_daemon(self):
        self.daemon.load(["f"])
        self.show(1)
        self.daemon.stop()
        self.browser.until("document.querySelector('#status.away') !== null")
        self.assertIn("trying again", self.browser.text("#status")[0])
        self.daemon.start()
        self.daemon.load(["g"])
        self.browser.until(f"document.querySelectorAll('{ROWS}').length === 2")
        self.browser.until("document.querySelector('#status.away') === null")

    def test_by_keyboard(self):
        self.daemon.load(["one", "two"])
        self.show(2)
        self.browser.press("tab")
        self.assertEqual(self.browser.run("return document.activeElement.textContent"), "Skip to content")
        seen = []
        for _ in range(40):
            seen.append(self.browser.run(
                "const one = document.activeElement;"
                "return `${one.tagName.toLowerCase()} ${one.getAttribute('aria-label') || one.id || one.textContent}`"))
            if seen[-1] == "a one":
                break
            if seen[-1].startswith("svg Look-ups") and "read" not in seen:
                self.browser.press("left")
                self.assertIn("hits 20", self.browser.text(".chart .read")[0])
            if seen[-1] == "button Hits":
                self.browser.press("enter")
            self.browser.press("tab")
        self.assertEqual(seen[-1], "a one", seen)
        for stop in ("select span", "input filter", "button Misses"):
            self.assertIn(stop, seen)
        self.assertEqual(self.browser.run(
            "return document.querySelectorAll('.functions thead th')[3].getAttribute('aria-sort')"), "ascending")
        self.browser.press("enter")
        self.browser.until("document.querySelectorAll('h2')[0].textContent === 'one'")
        # Whoever reads the page aloud is told the name of every part.
        unnamed = self.browser.run(
            "return [...document.querySelectorAll('svg[role=img], meter, input, select, button, [role=region]')]"
            ".filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || (one.labels && one.labels.length)))"
            ".map((one) => one.outerHTML)")
        self.assertEqual(unnamed, [])

    def test_ten_thousand_functions(self):
        for first in range(0, 10_000, 500):
            lines = b"".join(
                json.dumps({"op": "report", "fn": f"package.module{number % 100}.function{number}", "hits": number}).encode()
                + b"\n" for number in range(first, first + 500))
            self.daemon.peer.socket.sendall(lines)
            for _ in range(500):
                self.assertTrue(json.loads(self.daemon.peer.file.readline())["ok"])
        self.show(100)
        self.browser.until("document.body.textContent.includes('9,999 of 9,999 functions, the first 100 shown')")
        self.assertEqual(self.names()[0], "package.module99.function9999")
        self.browser.run("const box = document.querySelector('#filter'); box.value = 'function77';"
                         "box.dispatchEvent(new Event('input'))")
        self.assertIn("111 of 9,999 functions, the first 100 shown", self.browser.text(".note"))
        self.browser.run("[...document.querySelectorAll('button')].find((one) => one.textContent === 'Show more').click()")
        self.assertEqual(len(self.names()), 111)
        self.assertEqual(self.browser.complaints(), [])

    def test_two_widths_and_both_themes(self):
        self.daemon.load(["geo.distance", "risk.score", "thumbnails", "a" * 200, "имя.функции"], calls=40)
        for dark in (False, True):
            page = Browser(dark=dark)
            try:
                page.open(self.web.address)
                page.until("document.querySelectorAll('.chart .area').length >= 2")
                back = page.run("return getComputedStyle(document.body).backgroundColor")
                shade = sum(int(part) for part in back[4:-1].split(","))
                self.assertTrue(shade < 150 if dark else shade > 600, back)
                for width in (1280, 390):
                    page.resize(width, 900)
                    self.assertTrue(page.run("return document.documentElement.scrollWidth <= innerWidth"), width)
                    self.assertEqual(low_contrasts(page), [])
                    picture(page, f"{'dark' if dark else 'light'}-{width}")
                page.run("document.querySelector('#theme').click()")
                if dark:
                    page.until("getComputedStyle(document.body).backgroundColor.startsWith('rgb(246')")
            finally:
                page.close()

    def test_shared_memory_and_other_machines(self):
        redis = ROOT / ".build/redis/bin/redis-server"
        helper = os.environ.get("MEMOD_REMOTE_BIN") or ROOT / ".build/debug/memod-remote"
        if not os.access(redis, os.X_OK) or not os.access(helper, os.X_OK):
            self.skipTest("there is no Redis, or no memod-remote")
        place = self.daemon.directory + "/redis.sock"
        server = subprocess.Popen([redis, "--port", "0", "--unixsocket", place, "--save", "", "--dir", self.daemon.directory],
                                  stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        folder = os.path.dirname(os.path.abspath(helper))
        daemons, webs = [], []
        try:
            until("a Redis", lambda: os.path.exists(place))
            for _ in range(2):
                daemons.append(Daemon("--remote-url", f"redis+unix://{place}", "--remote-functions", "*",
                                      PATH=f"{folder}:{os.environ['PATH']}"))
                webs.append(Web(daemons[-1]))
                until("the other machines", lambda: webs[-1].json("stats")["remote"]["state"] == "up")
            daemons[0].load(["f"])
            until("what was sent", lambda: webs[0].json("stats")["remote"]["puts"] == 10)
            self.assertTrue(daemons[1].call(op="get", fn="f", key=3)["hit"])
            # A client that reads published hits.
            subprocess.run(
                [sys.executable, "-c", "import memod\nclient = memod.Client()\n"
                 "for _ in range(200): assert client.get('f', 3) == 'xxx'"],
                env={**os.environ, "PYTHONPATH": str(ROOT / "tools/python"), "MEMOD_SOCKET": daemons[1].socket}, check=True)
            self.browser.complaints()
            self.browser.open(webs[1].address)
            self.browser.until("[...document.querySelectorAll('td')].some((one) => one.textContent.startsWith('other machines (up'))")
            self.browser.until("[...document.querySelectorAll('tr')].some((row) => "
                               "/^shared memory.*[1-9][0-9]+$/.test(row.textContent.trim()))")
            rows = {row[0]: row for row in self.browser.run(
                "const table = [...document.querySelectorAll('table')].find((one) => one.caption.textContent === 'Tiers');"
                "return [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent))")}
            self.assertEqual(set(list(rows)[:3]), {"memory", "disk", "shared memory"})
            self.assertEqual(rows["shared memory"][1], "1")
            self.assertGreater(int(rows["shared memory"][5]), 100)
            self.assertEqual(list(rows.values())[3][5], "1")
            self.assertEqual(self.browser.complaints(), [])
            picture(self.browser, "tiers")
        finally:
            for one in webs + daemons:
                one.close()
            server.terminate()
            server.wait(10)

    def test_a_saved_page_works_from_a_file(self):
        self.daemon.load(["f", SCRIPT])
        path = self.daemon.directory + "/saved.html"
        subprocess.run(
            [program("memoctl", "MEMOCTL_BIN"), "--socket", self.daemon.socket, "dashboard", "--save", path],
            check=True, timeout=60, capture_output=True, env=self.environment())
        self.daemon.stop()
        self.browser.complaints()
        self.browser.open("file://" + path)
        self.browser.until(f"document.querySelectorAll('{ROWS}').length === 2")
        self.browser.until("document.querySelectorAll('.chart .area').length >= 2")
        self.assertIn("As of", self.browser.text("#status")[0])
        self.browser.run(f"document.querySelector('{ROWS} a').click()")
        self.browser.until("document.querySelectorAll('.chart .area').length >= 2")
        self.assertEqual(self.browser.complaints(), [])
        self.daemon.start()

    def environment(self):
        # memoctl looks beside itself and on PATH.
        beside = os.path.dirname(program("memod-web", "MEMOD_WEB_BIN"))
        return {"PATH": f"{beside}:/usr/bin:/bin", "HOME": self.daemon.directory, "MEMOD_SOCKET": self.daemon.socket}

    def test_the_dashboard_opens_by_a_file(self):
        self.daemon.load(["f"])
        command = [program("memoctl", "MEMOCTL_BIN"), "dashboard", "--json"]

        def dashboard():
            done = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True, env=self.environment())
            self.assertNotIn("token", done.stdout)
            return json.loads(done.stdout)

        first = dashboard()
        self.addCleanup(lambda: [os.kill(pid, 15) for pid in servers(self.daemon.socket)])
        self.assertTrue(first["started"])
        self.assertEqual(os.stat(first["file"]).st_mode & 0o777, 0o600)
        # The same server again, and another one if it has ended.
        second = dashboard()
        self.assertEqual((second["started"], second["address"]), (False, first["address"]))
        self.browser.open("file://" + first["file"])
        self.browser.until(f"document.querySelectorAll('{ROWS}').length === 1")
        self.assertEqual(self.browser.address, first["address"])
        (server,) = [pid for pid in servers(self.daemon.socket) if pid != self.web.process.pid]
        with open(f"/proc/{server}/cmdline") as file:
            self.assertNotIn("token", file.read())
        os.kill(server, 15)
        until("its end", lambda: server not in servers(self.daemon.socket))
        self.assertTrue(dashboard()["started"])


def servers(socket):
    """Those that serve for a daemon."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline") as file:
                words = file.read().split("\0")
        except OSError:
            continue
        if words[0].endswith("memod-web") and socket in words:
            found.append(int(name))
    return found


def low_contrasts(page):
    """Texts of which the contrast with what is behind them is below 4.5, as WCAG asks for."""
    return page.run("""
        const light = (color) => {
          const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map((one) => one / 255)
            .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = (one) => {
          for (; one; one = one.parentElement) {
            const color = getComputedStyle(one).backgroundColor;
            if (color !== "rgba(0, 0, 0, 0)") return color;
          }
          return "rgb(255, 255, 255)";
        };
        return [...document.querySelectorAll("h1, h2, h3, p, dt, dd, small, th, td, a, button, label, summary, svg text")]
          .filter((one) => one.textContent.trim() && one.offsetParent !== null || one.tagName === "text")
          .map((one) => {
            const style = getComputedStyle(one);
            const [text, page] = [light(one.tagName === "text" ? style.fill : style.color), light(behind(one))];
            return [one.textContent.slice(0, 30), (Math.max(text, page) + 0.05) / (Math.min(text, page) + 0.05)];
          }).filter(([, ratio]) => ratio < 4.5);""")


if __name__ == "__main__":
    unittest.main()
