"""Every page of a site that a link leads to."""

import re
import struct
import time
import urllib.error
import urllib.request
from urllib.parse import urldefrag, urljoin, urlparse


def fetch(address, cookie=None):
    """Status, headers, bytes, and the milliseconds until the first byte."""
    asked = urllib.request.Request(address, headers={"Cookie": cookie} if cookie else {})
    start = time.monotonic()
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            first = answer.read(1)
            took = (time.monotonic() - start) * 1_000
            return answer.status, fields(answer.headers), first + answer.read(), took
    except urllib.error.HTTPError as problem:
        return problem.code, fields(problem.headers), problem.read(), 0


def fields(headers):
    return {name.lower(): value for name, value in headers.items()}


def kind(address):
    """What sort of page it is: its path without numbers, days and ids."""
    path = re.sub(r"\d{4}-\d{2}-\d{2}", "DAY", urlparse(address).path)
    path = re.sub(r"[0-9a-f]{8,64}", "ID", path)
    path = re.sub(r"(/kind|/agency)/[a-z-]+", r"\1/WORD", path)
    return re.sub(r"(?<=/)\d+", "N", path)


def crawl(root, cookie=None, most=3):
    """Every page below a root, at most so many of a kind: addresses with their content types, links
    that lead nowhere, and links to elsewhere."""
    found, kinds, wait, dead, foreign = {}, {}, [root + "/"], [], set()
    while wait:
        address = wait.pop(0)
        if address in found or kinds.get(kind(address), 0) >= most:
            continue
        kinds[kind(address)] = kinds.get(kind(address), 0) + 1
        status, headers, body, _ = fetch(address, cookie)
        found[address] = headers.get("content-type", "")
        if status != 200:
            dead.append((status, address))
            del found[address]
            continue
        if "html" not in found[address]:
            continue
        for link in re.findall(rb'(?:href|src)="([^"]*)"', body):
            text = link.decode().replace("&amp;", "&").replace("&#x3D;", "=").replace("&#39;", "'")
            target = urldefrag(urljoin(address, text))[0]
            if target.startswith(root + "/"):
                wait.append(target)
            elif not target.startswith("data:"):
                foreign.add(target)
    return found, dead, foreign


def entries(root, size=None):
    """The entries of the log whose files stand at a place, read without pages and modules."""
    size, found = size or size_of(root), []
    for start in range(0, size, 256):
        count, tile = min(256, size - start), start // 256
        name = f"{tile % 1000:03d}" + (f".p/{count}" if count < 256 else "")
        status, _, bundle, _ = fetch(
            f"{root}/tile/entries/" + (f"x{tile // 1000:03d}/" if tile > 999 else "") + name)
        assert status == 200, (status, name)
        place = 0
        for _ in range(count):
            length = struct.unpack_from(">H", bundle, place)[0]
            found.append(bundle[place + 2:place + 2 + length])
            place += 2 + length
    return found


def size_of(root):
    """How many entries the checkpoint at a place has."""
    return int(fetch(f"{root}/checkpoint")[2].split(b"\n")[1])
