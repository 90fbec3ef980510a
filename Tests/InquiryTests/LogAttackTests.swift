import Bytes
import Disk
import Foundation
import Ledger
import Plates
import Secrets
import Testing
import Warrants

@testable import Inquiry

/// Attacks on the log as a log, each caught by an audit of its public files, with its code.
struct LogAttackTests {
    @Test func anHonestLogIsClean() throws {
        let village = try Village()
        defer { village.close() }
        let log = try village.publish()
        let mirror = try village.publish(as: "clerk", cosigned: ["clerk"])
        let report = try village.audit(log, mirrors: [mirror])
        #expect(report.codes.isEmpty && report.isClean, "\(report.findings)")
        let state = try #require(report.log)
        #expect(state.size == UInt64(village.entries.count) && state.cosigned == state.size)
        #expect(state.cosignatures.map(\.custodian) == Village.words && state.quorum == 2)
        #expect(state.mirrors.map(\.verdict) == ["equal"] && state.mirrors[0].name == "clerk")
        // The same with the roster itself as what is trusted.
        let result = try LogAudit(
            village.tiles(log), trusting: .roster(village.roster), at: Village.now, lanes: 1
        ).run()
        #expect(result.report.entries == report.entries && result.report.isClean)
    }

    @Test func aForkIsShownToTwoCustodians() throws {
        let village = try Village()
        defer { village.close() }
        let log = try village.publish(cosigned: ["audit"])
        // The same number of entries, one of them another; and more, and fewer.
        for (name, count) in [("equal", 0), ("more", 2), ("fewer", -40)] {
            var other = village.entries
            let gone = other.remove(at: 100)
            if count < 0 { other.removeLast(-count) } else { other.append(gone) }
            for extra in 0..<max(0, count) { other.append(Array("extra \(extra)".utf8)) }
            let fork = try village.publish(as: name, other, cosigned: ["clerk"])
            let report = try village.audit(log, mirrors: [fork])
            let found = report.findings.filter { $0.code == "log-forked" }
            #expect(found.count == 1 && found[0].isFault && !report.isClean)
            #expect(found[0].sentence.hasSuffix("cosigned by clerk"))
            // The finding carries both notes: whoever has the log's key can check them.
            let notes = try #require(found[0].evidence).map { try Note(wire: Array($0.utf8)) }
            let key = village.roster.logKey
            #expect(notes.count == 2 && notes.allSatisfy { $0.isSigned(by: key) })
            #expect(report.log?.mirrors.map(\.verdict) == ["forked"])
            #expect(report.log?.cosignatures.map(\.custodian) == ["audit"])
        }
    }

    @Test func theLogIsRolledBack() throws {
        let village = try Village()
        defer { village.close() }
        let mirror = try village.publish(as: "clerk", cosigned: ["clerk"])
        let rolled = try village.publish(Array(village.entries.dropLast(5)))
        let report = try village.audit(rolled, mirrors: [mirror])
        #expect(report.codes.contains("log-rolled-back") && !report.isClean)
        #expect(report.log?.mirrors.map(\.verdict) == ["ahead"])
        // Without a custodian's word it is only worth knowing.
        let alone = try village.publish(as: "nobody", cosigned: [])
        let other = try village.audit(rolled, mirrors: [alone])
        #expect(other.codes.contains("mirror-ahead") && other.isClean)
    }

    @Test func aMirrorThatIsBehindIsNamedWithSizes() throws {
        let village = try Village()
        defer { village.close() }
        let log = try village.publish()
        let behind = try village.publish(
            as: "clerk", Array(village.entries.dropLast(7)), cosigned: ["clerk"])
        let report = try village.audit(log, mirrors: [behind, village.folder + "/none/public"])
        #expect(report.codes == ["mirror-behind", "mirror-unreadable"] && report.isClean)
        let (all, fewer) = (village.entries.count, village.entries.count - 7)
        #expect(report.findings[0].sentence == "the mirror clerk has \(fewer) of \(all) entries")
    }

