"""The investigator's whole job at the desk: a form that catches mistakes, a last look, filing, what
is waited for, opening what was approved, what came of it, the court's bundle; without scripts too,
on a phone, in the dark."""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.request

from browser import NARROW, ROOT, WIDE, Browser, addresses, claim, done, enter, holds, looks
from browser import platevault, until

here = addresses()
PLATE = here["plate"]
DOCKET = "26-2001 <b>&"
folder = pathlib.Path(tempfile.mkdtemp(prefix="platevault-investigator-"))
# Each form has a document of its own; that of an earlier run was used already.
orders = [folder / f"order-{number}.txt" for number in (1, 2)]
for number, one in enumerate(orders):
    one.write_text(f"District Court. Search warrant 26-2001-{number}, {os.urandom(8).hex()}.\n")


def desk_of(browser):
    enter(browser, "investigator")
    return "/".join(browser.address.split("/")[:3])


def press(browser, name, value):
    """Presses the button of the form that sends a name with a value: one that readers see."""
    button = next(one for one in browser.all(f"button[name='{name}'][value='{value}']")
                  if one.get_attribute("aria-hidden") != "true")
    browser.press(button)


def tick(browser, css):
    """Ticks a box, or unticks it."""
    box = browser.find(css)
    browser.run("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()


def write(browser, field, text):
    browser.find(field).clear()
    browser.find(field).send_keys(text)


def told(browser, words, name):
    return holds(name, words in browser.text, browser.text)


def everything(desk, browser):
    """Every own request stands in the list, and its page says what the log says of it."""
    own = here["requests"]
    holds("the list has every request", all(
        browser.has(f"ul.matters a[href='/requests/{one}']") for one in own.values()), browser.text)
    holds("the list shows no plate", PLATE not in browser.source)
    looks(browser, "investigator-list")
    for word, words in {"lapsed": ["lapsed"], "denied": ["too-broad", "warrant-mismatch"],
                        "opened": ["countersigned", "evaluated"], "destroyed": ["All is done"],
                        "denied-before": ["purpose-mismatch"],
                        "approved-by-one": ["approv"]}.items():
        browser.open(f"{desk}/requests/{own[word]}")
        lost = [one for one in words if one not in browser.text]
        holds(f"the page of the request {word} says so", not lost, (lost, browser.text))
        acts = json.loads(platevault("status", own[word], "--json")[0])["acts"]
        lost = [act for act in acts if f"entry {act['index']}" not in browser.text
                or act["what"] not in browser.text]
        holds(f"the page of the request {word} has its whole history", acts and not lost, lost)
        looks(browser, f"investigator-state-{word}")


def mistakes(desk, browser, name):
    """What is missing is told at its place, and nothing is filed."""
    before = len(json.loads(platevault("requests", "--json")[0]))
    browser.open(f"{desk}/")
    browser.press("New request")
    told(browser, "Nothing is filed yet", f"{name}: an empty form says that nothing is filed")
    looks(browser, f"{name}-empty")
    press(browser, "look", "yes")
    for words in ("6 things are not right yet", "Name the plate that the warrant names",
                  "Pick a day, then the hours", "Pick at least one site",
                  "Choose the offence by its code", "Choose the kind of process",
                  "Attach the document"):
        told(browser, words, f"{name}: a mistake is told: {words}")
    looks(browser, f"{name}-mistakes")
    for code, words in {"immigration-enforcement": "is a prohibited purpose",
                        "99Z": "no offence code"}.items():
        write(browser, "#offence", code)
        press(browser, "look", "yes")
        told(browser, words, f"{name}: {code} is no purpose, and it is said why")
    write(browser, "#offence", "")
    write(browser, "#plate-1", "AB*")
    press(browser, "look", "yes")
    told(browser, "wildcards and parts", f"{name}: a part of a plate is none")
    holds(f"{name}: it is told at the field",
          browser.find("#plate-1").get_attribute("aria-invalid") == "true")
    holds(f"{name}: no mistake files anything",
          len(json.loads(platevault("requests", "--json")[0])) == before)


def typed(browser, name):
    """What is searched stands beside a plate, while it is typed where there are scripts; others
    that readers confuse with it are offered, and are named by a button."""
    def says(words):
        if not browser.scripts:
            press(browser, "check", "yes")
        return until(15, lambda: words in browser.find("#plate-1-said").text)

    write(browser, "#plate-1", "b1 23")
    holds(f"{name}: the normal form is shown beside the plate", says("Searched as B123"),
          browser.text)
    holds(f"{name}: a plate that readers confuse with it is offered",
          browser.has("button[name=twin][value='8123']"), browser.find("#plates").text)
    for wrong in ["AB*", "?", "A" * 40]:
        write(browser, "#plate-1", wrong)
        if not browser.scripts:
            press(browser, "check", "yes")
        holds(f"{name}: {wrong[:3]!r} is no plate, and it is said why", until(15, lambda: (
            browser.find("#plate-1-said").text not in ("", "Searched as B123"))
            and "Searched" not in browser.find("#plate-1-said").text), browser.find("#plates").text)
    write(browser, "#plate-1", PLATE[:3].lower() + "-" + PLATE[3:].lower())
    holds(f"{name}: a plate as somebody writes it is searched as it is read",
          says(f"Searched as {PLATE}"), browser.find("#plates").text)
    if browser.scripts:
        looks(browser, f"{name}-typed")
        holds(f"{name}: the address never has what is typed",
              PLATE.lower() not in browser.address.lower())
    twin = next(iter(browser.all("button[name=twin]")), None)
    if holds(f"{name}: its twins are offered", twin is not None, browser.find("#plates").text):
        word = twin.get_attribute("value")
        browser.press(twin)
        holds(f"{name}: a twin is named as a plate of its own",
              browser.find("#plate-2").get_attribute("value") == word, browser.find("#plates").text)
        holds(f"{name}: a twin that is named is not offered",
              not browser.has(f"button[name=twin][value='{word}']"))
        write(browser, "#plate-2", "")
        press(browser, "check", "yes")
        told(browser, "for 1 plate:", f"{name}: a row that is emptied counts no more")


def picked(browser, name):
    """Sites from a list, days on a calendar, hours of a day, each as the log has it."""
    for box in browser.all("input[name=site]:checked"):
        box.click()
    tick(browser, "input[name=site][value='1']")
    tick(browser, "input[name=site][value='2']")
    days = {one.get_attribute("value"): one for one in browser.all("table.picker button")}
    said = [one.get_attribute("aria-label") for one in days.values()]
    holds(f"{name}: the calendar has a month, and each day a sentence",
          len(days) >= 28 and all("hours can be searched" in one for one in said), said)
    dead = next((one for one in days if "gone" in days[one].get_attribute("class")), None)
    if holds(f"{name}: the calendar shows the days that are gone", dead, list(days)):
        press(browser, "day", dead)
        marks = {one.text.strip() for one in browser.all("label.hour.gone .mark")}
        holds(f"{name}: no hour of a day that is gone can be picked", marks == {"×"}
              and not browser.has("label.hour.gone input:enabled"), marks)
        browser.press(next(one for one in browser.all("fieldset.hours button[name=day]")
                           if one.get_attribute("value") == dead))
    # A day whose hours are not all over: the newest.
    newest = max(days)
    press(browser, "day", newest)
    shut = browser.all("label.hour input:disabled")
    holds(f"{name}: hours that are not over cannot be picked", len(shut) >= 1, browser.text)
    holds(f"{name}: hours are explained by more than colour",
          browser.has("ul.legend li") and browser.has("label.hour .hidden"))
    browser.press(next(one for one in browser.all("fieldset.hours button[name=day]")
                    if one.get_attribute("value") == newest))
    holds(f"{name}: a day can be put away",
          not browser.has(f"fieldset.hours button[value='{newest}']"))
    first = here["window"][0]
    for day in sorted({hour[:10] for hour in hours()}):
        press(browser, "day", day)
    press(browser, "whole", first[:10])
    many = len(browser.all("input[name=hour]:checked"))
    press(browser, "none", first[:10])
    holds(f"{name}: a whole day is picked, and taken back", many >= 1 and not browser.all(
        f"input[name=hour][value^='{first[:10]}']:checked"), many)
    for hour in hours():
        tick(browser, f"input[name=hour][value='{hour}']")
    if browser.scripts:
        told(browser, "2 hours at 2 sites for 1 plate: 4 cells of the",
             f"{name}: what it costs is counted while hours are picked")
    press(browser, "sites", "all")
    kept = [one.get_attribute("value") for one in browser.all("input[name=hour]:checked")]
    holds(f"{name}: what was picked stays", kept == hours(), kept)
    holds(f"{name}: all sites are picked by one button",
          not browser.has("input[name=site]:not(:checked)"))


def hours():
    """The two hours in which the samples passed."""
    first = here["window"][0]
    day, number = first[:10], int(first[11:13])
    if number < 23:
        return [first, f"{day}T{number + 1:02}Z"]
    return [first, f"{here['window'][1][:10]}T00Z"]


def papers(browser, name, order, used):
    write(browser, "#offence", "theft")
    press(browser, "check", "yes")
    holds(f"{name}: an offence is found by a word of its name",
          browser.has("button[name=offence][value='240']"), browser.find("#purpose").text)
    press(browser, "offence", "240")
    told(browser, "240: Motor vehicle theft", f"{name}: the offence is named in full")
    for document, isUsed in [(used, True), (order, False)] if used else [(order, False)]:
        browser.find("#warrant").send_keys(str(document))
        press(browser, "check", "yes")
        holds(f"{name}: a document is told as {'used' if isUsed else 'not used'} before",
              isUsed == ("was evaluated already" in browser.text), browser.find("#papers").text)
    browser.find("#process").send_keys("Search warrant")
    write(browser, "#docket", DOCKET)
    press(browser, "check", "yes")
    told(browser, hashlib.sha256(order.read_bytes()).hexdigest(),
         f"{name}: the document is attached, with its SHA-256")
    holds(f"{name}: what was chosen stays", browser.find("#process").get_attribute("value")
          == "search-warrant" and browser.find("#docket").get_attribute("value") == DOCKET)
    looks(browser, f"{name}-filled")


def files(browser, name):
    """A last look at who will see what; then that very statement is filed."""
    press(browser, "look", "yes")
    told(browser, "A last look", f"{name}: a right request comes to a last look")
    looks(browser, f"{name}-last-look")
    sealed, public = (one.text for one in browser.all("main section")[:2])
    holds(f"{name}: the officers will see plate, hours and docket",
          PLATE in sealed and DOCKET in sealed and hours()[0][:10] in sealed, sealed)
    markup = browser.all("main section")[1].get_attribute("innerHTML")
    holds(f"{name}: what everybody will see has no plate, hour, site or docket", not [
        one for one in (PLATE, "26-2001", hours()[0], "Harbour Bridge") if one in markup], public)
    browser.press("Change it")
    holds(f"{name}: it can be changed still",
          browser.find("#docket").get_attribute("value") == DOCKET)
    press(browser, "look", "yes")
    browser.run("document.querySelector('details').open = true")
    text = browser.find("main pre").text
    browser.press("Sign and file it")
    told(browser, "Filed.", f"{name}: it is filed")
    identity = browser.address.split("/")[-1]
    holds(f"{name}: what was looked at is what was filed", "platevault/request/v1" in text, text)
    seen = json.loads(platevault("status", identity, "--json")[0])
    holds(f"{name}: the log has it",
          seen["request"] == identity and seen["acts"][0]["what"] == "filed", seen)
    told(browser, DOCKET, f"{name}: the docket is text")
    told(browser, "No authority of the roster has attested",
         f"{name}: its page says what it waits for")
    looks(browser, f"{name}-filed")
    return identity


def grows(desk, browser, identity):
    """Its page follows it: attested, approved by one, ready."""
    path = f"{desk}/requests/{identity}"
    def act(*words):
        output, isDone = platevault(*words)
        holds(f"the {words[0]} of another party counts", isDone, output)
        browser.open(path)
    act("attest", identity, "--warrant", str(orders[0]))
    holds("an attested request waits for its approvals, and cannot be opened",
          "attested" in browser.text and "approval by" in browser.text
          and not browser.has("form[action$='/open']"), browser.text)
    act("approve", identity, "--as", "clerk-of-court", "--yes")
    holds("who has approved is told, and it cannot be opened yet",
          "clerk-of-court" in browser.find("main").text
          and not browser.has("form[action$='/open']"), browser.text)
    looks(browser, "investigator-one-approval")
    for word in ("privacy-office", "inspector-general"):
        act("approve", identity, "--as", word, "--yes")
    told(browser, "ready to open", "three approvals are enough")
    looks(browser, "investigator-ready")


def opens(desk, browser, identity):
    """It is opened, and each thing is shown for what it is."""
    browser.open(f"{desk}/requests/{identity}")
    browser.press(browser.find("form[action$='/open'] button"))
    holds("slow work shows how far it is",
          "/work/" in browser.address or browser.address.endswith("/opened"), browser.address)
    holds("it is opened", arrived(browser), browser.address)
    looks(browser, "investigator-opened")
    holds("the reads are listed by time, with the plate as it was read",
          len(browser.all(".sights > li")) >= 2 and PLATE in browser.text, browser.text)
    times = [one.get_attribute("datetime") for one in browser.all(".sights h3 time")]
    holds("in the order of their times", times == sorted(times) and len(times) >= 2, times)
    for image in browser.all(".photos img"):
        browser.run("arguments[0].scrollIntoView()", image)
    def widths():
        return browser.run("""return [...document.querySelectorAll('.photos img')]
            .map((one) => one.naturalWidth)""")
    until(30, lambda: all(widths()))
    holds("the photos are shown", widths() and all(widths()), widths())
    cells = [one.get_attribute("class").split()[-1] for one in browser.all(".cells .cell")]
    holds("each hour at each site stands there as what it is", len(cells) >= 4
          and {"complete", "empty"} <= set(cells), cells)
    holds("each says so in words, not in colour alone",
          all(one.get_attribute("textContent").strip() for one in browser.all(".cells td .hidden")))
    told(browser, "onfirmed", "how far the custodians agree is said")
    sights, seen = len(browser.all(".sights > li")), browser.text
    browser.open(f"{desk}/requests/{identity}")
    told(browser, "Open it once more", "it can be opened once more")
    looks(browser, "investigator-request-opened")
    browser.press(browser.find("form[action$='/open'] button"))
    holds("it is opened once more", arrived(browser), browser.address)
    holds("with the same reads", len(browser.all(".sights > li")) == sights, (seen, browser.text))


def arrived(browser):
    """Waits until the work's page has gone on to what was opened."""
    return until(180, lambda: browser.address.endswith("/opened")
                 and "What was opened" in browser.title)


def prints(desk, browser, identity):
    """A page for a court's file: white, without what is there for the screen."""
    browser.open(f"{desk}/requests/{identity}/print")
    until(180, lambda: "Disclosure" in browser.title)
    told(browser, "platevault verify", "the printed page says how it is checked")
    holds("the printed page has the plate, the reads and the docket",
          all(one in browser.text for one in (PLATE, DOCKET))
          and browser.has("main table tbody tr"), browser.text)
    looks(browser, "investigator-print")
    browser.command("Emulation.setEmulatedMedia", media="print")
    hidden = browser.run("""return ['.noprint', 'header nav', '.skip'].filter((css) => {
        const one = document.querySelector(css);
        return one && one.getClientRects().length > 0
            && one.getBoundingClientRect().bottom > 0; })""")
    holds("what is for the screen is not printed", not hidden, hidden)
    browser.shot("investigator-print-paper")
    browser.command("Emulation.setEmulatedMedia", media="")
    import base64
    sheet = base64.b64decode(browser.command("Page.printToPDF", printBackground=False)["data"])
    (folder / "disclosure.pdf").write_bytes(sheet)
    holds("it prints", sheet.startswith(b"%PDF") and len(sheet) > 10_000, len(sheet))


def bundle(desk, browser, identity, name):
    """The one file that the desk hands out, verified as a court does, and the folder."""
    browser.open(f"{desk}/requests/{identity}/opened")
    until(180, lambda: "What was opened" in browser.title)
    cookie = next(one for one in browser.driver.get_cookies() if "desk" in one["name"])
    address = browser.find("a[href$='/bundle.tar']").get_attribute("href")
    ask = urllib.request.Request(address, headers={"Cookie": f"{cookie['name']}={cookie['value']}"})
    with urllib.request.urlopen(ask, timeout=120) as answer:
        fields, content = answer.headers, answer.read()
    holds(f"{name}: the bundle is a file to be kept, and kept by no cache", fields["Cache-Control"]
          == "no-store" and ".tar" in fields["Content-Disposition"], list(fields.items()))
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    for what, some, isGood in [
            ("as it came", content, True), ("with a bit changed", changed, False)]:
        file = folder / "case.tar"
        file.write_bytes(some)
        said, isFine = verified(file)
        holds(f"{name}: the bundle {what} is verified for what it is",
              isFine == isGood and ("the bundle holds" in said) == isGood, said)
    place = folder / f"case-{name}"
    browser.fill("Write it as a folder", str(place))
    browser.press("Write the folder there")
    told(browser, f"The bundle is written to {place}", f"{name}: it is written as a folder")
    said, isFine = verified(place)
    holds(f"{name}: the folder is verified for what it is",
          isFine and "the bundle holds" in said, said)
    browser.fill("Write it as a folder", "case")
    browser.press("Write the folder there")
    told(browser, "Name the whole path", f"{name}: a folder without a whole path is told off")
    browser.complaints()  # of that refusal


def verified(path):
    programs = os.environ.get("PROGRAMS", ROOT / ".build/debug")
    result = subprocess.run([f"{programs}/platevault", "verify", str(path)], capture_output=True,
                            text=True, stdin=subprocess.DEVNULL)
    return result.stdout + result.stderr, result.returncode == 0


def withdraws(browser, identity, name):
    browser.press("Withdraw")
    told(browser, "Withdraw this request?", f"{name}: a withdrawal has a second look")
    looks(browser, f"{name}-withdraw")
    before = platevault("status", identity)[0]
    holds(f"{name}: nothing is withdrawn before", "withdrawn" not in before, before)
    browser.press("Withdraw it for good")
    told(browser, "Withdrawn.", f"{name}: it is withdrawn")
    holds(f"{name}: the log has the withdrawal", "withdrawn" in platevault("status", identity)[0])
    holds(f"{name}: it can be neither opened nor withdrawn again",
          not browser.has("form[action$='/open']") and not browser.has("a[href$='/withdraw']"))
    looks(browser, f"{name}-withdrawn")


def form(desk, browser, name, order, used=None):
    mistakes(desk, browser, name)
    typed(browser, name)
    picked(browser, name)
    papers(browser, name, order, used)
    return files(browser, name)


def main():
    identity = here["requests"]["opened"]
    with Browser() as browser, claim("the whole job in a wide window goes through"):
        desk = desk_of(browser)
        everything(desk, browser)
        identity = form(desk, browser, "investigator-form", orders[0])
        grows(desk, browser, identity)
        opens(desk, browser, identity)
        prints(desk, browser, identity)
        bundle(desk, browser, identity, "wide")
        asked = {one for one in browser.requests()
                 if not one.startswith((desk, "data:", "blob:", "about:"))}
        holds("the browser asks nobody but the desk", not asked, asked)
    with Browser(size=NARROW, scripts=False) as browser, \
            claim("the whole job without scripts, on a phone, goes through"):
        desk = desk_of(browser)
        withdraws(browser, form(desk, browser, "investigator-plain", orders[1], orders[0]),
                  "investigator-plain")
        bundle(desk, browser, identity, "plain")
        looks(browser, "investigator-plain-opened")
    for size, dark in [(NARROW, False), (NARROW, True), (WIDE, True)]:
        with Browser(size=size, dark=dark) as browser:
            desk = desk_of(browser)
            for name, path in {"list": "/", "form": "/new", "request": f"/requests/{identity}",
                               "opened": f"/requests/{identity}/opened",
                               "print": f"/requests/{identity}/print"}.items():
                browser.open(desk + path)
                until(180, lambda: "/work/" not in browser.address)
                looks(browser, f"investigator-{name}-{size[0]}{'-dark' if dark else ''}")
    done()


main()
