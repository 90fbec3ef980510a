import Bytes
import Foundation
import Intake
import Plates
import Rows
import Secrets
import Testing
import Tokens
import Warrants
import Wire

@Suite("photos beside a gateway's rows")
struct GatewayPhotoTests {
    private func photo(_ name: String, _ size: Int = 900, role: Photo.Role = .crop) throws -> Photo
    {
        // SOI, one comment segment, EOI: a whole JPEG by its own bytes.
        var segments: [UInt8] = []
        var left = size
        let random = SeededRandom(name)
        while left > 0 {
            let count = min(left, 60_000)
            segments += [0xff, 0xfe, UInt8((count + 2) >> 8), UInt8((count + 2) & 0xff)]
            segments += random.bytes(count)
            left -= count
        }
        return try Photo([0xff, 0xd8] + segments + [0xff, 0xd9], role: role)
    }

    /// What t custodians together open: each read with its photos.
    private func opened(
        _ world: World, _ text: String, run: RunID
    ) throws -> [(read: Read, photos: [[UInt8]])] {
        let cell = Cell(hour: World.now.hour, site: World.site)
        let plate = try Plate(normalizing: text, fold: .letterOAsZero)
        let parcels = try world.custodians.prefix(world.threshold.t).map {
            try $0.chains.evaluate(plates: [plate], cells: [cell])
        }
        let keys = try CellKeys.combine(
            parcels, threshold: world.threshold, plate: 0, cell: cell)
        return try world.found(text, runs: [run]).enumerated().map { counter, read in
            let label = try keys.label(run: run, counter: UInt64(counter))
            let photos = try read.fields.photos.map { digest in
                let delivery = try #require(
                    world.vault.photos.first { $0.digest.bytes == digest })
                #expect(delivery.photo.label == label && delivery.cell == cell)
                return try keys.openPhoto(delivery.photo)
            }
            return (read, photos)
        }
    }

    @Test("a read's photos are opened by the keys of its row, and are the very bytes")
    func roundTrip() throws {
        let world = try World("photos")
        let gateway = try world.ready()
        let (one, two) = (try photo("one"), try photo("two", 70_000))
        try gateway.take(World.read("AB1"), photos: [one, two], at: World.now)
        try gateway.take(World.read("AB1"), at: World.now)
        try gateway.take(World.read("CD2"), photos: [one], at: World.now)
        #expect(gateway.counts.photos == 3 && gateway.counts.photosWaiting == 3)
        #expect(gateway.flush().problems.isEmpty)
        #expect(gateway.counts.photosDelivered == 3 && gateway.counts.photosWaiting == 0)
        #expect(gateway.counts.photoBytes == 0 && gateway.counts.photosLost.isEmpty)
        let found = try opened(world, "AB1", run: gateway.run)
        #expect(found.map(\.photos) == [[one.bytes, two.bytes], []])
        #expect(try opened(world, "CD2", run: gateway.run).map(\.photos) == [[one.bytes]])
        // The same picture of two cars has nothing in common.
        #expect(Set(world.vault.photos.map(\.digest)).count == 3)
        for delivery in world.vault.photos {
            try delivery.verify(origin: World.origin, key: world.siteKey.verifyingKey)
            #expect(SealedPhoto.sizes.contains(delivery.photo.bytes.count))
        }
        #expect(
            world.vault.photos.map(\.photo.bytes.count).sorted()
                == [65_536 + 40, 65_536 + 40, 262_144 + 40])
    }

    @Test("photos come before their batch, in the order of their rows' labels")
    func order() throws {
        let world = try World("order")
        let gateway = try world.ready()
        for index in 0..<30 {
            try gateway.take(
                World.read("AB\(index)"), photos: [try photo("p\(index)")], at: World.now)
        }
        gateway.flush()
        let labels = world.vault.photos.map(\.photo.label)
        #expect(labels.count == 30 && labels == labels.sorted())
        // About a megabyte at once, and the rows last.
        #expect(world.vault.sequence == ["photos/put", "photos/put", "rows/batch"])
    }

    @Test("the policy says which photos are kept", arguments: PhotoKeeping.allCases)
    func policy(_ keeping: PhotoKeeping) throws {
        let world = try World("policy", photos: keeping)
        let gateway = try world.ready()
        try gateway.take(
            World.read("AB1"),
            photos: [try photo("crop"), try photo("frame", role: .frame)], at: World.now)
        gateway.flush()
        let count =
            switch keeping {
            case .none: 0
            case .crop: 1
            case .all: 2
            }
        #expect(world.vault.photos.count == count && gateway.counts.photos == count)
        let read = try #require(try world.found("AB1", runs: [gateway.run]).first)
        #expect(
            read.fields.photos
                == world.vault.photos.map(\.digest.bytes).filter {
                    read.fields.photos.contains($0)
                } || count == 2)
        #expect(read.fields.photos.count == count)
        #expect(gateway.counts.photosLost.isEmpty)
    }

    @Test("a photo that the vault does not take never keeps its read back")
    func refused() throws {
        let world = try World("refused")
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), photos: [try photo("one")], at: World.now)
        world.vault.refusesPhotos = true
        let report = gateway.flush()
        #expect(report.problems.isEmpty && report.rows == 1)
        #expect(try world.found("AB1", runs: [gateway.run]).count == 1)
        #expect(world.vault.photos.isEmpty && gateway.counts.photosWaiting == 1)
        // It comes later, the very one that the read names.
        world.vault.refusesPhotos = false
        gateway.flush()
        #expect(try opened(world, "AB1", run: gateway.run).map(\.photos.count) == [1])
        #expect(gateway.counts.photosWaiting == 0 && gateway.counts.photosLost.isEmpty)
        // And is given up after some tries.
        try gateway.take(World.read("AB1"), photos: [try photo("two")], at: World.now)
        world.vault.refusesPhotos = true
        for _ in 0..<7 { gateway.flush() }
        #expect(gateway.counts.photosWaiting == 1 && gateway.counts.photosLost.isEmpty)
        gateway.flush()
        #expect(
            gateway.counts.photosWaiting == 0 && gateway.counts.photosLost == ["photos-full": 1])
        #expect(gateway.counts.photoBytes == 0)
        #expect(try world.found("AB1", runs: [gateway.run]).count == 2)
        // A vault that is away for however long refuses nothing.
        try gateway.take(World.read("CD2"), photos: [try photo("three")], at: World.now)
        world.vault.isDown = true
        for _ in 0..<20 { gateway.flush() }
        #expect(gateway.counts.photosWaiting == 1)
        (world.vault.isDown, world.vault.refusesPhotos) = (false, false)
        gateway.flush()
        #expect(try opened(world, "CD2", run: gateway.run).map(\.photos.count) == [1])
    }

    @Test("a way that photos are too large for is lost for them, and not for the rows")
    func slowWay() throws {
        let world = try World("slow")
        let gateway = try world.ready()
        world.vault.losesPhotos = true
        var offered = 0
        for round in 0..<30 {
            try gateway.take(
                World.read("AB1"), photos: round == 0 ? [try photo("one")] : [], at: World.now)
            let before = world.vault.sequence.filter { $0 == "photos/put" }.count
            let report = gateway.flush()
            // The way is lost for some seconds with the photo: rows that follow go the next time.
            #expect(report.problems.isEmpty == (report.rows > 0))
            let after = world.vault.sequence.filter { $0 == "photos/put" }.count
            #expect(after - before <= 1)
            offered += after - before
        }
        gateway.flush()
        #expect(try world.found("AB1", runs: [gateway.run]).count == 30)
        #expect(offered <= 8 && gateway.counts.photosLost == ["unreachable": 1])
        #expect(gateway.counts.photosWaiting == 0 && gateway.counts.photoBytes == 0)
    }

    @Test("an answer that gets lost: the same photo again, and the vault has it once")
    func lostAnswers() throws {
        let world = try World("lost")
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), photos: [try photo("one")], at: World.now)
        world.vault.answersLost = 2
        #expect(gateway.flush().problems.count == 1)
        #expect(gateway.counts.photosWaiting == 1 && gateway.counts.waiting == 1)
        #expect(gateway.flush().problems.isEmpty)
        #expect(world.vault.photos.count == 1 && gateway.counts.photosWaiting == 0)
        #expect(try opened(world, "AB1", run: gateway.run).map(\.photos.count) == [1])
    }

    @Test("what has no place in a row or no room here is left out, and the read goes its way")
    func noPlace() throws {
        let world = try World("place")
        let gateway = try world.ready()
        var fields = try World.read("AB1").fields
        fields.candidates = (0..<32).map {
            Candidate(text: String(repeating: "B", count: 20) + "\($0)", confidence: 1)
        }
        let long = try Read(fields)
        #expect(long.encode().count > 1_022 - 8 * 32)
        let photos = try (0..<8).map { try photo("p\($0)") }
        try gateway.take(long, photos: photos, at: World.now)
        let lost = gateway.counts.photosLost["photo-no-place"] ?? 0
        #expect(lost > 0 && lost < 8 && gateway.counts.photos == 8 - lost)
        // More than waits at once: sixteen of 4 MiB fill the room.
        let large = try photo("large", 2 << 20)
        for _ in 0..<20 { try gateway.take(World.read("CD2"), photos: [large], at: World.now) }
        #expect(gateway.counts.photosLost["photo-no-room"] ?? 0 >= 4)
        #expect(gateway.counts.photoBytes <= 64 << 20)
        #expect(gateway.counts.sealed == 21 && gateway.flush().rows == 21)
        #expect(try world.found("CD2", runs: [gateway.run]).count == 20)
    }

    @Test("photos of an hour whose keys are erased are given up and counted")
    func erased() throws {
        let world = try World("erased")
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), photos: [try photo("one")], at: World.now)
        world.vault.isDown = true
        gateway.flush()
        let later = World.now.adding(hours: Int64(world.roster.policy.lateHours) + 2)
        gateway.erase(at: later)
        #expect(gateway.counts.undelivered + gateway.counts.waiting == 1)
        #expect(gateway.counts.photosWaiting == gateway.counts.waiting)
    }
}
