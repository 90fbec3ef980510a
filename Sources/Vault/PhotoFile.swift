import Disk
import FoundationEssentials
import GRDB
import Plates
import Rows
import Secrets

/// One day's sealed photos in a SQLite file of their own (Docs/Spec/Store.md).
///
/// What arrives stands in `arriving`; once the tree of its row is closed a photo moves to `kept`, in an
/// order drawn at random, so that the file does not tell any more which came together.
struct PhotoFile: Sendable {
    private let file: SQLiteFile

    private static let tables = ["arriving", "kept"]
    private static let schema =
        tables.map { table in
            """
            CREATE TABLE \(table) (
                hour INTEGER NOT NULL, site INTEGER NOT NULL,
                label BLOB NOT NULL CHECK (length(label) = 16),
                digest BLOB NOT NULL CHECK (length(digest) = 32), photo BLOB NOT NULL,
                PRIMARY KEY (hour, site, label, digest)) STRICT, WITHOUT ROWID;
            """
        }.joined(separator: "\n") + """

            CREATE TABLE room (site INTEGER NOT NULL PRIMARY KEY, bytes INTEGER NOT NULL)
            STRICT, WITHOUT ROWID;
            """
    // 4 MiB: how much moves in one transaction, for which others wait; a single one may be longer.
    private static let bytesAtOnce = 4 << 20

