// Logs that nobody's vault wrote: of 300 entries, so that most of the tree is not at its edge, with
// statements by those who may not sign them and entries that are none. Each has its own keys.

import { Refused, base64, concat, fromHex, utf8 } from "/assets/bytes.js";
import { audit, verifyEntry } from "/assets/audit.js";
import { GrowingTree, leafHash } from "/assets/merkle.js";
import { noteID, parseNote, verifierKey } from "/assets/note.js";
import { canonicalJSON } from "/assets/statement.js";
import { TiledLog } from "/assets/tiles.js";

const origin = "example.org/forged.test";
const words = ["audit", "clerk", "privacy"];
const size = 300;
const time = 1_800_000_000_000;

/** The parties of a log: `sign(name, text)` for each word, `log` and `WORD-cosign`. */
class Parties {
    constructor() {
        this.keys = new Map();
    }

    async key(name) {
        const word = name === "log" ? origin : `${origin}/${name}`;
        if (!this.keys.has(name)) {
            const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
            const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
            this.keys.set(name, { pair, raw, verifier: await verifierKey(word, raw) });
        }
        return this.keys.get(name);
    }

    async text(name) {
        return base64((await this.key(name)).raw);
    }

    async note(text, signers) {
        let note = `${text}\n`;
        for (const name of signers) {
            const { pair, verifier } = await this.key(name);
            const made = await crypto.subtle.sign("Ed25519", pair.privateKey, utf8(text));
            const line = base64(concat(fromHex(verifier.keyID), new Uint8Array(made)));
            note += `\u2014 ${verifier.name} ${line}\n`;
        }
        return utf8(note);
    }

    async roster() {
        const custodians = [];
        for (const id of words) {
            custodians.push({
                cosignKey: await this.text(`${id}-cosign`), id, name: id,
                officers: [{ id: `${id}-officer`, key: await this.text(`${id}-officer`) }],
                statementKey: await this.text(id),
            });
        }
        return {
            agencies: [
                { id: "police", requesters: [{ id: "doyle", key: await this.text("doyle") }] },
                { id: "sheriff", requesters: [{ id: "ruiz", key: await this.text("ruiz") }] },
            ],
            authorities: [{ id: "court", key: await this.text("court") }],
            custodians, quorum: 2,
            sites: [{ id: "site-1", keys: [await this.text("site-1")], number: 1 }], threshold: 2,
            vault: {
                id: "vault", logKey: await this.text("log"), statementKey: await this.text("vault"),
            },
        };
    }
}

/** A log that grows by statements, and its files; `change(path, bytes)` is what its server shows. */
class Forged {
    static async begin(parties = new Parties()) {
        const log = new Forged();
        log.parties = parties;
        log.entries = [];
        log.body = await parties.roster();
        log.hash = "0".repeat(64);
        await log.say("roster", log.body, words);
        log.hash = await noteID(parseNote(log.entries[0]));
        return log;
    }

    async say(type, body, signers) {
        await this.line(type, canonicalJSON(body), signers);
    }

    async line(type, json, signers) {
        const text = `platevault/${type}/v1\n${origin}\n${this.hash}\n${json}\n`;
        this.entries.push(await this.parties.note(text, [signers].flat()));
    }

    async destroy(custodian, day, signer = custodian) {
        await this.say("day-destroyed", { custodian, day, generation: 1, time }, signer);
    }

    async fill() {
        for (let day = 10; this.entries.length < size; day += 1) {
            await this.destroy(words[day % 3], day);
        }
    }

    async leaves() {
        return Promise.all(this.entries.map(leafHash));
    }

    async files() {
        const files = new Map();
        let hashes = await this.leaves();
        const tree = new GrowingTree();
        for (const leaf of hashes) await tree.append(leaf);
        const tiles = (level, parts, pack) => {
            for (let at = 0; at < parts.length; at += 256) {
                const some = parts.slice(at, at + 256);
                const name = `tile/${level}/00${at / 256}`;
                files.set(some.length < 256 ? `${name}.p/${some.length}` : name, pack(some));
            }
        };
        tiles("entries", this.entries, (some) => concat(...some.map((entry) =>
            concat(Uint8Array.of(entry.length >> 8, entry.length & 255), entry))));
        tiles("0", hashes, (some) => concat(...some));
        const above = new GrowingTree();
        for (const leaf of hashes.slice(0, 256)) await above.append(leaf);
        if (hashes.length >= 256) tiles("1", [await above.root()], (some) => concat(...some));
        const head = `${origin}\n${hashes.length}\n${base64(await tree.root())}\n`;
        files.set("checkpoint", await this.parties.note(head, ["log"]));
        return files;
    }

    /** The log as its server shows it, whose files are those of `others` where these have them. */
    async shown(others = new Map()) {
        const files = await this.files();
        return new TiledLog(async (path) => others.get(path) ?? files.get(path));
    }

