import Bytes
import Disk
import Plates
import Rows
import Secrets

/// A batch as it lies in the file of its hour.
struct ArrivingBatch: Sendable {
    let head: Batch.Head
    let rows: PackedRows

    /// The batch, its root computed anew. Throws `store-failed`.
    func whole() throws(StoreError) -> Batch {
        do {
            return try Batch(head, rows)
        } catch {
            throw Self.damaged
        }
    }

    static var damaged: StoreError {
        StoreError(code: "store-failed", sentence: "a batch in the store is damaged")
    }
}

/// Where a batch lies in the file of its hour.
struct ArrivingRecord: Sendable {
    let place: BatchPlace
    /// Where it begins, and how many bytes its rows have.
    let start: UInt64
    let length: Int
    var end: UInt64 { start + UInt64(ArrivingFrame.headSize + length) }
    /// What goes when its tree is closed: all of it from here on.
    var erasable: UInt64 { start + UInt64(ArrivingFrame.stayingSize) }
}

/// One hour's batches of one kind of tree while they are open: `open-<day>.<hour>-<kind>`, a file
/// that only grows, until its trees are closed (Docs/Spec/Store.md). What stands before a batch's rows
/// is `ArrivingFrame`'s.
///
/// What is written at once is a *group*, and durable before the next one is written. A batch counts
/// where its digests and its root hold: a group that was cut short is cut off at the next opening. Of
/// a closed tree root, signature and rows are overwritten with zeros, and the rest stays until the
/// file goes.
struct ArrivingFile: Sendable {
    // 1 MiB: how much is written at once where it is much.
    private static let bytesAtOnce = 1 << 20

    let path: String
    private let fileSystem: any FileSystem
    private let frames: ArrivingFrame
    private var end: UInt64
    // Whether something may stand behind the end that was refused.
    private var hasTail = false

