// Runs the vectors that Tests/LedgerTests and Tests/SecretsTests run, with the modules of the public
// pages, in the browser. The list of files is in #files of the address, put there by vectors.py.

import { Refused, fromBase64, fromHex, same, sha256, utf8 } from "/assets/bytes.js";
import {
    GrowingTree, checkConsistency, checkInclusion, leafHash,
} from "/assets/merkle.js";
import {
    cosignedAt, isSigned, noteID, parseCheckpoint, parseNote, parseVerifierKey, verifierKey,
    verifierKeyText,
} from "/assets/note.js";
import { canonicalJSON } from "/assets/statement.js";
import { TiledLog, parseEntries, tilePath } from "/assets/tiles.js";
import { forged } from "/pages/forged.js";

const result = { counts: {}, faults: [] };
const fault = (text) => result.faults.push(text);
const count = (name) => { result.counts[name] = (result.counts[name] ?? 0) + 1; };

async function bytes(path) {
    const answer = await fetch(path);
    if (!answer.ok) throw new Refused("tile-missing", path);
    return new Uint8Array(await answer.arrayBuffer());
}
const json = async (path) => JSON.parse(new TextDecoder().decode(await bytes(path)));

/** The code under which something is refused; null where it goes through. */
async function code(body) {
    try {
        await body();
        return null;
    } catch (problem) {
        return problem.code ?? `other: ${problem}`;
    }
}

const exact = (text) => {
    const hash = fromBase64(text);
    if (hash?.length !== 32) throw new Refused("proof-hash", "a hash has 32 bytes");
    return hash;
};

async function merkle(paths) {
    for (const path of paths) {
        const test = await json(`/vectors/${path}`);
        const proof = () => (test.proof ?? []).map(exact);
        const refusal = await code(async () => {
            if (path.includes("/inclusion/")) {
                await checkInclusion(
                    test.leafIdx, test.treeSize, exact(test.leafHash), proof(), exact(test.root));
            } else {
                // Some roots, also of a good vector, are arbitrary bytes that are only compared.
                const root = async (text) => {
                    const given = fromBase64(text);
                    return given.length === 32 ? given : sha256(given);
                };
                await checkConsistency(
                    test.size1, test.size2, proof(), await root(test.root1), await root(test.root2));
            }
        });
        if ((refusal !== null) !== test.wantErr) fault(`${path}: ${refusal}`);
        if (refusal && !refusal.startsWith("proof-")) fault(`${path}: ${refusal}`);
        count(`${path.split("/")[1]} ${test.wantErr ? "bad" : "good"}`);
    }
}

async function ed25519() {
    const vectors = await json("/vectors/wycheproof/ed25519_test.json");
    for (const group of vectors.testGroups) {
        const key = await verifierKey("k", fromHex(group.publicKey.pk));
        for (const test of group.tests) {
            const isValid = await crypto.subtle.verify(
                "Ed25519", key.handle, fromHex(test.sig), fromHex(test.msg));
            if (isValid !== (test.result === "valid")) fault(`ed25519 ${test.tcId}: ${isValid}`);
            count("ed25519");
        }
    }
}

