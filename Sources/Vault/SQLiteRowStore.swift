public import Disk
import GRDB
public import Plates
public import Rows
import Synchronization

/// The store in a folder: `store.sqlite` with the dead days and the counters, and for each day that
/// lives one `day-<number>.sqlite`, and one `photos-<number>.sqlite` where it has photos
/// (Docs/Spec/Store.md).
public final class SQLiteRowStore: RowStore {
    private let folder: String
    private let fileSystem: any FileSystem
    private let main: SQLiteFile
    let files: Mutex<[Day: DayFile]>
    // Never locked together with `files`: photos are long.
    let photoFiles: Mutex<[Day: PhotoFile]>
    private let photoLimit: Int

    private static let schema = """
        CREATE TABLE dead (day INTEGER NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE refusals (
            code TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """

    private init(
        _ folder: String, _ fileSystem: any FileSystem, _ main: SQLiteFile,
        _ files: sending [Day: DayFile], _ photoFiles: sending [Day: PhotoFile], _ photoLimit: Int?
    ) {
        self.folder = folder
        self.fileSystem = fileSystem
        self.main = main
        self.files = Mutex(files)
        self.photoFiles = Mutex(photoFiles)
        self.photoLimit = photoLimit ?? PhotoRules.bytesADay
    }

    /// A new, empty store in a folder, which is made if need be. SQLite itself writes the files;
    /// `fileSystem` names and removes them. `photoBytes` is how much of photos it takes for one
    /// day of all sites. Throws `store-exists`, `store-failed`.
    public static func create(
        at folder: String, fileSystem: any FileSystem, photoBytes: Int? = nil
    ) throws(StoreError) -> SQLiteRowStore {
        try SQLiteFile.disk { () throws(DiskError) in try fileSystem.makeFolder(folder) }
        let main = try SQLiteFile.create(
            folder + "/store.sqlite", schema: schema, fileSystem: fileSystem)
        return SQLiteRowStore(folder, fileSystem, main, [:], [:], photoBytes)
    }

    /// A store that exists; finishes the dropping of days that a crash cut short. Throws
    /// `store-missing`, `store-version`, `store-failed`.
    public static func open(
        at folder: String, fileSystem: any FileSystem, photoBytes: Int? = nil
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
        var files: [Day: DayFile] = [:]
        for (day, path) in try living("day") {
            let file = try DayFile.open(path, fileSystem)
            try file.settle()
            files[day] = file
        }
        var photoFiles: [Day: PhotoFile] = [:]
        for (day, path) in try living("photos") {
            let file = try PhotoFile.open(path, fileSystem)
            try file.settle()
            photoFiles[day] = file
        }
        return SQLiteRowStore(folder, fileSystem, main, files, photoFiles, photoBytes)
    }

