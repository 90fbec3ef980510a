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
            return try Batch(
                cell: head.cell, kind: head.kind, run: head.place.run, number: head.place.number,
                rows: rows.rows(), signature: head.signature)
        } catch {
            throw Self.damaged
        }
    }

    /// One row. Throws `store-failed`.
    func row(at place: Int) throws(StoreError) -> SealedRow {
        do {
            return try rows.row(at: place)
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
    /// Where its rows begin, and how many bytes they have.
    let start: UInt64
    let length: Int
    var end: UInt64 { start + UInt64(length) }
}

/// One hour's batches of one kind of tree while they are open: `open-<day>.<hour>-<kind>`, a file
/// that only grows, until its trees are closed (Docs/Spec/Store.md).
///
///     "platevault/arriving/v1\n"  then of each batch:
///     u32(bytes of rows) ‖ u32(group) ‖ head(122) ‖ SHA-256 of these 130 bytes ‖ rows
///
/// What is written at once is a *group*, and durable before the next one is written. A batch counts
/// where its head and its root hold: a group that was cut short is cut off at the next opening. Of a
/// closed tree the rows are overwritten with zeros, and the heads stay until the file goes.
struct ArrivingFile: Sendable {
    static let header = Array("platevault/arriving/v1\n".utf8)
    private static let frame = 4 + 4 + Batch.Head.size
    private static let recordHead = frame + Digest.size
    // 1 MiB: how many zeros are written at once.
    private static let zerosAtOnce = 1 << 20

    let path: String
    private let fileSystem: any FileSystem
    private var end: UInt64
    private var group: UInt32
    // Whether something may stand behind the end that was refused.
    private var hasTail = false

    /// A new file, durable when this returns. Throws `store-full`, `store-failed`.
    static func create(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(StoreError) -> ArrivingFile {
        try SQLiteFile.disk { () throws(DiskError) in
            // A disk that was full has cut an earlier creation short.
            try fileSystem.remove(path)
            try fileSystem.create(path, header)
            try fileSystem.synchronize(path)
            try fileSystem.synchronize(fileSystem.folder(of: path))
        }
        return ArrivingFile(
            path: path, fileSystem: fileSystem, end: UInt64(header.count), group: 0)
    }

    private init(path: String, fileSystem: any FileSystem, end: UInt64, group: UInt32) {
        self.path = path
        self.fileSystem = fileSystem
        self.end = end
        self.group = group
    }

    // MARK: Writing

    /// Appends batches as one group, durable when this returns; none of them where it throws
    /// `store-full` or `store-failed`.
    mutating func append(_ batches: [Batch]) throws(StoreError) -> [ArrivingRecord] {
        var writer = ByteWriter(
            capacity: batches.reduce(0) { $0 + Self.recordHead + $1.rows.count * 314 })
        var records: [ArrivingRecord] = []
        for batch in batches {
            let wire = batch.encode()
            let length = wire.count - Batch.Head.size
            var frame = ByteWriter(capacity: Self.frame)
            frame.u32(UInt32(length))
            frame.u32(group &+ 1)
            frame.raw(wire[..<Batch.Head.size])
            writer.raw(frame.bytes)
            writer.raw(Digest(of: frame.bytes).bytes)
            records.append(
                ArrivingRecord(
                    place: batch.place, start: end + UInt64(writer.bytes.count), length: length))
            writer.raw(wire[Batch.Head.size...])
        }
        try put(writer.bytes)
        return records
    }

    private mutating func put(_ bytes: [UInt8]) throws(StoreError) {
        if hasTail {
            try SQLiteFile.disk { () throws(DiskError) in try fileSystem.truncate(path, to: end) }
        }
        hasTail = true
        try SQLiteFile.disk { () throws(DiskError) in
            try fileSystem.write(path, at: end, bytes)
            try fileSystem.synchronize(path)
        }
        hasTail = false
        end += UInt64(bytes.count)
        group &+= 1
    }

    /// Overwrites the rows of some batches with zeros, in place, durable when this returns.
    func erase(_ records: [ArrivingRecord]) throws(StoreError) {
        let zeros = [UInt8](repeating: 0, count: Self.zerosAtOnce)
        try SQLiteFile.disk { () throws(DiskError) in
            for record in records {
                var start = record.start
                while start < record.end {
                    let count = min(Int(record.end - start), zeros.count)
                    let part = count == zeros.count ? zeros : Array(zeros[..<count])
                    try fileSystem.write(path, at: start, part)
                    start += UInt64(count)
                }
            }
            try fileSystem.synchronize(path)
        }
    }

    // MARK: Reading

    /// A batch that the file has. Throws `store-failed` also where its rows are not the ones that were
    /// written.
    func batch(_ record: ArrivingRecord) throws(StoreError) -> ArrivingBatch {
        let start = record.start - UInt64(Self.recordHead)
        let bytes = try read(start, Self.recordHead + record.length)
        guard let (head, _, _) = Self.head(Array(bytes.prefix(Self.recordHead))) else {
            throw ArrivingBatch.damaged
        }
        do throws(RowsError) {
            return ArrivingBatch(
                head: head,
                rows: try PackedRows(in: bytes, at: Self.recordHead, count: head.count))
        } catch {
            throw ArrivingBatch.damaged
        }
    }

    /// The same without the rows.
    func head(_ record: ArrivingRecord) throws(StoreError) -> Batch.Head {
        let bytes = try read(record.start - UInt64(Self.recordHead), Self.recordHead)
        guard let (head, _, _) = Self.head(bytes) else { throw ArrivingBatch.damaged }
        return head
    }

    /// Goes through the batches of a file as a crash may have left it, and cuts off what was never
    /// acknowledged; those of closed trees without their rows, which may be zeros. Nil for a file whose
    /// creation was cut short: nobody was told of anything in it. Throws `store-failed` where a batch
    /// is damaged that others came after.
    static func open(
        _ path: String, _ fileSystem: any FileSystem, isClosed: (CellTreeID) -> Bool,
        _ body: (Batch.Head, ArrivingRecord, PackedRows?) -> Void
    ) throws(StoreError) -> ArrivingFile? {
        var file = ArrivingFile(
            path: path, fileSystem: fileSystem, end: UInt64(header.count), group: 0)
        let size = try SQLiteFile.disk { () throws(DiskError) in try fileSystem.size(path) } ?? 0
        let beginning = try file.read(0, header.count)
        guard beginning == header else {
            let isUnborn = beginning.count == size && beginning.allSatisfy { $0 == 0 }
            guard isUnborn || header.starts(with: beginning) else { throw ArrivingBatch.damaged }
            return nil
        }
        while let (head, group, record) = try file.record(at: file.end) {
            let tree = CellTreeID(cell: head.cell, kind: head.kind)
            var rows: PackedRows?
            if !isClosed(tree) {
                let bytes = try file.read(record.start, record.length)
                rows = try? PackedRows(wire: bytes)
                guard let rows, head.isOf(rows) else {
                    try file.checkLast(record, group)
                    break
                }
            } else if record.end > size {
                break
            }
            body(head, record, rows)
            (file.end, file.group) = (record.end, group)
        }
        // What a program finds after a crash may be in memory only.
        let end = file.end
        try SQLiteFile.disk { () throws(DiskError) in
            if end < size { try fileSystem.truncate(path, to: end) }
            try fileSystem.synchronize(path)
        }
        return file
    }

    /// Throws `store-failed` where a later group follows on a batch that does not hold: then it was
    /// durable, and is damaged.
    private func checkLast(_ record: ArrivingRecord, _ group: UInt32) throws(StoreError) {
        var last = record
        while let (_, next, following) = try self.record(at: last.end) {
            guard next <= group else { throw ArrivingBatch.damaged }
            last = following
        }
    }

    private func record(
        at start: UInt64
    ) throws(StoreError) -> (Batch.Head, UInt32, ArrivingRecord)? {
        guard let (head, length, group) = Self.head(try read(start, Self.recordHead)) else {
            return nil
        }
        return (
            head, group,
            ArrivingRecord(
                place: head.place, start: start + UInt64(Self.recordHead), length: length)
        )
    }

    /// What stands before a batch's rows; nil where it is not what was written.
    private static func head(
        _ bytes: [UInt8]
    ) -> (head: Batch.Head, length: Int, group: UInt32)? {
        guard bytes.count == recordHead,
            bytes[frame...] == Digest(of: Array(bytes[..<frame])).bytes[...],
            let head = try? Batch.Head(wire: Array(bytes[8..<frame]))
        else { return nil }
        func number(_ range: Range<Int>) -> UInt32 {
            bytes[range].reduce(0) { $0 << 8 | UInt32($1) }
        }
        return (head, Int(number(0..<4)), number(4..<8))
    }

    private func read(_ start: UInt64, _ count: Int) throws(StoreError) -> [UInt8] {
        try SQLiteFile.disk { () throws(DiskError) in
            try fileSystem.read(path, at: start, count: count)
        }
    }
}
