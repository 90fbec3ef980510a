import Disk
import FoundationEssentials
import GRDB
import Plates
import Rows
import Secrets

/// One day's sealed photos in a SQLite file of their own (Docs/Spec/Store.md).
///
/// What arrives stands in `arriving`; when a tree of a cell is closed, the cell's photos move to
/// `kept` in the order of their labels, so that the file does not tell any more which came together.
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

            CREATE TABLE total (
                one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), bytes INTEGER NOT NULL)
            STRICT, WITHOUT ROWID;
            INSERT INTO total VALUES (1, 0);
            """

    static func create(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(StoreError) -> PhotoFile {
        PhotoFile(file: try SQLiteFile.create(path, schema: schema, fileSystem: fileSystem))
    }

    static func open(_ path: String, _ fileSystem: any FileSystem) throws(StoreError) -> PhotoFile {
        PhotoFile(file: try SQLiteFile.open(path, fileSystem: fileSystem))
    }

    func remove(_ fileSystem: any FileSystem) throws(StoreError) { try file.remove(fileSystem) }

    func settle() throws(StoreError) { try file.settleIfRoom() }

    /// Keeps photos, all or none, as far as there is room for so many bytes of the day.
    func keep(_ photos: [PhotoDelivery], limit: Int) throws(StoreError) -> Kept {
        try file.write { database in
            var kept = Kept.again
            var size = try Int.fetchOne(database, sql: "SELECT bytes FROM total") ?? 0
            for photo in photos.sorted(by: { $0.place < $1.place }) {
                let ofRow = Self.arguments(photo.cell) + [Data(photo.photo.label.bytes)]
                let digests = try Data.fetchSet(
                    database,
                    sql: Self.tables.map { "SELECT digest FROM \($0) WHERE \(Self.ofRow)" }
                        .joined(separator: " UNION "), arguments: ofRow + ofRow)
                if digests.contains(Data(photo.digest.bytes)) { continue }
                size += photo.photo.bytes.count
                try PhotoRules.judge(photo, known: digests.count, size: size, limit: limit)
                try database.execute(
                    sql: "INSERT INTO arriving VALUES (?, ?, ?, ?, ?)",
                    arguments: ofRow + [Data(photo.digest.bytes), Data(photo.photo.bytes)])
                kept = .fresh
            }
            try database.execute(sql: "UPDATE total SET bytes = ?", arguments: [size])
            return kept
        }
    }

    /// Moves a cell's photos to those that are kept, in the order of their labels.
    func close(_ cell: Cell) throws(StoreError) {
        let moved: Bool = try file.write { database in
            let arguments = Self.arguments(cell)
            try database.execute(
                sql: """
                    INSERT INTO kept SELECT * FROM arriving WHERE \(Self.ofCell)
                    ORDER BY label, digest
                    """, arguments: arguments)
            let moved = database.changesCount
            try database.execute(
                sql: "DELETE FROM arriving WHERE \(Self.ofCell)", arguments: arguments)
            return moved > 0
        }
        // The journal still has the pages of before; if we crash here, the next closing or the
        // next opening of the store empties it.
        if moved { try file.settleIfRoom() }
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

    static var severalDays: StoreError {
        StoreError(code: "photo-malformed", sentence: "photos that come together are of one day")
    }

    /// Throws `photo-count` where the row has its photos already, `photos-full` where the day has.
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
                sentence: "the photos of \(photo.cell.hour.day) have taken all their room")
        }
    }
}

extension PhotoDelivery {
    /// Where it stands among all photos.
    var place: PhotoPlace { PhotoPlace(cell: cell, label: photo.label, digest: digest) }
}
