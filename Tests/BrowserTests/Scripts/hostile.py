"""Markup in every field that a camera, an agency, an authority, an officer or a roster can fill: it
is shown as the text that it is, on the public pages, on those of a static host and at every desk.
The deployment is one of its own."""

import base64
import functools
import http.server
import json
import os
import re
import threading
import urllib.parse
import xml.dom.minidom

from browser import ROOT, Browser, claim, done, holds, until
from city import City
from pages import crawl, fetch, kind

# What each party smuggles in. A roster's names have no quotes; a camera's words are short.
SITE = "<img src=x onerror=alert(1)>{{{body}}}"
NAME = "<b id=smuggled>Privacy</b>{{>frame}}"
PLACE = "</p></main><script>alert(9)</script>"
PERSON = "<i onclick=alert(8)>&lt;u&gt;"
AGENCY = "</title><iframe src=javascript:alert(10)>"
COURT = "<svg onload=alert(11)><b id=smuggled>Court</b>"
DOCKET = "\"'><script>alert(2)</script><b id=smuggled>26-1047</b>"
REASON = "</p><script>alert(12)</script>\n<b id=smuggled>{{{body}}} \"' onfocus=alert(13) x='"
CAMERA = "\"><svg onload=alert(3)>{{>frame}}"
MAKE = "<iframe src=javascript:alert(4)>"
COLOUR = "<b id=smuggled>red</b>"
REGION = "</title><b id=smuggled>"
READ = "RK 161 AG\"'><b id=smuggled>"
PICTURE = (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(6)'>"
           b"<script>alert(7)</script></svg>")
PLATE = "RK161AG"
PUBLIC = {SITE, NAME, PLACE, PERSON, AGENCY, COURT, DOCKET}
PROBES = PUBLIC | {REASON, CAMERA, MAKE, COLOUR, REGION}
SMUGGLED = ("img[src='x'], #smuggled, iframe, script:not([src]), [onerror], [onclick], [onload], "
            "[onfocus], [href^='javascript:'], [src^='javascript:']")
MARKUP = "/" + urllib.parse.quote("<b id=smuggled>")


def message(milliseconds, plate, picture):
    """A passage as an agent of OpenALPR would post it, each of its texts another probe."""
    return json.dumps({
        "data_type": "alpr_group", "epoch_start": milliseconds, "best_plate_number": plate,
        "best_confidence": 97.5, "camera_id": CAMERA, "best_region": REGION,
        "gps_latitude": 40.75, "gps_longitude": -73.98, "uuids": [CAMERA], "agent_uid": MAKE,
        "vehicle": {"make": [{"name": MAKE}], "make_model": [{"name": MAKE}],
                    "color": [{"name": COLOUR}], "body_type": [{"name": COLOUR}]},
        "candidates": [{"plate": "<b>RK161A6", "confidence": 70}],
        "vehicle_crop_jpeg": base64.b64encode(picture).decode()}) + "\n"


def rename(city):
    """The roster's names become probes: t custodians sign them, as any other change."""
    text = city.run("roster", "show")
    for word, name in {"name Privacy Office": f"name {NAME}", "place embedded": f"place {PLACE}",
                       "administrator embedded": f"administrator {PERSON}",
                       "name City Police": f"name {AGENCY}",
                       "name District Court": f"name {COURT}"}.items():
        assert f"  {word}\n" in text, text
        text = text.replace(f"  {word}\n", f"  {name}\n")
    city.run("roster", "draft", "--from", city.write("edited.txt", text), "--out", "draft.txt")
    for word in ("privacy-office", "clerk-of-court"):
        city.run("roster", "sign", "draft.txt", "--as", word, "--out", f"{word}.note", "--yes")
    city.run("roster", "submit", "privacy-office.note", "clerk-of-court.note")


