"""What the scripts of the roles share: their desks, the requests that they work on, and what the
log and the programs say of them, which is what the desks must say."""

import pathlib
import tempfile
from datetime import datetime, timedelta

from browser import addresses, enter, platevault, told, until
from pages import entries, size_of


def desk_of(browser, word):
    """Opens a person's desk; the address below which its pages are."""
    enter(browser, word)
    return "/".join(browser.address.split("/")[:3])


def send(browser, desk, path):
    """Sends a form with the session's own token to a path, as a page of the desk's would."""
    browser.open(desk)
    browser.run(
        "document.querySelector(\"form[action='/leave']\").setAttribute('action', arguments[0])",
        path,
    )
    return browser.press("End session")


def status(request):
    """How far a request is, by the program."""
    return told("status", request) or {"acts": [], "missing": [], "verdict": ""}


def acts(request, what, by):
    """The entries in which somebody has said so of a request."""
    return [
        act["index"]
        for act in status(request)["acts"]
        if act["what"] == what and act["by"].split(" ")[0] == by
    ]


def logged(index):
    """The signed text of an entry of the vault's log, once it is there."""
    vault = addresses()["pages"]["vault"]
    until(30, lambda: size_of(vault) > index)
    return entries(vault)[index].decode().split("\n\n")[0] + "\n"


def proof_of(request):
    """The plate that a request commits to, and the requester's proof of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "proof")
        said, is_done = platevault(
            "log", "prove-request", request, "--plate-index", "0", "--out", str(path)
        )
        assert is_done, said
        proof = path.read_bytes()
    line = next(line for line in proof.split(b"\n") if line.startswith(b"plate "))
    return line.split(b" ")[-1].decode(), proof


def file_request(docket, embargo=None):
    """A new request of the investigator, for the sample plate: its id, and its warrant."""
    here = addresses()
    first, after = here["window"]
    last = datetime.strptime(after, "%Y-%m-%dT%HZ") - timedelta(hours=1)
    warrant = f"District Court. Search warrant {docket}.\n".encode()
    with tempfile.TemporaryDirectory() as folder:
        order, plates = pathlib.Path(folder, "order"), pathlib.Path(folder, "plates")
        order.write_bytes(warrant)
        plates.write_text(here["plate"] + "\n")
        said = told(
            "request",
            "--plates-from",
            str(plates),
            "--from",
            first,
            "--to",
            last.strftime("%Y-%m-%dT%HZ"),
            "--site",
            "1",
            "--site",
            "2",
            "--purpose",
            "240",
            "--process",
            "search-warrant",
            "--warrant",
            str(order),
            "--docket",
            docket,
            *(["--embargo", embargo] if embargo else []),
        )
    return said["request"], warrant
