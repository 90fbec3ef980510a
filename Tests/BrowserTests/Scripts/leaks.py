"""What leaves a person's machine: every byte between a browser and the vault, and between the desks
and everybody else, is recorded while people work, and searched for plates, keys, reads, dockets and
sessions. The same search finds each of them where it is put on purpose."""

import base64
import ctypes
import glob
import json
import os
import pathlib
import re
import subprocess
import tempfile
from urllib.parse import quote, urlparse

from browser import ROOT, Browser, addresses, done, holds, until
from pages import crawl
from recorder import Relay, search

here = addresses()
root = pathlib.Path(here["root"])
folder = pathlib.Path(tempfile.mkdtemp(prefix="platevault-leaks-"))
# The vault is at a host of its own, as it is for people: a browser sends a host's cookies to all
# its ports (Docs/Trust.md).
VAULT = "vault.example"
DOCKET = "26-7731 sealed until the embargo ends"


def seed(path):
    """The private key in a .demo's key file (Docs/Spec/KeyFile.md): its passphrase is no secret."""
    lines = path.read_bytes().split(b"\n")
    _, passes, size, salt = lines[1].split(b" ")
    nonce, sealed = (base64.b64decode(line.split(b" ")[1]) for line in lines[2:4])
    sodium = ctypes.CDLL("libsodium.so.23")
    key, found, count = (ctypes.create_string_buffer(size) for size in (32, 32, 8))
    ulong = ctypes.c_ulonglong
    if sodium.crypto_pwhash(key, ulong(32), b"demo", ulong(4), base64.b64decode(salt),
                            ulong(int(passes)), ctypes.c_size_t(int(size) << 10), 2):
        raise ValueError(f"{path}: no memory")
    aad = lines[0] + b"\n" + lines[1] + b"\n"
    if sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            found, count, None, sealed, ulong(len(sealed)), aad, ulong(len(aad)), nonce, key):
        raise ValueError(f"{path}: not authentic")
    return found.raw