def founded():
    """Reads; a request that was opened and whose docket is public by now, one denied in words, one
    that waits for officers and one that waits for the authority."""
    city = City(SITE, "Plain")
    rename(city)
    photo = (ROOT / "Sources/Embedded/Samples/vehicle-crop.jpg").read_bytes()
    start = 1_772_431_200_000  # 2026-03-02T06:00Z
    city.write("reads.jsonl", message(start + 60_000, PLATE, photo + PICTURE)
               + message(start + 900_000, READ, PICTURE) + message(start + 1_800_000, PLATE, photo))
    city.run("clock", "--advance", "50m")
    said = city.run("ingest", "--site", "1", "reads.jsonl")
    holds("a plate with markup in it is no plate",
          "plate-unlisted" in said and re.search(r"reads +2\b", said), said)
    city.run("clock", "--advance", "9h")
    window = ("2026-03-02T06Z", "2026-03-02T06Z")
    opened = city.request([PLATE], *window, [1], DOCKET, 1, embargo="2026-03-03")
    city.approve(opened)
    city.run("open", opened, "--bundle", str(city.folder / "case"))
    denied = city.request([PLATE], *window, [1], DOCKET, 2)
    for word in ("privacy-office", "clerk-of-court"):
        city.run("deny", denied, "--as", word, "--code", "too-broad", "--reason",
                 city.write("why.txt", REASON))
    city.run("clock", "--advance", "26h")
    waiting = city.request([PLATE], *window, [1], DOCKET, 3)
    unattested = city.request([PLATE], *window, [1], DOCKET, 4, isAttested=False)
    return city, opened, denied, waiting, unattested


def is_clean(browser, name):
    """Whether nothing that was smuggled in has become markup; the probes that are seen as text."""
    found = browser.run(f"""return [...document.querySelectorAll({json.dumps(SMUGGLED)})]
        .map((one) => one.outerHTML.slice(0, 200))""")
    complaints = [line for line in browser.complaints() if "status of 4" not in line]
    frames = browser.run("""return ['main', 'header.top', 'head > title']
        .map((css) => document.querySelectorAll(css).length)""")
    holds(f"{name}: nothing that was smuggled in is markup",
          not found and not complaints and frames == [1, 1, 1],
          (browser.address, found, complaints, frames))
    text = browser.run("""return document.documentElement.textContent
        + [...document.querySelectorAll('input')].map((one) => one.value).join(' ')""")
    return {probe for probe in PROBES if probe.replace("\n", "") in text.replace("\n", "")}


def public_pages(browser, root, name):
    """Every page that a link leads to, and addresses with markup in them."""
    seen = set()
    found, dead, _ = crawl(root, most=40)
    holds(f"{name}: no link leads nowhere", not dead, dead)
    for address in [one for one in found if "html" in found[one]]:
        browser.open(address)
        seen |= is_clean(browser, f"{name} {kind(address)}")
    # The docket, once it is opened to everybody.
    browser.open(root + "/log/kind/opening/")
    entries = {one.get_attribute("href") for one in browser.all("main tbody a[href*='log/']")}
    for address in [one for one in entries if re.search(r"/log/\d+/$", one)]:
        browser.open(address)
        seen |= is_clean(browser, f"{name} opened docket")
    for path in [f"/log{MARKUP}", MARKUP, "/log?kind=<b id=smuggled>",
                 "/log/?%22%3E%3Cb%20id=smuggled%3E", "/%3Cscript%3Ealert(1)%3C/script%3E",
                 f"/log/agency{MARKUP}/", f"/log/1/{MARKUP}/x/"]:
        browser.open(root + path)
        is_clean(browser, f"{name}, an address with markup {path[:20]}")
    holds(f"{name}: the roster's names and the docket stand there, as text", PUBLIC <= seen,
          PUBLIC - seen)
    feeds = [one for one in found if "atom" in found[one]]
    holds(f"{name}: there are feeds", len(feeds) >= 2, list(found.values()))
    for address in feeds:
        with claim(f"{name} {kind(address)}: is well-formed, and has text alone"):
            document = xml.dom.minidom.parseString(fetch(address)[2])
            assert not [one.tagName for one in document.getElementsByTagName("*")
                        if one.tagName in ("b", "script", "iframe", "img", "svg", "i")]
    return found