async function tiles() {
    for (let size = 0; size <= 15; size++) {
        const log = new TiledLog(async (path) => {
            const answer = await fetch(`/vectors/tlog-tiles/${path === "checkpoint" ? `checkpoint.${size}` : path}`);
            return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
        });
        const head = await log.open();
        if (head.size !== size) fault(`checkpoint.${size} has ${head.size}`);
        const tree = new GrowingTree();
        for (let index = 0; index < size; index++) {
            const leaf = await leafHash((await log.entry(index)).entry);
            await tree.append(leaf.slice());
            const proof = await log.inclusionProof(index);
            const refusal = await code(() => checkInclusion(index, size, leaf, proof, head.root));
            if (refusal) fault(`entry ${index} of ${size}: ${refusal}`);
            leaf[7] ^= 1;
            const changed = await code(() => checkInclusion(index, size, leaf, proof, head.root));
            if (changed !== "proof-wrong") fault(`a changed entry ${index} of ${size}: ${changed}`);
            count("tiles");
        }
        if (!same(await tree.root(), head.root)) fault(`the root of ${size}`);
        for (let old = 1; old <= size; old++) {
            const before = parseCheckpoint(await bytes(`/vectors/tlog-tiles/checkpoint.${old}`));
            const proof = await log.consistencyProof(old);
            const refusal = await code(
                () => checkConsistency(old, size, proof, before.root, head.root));
            if (refusal) fault(`${old} to ${size}: ${refusal}`);
            const other = Uint8Array.from(before.root, (byte, place) => place === 3 ? byte ^ 1 : byte);
            const changed = await code(() => checkConsistency(old, size, proof, other, head.root));
            if (changed !== "proof-wrong") fault(`${old} to ${size}, another root: ${changed}`);
            count("consistency of tiles");
        }
    }
}

// Docs/Spec/Ledger.md's example, and the notes that C2SP and Go publish.
const spec = {
    log: "example.org/vault.demo+30d7bb5a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
    cosigner: "clerk.example.org/mirror+77eb1398+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X",
    id: "434ad1141f24d4a8506cfe2c77cfc191170c6bd71cb33cd79f848118e6826e6c",
    note: "example.org/vault.demo\n3\nw2UeVBcUxT1kjsx7rsp/4sNu9PplvM4ksdcShkN95WY=\n\n"
        + "— example.org/vault.demo MNe7WqPZ+dffDlhiaE+PHLXnND9rJ8NUSq1ilClKiZ7LU+k6/k4DSE1udGy5bGSz"
        + "UNZc3c2sQvOzhcLzQa5Dr6YXkQ4=\n"
        + "— clerk.example.org/mirror d+sTmAAAAABpVbkAG6+czmp6JtICDeciInUmshzuQF4+WtIGV2PJbuDQ670wBJ"
        + "W7EwE7+4qSM+ePE/l3FY8a5eQ2jlWFIFhaK3ssCA==\n",
};
const foo = {
    key: "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    note: "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi"
        + "2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
};

