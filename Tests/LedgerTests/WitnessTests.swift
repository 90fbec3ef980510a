import Foundation
import Ledger
import Secrets
import Synchronization
import TestSupport
import Testing

private let witnessName = "witness.example/w1"
private let hash = Digest(of: Array(logOrigin.utf8)).hex

private func witness(_ disk: FaultyFileSystem, isNew: Bool = false) throws -> Witness {
    let open = isNew ? Witness.create : Witness.open
    return try open(
        "/witness", logOrigin, signer(logOrigin).verifierKey, cosigner(witnessName), disk)
}

/// The body of add-checkpoint over the first entries, with the right proof.
func addCheckpoint(_ old: Int, _ size: Int, of entries: [[UInt8]]) throws -> [UInt8] {
    let hashes = entries[..<size].map(Merkle.leafHash)
    let proof = old == 0 ? [] : try Merkle.consistencyProof(from: old, in: hashes)
    return AddCheckpoint(
        oldSize: UInt64(old), proof: proof, note: try Note(wire: signedHead(entries[..<size]))
    ).encode()
}

/// A body with its text changed.
func changed(_ body: [UInt8], _ old: String, _ new: String) -> [UInt8] {
    let text = String(decoding: body, as: UTF8.self)
    let result = text.replacing(old, with: new, maxReplacements: 1)
    if result == text { Issue.record("\(old) does not stand there") }
    return Array(result.utf8)
}

/// What tlog-witness says of add-checkpoint, for whoever implements it: `latest` is at size 5 of
/// these entries when it begins and when it ends.
func expectWitnessRules(
    _ entries: [[UInt8]], _ add: ([UInt8]) -> TlogReply, latest: () -> UInt64?
) throws {
    func expect(_ status: Int, _ body: [UInt8], _ what: Comment) {
        let reply = add(body)
        #expect(reply.status == status, what)
        #expect(latest() == 5, what)
        guard status == 409 else { return }
        #expect(reply.body == Array("5\n".utf8))
        #expect(reply.contentType == "text/x.tlog.size")
    }
    let good = try addCheckpoint(5, 9, of: entries)
    let text = String(decoding: good, as: UTF8.self)
    // 400: what is no request.
    for (old, new) in [
        ("old 5\n", "old 05\n"), ("old 5\n", "old +5\n"), ("old 5\n", "old  5\n"),
        ("old 5\n", "Old 5\n"), ("old 5\n", ""), ("old 5\n", "old 5 \n"), ("old 5\n", "old\n"),
        ("old 5\n", "old 18446744073709551616\n"), ("=\n\n", "=\n"), ("=\n", "\n"),
        ("=\n", "=\r\n"), ("old 5\n", "old 5\n" + String(repeating: hashLine, count: 64)),
    ] { expect(400, changed(good, old, new), "\(old) → \(new)") }
    expect(400, [], "nothing")
    expect(400, Array(good.dropLast()), "no line feed at the end")
    expect(400, try addCheckpoint(5, 5, of: entries).replacingOld(with: 6), "old above new")
    // 404, before any signature is looked at.
    expect(404, changed(good, "\n\n\(logOrigin)", "\n\nother.example"), "another origin")
    expect(404, changed(good, "\n\n\(logOrigin)", "\n\n\(logOrigin)x"), "a longer origin")
    // 403: no line of the log's key, or one that is not valid.
    let note = try Note(wire: signedHead(entries[..<9]))
    func with(_ lines: [NoteSignature]) throws -> [UInt8] {
        let request = try AddCheckpoint(wire: good)
        return AddCheckpoint(
            oldSize: 5, proof: request.proof, note: try Note(text: note.text, signatures: lines)
        ).encode()
    }
    let stranger = try signer("stranger.example").sign(note.text).signatures
    expect(403, try with(stranger), "a stranger's")
    let namesake = try NoteSigner(name: logOrigin, key: SigningKey(from: SeededRandom("x")))
    expect(403, try with(namesake.sign(note.text).signatures), "a namesake's")
    let forged = try NoteSignature(
        name: logOrigin, keyID: note.signatures[0].keyID,
        signature: note.signatures[0].signature.reversed())
    expect(403, try with([forged]), "not valid")
    expect(403, try with(stranger + [forged]), "not valid beside a stranger's")
    // 409 for every other old size, with the right one; also where the proof would be right.
    for old in [0, 1, 4, 6, 9] { expect(409, try addCheckpoint(old, 9, of: entries), "old \(old)") }
    // 422: not proven.
    var other = entries
    other[2] = [0xee]
    expect(422, try addCheckpoint(5, 9, of: other), "a fork")
    expect(422, try addCheckpoint(5, 5, of: other), "a fork of the same size")
    let request = try AddCheckpoint(wire: good)
    for proof in [
        [], request.proof + [.zero], Array(request.proof.dropLast()), request.proof.reversed(),
    ] {
        expect(
            422, AddCheckpoint(oldSize: 5, proof: proof, note: request.note).encode(), "a proof")
    }
    expect(
        422,
        AddCheckpoint(oldSize: 5, proof: [.zero], note: try Note(wire: signedHead(entries[..<5])))
            .encode(),
        "a proof where none is needed")
    #expect(text.hasPrefix("old 5\n"))
}

