import Disk
import GRDB
import Plates
import Rows
import Secrets
import Testing
import Vault

/// What is done with photos after a closing.
@Suite("photos of closed trees")
struct PhotoTidyingTests {
    private let folder: TemporaryFolder
    private let fileSystem = POSIXFileSystem()

    init() throws { folder = try TemporaryFolder() }

    private var path: String { folder.path + "/rows" }

    private func keep(_ store: any RowStore, _ photos: [PhotoDelivery]) -> String {
        code { _ = try store.keep(photos, admission: Sample.admission) }
    }

    @Test("a late tree that closes takes photos without a row away", arguments: Backend.allCases)
    func orphans(_ backend: Backend) throws {
        let store: any RowStore =
            switch backend {
            case .memory: MemoryRowStore(photoBytes: SealedPhoto.sizes[0] * 12)
            case .sqlite:
                try SQLiteRowStore.create(
                    at: path, fileSystem: fileSystem, photoBytes: SealedPhoto.sizes[0] * 12)
            }
        let rows = try Car("1").rows(Sample.run("a"), 0..<6)
        let photos = try rows.enumerated().map { try Sample.photo("\($0)", $1.label) }
        #expect(keep(store, photos) == "accepted")
        func labels() throws -> Set<Label> {
            try store.tidyPhotos()
            return try store.photoLabels(in: Sample.cell)
        }
        #expect(try labels() == Set(rows.map(\.label)))
        let prompt = try Sample.batch(Array(rows[..<2]))
        let late = try Sample.batch(Array(rows[2..<4]), kind: .late)
        _ = try store.keep(prompt, admission: Sample.admission)
        _ = try store.close(try Sample.closing([prompt]))
        _ = try store.keep(late, admission: Sample.admission)
        // As long as a row may come, its photo waits for it.
        #expect(try labels() == Set(rows.map(\.label)))
        let next = Cell(hour: Sample.cell.hour.next, site: Sample.cell.site)
        let more = try (0..<2).map { try Sample.photo("\($0)", rows[0].label, cell: next) }
        #expect(keep(store, more) == "photos-full")
        _ = try store.close(try Sample.closing([late], kind: .late, name: "late"))
        #expect(try labels() == Set(rows[..<4].map(\.label)))
        #expect(try labels() == Set(rows[..<4].map(\.label)))
        for photo in photos[..<4] {
            #expect(try store.photos(of: photo.photo.label, in: Sample.cell) == [photo.photo])
        }
        // Nothing enters any more; what is there is no error; and there is room again, once.
        #expect(keep(store, [photos[5]]) == "cell-closed")
        #expect(keep(store, [try Sample.photo("new", rows[0].label)]) == "cell-closed")
        #expect(keep(store, [photos[0], photos[3]]) == "accepted")
        #expect(keep(store, more) == "accepted")
        #expect(keep(store, [try Sample.photo("3", rows[0].label, cell: next)]) == "photos-full")
    }

    @Test("photos that cannot be moved keep no closing back, and no other day's photos")
    func broken() throws {
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        let rows = try Car("1").rows(Sample.run("a"), 0..<2)
        let tomorrow = Cell(hour: Sample.day.next.hours[0], site: Sample.cell.site)
        for cell in [Sample.cell, tomorrow] {
            let photos = try rows.map { try Sample.photo("1", $0.label, cell: cell) }
            #expect(keep(store, photos) == "accepted")
            let batch = try Sample.batch(rows, cell: cell)
            _ = try store.keep(batch, admission: Sample.admission)
            if cell == Sample.cell {
                _ = try DatabaseQueue(path: path + "/photos-\(Sample.day.number).sqlite").write {
                    try $0.execute(sql: "DROP TABLE kept")
                }
            }
            #expect(try store.close(try Sample.closing([batch], cell: cell)) == .fresh)
        }
        #expect(code { try store.tidyPhotos() } == "store-failed")
        let moved = try DatabaseQueue(path: path + "/photos-\(Sample.day.next.number).sqlite")
            .read { try Int.fetchOne($0, sql: "SELECT count(*) FROM kept") }
        #expect(moved == 2)
        // What could not be moved was not dropped.
        let left = try DatabaseQueue(path: path + "/photos-\(Sample.day.number).sqlite")
            .read { try Int.fetchOne($0, sql: "SELECT count(*) FROM arriving") }
        #expect(left == 2)
    }
}
