"""The log of a running deployment, audited and verified in a reader's browser: whole, and as a server
would show it that lies. The page is the tests' own; the modules and the log are the real ones."""

import hashlib
import html
import json
import struct
import urllib.request

from browser import Browser, addresses, claim, done, holds, looks, platevault, until
from here import Here
from pages import entries

vault = addresses()["pages"]["vault"]


def fetch(path):
    with urllib.request.urlopen(f"{vault}/{path}", timeout=30) as answer:
        return answer.read()


class Log(Here):
    """The vault's public files as they were at one moment, below /log/, and a page over them. `lie` is a function of path and bytes that may change what is shown, or give None for 404."""

    def __init__(self):
        self.files = {"checkpoint": fetch("checkpoint")}
        self.lie = lambda path, content: content
        self.entry, self.note, self.rosters = 0, b"", ""
        super().__init__({"/assets/": "Sources/Portal/Assets",
                          "/pages/": "Tests/BrowserTests/Scripts/pages"})

    def answer(self, folders, path):
        if path == "/pages/log.html":
            status, kind, body = super().answer(folders, path)
            note = html.escape(self.note.decode()).encode()
            body = body.replace(b"NOTE", note).replace(b"ENTRY", str(self.entry).encode())
            return status, kind, body.replace(b"ROSTERS", self.rosters.encode())
        if path.startswith("/log/"):
            name = path[5:]
            if name not in self.files:
                try:
                    self.files[name] = fetch(name)
                except urllib.error.HTTPError:
                    return 404, "text/plain", b""
            content = self.lie(name, self.files[name])
            if content is None:
                return 404, "text/plain", b""
            return 200, "application/octet-stream", content
        return super().answer(folders, path)


def flipped(name, place=0.5):
    """A lie: one bit of a file is another."""
    def lie(path, content):
        if not path.startswith(name):
            return content
        index = int(place * (len(content) - 1))
        return content[:index] + bytes([content[index] ^ 1]) + content[index + 1:]
    return lie


def audit(browser, here):
    """What the page says when it has gone through the log."""
    browser.open(here.address + "/pages/log.html")
    browser.click("Audit the log")
    until(90, lambda: browser.has("[data-audit] .verdict") and not browser.has("progress"))
    return browser.find("[data-audit]").text


def verify(browser, here, entry, note):
    here.entry, here.note = entry, note
    browser.open(here.address + "/pages/log.html")
    browser.click("Verify in this browser")
    until(60, lambda: browser.has("[data-verify] .verdict"))
    until(10, lambda: browser.find("[data-verify] [role=status]").text == "")
    return browser.find("[data-verify]").text


def whole_log(browser, here, all_entries, roster):
    text = audit(browser, here)
    browser.shot("log-audited")
    count = f"{len(all_entries):,}"
    holds("the audit goes through every entry and finds nothing",
          f"All {count} entries hash into the checkpoint" in text and ".bad" not in text, text)
    holds("it says whose keys it used, and that they came from the server",
          f"its hash is {roster}" in text, text)
    kinds, destroyed = {}, {}
    for entry in all_entries:
        lines = entry.decode().split("\n")
        kind = lines[0].split("/")[1]
        kinds[kind] = kinds.get(kind, 0) + 1
        if kind == "day-destroyed":
            word = json.loads(lines[3])["custodian"]
            destroyed[word] = destroyed.get(word, 0) + 1
    rows = [[cell.text for cell in row.find_elements("css selector", "td")]
            for row in browser.all("[data-audit] tbody tr")]
    missing = [kind for kind, number in kinds.items() if [kind, f"{number:,}"] not in rows]
    holds("it counts every kind of statement", not missing and len(kinds) > 10, missing)
    missing = [word for word, number in destroyed.items()
               if not any(row[:2] == [word, f"{number:,}"] for row in rows)]
    holds("it counts each custodian's destroyed days", not missing and len(destroyed) == 5, missing)
    holds("it says what the offline audit checks beyond", "platevault audit does" in text)
    looks(browser, "log-audit-page", shots=False)


