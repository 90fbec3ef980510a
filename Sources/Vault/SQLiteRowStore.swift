public import Disk
import GRDB
public import Plates
public import Rows
import Synchronization

/// The store in a folder: `store.sqlite` with the dead days and the counters, and for each day that
/// lives `day-<number>.sqlite` and `closed-<number>.blocks` with what is closed,
/// `open-<number>.<hour>-<kind>` with what arrives, and `photos-<number>.sqlite` where it has photos (Docs/Spec/Store.md).
public final class SQLiteRowStore: RowStore {
    let folder: String
    let fileSystem: any FileSystem
    let main: SQLiteFile
    // Locked to find a day or to make one, and never for as long as a day works.
    let living: Mutex<[Day: DayStore]>
    // What `main` has noted, so that nobody asks it for each batch.
    let dead: Mutex<Set<Day>>
    // Locked alone, or within `living`.
    let dying = Mutex(Dying())
    // Held while a dead day's files go, and together with nothing but what `days` locks.
    let dropping = Mutex(())
    // Never locked together with `living`: photos are long.
    let photoFiles: Mutex<[Day: PhotoFile]>
    let photoLimit: Int
    let rest: @Sendable () -> Void

    private static let schema = """
        CREATE TABLE dead (day INTEGER NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE refusals (
            code TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """

    private init(
        _ folder: String, _ fileSystem: any FileSystem, _ main: SQLiteFile,
        _ living: sending [Day: DayStore], _ dead: Set<Day>,
        _ photoFiles: sending [Day: PhotoFile], _ photoLimit: Int?,
        _ rest: @escaping @Sendable () -> Void
    ) {
        self.folder = folder
        self.fileSystem = fileSystem
        self.main = main
        self.living = Mutex(living)
        self.dead = Mutex(dead)
        self.photoFiles = Mutex(photoFiles)
        self.photoLimit = photoLimit ?? PhotoRules.bytesADay
        self.rest = rest
    }

    /// A new, empty store in a folder, which is made if need be. SQLite itself writes the files;
    /// `fileSystem` names and removes them. `photoBytes` is how much of photos it takes for one
    /// day of all sites; `rest` is done between the parts of a file that goes. Throws `store-exists`,
    /// `store-failed`.
    public static func create(
        at folder: String, fileSystem: any FileSystem, photoBytes: Int? = nil,
        rest: @escaping @Sendable () -> Void = SQLiteRowStore.rest
    ) throws(StoreError) -> SQLiteRowStore {
        try SQLiteFile.disk { () throws(DiskError) in try fileSystem.makeFolder(folder) }
        let main = try SQLiteFile.create(
            folder + "/store.sqlite", schema: schema, fileSystem: fileSystem)
        return SQLiteRowStore(folder, fileSystem, main, [:], [], [:], photoBytes, rest)
    }

