"""Recomputes every value of Keys/vectors/tokens.json from its inputs, in another language.

Written from Docs/Spec/Tokens.md alone, with Python's standard library alone; XChaCha20-Poly1305 is
spelt out below. It shares no line with the Swift code. Usage: python3 tokens.py tokens.json
Exit status 0 only if every value is what the formulas give, and no value is left over.
"""

import hashlib
import hmac
import json
import struct
import sys
from itertools import combinations

MASK32 = 0xFFFFFFFF


class Wrong(Exception):
    """A value that is not what the formulas give; the text says where."""


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def sha256(message):
    return hashlib.sha256(message).digest()


def u8(value):
    return struct.pack(">B", value)


def u16(value):
    return struct.pack(">H", value)


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def hkdf(ikm, salt, info):
    """HKDF-SHA-256, RFC 5869, for one block of 32 bytes."""
    return mac(mac(salt, ikm), info + b"\x01")


# XChaCha20-Poly1305: RFC 8439 and draft-irtf-cfrg-xchacha-03

def rotate(value, count):
    return ((value << count) | (value >> (32 - count))) & MASK32


def quarter(s, a, b, c, d):
    s[a] = (s[a] + s[b]) & MASK32
    s[d] = rotate(s[d] ^ s[a], 16)
    s[c] = (s[c] + s[d]) & MASK32
    s[b] = rotate(s[b] ^ s[c], 12)
    s[a] = (s[a] + s[b]) & MASK32
    s[d] = rotate(s[d] ^ s[a], 8)
    s[c] = (s[c] + s[d]) & MASK32
    s[b] = rotate(s[b] ^ s[c], 7)


def rounds(state):
    state = list(state)
    for _ in range(10):
        quarter(state, 0, 4, 8, 12)
        quarter(state, 1, 5, 9, 13)
        quarter(state, 2, 6, 10, 14)
        quarter(state, 3, 7, 11, 15)
        quarter(state, 0, 5, 10, 15)
        quarter(state, 1, 6, 11, 12)
        quarter(state, 2, 7, 8, 13)
        quarter(state, 3, 4, 9, 14)
    return state


CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")


def hchacha20(key, nonce16):
    state = rounds(CONSTANTS + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16))
    return struct.pack("<8I", *(state[:4] + state[12:]))


def chacha20_block(key, counter, nonce12):
    start = CONSTANTS + struct.unpack("<8I", key) + (counter,) + struct.unpack("<3I", nonce12)
    mixed = rounds(start)
    return struct.pack("<16I", *((a + b) & MASK32 for a, b in zip(start, mixed)))


def chacha20(key, counter, nonce12, message):
    result = bytearray()
    for offset in range(0, len(message), 64):
        stream = chacha20_block(key, counter + offset // 64, nonce12)
        result += bytes(a ^ b for a, b in zip(message[offset:offset + 64], stream))
    return bytes(result)


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(key[16:], "little")
    total = 0
    for offset in range(0, len(message), 16):
        block = message[offset:offset + 16] + b"\x01"
        total = (total + int.from_bytes(block, "little")) * r % ((1 << 130) - 5)
    return ((total + s) & ((1 << 128) - 1)).to_bytes(16, "little")


def xchacha20_poly1305(key, nonce24, aad, plaintext):
    subkey = hchacha20(key, nonce24[:16])
    nonce12 = bytes(4) + nonce24[16:]
    ciphertext = chacha20(subkey, 1, nonce12, plaintext)

    def padded(part):
        return part + bytes(-len(part) % 16)

    lengths = struct.pack("<QQ", len(aad), len(ciphertext))
    tag_key = chacha20_block(subkey, 0, nonce12)[:32]
    return ciphertext + poly1305(tag_key, padded(aad) + padded(ciphertext) + lengths)


def self_test():
    """The example of draft-irtf-cfrg-xchacha-03, appendix A.3.1."""
    sealed = xchacha20_poly1305(
        bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58)),
        bytes.fromhex("50515253c0c1c2c3c4c5c6c7"),
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        b"future, sunscreen would be it.")
    if sealed[-16:].hex() != "c0875924c1c7987947deafd8780acf49":
        raise Wrong("the XChaCha20-Poly1305 of this script is wrong")