    /// Somebody who cannot sign for the log changes what is served.
    @Test func anEntryIsChangedDroppedReorderedOrDuplicated() throws {
        let village = try Village()
        defer { village.close() }
        let log = try village.publish()
        let path = log + "/tile/entries/000"
        let bundle = try village.disk.read(path)
        let entries = try EntryBundle.decode(bundle, count: 256)
        var changed = entries
        changed[77][40] ^= 1
        var reordered = entries
        reordered.swapAt(70, 71)
        var duplicated = entries
        duplicated[71] = duplicated[70]
        var dropped = entries
        dropped.remove(at: 70)
        let cases: [(String, [[UInt8]], String)] = [
            ("changed", changed, "entry-damaged"), ("reordered", reordered, "entry-damaged"),
            ("duplicated", duplicated, "entry-damaged"), ("dropped", dropped, "tile-form"),
        ]
        for (name, tampered, expected) in cases {
            try village.disk.replace(path, try EntryBundle.encode(tampered))
            // Entry 0 is in this bundle: the audit cannot even begin.
            #expect(code { _ = try village.audit(log) } == expected, "\(name)")
        }
        try village.disk.replace(path, bundle)
        // The same in a later bundle: a finding that names the place, and what came before it.
        let later = log + "/tile/entries/001.p/\(village.entries.count - 256)"
        var tail = try EntryBundle.decode(
            try village.disk.read(later), count: village.entries.count - 256)
        tail[20][40] ^= 1
        try village.disk.replace(later, try EntryBundle.encode(tail))
        let report = try village.audit(log)
        let found = try #require(report.findings.first { $0.code == "entry-damaged" })
        #expect(found.isFault && found.index == 256 && found.sentence.contains("entry 276"))
        #expect(report.entries == 256)
        #expect(!report.codes.contains("cell-unknown"), "nobody is blamed for what was not read")
    }

    /// The operator does it, and signs the new tree: what mirrors hold shows it.
    @Test func theOperatorChangesDropsReordersOrDuplicates() throws {
        let village = try Village()
        defer { village.close() }
        let mirror = try village.publish(as: "clerk", cosigned: ["clerk"])
        var changed = village.entries
        changed[77] = Array("another".utf8)
        var reordered = village.entries
        reordered.swapAt(70, 71)
        var duplicated = village.entries
        duplicated.insert(duplicated[70], at: 71)
        var dropped = village.entries
        dropped.remove(at: 70)
        for (name, tampered, also) in [
            ("changed", changed, ["statement-malformed"]), ("reordered", reordered, []),
            ("duplicated", duplicated, ["statement-repeated"]), ("dropped", dropped, []),
        ] {
            let log = try village.publish(as: name, tampered, cosigned: [])
            let codes = try village.audit(log, mirrors: [mirror]).findings
                .filter(\.isFault).map(\.code)
            #expect(Set(codes) == Set(also + ["log-forked"]), "\(name)")
        }
    }

    @Test func tilesAreDamaged() throws {
        let village = try Village()
        defer { village.close() }
        let log = try village.publish()
        let count = village.entries.count
        for path in ["tile/0/000", "tile/0/001.p/\(count - 256)", "tile/1/000.p/1"] {
            let file = log + "/" + path
            let bytes = try village.disk.read(file)
            for damage in [0, bytes.count / 2, bytes.count - 1] {
                var other = bytes
                other[damage] ^= 1
                try village.disk.replace(file, other)
                #expect(code { _ = try village.audit(log) } == "tile-wrong")
            }
            try village.disk.replace(file, Array(bytes.dropLast()))
            #expect(code { _ = try village.audit(log) } == "tile-form")
            try village.disk.remove(file)
            #expect(code { _ = try village.audit(log) } == "tile-missing")
            try village.disk.replace(file, bytes)
        }
        #expect(try village.audit(log).isClean)
        try village.disk.replace(log + "/checkpoint", Array("nonsense\n".utf8))
        #expect(code { _ = try village.audit(log) } == "note-form")
    }

    @Test func aCheckpointIsFromTheFuture() throws {
        let village = try Village()
        defer { village.close() }
        let late = Village.now.adding(seconds: 121)
        let log = try village.publish(cosigned: ["clerk"], at: late)
        let codes = try village.audit(log).codes
        #expect(codes == ["checkpoint-future", "quorum-missing"])
        #expect(try village.audit(log, at: late.adding(seconds: -120)).isClean)
    }

    /// Custodians cosign while an auditor waits for mirrors that do not answer.
    @Test func whatIsCosignedWhileItAsksIsNotFromTheFuture() throws {
        let village = try Village()
        defer { village.close() }
        let log = try village.publish(cosigned: ["clerk"], at: Village.now.adding(seconds: 240))
        for (waited, codes) in [
            (119, ["checkpoint-future", "quorum-missing"]), (120, ["quorum-missing"]),
        ] {
            var audit = try village.auditing(log)
            audit.passed = { _ in .seconds(waited) }
            #expect(try audit.run().report.codes == codes)
        }
    }

