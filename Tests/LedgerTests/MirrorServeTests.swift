import Bytes
import Foundation
import Ledger
import Secrets
import Synchronization
import TestSupport
import Testing

private let hash = Digest(of: Array(logOrigin.utf8)).hex

private func serving(_ disk: FaultyFileSystem, isNew: Bool = false) throws -> Mirror {
    let open = isNew ? Mirror.create : Mirror.open
    return try open(
        "/mirror", logOrigin, signer(logOrigin).verifierKey, cosigner("mirror.example"), disk)
}

private func text(_ reply: TlogReply) -> String { String(decoding: reply.body, as: UTF8.self) }

/// tlog-mirror, over HTTP without HTTP.
@Suite struct MirrorServeTests {
    private let all = entries(0..<40) + (40..<900).map { [UInt8($0 & 255), UInt8($0 >> 8)] }

    private func log(_ size: Int) throws -> Log {
        let log = try created(FaultyFileSystem())
        _ = try log.append(Array(all[..<size]))
        return log
    }

    /// A mirror that holds the first 300 entries, cosigned at time 1, and a log of all 900.
    private func mirrored(_ disk: FaultyFileSystem = FaultyFileSystem()) throws -> (Mirror, Log) {
        let (mirror, log) = (try serving(disk, isNew: true), try log(300))
        _ = try push(log, mirror, at: 1)
        _ = try log.append(Array(all[300...]))
        return (mirror, log)
    }

    private func push(_ log: Log, _ mirror: Mirror, at time: UInt64) throws -> [NoteSignature] {
        try MirrorUpload(log).push(
            addCheckpoint: { mirror.addCheckpoint($0) },
            addEntries: { mirror.addEntries($0, cosignAt: time) })
    }

    @Test func aLogPushesItsEntries() throws {
        let disk = FaultyFileSystem()
        let (mirror, log) = (try serving(disk, isNew: true), try created(FaultyFileSystem()))
        let key = try #require(mirror.cosignerKey)
        for (time, range) in [0..<0, 0..<1, 1..<256, 256..<256, 256..<257, 257..<900].enumerated() {
            _ = try log.append(Array(all[range]))
            let lines = try push(log, mirror, at: UInt64(time + 1))
            let note = try Note(wire: log.checkpoint).adding(lines)
            // The same head again is answered with the cosignature that it has.
            let expected = range.isEmpty && time > 0 ? UInt64(time) : UInt64(time + 1)
            #expect(try note.cosignatures(by: [key]).map(\.time) == [expected])
            #expect(mirror.checkpoint == note.encode())
            #expect(try serving(disk).checkpoint == note.encode())
            try auditPublic(MemoryTiles(disk, mirrorPublic), holds: Array(all[..<range.upperBound]))
        }
    }

    @Test func aLargeLogIsPushedInPieces() throws {
        let (mirror, log) = (
            try serving(FaultyFileSystem(), isNew: true), try created(FaultyFileSystem())
        )
        _ = try log.append((0..<20_000).map { [UInt8($0 & 255), UInt8($0 >> 8)] })
        var (statuses, sizes) = ([] as [Int], [] as [Int])
        let lines = try MirrorUpload(log).push(
            addCheckpoint: { mirror.addCheckpoint($0) },
            addEntries: { body in
                let reply = mirror.addEntries(body, cosignAt: 5)
                statuses.append(reply.status)
                sizes.append(body.count)
                return reply
            })
        #expect(lines.map(\.name) == [logOrigin, "mirror.example"].suffix(1))
        #expect(statuses == [409, 202, 202, 200])
        #expect(mirror.size == 20_000)
        // Who would send much of it once more is told where to go on.
        let upload = try MirrorUpload(log)
        for (start, status) in [(20_000 - 8192 - 1, 409), (20_000 - 8192, 200)] {
            let body = try upload.entriesBody(from: UInt64(start), to: 20_000)
            let reply = mirror.addEntries(body, cosignAt: 6)
            // Of 33 packages 32 are sent at once: all of them are there, and some did not come.
            #expect(reply.status == (status == 200 ? 202 : status))
            #expect(text(reply) == "20000\n20000\n\n")
        }
        #expect(sizes.allSatisfy { $0 < 8192 * 4 + 32 * 64 * 32 })
    }

