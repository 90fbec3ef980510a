import Bytes
import Plates
import Rows
import Secrets

/// What an hour's file says of its batches, besides their rows (Docs/Spec/Store.md):
///
///     header: "platevault/arriving/v2\n" ‖ key(16) ‖ SHA-256 of these 39 bytes
///     batch:  frame(38) ‖ SHA-256(key ‖ frame) ‖ root(32) ‖ signature(64)
///             ‖ SHA-256(key ‖ frame ‖ root ‖ signature) ‖ rows
///     frame:  u32(bytes of rows) ‖ u64(bytes of its group before it) ‖ the first 26 bytes of the batch
///
/// Frame and digest stay when the tree is closed, so that the batches behind them are found; from the
/// root on a batch is zeros then. The key is drawn when the file is made and never leaves it: a site
/// chooses the bytes of its rows, and can put nothing there that is taken for a frame.
struct ArrivingFrame: Sendable {
    /// One batch's frame.
    struct Frame {
        let tree: CellTreeID
        let place: BatchPlace
        /// How many bytes the rows have.
        let length: Int
        /// How many bytes of the group stand before the batch.
        let before: UInt64
    }

    private static let text = Array("platevault/arriving/v2\n".utf8)
    private static let keySize = 16
    static let headerSize = text.count + keySize + Digest.size
    // What a batch on the wire has before its root: cell, run, number, how many rows.
    private static let placeSize = Batch.Head.size - 32 - 64
    private static let frameSize = 4 + 8 + placeSize
    /// Frame and digest.
    static let stayingSize = frameSize + Digest.size
    /// All that stands before the rows.
    static let headSize = stayingSize + 32 + 64 + Digest.size

    private let key: [UInt8]

    /// Of a new file.
    init() {
        var random = SystemRandomNumberGenerator()
        key = (0..<Self.keySize).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// Of a file that begins so; nil where that is no header.
    init?(header: [UInt8]) {
        guard header.count == Self.headerSize, header.starts(with: Self.text) else { return nil }
        let key = Array(header[Self.text.count..<(Self.text.count + Self.keySize)])
        self.init(key: key)
        guard self.header == header else { return nil }
    }

    private init(key: [UInt8]) { self.key = key }

    var header: [UInt8] {
        let beginning = Self.text + key
        return beginning + Digest(of: beginning).bytes
    }

    /// Whether a header may be what a crash has left of one that was being written.
    static func isUnborn(_ header: [UInt8]) -> Bool {
        header.allSatisfy { $0 == 0 }
            || header.prefix(text.count) == text[..<min(text.count, header.count)]
    }

    /// What stands before a batch's rows, of so many bytes, so many behind its group's beginning.
    func head(of head: Batch.Head, rows: Int, behind before: Int) -> [UInt8] {
        let wire = head.encode()
        var writer = ByteWriter(capacity: Self.headSize)
        writer.u32(UInt32(rows))
        writer.u64(UInt64(before))
        writer.raw(wire[..<Self.placeSize])
        let frame = writer.bytes
        let seal = wire[Self.placeSize..<Batch.Head.size]
        writer.raw(digest(frame[...]))
        writer.raw(seal)
        writer.raw(digest(frame + seal))
        return writer.bytes
    }

    /// A frame that stands somewhere in bytes; nil where it is not what was written.
    func frame(_ bytes: [UInt8], at start: Int) -> Frame? {
        let end = start + Self.frameSize
        guard end + Digest.size <= bytes.count,
            bytes[end..<(end + Digest.size)].elementsEqual(digest(bytes[start..<end])),
            let head = Self.head(bytes[(start + 12)..<end], [UInt8](repeating: 0, count: 96)[...])
        else { return nil }
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        return Frame(
            tree: CellTreeID(cell: head.cell, kind: head.kind), place: head.place,
            length: Int(number(start..<(start + 4))), before: number((start + 4)..<(start + 12)))
    }

    /// A batch's head, from what stands before its rows; nil where it is not what was written.
    func sealed(_ bytes: [UInt8]) -> Batch.Head? {
        guard bytes.count >= Self.headSize, frame(bytes, at: 0) != nil else { return nil }
        let seal = bytes[Self.stayingSize..<(Self.headSize - Digest.size)]
        guard
            bytes[(Self.headSize - Digest.size)..<Self.headSize]
                .elementsEqual(digest(bytes[..<Self.frameSize] + seal))
        else { return nil }
        return Self.head(bytes[12..<Self.frameSize], seal)
    }

    /// A batch as it lies in the file; nil where its head is not what was written. Whether the rows
    /// are is left to its root.
    func batch(_ bytes: [UInt8]) -> ArrivingBatch? {
        guard let head = sealed(bytes),
            let rows = try? PackedRows(in: bytes, at: Self.headSize, count: head.count),
            rows.end == bytes.count
        else { return nil }
        return ArrivingBatch(head: head, rows: rows)
    }

    /// The frames of an hour's batches, wherever they stand in some bytes.
    func frames(of hour: Hour, in bytes: [UInt8]) -> [(place: Int, frame: Frame)] {
        // The hour stands behind the two lengths, and little else looks like it.
        let places = bytes.withUnsafeBytes { bytes in
            (0..<max(0, bytes.count - Self.stayingSize + 1)).filter {
                bytes.loadUnaligned(fromByteOffset: $0 + 12, as: UInt32.self).byteSwapped
                    == hour.number
            }
        }
        return places.compactMap { place in frame(bytes, at: place).map { (place, $0) } }
    }

    private func digest(_ bytes: ArraySlice<UInt8>) -> [UInt8] { Digest(of: key + bytes).bytes }

    private static func head(
        _ place: ArraySlice<UInt8>, _ seal: ArraySlice<UInt8>
    ) -> Batch.Head? { try? Batch.Head(wire: Array(place) + seal) }
}
