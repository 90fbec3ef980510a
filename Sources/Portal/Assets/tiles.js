// C2SP tlog-tiles: a log read from static files. Nothing that a server says is believed: an entry, and
// the root of an older size, are proven to belong to the checkpoint's root. A tile by itself proves
// nothing: `open` sees those at the tree's edge only.

import { Refused, same, sha256 } from "./bytes.js";
import { checkConsistency, checkInclusion, leafHash, nodeHash, splitPoint } from "./merkle.js";
import { parseCheckpoint } from "./note.js";

const width = 256;

/** The name of a tile below the log's prefix: `tile/0/x001/x234/067.p/12`. */
export function tilePath(level, index, count = width) {
    const groups = [];
    for (let rest = index, isFirst = true; isFirst || rest > 0; rest = Math.floor(rest / 1000)) {
        groups.unshift(String(rest % 1000).padStart(3, "0"));
        isFirst = false;
    }
    const place = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group));
    return `tile/${level}/${place.join("/")}${count < width ? `.p/${count}` : ""}`;
}

/** The entries of a bundle: u16(length) ‖ entry, `count` times and nothing after. Throws `tile-form`. */
export function parseEntries(bytes, count) {
    const entries = [];
    let at = 0;
    while (at + 2 <= bytes.length && entries.length < count) {
        const end = at + 2 + bytes[at] * 256 + bytes[at + 1];
        if (end > bytes.length) break;
        entries.push(bytes.slice(at + 2, end));
        at = end;
    }
    if (entries.length !== count || at !== bytes.length) {
        throw new Refused("tile-form", "an entry bundle is not what its name says");
    }
    return entries;
}

/**
 * A log behind a function that gives the bytes at a path (`checkpoint`, `tile/…`), or undefined where there is nothing.
 * Begin with `open`; hashes of tiles are kept.
 */
export class TiledLog {
    constructor(get) {
        this.get = get;
        this.tiles = new Map();
        this.checkpoint = undefined;
    }

    /** The log at an address, read with plain GET. */
    static at(base) {
        return new TiledLog(async (path) => {
            const answer = await fetch(new URL(path, base), { credentials: "omit" });
            if (answer.status === 404) return undefined;
            if (!answer.ok) throw new Refused("web-failed", `${path}: answer ${answer.status}`);
            return new Uint8Array(await answer.arrayBuffer());
        });
    }

    /** Reads the checkpoint, and checks that the tiles at the tree's edge give its root. */
    async open() {
        const bytes = await this.get("checkpoint");
        if (bytes === undefined) {
            throw new Refused("checkpoint-missing", "there is no checkpoint here");
        }
        this.checkpoint = parseCheckpoint(bytes);
        this.tiles.clear();
        const { size, root } = this.checkpoint;
        const ours = size === 0 ? await sha256(new Uint8Array()) : await this.range(0, size);
        if (!same(ours, root)) {
            throw new Refused("tile-wrong", "the tiles do not give the checkpoint's root");
        }
        return this.checkpoint;
    }

    /** How many hashes of a level the tree has. */
    count(level) {
        return Math.floor(this.checkpoint.size / width ** level);
    }

    async read(level, index, available) {
        let bytes = await this.get(tilePath(level, index, available));
        if (bytes === undefined && available < width) {
            bytes = await this.get(tilePath(level, index));
        }
        if (bytes === undefined) {
            throw new Refused("tile-missing", `${tilePath(level, index, available)} is not there`);
        }
        return bytes;
    }

    /** The hashes of a tile, as far as the checkpoint's tree has them. */
    async tile(level, index) {
        const name = `${level}/${index}`;
        const kept = this.tiles.get(name);
        if (kept !== undefined) return kept;
        const available = Math.min(width, this.count(level) - index * width);
        const bytes = await this.read(level, index, available);
        if (bytes.length % 32 !== 0 || bytes.length < 32 * available) {
            throw new Refused("tile-form", "a tile is not what its name says");
        }
        const hashes = [];
        for (let at = 0; at < available; at += 1) {
            hashes.push(bytes.slice(32 * at, 32 * at + 32));
        }
        this.tiles.set(name, hashes);
        return hashes;
    }

