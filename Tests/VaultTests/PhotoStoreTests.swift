import Disk
import Foundation
import GRDB
import Plates
import Rows
import Secrets
import Testing
import Vault

extension Sample {
    /// A photo of a row, as random as a sealed one.
    static func photo(
        _ name: String, _ label: Label, cell: Cell = cell, size: Int = SealedPhoto.sizes[0]
    ) throws -> PhotoDelivery {
        PhotoDelivery(
            cell: cell,
            photo: try SealedPhoto(label: label, bytes: SeededRandom("photo \(name)").bytes(size)),
            origin: origin, key: try key("site-\(cell.site.number)"))
    }
}

/// What every store promises of photos, and what the files of one say.
@Suite("the photos of a row store")
struct PhotoStoreTests {
    private let folder: TemporaryFolder
    private let fileSystem = POSIXFileSystem()

    init() throws { folder = try TemporaryFolder() }

    private func keep(_ store: any RowStore, _ photos: [PhotoDelivery]) -> String {
        code { _ = try store.keep(photos, admission: Sample.admission) }
    }

    private func labels(_ count: Int = 6) throws -> [Label] {
        try Car("1").rows(Sample.run("a"), 0..<UInt64(count)).map(\.label)
    }

    @Test("what was kept is there by its row's label, once", arguments: Backend.allCases)
    func keep(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let labels = try labels()
        let photos = try [
            Sample.photo("1", labels[0]), Sample.photo("2", labels[0], size: SealedPhoto.sizes[1]),
            Sample.photo("3", labels[1]),
        ]
        #expect(try store.keep(photos, admission: Sample.admission) == .fresh)
        #expect(try store.keep(photos, admission: Sample.admission) == .again)
        #expect(try store.keep([photos[1]], admission: Sample.admission) == .again)
        let expected = photos[..<2].sorted {
            $0.digest.bytes.lexicographicallyPrecedes($1.digest.bytes)
        }.map(\.photo)
        #expect(try store.photos(of: labels[0], in: Sample.cell) == expected)
        #expect(try store.photos(of: labels[1], in: Sample.cell) == [photos[2].photo])
        #expect(try store.photos(of: labels[2], in: Sample.cell) == [])
        #expect(try store.photoLabels(in: Sample.cell) == [labels[0], labels[1]])
        let other = Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2))
        #expect(try store.photos(of: labels[0], in: other) == [])
        #expect(try store.photoLabels(in: other) == [])
        #expect(try store.days() == [Sample.day])
        #expect(try store.refusals() == [:])
    }

    @Test("a row has eight photos, a site has its room of a day, and a refusal keeps nothing")
    func bounds() throws {
        for backend in Backend.allCases {
            let store: any RowStore =
                switch backend {
                case .memory: MemoryRowStore(photoBytes: SealedPhoto.sizes[0] * 20)
                case .sqlite:
                    try SQLiteRowStore.create(
                        at: folder.path + "/bounded", fileSystem: fileSystem,
                        photoBytes: SealedPhoto.sizes[0] * 20)
                }
            let labels = try labels()
            let eight = try (0..<8).map { try Sample.photo("\($0)", labels[0]) }
            #expect(keep(store, eight) == "accepted")
            let ninth = try Sample.photo("9", labels[0])
            #expect(keep(store, [try Sample.photo("x", labels[1]), ninth]) == "photo-count")
            #expect(try store.photos(of: labels[1], in: Sample.cell) == [])
            #expect(keep(store, [try Sample.photo("x", labels[1])]) == "accepted")
            let two = try [Sample.photo("y", labels[2]), Sample.photo("z", labels[3])]
            #expect(keep(store, two) == "photos-full")
            #expect(try store.photoLabels(in: Sample.cell).count == 2)
            #expect(keep(store, [two[0]]) == "accepted")
            #expect(keep(store, [two[1]]) == "photos-full")
            // What is there already needs no room; another day has its own, and another site.
            #expect(keep(store, eight) == "accepted")
            let tomorrow = Cell(hour: Sample.day.next.hours[0], site: Sample.cell.site)
            #expect(
                keep(store, [try Sample.photo("z", labels[3], cell: tomorrow)]) == "accepted")
            let there = Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2))
            for place in 0..<5 {
                #expect(
                    keep(
                        store,
                        try (0..<2).map {
                            try Sample.photo("\($0)", labels[place], cell: there)
                        }) == "accepted")
            }
            #expect(
                try store.refusals() == ["photo-count": 1, "photos-full": 2])
            // And the rows are taken all the same.
            let batch = try Sample.batch(Car("1").rows(Sample.run("a"), 0..<6))
            #expect(try store.keep(batch, admission: Sample.admission) == .fresh)
        }
    }

    @Test(
        "cells of no site or not begun, several days at once: refused and counted",
        arguments: Backend.allCases)
    func admission(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let label = try labels()[0]
        let bounds = Sample.admission.hours
        func at(_ hour: Hour, _ site: UInt16) throws -> PhotoDelivery {
            try Sample.photo("1", label, cell: Cell(hour: hour, site: SiteNumber(number: site)))
        }
        #expect(keep(store, [try at(Sample.cell.hour, 3)]) == "cell-unknown")
        #expect(keep(store, [try at(bounds.upperBound.next, 1)]) == "cell-future")
        let days = try [at(Sample.cell.hour, 1), at(Sample.day.next.hours[0], 1)]
        #expect(keep(store, days) == "photo-malformed")
        #expect(try store.days() == [])
        #expect(
            try store.refusals() == ["cell-unknown": 1, "cell-future": 1, "photo-malformed": 1])
    }

    @Test("photos go with their day", arguments: Backend.allCases)
    func expire(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let labels = try labels()
        let photo = try Sample.photo("1", labels[0])
        let tomorrow = Cell(hour: Sample.day.next.hours[0], site: Sample.cell.site)
        let later = try Sample.photo("1", labels[0], cell: tomorrow)
        #expect(keep(store, [photo]) == "accepted" && keep(store, [later]) == "accepted")
        #expect(try store.days() == [Sample.day, Sample.day.next])
        try store.markDead(Sample.day)
        #expect(try store.photos(of: labels[0], in: Sample.cell) == [])
        #expect(try store.photoLabels(in: Sample.cell) == [])
        #expect(keep(store, [photo]) == "cell-dead")
        try store.tidyPhotos()
        try store.expire(Sample.day)
        #expect(keep(store, [photo]) == "cell-dead")
        #expect(try store.photos(of: labels[0], in: tomorrow) == [later.photo])
        #expect(try store.days() == [Sample.day.next])
    }

    @Test("a closing moves a cell's photos, and keeps them all", arguments: Backend.allCases)
    func close(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<6)
        let photos = try rows.enumerated().map { try Sample.photo("\($0)", $1.label) }
        for photo in photos { #expect(keep(store, [photo]) == "accepted") }
        let batch = try Sample.batch(rows)
        _ = try store.keep(batch, admission: Sample.admission)
        _ = try store.close(try Sample.closing([batch]))
        for isTidy in [false, true] {
            if isTidy { try store.tidyPhotos() }
            for photo in photos {
                #expect(try store.photos(of: photo.photo.label, in: Sample.cell) == [photo.photo])
            }
        }
        #expect(keep(store, photos) == "accepted")
        // One that comes after the closing is kept too, beside those that were moved.
        let more = try Sample.photo("more", rows[0].label)
        #expect(keep(store, [more]) == "accepted")
        #expect(try store.photos(of: rows[0].label, in: Sample.cell).count == 2)
        #expect(try store.close(try Sample.closing([batch])) == .again)
        try store.tidyPhotos()
        #expect(try store.photos(of: rows[0].label, in: Sample.cell).count == 2)
    }

    private func create() throws -> SQLiteRowStore {
        try SQLiteRowStore.create(at: folder.path + "/rows", fileSystem: fileSystem)
    }

    private var path: String { folder.path + "/rows" }

    @Test("what was acknowledged is in the files at that moment, before and after a closing")
    func copied() throws {
        let store = try create()
        let rows = try Car("1").rows(Sample.run("a"), 0..<5)
        let batch = try Sample.batch(rows)
        _ = try store.keep(batch, admission: Sample.admission)
        for (place, row) in rows.enumerated() {
            let photo = try Sample.photo("\(place)", row.label)
            _ = try store.keep([photo], admission: Sample.admission)
            if place == 2 { _ = try store.close(try Sample.closing([batch])) }
            // As after a crash: the files as they are, the store still open.
            let copy = folder.path + "/copy-\(place)"
            try fileSystem.makeFolder(copy)
            for name in try fileSystem.list(path) where !name.hasSuffix("-shm") {
                try fileSystem.create(copy + "/" + name, fileSystem.read(path + "/" + name))
            }
            let opened = try SQLiteRowStore.open(at: copy, fileSystem: fileSystem)
            #expect(try opened.photoLabels(in: Sample.cell).count == place + 1)
            #expect(try opened.photos(of: row.label, in: Sample.cell) == [photo.photo])
            #expect(try opened.keep([photo], admission: Sample.admission) == .again)
            // What a crash left to be done is done then.
            try opened.tidyPhotos()
            #expect(try opened.photoLabels(in: Sample.cell).count == place + 1)
            #expect(try opened.photos(of: row.label, in: Sample.cell) == [photo.photo])
            let name = copy + "/photos-\(Sample.day.number).sqlite"
            let arriving = try DatabaseQueue(path: name).read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM arriving")
            }
            #expect(arriving == (place < 2 ? place + 1 : 0))
        }
    }

    @Test("a dropped day leaves no file of photos and not one of their bytes")
    func dropped() throws {
        let store = try create()
        let photos = try labels().enumerated().map { try Sample.photo("\($0)", $1) }
        _ = try store.keep(photos, admission: Sample.admission)
        let name = "photos-\(Sample.day.number)"
        #expect(try fileSystem.list(path).contains { $0.hasPrefix(name) })
        for file in try fileSystem.list(path) {
            #expect(try permissions(path + "/" + file) == 0o600, "\(file)")
        }
        try store.expire(Sample.day)
        #expect(try !fileSystem.list(path).contains { $0.hasPrefix("photos-") })
        for bytes in TemporaryFolder.allBytes(under: path) {
            for photo in photos {
                #expect(bytes.offset(of: Array(photo.photo.bytes[..<64])) == nil)
                #expect(bytes.offset(of: photo.photo.label.bytes) == nil)
            }
        }
    }

    @Test("a drop that was cut short, a creation that was, and a damaged file")
    func cutShort() throws {
        let photo = try Sample.photo("1", labels()[0])
        let name = path + "/photos-\(Sample.day.number).sqlite"
        var kept: [UInt8] = []
        do {
            let store = try create()
            _ = try store.keep([photo], admission: Sample.admission)
            _ = try store.close(try Sample.closing([]))
            try store.tidyPhotos()
            kept = try fileSystem.read(name)
            try store.expire(Sample.day)
        }
        for suffix in ["", "-wal", "-shm"] {
            try fileSystem.create(name + suffix, suffix.isEmpty ? kept : [])
        }
        let unborn = path + "/photos-\(Sample.day.number + 1).sqlite"
        try fileSystem.create(unborn, [])
        do {
            let store = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
            #expect(try store.days() == [])
            #expect(try !fileSystem.list(path).contains { $0.hasPrefix("photos-") })
        }
        try fileSystem.create(unborn, [UInt8](repeating: 0x55, count: 4_096))
        #expect(
            code { _ = try SQLiteRowStore.open(at: path, fileSystem: fileSystem) }
                == "store-failed")
    }

    @Test("after a closing the file soon does not tell which photos came together")
    func order() throws {
        let store = try create()
        let labels = try labels(120)
        for (place, label) in labels.enumerated() {
            _ = try store.keep(
                [try Sample.photo("\(place)", label)], admission: Sample.admission)
        }
        let rows = try Car("1").rows(Sample.run("a"), 0..<120)
        let batch = try Sample.batch(rows)
        _ = try store.keep(batch, admission: Sample.admission)
        func correlation() throws -> Double {
            let bytes = try fileSystem.read(path + "/photos-\(Sample.day.number).sqlite")
            // The sealed bytes that lie where the file system sees them, not those that were freed.
            let places = try labels.indices.map { place in
                try #require(
                    bytes.offset(
                        of: Array(
                            try Sample.photo("\(place)", labels[place]).photo.bytes.suffix(48))))
            }
            return ArrivalOrderTests.correlation(Array(labels.indices), places)
        }
        let file = path + "/photos-\(Sample.day.number).sqlite"
        _ = try DatabaseQueue(path: file).writeWithoutTransaction {
            try $0.checkpoint(.truncate)
        }
        #expect(try correlation() > 0.9, "the test sees an order where there is one")
        try store.tidyPhotos()
        _ = try store.close(try Sample.closing([batch]))
        // The closing itself moves none: nobody waits for gigabytes.
        #expect(try correlation() > 0.9)
        try store.tidyPhotos()
        #expect(abs(try correlation()) < 5 / Double(119).squareRoot())
    }
}
