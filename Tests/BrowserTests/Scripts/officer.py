"""The officer's whole job at the desk: what waits, one request read wholly, the plate only when it
is asked for, the warrant compared, approved or denied after a second look, and others' decisions
only after one's own. Besides: a new request is noticed and told."""

import hashlib
import json
import pathlib
import tempfile
from datetime import datetime, timedelta

from selenium.webdriver.support.ui import Select

from browser import NARROW, Browser, addresses, claim, done, holds, looks, told, until
from pages import entries, size_of
from roles import acts, desk_of, file_request, logged, proof_of, status

here = addresses()
vault = here["pages"]["vault"]
# Attested, and nobody has decided on it; approved here by three institutions.
REQUEST = here["requests"]["attested"]
# Approved by one other institution; read here and not decided.
OTHER = here["requests"]["approved-by-one"]
OWN = "privacy-office-officer"
REASON = "Two hours would do; ask for those in which it was seen."


def waits(browser):
    """What waits is listed, each with the time that is left, as the inbox says it."""
    inbox = [item for item in told("inbox", "--as", OWN) if item["what"] == "approve-or-deny"]
    inbox.sort(key=lambda item: item["deadline"])
    shown = [one.get_attribute("href").split("/")[-1] for one in browser.all("main tbody a")]
    holds(
        "what waits is listed, all of it, the least time first",
        len(shown) >= 3
        and sorted(shown) == sorted(item["request"] for item in inbox)
        and shown[0]
        in [item["request"] for item in inbox if item["deadline"] == inbox[0]["deadline"]],
        (shown, inbox),
    )
    left = [row[0] for row in browser.rows("Requests that wait for you")]
    holds(
        "each with the time that is left",
        len(left) == len(shown) and all("left" in one for one in left),
        left,
    )
    holds(
        "the place's count is theirs",
        until(
            20,
            lambda: browser.has("nav .count")
            and browser.find("nav .count").text == str(len(inbox)),
        ),
        browser.text,
    )
    looks(browser, "officer-waiting")


def reads(browser, desk):
    """Everything that an officer needs is on the request's page, as log and papers have it."""
    browser.press(browser.find(f"a[href*='{REQUEST}']"))
    state, facts = status(REQUEST), browser.facts()
    docket = pathlib.Path(here["warrants"]["attested"]).stem
    for name, words in {
        "Purpose": "13A Aggravated assault",
        "Process": "search warrant",
        "Docket": docket,
        "Agency": "City Police (police)",
        "Requester": "investigator",
        "Request": REQUEST,
        "Filed": state["acts"][0]["time"][:10],
        "Can be answered until": state["deadline"][:10],
        "Size": "4 hours at sites",
        "Its agreement": "holds until",
    }.items():
        holds(f"the request's page says: {name}", words in " ".join(facts.get(name, [])), facts)
    window = browser.rows("Hours at sites that would be searched")
    first, last = (hour[:10] + " " + hour[11:13] + ":00" for hour in here["window"])
    if first[:10] == last[:10]:  # the day is told once
        last = last[11:]
    holds(
        "the hours are those of the window, at each site",
        [row[0] for row in window] == ["1 Main Street", "2 Harbour Bridge"]
        and all(row[1] == f"{first} to {last}" and row[2] == "2" for row in window),
        window,
    )
    digest = hashlib.sha256(pathlib.Path(here["warrants"]["attested"]).read_bytes()).hexdigest()
    holds(
        "the warrant's SHA-256 is the document's",
        digest in browser.find("#warrant + p").text,
        browser.text,
    )
    orders = browser.rows("Orders in the log")
    holds(
        "the attested order stands there with its entry",
        len(orders) == 1
        and orders[0][0] == "court"
        and [int(orders[0][-1].replace(",", ""))] == acts(REQUEST, "attested", "court"),
        orders,
    )
    rules = browser.rows("Each rule")
    holds(
        "each rule has its verdict, others' decisions aside",
        len(rules) >= 14
        and [row[1] for row in rules if row[1] != "holds"] == ["not shown"]
        and rules[-1][0] == "Enough institutions approve",
        rules,
    )
    history = browser.rows("The agency's requests")
    listed = told("requests")
    holds(
        "what else the agency asked for is listed",
        len(history)
        == len(
            [
                one
                for one in listed
                if one["request"] != REQUEST
                and one["filed"]
                > (
                    datetime.fromisoformat(state["acts"][0]["time"]) - timedelta(days=29)
                ).isoformat()
            ]
        ),
        history,
    )
    looks(browser, "officer-request")


def sees_the_plate(browser, desk):
    plate = proof_of(REQUEST)[0]
    holds(
        "the plate is not shown before it is asked for",
        len(plate) >= 4 and plate not in browser.source,
        plate,
    )
    browser.press("Show the plates")
    shown = [one.text for one in browser.all(".plate code")]
    holds(
        "the plate is shown when it is asked for: the one that the request commits to",
        shown == [plate],
        shown,
    )
    holds("no address and no title has it", plate not in browser.address + browser.title)
    looks(browser, "officer-request-plate")
    browser.open(f"{desk}/request/{REQUEST}")
    holds("it is masked again when the page is opened anew", plate not in browser.source)