def static(browser, city):
    """The same as files, on a host that knows nothing of this project."""
    city.run("site", "build", "public")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def send_error(self, code, *_):
            body = (city.folder / "public/404.html").read_bytes()
            self.send_response(code)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    Handler.extensions_map = {**Handler.extensions_map, ".atom": "application/atom+xml",
                              ".js": "text/javascript"}
    host = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(city.folder / "public")))
    threading.Thread(target=host.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{host.server_port}"
    public_pages(browser, root, "static")
    for path in ["/nothing", "/log/999999/", "/a/b/c/d/e"]:
        browser.open(root + path)
        holds(f"static: where nothing stands ({path}), the page has its style and leads home",
              "Nothing stands here" in browser.text and browser.run(
                  "return getComputedStyle(document.querySelector('.skip')).position") == "absolute"
              and browser.find("header.top a").get_attribute("href") == root + "/",
              (browser.text, browser.complaints()))
        browser.complaints()
    host.shutdown()


def desk(browser, city, word, paths, shows, opens=()):
    """Every page of a person's desk, opened to the last fold."""
    process, address = city.desk(word)
    root = "/".join(address.split("/")[:3])
    browser.open(address)
    for request in opens:
        browser.open(f"{root}/requests/{request}")
        browser.press(browser.find("form[action$='/open'] button"))
        until(180, lambda: browser.address.endswith("/opened"))
    kept = next(one for one in browser.driver.get_cookies() if "desk" in one["name"])
    cookie = f"{kept['name']}={kept['value']}"
    seen = set()
    found, _, _ = crawl(root, cookie, most=4)
    for page in [one for one in found if "html" in found[one]] + [root + one for one in paths]:
        browser.open(page)
        # What is slow is waited for, and what is masked until asked for is asked for.
        until(180, lambda: "/work/" not in browser.address)
        for element in browser.all("details"):
            browser.run("arguments[0].open = true", element)
        seen |= is_clean(browser, f"desk of {word} {kind(page)}")
        for button in browser.all("form[action*='/plates'] button"):
            browser.press(button)
            seen |= is_clean(browser, f"desk of {word} {kind(page)}, plates shown")
            break
    holds(f"the desk of {word} shows what others wrote, as text", shows <= seen, shows - seen)
    browser.open(root + paths[0])
    until(180, lambda: "/work/" not in browser.address)
    pictures = [one.get_attribute("src") for one in browser.all("main img")]
    for picture in pictures:
        status, fields, body, _ = fetch(picture, cookie)
        holds(f"the desk of {word} hands a camera's picture out as a picture, and as nothing else",
              status == 200 and fields["content-type"] == "image/jpeg" and body[:2] == b"\xff\xd8"
              and fields.get("x-content-type-options") == "nosniff", (status, fields))
    process.terminate()
    process.wait(60)
    return pictures


def main():
    city, opened, denied, waiting, unattested = founded()
    try:
        text = city.serve()
        found = re.search(r"vaultd .*\n\s+log\s+(\S+)", text)
        if holds("the deployment's programs run", bool(found), text):
            with Browser() as browser:
                public_pages(browser, found[1].rstrip("/"), "public")
                static(browser, city)
                pictures = desk(
                    browser, city, "investigator", [f"/requests/{opened}/opened",
                    f"/requests/{opened}/print", f"/requests/{opened}", f"/requests/{denied}",
                    f"/requests/{waiting}", "/new", MARKUP, f"/requests{MARKUP}"],
                    {SITE, DOCKET, REASON, CAMERA, MAKE}, [opened])
                holds("the investigator sees the photos that are photos",
                      len(pictures) >= 1, pictures)
                desk(browser, city, "privacy-office-officer",
                     [f"/request/{waiting}", f"/request{MARKUP}", MARKUP], {SITE, DOCKET, AGENCY})
                desk(browser, city, "court", ["/", f"/request/{unattested}", MARKUP], {AGENCY})
                desk(browser, city, "privacy-office", ["/", MARKUP], {NAME})
    finally:
        city.close()
    done()


main()