    /// A store that exists; finishes the dropping of days that a crash cut short. Throws
    /// `store-missing`, `store-version`, `store-failed`.
    public static func open(
        at folder: String, fileSystem: any FileSystem, photoBytes: Int? = nil,
        rest: @escaping @Sendable () -> Void = SQLiteRowStore.rest
    ) throws(StoreError) -> SQLiteRowStore {
        let main = try SQLiteFile.open(folder + "/store.sqlite", fileSystem: fileSystem)
        let dead = try main.read { try Int64.fetchSet($0, sql: "SELECT day FROM dead") }
        let names = try SQLiteFile.disk { () throws(DiskError) in try fileSystem.list(folder) }
        func living(_ kind: String) throws(StoreError) -> [(Day, String)] {
            var found: [(Day, String)] = []
            for number in Set(names.compactMap({ Self.number(of: $0, kind) })).sorted() {
                let path = folder + "/\(kind)-\(number).sqlite"
                if dead.contains(Int64(number)) {
                    try SQLiteFile.remove(path, fileSystem)
                } else if try SQLiteFile.isUnborn(path, fileSystem) {
                    // Its first transaction never happened, so nobody was told of anything in it.
                    try SQLiteFile.remove(path, fileSystem)
                } else {
                    found.append((Day(number: number), path))
                }
            }
            return found
        }
        let found = try living("day")
        let known = Set(found.map(\.0))
        // Before any day is opened: one that is damaged keeps no dead one's rows. A day's own file is
        // made first, and removed first: without it nobody was told of the others, or the day is dead.
        for name in names {
            guard let number = ArrivingDay.number(of: name) ?? BlockFile.number(of: name),
                !known.contains(Day(number: number))
            else { continue }
            try SQLiteFile.disk { () throws(DiskError) in
                try fileSystem.remove(folder + "/" + name)
                try fileSystem.synchronize(folder)
            }
        }
        var days: [Day: DayStore] = [:]
        for (day, path) in found {
            days[day] = try DayStore(
                try DayFile.open(path, day, fileSystem), day, in: folder, fileSystem)
        }
        var photoFiles: [Day: PhotoFile] = [:]
        for (day, path) in try living("photos") {
            let file = try PhotoFile.open(path, fileSystem)
            try file.settle()
            photoFiles[day] = file
        }
        return SQLiteRowStore(
            folder, fileSystem, main, days, Set(dead.map { Day(number: UInt32(clamping: $0)) }),
            photoFiles, photoBytes, rest)
    }