async function notes() {
    const note = parseNote(utf8(spec.note));
    const [key, cosigner, log] =
        await Promise.all([spec.log, spec.cosigner, foo.key].map(parseVerifierKey));
    if ((await noteID(note)) !== spec.id) fault("the example's id");
    if (!(await isSigned(note, key))) fault("the example's signature");
    if ((await cosignedAt(note, cosigner)) !== Date.UTC(2026, 0, 1) / 1000) fault("the cosignature");
    for (const key of [spec.log, spec.cosigner, foo.key]) {
        if (verifierKeyText(await parseVerifierKey(key)) !== key) fault(`the key ${key}`);
    }
    if (!(await isSigned(parseNote(utf8(foo.note)), log))) fault("foo");
    await everyChangedByte(utf8(spec.note), async (note) =>
        (await isSigned(note, key)) && (await cosignedAt(note, cosigner)) !== undefined);
    await everyChangedByte(utf8(foo.note), (note) => isSigned(note, log));
    const line = "— example.com/foo Uw2QOkn8srV1yJGh2VYR\n";
    for (const [text, expected] of [
        ["", "note-form"], ["\n", "note-form"], ["text\n", "note-form"], [`text\n${line}`, "note-form"],
        ["text\n\n", "note-signature-form"], [`text\n\n${line.slice(0, -1)}`, "note-form"],
        [`text\n\n${line}\n`, "note-signature-form"], [`text\n\n${line}tail\n`, "note-signature-form"],
        [`te\u0001xt\n\n${line}`, "note-text"], [`te\txt\n\n${line}`, "note-text"],
        [`te\r\n\n${line}`, "note-text"], [`\n${line}`, "note-form"],
        [`text\n\n${line.replace("— ", "- ")}`, "note-signature-form"],
        [`text\n\n${line.replace("/foo", "+foo")}`, "note-signature-form"],
        [`text\n\n${line.replace("/foo", "\u00a0foo")}`, "note-signature-form"],
        [`text\n\n${line.replace("/foo", "\u2003")}`, "note-signature-form"],
        [`text\n\n${line.replace("example.com/foo", "")}`, "note-signature-form"],
        [`text\n\n${line.replace("VYR\n", "VZ=\n")}`, "note-signature-form"],
        [`text\n\n${line.replace("VYR\n", "VYR \n")}`, "note-signature-form"],
        ["text\n\n— example.com/foo Uw2QOg==\n", "note-signature-form"],
        [`text\n\n${line}${line}`, "note-signatures"],
    ]) {
        const refusal = await code(() => parseNote(utf8(text)));
        if (refusal !== expected) fault(`${JSON.stringify(text)}: ${refusal}, not ${expected}`);
        count("malformed notes");
    }
    for (const text of [foo.key.replace("+5", "+6"), `x${foo.key}`, `${foo.key} `, "", "a+b",
        spec.log.replace("AQOh", "BQOh")]) {
        if ((await code(() => parseVerifierKey(text))) !== "key-form") fault(`key ${text}`);
        count("malformed keys");
    }
    for (const text of ["a\n01\n", `a\n01\n${spec.note.split("\n")[2]}\n`, "a\n1\nAA==\n",
        `${spec.note.split("\n\n")[0]}\nextension\n`, "\n3\nw2UeVBcUxT1kjsx7rsp/4sNu9PplvM4ksdcShkN95WY=\n"]) {
        if ((await code(() => parseCheckpoint(utf8(`${text}\n${line}`)))) !== "checkpoint-form") fault(`head ${text}`);
        count("malformed checkpoints");
    }
}

async function everyChangedByte(wire, holds) {
    for (let place = 0; place < wire.length; place++) {
        for (const bit of [1, 16, 128]) {
            const changed = wire.slice();
            changed[place] ^= bit;
            let isFine = false;
            try {
                isFine = await holds(parseNote(changed));
            } catch (problem) {
                if (!problem.code) fault(`byte ${place}: ${problem}`);
            }
            if (isFine) fault(`byte ${place}, bit ${bit}: goes through`);
            count("changed bytes");
        }
    }
}

function words() {
    const paths = {
        "tile/0/x001/x234/067": tilePath(0, 1234067), "tile/63/000.p/1": tilePath(63, 0, 1),
        "tile/2/999.p/255": tilePath(2, 999, 255), "tile/entries/x001/000": tilePath("entries", 1000),
        "tile/entries/x001/x000/000.p/7": tilePath("entries", 1_000_000, 7),
    };
    for (const [expected, path] of Object.entries(paths)) {
        if (path !== expected) fault(`${path}, not ${expected}`);
        count("paths");
    }
    const bundle = fromHex("0005666972737400067365636f6e6400057468697264");
    const entries = parseEntries(bundle, 3).map((entry) => new TextDecoder().decode(entry));
    if (entries.join() !== "first,second,third") fault(`bundle ${entries}`);
    const text = '{"a":[1,2,{"b":"ü\\"/"}],"c":true}';
    if (canonicalJSON(JSON.parse(text)) !== text) fault("the one form of JSON");
}

try {
    const paths = (await json("/pages/files")).paths;
    await merkle(paths);
    await ed25519();
    await tiles();
    await notes();
    words();
    await forged((name, found, wanted) => {
        if (found !== wanted) fault(`${name}: ${found}, not ${wanted}`);
        count("forged logs");
    });
} catch (problem) {
    fault(`it stopped: ${problem.stack ?? problem}`);
}
document.querySelector("#result").textContent = JSON.stringify(result);
document.querySelector("#result").dataset.done = "yes";