    @Test func addCheckpointKeepsToTheWitnessRules() throws {
        let disk = FaultyFileSystem()
        let mirror = try serving(disk, isNew: true)
        let first = mirror.addCheckpoint(try addCheckpoint(0, 5, of: all))
        #expect(first.status == 200)
        #expect(first.body.isEmpty, "a mirror does not sign what it does not hold")
        let before = disk.image
        // The pending checkpoint shows in the size that a wrong old one is answered with.
        func latest() -> UInt64? {
            guard let body = try? addCheckpoint(7, 9, of: all) else { return nil }
            return UInt64(text(mirror.addCheckpoint(body)).dropLast())
        }
        try expectWitnessRules(all, { mirror.addCheckpoint($0) }, latest: latest)
        #expect(disk.image == before)
        #expect(mirror.checkpoint == nil)
        #expect(mirror.resource("\(hash)/checkpoint").status == 404)
        #expect(disk.publicImage(under: "/").isEmpty, "what is pending is not published")
        let again = try serving(disk)
        #expect(again.addCheckpoint(try addCheckpoint(5, 9, of: all)).status == 200)
        #expect(text(again.addCheckpoint(try addCheckpoint(5, 9, of: all))) == "9\n")
    }

    @Test func addEntriesKeepsToTheSpecification() throws {
        let (mirror, log) = try mirrored()
        let upload = try MirrorUpload(log)
        func add(_ body: [UInt8]) -> TlogReply { mirror.addEntries(body, cosignAt: 2) }
        func expect(_ status: Int, _ body: [UInt8], _ info: String? = nil, _ what: Comment) {
            let reply = add(body)
            #expect(reply.status == status, what)
            guard let info else { return }
            #expect(text(reply) == info, what)
            #expect(reply.contentType == "text/x.tlog.mirror-info", what)
        }
        // 409: an end that is no pending checkpoint.
        expect(409, try upload.entriesBody(from: 300, to: 900), "300\n300\n\n", "not pending")
        expect(200, try upload.entriesBody(from: 300, to: 300), nil, "held already")
        #expect(mirror.addCheckpoint(try upload.checkpointBody(from: 300)).status == 200)
        expect(
            409, try upload.entriesBody(from: 300, to: 800), "900\n300\n\n", "not pending either")
        expect(409, try upload.entriesBody(from: 301, to: 900), "900\n300\n\n", "a gap")
        let good = try upload.entriesBody(from: 300, to: 900)
        // 404, 400
        expect(404, Array(good[..<2]) + [0x78] + good[3...], nil, "another log")
        for length in [0, 1, 10, 40, 60, 100] {
            expect(400, Array(good[..<length]), nil, "\(length)")
        }
        var backwards = good
        backwards.swapAt(2 + logOrigin.utf8.count + 7, 2 + logOrigin.utf8.count + 15)
        backwards.swapAt(2 + logOrigin.utf8.count + 6, 2 + logOrigin.utf8.count + 14)
        expect(400, backwards, nil, "ends before it starts")
        // 422: an entry, a proof, an order that is not the tree's.
        let body = 2 + logOrigin.utf8.count + 8 + 8 + 2
        for place in [body + 2, body + 3, body + 4 * 212 + 1, body + 4 * 212 + 33] {
            var wrong = good
            wrong[place] ^= 1
            expect(422, wrong, nil, "byte \(place)")
        }
        #expect(mirror.size == 300)
        expect(409, try upload.entriesBody(from: 301, to: 900), "900\n300\n\n", "nothing was kept")
        // 202: one whole package and a part; the client goes on from there.
        let first = body + 4 * 212 + 1 + 32 * Int(good[body + 4 * 212])
        expect(202, Array(good[..<(first + 50)]), "900\n512\n\n", "a part")
        expect(202, Array(good[..<first]), "900\n512\n\n", "the same again, all of it there")
        expect(400, Array(good[..<(first - 1)]), nil, "not even one")
        #expect(mirror.size == 300, "nothing is published before all of it is there")
        expect(200, try upload.entriesBody(from: 512, to: 900), nil, "the rest")
        #expect(mirror.size == 900)
        expect(
            409, try MirrorUpload(self.log(300)).entriesBody(from: 0, to: 300), "900\n900\n\n",
            "smaller")
        #expect(try mirror.entries(0..<900) == all)
    }

    @Test func whatIsSentTwiceIsKeptOnce() throws {
        let disk = FaultyFileSystem()
        let (mirror, log) = try mirrored(disk)
        let upload = try MirrorUpload(log)
        #expect(mirror.addCheckpoint(try upload.checkpointBody(from: 300)).status == 200)
        for start in [0, 255, 256, 299, 300] as [UInt64] {
            let copy = disk.copy()
            let again = try serving(copy)
            let reply = again.addEntries(try upload.entriesBody(from: start, to: 900), cosignAt: 2)
            #expect(reply.status == 200, "\(start)")
            #expect(try serving(copy).entries(0..<900) == all)
            try auditPublic(MemoryTiles(copy, mirrorPublic), holds: all)
        }
    }