    /** The files of a server that shows other entries, and their hashes, under the log's own checkpoint. */
    async lie(change, isHashesOnly = false) {
        const other = new Forged();
        Object.assign(other, this, { entries: [...this.entries] });
        await change(other.entries);
        const files = await other.files();
        const kept = ["tile/0/000", ...(isHashesOnly ? [] : ["tile/entries/000"])];
        return this.shown(new Map(kept.map((name) => [name, files.get(name)])));
    }
}

async function code(body) {
    try {
        await body();
        return "holds";
    } catch (problem) {
        return problem instanceof Refused ? problem.code : `other: ${problem}`;
    }
}

async function inclusion(expect) {
    const log = await Forged.begin();
    await log.fill();
    for (const index of [0, 5, 255, 256, 299]) {
        const shown = await log.shown();
        const found = await code(() => verifyEntry(shown, index, [0], log.entries[index]));
        expect(`entry ${index} of an honest log`, found, "holds");
    }
    // Each is signed as it must be: only its place is not its own.
    for (const index of [1, 5, 128, 255]) {
        const other = log.entries[index + 3];
        const shown = await log.lie((entries) => { entries[index] = other; });
        expect(`another entry at ${index}`,
            await code(() => verifyEntry(shown, index, [0], other)), "proof-wrong");
        expect(`entry ${index} beside no other`,
            await code(async () => { await shown.open(); await shown.entry(index); }), "proof-wrong");
    }
    const stranger = await Forged.begin();
    const shown = await log.lie((entries) => { entries[0] = stranger.entries[0]; });
    expect("another first roster", await code(() => verifyEntry(shown, 5, [0])), "proof-wrong");
    expect("its own page", await code(() => verifyEntry(shown, 0, [0], stranger.entries[0])),
        "proof-wrong");
    for (const rosters of [[7, 3], [3, 3], [NaN], [-1], [0.5]]) {
        expect(`rosters at ${rosters}`, await code(async () =>
            verifyEntry(await log.shown(), 5, rosters)), "roster-succession");
    }
    expect("a statement as a roster", await code(async () =>
        verifyEntry(await log.shown(), 5, [3])), "roster-missing");
}

/** Custodians name the root of a log that never was, and the server's tiles agree with them. */
async function prefix(expect) {
    for (const isLie of [false, true]) {
        const log = await Forged.begin();
        while (log.entries.length < 100) await log.destroy("audit", log.entries.length);
        const tree = new GrowingTree();
        const leaves = await log.leaves();
        if (isLie) leaves[17] = leaves[18];
        for (const leaf of leaves) await tree.append(leaf);
        const root = Array.from(await tree.root(), (byte) => byte.toString(16).padStart(2, "0"));
        const logKey = await log.parties.text("log");
        await log.say("successor", { logKey, root: root.join(""), size: 100, time }, ["audit", "clerk"]);
        await log.fill();
        const lie = (entries) => { entries[17] = entries[18]; };
        const honest = await code(async () => verifyEntry(await log.shown(), 150, [0, 100]));
        expect(`a successor, ${isLie}`, honest, isLie ? "successor-place" : "holds");
        const shown = await log.lie(isLie ? lie : () => {}, true);
        expect(`a successor's tiles, ${isLie}`,
            await code(() => verifyEntry(shown, 150, [0, 100])), isLie ? "proof-wrong" : "holds");
    }
}

/** Statements by whoever may not sign them, each beside one that counts. */
async function roles(expect) {
    const request = "ab".repeat(32);
    const good = [
        ["request", { agency: "police", requester: "doyle", time }, "doyle"],
        ["order", { authority: "court", request, time }, "court"],
        ["approval", { officer: "clerk-officer", request, time }, "clerk-officer"],
        ["denial", { code: "too-broad", officer: "clerk-officer", request, time }, "clerk-officer"],
        ["withdraw", { party: "doyle", request, time }, "doyle"],
        ["withdraw", { party: "court", request, time }, "court"],
        ["disclosure", { party: "vault", request, role: "vault", time }, "vault"],
        ["disclosure", { party: "ruiz", request, role: "requester", time }, "ruiz"],
        ["notice", { party: "ruiz", request, time }, "ruiz"],
        ["difference", { kind: "site-key", party: "site-1", time }, "site-1"],
        ["difference", { kind: "seed", party: "audit", time }, "audit"],
        ["hour-closed", { hour: 5, site: 1, time }, "site-1"],
        ["grant", { custodian: "audit", site: 1, time }, "audit"],
        ["day-destroyed", { custodian: "audit", day: 7, time }, "audit"],
    ];
    const bad = [
        ["request", { agency: "sheriff", requester: "doyle", time }, "doyle", "requester-unknown"],
        ["request", { agency: "police", requester: "court", time }, "court", "requester-unknown"],
        ["order", { authority: "clerk-officer", request, time }, "clerk-officer", "authority-unknown"],
        ["approval", { officer: "clerk", request, time }, "clerk", "signer-unknown"],
        ["denial", { officer: "doyle", request, time }, "doyle", "signer-unknown"],
        ["withdraw", { party: "clerk", request, time }, "clerk", "signer-unknown"],
        ["disclosure", { party: "doyle", request, role: "vault", time }, "doyle", "signer-unknown"],
        ["disclosure", { party: "vault", request, role: "requester", time }, "vault", "signer-unknown"],
        ["notice", { party: "court", request, time }, "court", "signer-unknown"],
        ["difference", { kind: "seed", party: "site-1", time }, "site-1", "signer-unknown"],
        ["difference", { kind: "site-key", party: "court", time }, "court", "signer-unknown"],
        ["hour-closed", { hour: 5, site: 2, time }, "site-1", "site-unknown"],
        ["hour-closed", { hour: 5, site: "site-1", time }, "site-1", "statement-malformed"],
        ["hour-closed", { hour: 5, site: "doyle", time }, "doyle", "statement-malformed"],
        ["grant", { custodian: "site-1", site: 1, time }, "site-1", "signer-unknown"],
        ["grant", { custodian: 1, site: 1, time }, "site-1", "statement-malformed"],
        ["evaluation", { custodian: "vault", request, time }, "vault", "signer-unknown"],
        ["day-destroyed", { custodian: "doyle", day: 9, time }, "doyle", "signer-unknown"],
        ["shred", { custodian: "court", generation: 1, time }, "court", "signer-unknown"],
        ["prekeys", { custodian: "police", keys: [], time }, "clerk", "signer-unknown"],
        ["day-destroyed", { custodian: "clerk", day: 9, time }, "doyle", "signature-invalid"],
    ];
    await found(expect, "roles", good, bad);
}

