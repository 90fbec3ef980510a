// The structural part of an audit (Docs/Spec/Audit.md), in the browser: every entry hashes into the
// checkpoint's root, has its one form, and was signed by its author under the roster in force. What
// statements do, and what silence says, is judged by `platevault audit`, offline.

import { Refused, same } from "./bytes.js";
import { GrowingTree, leafHash } from "./merkle.js";
import { cosignedAt, isSigned, noteID } from "./note.js";
import { Roster, dayOf, parseStatement, refusing } from "./statement.js";

const bundleSize = 256;
const mostFindings = 200;

/** What an audit has found so far. `findings` has the first 200, `omitted` counts the rest. */
class Tally {
    constructor() {
        this.kinds = new Map();
        this.destroyed = new Map();
        this.findings = [];
        this.omitted = 0;
    }

    found(index, code, sentence) {
        if (this.findings.length < mostFindings) this.findings.push({ index, code, sentence });
        else this.omitted += 1;
    }

    count(statement) {
        const day = statement.type === "day-destroyed" ? dayOf(statement.body.day) : undefined;
        this.kinds.set(statement.type, (this.kinds.get(statement.type) ?? 0) + 1);
        if (day === undefined) return;
        const { custodian } = statement.body;
        const known = this.destroyed.get(custodian) ?? { statements: 0, newest: day };
        this.destroyed.set(custodian, {
            statements: known.statements + 1, newest: Math.max(known.newest, day),
        });
    }
}

/**
 * Goes through a whole log. `progress(done, size)` is told after each bundle of 256 entries.
 * Gives `{ origin, size, root, rosterHash, kinds, destroyed, findings, omitted, isLogSigned, cosigned, quorum }`;
 * throws `Refused` where the log cannot be read to its end.
 */
export async function audit(log, progress = () => {}) {
    const checkpoint = await log.open();
    const tree = new GrowingTree();
    const tally = new Tally();
    const ids = new Set();
    let roster;
    let rosterHash;
    for (let place = 0; place * bundleSize < checkpoint.size; place += 1) {
        const entries = await log.bundle(place);
        const leaves = await Promise.all(entries.map(leafHash));
        const tile = await log.tile(0, place);
        log.tiles.delete(`0/${place}`);
        for (const [at, entry] of entries.entries()) {
            const index = place * bundleSize + at;
            if (!same(leaves[at], tile[at])) {
                throw new Refused("entry-damaged", `entry ${index} is not what its leaf hash says`);
            }
            try {
                // Whatever an entry does to its reader, it is that entry's fault, and not the audit's end.
                await refusing(async () => {
                    const statement = parseStatement(entry);
                    const id = await noteID(statement.note);
                    if (ids.has(id)) {
                        throw new Refused("statement-repeated", "it stands there twice");
                    }
                    ids.add(id);
                    if (statement.type === "roster") {
                        roster = await Roster.following(roster, statement);
                        rosterHash ??= roster.hash;
                    } else if (roster === undefined) {
                        throw new Refused(
                            "roster-missing", "the log does not begin with a roster");
                    } else if (statement.type === "successor") {
                        await roster.succeed(statement, index, await tree.root());
                    } else {
                        await roster.check(statement);
                    }
                    tally.count(statement);
                });
            } catch (error) {
                if (roster === undefined || !(error instanceof Refused)) throw error;
                tally.found(index, error.code, error.message);
            }
            await tree.append(leaves[at]);
        }
        progress(tree.size, checkpoint.size);
    }
    if (!same(await tree.root(), checkpoint.root)) {
        throw new Refused("tile-wrong", "the entries do not give the checkpoint's root");
    }
    const heads = await head(checkpoint, roster);
    return {
        origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root, rosterHash, quorum: roster?.quorum,
        kinds: tally.kinds, destroyed: tally.destroyed,
        findings: tally.findings, omitted: tally.omitted, ...heads,
    };
}

/** Who stands behind a checkpoint: the log itself, and which custodians, at which second. */
export async function head(checkpoint, roster) {
    if (roster === undefined) return { isLogSigned: false, cosigned: [] };
    const cosigned = [];
    for (const { word, name, key } of roster.cosigners) {
        const time = await cosignedAt(checkpoint.note, key);
        if (time !== undefined) cosigned.push({ word, name, time });
    }
    const isLogSigned =
        checkpoint.origin === roster.origin && (await isSigned(checkpoint.note, roster.logKey));
    return { isLogSigned, cosigned };
}

/**
 * One entry, under the rosters that a page names: `rosters` are the indices of the log's rosters and successors, the first roster's own left out or not.
 * Each is verified here; that there are no others, only the audit of the whole log shows. Gives
 * `{ checkpoint, statement, author, rosterHash, leaf, proof, isLogSigned, cosigned, quorum }`; throws `Refused` at the first thing that does not hold.
 */
export async function verifyEntry(log, index, rosters, entryOnPage) {
    const joints = [0, ...rosters.filter((other) => other !== 0)];
    if (!joints.every((one, at) => Number.isSafeInteger(one) && (at === 0 || one > joints[at - 1]))) {
        throw new Refused("roster-succession", "the page does not name rosters in their order");
    }
    const checkpoint = await log.open();
    let roster;
    let atEntry;
    let rosterHash;
    for (const place of joints) {
        const { entry } = await log.entry(place);
        const isLater = place > 0;
        const before = isLater ? await log.rootBefore(place) : undefined;
        await refusing(async () => {
            const statement = parseStatement(entry);
            if (statement.type === "successor" && isLater) {
                await roster.succeed(statement, place, before);
            } else {
                roster = await Roster.following(roster, statement);
            }
        });
        rosterHash ??= roster.hash;
        if (place < index || atEntry === undefined) atEntry = roster;
    }
    const { entry, leaf, proof } = await log.entry(index);
    const { statement, author } = await refusing(async () => {
        // Read first: what is no statement can hold bytes that no page shows as they are.
        const statement = parseStatement(entry);
        if (entryOnPage !== undefined && !same(entry, entryOnPage)) {
            throw new Refused("entry-damaged", "the page shows something else than the log has");
        }
        const isJoint = statement.type === "roster" || statement.type === "successor";
        // What custodians sign together was checked above, or not at all.
        if (isJoint && !joints.includes(index)) {
            throw new Refused(
                "roster-missing", "the page does not tell that this is a roster of the log");
        }
        return { statement, author: isJoint ? undefined : await atEntry.check(statement) };
    });
    const heads = await head(checkpoint, roster);
    return { checkpoint, statement, author, rosterHash, leaf, proof, quorum: roster.quorum, ...heads };
}
