import Disk
import Foundation
import Ledger
import Secrets
import TestSupport
import Testing

let logOrigin = "example.org/vault.demo"

func created(_ disk: any FileSystem) throws -> Log {
    try Log.create(at: "/log", origin: logOrigin, signer: signer(logOrigin), fileSystem: disk)
}

func opened(_ disk: any FileSystem) throws -> Log {
    try Log.open(at: "/log", origin: logOrigin, signer: signer(logOrigin), fileSystem: disk)
}

/// What anybody may ask of a log, recomputed from its bytes alone; returns its checkpoint.
@discardableResult
func auditLog(_ log: Log, holds entries: [[UInt8]]) throws -> Checkpoint {
    let key = try signer(logOrigin).verifierKey
    let (head, _) = try Checkpoint.verified(log.checkpoint, origin: logOrigin, key: key)
    #expect(head == log.head)
    #expect(head.size == UInt64(entries.count))
    #expect(head.root == naiveRoot(entries[...]))
    #expect(try log.entries(0..<head.size) == entries)
    for index in stride(from: 0, to: head.size, by: max(1, Int(head.size) / 3)) {
        try Merkle.verifyInclusion(
            leafHash: Merkle.leafHash(log.entry(at: index)), index: index, size: head.size,
            proof: log.inclusionProof(of: index), root: head.root)
    }
    return head
}

/// The folder of a log of 12 entries in three batches.
func sampleLog(_ disk: any FileSystem) throws -> [[UInt8]] {
    let log = try created(disk)
    let all = entries(0..<12)
    _ = try log.append(Array(all[..<3]))
    _ = try log.append([all[3]])
    _ = try log.append(Array(all[4...]))
    return all
}

