"""The desk of a custodian's administrator: what its machine says, what it holds and until when,
what the mirrors show, what it gave. Every figure is held against the program's own numbers, the
log, the roster and the mirrors. Besides: the desk opens the browser by itself."""

import contextlib
import csv
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
from datetime import date, datetime, timedelta, timezone

from browser import (
    NARROW,
    ROOT,
    Browser,
    addresses,
    claim,
    done,
    holds,
    looks,
    platevault,
    told,
    until,
)
from pages import entries, fetch, size_of
from roles import desk_of, send

here = addresses()
# One that answers, whose desk is open; one that checks others' answers, whose desk is opened here.
WORD, OTHER = "privacy-office", "civil-rights-commission"


def day(number):
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()


def clock(milliseconds):
    return datetime.fromtimestamp(milliseconds / 1_000, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def minute(text):
    """A time of a file, such as `2026-05-01T10:20:30.400Z`, as pages show it."""
    return text[:16].replace("T", " ") + " UTC"


def metrics(word):
    lines = fetch(here["health"][word] + "/metrics")[2].decode().split("\n")
    pairs = [line.split(" ") for line in lines if line and not line.startswith("#")]
    return {pair[0].removeprefix("platevault_"): int(pair[1]) for pair in pairs if len(pair) == 2}


def at_rest(browser, desk, word):
    """The page, and the machine's numbers, which were the same before it and after, as were all
    mirrors; the clock's difference alone goes on, and on the page it is between the two."""
    moving = ("clock_behind_milliseconds", "clock_ahead_of_others_milliseconds")

    def sizes():
        return {size_of(address) for address in here["pages"].values()}

    def asked():
        before, size = metrics(word), sizes()
        browser.open(desk)
        after = metrics(word)
        ahead = sorted(abs(numbers[moving[1]]) for numbers in (before, after))
        shown = re.match(r"\d+", browser.facts().get("Clock", ["", "-"])[-1])
        is_between = shown and ahead[0] // 1_000 <= int(shown[0]) <= ahead[1] // 1_000
        same = all(before[name] == after[name] for name in before if name not in moving)
        is_one = size == sizes() == {before["log_entries"]}
        return before if same and is_between and is_one else None

    numbers = until(120, asked)
    holds(f"{word}: the page is of one moment of the machine, its clock too", numbers, browser.text)
    return numbers or metrics(word)


def figures(browser, word, numbers, days):
    facts = browser.facts()
    ready = fetch(here["health"][word] + "/readyz")[2].decode().strip()
    alive = [one for one in days if word not in one["erased_by"].split()]
    oldest = day(numbers["oldest_day"])
    ahead = numbers["clock_ahead_of_others_milliseconds"]
    expected = {
        "State": [ready],
        "Days held": [str(len(alive)), f"from {oldest}"],
        "Keys made until": [day(numbers["keys_last_day"])],
        "Log in the own mirror": [f"{numbers['log_entries']:,}", "entries"],
        "Clock": [
            "agrees" if abs(ahead) <= 7_200_000 else "differs",
            f"{facts['Clock'][1].split(' ')[0]} s "
            f"{'before' if ahead < 0 else 'after'} 3 others cosigned last; they do every hour",
        ],
        "Not yet in the log": [str(numbers["unpublished"]), "own statements"],
        "Overdue": [str(numbers["days_overdue"]), "generations with a day past its time"],
    }
    for name, words in expected.items():
        holds(
            f"{word}: {name} is what its program and the log say",
            facts.get(name) == words,
            (facts.get(name), words),
        )
    holds(
        f"{word}: the oldest day is the oldest that the log has not seen erased here",
        alive and alive[0]["day"] == oldest and ready == "ready",
        (alive[:1], oldest, ready),
    )
    following = facts.get("Next destruction", ["", ""])
    holds(
        f"{word}: the next destruction is that day's",
        following[0] == minute(alive[0]["due"]) and following[1].startswith(f"of {oldest}, in "),
        (following, alive[0]),
    )
    shown = browser.rows("Days, newest first")
    erased = {
        json.loads(text)["day"]: json.loads(text)["time"]
        for text in bodies("day-destroyed", word).values()
    }
    rows = []
    for one in reversed(days[-40:]):
        gone = erased.get((date.fromisoformat(one["day"]) - date(1970, 1, 1)).days)
        rows.append(
            [
                one["day"],
                one["verdict"],
                "held" if gone is None else "erased",
                minute(one["due"]),
                "" if gone is None else clock(gone),
            ]
        )
    holds(
        f"{word}: each day's fate, here and everywhere, is what the log says",
        shown == rows and len(rows) > 30 and {row[2] for row in rows} == {"held", "erased"},
        [pair for pair in zip(shown, rows) if pair[0] != pair[1]],
    )


def mirrors(browser, word):
    """What the page says of the mirrors is what a program is told by them, and their files say."""
    request = here["requests"]["opened"]
    machines = {one["custodian"]: one for one in told("status", request)["machines"]}
    shown = browser.rows("Custodians' mirrors")
    holds(
        f"{word}: every custodian's mirror is there, and the own one is marked",
        [row[0].split(" ")[0] for row in shown] == list(machines)
        and [row[0] for row in shown if "(this one)" in row[0]] == [f"{word} (this one)"],
        shown,
    )
    for row in shown:
        custodian = row[0].split(" ")[0]
        size = int(row[1].replace(",", ""))
        holds(
            f"{word}: the mirror of {custodian} has the entries that its pages show, and agrees",
            size == machines[custodian]["entries"] == size_of(here["pages"][custodian])
            and row[3] == "agrees",
            (row, machines[custodian]),
        )
        behind = (
            datetime.fromisoformat(machines[custodian]["time"])
            - datetime.strptime(row[2], "%Y-%m-%d %H:%M UTC").replace(tzinfo=timezone.utc)
        ).total_seconds()
        holds(
            f"{word}: when {custodian} cosigned is what it says itself",
            -60 <= behind < 180,
            (row, machines[custodian]),
        )


def machine(browser, word):
    """The custodian as the roster has it."""
    text, _ = platevault("roster", "show")
    part = text.split(f"custodian {word}\n")[1].split("\n\n")[0]
    fields = dict(line.strip().split(" ", 1) for line in part.split("\n"))
    facts = browser.facts()
    for name, words in {
        "Custodian": f"{fields['name']} ({word})",
        "Institution": fields["institution"],
        "Place": fields["place"],
        "Administrator": fields["administrator"],
        "Slot of the root key": fields["slot"],
        "Roster": told("status")["roster"],
    }.items():
        holds(
            f"{word}: {name} is the roster's",
            facts.get(name, [None])[0] == words,
            (facts.get(name), words),
        )


def bodies(kind, word=None):
    """The bodies of the log's statements of a kind, of one custodian where named, by entry."""
    found = {}
    for index, entry in enumerate(log):
        lines = entry.decode().split("\n")
        if lines[0] == f"platevault/{kind}/v1" and (
            word is None or json.loads(lines[3]).get("custodian") == word
        ):
            found[index] = lines[3]
    return found


def number(text):
    return int(text.replace(",", ""))


def given(browser, desk, word, does):
    browser.open(f"{desk}/given")
    granted = {index: json.loads(text) for index, text in bodies("grant", word).items()}
    shown = browser.rows("Grants")

    def hour(count):
        return (datetime(1970, 1, 1) + timedelta(hours=count)).strftime("%Y-%m-%dT%HZ")

    rows = [
        [clock(body["time"]), body["site"], hour(body["firstHour"]), hour(body["lastHour"]), index]
        for index, body in sorted(granted.items(), reverse=True)
    ]
    holds(
        f"{word}: the site keys that it granted are the log's",
        len(rows) > 60
        and [[row[0], int(row[1].split(" ")[0]), row[2], row[3], number(row[4])] for row in shown]
        == rows,
        (shown[:2], rows[:2], len(shown), len(rows)),
    )
    answers = {
        **{index: ("answered", text) for index, text in bodies("evaluation", word).items()},
        **{index: ("checked", text) for index, text in bodies("check", word).items()},
    }
    shown = browser.rows("Answers and checks, newest first")
    holds(
        f"{word}: what it answered and checked is the log's",
        [(number(row[6]), row[1], row[5]) for row in shown]
        == [
            (index, what, json.loads(text)["request"][:16])
            for index, (what, text) in sorted(answers.items(), reverse=True)
        ],
        (shown, list(answers)),
    )
    opened = next((row for row in shown if here["requests"]["opened"].startswith(row[5])), [""] * 7)
    holds(
        f"{word}: it has {does} the request that was opened, and the answers are confirmed",
        opened[1] == does
        and opened[4]
        == told("status", here["requests"]["opened"])["confirmation"]
        == "confirmed by 3 of 3",
        shown,
    )
    asked = {json.loads(text)["request"] for text in bodies("evaluation").values()}
    done_here = {json.loads(text)["request"] for _, text in answers.values()}
    owed = [row[3] for row in browser.rows("Checks that are owed")]
    holds(
        f"{word}: the checks that it owes are those that the log lacks",
        sorted(owed) == sorted(one[:16] for one in asked - done_here)
        and bool(owed) != ("No check is owed" in browser.text),
        owed,
    )


def away_from_the_hour():
    """With each hour the machines close, grant and cosign: not while their figures are compared."""
    left = 3_600 - time.time() % 3_600
    if left < 60:
        time.sleep(left + 20)


def looks_on(browser, desk, word, does, name):
    """Both pages, compared and looked at."""
    global log
    away_from_the_hour()
    numbers = at_rest(browser, desk, word)
    log = entries(here["pages"][word], numbers["log_entries"])
    days = list(csv.DictReader(io.StringIO(fetch(here["pages"][word] + "/days.csv")[2].decode())))
    figures(browser, word, numbers, days)
    mirrors(browser, word)
    machine(browser, word)
    looks(browser, f"custodian-state-{name}")
    given(browser, desk, word, does)
    looks(browser, f"custodian-given-{name}")


def decides_nothing(browser, desk):
    request = here["requests"]["attested"]
    for path in ("", "/given"):
        browser.open(desk + path)
        forms = [one.get_attribute("action").removeprefix(desk) for one in browser.all("form")]
        holds(
            f"nothing can be sent from {path or '/'} but the session's end",
            forms == ["/leave"],
            forms,
        )
        holds(
            f"nothing is counted on {path or '/'}, and no notification offered",
            not browser.has(".count") and not browser.has("[data-notify]"),
            browser.text,
        )
    browser.open(desk + "/waiting.json")
    holds(
        "nothing waits for an administrator",
        json.loads(browser.find("body").text) == {"waiting": []},
        browser.text,
    )
    for path in (
        f"/request/{request}",
        f"/request/{request}/plates",
        f"/request/{request}/approve",
        "/decided",
    ):
        send(browser, desk, path)
        holds(
            f"nothing stands at {path.replace(request, 'REQUEST')}",
            "path-unknown" in browser.text,
            browser.text,
        )
    browser.complaints()


@contextlib.contextmanager
def desk_opened_by_itself(folder, script, word=OTHER, options=(), path=None):
    """`platevault desk` with a program of that text as `xdg-open`; ended by Ctrl-C, soon."""
    if script is not None:
        opener = pathlib.Path(folder, "xdg-open")
        opener.write_text("#!/bin/sh\n" + script)
        opener.chmod(0o755)
    program = os.environ.get("PROGRAMS", str(ROOT / ".build/debug")) + "/platevault"
    environment = dict(os.environ, PATH=path or f"{folder}:{os.environ['PATH']}", FOLDER=folder)
    with open(f"{folder}/output", "wb") as output, open(f"{folder}/errors", "wb") as errors:
        process = subprocess.Popen(
            [program, "desk", "--as", word, "--dir", here["root"], *options],
            env=environment,
            stdout=output,
            stderr=errors,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield process
            process.send_signal(signal.SIGINT)
            process.wait(30)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def text_of(folder, name):
    path = pathlib.Path(folder, name)
    return path.read_text() if path.exists() else ""


# Notes its argument, and stays, as a browser that is started does, until it is told to go.
STAYS = (
    'printf "%s\\n" "$@" > "$FOLDER/told" && mv "$FOLDER/told" "$FOLDER/opened"\n'
    'until [ -e "$FOLDER/go" ]; do sleep 0.1; done\n'
)


def opens_the_browser():
    with tempfile.TemporaryDirectory() as folder, desk_opened_by_itself(folder, STAYS) as process:
        until(60, lambda: text_of(folder, "opened"))
        arguments = text_of(folder, "opened").split("\n")[:-1]
        holds(
            "the desk opens the browser by itself, at its address",
            len(arguments) == 1
            and arguments[0].startswith("http://127.0.0.1:")
            and "/enter/" in arguments[0],
            arguments,
        )
        until(20, lambda: "is open" in text_of(folder, "errors"))
        holds(
            "it says so, and prints no address that opens it",
            text_of(folder, "output") == ""
            and text_of(folder, "errors") == f"the desk of {OTHER} is open; end it with Ctrl-C\n",
            text_of(folder, "output") + text_of(folder, "errors"),
        )
        with Browser(size=NARROW) as browser:
            browser.open(arguments[0])
            desk = "/".join(arguments[0].split("/")[:3])
            until(60, lambda: browser.address == desk + "/")
            holds(
                "that browser has the desk, while the program that opened it still runs",
                "State of" in browser.title and process.poll() is None,
                browser.text,
            )
            looks_on(browser, desk, OTHER, "checked", "360-opened")
        pathlib.Path(folder, "go").touch()
        process.send_signal(signal.SIGINT)
        with claim("Ctrl-C ends the desk"):
            assert process.wait(30) == 0, process.returncode
    for what, script, options, path in [
        ("where the system does not take it", "exit 3\n", (), None),
        ("where there is no such program", None, (), "/nothing"),
        (
            "where the browser is to be left alone",
            'touch "$FOLDER/opened"\n',
            ("--no-browser",),
            None,
        ),
    ]:
        with tempfile.TemporaryDirectory() as folder, desk_opened_by_itself(
            folder, script, options=options, path=path
        ):
            until(60, lambda: text_of(folder, "output").endswith("\n"))
            printed = text_of(folder, "output")
            holds(
                f"{what}, the address is printed",
                printed.count("\n") == 1
                and printed.startswith("http://127.0.0.1:")
                and "/enter/" in printed,
                printed,
            )
            with Browser() as browser:
                browser.open(printed.strip())
                holds(
                    f"{what}, it opens the desk",
                    until(60, lambda: "State of" in browser.title),
                    browser.text,
                )
            holds(
                f"{what}, nothing was opened",
                not text_of(folder, "opened"),
                text_of(folder, "opened"),
            )


def main():
    with Browser() as browser:
        desk = desk_of(browser, WORD)
        looks_on(browser, desk, WORD, "answered", "1280")
        decides_nothing(browser, desk)
    with Browser(size=NARROW, dark=True) as browser:
        desk = desk_of(browser, WORD)
        looks(browser, "custodian-state-360-dark")
        browser.open(f"{desk}/given")
        looks(browser, "custodian-given-360-dark")
    opens_the_browser()
    done()


main()
