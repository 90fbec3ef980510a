// Statements and rosters, as Docs/Spec/Statements.md and Roster.md have them: four lines, one form
// of JSON, one author whose key the roster in force gives. What a statement does, and whether it
// was allowed, is judged by the offline audit, not here.

import { Refused, fromBase64, fromHex, utf8, same } from "./bytes.js";
import { cosignerKey, isSigned, noteID, parseNote, verifierKey } from "./note.js";

/** Of each type the field of the JSON that names who signs; null where custodians sign together. */
export const authors = {
    "roster": null, "successor": null,
    "request": "requester", "order": "authority", "approval": "officer", "denial": "officer",
    "withdraw": "party", "disclosure": "party", "notice": "party", "difference": "party",
    "hour-closed": "site", "grant": "custodian", "generation": "custodian",
    "evaluation": "custodian", "check": "custodian", "opening": "custodian",
    "day-destroyed": "custodian", "rolled-back": "custodian", "shred": "custodian",
    "share-lost": "custodian", "prekeys": "custodian",
};

/** What whoever left the roster still says of the keys that it had. */
const afterLeaving = ["day-destroyed", "shred"];

const zeros = "0".repeat(64);
const malformed = (sentence) => new Refused("statement-malformed", sentence);

/** A value in the one form of JSON: keys sorted by their bytes, no white space, nothing escaped but what must be. */
export function canonicalJSON(value) {
    if (Array.isArray(value)) return `[${value.map(canonicalJSON).join(",")}]`;
    if (typeof value === "object" && value !== null) {
        const keys = Object.keys(value).sort((left, right) => compare(utf8(left), utf8(right)));
        return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJSON(value[key])}`).join(",")}}`;
    }
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
        throw malformed("a number is not whole, or too large");
    }
    if (value === null) throw malformed("there is no null in a statement");
    return JSON.stringify(value);
}

function compare(left, right) {
    for (let at = 0; at < left.length && at < right.length; at += 1) {
        if (left[at] !== right[at]) return left[at] - right[at];
    }
    return left.length - right.length;
}

/** Reads a statement: `note`, `type`, `origin`, `rosterHash` and `body`. Throws `statement-malformed`, `statement-type-unknown`. */
export function parseStatement(bytes) {
    if (bytes.length > 65535) throw malformed("a statement has at most 65,535 bytes");
    const note = parseNote(bytes);
    const lines = note.text.split("\n");
    if (lines.length !== 5) {
        throw malformed("a statement has four lines: type, origin, roster hash, JSON");
    }
    const type = lines[0].match(/^platevault\/([a-z-]+)\/v1$/);
    if (type === null || !Object.hasOwn(authors, type[1])) {
        throw new Refused("statement-type-unknown", "the statement's type is not known here");
    }
    if (fromHex(lines[2])?.length !== 32) throw malformed("the third line is no roster's hash");
    let body;
    try {
        body = JSON.parse(lines[3]);
    } catch {
        throw malformed("the fourth line is no JSON");
    }
    if (typeof body !== "object" || body === null || Array.isArray(body)) {
        throw malformed("the fourth line is no JSON object");
    }
    if (canonicalJSON(body) !== lines[3]) throw malformed("the JSON is not in its one form");
    return { note, type: type[1], origin: lines[1], rosterHash: lines[2], body };
}

