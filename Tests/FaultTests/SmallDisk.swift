import Foundation
import Glibc

/// A folder on a file system of its own, an ext4 image, which can be filled up and freed again.
/// Mounting needs root.
final class SmallDisk {
    private let folder: String
    private let image: String
    private var filler: String { folder + "/filler" }

    /// Moves a folder onto an image of some megabytes. Throws the command that failed.
    init(under folder: String, megabytes: Int) throws {
        self.folder = folder
        image = folder + ".image"
        try Self.run("truncate", "-s", "\(megabytes)M", image)
        try Self.run("mkfs.ext4", "-q", "-m", "0", image)
        let aside = folder + ".aside"
        try FileManager.default.moveItem(atPath: folder, toPath: aside)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try Self.run("mount", "-o", "loop", image, folder)
        try Self.run("cp", "-a", aside + "/.", folder)
        try FileManager.default.removeItem(atPath: aside)
    }

    /// Takes all room that there is.
    func fill() throws {
        let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw TownFault("no filler: \(errno)") }
        defer { close(descriptor) }
        for size in [1 << 20, 1 << 12, 1] {
            let bytes = [UInt8](repeating: 0x46, count: size)
            while write(descriptor, bytes, size) == size {}
            guard errno == ENOSPC else { throw TownFault("the filler stopped: \(errno)") }
            fsync(descriptor)
        }
    }

    /// Gives the room back.
    func free() throws { try FileManager.default.removeItem(atPath: filler) }

    /// Unmounts it; whoever uses it has ended.
    func remove() {
        try? Self.run("umount", folder)
        try? FileManager.default.removeItem(atPath: image)
    }

    private static func run(_ command: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw TownFault("failed: \(command.joined(separator: " "))")
        }
    }
}
