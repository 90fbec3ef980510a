// Bytes as the formats of Docs/Spec have them: big-endian, base64 with padding, lower-case hex.
// Every reader here accepts only what a writer would have written.

/** What is wrong with a log or a note: a code as in Docs/Spec/Ledger.md, and a sentence. */
export class Refused extends Error {
    constructor(code, sentence) {
        super(sentence);
        this.name = "Refused";
        this.code = code;
    }
}

/** Bytes one after the other. */
export function concat(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/** Whether two arrays have the same bytes. Nothing here is secret. */
export function same(left, right) {
    return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Lower-case hex. */
export function hex(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes of lower-case hex; undefined for anything else. */
export function fromHex(text) {
    if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
    return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
        parseInt(text.slice(2 * index, 2 * index + 2), 16));
}

/** Base64 with padding. */
export function base64(bytes) {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
}

/** Bytes of canonical, padded base64; undefined for any other spelling. */
export function fromBase64(text) {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return base64(bytes) === text ? bytes : undefined;
}

/** UTF-8 of a text. */
export function utf8(text) {
    return new TextEncoder().encode(text);
}

/** The text of UTF-8; undefined for bytes that are none. A byte order mark stays what it is. */
export function fromUTF8(bytes) {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        return undefined;
    }
}

/** A whole number of decimal digits without a leading zero, up to 2^53 − 1; undefined otherwise. */
export function fromDecimal(text) {
    if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : undefined;
}

/** SHA-256. */
export async function sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