    static func create(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(StoreError) -> PhotoFile {
        PhotoFile(file: try SQLiteFile.create(path, schema: schema, fileSystem: fileSystem))
    }

    static func open(_ path: String, _ fileSystem: any FileSystem) throws(StoreError) -> PhotoFile {
        PhotoFile(file: try SQLiteFile.open(path, fileSystem: fileSystem))
    }

    func close() throws(StoreError) { try file.close() }

    func settle() throws(StoreError) { try file.settleIfRoom() }

    /// Keeps photos, all or none, as far as there is room for so many bytes of each site, and none
    /// that is new of cells that are `over`.
    func keep(
        _ photos: [PhotoDelivery], limit: Int, over: Set<Cell>
    ) throws(StoreError) -> Kept {
        try file.write { database in
            var kept = Kept.again
            for photo in photos.sorted(by: { $0.place < $1.place }) {
                let ofRow = Self.arguments(photo.cell) + [Data(photo.photo.label.bytes)]
                let digests = try Data.fetchSet(
                    database,
                    sql: Self.tables.map { "SELECT digest FROM \($0) WHERE \(Self.ofRow)" }
                        .joined(separator: " UNION "), arguments: ofRow + ofRow)
                if digests.contains(Data(photo.digest.bytes)) { continue }
                guard !over.contains(photo.cell) else { throw StoreRules.closed(photo.cell) }
                let size = photo.photo.bytes.count
                let taken = try Int.fetchOne(
                    database, sql: "SELECT bytes FROM room WHERE site = ?",
                    arguments: [Int64(photo.cell.site.number)])
                try PhotoRules.judge(
                    photo, known: digests.count, size: (taken ?? 0) + size, limit: limit)
                try database.execute(
                    sql: "INSERT INTO arriving VALUES (?, ?, ?, ?, ?)",
                    arguments: ofRow + [Data(photo.digest.bytes), Data(photo.photo.bytes)])
                try Self.add(size, to: photo.cell, database)
                kept = .fresh
            }
            return kept
        }
    }

    private static func add(_ size: Int, to cell: Cell, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO room VALUES (?, ?)
                ON CONFLICT (site) DO UPDATE SET bytes = bytes + excluded.bytes
                """, arguments: [Int64(cell.site.number), size])
    }

    /// The cells with photos in `arriving`.
    func arriving() throws(StoreError) -> [Cell] {
        try file.read { database in
            // From cell to cell by the key: a scan would read every page.
            let next = try database.cachedStatement(
                sql: """
                    SELECT hour, site FROM arriving WHERE (hour, site) > (?, ?)
                    ORDER BY hour, site LIMIT 1
                    """)
            var cells: [Cell] = []
            var last: StatementArguments = [Int64(-1), Int64(-1)]
            while let found = try Row.fetchOne(next, arguments: last) {
                let cell = Cell(
                    hour: Hour(number: UInt32(clamping: found["hour"] as Int64)),
                    site: SiteNumber(number: UInt16(clamping: found["site"] as Int64)))
                cells.append(cell)
                last = Self.arguments(cell)
            }
            return cells
        }
    }

    /// A photo in `arriving`.
    struct Arrived {
        let label: Label
        fileprivate let digest: Data
        fileprivate let size: Int
    }

    /// A cell's photos in `arriving`.
    func arrived(_ cell: Cell) throws(StoreError) -> [Arrived] {
        try file.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT label, digest, length(photo) FROM arriving WHERE \(Self.ofCell)",
                arguments: Self.arguments(cell)
            ).map {
                Arrived(
                    label: try Label(bytes: Array($0[0] as Data)), digest: $0[1], size: $0[2])
            }
        }
    }

    /// What of these photos is dealt with at once, in an order drawn at random: pages that one photo
    /// frees are the next one's, so that any other order would tell where each has been.
    static func parts(_ photos: [Arrived]) -> [[Arrived]] {
        var parts: [[Arrived]] = []
        var size = bytesAtOnce
        for photo in photos.shuffled() {
            size += photo.size
            if size > bytesAtOnce {
                parts.append([])
                size = photo.size
            }
            parts[parts.count - 1].append(photo)
        }
        return parts
    }

    /// Moves photos of a cell to those that are kept where their row is among these, and drops the
    /// others.
    func tidy(
        _ photos: [Arrived], in cell: Cell, rows: Set<Label>
    ) throws(StoreError) {
        try file.write { database in
            for photo in photos {
                let key = Self.arguments(cell) + [Data(photo.label.bytes), photo.digest]
                let isKept = rows.contains(photo.label)
                if isKept {
                    try database.execute(
                        sql: """
                            INSERT INTO kept
                            SELECT * FROM arriving WHERE \(Self.ofRow) AND digest = ?
                            """, arguments: key)
                }
                try database.execute(
                    sql: "DELETE FROM arriving WHERE \(Self.ofRow) AND digest = ?", arguments: key)
                if !isKept, database.changesCount > 0 {
                    try Self.add(-photo.size, to: cell, database)
                }
            }
        }
    }

    func photos(_ cell: Cell, _ label: Label) throws(StoreError) -> [SealedPhoto] {
        try file.read { database in
            let arguments = Self.arguments(cell) + [Data(label.bytes)]
            return try Data.fetchAll(
                database,
                sql: Self.tables.map { "SELECT photo, digest FROM \($0) WHERE \(Self.ofRow)" }
                    .joined(separator: " UNION ALL ") + " ORDER BY digest",
                arguments: arguments + arguments
            ).map { try SealedPhoto(label: label, bytes: Array($0)) }
        }
    }

    /// The labels of a cell that have photos.
    func labels(_ cell: Cell) throws(StoreError) -> Set<Label> {
        try file.read { database in
            let arguments = Self.arguments(cell)
            let found = try Data.fetchAll(
                database,
                sql: Self.tables.map { "SELECT label FROM \($0) WHERE \(Self.ofCell)" }
                    .joined(separator: " UNION "), arguments: arguments + arguments)
            return Set(try found.map { try Label(bytes: Array($0)) })
        }
    }

    private static let ofCell = "hour = ? AND site = ?"
    private static let ofRow = "hour = ? AND site = ? AND label = ?"

    private static func arguments(_ cell: Cell) -> StatementArguments {
        [Int64(cell.hour.number), Int64(cell.site.number)]
    }
}

/// The decisions about photos that every backend makes alike.
enum PhotoRules {
    /// 64 GiB: how many bytes of photos a day may have; rows are taken beyond.
    static let bytesADay = 64 << 30

    /// A day's room is divided among the sites of the roster, so that none takes another's part.
    static func share(of limit: Int, _ admission: Admission) -> Int {
        limit / max(1, admission.sites.count)
    }

    static var severalDays: StoreError {
        StoreError(code: "photo-malformed", sentence: "photos that come together are of one day")
    }

    /// Throws `photo-count` where the row has its photos already, `photos-full` where the site has
    /// those of the day.
    static func judge(
        _ photo: PhotoDelivery, known: Int, size: Int, limit: Int
    ) throws(StoreError) {
        guard known < PhotoDelivery.maximumPhotos else {
            throw StoreError(
                code: "photo-count",
                sentence: "a row of \(photo.cell) has \(PhotoDelivery.maximumPhotos) photos already"
            )
        }
        guard size <= limit else {
            throw StoreError(
                code: "photos-full",
                sentence: "the photos of site \(photo.cell.site) have taken all their room "
                    + "on \(photo.cell.hour.day)")
        }
    }
}

extension PhotoDelivery {
    /// Where it stands among all photos.
    var place: PhotoPlace { PhotoPlace(cell: cell, label: photo.label, digest: digest) }
}