private let hashLine = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"

extension [UInt8] {
    fileprivate func replacingOld(with size: Int) -> [UInt8] {
        Array("old \(size)".utf8) + drop { $0 != 0x0a }
    }
}

/// tlog-witness.
@Suite struct WitnessTests {
    private let all = entries(0..<40)

    private func size(_ witness: Witness) throws -> UInt64? {
        try witness.checkpoint.map { try Checkpoint(text: Note(wire: $0).text).size }
    }

    @Test func itKeepsToTheSpecification() throws {
        let disk = FaultyFileSystem()
        let witness = try witness(disk, isNew: true)
        // Before the first: the size is zero, and there is nothing to fetch.
        #expect(
            witness.addCheckpoint(try addCheckpoint(3, 5, of: all), at: 1).body == Array("0\n".utf8)
        )
        #expect(witness.resource("\(hash)/checkpoint").status == 404)
        let start = try addCheckpoint(0, 5, of: all)
        let wrong = AddCheckpoint(
            oldSize: 0, proof: [.zero], note: try AddCheckpoint(wire: start).note)
        #expect(witness.addCheckpoint(wrong.encode(), at: 1).status == 422)
        let empty = try Checkpoint(origin: logOrigin, size: 0, root: .zero)
        let false0 = AddCheckpoint(
            oldSize: 0, proof: [], note: try signer(logOrigin).sign(empty.text))
        #expect(witness.addCheckpoint(false0.encode(), at: 1).status == 422)
        #expect(witness.addCheckpoint(start, at: 1).status == 200)
        let before = disk.image
        try expectWitnessRules(
            all, { witness.addCheckpoint($0, at: 2) }, latest: { try? size(witness) })
        #expect(disk.image == before, "what is refused leaves nothing")
        // And what is right is cosigned, kept and served, with the log's line and its own alone.
        let note = try Note(wire: signedHead(all[..<9]))
        let line = try cosigner("other").cosign(Checkpoint(text: note.text), at: 1)
        let dressed = AddCheckpoint(
            oldSize: 5, proof: try AddCheckpoint(wire: addCheckpoint(5, 9, of: all)).proof,
            note: try note.adding([line]))
        let reply = witness.addCheckpoint(dressed.encode(), at: 77)
        #expect(reply.status == 200)
        let served = try Note(wire: witness.resource("\(hash)/checkpoint").body)
        #expect(served.signatures.map(\.name) == [logOrigin, witnessName])
        #expect(served.encode() == note.encode() + reply.body)
        let key = try cosigner(witnessName).verifierKey
        #expect(try served.cosignatures(by: [key]).map(\.time) == [77])
        #expect(disk.publicImage(under: "/").count == 1)
        let again = try self.again(disk)
        #expect(again.checkpoint == served.encode())
        // The same size again is cosigned anew.
        #expect(again.addCheckpoint(try addCheckpoint(9, 9, of: all), at: 99).status == 200)
        #expect(
            try Note(wire: #require(again.checkpoint)).cosignatures(by: [key]).map(\.time) == [99])
        #expect(again.resource("\(hash)/tile/0/000").status == 404)
        #expect(again.addCheckpoint(try addCheckpoint(9, 9, of: all), at: 0).status == 500)
        #expect(again.addCheckpoint(try addCheckpoint(9, 12, of: all), at: 100).status == 200)
    }

    private func again(_ disk: FaultyFileSystem) throws -> Witness { try witness(disk) }

    @Test func anEmptyLogIsWitnessed() throws {
        let witness = try witness(FaultyFileSystem(), isNew: true)
        #expect(witness.addCheckpoint(try addCheckpoint(0, 0, of: all), at: 1).status == 200)
        #expect(witness.addCheckpoint(try addCheckpoint(0, 0, of: all), at: 2).status == 200)
        #expect(witness.addCheckpoint(try addCheckpoint(0, 3, of: all), at: 3).status == 200)
        #expect(try size(witness) == 3)
    }

    @Test func creatingAndOpeningAreTwoThings() throws {
        let disk = FaultyFileSystem()
        #expect(code { _ = try witness(disk) } == "file-missing")
        let first = try witness(disk, isNew: true)
        #expect(first.checkpoint == nil)
        #expect(try witness(disk).checkpoint == nil)
        #expect(first.addCheckpoint(try addCheckpoint(0, 3, of: all), at: 1).status == 200)
        #expect(code { _ = try witness(disk, isNew: true) } == "witness-exists")
        let path = "/witness/public/\(hash)/checkpoint"
        for index in try disk.read(path).indices {
            let copy = disk.copy()
            copy.tamper(path) { $0[index] ^= 1 }
            #expect(code { _ = try witness(copy) } != nil, "byte \(index)")
        }
        disk.tamper(path) { $0 = (try? signedHead(all[..<3])) ?? [] }
        #expect(code { _ = try witness(disk) } == "witness-damaged")
    }

