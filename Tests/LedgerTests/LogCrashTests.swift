import Ledger
import Secrets
import TestSupport
import Testing

/// A crash at every operation of a log's life, in every version of what the disk kept, and another
/// crash in the recovery; after each, everything that must be true of a log.
@Suite struct LogCrashTests {
    /// What the story's teller was told before the power went.
    private struct Told {
        var isCreated = false
        var acknowledged: [[UInt8]] = []
        var attempted: [[UInt8]] = []
        var checkpoints: [[UInt8]] = []
    }

    private let batches = [
        entries(0..<3), entries(3..<4), entries(4..<12), [[UInt8](repeating: 1, count: 700)],
    ]

    private func story(_ disk: FaultyFileSystem, _ told: inout Told) throws {
        var log = try created(disk)
        told.isCreated = true
        told.checkpoints.append(log.checkpoint)
        for (number, batch) in batches.enumerated() {
            if number == 2 { log = try opened(disk) }
            told.attempted = batch
            _ = try log.append(batch)
            told.acknowledged += batch
            told.attempted = []
            told.checkpoints.append(log.checkpoint)
        }
        _ = try opened(disk)
    }

    /// Opens what is left, or creates it where nobody had been told that it is there.
    private func recovered(_ disk: FaultyFileSystem, _ told: Told) throws -> Log {
        do { return try opened(disk) } catch let error as LedgerError {
            guard error.code == "log-missing", !told.isCreated else { throw error }
            return try created(disk)
        }
    }

    private func audit(_ disk: FaultyFileSystem, _ told: Told) throws {
        var log = try recovered(disk, told)
        let held = try log.entries(0..<log.size)
        let isWhole = held == told.acknowledged || held == told.acknowledged + told.attempted
        #expect(isWhole, "\(held.count) entries, \(told.acknowledged.count) were acknowledged")
        let published = try auditPublic(MemoryTiles(disk, "/log/public"), holds: held)
        #expect(published == log.head)
        for round in 0..<2 {
            _ = try log.append([[UInt8(round)], []])
            log = try opened(disk)
        }
        let all = held + [[0], [], [1], []]
        let head = try auditLog(log, holds: all)
        // Every checkpoint that was told, and every one that ever stood on the disk under a valid
        // signature, told or not, is a beginning of the log as it is now.
        let key = try signer(logOrigin).verifierKey
        let written = disk.history.filter { $0.path.hasPrefix("/log/public/checkpoint") }.map(
            \.bytes)
        var seen: Set<Checkpoint> = []
        for wire in Set(told.checkpoints + written) {
            guard let note = try? Note(wire: wire), note.isSigned(by: key) else { continue }
            seen.insert(try Checkpoint(text: note.text))
        }
        #expect(seen.count >= told.checkpoints.count)
        for old in seen {
            #expect(old.size <= head.size)
            #expect(naiveRoot(all[..<Int(old.size)]) == old.root)
            guard old.size > 0 else { continue }
            try Merkle.verifyConsistency(
                oldSize: old.size, oldRoot: old.root, size: head.size, root: head.root,
                proof: log.consistencyProof(from: old.size))
        }
        // And the public files serve every one of them.
        try auditPublic(MemoryTiles(disk, "/log/public"), holds: all, under: Array(seen))
    }

    private func operations() throws -> Int {
        let disk = FaultyFileSystem()
        var told = Told()
        try story(disk, &told)
        #expect(told.acknowledged.count == 13)
        return disk.operations
    }

    @Test(arguments: CrashMode.allCases)
    func aCrashAtEveryOperation(mode: CrashMode) throws {
        let seeds = mode == .lost || mode == .persisted ? 1 : 8
        let count = try operations()
        #expect(count > 40)
        for step in 0..<count {
            for seed in 0..<seeds {
                let disk = FaultyFileSystem(seed: "\(seed)")
                disk.crash(at: step, mode: mode)
                var told = Told()
                #expect(code { try story(disk, &told) } == "disk-crashed")
                disk.restart()
                try audit(disk, told)
            }
        }
    }

    @Test(arguments: CrashMode.allCases)
    func aCrashInTheRecoveryToo(mode: CrashMode) throws {
        for step in 0..<(try operations()) {
            for second in 0..<16 {
                let disk = FaultyFileSystem(seed: "\(second)")
                disk.crash(at: step, mode: mode)
                var told = Told()
                #expect(code { try story(disk, &told) } == "disk-crashed")
                disk.restart()
                disk.crash(at: second, mode: mode)
                let refusal = code { _ = try recovered(disk, told) }
                disk.restart()
                try audit(disk, told)
                if refusal == nil { break }
                #expect(refusal == "disk-crashed")
            }
        }
    }

