// C2SP signed-note, tlog-checkpoint and tlog-cosignature, as Docs/Spec/Ledger.md has them.
// Nothing is verified by parsing.

import {
    Refused, base64, concat, fromBase64, fromDecimal, fromUTF8, hex, sha256, utf8,
} from "./bytes.js";

const largestNote = 1 << 20;
const mostSignatures = 100;
const signatureType = 1;
const cosignatureType = 4;

function isName(name) {
    return name.length > 0 && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);
}

function signatureLine(line) {
    const wrong = new Refused("note-signature-form", "this is no signature line of a note");
    if (!line.startsWith("\u2014 ")) throw wrong;
    const parts = line.slice(2).split(" ");
    const bytes = parts.length === 2 ? fromBase64(parts[1]) : undefined;
    if (bytes === undefined || bytes.length <= 4 || !isName(parts[0])) throw wrong;
    return { name: parts[0], keyID: hex(bytes.slice(0, 4)), signature: bytes.slice(4) };
}

/**
 * Reads a note: its text, that text's bytes, and its signature lines (`name`, `keyID` in hex, `signature`).
 * Accepts only what a writer would have written. Throws `note-form`, `note-size`, `note-text`,
 * `note-signatures`, `note-signature-form`.
 */
export function parseNote(bytes) {
    if (bytes.length > largestNote) throw new Refused("note-size", "the note is larger than 1 MiB");
    const whole = fromUTF8(bytes);
    const split = whole === undefined ? -1 : whole.lastIndexOf("\n\n");
    if (split < 0 || !whole.endsWith("\n")) {
        throw new Refused("note-form", "this is no signed note");
    }
    const text = whole.slice(0, split + 1);
    if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) {
        throw new Refused("note-text", "a note's text has no control characters");
    }
    const signatures = whole.slice(split + 2, -1).split("\n").map(signatureLine);
    const names = new Set(signatures.map((line) => `${line.name}+${line.keyID}`));
    if (signatures.length > mostSignatures || names.size !== signatures.length) {
        throw new Refused("note-signatures", "a note has 1 to 100 signatures, one of each key");
    }
    return { text, bytes: utf8(text), signatures };
}

async function importKey(key) {
    return crypto.subtle.importKey("raw", key, "Ed25519", true, ["verify"]);
}

/** A key under a name: `type` is 1 for notes and 4 for cosignatures, `key` 32 bytes. Throws `key-name`, `key-form`. */
export async function verifierKey(name, key, type = signatureType) {
    if (!isName(name)) throw new Refused("key-name", "this cannot be the name of a key");
    if (key.length !== 32) throw new Refused("key-form", "an Ed25519 key has 32 bytes");
    const digest = await sha256(concat(utf8(name), Uint8Array.of(0x0a, type), key));
    return { name, type, keyID: hex(digest.slice(0, 4)), key, handle: await importKey(key) };
}

/** The key under which a custodian cosigns. */
export function cosignerKey(name, key) {
    return verifierKey(name, key, cosignatureType);
}

/** Reads `<name>+<hex key id>+base64(type ‖ key)`. Throws `key-form`, `key-name`. */
export async function parseVerifierKey(text) {
    const wrong = new Refused("key-form", "this is no Ed25519 verifier key");
    const parts = text.match(/^([^+]+)\+([0-9a-f]{8})\+(.+)$/u);
    const bytes = parts === null ? undefined : fromBase64(parts[3]);
    if (bytes === undefined || bytes.length !== 33) throw wrong;
    if (bytes[0] !== signatureType && bytes[0] !== cosignatureType) throw wrong;
    const key = await verifierKey(parts[1], bytes.slice(1), bytes[0]);
    if (key.keyID !== parts[2]) throw wrong;
    return key;
}

/** A key in its text form. */
export function verifierKeyText(key) {
    return `${key.name}+${key.keyID}+${base64(concat(Uint8Array.of(key.type), key.key))}`;
}

function lineOf(note, key) {
    return note.signatures.find((line) => line.name === key.name && line.keyID === key.keyID);
}

/** Whether a key signed a note's text; other lines play no part. */
export async function isSigned(note, key) {
    const line = lineOf(note, key);
    if (line === undefined || line.signature.length !== 64) return false;
    return crypto.subtle.verify("Ed25519", key.handle, line.signature, note.bytes);
}

/** The time in seconds since 1970 at which a key cosigned a checkpoint; undefined where it did not. Throws `note-signature-wrong`. */
export async function cosignedAt(note, key) {
    const line = lineOf(note, key);
    if (line === undefined) return undefined;
    const wrong = new Refused("note-signature-wrong", `the cosignature of ${key.name} is not valid`);
    if (line.signature.length !== 72) throw wrong;
    const time = new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0);
    if (time < 1n || time > BigInt(Number.MAX_SAFE_INTEGER)) throw wrong;
    const signed = concat(utf8(`cosignature/v1\ntime ${time}\n`), note.bytes);
    const isValid = await crypto.subtle.verify(
        "Ed25519", key.handle, line.signature.slice(8), signed);
    if (!isValid) throw wrong;
    return Number(time);
}

/** Reads a checkpoint: its note, `origin`, `size` and `root`. Throws `checkpoint-form` and what a note throws. */
export function parseCheckpoint(bytes) {
    const note = parseNote(bytes);
    const lines = note.text.split("\n");
    const size = lines.length === 4 ? fromDecimal(lines[1]) : undefined;
    const root = size === undefined ? undefined : fromBase64(lines[2]);
    if (root === undefined || root.length !== 32 || !isName(lines[0])) {
        throw new Refused("checkpoint-form", "this is no checkpoint");
    }
    return { note, origin: lines[0], size, root };
}

/** SHA-256 of a note's text in hex: a statement's id, and a roster's hash. */
export async function noteID(note) {
    return hex(await sha256(note.bytes));
}