    /** The hash over 2^height leaves, the index-th of that height. */
    async node(height, index) {
        const level = Math.floor(height / 8);
        const count = 2 ** (height % 8);
        const first = index * count;
        const tile = await this.tile(level, Math.floor(first / width));
        let hashes = tile.slice(first % width, (first % width) + count);
        while (hashes.length > 1) {
            const above = [];
            for (let at = 0; at < hashes.length; at += 2) {
                above.push(await nodeHash(hashes[at], hashes[at + 1]));
            }
            hashes = above;
        }
        return hashes[0];
    }

    /** The root over leaves from `first` up to but not including `end`, as RFC 6962 splits them. */
    async range(first, end) {
        const count = end - first;
        const height = Math.round(Math.log2(count));
        if (2 ** height === count && first % count === 0) {
            return this.node(height, first / count);
        }
        const middle = first + splitPoint(count);
        return nodeHash(await this.range(first, middle), await this.range(middle, end));
    }

    /** The inclusion proof of an entry in the checkpoint's tree, lowest hash first. */
    async inclusionProof(index) {
        const proof = [];
        let first = 0;
        let end = this.checkpoint.size;
        while (end - first > 1) {
            const middle = first + splitPoint(end - first);
            if (index < middle) {
                proof.unshift(await this.range(middle, end));
                end = middle;
            } else {
                proof.unshift(await this.range(first, middle));
                first = middle;
            }
        }
        return proof;
    }

    /** The proof that the checkpoint's tree extends the one of its first `old` entries, lowest hash first. */
    async consistencyProof(old) {
        if (!Number.isSafeInteger(old) || old < 1 || old > this.checkpoint.size) {
            throw new Refused("proof-range", "there is no proof between these sizes");
        }
        const proof = [];
        let first = 0;
        let end = this.checkpoint.size;
        while (old !== end) {
            const middle = first + splitPoint(end - first);
            if (old <= middle) {
                proof.unshift(await this.range(middle, end));
                end = middle;
            } else {
                proof.unshift(await this.range(first, middle));
                first = middle;
            }
        }
        // Where the old tree is one full subtree, its root opens the proof unsaid.
        if (first > 0) proof.unshift(await this.range(first, end));
        return proof;
    }

    /** The entries of a bundle, unverified: the caller compares their hashes. */
    async bundle(index) {
        const available = Math.min(width, this.checkpoint.size - index * width);
        let bytes = await this.get(tilePath("entries", index, available));
        let count = available;
        if (bytes === undefined && available < width) {
            bytes = await this.get(tilePath("entries", index));
            count = width;
        }
        if (bytes === undefined) {
            throw new Refused("tile-missing", `bundle ${index} of entries is not there`);
        }
        return parseEntries(bytes, count).slice(0, available);
    }

    /**
     * An entry with the proof that it stands at its index of the checkpoint's tree: `{ entry, leaf, proof }`.
     * Throws `entry-missing`, `entry-damaged`, and `proof-wrong` where the checkpoint has another.
     */
    async entry(index) {
        const { size, root } = this.checkpoint;
        if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
            throw new Refused("entry-missing", "the log has no such entry");
        }
        const place = Math.floor(index / width);
        const entry = (await this.bundle(place))[index % width];
        const leaf = await leafHash(entry);
        if (!same(leaf, (await this.tile(0, place))[index % width])) {
            throw new Refused("entry-damaged", "an entry is not what its leaf hash says");
        }
        const proof = await this.inclusionProof(index);
        await checkInclusion(index, size, leaf, proof, root);
        return { entry, leaf, proof };
    }

    /** The root that the log had with its first `old` entries, proven by the checkpoint's. Throws `proof-range`, `proof-wrong`. */
    async rootBefore(old) {
        const { size, root } = this.checkpoint;
        const proof = await this.consistencyProof(old);
        const before = await this.range(0, old);
        await checkConsistency(old, size, proof, before, root);
        return before;
    }
}
