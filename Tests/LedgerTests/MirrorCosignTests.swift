import Disk
import Ledger
import Secrets
import TestSupport
import Testing

private func cosigning(_ disk: any FileSystem, isNew: Bool = false) throws -> Mirror {
    let open = isNew ? Mirror.create : Mirror.open
    return try open(
        "/mirror", logOrigin, signer(logOrigin).verifierKey, cosigner("mirror.example"), disk)
}

/// The next key of the log, under the log's name.
private func successor(_ seed: String = "successor") throws -> NoteSigner {
    try NoteSigner(name: logOrigin, key: SigningKey(from: SeededRandom(seed)))
}

private func times(_ mirror: Mirror) throws -> [UInt64] {
    let note = try Note(wire: #require(mirror.checkpoint))
    return try note.cosignatures(by: [cosigner("mirror.example").verifierKey]).map(\.time)
}

/// A mirror that cosigns, and one whose log goes on under another key.
@Suite struct MirrorCosignTests {
    private let all = entries(0..<20)

    @Test func itCosignsWhatItAccepts() throws {
        let disk = FaultyFileSystem()
        let mirror = try cosigning(disk, isNew: true)
        #expect(code { try mirror.cosign(at: 1) } == "checkpoint-missing")
        try mirror.advance(to: signedHead(all[..<3]), cosignedAt: 100, fetch: serving(all))
        #expect(try times(mirror) == [100])
        #expect(try times(cosigning(disk)) == [100])
        // The same one again is not signed again; a new time is asked for by name.
        try mirror.advance(to: signedHead(all[..<3]), cosignedAt: 200, fetch: serving(all))
        #expect(try times(mirror) == [100])
        try mirror.cosign(at: 300)
        #expect(try times(cosigning(disk)) == [300])
        try mirror.advance(to: signedHead(all[..<9]), fetch: serving(all))
        #expect(try times(mirror).isEmpty)
        try mirror.advance(to: signedHead(all[..<9]), cosignedAt: 400, fetch: serving(all))
        #expect(try times(cosigning(disk)) == [400])
        #expect(code { try mirror.cosign(at: 0) } == "cosignature-time")
        let held = mirror.checkpoint
        #expect(
            code {
                try mirror.advance(to: signedHead(all), cosignedAt: 0, fetch: serving(all))
            } == "cosignature-time")
        #expect(mirror.checkpoint == held)
        #expect(try openedMirror(disk).checkpoint == held)
        #expect(code { try openedMirror(disk).cosign(at: 1) } == "cosigner-missing")
    }

    @Test func oneReplacementCarriesTheCosignature() throws {
        let disk = FaultyFileSystem()
        let mirror = try cosigning(disk, isNew: true)
        try mirror.advance(to: signedHead(all[..<3]), cosignedAt: 100, fetch: serving(all))
        let before = disk.operations
        try mirror.advance(to: signedHead(all[..<9]), cosignedAt: 100, fetch: serving(all))
        // entries; seal, synchronize; bundle, tile; remove, create, synchronize, rename, synchronize
        #expect(disk.operations - before == 10)
        let key = try cosigner("mirror.example").verifierKey
        let seen = disk.history.filter { $0.path.hasSuffix("/checkpoint") }
            .compactMap { try? Note(wire: $0.bytes) }
        #expect(!seen.isEmpty)
        for note in seen { #expect(try note.cosignatures(by: [key]).count == 1) }
    }

    @Test func nobodyPutsLinesUnderItsName() throws {
        let disk = FaultyFileSystem()
        let mirror = try cosigning(disk, isNew: true)
        let note = try Note(wire: signedHead(all[..<3]))
        let head = try Checkpoint(text: note.text)
        let key = try #require(mirror.cosignerKey)
        let forged = try NoteSignature(name: key.name, keyID: key.keyID, signature: [1, 2, 3])
        let other = try cosigner("other").cosign(head, at: 4)
        let dressed = try note.adding([forged, other])
        try mirror.advance(to: dressed.encode(), fetch: serving(all))
        #expect(mirror.checkpoint == note.encode(), "of lines, only the one that was verified")
        try mirror.cosign(at: 5)
        let own = try Note(wire: #require(mirror.checkpoint)).signatures[1]
        #expect(try mirror.merge(dressed))
        #expect(
            try Note(wire: #require(mirror.checkpoint)).signatures == note.signatures + [
                own, other,
            ])
        let before = disk.operations
        #expect(try mirror.merge(dressed))
        #expect(disk.operations == before)
        #expect(try cosigning(disk).checkpoint == mirror.checkpoint)
        try mirror.advance(to: signedHead(all[..<5]), fetch: serving(all))
        #expect(try !mirror.merge(dressed), "it is over another checkpoint")
    }

    @Test func aSuccessorIsFollowedOnceItIsNamed() throws {
        let disk = FaultyFileSystem()
        let mirror = try cosigning(disk, isNew: true)
        let (old, new) = (try signer(logOrigin).verifierKey, try successor())
        try mirror.advance(to: signedHead(all[..<3]), cosignedAt: 1, fetch: serving(all))
        let next = try new.sign(Checkpoint(wire: signedHead(all[..<9])).text).encode()
        #expect(
            code { try mirror.advance(to: next, fetch: serving(all)) } == "checkpoint-unsigned")
        // One that does not extend what is held changes nothing, whoever signed it.
        var other = all
        other[1] = [9]
        let fork = try new.sign(Checkpoint(wire: signedHead(other[..<9])).text).encode()
        let image = disk.image
        #expect(
            code {
                try mirror.advance(to: fork, signedBy: new.verifierKey, fetch: serving(other))
            } == "log-forked")
        #expect(mirror.logKey == old)
        #expect(disk.image == image)
        try mirror.advance(
            to: next, signedBy: new.verifierKey, cosignedAt: 2, fetch: serving(all))
        #expect(mirror.logKey == new.verifierKey)
        let again = try cosigning(disk)
        #expect(again.logKey == new.verifierKey)
        #expect(try times(again) == [2])
        #expect(
            code { try again.advance(to: signedHead(all), fetch: serving(all)) }
                == "checkpoint-unsigned")
        // And a third, which begins with the very head that is held.
        let third = try successor("third")
        let same = try third.sign(Checkpoint(wire: signedHead(all[..<9])).text)
        try again.advance(to: same.encode(), signedBy: third.verifierKey, fetch: serving(all))
        #expect(try cosigning(disk).logKey == third.verifierKey)
        #expect(try times(again) == [2], "the cosignature of the same text stays")
        #expect(try Note(wire: #require(again.checkpoint)).signatures.first == same.signatures[0])
        disk.tamper("/mirror/log-keys") { $0.removeLast() }
        #expect(code { _ = try cosigning(disk) } == "mirror-damaged")
    }

    /// What the first key promised stands on the disk when the log goes on under another: after an
    /// error of the disk the mirror takes it up again as an opening would.
    @Test func aMirrorThatStoppedAfterASuccessionGoesOn() throws {
        let disk = FaultyFileSystem()
        let mirror = try cosigning(disk, isNew: true)
        let new = try successor()
        try mirror.advance(to: signedHead(all[..<3]), cosignedAt: 1, fetch: serving(all))
        #expect(try mirror.addCheckpoint(addCheckpoint(3, 9, of: all)).status == 200)
        #expect(disk.image["/mirror/pending"] != nil)
        func next(_ size: Int) throws -> [UInt8] {
            try new.sign(Checkpoint(wire: signedHead(all[..<size])).text).encode()
        }
        try mirror.advance(
            to: next(12), signedBy: new.verifierKey, cosignedAt: 2, fetch: serving(all))
        disk.fail(at: 2)
        #expect(
            code { try mirror.advance(to: next(15), cosignedAt: 3, fetch: serving(all)) }
                == "disk-failed")
        #expect(code { try mirror.cosign(at: 3) } == "mirror-stopped")
        try mirror.recover()
        #expect(mirror.logKey == new.verifierKey && mirror.size == 12)
        try mirror.advance(to: next(15), cosignedAt: 3, fetch: serving(all))
        #expect(try times(mirror) == [3])
    }

    /// A crash at every step of signing again and of taking others' lines: what was returned stays.
    @Test(arguments: CrashMode.allCases)
    func aCrashAtEveryStepOfSigning(mode: CrashMode) throws {
        let note = try Note(wire: signedHead(all[..<3]))
        let other = try cosigner("other").cosign(Checkpoint(text: note.text), at: 4)
        let start = FaultyFileSystem()
        _ = try cosigning(start, isNew: true)
            .advance(to: note.encode(), cosignedAt: 1, fetch: serving(all))
        for step in 0..<100 {
            let disk = start.copy(seed: "\(step)")
            let mirror = try cosigning(disk)
            disk.crash(at: step, mode: mode)
            var (told, isMerged) = (1 as UInt64, false)
            let refusal = code {
                try mirror.cosign(at: 2)
                told = 2
                try mirror.merge(note.adding([other]))
                isMerged = true
                try mirror.cosign(at: 3)
                told = 3
            }
            disk.restart()
            let again = try cosigning(disk)
            let found = try times(again)
            #expect(found == [told] || found == [told + 1])
            let lines = try Note(wire: #require(again.checkpoint)).signatures
            #expect(lines.contains(other) || !isMerged)
            try auditPublic(MemoryTiles(disk, mirrorPublic), holds: Array(all[..<3]))
            guard refusal != nil else { return }
            #expect(refusal == "disk-crashed")
        }
        Issue.record("the story has more steps than were tried")
    }

    /// A crash at every step of a succession: the mirror stands under one key or the other, and goes
    /// on under the new one.
    @Test(arguments: CrashMode.allCases)
    func aCrashAtEveryStepOfASuccession(mode: CrashMode) throws {
        let keys = try ["one", "two", "three"].map { try successor($0) }
        let seen = try [3, 9, 9, 14].map { try Checkpoint(wire: signedHead(all[..<$0])).text }
        func story(_ mirror: Mirror, _ told: inout Int) throws {
            for (index, signer) in keys.enumerated() {
                try mirror.advance(
                    to: signer.sign(seen[index + 1]).encode(), signedBy: signer.verifierKey,
                    cosignedAt: UInt64(index + 2), fetch: serving(all))
                told = index + 1
            }
        }
        let start = FaultyFileSystem()
        let first = try cosigning(start, isNew: true)
        try first.advance(to: signedHead(all[..<3]), cosignedAt: 1, fetch: serving(all))
        let order = [try signer(logOrigin).verifierKey] + keys.map(\.verifierKey)
        for step in 0..<100 {
            let disk = start.copy()
            let mirror = try cosigning(disk)
            disk.crash(at: step, mode: mode)
            var told = 0
            let refusal = code { try story(mirror, &told) }
            disk.restart()
            let again = try cosigning(disk)
            let now = try #require(order.firstIndex(of: again.logKey))
            #expect(now == told || now == told + 1)
            #expect(again.head.text == seen[now])
            #expect(try times(again) == [now == 2 ? 2 : UInt64(now + 1)])
            for index in now..<keys.count {
                try again.advance(
                    to: keys[index].sign(seen[index + 1]).encode(),
                    signedBy: keys[index].verifierKey, fetch: serving(all))
            }
            #expect(try cosigning(disk).logKey == order[3])
            guard refusal != nil else { return }
            #expect(refusal == "disk-crashed")
        }
        Issue.record("the story has more steps than were tried")
    }
}

extension Checkpoint {
    /// What a note says, unverified: for tests that made it.
    fileprivate init(wire: [UInt8]) throws {
        try self.init(text: Note(wire: wire).text)
    }
}