/** Entries at which a reader could stumble. */
async function shapes(expect) {
    const deep = (count) => `{"custodian":"audit","deep":${"[".repeat(count)}${"]".repeat(count)}}`;
    const log = await Forged.begin();
    const next = (change) => {
        const body = structuredClone(log.body);
        change(body);
        return body;
    };
    const none = { custodian: "audit", time };
    const bad = [
        ["grant", deep(31_000), "audit", "statement-malformed"],
        ["grant", deep(60), "audit", "statement-malformed"],
        ["day-destroyed", { custodian: "audit", day: 1e12, time }, "audit", "statement-malformed"],
        ["day-destroyed", { custodian: "audit", day: -1, time }, "audit", "statement-malformed"],
        ["day-destroyed", { custodian: "audit", day: "7", time }, "audit", "statement-malformed"],
        ["day-destroyed", none, "audit", "statement-malformed"],
        ["day-destroyed", { custodian: ["audit"], day: 7, time }, "audit", "statement-malformed"],
        ["grant", '{"custodian":"__proto__"}', "audit", "signer-unknown"],
        ["grant", '{"a":null,"custodian":"audit"}', "audit", "statement-malformed"],
        ["grant", "{", "audit", "statement-malformed"],
        ["roster", {}, words, "statement-malformed"],
        ["roster", '{"custodians":null,"threshold":2}', words, "statement-malformed"],
        ["roster", next((body) => { body.threshold = 1; }), words, "roster-threshold"],
        ["roster", next((body) => { body.quorum = 0; }), words, "roster-quorum"],
        ["roster", next((body) => { body.sites[0].id = "audit"; }), words, "roster-party"],
        ["roster", next((body) => { body.vault.statementKey = "AAA="; }), words, "key-form"],
        ["roster", next((body) => { body.vault.statementKey = 7; }), words, "statement-malformed"],
        ["roster", next((body) => { body.vault.logKey = body.vault.statementKey; }), words, "roster-succession"],
        ["successor", none, words, "successor-place"],
        ["successor", { root: 7, size: 20, time }, words, "statement-malformed"],
    ];
    await found(expect, "shapes", [], bad, log);
}

async function found(expect, name, good, bad, log) {
    log ??= await Forged.begin();
    for (const [type, body, signers] of good) await log.say(type, body, signers);
    const first = log.entries.length;
    for (const [type, body, signers] of bad) {
        await log.line(type, typeof body === "string" ? body : canonicalJSON(body), signers);
    }
    log.entries.push(new Uint8Array(), Uint8Array.of(255, 60), utf8("\n\n\n"));
    await log.destroy("clerk", 12);
    let report;
    const end = await code(async () => { report = await audit(await log.shown()); });
    expect(`${name}: the audit comes to its end`, end, "holds");
    const codes = new Map((report?.findings ?? []).map((one) => [one.index, one.code]));
    for (const [at, [type, , , wanted]] of bad.entries()) {
        expect(`${name} ${at}: ${type}`, codes.get(first + at), wanted);
    }
    expect(`${name}: nothing else is wrong`, String(codes.size), String(bad.length + 3));
    const told = [...(report?.destroyed ?? [])].map(([word, { newest }]) => `${word} ${newest}`).sort();
    expect(`${name}: days of custodians only`, told.join(),
        good.length > 0 ? "audit 7,clerk 12" : "clerk 12");
}

/** Runs all; `expect(name, found, wanted)` is told each outcome. */
export async function forged(expect) {
    await inclusion(expect);
    await prefix(expect);
    await roles(expect);
    await shapes(expect);
}