@Suite struct LogTests {
    @Test func aLogGrowsAndIsReadAgain() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        #expect(log.size == 0)
        #expect(log.head.root == Merkle.emptyRoot)
        let all = entries(0..<300)
        var heads = [log.head]
        for (count, range) in [0..<1, 1..<2, 2..<7, 7..<300].enumerated() {
            let indexes = try log.append(Array(all[range]))
            #expect(indexes == UInt64(range.lowerBound)..<UInt64(range.upperBound))
            heads.append(try auditLog(log, holds: Array(all[..<range.upperBound])))
            #expect(heads.count == count + 2)
        }
        let again = try opened(disk)
        try auditLog(again, holds: all)
        #expect(again.checkpoint == log.checkpoint, "the same text has the same signature")
        for old in heads.dropFirst() {
            for new in heads where new.size >= old.size {
                try Merkle.verifyConsistency(
                    oldSize: old.size, oldRoot: old.root, size: new.size, root: new.root,
                    proof: again.consistencyProof(from: old.size, to: new.size))
            }
        }
    }

    @Test func anEntryMayBeEmptyAndHave65535Bytes() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        let largest = [UInt8](repeating: 0xa5, count: 65_535)
        let all = [[], largest, [1], largest, []]
        _ = try log.append(all)
        #expect(code { _ = try log.append([[1], largest + [0]]) } == "entry-size")
        try auditLog(log, holds: all)
        _ = try log.append([[2]])
        try auditLog(opened(disk), holds: all + [[2]])
    }

    @Test func anEmptyBatchCostsNothing() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        let before = disk.operations
        #expect(try log.append([]) == 0..<0)
        #expect(disk.operations == before)
    }

    @Test func aBatchOfAnySizeCostsTheSameRound() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        var costs: Set<Int> = []
        for count in [1, 10, 300, 1000] {
            let before = disk.synchronizations
            _ = try log.append(entries(0..<count))
            costs.insert(disk.synchronizations - before)
        }
        // the journal; the checkpoint's file and its folder
        #expect(costs == [3])
        _ = try log.append([[1]])
        let before = disk.operations
        _ = try log.append([[2]])
        // write, synchronize; bundle, tile; remove, create, synchronize, rename, synchronize
        #expect(disk.operations - before == 9)
    }

    @Test func creatingAndOpeningAreTwoThings() throws {
        let disk = FaultyFileSystem()
        #expect(code { _ = try opened(disk) } == "log-missing")
        #expect(disk.image.isEmpty, "opening makes nothing")
        _ = try sampleLog(disk)
        let image = disk.image
        #expect(code { _ = try created(disk) } == "log-exists")
        #expect(disk.image == image)
        disk.tamper("/log/journal") { _ in }
        try disk.remove("/log/public/checkpoint")
        #expect(code { _ = try created(disk) } == "journal-exists", "entries are never overwritten")
    }

    @Test func anothersLogIsNotOpened() throws {
        let disk = FaultyFileSystem()
        _ = try sampleLog(disk)
        let image = disk.image
        let stranger = try signer("stranger.example")
        #expect(
            code {
                _ = try Log.open(
                    at: "/log", origin: logOrigin, signer: stranger, fileSystem: disk)
            } == "checkpoint-unsigned")
        #expect(
            code {
                _ = try Log.open(
                    at: "/log", origin: "other.example", signer: signer(logOrigin),
                    fileSystem: disk)
            } == "checkpoint-origin")
        #expect(disk.image == image)
    }

    @Test func rangesBeyondTheHeadAreRefused() throws {
        let disk = FaultyFileSystem()
        let all = try sampleLog(disk)
        let log = try opened(disk)
        #expect(code { _ = try log.entry(at: 12) } == "entry-missing")
        #expect(code { _ = try log.entries(11..<13) } == "entry-missing")
        #expect(code { _ = try log.inclusionProof(of: 12) } == "proof-range")
        #expect(code { _ = try log.inclusionProof(of: 1, size: 13) } == "proof-range")
        #expect(code { _ = try log.consistencyProof(from: 1, to: 13) } == "proof-range")
        #expect(try log.entries(12..<12).isEmpty)
        #expect(try log.entries(3..<5) == Array(all[3..<5]))
    }

    @Test func aChangedByteAnywhereIsDamage() throws {
        let disk = FaultyFileSystem()
        _ = try sampleLog(disk)
        let size = try disk.read("/log/journal").count
        for index in 0..<size {
            let copy = disk.copy()
            copy.tamper("/log/journal") { $0[index] ^= 0x10 }
            let image = copy.image
            let refusal = code { _ = try opened(copy) }
            #expect(["log-damaged", "journal-damaged"].contains(refusal), "byte \(index)")
            #expect(copy.image == image, "damage is left as it is")
        }
        for length in 0..<size {
            let copy = disk.copy()
            copy.tamper("/log/journal") { $0.removeLast(size - length) }
            let refusal = code { _ = try opened(copy) }
            #expect(["log-damaged", "journal-damaged"].contains(refusal), "length \(length)")
        }
        let wire = try disk.read("/log/public/checkpoint")
        for index in wire.indices {
            let copy = disk.copy()
            copy.tamper("/log/public/checkpoint") { $0[index] ^= 1 }
            #expect(code { _ = try opened(copy) } != nil, "checkpoint byte \(index)")
        }
    }

    @Test func aTailThatNobodyWasToldOfIsCutOff() throws {
        let disk = FaultyFileSystem()
        let all = try sampleLog(disk)
        let good = try disk.read("/log/journal")
        let zeros = [UInt8](repeating: 0, count: 100)
        // Zeros, half an entry, a whole entry without a seal, a seal that does not hold.
        let tails: [[UInt8]] = [
            zeros, [1, 0, 9, 1], [1, 0, 1, 9], [2] + Array(zeros[..<40]), [2], [1], [9],
        ]
        for tail in tails {
            let copy = disk.copy()
            copy.tamper("/log/journal") { $0 += tail }
            let log = try opened(copy)
            #expect(try copy.read("/log/journal") == good)
            _ = try log.append([[1, 2, 3]])
            try auditLog(opened(copy), holds: all + [[1, 2, 3]])
        }
    }

    @Test func anEntryChangedUnderAnOpenLogIsNotServed() throws {
        let disk = FaultyFileSystem()
        let all = try sampleLog(disk)
        let log = try opened(disk)
        disk.tamper("/log/journal") { journal in
            let last = all[11]
            for start in 0...(journal.count - last.count)
            where Array(journal[start..<(start + last.count)]) == last { journal[start] ^= 1 }
        }
        #expect(code { _ = try log.entry(at: 11) } == "entry-damaged")
        #expect(try log.entry(at: 10) == all[10])
    }

    @Test func twoWritersAreNoticed() throws {
        let disk = FaultyFileSystem()
        _ = try sampleLog(disk)
        let (one, two) = (try opened(disk), try opened(disk))
        _ = try one.append([[1]])
        #expect(code { _ = try two.append([[2]]) } == "journal-changed")
        #expect(code { _ = try two.append([[2]]) } == "log-stopped")
        _ = try one.append([[3]])
        #expect(try opened(disk).entries(12..<14) == [[1], [3]])
    }

    @Test func itRunsOnTheMachinesOwnFiles() throws {
        let folder = "/tmp/ledger-\(SystemRandom().bytes(8).map { String($0) }.joined())"
        let disk = POSIXFileSystem()
        let key = try signer(logOrigin)
        let log = try Log.create(
            at: folder + "/log", origin: logOrigin, signer: key, fileSystem: disk)
        let all = entries(0..<700)
        _ = try log.append(Array(all[..<5]))
        _ = try log.append(Array(all[5...]))
        try auditLog(log, holds: all)
        let again = try Log.open(
            at: folder + "/log", origin: logOrigin, signer: key, fileSystem: disk)
        try auditLog(again, holds: all)
        try FileManager.default.removeItem(atPath: folder)
    }
}