    @Test func aLogGetsItsCosignature() throws {
        let log = try created(FaultyFileSystem())
        let witness = try witness(FaultyFileSystem(), isNew: true)
        let key = try cosigner(witnessName).verifierKey
        for (time, count) in [3, 0, 300, 1].enumerated() {
            _ = try log.append(entries(0..<count))
            let upload = try MirrorUpload(log)
            let lines = try upload.push { witness.addCheckpoint($0, at: UInt64(time + 1)) }
            let all = try upload.note.adding(lines)
            #expect(try all.cosignatures(by: [key]).map(\.time) == [UInt64(time + 1)])
            #expect(try log.add(cosignatures: all))
        }
        let ahead = try MirrorUpload(created(FaultyFileSystem()))
        #expect(code { _ = try ahead.push { witness.addCheckpoint($0, at: 9) } } == "mirror-ahead")
        let stranger = try Log.create(
            at: "/x", origin: "x.example", signer: signer("x.example"),
            fileSystem: FaultyFileSystem())
        #expect(
            code { _ = try MirrorUpload(stranger).push { witness.addCheckpoint($0, at: 9) } }
                == "mirror-refused")
    }

    /// Two clients at once: whatever they send, no smaller checkpoint ever follows a larger one, in
    /// memory, on disk, or in the order of the answers.
    @Test func twoRequestsAtOnceNeverRollBack() throws {
        let disk = FaultyFileSystem()
        let witness = try witness(disk, isNew: true)
        let bodies = try (0..<40).map { old in
            try ((old + 1)...min(old + 3, 40)).map { try addCheckpoint(old, $0, of: all) }
        }
        let answers = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            var old = 0
            while old < 40 {
                // Each client takes another step, so that they race for every size.
                let body = bodies[old][thread % bodies[old].count]
                let reply = witness.addCheckpoint(body, at: UInt64(thread + 1))
                answers.withLock { $0.append(reply.status) }
                if reply.status == 409 {
                    let size = Int(String(decoding: reply.body.dropLast(), as: UTF8.self)) ?? 0
                    if size < old { Issue.record("\(size) after \(old)") }
                    old = size
                } else {
                    if reply.status != 200 { Issue.record("\(reply.status)") }
                    old += 1 + thread % bodies[old].count
                }
            }
        }
        let kept = try disk.history.filter { $0.path.hasSuffix("/checkpoint") }
            .map { try Checkpoint(text: Note(wire: $0.bytes).text).size }
        #expect(kept == kept.sorted())
        #expect(Set(kept).count == kept.count, "each was kept once")
        #expect(kept.last == 40)
        #expect(answers.withLock { $0.filter { $0 == 200 }.count } == kept.count)
    }

    /// A crash at every step: what was answered with 200 is never forgotten.
    @Test(arguments: CrashMode.allCases)
    func aCrashAtEveryOperation(mode: CrashMode) throws {
        let key = try cosigner(witnessName).verifierKey
        for step in 0..<100 {
            let disk = FaultyFileSystem(seed: "\(step)")
            disk.crash(at: step, mode: mode)
            var (told, times, isMade) = (0, 0, false)
            let refusal = code {
                let witness = try witness(disk, isNew: true)
                isMade = true
                for (old, size) in [(0, 3), (3, 9), (9, 9), (9, 20)] {
                    let reply = try witness.addCheckpoint(
                        addCheckpoint(old, size, of: all), at: UInt64(times + 1))
                    guard reply.status == 200 else {
                        #expect(reply.status == 500)
                        #expect(witness.addCheckpoint([], at: 1).status == 503)
                        throw LedgerError(code: "disk-crashed", sentence: "as told")
                    }
                    (told, times) = (size, times + 1)
                }
            }
            disk.restart()
            let again =
                try isMade ? witness(disk) : (try? witness(disk)) ?? witness(disk, isNew: true)
            let size = Int(try self.size(again) ?? 0)
            #expect(size >= told)
            if let wire = again.checkpoint {
                let time = try #require(Note(wire: wire).cosignatures(by: [key]).first).time
                #expect(time == UInt64(times) || time == UInt64(times + 1))
            } else {
                #expect(told == 0)
            }
            #expect(again.addCheckpoint(try addCheckpoint(size, 40, of: all), at: 9).status == 200)
            guard refusal != nil else { return }
            #expect(refusal == "disk-crashed")
        }
        Issue.record("the story has more steps than were tried")
    }
}
