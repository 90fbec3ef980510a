// What this browser remembers of a log, and no server can change: the hash of the first roster that
// its reader trusts, and the last checkpoint whose whole log was audited here. It stays in the browser's
// own storage.

import { Refused, base64, fromBase64 } from "./bytes.js";
import { checkConsistency } from "./merkle.js";
import { line, whole } from "./says.js";

const place = (kind, origin) => `platevault ${kind} ${origin}`;

/** What is stored under a name; undefined where nothing is, or this browser stores nothing. */
function read(kind, origin) {
    try {
        return JSON.parse(localStorage.getItem(place(kind, origin)) ?? "null") ?? undefined;
    } catch {
        return undefined;
    }
}

/** Stores a value; whether it will be there next time. */
function write(kind, origin, value) {
    try {
        localStorage.setItem(place(kind, origin), JSON.stringify(value));
        return true;
    } catch {
        return false;
    }
}

/** The hash of a roster as people write it: 64 hex digits; undefined for anything else. */
export function readHash(text) {
    const hash = text.replace(/\s/g, "").toLowerCase();
    return /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
}

/** The first roster that the reader trusts for a log; undefined where none was given. */
export function trustedRoster(origin) {
    const hash = read("roster", origin);
    return typeof hash === "string" ? readHash(hash) : undefined;
}

/** Whose keys were used: those of the roster that the reader trusts, or those that came from here. */
export function rosterVerdict(origin, hash) {
    const trusted = trustedRoster(origin);
    if (trusted === undefined) {
        return line(`All keys come from the log's first roster, which this server gave; its hash is ${hash}. Compare it with one from a source that you trust: a page cannot vouch for itself.`, "note");
    }
    return trusted === hash
        ? line(`All keys come from the first roster that you told this browser to trust, ${hash}.`, "good")
        : line(`The log begins with another roster, ${hash}, than the one that you told this browser to trust, ${trusted}. Nothing above counts.`, "bad");
}

/** A form for the hash that the reader trusts; `changed` is called when there is another. */
export function rosterForm(origin, changed) {
    const form = document.createElement("form");
    const label = document.createElement("label");
    const input = document.createElement("input");
    const hint = document.createElement("p");
    const button = document.createElement("button");
    input.id = "trusted-roster";
    input.value = trustedRoster(origin) ?? "";
    input.autocomplete = "off";
    input.spellcheck = false;
    label.htmlFor = input.id;
    label.textContent = "Hash of the first roster, from a source that you trust";
    hint.className = "hint";
    hint.id = "trusted-roster-hint";
    hint.textContent = "64 hex digits, from a custodian or a newspaper for instance. It is kept in this browser, and sent nowhere; empty forgets it.";
    input.setAttribute("aria-describedby", hint.id);
    button.textContent = "Trust this roster";
    form.className = "trust";
    form.append(label, hint, input, button);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const hash = readHash(input.value);
        form.querySelectorAll(".verdict").forEach((old) => old.remove());
        if (hash === undefined && input.value.trim() !== "") {
            form.append(line("This is no hash of a roster: it has 64 hex digits.", "bad"));
            return;
        }
        if (!write("roster", origin, hash ?? null)) {
            form.append(line("This browser keeps nothing for this page.", "bad"));
            return;
        }
        changed();
    });
    return form;
}

/**
 * Holds a checkpoint that verified against the last one that this browser audited, and remembers it where
 * the whole log under it `isAudited`: what one entry's page shows is no more than what that page chose.
 * Gives a sentence; where the log has been changed or shortened since, the old one stays.
 */
export async function extendsLast(log, isAudited) {
    const { origin, size, root } = log.checkpoint;
    const last = read("checkpoint", origin);
    const oldRoot = typeof last?.root === "string" ? fromBase64(last.root) : undefined;
    const isKnown = Number.isSafeInteger(last?.size) && last.size > 0 && oldRoot?.length === 32;
    const remember = () => write("checkpoint", origin, {
        size, root: base64(root), seen: new Date().toISOString().slice(0, 16),
    });
    if (!isKnown && !isAudited) {
        return line("This browser has not audited this log, and cannot compare it with what it was: it remembers what it has audited as a whole.", "note");
    }
    if (!isKnown) {
        const isKept = size > 0 && remember();
        return line(isKept
            ? "This browser has not seen this log before; it will compare next time."
            : "This browser keeps nothing of this log, and cannot compare it with what it was.", "note");
    }
    if (last.size > size) {
        return line(`This browser has seen ${whole(last.size)} entries of this log at ${last.seen} UTC; ${whole(size)} are shown now. Entries are being kept from you.`, "bad");
    }
    try {
        const proof = await log.consistencyProof(last.size);
        await checkConsistency(last.size, size, proof, oldRoot, root);
    } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return line(`The log is another one than this browser saw at ${last.seen} UTC, with ${whole(last.size)} entries: what stood there has been changed [${error.code}].`, "bad");
    }
    if (isAudited) remember();
    return line(`It extends the ${whole(last.size)} entries that this browser saw at ${last.seen} UTC: nothing of them has been changed.`, "good");
}