    @Test func beforeAnyCheckpointThereIsNothingToAdd() throws {
        let mirror = try serving(FaultyFileSystem(), isNew: true)
        let upload = try MirrorUpload(log(5))
        #expect(
            mirror.addEntries(try upload.entriesBody(from: 0, to: 5), cosignAt: 1).status == 422)
        let plain = try createdMirror(FaultyFileSystem())
        #expect(plain.addCheckpoint(try upload.checkpointBody(from: 0)).status == 200)
        #expect(plain.addEntries(try upload.entriesBody(from: 0, to: 5), cosignAt: 1).status == 404)
    }

    /// The last pending checkpoints are accepted as ends, so that an upload survives the log's going
    /// on; the later one's entries are taken then.
    @Test func earlierPendingCheckpointsCount() throws {
        let (mirror, log) = (
            try serving(FaultyFileSystem(), isNew: true), try created(FaultyFileSystem())
        )
        var uploads: [MirrorUpload] = []
        for size in [10, 400, 700] {
            _ = try log.append(Array(all[Int(log.size)..<size]))
            uploads.append(try MirrorUpload(log))
            let old = uploads.count > 1 ? uploads[uploads.count - 2].head.size : 0
            #expect(
                mirror.addCheckpoint(try uploads[uploads.count - 1].checkpointBody(from: old))
                    .status == 200)
        }
        // The larger one is under way when the smaller ones are finished.
        let all700 = try uploads[2].entriesBody(from: 0, to: 700)
        #expect(mirror.addEntries(Array(all700.dropLast(500)), cosignAt: 1).status == 202)
        #expect(
            mirror.addEntries(try uploads[0].entriesBody(from: 0, to: 10), cosignAt: 1).status
                == 200)
        #expect(mirror.size == 10)
        #expect(
            mirror.addEntries(try uploads[1].entriesBody(from: 10, to: 400), cosignAt: 1).status
                == 200)
        #expect(
            mirror.addEntries(try uploads[0].entriesBody(from: 0, to: 10), cosignAt: 1).status
                == 409)
        #expect(
            mirror.addEntries(try uploads[2].entriesBody(from: 400, to: 700), cosignAt: 1).status
                == 200)
        #expect(try mirror.entries(0..<700) == Array(all[..<700]))
    }

    /// `advance` and uploads share one mirror: neither makes the other forget a fork.
    @Test func followingAndBeingFedAgree() throws {
        let (mirror, log) = try mirrored()
        let upload = try MirrorUpload(log)
        #expect(mirror.addCheckpoint(try upload.checkpointBody(from: 300)).status == 200)
        let body = try upload.entriesBody(from: 300, to: 900)
        #expect(mirror.addEntries(Array(body[..<2000]), cosignAt: 2).status == 202)
        var other = all
        other[500] = [9]
        #expect(
            code { try mirror.advance(to: signedHead(other), fetch: LedgerTests.serving(other)) }
                == "log-forked", "the log has signed another tree of this size")
        try mirror.advance(
            to: signedHead(all[..<600]), cosignedAt: 3, fetch: LedgerTests.serving(all))
        #expect(mirror.size == 600)
        #expect(mirror.addEntries(body, cosignAt: 4).status == 200)
        #expect(mirror.size == 900)
        #expect(mirror.addCheckpoint(try upload.checkpointBody(from: 900)).status == 200)
    }

    @Test func resourcesAreServedByTheirExactNames() throws {
        let (mirror, _) = try mirrored()
        let checkpoint = mirror.resource("\(hash)/checkpoint")
        #expect(checkpoint.body == mirror.checkpoint)
        #expect(checkpoint.contentType == "text/plain; charset=utf-8")
        let tile = mirror.resource("\(hash)/tile/0/001.p/44")
        #expect(tile.status == 200)
        #expect(tile.body.count == 44 * 32)
        #expect(tile.contentType == "application/octet-stream")
        #expect(mirror.resource("\(hash)/tile/entries/000").status == 200)
        for wrong in [
            "", "checkpoint", "\(hash)", "\(hash)/", "\(hash)/tile/0/002", "\(hash)/tile/0/0",
            "\(hash)/tile/0/000/", "\(hash)/tile/0/../0/000", "\(hash)/../../journal",
            "\(hash)/tile/00/000", "\(hash)/tile/0/x000/000", "\(hash)/tile/0/001.p/044",
            "\(hash)/tile/0/001.p/0", "\(hash)/tile/0/000.p/256", "\(hash)/tile/64/000",
            "\(hash)/tile//000", "\(hash)/checkpoint.new", "/\(hash)/checkpoint",
        ] { #expect(mirror.resource(wrong).status == 404, "\(wrong)") }
    }

    /// Several clients feed one mirror at once: it only grows, and ends whole.
    @Test func clientsAtOnceNeverRollBack() throws {
        let disk = FaultyFileSystem()
        let (mirror, log) = (try serving(disk, isNew: true), try created(FaultyFileSystem()))
        let failures = Mutex<[String]>([])
        var uploads: [MirrorUpload] = []
        for size in stride(from: 100, through: 900, by: 100) {
            _ = try log.append(Array(all[Int(log.size)..<size]))
            uploads.append(try MirrorUpload(log))
        }
        let pushed = uploads
        DispatchQueue.concurrentPerform(iterations: 3) { thread in
            for upload in pushed {
                do {
                    _ = try upload.push(
                        addCheckpoint: { mirror.addCheckpoint($0) },
                        addEntries: { mirror.addEntries($0, cosignAt: UInt64(thread + 1)) })
                } catch {
                    // Another client was faster.
                    let code = (error as? LedgerError)?.code
                    if code != "mirror-ahead" { failures.withLock { $0.append("\(error)") } }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try serving(disk).entries(0..<900) == all)
        let kept = try disk.history.filter {
            $0.path.hasPrefix(mirrorPublic + "/checkpoint") && !$0.path.hasSuffix(".new")
        }
        .map { try Checkpoint(text: Note(wire: $0.bytes).text).size }
        #expect(kept == kept.sorted())
        #expect(kept.last == 900)
        try auditPublic(MemoryTiles(disk, mirrorPublic), holds: all)
    }

    /// A crash at every step of an upload: what was answered stands, and all goes on.
    @Test(arguments: CrashMode.allCases)
    func aCrashAtEveryOperation(mode: CrashMode) throws {
        let small = Array(all[..<270])
        let log = try created(FaultyFileSystem())
        var uploads: [MirrorUpload] = []
        for size in [3, 255, 258, 270] {
            _ = try log.append(Array(small[Int(log.size)..<size]))
            uploads.append(try MirrorUpload(log))
        }
        let key = try cosigner("mirror.example").verifierKey
        let start = FaultyFileSystem()
        _ = try serving(start, isNew: true)
        for step in 0..<200 {
            let disk = start.copy(seed: "\(step)")
            let mirror = try serving(disk)
            disk.crash(at: step, mode: mode)
            var (pending, told, line) = (0 as UInt64, 0 as UInt64, nil as NoteSignature?)
            let refusal = code {
                for (index, upload) in uploads.dropLast().enumerated() {
                    let lines = try upload.push(
                        addCheckpoint: { body in
                            let reply = mirror.addCheckpoint(body)
                            if reply.status == 200 { pending = upload.head.size }
                            return reply
                        }, addEntries: { mirror.addEntries($0, cosignAt: UInt64(index + 1)) })
                    (told, line) = (upload.head.size, lines.first { $0.name == key.name })
                }
            }
            disk.restart()
            let again = try serving(disk)
            #expect(again.size >= told)
            if again.size == told, let line {
                #expect(try Note(wire: #require(again.checkpoint)).signatures.contains(line))
            }
            if again.size > 0 {
                let held = Array(small[..<Int(again.size)])
                try auditPublic(MemoryTiles(disk, mirrorPublic), holds: held)
            }
            // What was pending is not forgotten: the log could not go back below it.
            let reply = again.addCheckpoint(try addCheckpoint(1, 2, of: small))
            #expect(reply.status == 409)
            #expect(UInt64(text(reply).dropLast()) ?? 0 >= pending)
            _ = try uploads[3].push(
                addCheckpoint: { again.addCheckpoint($0) },
                addEntries: { again.addEntries($0, cosignAt: 9) })
            try auditPublic(MemoryTiles(disk, mirrorPublic), holds: small)
            guard refusal != nil else { return }
            #expect(refusal == "mirror-refused")
        }
        Issue.record("the story has more steps than were tried")
    }
}