class Desk:
    """A desk of its own, which reaches everybody by relays, and a log of what it said."""

    def __init__(self, word, relays):
        # The deployment's own folders, and other addresses in them.
        place = folder / word
        place.mkdir()
        for one in root.iterdir():
            (place / one.name).symlink_to(one)
        (place / "services.toml").unlink()
        (place / "services.toml").write_text("[services]\n" + "".join(
            f'{party} = "https://127.0.0.1:{relay.port}"\n' for party, relay in relays.items()))
        (place / "services.toml").chmod(0o600)
        programs = os.environ.get("PROGRAMS", ROOT / ".build/debug")
        self.log = folder / f"{word}.log"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [f"{programs}/platevault", "desk", "--as", word, "--dir", str(place),
                 "--no-browser"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        found = until(120, lambda: re.search(r"http://\S+", self.log.read_text()))
        if not found:
            raise RuntimeError(f"the desk of {word}: {self.log.read_text()}")
        self.address = found[0]
        self.root = "/".join(self.address.split("/")[:3])

    def close(self):
        self.process.terminate()
        self.process.wait(60)


class Secrets:
    """What no byte may tell, gathered while people work."""

    def __init__(self):
        self.plates, self.photos, self.sessions = set(), set(), set()
        files = [root / name for name in glob.glob("**/*key", root_dir=root, recursive=True)]
        self.keys = {seed(file): str(file) for file in files}

    def plate(self, text):
        """Plates that a number could not be taken for: `0100` stands in every log."""
        if len(text) >= 6 and re.search(r"[^0-9A-F]", text):
            self.plates.add(text)

    def look(self, browser):
        """The session of a page, and its forms' token."""
        self.sessions.update(re.findall(r'name="desk-token" value="([^"]+)"', browser.source))
        self.sessions.update(one["value"] for one in browser.driver.get_cookies())

    def all(self):
        return {"plates": self.plates, "keys": set(self.keys), "photos": self.photos,
                "dockets": {DOCKET}, "sessions": self.sessions}


def officer(browser, desk, secrets):
    """An officer reads a request, plate and all."""
    browser.open(desk.address)
    browser.open(f"{desk.root}/request/{here['requests']['approved-by-one']}")
    browser.press("Show the plates")
    shown = [one.text for one in browser.all(".plate code")]
    holds("an officer sees a plate that was asked for", len(shown) == 1, browser.text)
    for one in shown:
        secrets.plate(one)
    secrets.look(browser)


def files(browser, desk, secrets):
    """An investigator fills in a form, and files."""
    browser.open(desk.address)
    browser.open(f"{desk.root}/new")
    secrets.look(browser)
    browser.fill("Plate 1", here["plate"])
    until(30, lambda: here["plate"] in browser.find("#plate-1-said").text)
    def press(name, value):
        browser.press(next(one for one in browser.all(f"button[name='{name}'][value='{value}']")
                        if one.get_attribute("aria-hidden") != "true"))
    press("sites", "all")
    press("day", here["window"][0][:10])
    box = browser.find(f"input[name=hour][value='{here['window'][0]}']")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()
    browser.fill("Offence", "240")
    browser.find("#process").send_keys("Search warrant")
    order = folder / "order.txt"
    order.write_text("District Court. Search warrant 26-7731.\n")
    browser.find("#warrant").send_keys(str(order))
    browser.fill("Docket", DOCKET)
    press("look", "yes")
    browser.press("Sign and file it")
    holds("an investigator has filed a request",
          "Filed." in browser.text and DOCKET in browser.text, browser.text)
    secrets.plate(here["plate"])


def opens(browser, desk, secrets):
    """An investigator opens what was approved, and looks at the photos."""
    request = here["requests"]["opened"]
    browser.open(f"{desk.root}/requests/{request}")
    browser.press(browser.find("form[action$='/open'] button"))
    until(180, lambda: browser.address.endswith("/opened") and "What was opened" in browser.title)
    shown = {one.text for one in browser.all(".sights code, .cells code, main h3")}
    holds("an investigator sees what was opened",
          len(browser.all(".sights > li")) >= 1, browser.text)
    for one in shown:
        if re.fullmatch(r"[0-9A-Z]{4,10}", one):
            secrets.plate(one)
    secrets.look(browser)
    for photo in root.glob("agency/bundles/*/photos/*"):
        content = photo.read_bytes()
        secrets.photos.add(content[len(content) // 2:][:48])


def controls(browser, target, secrets):
    """Each secret is sent on purpose, as a page or a program would: the search must find it."""
    relay = Relay(target)
    def ask(path):
        browser.open(f"http://{VAULT}:{relay.port}{path}")
    plate = sorted(secrets.plates)[0]
    for name, path in {
        "in an address": f"/?plate={plate}", "in small letters": f"/?q={plate.lower()}",
        "in base64": "/?q=" + base64.urlsafe_b64encode(f"..{plate}..".encode()).decode(),
        "in hex": f"/?q={plate.encode().hex()}",
    }.items():
        before = len(relay.streams)
        ask(path)
        holds(f"a plate that crosses {name} is found",
              search(relay.streams[before:] or relay.streams, {plate}) == {plate}, path)
    for name, words in secrets.all().items():
        word = sorted(words, key=str)[0]
        said = quote(word) if isinstance(word, str) else word.hex()
        ask(f"/?q={said}")
        holds(f"of the {name}, what crosses is found", word in search(relay.streams, words))
    holds("what does not cross is not found",
          not search(relay.streams, {"ZZ99ZZZ9", os.urandom(32)}))
    relay.close()


def main():
    secrets = Secrets()
    port = urlparse(here["pages"]["vault"]).port
    pages = Relay(port)
    outside = f"http://{VAULT}:{pages.port}"
    relays = {party: Relay(urlparse(address).port)
              for party, address in here["parties"].items() if address.startswith("https")}
    desks = []
    try:
        desks += [Desk("privacy-office-officer", relays), Desk("investigator", relays)]
        with Browser(extra=(f"--host-resolver-rules=MAP {VAULT} 127.0.0.1",)) as browser:
            # One browser, as a person has: the public pages beside the desks, before and after.
            browser.open(outside + "/")
            for work, desk in ((officer, desks[0]), (files, desks[1]), (opens, desks[1])):
                work(browser, desk, secrets)
                browser.open(outside + "/")
            asked = {"/".join(one.split("/")[:3]) for one in browser.requests()
                     if one.startswith("http")}
            found, _, _ = crawl(f"http://127.0.0.1:{port}", most=2)
            for address in [one for one in found if "html" in found[one]]:
                browser.open(outside + urlparse(address).path)
            asked |= {"/".join(one.split("/")[:3]) for one in browser.requests()
                      if one.startswith("http")}
            holds("the browser asks the desks and the public pages, and nobody else",
                  asked == {*(desk.root for desk in desks), outside}, asked)
            controls(browser, port, secrets)
    finally:
        for desk in desks:
            desk.close()
    secrets.sessions.update(desk.address.split("/")[-1].split("=")[-1] for desk in desks)
    counts = {name: len(words) for name, words in secrets.all().items()}
    holds("there was something to be found: plates, keys, photos, dockets, sessions",
          counts["keys"] >= 10 and counts["sessions"] >= 6 and counts["plates"] >= 2
          and all(counts.values()), counts)
    holds("the relay has seen the public pages", pages.count > 100_000, pages.count)
    holds("the desks have worked through the relays",
          relays["vault"].count > 50_000 and sum(one.count > 1_000 for one in relays.values()) >= 4,
          {party: one.count for party, one in relays.items()})
    for between, streams in {
        "the browser and the vault": pages.streams,
        "the desks and the vault": relays["vault"].streams,
        "the desks and the custodians": [
            stream for party, one in relays.items() if party != "vault" for stream in one.streams],
    }.items():
        for name, words in secrets.all().items():
            lost = search(streams, words)
            # A key is named by its file, and nothing else by itself: a record is no place for it.
            why = [secrets.keys.get(one, name) for one in lost]
            holds(f"between {between}: none of the {name}", not lost, why)
    for relay in (pages, *relays.values()):
        relay.close()
    done()


main()
