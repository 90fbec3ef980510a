"""The public pages of the vault and of a custodian: every page that a link leads to, in two windows,
light and dark, with and without scripts; their headers, sizes and times; nothing from elsewhere."""

import re

from browser import NARROW, WIDE, Browser, addresses, done, holds, looks, until
from pages import crawl, fetch, kind

vault = addresses()["pages"]["vault"]
custodian = addresses()["pages"]["privacy-office"]


def headers_of(found):
    for address in found:
        status, headers, body, _ = fetch(address)
        name = kind(address)
        if name == "/checkpoint" or name.startswith("/tile/"):
            # The log's own files are text and bytes for programs, the same on any static host.
            holds(f"{name}: no markup, and not sniffed", "html" not in found[address]
                  and headers.get("x-content-type-options") == "nosniff", headers)
            continue
        policy = headers.get("content-security-policy", "")
        holds(f"{name}: strict policy, not sniffed, not framed, tells nobody",
              "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
              and "frame-ancestors 'none'" in policy
              and headers.get("x-content-type-options") == "nosniff"
              and headers.get("referrer-policy") == "no-referrer", (address, headers))
        if "html" in found[address]:
            holds(f"{name}: at most 100 KB", len(body) <= 100_000, (address, len(body)))
            inline = re.findall(rb"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=", body)
            holds(f"{name}: no script and no style in the page", not inline, inline)
            holds(f"{name}: no cookie", "set-cookie" not in headers, headers)


def in_browsers(pages):
    """Each kind of page once in every browser; what scripts add is more, never instead."""
    text, seen = {}, {}
    for size, dark, scripts in [(WIDE, False, True), (NARROW, False, True), (WIDE, True, True),
                                (NARROW, True, True), (WIDE, False, False)]:
        word = f"{size[0]}{'-dark' if dark else ''}{'' if scripts else '-without-scripts'}"
        with Browser(size=size, dark=dark, scripts=scripts) as browser:
            for address in pages:
                name = kind(address).strip("/").replace("/", "-") or "front"
                browser.open(address)
                asked = [one for one in browser.requests()
                         if one.startswith("http") and not one.startswith(vault)]
                holds(f"{name}, {word}: asks nobody else for anything", not asked, asked)
                looks(browser, f"public-{name}-{word}")
                holds(f"{name}, {word}: says what it is for and where more stands",
                      browser.has("main .purpose") and "Docs/" in browser.find("main").text)
                seen[(address, scripts)] = browser.find("main").text
    for address in pages:
        with_scripts = {line.strip() for line in seen[(address, True)].splitlines()}
        lost = [line for line in with_scripts - {
            line.strip() for line in seen[(address, False)].splitlines()} if len(line) > 60]
        holds(f"{kind(address)}: complete without scripts",
              len(seen[(address, False)]) > 200 and len(lost) <= 3, lost[:5])


def keyboard(root):
    """The keyboard reaches everything, in order, and one sees where one is."""
    with Browser() as browser:
        browser.open(root + "/")
        from selenium.webdriver.common.keys import Keys
        stops, hidden = [], []
        for _ in range(12):
            browser.driver.switch_to.active_element.send_keys(Keys.TAB)
            what = browser.run("""const e = document.activeElement, s = getComputedStyle(e);
                return [e.tagName, e.textContent.trim().slice(0, 40), s.outlineStyle, s.outlineWidth]""")
            stops.append(what)
            if what[0] != "BODY" and (what[2] == "none" or what[3] == "0px"):
                hidden.append(what)
        holds("the first stop of the keyboard skips to the content", "skip" in stops[0][1].lower()
              or "content" in stops[0][1].lower(), stops[:2])
        holds("one sees where the keyboard is", not hidden, hidden)


def verified_here(pages):
    """The entry's page verifies itself, and the auditor's page goes through the log."""
    entry = next((one for one in pages if re.search(r"/log/\d+", one)), None)
    with Browser() as browser:
        browser.open(entry or vault)
        browser.click("Verify in this browser")
        until(30, lambda: browser.has(".verdict"))
        until(10, lambda: "Reading the log" not in browser.text)
        holds("an entry's page is verified in the browser",
              "hashes lead from it to that root" in browser.text and not browser.has(".verdict.bad"),
              browser.find("main").text[-1500:])
        looks(browser, "public-entry-verified")
    audit = next((one for one in pages if "audit" in one), None)
    with Browser() as browser:
        browser.open(audit or vault)
        browser.click("Audit the log")
        until(120, lambda: browser.has(".verdict"))
        holds("the auditor's page goes through the log in the browser",
              "hash into the checkpoint" in browser.text, browser.find("main").text[-1500:])
        looks(browser, "public-audited")


def first_bytes(pages):
    for address in pages:
        took = min(fetch(address)[3] for _ in range(5))
        # Told, and held against nothing: the machine may be busy (Bench pages-log measures it).
        print(f"took {took:.1f} ms to the first byte of {kind(address)}", flush=True)


def main():
    found, dead, foreign = crawl(vault)
    holds("no link of the public pages leads nowhere", not dead, dead)
    holds("links to elsewhere lead to the documents only",
          all("Docs/" in one or "c2sp.org" in one for one in foreign), foreign)
    pages = {}
    for address, content in found.items():
        if "html" in content:
            pages.setdefault(kind(address), address)
    print("kinds", sorted(pages), flush=True)
    holds("there are a front page, a log, entries, and the auditor's page",
          {"/", "/log/N/", "/audit/"} <= set(pages) and len(pages) >= 4, sorted(pages))
    headers_of(found)
    first_bytes(pages.values())
    in_browsers(pages.values())
    keyboard(vault)
    verified_here(pages.values())
    for_custodian, dead, _ = crawl(custodian)
    holds("a custodian serves the same pages of its mirror",
          {kind(one) for one in for_custodian} >= set(pages) and not dead,
          (set(pages) - {kind(one) for one in for_custodian}, dead))
    done()


main()
