// Statements and rosters, as Docs/Spec/Statements.md and Roster.md have them: four lines, one form
// of JSON, one author whose key the roster in force gives. What a statement does, and whether it
// was allowed, is judged by the offline audit, not here.

import { Refused, fromBase64, fromHex, utf8, same } from "./bytes.js";
import { cosignerKey, isSigned, noteID, parseNote, verifierKey } from "./note.js";

const by = (field, roles, unknown = "signer-unknown") => ({ field, roles, unknown });
const byCustodian = by("custodian", ["custodian"]);
const byOfficer = by("officer", ["officer"]);

/**
 * Of each type who may sign it: the field of the JSON that names the party, the roles that it may have,
 * and the code where the roster has no such party; null where custodians sign together.
 */
export const authors = {
    "roster": null, "successor": null,
    "request": by("requester", ["requester"], "requester-unknown"),
    "order": by("authority", ["authority"], "authority-unknown"),
    "approval": byOfficer, "denial": byOfficer,
    "withdraw": by("party", ["requester", "authority"]),
    "disclosure": by("party", ["vault", "requester"]),
    "notice": by("party", ["requester"]),
    "difference": by("party", ["site", "custodian", "requester"]),
    "hour-closed": by("site", ["site"], "site-unknown"),
    "grant": byCustodian, "generation": byCustodian, "evaluation": byCustodian, "check": byCustodian,
    "opening": byCustodian, "day-destroyed": byCustodian, "rolled-back": byCustodian,
    "shred": byCustodian, "share-lost": byCustodian, "prekeys": byCustodian,
};

/** What whoever left the roster still says of the keys that it had. */
const afterLeaving = ["day-destroyed", "shred"];

const zeros = "0".repeat(64);
const deepest = 32;
const malformed = (sentence) => new Refused("statement-malformed", sentence);

/** What a body gives; where one entry makes it fail in any other way than by `Refused`, that too is `statement-malformed`. */
export async function refusing(body) {
    try {
        return await body();
    } catch (error) {
        if (error instanceof Refused) throw error;
        // A browser without these keys can read no log at all, and no entry is to blame.
        if (error?.name === "NotSupportedError") throw error;
        throw malformed("it is not written as a statement of its type is");
    }
}

/** A day's number, as statements have it: up to the year 10,000. Throws `statement-malformed`. */
export function dayOf(value) {
    if (!Number.isSafeInteger(value) || value < 0 || value >= 3_000_000) {
        throw malformed("a day is out of range");
    }
    return value;
}