    /// A new file, durable when this returns. Throws `store-full`, `store-failed`.
    static func create(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(StoreError) -> ArrivingFile {
        let frames = ArrivingFrame()
        try SQLiteFile.disk { () throws(DiskError) in
            // A disk that was full has cut an earlier creation short.
            try fileSystem.remove(path)
            try fileSystem.create(path, [])
            try fileSystem.writeDurably(path, at: 0, frames.header)
            try fileSystem.synchronize(fileSystem.folder(of: path))
        }
        return ArrivingFile(path, fileSystem, frames)
    }

    private init(_ path: String, _ fileSystem: any FileSystem, _ frames: ArrivingFrame) {
        self.path = path
        self.fileSystem = fileSystem
        self.frames = frames
        end = UInt64(ArrivingFrame.headerSize)
    }

    // MARK: Writing

    /// Appends batches as one group, durable when this returns; none of them where it throws
    /// `store-full` or `store-failed`.
    mutating func append(_ batches: [Batch]) throws(StoreError) -> [ArrivingRecord] {
        var writer = ByteWriter(
            capacity: batches.reduce(0) { $0 + ArrivingFrame.headSize + $1.packed.all.count })
        var records: [ArrivingRecord] = []
        for batch in batches {
            let rows = batch.packed.all
            records.append(
                ArrivingRecord(
                    place: batch.place, start: end + UInt64(writer.bytes.count),
                    length: rows.count))
            writer.raw(
                frames.head(of: batch.head, rows: rows.count, behind: writer.bytes.count))
            writer.raw(rows)
        }
        if hasTail {
            try SQLiteFile.disk { () throws(DiskError) in try fileSystem.truncate(path, to: end) }
        }
        hasTail = true
        try SQLiteFile.disk { () throws(DiskError) in
            try fileSystem.writeDurably(path, at: end, writer.bytes)
        }
        hasTail = false
        end += UInt64(writer.bytes.count)
        return records
    }

    /// Overwrites batches with zeros, in place, durable when this returns: their roots and signatures
    /// too, from which it could be computed which rows they had.
    func erase(_ records: [ArrivingRecord]) throws(StoreError) {
        try SQLiteFile.disk { () throws(DiskError) in
            try fileSystem.zeroDurably(path, records.map { $0.erasable..<$0.end })
        }
    }

    // MARK: Reading

    /// A batch that the file has. Throws `store-failed` also where it is not what was written.
    func batch(_ record: ArrivingRecord) throws(StoreError) -> ArrivingBatch {
        let bytes = try read(record.start, ArrivingFrame.headSize + record.length)
        guard let batch = frames.batch(bytes) else { throw ArrivingBatch.damaged }
        return batch
    }

    /// The same without the rows.
    func head(_ record: ArrivingRecord) throws(StoreError) -> Batch.Head {
        guard let head = frames.sealed(try read(record.start, ArrivingFrame.headSize)) else {
            throw ArrivingBatch.damaged
        }
        return head
    }

    /// Goes through the batches of a file as a crash may have left it, and cuts off what was never
    /// acknowledged; those of closed trees without their rows, which may be zeros. Nil for a file whose
    /// creation was cut short: nobody was told of anything in it. Throws `store-failed` where a batch
    /// is damaged that others came after.
    static func open(
        _ path: String, _ hour: Hour, _ fileSystem: any FileSystem,
        isClosed: (CellTreeID) -> Bool, _ body: (CellTreeID, ArrivingRecord, PackedRows?) -> Void
    ) throws(StoreError) -> ArrivingFile? {
        let (size, beginning) = try SQLiteFile.disk { () throws(DiskError) in
            (
                try fileSystem.size(path) ?? 0,
                try fileSystem.read(path, at: 0, count: ArrivingFrame.headerSize)
            )
        }
        guard let frames = ArrivingFrame(header: beginning) else {
            // A batch makes a file longer, and is not written before the header is durable.
            guard size <= ArrivingFrame.headerSize, ArrivingFrame.isUnborn(beginning) else {
                throw ArrivingBatch.damaged
            }
            return nil
        }
        var file = ArrivingFile(path, fileSystem, frames)
        var group = file.end
        while let found = try file.found(at: file.end), found.record.end <= size {
            let tree = found.frame.tree
            var rows: PackedRows?
            if !isClosed(tree) {
                let record = try file.read(
                    file.end, ArrivingFrame.headSize + found.record.length)
                guard let batch = frames.batch(record), batch.head.isOf(batch.rows) else { break }
                rows = batch.rows
            }
            body(tree, found.record, rows)
            group = file.end - min(found.frame.before, file.end)
            file.end = found.record.end
        }
        try file.checkTail(size, hour)
        try file.settle(size, lastGroup: group)
        return file
    }

    private func found(
        at start: UInt64
    ) throws(StoreError) -> (frame: ArrivingFrame.Frame, record: ArrivingRecord)? {
        let bytes = try read(start, ArrivingFrame.stayingSize)
        guard let frame = frames.frame(bytes, at: 0) else { return nil }
        return (
            frame, ArrivingRecord(place: frame.place, start: start, length: frame.length)
        )
    }

    /// Throws `store-failed` where behind the last batch that holds one stands whose group began later
    /// than there: then what is between was durable, and is damaged.
    private func checkTail(_ size: UInt64, _ hour: Hour) throws(StoreError) {
        var start = end
        while start + UInt64(ArrivingFrame.stayingSize) <= size {
            let bytes = try read(start, Self.bytesAtOnce + ArrivingFrame.stayingSize)
            for (place, frame) in frames.frames(of: hour, in: bytes)
            where frame.before < start + UInt64(place) - end {
                throw ArrivingBatch.damaged
            }
            start += UInt64(Self.bytesAtOnce)
        }
    }

    /// Cuts off what counts for nothing, and makes the rest durable. What a program finds when it
    /// starts may be in memory only, and the disk may have refused it before: the system then keeps
    /// the pages and says nothing more of them. So they are written again, as they are.
    private func settle(_ size: UInt64, lastGroup: UInt64) throws(StoreError) {
        var pieces = [(0, UInt64(ArrivingFrame.headerSize)), (lastGroup, end)][...]
        try SQLiteFile.disk { () throws(DiskError) in
            if end < size { try fileSystem.truncate(path, to: end) }
            try fileSystem.writeDurably(path) { () throws(DiskError) in
                while let (start, end) = pieces.first {
                    guard start < end else {
                        pieces.removeFirst()
                        continue
                    }
                    let count = min(end - start, UInt64(Self.bytesAtOnce))
                    pieces[pieces.startIndex].0 += count
                    return DiskPiece(
                        offset: start,
                        bytes: try fileSystem.read(path, at: start, count: Int(count)))
                }
                return nil
            }
        }
    }

    private func read(_ start: UInt64, _ count: Int) throws(StoreError) -> [UInt8] {
        try SQLiteFile.disk { () throws(DiskError) in
            try fileSystem.read(path, at: start, count: count)
        }
    }
}
