"""The authority's whole job at the desk: orders to attest, each held against the request that names
it; the document and a plate's commitment verified, wrong ones told off; attested after a second
look, as the log then has it; an embargo put off. What nobody but officers may see is on no page."""

import hashlib
import json
import pathlib
import tempfile
from datetime import date, datetime, timedelta, timezone

from selenium.webdriver.support.ui import Select

from browser import NARROW, Browser, addresses, done, holds, looks, told, until
from roles import acts, desk_of, file_request, logged, proof_of, send, status

here = addresses()
# Not attested, and nobody has decided on it.
REQUEST = here["requests"]["filed"]
WARRANT = pathlib.Path(here["warrants"]["filed"])
WORD = "court"


def waits(browser):
    inbox = [item for item in told("inbox", "--as", WORD) if item["what"] in ("attest", "ratify")]
    shown = [one.get_attribute("href").split("/")[-1] for one in browser.all("main tbody a")]
    holds(
        "what waits for an order is listed, all of it",
        REQUEST in shown and sorted(shown) == sorted(item["request"] for item in inbox),
        (shown, inbox),
    )
    rows = browser.rows("Requests that wait for an order")
    holds(
        "each with the time that is left and what is wanted",
        all("left" in row[0] and row[1] == "attest" for row in rows) and len(rows) == len(shown),
        rows,
    )
    looks(browser, f"authority-waiting-{browser.size[0]}")


def reads(browser, plate):
    """The request as the log has it, and nothing of what it is about."""
    browser.press(browser.find(f"a[href*='{REQUEST}']"))
    body, facts = (
        json.loads(logged(acts(REQUEST, "filed", "investigator")[0]).split("\n")[3]),
        browser.facts(),
    )
    commitments = {
        "Plate 1": body["plateCommitments"][0],
        "Hours and sites": body["windowCommitment"],
        "Docket": body["docketCommitment"],
        "Request": REQUEST,
        "Requester": "investigator",
        "Purpose": "100 Kidnapping/abduction",
        "Process": "search warrant",
    }
    for name, words in commitments.items():
        holds(f"the page says: {name}", facts.get(name, [""])[0] == words, facts)
    holds(
        "the warrant's SHA-256 is the log's and the document's",
        browser.find("#attest + p code").text
        == body["warrant"]
        == hashlib.sha256(WARRANT.read_bytes()).hexdigest(),
        browser.text,
    )
    shown = [
        word
        for word in (
            plate,
            WARRANT.stem,
            "Harbour Bridge",
            "Main Street",
            here["window"][0][:10] + " " + here["window"][0][11:13] + ":00",
        )
        if word in browser.source
    ]
    holds(
        "neither plate nor docket nor hours nor sites are on it", not shown, (shown, browser.text)
    )
    looks(browser, f"authority-request-{browser.size[0]}")


def chosen(browser, label, content):
    """Chooses a file with that content in the field that a label names."""
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(content)
    browser.field(label).send_keys(file.name)
    return pathlib.Path(file.name)


def verify(browser, plate, proof):
    """Types a plate, chooses a proof, and has it verified."""
    if not browser.has("details[open]"):
        browser.click("Verify a plate's commitment")
    browser.fill("The plate that the order names", plate)
    file = chosen(browser, "The requester's request proof", proof)
    browser.press(browser.find("form[action$='/proof'] button"))
    file.unlink()


def verifies(browser, plate, proof):
    """What is behind the plate's commitment, by the requester's proof."""
    problem = "#proof-problem"
    other = "AB1234C" if plate != "AB1234C" else "AB1234D"
    _, foreign = proof_of(here["requests"]["approved-by-one"])
    changed = proof.replace(b"salt ", b"salt 00", 1)
    for what, typed, file, code in [
        ("another plate", other, proof, "(plate-other)"),
        ("no proof at all", plate, b"paper", "(request-proof-form)"),
        ("another request's proof", plate, foreign, "The proof is of another request."),
        ("a changed proof", plate, changed, "(request-proof-form)"),
    ]:
        verify(browser, typed, file)
        holds(
            f"{what} is told off",
            browser.has(problem)
            and code in browser.find(problem).text
            and not browser.has(".callout.good"),
            browser.text,
        )
        holds(
            f"{what}: no plate that was not typed is shown",
            typed == plate or plate not in browser.source,
            browser.text,
        )
    # Answers of 422 are what was asked for.
    holds(
        "the browser complains of nothing else", all(" 422 " in one for one in browser.complaints())
    )
    looks(browser, "authority-proof-refused")
    verify(browser, plate[:2].lower() + " " + plate[2:], proof)
    holds(
        "the commitment opens to the plate that the order names",
        browser.has("main .callout.good")
        and f"Plate 1 is {plate}" in browser.find("main .callout.good").text,
        browser.text,
    )
    looks(browser, "authority-proof-verified")
    holds("nothing of that is in the log", not acts(REQUEST, "attested", WORD), status(REQUEST))


