// The row: what a row is bound to, its padding, and its sealed form (Docs/Spec/Row.md).

import Bytes

/// What a sealed row is bound to: it opens under no other origin, cell, run or counter.
public struct RowContext: Hashable, Sendable {
    /// The log's origin, such as `example.org/vault`.
    public let origin: String
    /// The cell in which the plate was seen.
    public let cell: Cell
    /// The gateway's run.
    public let run: RunID
    /// The how-many-eth row of this plate in this cell and run, from 0.
    public let counter: UInt64

    /// A context.
    public init(origin: String, cell: Cell, run: RunID, counter: UInt64) {
        self.origin = origin
        self.cell = cell
        self.run = run
        self.counter = counter
    }

    /// The additional data of the row's seal (DESIGN section 5):
    /// `"platevault/row/v1" ‖ origin ‖ u32(hour) ‖ u16(site) ‖ run ‖ u64(counter)`.
    public var associatedData: [UInt8] {
        var writer = ByteWriter()
        writer.text("platevault/row/v1")
        writer.text(origin)
        writer.raw(cell.encode())
        writer.raw(run.bytes)
        writer.u64(counter)
        return writer.bytes
    }
}

/// A read's encoding brought to one of two sizes, so that rows do not tell reads apart.
public enum PaddedRead {
    /// The two sizes, in bytes.
    public static let sizes = [shortSize, longSize]
    static let shortSize = 256
    static let longSize = 1_024

    /// `u16(length) ‖ encoding ‖ zeros`, 256 bytes or else 1,024. Throws `read-too-long` above
    /// 1,022 bytes of encoding.
    public static func pad(_ encoding: [UInt8]) throws(PlatesError) -> [UInt8] {
        var padded = [UInt8](repeating: 0, count: try size(of: encoding))
        padded.withUnsafeMutableBytes { write(encoding, into: $0) }
        return padded
    }

    /// 256 or 1,024: the bytes of an encoding once it is padded. Throws `read-too-long`.
    public static func size(of encoding: [UInt8]) throws(PlatesError) -> Int {
        if encoding.count + 2 <= shortSize { return shortSize }
        guard encoding.count + 2 <= longSize else {
            throw PlatesError(
                code: "read-too-long",
                sentence: "a read of \(encoding.count) bytes; at most 1,022 fit into a row")
        }
        return longSize
    }

    /// Writes the padded encoding over all of `target`, which has the size that `size` gives.
    public static func write(_ encoding: [UInt8], into target: UnsafeMutableRawBufferPointer) {
        let end = encoding.count + 2
        target[0] = UInt8(truncatingIfNeeded: encoding.count >> 8)
        target[1] = UInt8(truncatingIfNeeded: encoding.count)
        UnsafeMutableRawBufferPointer(rebasing: target[2..<end]).copyBytes(from: encoding)
        _ = UnsafeMutableRawBufferPointer(rebasing: target[end...])
            .initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// The encoding inside. Throws `padding-invalid` unless `pad` would have written these bytes.
    public static func unpad(_ padded: [UInt8]) throws(PlatesError) -> [UInt8] {
        guard padded.count >= 2 else { throw paddingInvalid }
        let count = Int(padded[0]) << 8 | Int(padded[1])
        guard count + 2 <= padded.count else { throw paddingInvalid }
        let encoding = Array(padded[2..<(count + 2)])
        guard try pad(encoding) == padded else { throw paddingInvalid }
        return encoding
    }

    private static var paddingInvalid: PlatesError {
        PlatesError(code: "padding-invalid", sentence: "a row whose padding is not as written")
    }
}

/// A row as the vault keeps it: its label and `nonce24 ‖ XChaCha20-Poly1305(padded read)`.
public struct SealedRow: Hashable, Sendable {
    /// The sizes that `bytes` can have: nonce, padded read and tag.
    public static let sizes = [shortSize, longSize]
    private static let shortSize = 24 + PaddedRead.shortSize + 16
    private static let longSize = 24 + PaddedRead.longSize + 16

    /// The row's name.
    public let label: Label
    /// 296 or 1,064 bytes.
    public let bytes: [UInt8]

    /// A row. Throws `row-size` unless `bytes` has one of the two sizes.
    public init(label: Label, bytes: [UInt8]) throws(PlatesError) {
        guard bytes.count == Self.shortSize || bytes.count == Self.longSize else {
            throw PlatesError(
                code: "row-size",
                sentence: "a row is 296 or 1,064 bytes, not \(bytes.count)")
        }
        self.label = label
        self.bytes = bytes
    }

    /// A row out of many that were looked at when they came in: `label` has 16 bytes and `bytes` one of
    /// the two sizes, or the program ends.
    public init(checkedLabel label: ArraySlice<UInt8>, checkedBytes bytes: ArraySlice<UInt8>) {
        precondition(SealedRow.sizes.contains(bytes.count), "a row has one of two sizes")
        self.label = Label(checked: label)
        self.bytes = Array(bytes)
    }
}