    /// The day of `day-20780.sqlite` or `photos-20780.sqlite` and of what SQLite puts beside it.
    static func number(of name: String, _ kind: String) -> UInt32? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, parts[0].hasPrefix(kind + "-"), parts[1].hasPrefix("sqlite") else {
            return nil
        }
        return UInt32(parts[0].dropFirst(kind.count + 1))
    }

    public func keep(_ batch: Batch, admission: Admission) throws(StoreError) -> Kept {
        do throws(StoreError) {
            let day = batch.cell.hour.day
            try checkAlive(day)
            try admission.check(batch.cell)
            return try alive(day) { () throws(StoreError) in try made(day).keep(batch) }
        } catch {
            try counted(error)
            throw error
        }
    }

    public func batches(of tree: CellTreeID) throws(StoreError) -> [Batch] {
        let day = tree.cell.hour.day
        return try alive(day) { () throws(StoreError) in
            try self.day(day)?.batches(of: tree) ?? []
        }
    }

    public func leaves(
        of tree: CellTreeID, after place: BatchPlace?
    ) throws(StoreError) -> [BatchLeaves] {
        let day = tree.cell.hour.day
        return try alive(day) { () throws(StoreError) in
            try self.day(day)?.leaves(of: tree, after: place) ?? []
        }
    }

    public func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
        try found(in: tree.cell.hour.day) { day throws(StoreError) in
            try day.rows(of: tree)
        } ?? []
    }

    public func checkClose(_ closing: StoredClosing) throws(StoreError) {
        let day = closing.opening.cell.hour.day
        try alive(day) { () throws(StoreError) in
            if let day = self.day(day) {
                _ = try day.prepare(closing)
                return
            }
            if closing.tree.kind == .late { throw StoreRules.open(closing.tree.cell) }
            try StoreRules.judge(closing.opening, runs: [:])
            try StoreRules.judge(closing.opening, try StoreRules.tree(of: []))
        }
    }

    public func publish(_ closing: StoredClosing) throws(StoreError) -> Kept {
        let day = closing.opening.cell.hour.day
        return try alive(day) { () throws(StoreError) in try made(day).publish(closing) }
    }

    public func forgetBatches(of tree: CellTreeID) throws(StoreError) {
        try found(in: tree.cell.hour.day) { day throws(StoreError) in try day.forget() }
    }

    public func closing(of tree: CellTreeID) throws(StoreError) -> StoredClosing? {
        try found(in: tree.cell.hour.day) { day throws(StoreError) in
            try day.file.closing(of: tree)
        } ?? nil
    }

    public func search<Found>(
        _ day: Day, _ body: (any ClosedTrees) throws(StoreError) -> Found
    ) throws(StoreError) -> Found? {
        try found(in: day) { day throws(StoreError) in try day.search(body) }
    }

    public func closings() throws(StoreError) -> [StoredClosing] {
        var result: [StoredClosing] = []
        for day in living.withLock({ $0.keys.sorted() }) { result += try closings(of: day) }
        return result
    }

    public func closings(of day: Day) throws(StoreError) -> [StoredClosing] {
        try found(in: day) { day throws(StoreError) in try day.file.closings() } ?? []
    }

    /// Of these labels those that have a row in a closed tree of a cell, and whether its late tree is
    /// closed. Nil where no tree is closed.
    func closed(
        _ labels: Set<Label>, _ cell: Cell
    ) throws(StoreError) -> (rows: Set<Label>, isOver: Bool)? {
        try found(in: cell.hour.day) { day throws(StoreError) in
            try day.file.closed(labels, in: cell)
        } ?? nil
    }

    public func days() throws(StoreError) -> [Day] {
        let days = living.withLock { Set($0.keys) }
        return days.union(photoFiles.withLock { Array($0.keys) })
            .union(dying.withLock { $0.days }).sorted()
    }

    public func isDead(_ day: Day) throws(StoreError) -> Bool {
        dead.withLock { $0.contains(day) }
    }

    /// On a full disk nothing can be counted either.
    func counted(_ refusal: StoreError) throws(StoreError) {
        guard refusal.code != SQLiteFile.full else { return }
        try count(refusal.code)
    }

    public func count(_ refusal: String) throws(StoreError) {
        try main.write {
            try $0.execute(
                sql: """
                    INSERT INTO refusals VALUES (?, 1)
                    ON CONFLICT (code) DO UPDATE SET count = count + 1
                    """, arguments: [refusal])
        }
    }

    public func refusals() throws(StoreError) -> [String: UInt64] {
        try main.read { database in
            let found = try Row.fetchAll(database, sql: "SELECT code, count FROM refusals")
            return Dictionary(
                uniqueKeysWithValues: found.map {
                    ($0["code"] as String, UInt64($0["count"] as Int64))
                })
        }
    }

    func checkAlive(_ day: Day) throws(StoreError) {
        guard !(try isDead(day)) else { throw StoreRules.dead(day) }
    }

    func day(_ day: Day) -> DayStore? { living.withLock { $0[day] } }

    /// What is asked of a day that must live, also while it is dropped. Throws `cell-dead`.
    private func alive<Result>(
        _ day: Day, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try checkAlive(day)
        do throws(StoreError) {
            return try body()
        } catch {
            try checkAlive(day)
            throw error
        }
    }

    /// What a day has; nil where there is none, or it is dropped meanwhile.
    private func found<Result>(
        in day: Day, _ body: (DayStore) throws(StoreError) -> Result
    ) throws(StoreError) -> Result? {
        guard let store = self.day(day) else { return nil }
        do throws(StoreError) {
            return try body(store)
        } catch {
            guard self.day(day) != nil else { return nil }
            throw error
        }
    }

    /// The day, made at its first row or closing.
    private func made(_ day: Day) throws(StoreError) -> DayStore {
        try living.withLock { living throws(StoreError) in
            if let store = living[day] { return store }
            // Dropped since somebody asked.
            try checkAlive(day)
            let store = try DayStore(
                try DayFile.create(newPath("day", day), day, fileSystem), day, in: folder,
                fileSystem)
            living[day] = store
            return store
        }
    }

    func newPath(_ kind: String, _ day: Day) throws(StoreError) -> String {
        let path = folder + "/\(kind)-\(day.number).sqlite"
        // A disk that was full, or a crash, has cut an earlier creation short: nobody was told of it.
        try SQLiteFile.remove(path, fileSystem)
        return path
    }
}
