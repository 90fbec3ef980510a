import Bytes
import Disk
import Secrets

/// Whether a slot may lie on a file system that does not overwrite in place.
public enum Erasability: Hashable, Sendable {
    /// Only file systems known to overwrite in place are taken.
    case required
    /// The deployment was told that this machine cannot erase: destruction is best effort there.
    /// Every origin that ends in `.demo` counts as told.
    case toldThatItCannot
}

/// The file slot: the one place where root keys stand, in two cells that are overwritten in place.
///
/// The file has 8,192 bytes. Cell A begins at 0, cell B at 4,096. A cell is 4,096 zeros, or
///
///     "platevault/slot/v1\n" ‖ u64(sequence) ‖ root key, 32 bytes ‖
///     HMAC(root key, "platevault/slot/v1\n" ‖ u64(sequence)) ‖ zeros
///
/// Anything else is a torn write, and counts as erased. Of two cells the lower sequence is in
/// force and the higher one prepared, so that erasing the lower is the one and only commit.
/// Spec: Docs/Spec/State.md.
struct Slot {
    /// One of the two places.
    enum Place: Int, CaseIterable {
        case a = 0
        case b = 1

        var other: Place { self == .a ? .b : .a }
        var name: String { self == .a ? "a" : "b" }
        var offset: UInt64 { UInt64(rawValue * Slot.cellSize) }
    }

    /// A key as it stands in a cell.
    struct Cell {
        let place: Place
        let sequence: UInt64
        let key: SecretBox
    }

    static let cellSize = 4_096
    private static let magic = "platevault/slot/v1\n"
    private static let keyOffset = magic.utf8.count + 8

    let path: String
    let disk: any FileSystem

    /// Kinds of file system that put new bytes where the old ones were.
    static let overwriting: Set<String> = ["ext4", "xfs", "vfat", "tmpfs"]

    /// Throws `slot-unerasable` where the folder lies on a network, overlay, copy-on-write or
    /// unknown file system and nobody said that this is known.
    static func check(
        _ folder: String, _ erasability: Erasability, _ disk: any FileSystem
    ) throws(CustodyError) {
        let kind = try onDisk { () throws(DiskError) in try disk.kind(folder) }
        guard overwriting.contains(kind) || erasability == .toldThatItCannot else {
            throw CustodyError(
                code: "slot-unerasable",
                sentence: "\(folder) lies on \(kind), which keeps what is overwritten: put the "
                    + "custodian on a local disk with ext4 or xfs")
        }
    }

    /// A new slot whose cell A holds `key` under sequence 1. The name appears with all its content
    /// or not at all.
    func create(_ key: borrowing SecretBytes) throws(CustodyError) {
        let fresh = path + ".new"
        // A crash in an earlier creation may have left a file with a key that was never used.
        if try onDisk({ () throws(DiskError) in try disk.size(fresh) }) != nil {
            try onDisk { () throws(DiskError) in
                try disk.write(fresh, at: 0, Self.blank + Self.blank)
                try disk.synchronize(fresh)
                try disk.remove(fresh)
            }
        }
        var bytes = try Self.encode(sequence: 1, key) + Self.blank
        defer { Self.wipe(&bytes) }
        try onDisk { () throws(DiskError) in
            try disk.create(fresh, bytes)
            try disk.synchronize(fresh)
            try disk.rename(fresh, to: path)
            try disk.synchronize(disk.folder(of: path))
        }
    }

    /// The keys that stand in the slot, the one in force first. Throws `file-missing`.
    func cells() throws(CustodyError) -> [Cell] {
        var found: [Cell] = []
        for place in Place.allCases {
            if let cell = try cell(place) { found.append(cell) }
        }
        return found.sorted { $0.sequence < $1.sequence }
    }

    /// The key in one cell; nil where it is blank or torn.
    func cell(_ place: Place) throws(CustodyError) -> Cell? {
        var bytes = try read(place)
        defer { Self.wipe(&bytes) }
        guard bytes.count == Self.cellSize, bytes.starts(with: Self.magic.utf8) else { return nil }
        var sequence: UInt64 = 0
        for byte in bytes[(Self.keyOffset - 8)..<Self.keyOffset] {
            sequence = sequence << 8 | UInt64(byte)
        }
        var key = try onSecrets { () throws(SecretsError) in try SecretBytes(zeros: 32) }
        key.withUnsafeMutableBytes { $0.copyBytes(from: bytes[Self.keyOffset..<Self.tagOffset]) }
        var again = try Self.encode(sequence: sequence, key)
        defer { Self.wipe(&again) }
        guard bytes == again else { return nil }
        return Cell(place: place, sequence: sequence, key: SecretBox(key))
    }

    /// Puts a key into a cell, durably, and reads it back.
    func put(
        _ key: borrowing SecretBytes, sequence: UInt64, at place: Place
    ) throws(CustodyError) {
        var bytes = try Self.encode(sequence: sequence, key)
        defer { Self.wipe(&bytes) }
        try overwrite(place, bytes)
    }

    /// Overwrites a cell with zeros, durably, and reads it back.
    func erase(_ place: Place) throws(CustodyError) { try overwrite(place, Self.blank) }

    /// Whether a cell holds nothing but zeros.
    func isBlank(_ place: Place) throws(CustodyError) -> Bool {
        var bytes = try read(place)
        defer { Self.wipe(&bytes) }
        return bytes == Self.blank
    }

    private func overwrite(_ place: Place, _ bytes: [UInt8]) throws(CustodyError) {
        try onDisk { () throws(DiskError) in
            try disk.write(path, at: place.offset, bytes)
            try disk.synchronize(path)
        }
        var back = try read(place)
        defer { Self.wipe(&back) }
        guard back == bytes else {
            throw CustodyError(
                code: "slot-failed",
                sentence: "\(path) does not hold what was written to it; replace the disk")
        }
    }

    private func read(_ place: Place) throws(CustodyError) -> [UInt8] {
        try onDisk { () throws(DiskError) in
            try disk.read(path, at: place.offset, count: Self.cellSize)
        }
    }

    private static let tagOffset = keyOffset + 32
    private static var blank: [UInt8] { [UInt8](repeating: 0, count: cellSize) }

    private static func encode(
        sequence: UInt64, _ key: borrowing SecretBytes
    ) throws(CustodyError) -> [UInt8] {
        var head = ByteWriter()
        head.text(magic)
        head.u64(sequence)
        let tag = HMACSHA256.open(head.bytes, key: key)
        var bytes = blank
        bytes.replaceSubrange(0..<keyOffset, with: head.bytes)
        key.withUnsafeBytes { key in
            for index in 0..<32 { bytes[keyOffset + index] = key[index] }
        }
        bytes.replaceSubrange(tagOffset..<(tagOffset + 32), with: tag)
        return bytes
    }

    /// Wipes bytes that held a key, where nobody else holds the array.
    private static func wipe(_ bytes: inout [UInt8]) { _ = try? SecretBytes(wiping: &bytes) }
}
