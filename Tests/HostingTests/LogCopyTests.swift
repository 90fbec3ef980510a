import Disk
import Foundation
import Ledger
import Secrets
import TestSupport
import Testing
import Warrants
import Wire

@testable import Hosting

/// Programs of one party that run at once.
struct LogCopyTests {
    @Test func eachHasACopyOfItsOwnAndTheNextFindsTheFirstAgain() throws {
        let disk = POSIXFileSystem()
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "platevault-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let roster = try SampleRoster.draft().roster(origin: SampleRoster.origin)
        func open() throws -> AnyObject {
            try LogCopy.open(in: folder, trusting: roster, disk: disk)
        }
        func copies() throws -> [String] {
            try disk.list(folder).filter { !$0.hasSuffix(".lock") }
        }
        var held = [try open()]
        #expect(try copies() == ["log-copy"])
        held.append(try open())
        #expect(try copies() == ["log-copy", "log-copy-2"])
        held.removeAll()
        for _ in 0..<4 { _ = try open() }
        #expect(try copies() == ["log-copy", "log-copy-2"])
        for _ in 0..<LogCopy.copies { held.append(try open()) }
        #expect(held.count == LogCopy.copies)
        do {
            _ = try open()
            Issue.record("one copy too many")
        } catch let error as HostingError {
            #expect(error.code == "folder-busy")
        }
    }

    /// A program that was killed while it made its copy left a folder without a journal.
    @Test func aCopyWhoseCreationWasCutOffIsMadeAnew() throws {
        let disk = FaultyFileSystem()
        let roster = try SampleRoster.draft().roster(origin: SampleRoster.origin)
        var steps = 0
        for step in 0..<40 {
            let folder = "/party-\(step)"
            disk.fail(at: step)
            let isMade = (try? LogCopy.open(in: folder, trusting: roster, disk: disk)) != nil
            disk.fail(at: nil)
            #expect(try LogCopy.open(in: folder, trusting: roster, disk: disk).mirror.size == 0)
            steps = step
            if isMade { break }
        }
        #expect(steps > 8 && steps < 39)
    }

    /// A copy that has lost its journal is not begun anew, as if it had accepted nothing.
    @Test func aCopyWithoutItsJournalIsRefused() throws {
        let (disk, roster) = (
            FaultyFileSystem(), try SampleRoster.draft().roster(origin: SampleRoster.origin)
        )
        let path = try LogCopy.open(in: "/party", trusting: roster, disk: disk).mirror.publicFolder
        try disk.create(path + "/checkpoint", [1])
        try disk.remove("/party/log-copy/journal")
        do {
            _ = try LogCopy.open(in: "/party", trusting: roster, disk: disk)
            Issue.record("a copy without its journal was opened")
        } catch let error as LedgerError {
            #expect(error.code == "journal-missing")
        }
    }
}

/// A folder is one program's.
struct ProgramLockTests {
    @Test func theSecondProgramIsRefusedUntilTheFirstHasEnded() throws {
        let disk = POSIXFileSystem()
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "platevault-\(UUID().uuidString)"
        ).path
        try disk.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var first: DiskLock? = try ProgramLock.take(folder, disk: disk, seconds: 0)
        do {
            _ = try ProgramLock.take(folder, disk: disk, seconds: 0)
            Issue.record("two programs in one folder")
        } catch {
            #expect(error.code == "already-running")
        }
        first = nil
        #expect(first == nil)
        _ = try ProgramLock.take(folder, disk: disk, seconds: 0)
        #expect(throws: HostingError.self) {
            try ProgramLock.take(folder + "/nowhere", disk: disk, seconds: 0)
        }
    }
}