def compares(browser):
    name = "The document as you have it"
    browser.click("Compare")
    holds(
        "without a document nothing is compared",
        browser.has("input[name=document]:invalid") and not browser.has("#warrant ~ .callout"),
        browser.text,
    )
    browser.field(name).send_keys(here["warrants"]["attested"])
    browser.press("Compare")
    holds(
        "the warrant's document is known for it",
        browser.has("#warrant ~ .callout.good"),
        browser.text,
    )
    with tempfile.NamedTemporaryFile(suffix=".txt") as other:
        other.write(b"another order")
        other.flush()
        browser.field(name).send_keys(other.name)
        browser.press("Compare")
    holds(
        "another document is told off",
        browser.has("#warrant ~ .callout.bad")
        and "another one than the request names" in browser.find("#warrant ~ .callout.bad").text,
        browser.text,
    )


def is_what_is_signed(browser, who, request, kind):
    """The second look's text, whose SHA-256 is the one that the page names."""
    text = browser.find("main pre:last-of-type").get_attribute("textContent")
    digest = hashlib.sha256(text.encode()).hexdigest()
    body = json.loads(text.split("\n")[3])
    holds(
        f"{who}: a second look shows exactly what will be signed",
        text.startswith(f"platevault/{kind}/v1\n")
        and body["request"] == request
        and body["officer"] == who,
        text,
    )
    holds(
        f"{who}: and its SHA-256",
        browser.find("pre ~ .hint code").text == digest,
        (digest, browser.text),
    )
    return text


def approves(browser, desk, who):
    browser.open(f"{desk}/request/{REQUEST}")
    browser.press("Approve…")
    is_what_is_signed(browser, who, REQUEST, "approval")
    looks(browser, f"officer-second-look-{browser.size[0]}")
    browser.press("Back, sign nothing")
    holds(f"{who}: nothing is signed before", not acts(REQUEST, "approved", who), status(REQUEST))
    browser.press("Approve…")
    text, look = is_what_is_signed(browser, who, REQUEST, "approval"), browser.address
    browser.press("Sign the approval")
    holds(
        f"{who}: the page says that it is done",
        "You have approved this request" in browser.text,
        browser.text,
    )
    found = until(30, lambda: acts(REQUEST, "approved", who))
    holds(f"{who}: the log has the approval once", found and len(found) == 1, status(REQUEST))
    holds(
        f"{who}: the log's entry is that text to the byte", found and logged(found[0]) == text, text
    )
    browser.open(look)
    holds(
        f"{who}: what was signed cannot be signed once more",
        not browser.has("form[action$='/sign']")
        and "decision-gone" in browser.text
        and all(" 422 " in one for one in browser.complaints()),
        browser.text,
    )
    browser.open(f"{desk}/request/{REQUEST}")
    holds(
        f"{who}: afterwards it says so, and offers no second approval",
        "Your institution has approved this request." in browser.text
        and "Approve…" not in browser.text,
        browser.text,
    )


def is_told(browser, desk):
    """A page that is open notices what is new by itself, and tells it. The new request's id."""
    browser.record_notifications()
    browser.open(desk)
    asks = "[data-notify]:not([hidden])"
    holds("the page offers to tell what is new", until(20, lambda: browser.has(asks)), browser.text)
    browser.allow_notifications(desk)
    browser.click("Allow notifications")
    holds("once allowed, it offers no more", until(20, lambda: not browser.has(asks)), browser.text)
    browser.open(desk)
    holds(
        "the page knows what waits",
        until(20, lambda: browser.run("return sessionStorage.getItem('waiting')")),
        browser.text,
    )
    count = int(browser.find("nav .count").text)
    holds(
        "of what was there before nothing is told",
        browser.run("return told") == [],
        browser.run("return told"),
    )
    request, _ = file_request("26-3001")
    until(90, lambda: browser.run("return told.length"))
    all_told = browser.run("return told")
    holds(
        "a request that arrives is told once, by itself",
        len(all_told) == 1
        and all_told[0]["title"] == "A request waits for your decision"
        and all_told[0]["tag"] == request,
        all_told,
    )
    deadline = status(request)["deadline"]
    holds(
        "who asks and until when, and nothing else",
        [one["body"] for one in all_told] == [f"investigator of police, until {deadline[:16]} UTC"]
        and set(all_told[0]) == {"title", "body", "tag"},
        all_told,
    )
    holds(
        "the count beside the place is one more",
        browser.find("nav .count").text == str(count + 1),
        browser.text,
    )
    browser.open(desk)
    holds(
        "on the next page it is no news",
        until(20, lambda: browser.has("nav .count")) and browser.run("return told") == [],
        browser.run("return told"),
    )
    holds("and stands in the list", browser.has(f"a[href*='{request}']"), browser.text)
    return request


