"""What the scripts of this folder share: a real browser, named checks, screenshots.

A script is a list of named checks. Each prints one line, `holds NAME` or `FAILED NAME: WHY`, and goes
on after a failure; `done` prints how many there were. `BrowserTests.swift` reads these lines. By
hand, after `.ci/setup tests` and a build:

    .build/debug/platevault demo --serve --addresses /tmp/addresses.json     # leave it running
    ADDRESSES=/tmp/addresses.json .build/browser/bin/python Tests/BrowserTests/Scripts/public.py
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import traceback

import axe_core_python
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHOTS = pathlib.Path(os.environ.get("SCREENSHOTS", ROOT / ".build/screenshots"))
WIDE, NARROW = (1280, 900), (360, 780)
_axe = pathlib.Path(axe_core_python.__file__).with_name("axe.min.js")
_count = {"holds": 0, "FAILED": 0}


def holds(name, condition, why=""):
    """One claim. Goes on whatever the outcome; `why` says what was there instead."""
    word = "holds" if condition else "FAILED"
    _count[word] += 1
    reason = " ".join(str(why).split())[:1500]
    print(f"{word} {name}" + ("" if condition else f": {reason}"), flush=True)
    return bool(condition)


@contextlib.contextmanager
def claim(name):
    """What is within must go through; a failure is told with its reason, and the script goes on."""
    try:
        yield
    except Exception as problem:  # whatever it is, it is this claim's failure
        place = traceback.extract_tb(problem.__traceback__)[-1]
        holds(name, False, f"{type(problem).__name__} at {place.name}:{place.lineno}: {problem}")
    else:
        holds(name, True)


def done():
    """Says how many checks there were. A script without any has failed."""
    total = sum(_count.values())
    print(f"done {total} checks, {_count['FAILED']} failed", flush=True)
    sys.exit(0 if total and not _count["FAILED"] else 1)


def addresses():
    """Where the programs of the deployment are: what `platevault demo --serve` wrote."""
    return json.loads(pathlib.Path(os.environ["ADDRESSES"]).read_text())


def platevault(*arguments):
    """Runs a command of the deployment: its output, and whether it did what it was asked for."""
    folder = os.environ.get("PROGRAMS", ROOT / ".build/debug")
    command = [f"{folder}/platevault", *arguments]
    if "--dir" not in arguments and "--log" not in arguments:
        command += ["--dir", addresses()["root"]]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return result.stdout + result.stderr, result.returncode == 0


def told(*arguments):
    """What a command of the deployment says as JSON; None where it did not do it."""
    folder = os.environ.get("PROGRAMS", ROOT / ".build/debug")
    command = [f"{folder}/platevault", *arguments, "--json", "--dir", addresses()["root"]]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return json.loads(result.stdout) if result.returncode == 0 else None


def enter(browser, word):
    """Opens a person's desk. Its address opens it once: the session is kept for the other scripts."""
    address = addresses()["desks"][word]
    kept = pathlib.Path(os.environ["ADDRESSES"] + "." + word)
    root = "/".join(address.split("/")[:3]) + "/"
    if kept.exists():
        cookie = json.loads(kept.read_text())
        browser.command("Network.setCookie", url=root, name=cookie["name"], value=cookie["value"],
                        httpOnly=True, sameSite="Strict", path="/")
        return browser.open(root)
    browser.open(address)
    kept.write_text(json.dumps(next(
        cookie for cookie in browser.driver.get_cookies() if "desk" in cookie["name"])))
    return browser


