import Disk
import Plates
import Rows
import Secrets

/// A day's open trees: one file for each hour and kind of tree, and in memory where each batch lies
/// (Docs/Spec/Store.md). What is decided on them stands in `DayStore`.
struct ArrivingDay: Sendable {
    /// Which file a tree's batches are in.
    private struct Name: Hashable {
        let hour: Hour
        let kind: HourOpening.Kind

        init(_ tree: CellTreeID) { (hour, kind) = (tree.cell.hour, tree.kind) }

        init(_ hour: Hour, _ kind: HourOpening.Kind) { (self.hour, self.kind) = (hour, kind) }

        var text: String {
            let hours = hour.number % 24
            return "open-\(hour.day.number).\(hours < 10 ? "0" : "")\(hours)-\(kind)"
        }
    }

    /// A file that is only to be removed still.
    static let gone = ".gone"

    private let folder: String
    private let fileSystem: any FileSystem
    private var files: [Name: ArrivingFile] = [:]
    private var records: [CellTreeID: [ArrivingRecord]] = [:]
    private var isRemoved = false

    /// What a folder has of a day. `body` is called with each batch of a tree that is open. Throws
    /// `store-failed`.
    init(
        _ folder: String, _ day: Day, _ fileSystem: any FileSystem, closed: Set<CellTreeID>,
        _ body: (CellTreeID, RunID, PackedRows) -> Void
    ) throws(StoreError) {
        self.folder = folder
        self.fileSystem = fileSystem
        let names = try SQLiteFile.disk { () throws(DiskError) in try fileSystem.list(folder) }
        for hour in day.hours {
            for kind in HourOpening.Kind.allCases {
                let name = Name(hour, kind)
                if names.contains(name.text + Self.gone) { try removeGone(path(name)) }
                guard names.contains(name.text) else { continue }
                try open(name, closed, body)
            }
        }
    }

    private mutating func open(
        _ name: Name, _ closed: Set<CellTreeID>,
        _ body: (CellTreeID, RunID, PackedRows) -> Void
    ) throws(StoreError) {
        var found: [CellTreeID: [ArrivingRecord]] = [:]
        var isOther = false
        let path = path(name)
        let file = try ArrivingFile.open(path, fileSystem, isClosed: closed.contains) {
            head, record, rows in
            let tree = CellTreeID(cell: head.cell, kind: head.kind)
            if Name(tree) != name { isOther = true }
            found[tree, default: []].append(record)
            if let rows { body(tree, record.place.run, rows) }
        }
        guard !isOther else {
            throw StoreError(
                code: "store-failed", sentence: "the store holds what it did not write")
        }
        guard let file else {
            return try SQLiteFile.disk { () throws(DiskError) in try fileSystem.remove(path) }
        }
        files[name] = file
        records.merge(found) { $1 }
    }

    private func path(_ name: Name) -> String { folder + "/" + name.text }

    // MARK: Batches

    /// Appends batches, in one group for each hour. Gives what failed: of those none is kept.
    mutating func append(_ batches: [Batch]) -> [CellTreeID: StoreError] {
        var failures: [CellTreeID: StoreError] = [:]
        let groups = Dictionary(grouping: batches) {
            Name($0.cell.hour, $0.kind)
        }
        for (name, group) in groups {
            do throws(StoreError) {
                var file = try taken(name)
                defer { files[name] = file }
                for (batch, record) in zip(group, try file.append(group)) {
                    records[CellTreeID(cell: batch.cell, kind: batch.kind), default: []]
                        .append(record)
                }
            } catch {
                for batch in group {
                    failures[CellTreeID(cell: batch.cell, kind: batch.kind)] = error
                }
            }
        }
        return failures
    }

    /// A file, taken out of the list; made where there is none.
    private mutating func taken(_ name: Name) throws(StoreError) -> ArrivingFile {
        if let file = files.removeValue(forKey: name) { return file }
        guard !isRemoved else {
            throw StoreError(code: "store-failed", sentence: "the day is being removed")
        }
        return try ArrivingFile.create(path(name), fileSystem)
    }

    /// Whether no tree has a batch.
    var isEmpty: Bool { records.isEmpty }

    /// The trees that have batches.
    var trees: Set<CellTreeID> { Set(records.keys) }

    /// The head of the batch that has a run's number in a tree.
    func taken(
        _ tree: CellTreeID, _ run: RunID, _ number: UInt64
    ) throws(StoreError) -> Batch.Head? {
        let place = BatchPlace(run: run, number: number)
        guard let record = records[tree]?.last(where: { $0.place == place }) else { return nil }
        return try files[Name(tree)]?.head(record)
    }

    /// A tree's batches by run and number, to be read without holding up who writes.
    func reader(of tree: CellTreeID) -> ArrivingReader {
        ArrivingReader(
            file: files[Name(tree)],
            records: (records[tree] ?? []).sorted { $0.place < $1.place })
    }

    // MARK: Removing

    /// Forgets some trees, which `erase` has overwritten, and gives the files that have nothing else:
    /// out of the way of new ones, and to be removed by `removeGone`. If we crash before that, the next
    /// opening does it.
    mutating func forget(_ trees: Set<CellTreeID>) throws(StoreError) -> [String] {
        for tree in trees { records[tree] = nil }
        let live = Set(records.keys.map { Name($0) })
        var paths: [String] = []
        for name in Set(trees.map { Name($0) }).subtracting(live) {
            let path = path(name)
            try SQLiteFile.disk { () throws(DiskError) in
                try fileSystem.rename(path, to: path + Self.gone)
            }
            files[name] = nil
            paths.append(path)
        }
        return paths
    }

    /// Removes a file that `forget` has given.
    func removeGone(_ path: String) throws(StoreError) {
        try SQLiteFile.disk { () throws(DiskError) in
            try fileSystem.remove(path + Self.gone)
            try fileSystem.synchronize(folder)
        }
    }

    /// Removes all files; from here on nothing is taken.
    mutating func remove() throws(StoreError) {
        isRemoved = true
        let paths = files.keys.map { path($0) }
        (files, records) = ([:], [:])
        try SQLiteFile.disk { () throws(DiskError) in
            for path in paths { try fileSystem.remove(path) }
            try fileSystem.synchronize(folder)
        }
    }

    /// Whether a file of the store is one of a day's open trees; its day's number.
    static func number(of name: String) -> UInt32? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, parts[0].hasPrefix("open-") else { return nil }
        return UInt32(parts[0].dropFirst("open-".count))
    }
}

/// A tree's batches at one moment, read as long as it takes.
struct ArrivingReader {
    fileprivate let file: ArrivingFile?
    fileprivate let records: [ArrivingRecord]
    // 4 MiB: how much one part has.
    private static let bytesAtOnce = 4 << 20

    /// Goes through the batches.
    func batches(_ body: (ArrivingBatch) throws(StoreError) -> Void) throws(StoreError) {
        guard let file else { return }
        for record in records { try body(try file.batch(record)) }
    }

    /// Some batches, from behind a place on; none where there are no more.
    func part(after place: BatchPlace?) throws(StoreError) -> [ArrivingBatch] {
        guard let file else { return [] }
        var part: [ArrivingBatch] = []
        var size = 0
        let rest = records.drop { record in place.map { record.place <= $0 } ?? false }
        for record in rest where size < Self.bytesAtOnce {
            part.append(try file.batch(record))
            size += record.length
        }
        return part
    }

    /// Overwrites the rows with zeros, durably.
    func erase() throws(StoreError) { try file?.erase(records) }
}