# the formulas of the specification

class Value:
    """One object of the file: hands out inputs, compares results, and knows what was left over."""

    def __init__(self, value, where):
        self.value, self.where, self.used = value, where, set()

    def take(self, name):
        if name not in self.value:
            raise Wrong(f"{self.where}: {name} is missing")
        self.used.add(name)
        return self.value[name]

    def number(self, name, bits):
        value = self.take(name)
        if type(value) is not int or not 0 <= value < 1 << bits:
            raise Wrong(f"{self.where}.{name}: no number of {bits} bits")
        return value

    def bytes(self, name, size=None):
        return unhex(self.take(name), size, f"{self.where}.{name}")

    def expect(self, name, result):
        if self.take(name) != result.hex():
            raise Wrong(f"{self.where}.{name} is not {result.hex()}")

    def children(self, name):
        items = self.take(name)
        return [Value(item, f"{self.where}.{name}[{i}]") for i, item in enumerate(items)]

    def end(self):
        left = set(self.value) - self.used
        if left:
            raise Wrong(f"{self.where}: unknown members {sorted(left)}")


def unhex(text, size, where):
    if not isinstance(text, str) or text != text.lower():
        raise Wrong(f"{where}: not lower-case hex")
    value = bytes.fromhex(text)
    if value.hex() != text or (size is not None and len(value) != size):
        raise Wrong(f"{where}: not {size} bytes of hex")
    return value


def subset_masks(n, t):
    """Every way to choose n - t + 1 of n custodians, as bit masks, ascending."""
    return sorted(sum(1 << i for i in chosen) for chosen in combinations(range(n), n - t + 1))