    /// The day of `day-20780.sqlite` or `photos-20780.sqlite` and of what SQLite puts beside it.
    private static func number(of name: String, _ kind: String) -> UInt32? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, parts[0].hasPrefix(kind + "-"), parts[1].hasPrefix("sqlite") else {
            return nil
        }
        return UInt32(parts[0].dropFirst(kind.count + 1))
    }

    public func keep(_ batch: Batch, admission: Admission) throws(StoreError) -> Kept {
        do throws(StoreError) {
            let day = batch.cell.hour.day
            return try files.withLock { files throws(StoreError) in
                try checkAlive(day)
                try admission.check(batch.cell)
                return try file(day, &files).keep(batch)
            }
        } catch {
            try counted(error)
            throw error
        }
    }

    public func batches(of tree: CellTreeID) throws(StoreError) -> [Batch] {
        try files.withLock { files throws(StoreError) in
            try checkAlive(tree.cell.hour.day)
            return try files[tree.cell.hour.day]?.batches(of: tree) ?? []
        }
    }

    public func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
        try files.withLock { files throws(StoreError) in
            try files[tree.cell.hour.day]?.rows(of: tree) ?? []
        }
    }

    public func close(_ closing: StoredClosing) throws(StoreError) -> Kept {
        let day = closing.opening.cell.hour.day
        return try files.withLock { files throws(StoreError) in
            try checkAlive(day)
            return try file(day, &files).close(closing)
        }
    }

    public func checkClose(_ closing: StoredClosing) throws(StoreError) {
        let day = closing.opening.cell.hour.day
        try files.withLock { files throws(StoreError) in
            try checkAlive(day)
            guard let file = files[day] else {
                if closing.tree.kind == .late { throw StoreRules.open(closing.tree.cell) }
                return try StoreRules.judge(closing.opening, runs: [:], rows: [])
            }
            try file.checkClose(closing)
        }
    }

    public func closing(of tree: CellTreeID) throws(StoreError) -> StoredClosing? {
        try files.withLock { files throws(StoreError) in
            try files[tree.cell.hour.day]?.closing(of: tree)
        }
    }

    public func closings() throws(StoreError) -> [StoredClosing] {
        try files.withLock { files throws(StoreError) in
            var result: [StoredClosing] = []
            for day in files.sorted(by: { $0.key < $1.key }) { result += try day.value.closings() }
            return result
        }
    }

    public func keep(
        _ photos: [PhotoDelivery], admission: Admission
    ) throws(StoreError) -> Kept {
        do throws(StoreError) {
            let over = try over(Set(photos.map(\.cell)))
            return try photoFiles.withLock { files throws(StoreError) in
                for photo in photos {
                    try checkAlive(photo.cell.hour.day)
                    try admission.check(photo.cell)
                }
                guard let day = photos.first?.cell.hour.day else { return .again }
                guard photos.allSatisfy({ $0.cell.hour.day == day }) else {
                    throw PhotoRules.severalDays
                }
                return try photoFile(day, &files).keep(
                    photos, limit: PhotoRules.share(of: photoLimit, admission), over: over)
            }
        } catch {
            try counted(error)
            throw error
        }
    }

    /// Those of the cells of which the late tree is closed.
    private func over(_ cells: Set<Cell>) throws(StoreError) -> Set<Cell> {
        try files.withLock { files throws(StoreError) in
            var over: Set<Cell> = []
            for cell in cells {
                let late = CellTreeID(cell: cell, kind: .late)
                if try files[cell.hour.day]?.closing(of: late) != nil { over.insert(cell) }
            }
            return over
        }
    }

    public func photos(of label: Label, in cell: Cell) throws(StoreError) -> [SealedPhoto] {
        try photoFiles.withLock { files throws(StoreError) in
            try files[cell.hour.day]?.photos(cell, label) ?? []
        }
    }

    public func photoLabels(in cell: Cell) throws(StoreError) -> Set<Label> {
        try photoFiles.withLock { files throws(StoreError) in
            try files[cell.hour.day]?.labels(cell) ?? []
        }
    }

    public func days() throws(StoreError) -> [Day] {
        let days = files.withLock { Set($0.keys) }
        return days.union(photoFiles.withLock { Array($0.keys) }).sorted()
    }

    /// Drops a day. (1) It is noted as dead, durably: if we crash here, `open` goes on with (2).
    /// (2) Its files are closed and removed with their journals, and the folder is synchronized.
    ///
    /// On a full disk, where nothing can be noted, (2) comes first and makes room for (1). If we crash
    /// between, the day is merely gone: whose word it is that it is dead, the log's, says so still.
    public func expire(_ day: Day) throws(StoreError) {
        do throws(StoreError) {
            try note(day)
        } catch {
            guard error.code == SQLiteFile.full else { throw error }
            try drop(day)
            return try note(day)
        }
        try drop(day)
    }

    private func note(_ day: Day) throws(StoreError) {
        try files.withLock { _ throws(StoreError) in
            try main.write {
                try $0.execute(
                    sql: "INSERT OR IGNORE INTO dead VALUES (?)", arguments: [Int64(day.number)])
            }
        }
    }

    private func drop(_ day: Day) throws(StoreError) {
        try files.withLock { files throws(StoreError) in
            try files[day]?.remove(fileSystem)
            files[day] = nil
        }
        try photoFiles.withLock { files throws(StoreError) in
            try files[day]?.remove(fileSystem)
            files[day] = nil
        }
    }

    public func isDead(_ day: Day) throws(StoreError) -> Bool {
        try main.read {
            try Bool.fetchOne(
                $0, sql: "SELECT 1 FROM dead WHERE day = ?", arguments: [Int64(day.number)])
        } ?? false
    }

    /// On a full disk nothing can be counted either.
    private func counted(_ refusal: StoreError) throws(StoreError) {
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

    private func checkAlive(_ day: Day) throws(StoreError) {
        guard !(try isDead(day)) else { throw StoreRules.dead(day) }
    }

    /// The day's file, made at its first row or closing.
    private func file(
        _ day: Day, _ files: inout [Day: DayFile]
    ) throws(StoreError) -> DayFile {
        if let file = files[day] { return file }
        let path = folder + "/day-\(day.number).sqlite"
        if try SQLiteFile.isUnborn(path, fileSystem) {
            // A disk that was full has cut its creation short.
            try SQLiteFile.remove(path, fileSystem)
        }
        let file = try DayFile.create(path, fileSystem)
        files[day] = file
        return file
    }

    /// The day's file of photos, made at its first one.
    private func photoFile(
        _ day: Day, _ files: inout [Day: PhotoFile]
    ) throws(StoreError) -> PhotoFile {
        if let file = files[day] { return file }
        let file = try PhotoFile.create(folder + "/photos-\(day.number).sqlite", fileSystem)
        files[day] = file
        return file
    }
}