def denies(browser, desk, request):
    browser.open(f"{desk}/request/{request}")
    holds(
        "an unattested request says so",
        "No authority has attested this request" in browser.text,
        browser.text,
    )
    browser.click("Deny…")
    holds("a denial without a code is none", browser.has("select[name=code]:invalid"), browser.text)
    Select(browser.find("select[name=code]")).select_by_value("too-broad")
    browser.fill("In words, for the requester alone", REASON)
    browser.press("Deny…")
    text = is_what_is_signed(browser, OWN, request, "denial")
    holds(
        "the reason is shown, and is not in what is signed",
        browser.find("main pre").text == REASON
        and REASON not in text
        and json.loads(text.split("\n")[3])["code"] == "too-broad",
        browser.text,
    )
    looks(browser, "officer-denial")
    browser.press("Sign the denial")
    found = until(30, lambda: acts(request, "denied (too-broad)", OWN))
    holds("the log has the denial with its code", found and len(found) == 1, status(request))
    until(30, lambda: size_of(vault) > found[0])
    whole = b"\n".join(entries(vault))
    holds(
        "the log has the signed text, and nowhere the reason",
        text.encode() in whole and REASON.encode() not in whole,
    )
    holds(
        "the request's page says what was decided",
        "Your institution has denied (too-broad)" in browser.text,
        browser.text,
    )
    with Browser() as asker:
        root = desk_of(asker, "investigator")
        asker.open(f"{root}/requests/{request}")
        holds("the requester reads the reason", REASON in asker.text, asker.text)


def hides(browser, desk, who):
    """Before the own decision nothing says what others decided, on no page."""
    filed = [acts(one, "filed", "investigator")[0] for one in (REQUEST, OTHER)]
    for name, path in {
        "its page": f"request/{REQUEST}",
        "another request's page": f"request/{OTHER}",
        "the list": "",
        "the own decisions": "decided",
    }.items():
        browser.open(f"{desk}/{path}")
        text = browser.source
        others = [
            word
            for word in (OWN, "inspector-general-officer", "clerk-of-court-officer")
            if word != who and word in text
        ]
        holds(
            f"{who}: others' decisions are not shown before the own one: {name}",
            not others and "What officers decided" not in text,
            (others, browser.text),
        )
        for row in browser.rows("The agency's requests"):
            if int(row[5].replace(",", "")) in filed:
                holds(
                    f"{who}: nor in the agency's history what became of it: {name}, {row[2]}",
                    row[4] == "waiting",
                    row,
                )


def main():
    with Browser() as browser:
        desk = desk_of(browser, OWN)
        waits(browser)
        reads(browser, desk)
        hides(browser, desk, OWN)
        browser.open(f"{desk}/request/{REQUEST}")
        sees_the_plate(browser, desk)
        compares(browser)
        approves(browser, desk, OWN)
        denies(browser, desk, is_told(browser, desk))
        browser.open(f"{desk}/decided")
        decided = browser.rows("What your institution decided")
        holds(
            "the own decisions are listed, the newest first, with what came of them",
            [row[1] for row in decided[:2]] == ["denied: too-broad", "approved"]
            and [row[5] for row in decided[:2]] == ["waiting", "waiting"]
            and browser.has(f"a[href*='{REQUEST}']"),
            decided,
        )
        looks(browser, "officer-decided")
    with Browser(dark=True) as browser:
        who = "inspector-general-officer"
        desk = desk_of(browser, who)
        looks(browser, "officer-waiting-dark")
        hides(browser, desk, who)
        browser.open(f"{desk}/request/{REQUEST}")
        looks(browser, "officer-request-dark")
        approves(browser, desk, who)
        steps = [one.text for one in browser.all(".steps li")]
        holds(
            "after the own decision others' are shown, and how many are needed",
            len(steps) == 3
            and f"Approved by {OWN}" in steps[0]
            and f"Approved by {who}" in steps[1]
            and "2 of 3 institutions approve" in steps[2],
            steps,
        )
        looks(browser, "officer-decided-request-dark")
    with Browser(size=NARROW) as browser:
        who = "clerk-of-court-officer"
        desk = desk_of(browser, who)
        looks(browser, "officer-waiting-360")
        browser.open(f"{desk}/request/{REQUEST}")
        looks(browser, "officer-request-360")
        approves(browser, desk, who)
        looks(browser, "officer-decided-request-360")
    with claim("three approvals are what it needed"):
        assert status(REQUEST)["verdict"] == "granted", status(REQUEST)
    with Browser(scripts=False) as browser:
        who = "civil-rights-commission-officer"
        desk = desk_of(browser, who)
        hides(browser, desk, who)
        browser.open(f"{desk}/request/{REQUEST}")
        browser.press("Show the plates")
        holds(
            "without scripts the desk does the same",
            browser.find(".plate code").text == proof_of(REQUEST)[0]
            and "It waits for your decision" in browser.text,
            browser.text,
        )
    done()


main()
