import Ledger
import Secrets
import TestSupport
import Testing

/// A crash at every operation of a mirror's life, as `LogCrashTests` has it for the log.
@Suite struct MirrorCrashTests {
    private struct Told {
        var isCreated = false
        var accepted: UInt64 = 0
        var attempted: UInt64 = 0
    }

    private static let all = entries(0..<20) + (20..<300).map { [UInt8($0 & 255)] }
    /// The checkpoints of the story, signed once.
    private static let heads = Result {
        try Dictionary(
            uniqueKeysWithValues: [3, 12, 13, 40, 270, 300].map {
                ($0, try signedHead(all[..<$0]))
            })
    }
    private var all: [[UInt8]] { Self.all }

    private func head(_ size: Int) throws -> [UInt8] {
        try #require(try Self.heads.get()[size])
    }

    private func advance(_ mirror: Mirror, _ size: Int, _ told: inout Told) throws {
        told.attempted = UInt64(size)
        try mirror.advance(to: head(size), fetch: serving(all))
        told.accepted = UInt64(size)
    }

    private func story(_ disk: FaultyFileSystem, _ told: inout Told) throws {
        var mirror = try createdMirror(disk)
        told.isCreated = true
        try advance(mirror, 3, &told)
        try advance(mirror, 12, &told)
        // A lie in between leaves nothing.
        #expect(throws: (any Error).self) {
            try mirror.advance(to: head(40)) {
                Array(repeating: [9], count: $0.count)
            }
        }
        mirror = try openedMirror(disk)
        try advance(mirror, 13, &told)
        try advance(mirror, 270, &told)
        _ = try openedMirror(disk)
    }

    private func recovered(_ disk: FaultyFileSystem, _ told: Told) throws -> Mirror {
        do { return try openedMirror(disk) } catch let error as LedgerError {
            guard error.code == "journal-missing", !told.isCreated else { throw error }
            return try createdMirror(disk)
        }
    }

    private func audit(_ disk: FaultyFileSystem, _ told: Told) throws {
        let mirror = try recovered(disk, told)
        let size = mirror.size
        #expect(size == told.accepted || size == told.attempted)
        #expect(try mirror.entries(0..<size) == Array(all[..<Int(size)]))
        if size > 0 {
            try auditPublic(MemoryTiles(disk, mirrorPublic), holds: Array(all[..<Int(size)]))
        }
        #expect(try mirror.checkpoint == (size == 0 ? nil : head(Int(size))))
        try mirror.advance(to: head(300), fetch: serving(all))
        let again = try openedMirror(disk)
        #expect(try again.entries(0..<300) == all)
        #expect(try again.checkpoint == head(300))
        let older = try [3, 12, 13].filter { $0 <= told.accepted }.map {
            try Checkpoint(text: Note(wire: head($0)).text)
        }
        try auditPublic(MemoryTiles(disk, mirrorPublic), holds: all, under: older)
    }

    private func operations() throws -> Int {
        let disk = FaultyFileSystem()
        var told = Told()
        try story(disk, &told)
        #expect(told.accepted == 270)
        return disk.operations
    }

    @Test(arguments: CrashMode.allCases)
    func aCrashAtEveryOperation(mode: CrashMode) throws {
        let seeds = mode == .lost || mode == .persisted ? 1 : 4
        for step in 0..<(try operations()) {
            for seed in 0..<seeds {
                let disk = FaultyFileSystem(seed: "\(seed)")
                disk.crash(at: step, mode: mode)
                var told = Told()
                _ = code { try story(disk, &told) }
                #expect(disk.isDown)
                disk.restart()
                // What the disk shows in the moment after, before anybody repairs it, must open.
                try audit(disk, told)
            }
        }
    }

    @Test(arguments: CrashMode.allCases)
    func aCrashInTheRecoveryToo(mode: CrashMode) throws {
        for step in 0..<(try operations()) {
            for second in 0..<10 {
                let disk = FaultyFileSystem(seed: "\(second)")
                disk.crash(at: step, mode: mode)
                var told = Told()
                _ = code { try story(disk, &told) }
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

    /// The program dies, the machine does not; what the mirror shows when it is started again stays
    /// when the power goes then.
    @Test func aPowerCutAfterTheProgramWasStartedAgain() throws {
        for step in 0..<(try operations()) {
            let disk = FaultyFileSystem()
            disk.fail(at: step)
            var told = Told()
            _ = code { try story(disk, &told) }
            let size = try recovered(disk, told).size
            disk.restart()
            told = Told(isCreated: true, accepted: size, attempted: size)
            try audit(disk, told)
        }
    }

    @Test func aFailedDiskStopsTheMirrorOrLeavesItWhole() throws {
        for step in 0..<9 {
            let disk = FaultyFileSystem()
            let mirror = try createdMirror(disk)
            try mirror.advance(to: head(3), fetch: serving(all))
            disk.fail(at: step)
            let failed = code {
                try mirror.advance(to: head(300), fetch: serving(all))
            }
            #expect(failed == "disk-failed")
            #expect(mirror.size == 3)
            #expect(code { _ = try mirror.entry(at: 3) } == "entry-missing")
            let after = code {
                try mirror.advance(to: head(300), fetch: serving(all))
            }
            #expect(after == nil || after == "mirror-stopped")
            // Recovered in place it is what opening it again gives.
            try mirror.recover()
            try mirror.advance(to: head(300), fetch: serving(all))
            #expect(try mirror.entries(0..<300) == all)
            let again = try openedMirror(disk)
            try again.advance(to: head(300), fetch: serving(all))
            #expect(try again.entries(0..<300) == all)
        }
    }
}
