import Disk
import TestSupport
import Testing

/// The crash tests are worth what the disk under them is.
@Suite struct FaultyFileSystemTests {
    private func diskCode(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return (error as? DiskError)?.code }
        return nil
    }

    /// `/a` with durable content "old", then "new!" written over it without synchronizing.
    private func prepared(seed: String = "seed") throws -> FaultyFileSystem {
        let disk = FaultyFileSystem(seed: seed)
        try disk.create("/a", Array("old".utf8))
        try disk.synchronize("/a")
        try disk.synchronize("/")
        try disk.write("/a", at: 0, Array("new!".utf8))
        return disk
    }

    @Test func itBehavesAsFilesDo() throws {
        let disk = FaultyFileSystem(kind: "tmpfs")
        try disk.makeFolder("/one/two")
        try disk.create("/one/two/f", [1, 2, 3])
        try disk.write("/one/two/f", at: 5, [6])
        #expect(try disk.read("/one/two/f") == [1, 2, 3, 0, 0, 6])
        #expect(try disk.read("/one/two/f", at: 4, count: 9) == [0, 6])
        try disk.truncate("/one/two/f", to: 2)
        try disk.create("/one/two/g", [9])
        try disk.rename("/one/two/g", to: "/one/two/f")
        #expect(try disk.read("/one/two/f") == [9])
        #expect(try disk.size("/one/two/g") == nil)
        #expect(try disk.list("/one/two") == ["f"])
        #expect(try disk.list("/") == ["one"])
        #expect(try disk.kind("/one") == "tmpfs")
        try disk.remove("/one/two/f")
        try disk.remove("/one/two/f")
        #expect(diskCode { _ = try disk.read("/one/two/f") } == "file-missing")
        #expect(diskCode { try disk.write("/one/two/f", at: 0, []) } == "file-missing")
        #expect(diskCode { try disk.create("/three/f", []) } == "file-missing")
        #expect(diskCode { try disk.rename("/x", to: "/y") } == "file-missing")
        #expect(diskCode { try disk.synchronize("/x") } == "file-missing")
        #expect(diskCode { _ = try disk.list("/x") } == "file-missing")
        try disk.create("/h", [])
        #expect(diskCode { try disk.create("/h", []) } == "file-exists")
    }

    @Test func lostIsLostAndPersistedIsKept() throws {
        for (mode, content) in [(CrashMode.lost, "old"), (.persisted, "new!")] {
            let disk = try prepared()
            disk.crash(at: 0, mode: mode)
            #expect(diskCode { try disk.create("/b", [1]) } == "disk-crashed")
            #expect(diskCode { _ = try disk.read("/a") } == "disk-crashed")
            #expect(disk.isDown)
            disk.restart()
            #expect(try disk.read("/a") == Array(content.utf8))
            #expect(try disk.size("/b") == (mode == .lost ? nil : 1))
        }
    }

    @Test func theCountdownCountsChangesOnly() throws {
        let disk = try prepared()
        disk.crash(at: 2, mode: .lost)
        _ = try disk.read("/a")
        _ = try disk.list("/")
        try disk.synchronize("/a")
        try disk.write("/a", at: 0, [1])
        #expect(diskCode { try disk.synchronize("/a") } == "disk-crashed")
        disk.restart()
        #expect(try disk.read("/a") == Array("new!".utf8))
    }

    @Test func aNameIsDurableOnlyWithItsFolder() throws {
        let disk = FaultyFileSystem()
        try disk.create("/a", [1])
        try disk.synchronize("/a")
        disk.restart()
        #expect(try disk.size("/a") == nil)
        try disk.create("/a", [1])
        try disk.synchronize("/")
        disk.restart()
        #expect(try disk.read("/a") == [], "the name was durable, the content was not")
        try disk.create("/b", [2])
        try disk.synchronize("/b")
        try disk.rename("/b", to: "/a")
        #expect(try disk.read("/a") == [2])
        disk.restart()
        #expect(try disk.read("/a") == [])
        try disk.makeFolder("/f")
        try disk.create("/f/a", [1])
        try disk.synchronize("/f/a")
        try disk.synchronize("/f")
        disk.restart()
        #expect(try disk.size("/f/a") == nil, "a folder that was lost holds nothing")
    }

    @Test func removalIsDurableOnlyWithTheFolder() throws {
        let disk = try prepared()
        try disk.remove("/a")
        disk.restart()
        #expect(try disk.read("/a") == Array("old".utf8))
        try disk.remove("/a")
        try disk.synchronize("/")
        disk.restart()
        #expect(try disk.size("/a") == nil)
    }

    @Test func replaceLeavesTheOldOrTheNew() throws {
        for mode in CrashMode.allCases {
            for step in 0..<5 {
                for seed in 0..<8 {
                    let disk = try prepared(seed: "\(seed)")
                    try disk.synchronize("/a")
                    disk.crash(at: step, mode: mode)
                    #expect(
                        diskCode { try disk.replace("/a", Array("newest".utf8)) } == "disk-crashed")
                    disk.restart()
                    let content = String(decoding: try disk.read("/a"), as: UTF8.self)
                    #expect(["new!", "newest"].contains(content), "\(mode) \(step) \(seed)")
                    if mode == .persisted { #expect(content == (step < 3 ? "new!" : "newest")) }
                    if mode == .lost { #expect(content == "new!") }
                }
            }
        }
    }

    @Test func scatteredAndTornCrashesDiffer() throws {
        for (mode, wanted) in [
            (CrashMode.scattered, Set(["old", "new!"])),
            (.torn, ["old", "new!", "nld", "ned", "new", "n\0\0\0", "new\0"]),
        ] {
            var seen: Set<String> = []
            for seed in 0..<200 {
                let disk = try prepared(seed: "\(seed)")
                disk.crash(at: 0, mode: mode)
                #expect(throws: DiskError.self) { try disk.synchronize("/") }
                disk.restart()
                seen.insert(String(decoding: try disk.read("/a"), as: UTF8.self))
            }
            #expect(seen.isSuperset(of: wanted), "\(mode): \(seen)")
            if mode == .scattered { #expect(seen == wanted) }
        }
    }

    @Test func historyHoldsEveryContentThatEverWas() throws {
        let disk = try prepared()
        try disk.write("/a", at: 1, [0x2d])
        disk.restart()
        try disk.rename("/a", to: "/b")
        let contents = disk.history.map {
            "\($0.path) \(String(decoding: $0.bytes, as: UTF8.self))"
        }
        #expect(contents == ["/a ", "/a old", "/a new!", "/a n-w!", "/a old", "/b old"])
        #expect(disk.image == ["/b": Array("old".utf8)])
    }

    @Test func copiesGoTheirOwnWay() throws {
        let disk = try prepared()
        let copy = disk.copy()
        try copy.write("/a", at: 0, [0x58])
        #expect(try disk.read("/a") == Array("new!".utf8))
        copy.restart()
        #expect(try copy.read("/a") == Array("new!".utf8), "what was copied is durable there")
        disk.tamper("/a") { $0[0] = 0x2a }
        disk.restart()
        #expect(try disk.read("/a") == Array("*ew!".utf8))
    }

    @Test func aDiskMayFailAndGoOn() throws {
        let disk = try prepared()
        disk.fail(at: 1)
        try disk.synchronize("/a")
        #expect(diskCode { try disk.write("/a", at: 0, [0]) } == "disk-failed")
        #expect(try disk.read("/a") == Array("new!".utf8))
        try disk.write("/a", at: 0, [0x4e])
        #expect(try disk.read("/a") == Array("New!".utf8))
    }
}