def attest(browser, document, days="3", embargo=None):
    """Fills the form of the order, and goes on to the second look."""
    file = chosen(browser, "The order in your hands", document)
    Select(browser.field("The order holds for")).select_by_value(days)
    if embargo:
        browser.run(
            "arguments[0].value = arguments[1]", browser.field("Put the embargo off"), embargo
        )
    browser.press("Attest…")
    file.unlink()


def refuses(browser):
    """What is not the order, or asks for more than the policy lets it."""
    browser.click("Attest…")
    holds(
        "without a document nothing is attested",
        browser.has("#document:invalid") and not browser.has("form[action$='/sign']"),
        browser.text,
    )
    attest(browser, b"another order")
    holds(
        "another document is told off, at its field",
        browser.has("#document-problem")
        and "another document than the request names" in browser.find("#document-problem").text,
        browser.text,
    )
    is_offered = browser.has("form[action$='/sign']")
    far = (date.today() + timedelta(days=400)).isoformat()
    attest(browser, WARRANT.read_bytes(), embargo=far)
    holds(
        "an embargo beyond the policy is told off, at its field",
        browser.has("#embargo-problem")
        and "At most until" in browser.find("#embargo-problem").text
        and not is_offered,
        browser.text,
    )
    attest(browser, WARRANT.read_bytes(), embargo=date.today().isoformat())
    holds(
        "so is one that puts nothing off",
        browser.has("#embargo-problem") and "already" in browser.find("#embargo-problem").text,
        browser.text,
    )
    holds(
        "the browser complains of nothing else", all(" 422 " in one for one in browser.complaints())
    )
    looks(browser, "authority-refused")
    holds("nothing of that is in the log", not acts(REQUEST, "attested", WORD), status(REQUEST))


def signs(browser, desk, request, warrant, days, embargo=None, name="authority-second-look"):
    """A second look, back, and once more to the end: the log has exactly what was looked at."""
    before = len(acts(request, "attested", WORD))
    for ending in ("back", "sign"):
        browser.open(f"{desk}/request/{request}")
        attest(browser, warrant, days, embargo)
        text, look = browser.find("main pre").get_attribute("textContent"), browser.address
        body = json.loads(text.split("\n")[3])
        asked = json.loads(logged(acts(request, "filed", "investigator")[0]).split("\n")[3])
        holds(
            f"{name}, {ending}: it shows what will be signed: an order for exactly this request",
            text.startswith("platevault/order/v1\n")
            and body["request"] == request
            and body["authority"] == WORD
            and body["warrant"] == hashlib.sha256(warrant).hexdigest()
            and body["plateCommitments"] == asked["plateCommitments"]
            and body["windowCommitment"] == asked["windowCommitment"],
            text,
        )
        life = (body["expires"] - body["time"]) / 86_400_000
        holds(
            f"{name}, {ending}: it holds as long as was chosen",
            0 <= life - int(days) < 1 / 12,
            body,
        )
        until_when = datetime.fromtimestamp(body["expires"] / 1_000, timezone.utc).strftime(
            "%Y-%m-%d %H:%M UTC"
        )
        terms = [
            browser.facts().get(name, [None])[0] for name in ("Holds until", "Embargo put off to")
        ]
        holds(
            f"{name}, {ending}: until when stands there in words",
            terms == [until_when, embargo],
            terms,
        )
        day = (date.fromisoformat(embargo) - date(1970, 1, 1)).days if embargo else None
        holds(f"{name}, {ending}: its embargo is what was chosen", body.get("embargo") == day, body)
        holds(
            f"{name}, {ending}: and its SHA-256",
            browser.find("pre ~ .hint code").text == hashlib.sha256(text.encode()).hexdigest(),
            browser.text,
        )
        if ending == "back":
            looks(browser, f"{name}-{browser.size[0]}")
            browser.press("Back, sign nothing")
            holds(
                f"{name}: nothing is signed before", len(acts(request, "attested", WORD)) == before
            )
    browser.press("Sign the attestation")
    holds(
        f"{name}: the page says that it is done",
        "The order is attested" in browser.text,
        browser.text,
    )
    until(30, lambda: len(acts(request, "attested", WORD)) > before)
    found = acts(request, "attested", WORD)
    holds(f"{name}: the log has the order once", len(found) == before + 1, status(request))
    holds(f"{name}: the log's entry is that text to the byte", logged(found[-1]) == text, text)
    browser.open(look)
    holds(
        f"{name}: what was signed cannot be signed once more",
        not browser.has("form[action$='/sign']")
        and "decision-gone" in browser.text
        and all(" 422 " in one for one in browser.complaints()),
        browser.text,
    )
    return found[-1]


