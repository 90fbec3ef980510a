// RFC 6962 section 2.1: the tree's hashes; RFC 9162 sections 2.1.3.2 and 2.1.4.2: how proofs are
// checked. Hashes are Uint8Arrays of 32 bytes, proofs lists of them, lowest first.

import { Refused, concat, same, sha256 } from "./bytes.js";

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** The hash of an entry. */
export function leafHash(entry) {
    return sha256(concat(leafPrefix, entry));
}

/** The hash of two hashes. */
export function nodeHash(left, right) {
    return sha256(concat(nodePrefix, left, right));
}

/** The largest power of two below a number above 1. */
export function splitPoint(count) {
    let power = 1;
    while (2 * power < count) power *= 2;
    return power;
}

function isHash(value) {
    return value instanceof Uint8Array && value.length === 32;
}

function isRange(...numbers) {
    return numbers.every((number) => Number.isSafeInteger(number) && number >= 0);
}

/** Checks that a leaf stands at an index of a tree. Throws `proof-range`, `proof-length`, `proof-wrong`. */
export async function checkInclusion(index, size, leaf, proof, root) {
    if (!isRange(index, size) || index >= size) {
        throw new Refused("proof-range", "there is no such entry in a tree of this size");
    }
    if (!isHash(leaf) || !proof.every(isHash)) {
        throw new Refused("proof-wrong", "a hash has 32 bytes");
    }
    let at = index;
    let last = size - 1;
    let hash = leaf;
    for (const other of proof) {
        if (last === 0) throw new Refused("proof-length", "the proof is too long");
        if (at % 2 === 1 || at === last) {
            hash = await nodeHash(other, hash);
            while (at % 2 === 0 && at !== 0) {
                at /= 2;
                last = Math.floor(last / 2);
            }
        } else {
            hash = await nodeHash(hash, other);
        }
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
    }
    if (last !== 0) throw new Refused("proof-length", "the proof is too short");
    if (!isHash(root) || !same(hash, root)) {
        throw new Refused("proof-wrong", "the proof leads to another root");
    }
}

/** Checks that a tree extends an older one. Throws `proof-range`, `proof-length`, `proof-wrong`. */
export async function checkConsistency(oldSize, newSize, proof, oldRoot, newRoot) {
    const wrong = new Refused("proof-wrong", "the proof leads to another root");
    if (!isRange(oldSize, newSize) || oldSize > newSize || (oldSize === 0 && newSize > 0)) {
        throw new Refused("proof-range", "there is no proof between these sizes");
    }
    if (oldSize === newSize) {
        if (proof.length > 0) throw new Refused("proof-length", "the proof is too long");
        const isRoot = newSize > 0 || same(newRoot, await sha256(new Uint8Array()));
        if (!same(oldRoot, newRoot) || !isRoot) throw wrong;
        return;
    }
    if (!isHash(oldRoot) || !isHash(newRoot) || !proof.every(isHash)) throw wrong;
    if (proof.length === 0) throw new Refused("proof-length", "the proof is too short");
    let at = oldSize - 1;
    let last = newSize - 1;
    while (at % 2 === 1) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
    }
    const hashes = at === 0 ? [oldRoot, ...proof] : proof;
    let older = hashes[0];
    let newer = hashes[0];
    for (const other of hashes.slice(1)) {
        if (last === 0) throw new Refused("proof-length", "the proof is too long");
        if (at % 2 === 1 || at === last) {
            older = await nodeHash(other, older);
            newer = await nodeHash(other, newer);
            while (at % 2 === 0 && at !== 0) {
                at /= 2;
                last = Math.floor(last / 2);
            }
        } else {
            newer = await nodeHash(newer, other);
        }
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
    }
    if (last !== 0) throw new Refused("proof-length", "the proof is too short");
    if (!same(older, oldRoot) || !same(newer, newRoot)) throw wrong;
}

/** A tree that grows leaf by leaf, and keeps only the roots of its full subtrees. */
export class GrowingTree {
    constructor() {
        this.size = 0;
        this.roots = [];
    }

    /** Appends one leaf's hash. */
    async append(leaf) {
        let hash = leaf;
        for (let bits = this.size; bits % 2 === 1; bits = Math.floor(bits / 2)) {
            hash = await nodeHash(this.roots.pop(), hash);
        }
        this.roots.push(hash);
        this.size += 1;
    }

    /** The root over all leaves so far. */
    async root() {
        if (this.size === 0) return sha256(new Uint8Array());
        let hash = this.roots[this.roots.length - 1];
        for (let place = this.roots.length - 2; place >= 0; place -= 1) {
            hash = await nodeHash(this.roots[place], hash);
        }
        return hash;
    }
}