    /// The batch that makes partial tiles full, and so removes some: what was published is served
    /// at every moment after a crash, and cosignatures that were taken are never lost.
    @Test(arguments: CrashMode.allCases)
    func aCrashWhereTilesBecomeFull(mode: CrashMode) throws {
        let start = FaultyFileSystem()
        let all = (0..<258).map { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let first = try created(start)
        var heads: [Checkpoint] = []
        for size in [3, 250, 255] {
            _ = try first.append(Array(all[Int(first.size)..<size]))
            heads.append(first.head)
        }
        let witness = try cosigner("witness.example")
        for step in 0..<100 {
            for seed in 0..<(mode == .torn || mode == .scattered ? 4 : 1) {
                let disk = start.copy(seed: "\(seed)")
                let log = try opened(disk)
                disk.crash(at: step, mode: mode)
                var (told, times) = (255, [] as [UInt64])
                let refusal = code {
                    for (index, size) in [256, 257, 258].enumerated() {
                        _ = try log.append(Array(all[Int(log.size)..<size]))
                        (told, times) = (size, [])
                        let line = try witness.cosign(log.head, at: UInt64(index + 1))
                        let note = try Note(text: log.head.text, signatures: [line])
                        #expect(try log.add(cosignatures: note))
                        times = [UInt64(index + 1)]
                    }
                }
                disk.restart()
                let again = try opened(disk)
                #expect(again.size == told || again.size == told + 1)
                let held = Array(all[..<Int(again.size)])
                try auditPublic(MemoryTiles(disk, "/log/public"), holds: held, under: heads)
                let found = try Note(wire: again.checkpoint)
                    .cosignatures(by: [witness.verifierKey]).map(\.time)
                if again.size == told, !times.isEmpty { #expect(found == times) }
                _ = try again.append(Array(all[Int(again.size)...]))
                try auditPublic(MemoryTiles(disk, "/log/public"), holds: all, under: heads)
                guard refusal != nil else { return }
                #expect(refusal == "disk-crashed")
            }
        }
        Issue.record("the story has more steps than were tried")
    }

    /// A disk that refuses once and goes on: the log says so, stops, and is whole when opened.
    @Test func aFailureAtEveryOperation() throws {
        for step in 0..<(try operations()) {
            let disk = FaultyFileSystem()
            disk.fail(at: step)
            var told = Told()
            #expect(code { try story(disk, &told) } == "disk-failed")
            try audit(disk, told)
        }
    }

    /// The program dies, the machine does not; it is started again, and then the power goes: what
    /// `open` found in memory only and signed must by then be on the disk.
    @Test func aPowerCutAfterTheProgramWasStartedAgain() throws {
        for step in 0..<(try operations()) {
            let disk = FaultyFileSystem()
            disk.fail(at: step)
            var told = Told()
            #expect(code { try story(disk, &told) } == "disk-failed")
            let log = try recovered(disk, told)
            told.isCreated = true
            told.checkpoints.append(log.checkpoint)
            told.acknowledged = try log.entries(0..<log.size)
            told.attempted = []
            disk.restart()
            try audit(disk, told)
        }
    }

    @Test func aStoppedLogTakesNothingMore() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        _ = try log.append([[1]])
        let before = log.checkpoint
        disk.fail(at: 1)
        #expect(code { _ = try log.append([[2]]) } == "disk-failed")
        #expect(code { _ = try log.append([[3]]) } == "log-stopped")
        #expect(log.checkpoint == before)
        #expect(log.size == 1)
        #expect(code { _ = try log.entry(at: 1) } == "entry-missing")
        #expect(code { _ = try log.inclusionProof(of: 1, size: 2) } == "proof-range")
        #expect(try log.entry(at: 0) == [1])
    }

    /// Recovered in place it is what opening it again gives, wherever the disk had failed.
    @Test func aStoppedLogGoesOnWhenTheDiskDoes() throws {
        var failures = 0
        for step in 1..<32 {
            let disk = FaultyFileSystem()
            let log = try created(disk)
            _ = try log.append([[1]])
            disk.fail(at: step)
            guard code({ _ = try log.append([[2]]) }) == "disk-failed" else { break }
            failures += 1
            #expect(log.size == 1)
            try log.recover()
            let size = log.size
            #expect(size == 1 || size == 2)
            if size == 2 { #expect(try log.entry(at: 1) == [2]) }
            #expect(try log.append([[3]]) == size..<(size + 1))
            #expect(try log.entry(at: size) == [3] && log.entry(at: 0) == [1])
            let again = try opened(disk)
            #expect(again.checkpoint == log.checkpoint)
        }
        #expect(failures > 3)
    }
}