def is_listed(browser, desk, request, entry, name):
    browser.open(desk)
    holds(
        f"{name}: it does not wait any more",
        not browser.has(f"main a[href*='{request}']"),
        browser.text,
    )
    browser.open(f"{desk}/attested")
    rows = browser.rows("Orders attested here")
    holds(
        f"{name}: it is listed, the newest first, with its entry",
        rows
        and rows[0][5].replace(",", "") == str(entry)
        and browser.find("main tbody a").get_attribute("href").endswith(request),
        rows,
    )
    looks(browser, f"{name}-listed-{browser.size[0]}")


def is_told(browser, desk):
    """A request that arrives while a page is open is told; its embargo is short, to be put off."""
    browser.record_notifications()
    browser.allow_notifications(desk)
    browser.open(desk)
    until(20, lambda: browser.run("return sessionStorage.getItem('waiting')"))
    soon = (date.today() + timedelta(days=7)).isoformat()
    request, warrant = file_request("26-3002", soon)
    until(90, lambda: browser.run("return told.length"))
    said = browser.run("return told")
    holds(
        "a request that arrives is told once, and nothing of what it is about",
        len(said) == 1
        and said[0]["title"] == "An order waits to be attested"
        and said[0]["tag"] == request
        and said[0]["body"]
        == f"investigator of police, until {status(request)['deadline'][:16]} UTC",
        said,
    )
    browser.open(f"{desk}/request/{request}")
    kept = browser.facts()["Kept from the public until"][0]
    holds("until when it is kept from the public stands on its page", kept == soon, kept)
    return request, warrant


def embargo_is_put_off(browser, desk, request, warrant):
    later = (date.today() + timedelta(days=30)).isoformat()
    entry = signs(browser, desk, request, warrant, "7", name="authority-first-order")
    browser.open(f"{desk}/request/{request}")
    holds(
        "after an order nothing waits, and a further one can put the embargo off",
        "Nothing waits for an order here." in browser.text
        and len(browser.rows("Orders in the log")) == 1,
        browser.text,
    )
    looks(browser, f"authority-attested-{browser.size[0]}")
    further = signs(browser, desk, request, warrant, "14", later, name="authority-further-order")
    browser.open(f"{desk}/request/{request}")
    holds(
        "a further order puts the embargo off",
        browser.facts()["Kept from the public until"][0] == later
        and [row[3] for row in browser.rows("Orders in the log")] == ["as requested", later]
        and further > entry,
        browser.rows("Orders in the log"),
    )


def nothing_else(browser, desk):
    """No page of the authority's opens what officers see, or does what officers do."""
    for path in (
        f"/request/{REQUEST}/plates",
        f"/request/{REQUEST}/approve",
        f"/request/{REQUEST}/deny",
        "/decided",
        "/given",
        "/new",
    ):
        for way, go in (
            ("shown", lambda: browser.open(desk + path)),
            ("sent", lambda: send(browser, desk, path)),
        ):
            go()
            holds(
                f"nothing stands at {path.replace(REQUEST, 'REQUEST')}, {way}",
                "Nothing here" in browser.title and "path-unknown" in browser.text,
                browser.text,
            )
    holds(
        "the browser complains of nothing else", all(" 404 " in one for one in browser.complaints())
    )


def main():
    plate, proof = proof_of(REQUEST)
    with Browser() as browser:
        desk = desk_of(browser, WORD)
        waits(browser)
        reads(browser, plate)
        verifies(browser, plate, proof)
        refuses(browser)
        entry = signs(browser, desk, REQUEST, WARRANT.read_bytes(), "3")
        is_listed(browser, desk, REQUEST, entry, "authority-attested-order")
        nothing_else(browser, desk)
        request, warrant = is_told(browser, desk)
    with Browser(size=NARROW, dark=True) as browser:
        desk = desk_of(browser, WORD)
        waits_here = browser.has(f"main a[href*='{request}']")
        holds("what has arrived waits", waits_here, browser.text)
        looks(browser, "authority-waiting-360-dark")
        embargo_is_put_off(browser, desk, request, warrant)
        is_listed(
            browser, desk, request, acts(request, "attested", WORD)[-1], "authority-further-order"
        )
    holds(
        "what is still missing is the officers' word",
        status(REQUEST)["verdict"] == "approvals-missing"
        and not any("attestation" in one for one in status(REQUEST)["missing"]),
        status(REQUEST),
    )
    done()


main()