    @Test func strangersAndForgersCosign() throws {
        let village = try Village()
        defer { village.close() }
        let log = try village.publish(cosigned: ["clerk", "stranger"])
        let report = try village.audit(log)
        let foreign = try #require(report.findings.first { $0.code == "cosignature-foreign" })
        #expect(!foreign.isFault && foreign.sentence.contains("\(Village.origin)/stranger"))
        #expect(report.log?.cosigned == 0, "one of two that are needed")
        #expect(report.codes.contains("quorum-missing"))
        // A line under a custodian's name and key that its key did not make.
        let note = try Note(wire: try village.disk.read(log + "/checkpoint"))
        let line = try #require(note.signatures.first { $0.name.hasSuffix("/clerk") })
        var forged = line.signature
        forged[20] ^= 1
        let bad = try NoteSignature(name: line.name, keyID: line.keyID, signature: forged)
        try village.disk.replace(log + "/checkpoint", try note.adding([bad]).encode())
        let wrong = try village.audit(log)
        #expect(wrong.codes.contains("cosignature-wrong") && !wrong.isClean)
        #expect(wrong.log?.cosignatures.isEmpty == true)
    }

    @Test func theCheckpointIsNotTheLogs() throws {
        let village = try Village()
        defer { village.close() }
        let log = try village.publish(key: "log of another")
        let report = try village.audit(log)
        #expect(report.findings.filter(\.isFault).map(\.code) == ["checkpoint-unsigned"])
        let honest = try village.publish(as: "honest")
        let mirror = try village.audit(honest, mirrors: [log])
        #expect(mirror.codes == ["mirror-unsigned"] && !mirror.isClean)
    }

    @Test func theLogBeginsWithAnotherRoster() throws {
        let village = try Village(hours: 3)
        let other = try Village(hours: 3, named: "Other Street")
        defer {
            village.close()
            other.close()
        }
        let log = try other.publish()
        #expect(code { _ = try village.audit(log) } == "roster-missing")
        #expect(
            code { _ = try village.audit(try village.publish(as: "none", [])) } == "roster-missing")
    }
}

/// A log that goes on under another key.
struct SuccessionAuditTests {
    private func successor(
        _ village: Village, of entries: [[UInt8]], root: Digest? = nil
    ) throws -> [UInt8] {
        let body = SuccessorBody(
            logKey: PartyKey(try Village.key("log two").verifyingKey),
            root: root ?? Merkle.root(of: entries.map { Merkle.leafHash($0) }),
            size: UInt64(entries.count), time: Village.now)
        return try village.roster.signed(
            body, together: ["audit", "clerk"].map { try Village.signer($0) })
    }

    @Test func anHonestSuccessorGoesOn() throws {
        let village = try Village()
        defer { village.close() }
        let old = try village.publish(as: "clerk", cosigned: ["clerk"])
        let entries = village.entries + [try successor(village, of: village.entries)]
        let log = try village.publish(entries, key: "log two")
        let report = try village.audit(log, mirrors: [old])
        // The old key's checkpoint is the beginning of the new tree.
        #expect(report.codes == ["log-succeeded", "mirror-behind"] && report.isClean)
        // The old key signs for the log no more.
        let stolen = try village.publish(as: "stolen", entries)
        #expect(try village.audit(stolen).codes.contains("checkpoint-unsigned"))
    }

    @Test func oneThatDropsEntriesIsAFork() throws {
        let village = try Village()
        defer { village.close() }
        let old = try village.publish(as: "clerk", cosigned: ["clerk"])
        let kept = Array(village.entries.dropLast(3))
        let log = try village.publish(kept + [try successor(village, of: kept)], key: "log two")
        let report = try village.audit(log, mirrors: [old])
        #expect(report.codes.contains("log-forked") && !report.isClean)
    }

    @Test func oneThatNamesAnotherRootIsFound() throws {
        let village = try Village()
        defer { village.close() }
        let entries =
            village.entries + [try successor(village, of: village.entries, root: Digest(of: [9]))]
        let report = try village.audit(try village.publish(entries, key: "log two"))
        let found = report.findings.filter(\.isFault)
        #expect(found.map(\.code) == ["successor-root"])
        #expect(found[0].index == UInt64(village.entries.count))
    }
}