/** A value in the one form of JSON: keys sorted by their bytes, no white space, nothing escaped but what must be. Throws `statement-malformed`. */
export function canonicalJSON(value, depth = 0) {
    if (depth > deepest) throw malformed("the JSON is nested too deep");
    const inner = (part) => canonicalJSON(part, depth + 1);
    if (Array.isArray(value)) return `[${value.map(inner).join(",")}]`;
    if (typeof value === "object" && value !== null) {
        const keys = Object.keys(value).sort((left, right) => compare(utf8(left), utf8(right)));
        return `{${keys.map((key) => `${JSON.stringify(key)}:${inner(value[key])}`).join(",")}}`;
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

const thresholds = [[2, 3], [3, 5], [4, 7]];

/** The keys of everybody, each under the role in which it signs, as one roster has them. */
export class Roster {
    /** Reads a roster. Throws `statement-malformed`, `roster-threshold`, `roster-quorum`, `roster-party`. */
    static async of(statement) {
        if (statement.type !== "roster") {
            throw new Refused("roster-missing", "this is no roster");
        }
        const roster = new Roster();
        const { body, origin } = statement;
        roster.hash = await noteID(statement.note);
        roster.previous = statement.rosterHash;
        roster.origin = origin;
        roster.body = body;
        roster.threshold = body.threshold;
        roster.quorum = body.quorum;
        roster.parties = new Map();
        roster.former = new Map();
        roster.sites = new Map();
        roster.cosigners = [];
        roster.checkNumbers();
        await roster.add("vault", body.vault.id, [body.vault.statementKey]);
        for (const custodian of body.custodians) {
            await roster.add("custodian", custodian.id, [custodian.statementKey]);
            const key = await cosignerKey(
                `${origin}/${custodian.id}`, fromBase64(custodian.cosignKey));
            roster.cosigners.push({ word: custodian.id, name: custodian.name, key });
            for (const { id, key } of custodian.officers) await roster.add("officer", id, [key]);
        }
        for (const site of body.sites) {
            if (!Number.isSafeInteger(site.number) || roster.sites.has(site.number)) {
                throw new Refused("roster-party", "a site's number is none, or another site's");
            }
            roster.sites.set(site.number, site.id);
            await roster.add("site", site.id, site.keys);
        }
        for (const agency of body.agencies) {
            await roster.add("agency", agency.id, []);
            for (const { id, key } of agency.requesters) {
                await roster.add("requester", id, [key], agency.id);
            }
        }
        for (const { id, key } of body.authorities) await roster.add("authority", id, [key]);
        roster.logKey = await verifierKey(origin, fromBase64(body.vault.logKey));
        return roster;
    }

    checkNumbers() {
        const count = this.body.custodians.length;
        if (!thresholds.some(([t, n]) => t === this.threshold && n === count)) {
            throw new Refused("roster-threshold", "the threshold is none of 2/3, 3/5 and 4/7");
        }
        if (![this.threshold, Math.ceil((count + this.threshold) / 2)].includes(this.quorum)) {
            throw new Refused("roster-quorum", "the quorum is none that the threshold allows");
        }
    }

    /** Adds a party under its word, which no other has: a word has one role. */
    async add(role, word, keys, agency) {
        if (typeof word !== "string" || !/^[a-z0-9-]{1,40}$/.test(word) || this.parties.has(word)) {
            throw new Refused("roster-party", "a party's word is none, or another party's");
        }
        const party = { role, agency, keys: [] };
        for (const key of keys) {
            const bytes = fromBase64(key);
            if (bytes === undefined) throw malformed("a key of the roster is no base64");
            party.keys.push(await verifierKey(`${this.origin}/${word}`, bytes));
        }
        this.parties.set(word, party);
    }

    /** How many of its custodians signed a note, and whether nobody else did. */
    async custodiansThatSigned(note) {
        const words = this.body.custodians.map((custodian) => custodian.id);
        const signed = [];
        for (const word of words) {
            if (await isSigned(note, this.parties.get(word).keys[0])) signed.push(word);
        }
        return { signed, isAlone: signed.length === note.signatures.length };
    }

    /** Checks a statement of one author under this roster. Gives the author's word. Throws `statement-of-other-log`, `roster-outdated`, `signer-unknown` and its like, `signature-invalid`. */
    async check(statement) {
        if (statement.origin !== this.origin) {
            throw new Refused("statement-of-other-log", "the statement is for another log");
        }
        if (statement.rosterHash !== this.hash) {
            throw new Refused("roster-outdated", "the statement was made under another roster");
        }
        const { word, keys } = this.author(statement);
        if (statement.note.signatures.length === 1) {
            for (const key of keys) {
                if (await isSigned(statement.note, key)) return word;
            }
        }
        throw new Refused("signature-invalid", `the statement is not signed by ${word}, and by it alone`);
    }

    /** Who has to have signed a statement, in a role that may sign its type: `{ word, keys }`. Throws `signer-unknown`, `requester-unknown`, `authority-unknown`, `site-unknown`. */
    author({ type, body }) {
        const { field, roles, unknown } = authors[type];
        const named = body[field];
        if (typeof named !== (field === "site" ? "number" : "string")) {
            throw malformed("it does not name who signs it");
        }
        const word = field === "site" ? this.sites.get(named) : named;
        const party = this.parties.get(word);
        if (party !== undefined && roles.includes(party.role) && mayAs(party, type, body)) {
            return { word, keys: party.keys };
        }
        const keys = afterLeaving.includes(type) ? this.former.get(word) : undefined;
        if (keys === undefined) {
            throw new Refused(unknown, "the roster has no such party that may sign this");
        }
        return { word, keys };
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
            if (!same(next.logKey.key, older.logKey.key)) {
                throw new Refused("roster-succession", "the roster names another log key than the log has");
            }
            next.former = new Map(older.former);
            for (const { id } of older.body.custodians) {
                next.former.set(id, older.parties.get(id).keys);
            }
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

/** What the type's own words ask of its author's role. */
function mayAs(party, type, body) {
    switch (type) {
    case "request": return party.agency === body.agency;
    case "disclosure": return party.role === body.role;
    case "difference":
        return party.role === "custodian" || !["seed", "seed-missing"].includes(body.kind);
    default: return true;
    }
}
