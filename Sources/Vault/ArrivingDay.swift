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
    // Files that are out of the way and not removed yet.
    private(set) var gone: Set<String> = []
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
        let file = try ArrivingFile.open(
            path, name.hour, fileSystem, isClosed: closed.contains
        ) { tree, record, rows in
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
        guard !isRemoved else { throw StoreRules.removing }
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

    /// How many batches a tree has.
    func count(of tree: CellTreeID) -> Int { records[tree]?.count ?? 0 }

    /// A tree's batches by run and number, to be read without holding up who writes; those alone that
    /// came after the first so many, where a number is given.
    func reader(of tree: CellTreeID, after count: Int = 0) -> ArrivingReader {
        ArrivingReader(
            file: files[Name(tree)],
            records: (records[tree] ?? []).dropFirst(count).sorted { $0.place < $1.place })
    }

    // MARK: Removing

    /// Forgets some trees, which `erase` has overwritten, and puts the files that have nothing else
    /// out of the way of new ones: among those that are `gone`, to be removed by `removeGone`. If we
    /// crash before that, the next opening does it. A tree whose file could not be put away is still
    /// there.
    mutating func forget(_ trees: Set<CellTreeID>) throws(StoreError) {
        let live = Set(records.keys.filter { !trees.contains($0) }.map { Name($0) })
        for (name, trees) in Dictionary(grouping: trees, by: { Name($0) }) {
            if !live.contains(name) {
                let path = path(name)
                try SQLiteFile.disk { () throws(DiskError) in
                    try fileSystem.rename(path, to: path + Self.gone)
                }
                files[name] = nil
                gone.insert(path)
            }
            for tree in trees { records[tree] = nil }
        }
    }

    /// Removes a file that is gone.
    func removeGone(_ path: String) throws(StoreError) {
        try SQLiteFile.disk { () throws(DiskError) in
            try fileSystem.remove(path + Self.gone)
            try fileSystem.synchronize(folder)
        }
    }

    /// A file that was gone is removed.
    mutating func removed(_ path: String) { gone.remove(path) }

    /// From here on nothing is taken, and nothing is there; the files are the store's to remove.
    mutating func close() {
        isRemoved = true
        (files, records, gone) = ([:], [:], [])
    }

    /// Whether a file of the store is one of a day's open trees; its day's number.
    static func number(of name: String) -> UInt32? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, parts[0].hasPrefix("open-") else { return nil }
        return UInt32(parts[0].dropFirst("open-".count))
    }
}

/// A tree's batches at one moment, read as long as it takes.
struct ArrivingReader: Sendable {
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

    /// Overwrites the batches with zeros, durably.
    func erase() throws(StoreError) { try file?.erase(records) }
}