def until(seconds, condition, pause=0.1):
    """Asks again and again until it is so; whether it was within the time."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found or time.monotonic() > end:
            return found
        time.sleep(pause)


class Browser:
    """Chromium with a profile of its own, in a window of a size."""

    def __init__(self, size=WIDE, scripts=True, dark=False, extra=()):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in (
            "--headless=new", "--disable-dev-shm-usage", "--no-first-run", "--disable-gpu",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-default-apps", "--disable-domain-reliability", "--no-pings",
            "--force-color-profile=srgb", *extra,
        ):
            options.add_argument(flag)
        if os.geteuid() == 0:  # Chromium's sandbox does not run as root
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        if not scripts:
            options.add_experimental_option(
                "prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.scripts = scripts
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(60)
        self.size = size
        self._fit()
        if dark:
            self.command("Emulation.setEmulatedMedia",
                         features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.visited = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def _fit(self, more=0):
        # A headless window is not below 500 pixels; what the page sees is.
        self.command("Emulation.setDeviceMetricsOverride", width=self.size[0],
                     height=self.size[1] + more, deviceScaleFactor=1, mobile=False)

    def command(self, command, **arguments):
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def open(self, address):
        """Goes to an address."""
        self.visited.append(address)
        self.driver.get(address)
        return self

    @property
    def address(self):
        return self.driver.current_url

    @property
    def title(self):
        return self.driver.title

    @property
    def text(self):
        """What a reader sees."""
        return self.find("body").text

    @property
    def source(self):
        return self.driver.page_source

    def find(self, css):
        """The first element; fails where there is none."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def has(self, css):
        return bool(self.all(css))

    def link(self, words):
        """The first link or button with these words that is there for readers."""
        for element in self.all("a, button, input[type=submit], summary"):
            if element.get_attribute("aria-hidden") == "true":
                continue
            if words.lower() in (element.text or element.get_attribute("value") or "").lower():
                return element
        raise NoSuchElementException(f"no link or button says {words!r}")

    def click(self, what):
        """Clicks an element, or the link or button with these words, and waits for the page."""
        element = self.link(what) if isinstance(what, str) else what
        self.command("Page.enable")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        return self

    def press(self, what):
        """Clicks what leads to another page, and waits until that page is there whole."""
        self.run("window.isBefore = true")
        self.click(what)

        def is_there():
            try:
                return self.run("return !window.isBefore && document.readyState === 'complete'")
            except WebDriverException:  # between two pages
                return False

        if not until(60, is_there):
            raise TimeoutError(f"{what!r} leads to no other page")
        return self

    def rows(self, caption):
        """The cells of the rows of the table with a caption; none where there is no such table."""
        return self.run("""
            const clean = (text) => text.replace(/\\s+/g, " ").trim();
            const table = [...document.querySelectorAll("main table")]
                .find((one) => clean(one.caption.textContent).startsWith(arguments[0]));
            return [...(table?.tBodies[0].rows ?? [])]
                .map((row) => [...row.cells].map((cell) => clean(cell.textContent)));
            """, caption)

    def facts(self):
        """What the page's lists of facts say: what stands beside each name, and its note."""
        return self.run("""
            const clean = (text) => text.replace(/\\s+/g, " ").trim();
            return Object.fromEntries([...document.querySelectorAll("main dl.facts > div")]
                .map((one) => [clean(one.querySelector("dt").textContent),
                    [...one.querySelectorAll("dd")].map((part) => clean(part.textContent))]));
            """)

    def record_notifications(self):
        """From the next page on, notifications are kept in `told` instead of being shown."""
        self.command("Page.addScriptToEvaluateOnNewDocument", source="""
            const System = Notification;
            globalThis.told = [];
            globalThis.Notification = class {
                constructor(title, options) { told.push({title, ...options}); }
                static get permission() { return System.permission; }
                static requestPermission() { return System.requestPermission(); }
            };""")

    def allow_notifications(self, root):
        """What a person says to the browser's own question."""
        self.command("Browser.grantPermissions", origin=root, permissions=["notifications"])

    def field(self, label):
        """The input that a label names: what a screen reader would read out."""
        for element in self.all("label"):
            if label.lower() in element.text.lower():
                target = element.get_attribute("for")
                if target:
                    return self.driver.find_element(By.ID, target)
                return element.find_element(By.CSS_SELECTOR, "input, select, textarea")
        raise NoSuchElementException(f"no field is labelled {label!r}")

    def fill(self, label, text):
        """Types into the field that a label names."""
        field = self.field(label)
        field.clear()
        field.send_keys(text)
        return field

    def run(self, script, *arguments):
        """Runs a script in the page; its value."""
        return self.driver.execute_script(script, *arguments)

    def shot(self, name):
        """Keeps a picture of the whole page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        height = self.run("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": self.size[0], "height": min(height, 8000), "scale": 1}
        picture = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        import base64
        (SHOTS / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
        # Without scripts, clicks miss after such a picture until the window has changed.
        self._fit(1)
        self._fit()

    def complaints(self):
        """What the browser itself complains of since the last time: script errors, refused styles."""
        return [line["message"] for line in self.driver.get_log("browser")
                if line["level"] in ("SEVERE", "WARNING") and "favicon.ico" not in line["message"]]

    def requests(self):
        """The addresses that the browser asked since the last time."""
        found = []
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def overflows(self):
        """Whether the page is wider than its window."""
        return self.run(
            "return document.documentElement.scrollWidth > document.documentElement.clientWidth")

    def axe(self):
        """What axe finds against WCAG 2.1 A and AA on this page, one line a rule."""
        self.driver.execute_script(_axe.read_text())
        self.driver.set_script_timeout(60)
        found = self.driver.execute_async_script("""
            const done = arguments[0];
            axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
                .then((result) => done(result.violations.map((rule) => rule.id + " (" + rule.help
                    + "): " + rule.nodes.slice(0, 3).map((node) => node.target.join(" ")
                    + " " + (node.any[0]?.message ?? "")).join("; "))))
                .catch((problem) => done(["axe failed: " + problem.message]));
            """)
        return found


def looks(browser, name, shots=True):
    """What holds of every page: it fits its window, axe finds nothing, the browser complains of
    nothing, it has a title, one heading, a language and a main part. Keeps a picture."""
    if shots:
        browser.shot(name)
    holds(f"{name}: no wider than its window", not browser.overflows(), browser.address)
    if browser.scripts:  # axe is a script
        found = browser.axe()
        holds(f"{name}: accessible (axe, WCAG 2.1 AA)", not found, " | ".join(found))
    complaints = browser.complaints()
    holds(f"{name}: the browser complains of nothing", not complaints, " | ".join(complaints))
    parts = browser.run("""return [document.title !== "", document.documentElement.lang !== "",
        document.querySelectorAll("main").length, document.querySelectorAll("h1").length]""")
    holds(f"{name}: title, language, one main part, one heading",
          parts == [True, True, 1, 1], parts)