/** The keys of everybody, as one roster has them. */
export class Roster {
    static async of(statement) {
        const roster = new Roster();
        const { body, origin } = statement;
        roster.hash = await noteID(statement.note);
        roster.previous = statement.rosterHash;
        roster.origin = origin;
        roster.body = body;
        roster.threshold = body.threshold;
        roster.quorum = body.quorum;
        roster.keys = new Map();
        roster.former = new Map();
        roster.words = new Map();
        roster.cosigners = [];
        const add = async (word, key) => {
            const bytes = fromBase64(key);
            if (bytes === undefined) throw malformed("a key of the roster is no base64");
            const known = roster.keys.get(word) ?? [];
            known.push(await verifierKey(`${origin}/${word}`, bytes));
            roster.keys.set(word, known);
        };
        await add(body.vault.id, body.vault.statementKey);
        for (const custodian of body.custodians) {
            await add(custodian.id, custodian.statementKey);
            const key = await cosignerKey(
                `${origin}/${custodian.id}`, fromBase64(custodian.cosignKey));
            roster.cosigners.push({ word: custodian.id, name: custodian.name, key });
            for (const officer of custodian.officers) await add(officer.id, officer.key);
        }
        for (const site of body.sites) {
            roster.words.set(site.number, site.id);
            for (const key of site.keys) await add(site.id, key);
        }
        for (const agency of body.agencies) {
            for (const requester of agency.requesters) await add(requester.id, requester.key);
        }
        for (const authority of body.authorities) await add(authority.id, authority.key);
        roster.logKey = await verifierKey(origin, fromBase64(body.vault.logKey));
        return roster;
    }

    /** How many of its custodians signed a note, and whether nobody else did. */
    async custodiansThatSigned(note) {
        const words = this.body.custodians.map((custodian) => custodian.id);
        const signed = [];
        for (const word of words) {
            if (await isSigned(note, this.keys.get(word)[0])) signed.push(word);
        }
        return { signed, isAlone: signed.length === note.signatures.length };
    }

    /** Checks a statement of one author under this roster. Gives the author's word. Throws `statement-of-other-log`, `roster-outdated`, `signer-unknown`, `signature-invalid`. */
    async check(statement) {
        if (statement.origin !== this.origin) {
            throw new Refused("statement-of-other-log", "the statement is for another log");
        }
        if (statement.rosterHash !== this.hash) {
            throw new Refused("roster-outdated", "the statement was made under another roster");
        }
        const named = statement.body[authors[statement.type]];
        const word = typeof named === "number" ? this.words.get(named) : named;
        const former = afterLeaving.includes(statement.type) ? this.former.get(word) : undefined;
        const keys = this.keys.get(word) ?? former;
        if (keys === undefined) {
            throw new Refused("signer-unknown", "the roster has no such party");
        }
        if (statement.note.signatures.length === 1) {
            for (const key of keys) {
                if (await isSigned(statement.note, key)) return word;
            }
        }
        throw new Refused("signature-invalid", `the statement is not signed by ${word}, and by it alone`);
    }

    /** Checks that a roster follows this one, or begins a log. Throws `roster-succession`, `statement-of-other-log`, `roster-signatures`. */
    static async following(older, statement) {
        const next = await Roster.of(statement);
        if (next.previous !== (older?.hash ?? zeros)) {
            throw new Refused("roster-succession", "the roster does not follow the one in force");
        }
        const judge = older ?? next;
        if (next.origin !== judge.origin) {
            throw new Refused("statement-of-other-log", "the roster is for another log");
        }
        const { signed, isAlone } = await judge.custodiansThatSigned(statement.note);
        if (signed.length < judge.threshold || !isAlone) {
            throw new Refused("roster-signatures", "too few custodians signed the roster, or others too");
        }
        if (older !== undefined) {
            next.logKey = older.logKey;
            next.former = new Map(older.former);
            for (const { id } of older.body.custodians) next.former.set(id, older.keys.get(id));
        }
        return next;
    }

    /** Takes the log's new key where t custodians name it at this place. Throws `successor-signatures`, `successor-place`. */
    async succeed(statement, index, root) {
        const { signed, isAlone } = await this.custodiansThatSigned(statement.note);
        if (signed.length < this.threshold || !isAlone) {
            throw new Refused("successor-signatures", "too few custodians name the log's new key");
        }
        if (statement.origin !== this.origin) {
            throw new Refused("statement-of-other-log", "the successor is for another log");
        }
        if (statement.rosterHash !== this.hash) {
            throw new Refused("roster-outdated", "the successor was signed under another roster");
        }
        if (statement.body.size !== index || !same(fromHex(statement.body.root), root)) {
            throw new Refused("successor-place", "the log's new key was named for another place");
        }
        this.logKey = await verifierKey(this.origin, fromBase64(statement.body.logKey));
    }
}