def one_entry(browser, here, all_entries):
    last = len(all_entries) - 1
    for index in [1, 255, 256, len(all_entries) // 2, last]:
        text = verify(browser, here, index, all_entries[index])
        leaf = hashlib.sha256(b"\0" + all_entries[index]).hexdigest()
        signer = all_entries[index].decode().split("\n— ")[1].split(" ")[0].split("/")[-1]
        holds(f"entry {index} is verified, with its leaf hash and signer",
              leaf in text and f"signed by {signer}" in text and "not hold" not in text, text)
    browser.shot("log-entry-verified")
    holds("custodians' cosignatures are named", "Cosigned by " in text or "No custodian" in text, text)
    text = verify(browser, here, last, all_entries[last].replace(b"platevault", b"platevaulT"))
    holds("a page that shows another note than the log is told off", "[entry-damaged]" in text, text)
    text = verify(browser, here, len(all_entries), b"")
    holds("an entry that is not there is none", "[entry-missing]" in text, text)
    text = verify(browser, here, 0, all_entries[0])
    holds("the first roster is verified by its custodians", "custodians who may sign" in text, text)


def other_entries(browser, here, all_entries):
    """A server that shows one entry in another's place, with the hash in the tile that fits it: signed
    as it must be, and not what the checkpoint says. Only an entry whose tile is not at the tree's edge
    can be shown so."""
    def at(index, other):
        def lie(path, content):
            if path.startswith("tile/entries/000"):
                shown = [other if place == index else entry
                         for place, entry in enumerate(all_entries[:256])]
                return b"".join(struct.pack(">H", len(entry)) + entry for entry in shown)
            if path.startswith("tile/0/000"):
                leaf = hashlib.sha256(b"\0" + other).digest()
                return content[:32 * index] + leaf + content[32 * index + 32:]
            return content
        return lie

    for index in [1, 5, 200]:
        other = all_entries[index + 10]
        here.lie = at(index, other)
        text = verify(browser, here, index, other)
        holds(f"another entry in the place of {index} is found out", "[proof-wrong]" in text, text)
    here.lie = at(0, all_entries[5])
    text = verify(browser, here, 30, all_entries[30])
    holds("another first roster is found out", "[proof-wrong]" in text, text)
    here.lie = lambda path, content: content
    here.rosters = "9,3"
    text = verify(browser, here, 30, all_entries[30])
    holds("rosters out of order are none", "[roster-succession]" in text, text)
    here.rosters = "3"
    text = verify(browser, here, 30, all_entries[30])
    holds("what is no roster is none, whatever the page says", "[roster-missing]" in text, text)
    here.rosters = ""


def lies(here, size):
    """Each lie is noticed, and named by its code."""
    edge = f".p/{size % 256}" if size % 256 else ""
    last = f"{size // 256:03d}" + edge
    def gone(name):
        return lambda path, content: None if path.startswith(name) else content

    def changed(name, change):
        return lambda path, content: change(content) if path == name else content

    def otherwise(note):
        lines = note.split(b"\n")
        letter = lines[4][-20:-19]
        lines[4] = lines[4][:-20] + (b"A" if letter != b"A" else b"B") + lines[4][-19:]
        return b"\n".join(lines)

    alone = changed("checkpoint", lambda note: b"\n".join(note.split(b"\n")[:5]) + b"\n")
    for name, lie, words in [
        ("a bit of an entry", flipped("tile/entries/000"), "not hold: entry"),
        ("a bit of the last bundle", flipped(f"tile/entries/{last}", 0.9), "[entry-damaged]"),
        ("a bit of a full tile", flipped("tile/0/000"), "[entry-damaged]"),
        ("a bit of the tile above", flipped("tile/1/000"), "[tile-wrong]"),
        ("a bundle is gone", gone("tile/entries/001"), "[tile-missing]"),
        ("a bundle is cut short", changed("tile/entries/000", lambda all: all[:-1]), "[tile-form]"),
        ("a bit of the origin", flipped("checkpoint", 0.005), "[note-signature-wrong]"),
        ("the log's signature is another", changed("checkpoint", otherwise), "does not bear the signature"),
        ("there is no checkpoint", gone("checkpoint"), "[checkpoint-missing]"),
        ("no custodian cosigned", alone, "0 custodians have cosigned"),
    ]:
        here.lie = lie
        with Browser() as browser:
            text = audit(browser, here)
        holds(f"a lie is noticed: {name}", words in text, text)
    here.lie = lambda path, content: content


def remembered(here, all_entries, roster):
    """What the browser keeps: the roster that its reader trusts, and the last checkpoint."""
    with Browser() as browser:
        text = verify(browser, here, 3, all_entries[3])
        holds("one entry is nothing to remember a log by", "has not audited this log" in text, text)
        text = verify(browser, here, 3, all_entries[3])
        holds("nor is the same a second time", "has not audited this log" in text, text)
        text = audit(browser, here)
        holds("a log that was never seen is said to be new", "has not seen this log before" in text, text)
        text = verify(browser, here, 3, all_entries[3])
        holds("what was seen before is still there", "nothing of them has been changed" in text, text)
        browser.fill("Hash of the first roster", "12ab")
        browser.click("Trust this roster")
        holds("half a hash is none", "it has 64 hex digits" in browser.find("[data-verify]").text)
        browser.fill("Hash of the first roster", roster.upper())
        browser.click("Trust this roster")
        until(20, lambda: "told this browser to trust" in browser.find("[data-verify]").text)
        text = browser.find("[data-verify]").text
        holds("the roster that the reader trusts is compared", f"told this browser to trust, {roster}" in text
              and "another roster" not in text, text)
        browser.shot("log-roster-trusted")
        browser.fill("Hash of the first roster", "ab" * 32)
        browser.click("Trust this roster")
        until(20, lambda: "another roster" in browser.find("[data-verify]").text)
        text = browser.find("[data-verify]").text
        holds("another roster than the trusted one: nothing counts", "Nothing above counts" in text, text)
        text = audit(browser, here)
        holds("the audit says so too", "Nothing above counts" in text, text)
        browser.run("localStorage.removeItem(Object.keys(localStorage).find(key => key.includes('roster')))")
        origin = addresses()["origin"]
        key = f"platevault checkpoint {origin}"
        kept = browser.run("return localStorage.getItem(arguments[0])", key)
        seen = json.loads(kept)
        holds("the last checkpoint that was audited is remembered",
              seen["size"] == len(all_entries), kept)
        other = dict(seen, size=len(all_entries) - 3)
        browser.run("localStorage.setItem(arguments[0], arguments[1])", key, json.dumps(other))
        text = verify(browser, here, 3, all_entries[3])
        holds("a log that was changed since is found out", "[proof-wrong]" in text, text)
        browser.run("localStorage.setItem(arguments[0], arguments[1])", key,
                    json.dumps(dict(seen, size=len(all_entries) + 7)))
        text = verify(browser, here, 3, all_entries[3])
        holds("a log that was shortened is found out", "Entries are being kept from you" in text, text)


def main():
    here = Log()
    size = int(here.files["checkpoint"].split(b"\n")[1])
    all_entries = entries(vault, size)
    text = all_entries[0].split(b"\n\n")[0] + b"\n"
    roster = hashlib.sha256(text).hexdigest()
    with claim("the offline audit knows the same log by the same roster"):
        output, isFine = platevault("audit", "--log", vault, "--roster", roster, "--json")
        report = json.loads(output)
        assert report["entries"] >= size and report["roster"] == roster, output[:500]
    with Browser() as browser:
        whole_log(browser, here, all_entries, roster)
        one_entry(browser, here, all_entries)
        other_entries(browser, here, all_entries)
        asked = [address for address in browser.requests() if not address.startswith(here.address)]
        holds("nothing is asked of anybody else",
              not [address for address in asked if address.startswith("http")], asked)
    lies(here, size)
    remembered(here, all_entries, roster)
    here.close()
    done()


main()
