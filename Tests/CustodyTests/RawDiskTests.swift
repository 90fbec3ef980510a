import Disk
import Foundation
import Plates
import Secrets
import TestSupport
import Testing
import Tokens
import Warrants
import Wire

@testable import Custody

/// A file-system image in a file, mounted, with a custodian's folder on it.
private struct Image {
    let folder: String
    var file: String { folder + "/image" }
    var mount: String { folder + "/mount" }

    /// A command of the system, which must succeed.
    static func run(_ command: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(command: command) }
    }

    struct Failed: Error { let command: [String] }

    static func isThere(_ command: String) -> Bool {
        ["/usr/sbin/", "/usr/bin/", "/sbin/"].contains {
            FileManager.default.isExecutableFile(atPath: $0 + command)
        }
    }

    init(_ kind: String, megabytes: Int) throws {
        folder = NSTemporaryDirectory() + "platevault-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: mount, withIntermediateDirectories: true)
        try Self.run("truncate", "-s", "\(megabytes)M", file)
        try Self.run("mkfs.\(kind)", file)
        try Self.run("mount", "-o", "loop", file, mount)
    }

    /// How often some bytes stand in the raw image, whatever the file system says of it.
    func count(_ needle: [UInt8]) throws -> Int {
        try Self.run("sync", "-f", mount)
        let raw = try Data(contentsOf: URL(fileURLWithPath: file), options: .alwaysMapped)
        var (count, from) = (0, raw.startIndex)
        while let found = raw.range(of: Data(needle), in: from..<raw.endIndex) {
            count += 1
            from = found.upperBound
        }
        return count
    }

    func unmount() throws { try Self.run("umount", mount) }

    func remove() {
        try? unmount()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// What is destroyed is not on the disk either, below every file: seen on raw images. Mounting needs
/// root; a machine that must do without says so with `PLATEVAULT_NO_MOUNT=1`.
@Suite(
    .serialized,
    .disabled(if: ProcessInfo.processInfo.environment["PLATEVAULT_NO_MOUNT"] == "1"))
struct RawDiskTests {
    /// A town whose clerk lives on the image.
    private func town(_ image: Image) throws -> Town {
        let town = try Town()
        let usual = try town.setting("clerk")
        let setting = CustodianSetting(
            folder: image.mount + "/clerk", roster: usual.roster, custodian: usual.custodian,
            signer: usual.signer, cosigner: usual.cosigner, clock: usual.clock,
            vault: usual.vault, mirrors: usual.mirrors, disk: POSIXFileSystem(),
            random: SystemRandom())
        town.custodians["clerk"] = try Custodian.create(setting, confirmed: town.clock.wall)
        try town.found()
        return town
    }

    /// The root keys in the slot now.
    private func rootKeys(_ image: Image) throws -> [[UInt8]] {
        let slot = Slot(path: image.mount + "/clerk/slot", disk: POSIXFileSystem())
        return try slot.cells().map { try $0.key.bytes.openBytes(0..<32) }
    }

    /// The chains that a custodian holds, 32 bytes each, and the day keys that follow from them.
    private func values(_ clerk: Custody.Custodian) throws -> [[UInt8]] {
        let share = try #require(clerk.state.shares.first)
        let box = try #require(share.chains)
        let count = try share.open().masks.count
        var values: [[UInt8]] = []
        for place in 0..<count {
            let end = box.bytes.count - 32 * (count - place - 1)
            let chain = try box.bytes.copy((end - 32)..<end)
            values.append(try chain.openBytes(0..<32))
            values.append(HMACSHA256.open(Array("platevault/day-key/v1".utf8), key: chain))
        }
        return values
    }

    /// Makes a day die on an image, and looks at its raw bytes before and after.
    private func destroys(on kind: String, megabytes: Int) throws {
        let image = try Image(kind, megabytes: megabytes)
        defer { image.remove() }
        let town = try town(image)
        let clerk = try town.custodian("clerk")
        #expect(try Slot.overwriting.contains(POSIXFileSystem().kind(image.mount)))

        var keys: Set<[UInt8]> = []
        town.pass(hours: 12 + 29 * 24 - 1)
        for _ in 0..<3 {
            try town.tick()
            keys.formUnion(try rootKeys(image))
            town.pass(minutes: 10)
        }
        // Prepared: two keys. The scan finds what is there, and the state only as it is sealed.
        let prepared = try rootKeys(image)
        #expect(prepared.count == 2)
        for key in prepared { #expect(try image.count(key) >= 1) }
        let sealed = try POSIXFileSystem().read(image.mount + "/clerk/state-a")
        #expect(try image.count(Array(sealed.prefix(512))) >= 1)
        let dead = try values(clerk)
        #expect(dead.count == 12)

        town.pass(minutes: 60)
        try town.tick()
        #expect(town.destroyed("clerk") == Town.today)
        let alive = try rootKeys(image)
        keys.formUnion(alive)
        #expect(alive.count == 1)
        try image.unmount()
        for key in keys.subtracting(alive) { #expect(try rawCount(image, key) == 0) }
        for value in dead { #expect(try rawCount(image, value) == 0) }
        for key in alive { #expect(try rawCount(image, key) >= 1) }
    }

    /// As `count`, of an image that is not mounted any more.
    private func rawCount(_ image: Image, _ needle: [UInt8]) throws -> Int {
        let raw = try Data(
            contentsOf: URL(fileURLWithPath: image.file), options: .alwaysMapped)
        return raw.range(of: Data(needle)) == nil ? 0 : 1
    }

    @Test func aDestroyedDayIsNotOnExt4() throws { try destroys(on: "ext4", megabytes: 64) }

    @Test(.enabled(if: Image.isThere("mkfs.xfs"), "this machine has no mkfs.xfs"))
    func aDestroyedDayIsNotOnXFS() throws { try destroys(on: "xfs", megabytes: 320) }

    @Test(.enabled(if: Image.isThere("mkfs.vfat"), "this machine has no mkfs.vfat"))
    func aDestroyedDayIsNotOnVFAT() throws { try destroys(on: "vfat", megabytes: 64) }

    @Test(.enabled(if: Image.isThere("mkfs.btrfs"), "this machine has no mkfs.btrfs"))
    func copyOnWriteIsRefused() throws {
        let image = try Image("btrfs", megabytes: 256)
        defer { image.remove() }
        #expect(throws: CustodyError(code: "slot-unerasable", sentence: "")) {
            try Slot.check(image.mount, .required, POSIXFileSystem())
        }
    }
}