class Generation:
    def __init__(self, value):
        self.value = value
        self.n, self.t = value.number("n", 8), value.number("t", 8)
        if (self.n, self.t) not in [(3, 2), (5, 3), (7, 4)]:
            raise Wrong(f"{value.where}: {self.t} of {self.n} does not exist")
        self.number, self.first = value.number("generation", 32), value.number("first", 32)
        self.roster, self.origin = value.bytes("roster", 32), value.take("origin").encode()
        self.masks = subset_masks(self.n, self.t)
        self.first_chains, self.partials = {}, {}

    def check(self):
        for seed in self.value.children("seeds"):
            self.seed(seed)
        if list(self.first_chains) != self.masks:
            raise Wrong(f"{self.value.where}.seeds: not every subset, ascending")
        for cell in self.value.children("cells"):
            self.cell(cell)
        self.evaluation(Value(self.value.take("evaluation"), self.value.where + ".evaluation"))
        self.value.end()

    def seed(self, seed):
        mask = seed.number("mask", 16)
        members = [i for i in range(self.n) if mask >> i & 1]
        given = Value(seed.take("contributions"), seed.where + ".contributions")
        commits = Value(seed.take("seedCommits"), seed.where + ".seedCommits")
        ikm = b""
        for member in members:
            contribution = given.bytes(str(member), 32)
            ikm += contribution
            commits.expect(str(member), sha256(
                b"platevault/seed-commit/v1" + u32(self.number) + u16(mask) + u8(member)
                + contribution))
        info = b"platevault/seed/v1" + u32(self.number) + u32(self.first) + u16(mask)
        self.first_chains[mask] = hkdf(ikm, self.roster, info)
        seed.expect("chain", self.first_chains[mask])
        for value in (given, commits, seed):
            value.end()

    def chain(self, mask, day):
        chain = self.first_chains[mask]
        for _ in range(self.first, day):
            chain = mac(chain, b"platevault/next-day/v1")
        return chain

    def site_key(self, mask, hour, site):
        day_key = mac(self.chain(mask, hour // 24), b"platevault/day-key/v1")
        message = b"platevault/site-hour/v1" + u8(hour % 24) + u16(site)
        return mac(day_key, message)

    def cell(self, cell):
        hour, site = cell.number("hour", 32), cell.number("site", 16)
        if cell.number("day", 32) != hour // 24 or cell.number("hourOfDay", 8) != hour % 24:
            raise Wrong(f"{cell.where}: day and hour of day are not those of the hour")
        if hour // 24 < self.first:
            raise Wrong(f"{cell.where}: before the first day")
        seen = []
        for subset in cell.children("subsets"):
            mask = subset.number("mask", 16)
            seen.append(mask)
            chain = self.chain(mask, hour // 24)
            subset.expect("chain", chain)
            subset.expect("commit", mac(chain, b"platevault/commit/v1"))
            subset.expect("dayKey", mac(chain, b"platevault/day-key/v1"))
            subset.expect("siteKey", self.site_key(mask, hour, site))
            subset.end()
        if seen != self.masks:
            raise Wrong(f"{cell.where}.subsets: not every subset, ascending")
        for plate in cell.children("plates"):
            self.plate(plate, hour, site)
        cell.end()

    def partial(self, mask, hour, site, plate):
        return mac(self.site_key(mask, hour, site), u16(mask) + plate)

    def plate(self, value, hour, site):
        value.take("asRead")  # the normal form has a page and a table of its own
        plate = value.take("plate").encode()
        combined, seen = bytes(32), []
        for item in value.children("partials"):
            mask = item.number("mask", 16)
            seen.append(mask)
            partial = self.partial(mask, hour, site, plate)
            item.expect("partial", partial)
            item.end()
            combined = bytes(a ^ b for a, b in zip(combined, partial))
        if seen != self.masks:
            raise Wrong(f"{value.where}.partials: not every subset, ascending")
        value.expect("K", combined)
        find = mac(combined, b"platevault/find/v1")
        opening = mac(combined, b"platevault/open/v1")
        value.expect("find", find)
        value.expect("open", opening)
        value.expect("photo", mac(combined, b"platevault/photo/v1"))
        for row in value.children("rows"):
            self.row(row, hour, site, find, opening)
        value.end()

    def row(self, row, hour, site, find, opening):
        run, counter = row.bytes("run", 8), row.number("counter", 64)
        nonce, padded = row.bytes("nonce", 24), row.bytes("padded")
        row.expect("label", mac(find, run + u64(counter))[:16])
        aad = (b"platevault/row/v1" + self.origin + u32(hour) + u16(site) + run + u64(counter))
        row.expect("aad", aad)
        length = int.from_bytes(padded[:2], "big")
        size = 256 if length + 2 <= 256 else 1024
        if len(padded) != size or any(padded[2 + length:]):
            raise Wrong(f"{row.where}.padded: not padded to {size} bytes with zeros")
        row.expect("row", nonce + xchacha20_poly1305(opening, nonce, aad, padded))
        row.end()

    def evaluation(self, value):
        request, salt = value.bytes("request", 32), value.bytes("salt", 32)
        plate = value.take("plate").encode()
        cells = sorted((hour, site) for hour, site in value.take("cells"))
        if cells != [tuple(cell) for cell in value.take("cells")]:
            raise Wrong(f"{value.where}.cells: not ascending by hour, then site")
        seen = []
        for item in value.children("digests"):
            day, mask = item.number("day", 32), item.number("mask", 16)
            seen.append((day, mask))
            message = b"platevault/eval/v1" + request + u16(mask) + salt
            for hour, site in cells:
                if hour // 24 == day:
                    message += self.partial(mask, hour, site, plate)
            item.expect("e", sha256(message))
            item.end()
        days = sorted({hour // 24 for hour, _ in cells})
        if seen != [(day, mask) for day in days for mask in self.masks]:
            raise Wrong(f"{value.where}.digests: not every day and subset, ascending")
        value.end()


def main(path):
    self_test()
    with open(path, encoding="utf-8") as file:
        top = Value(json.load(file), "tokens")
    if top.number("version", 8) != 1:
        raise Wrong("tokens.version is not 1")
    generations = top.children("generations")
    for value in generations:
        Generation(value).check()
    top.end()
    print(f"{len(generations)} generations: every value is as the formulas give it")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (Wrong, ValueError, KeyError, TypeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
