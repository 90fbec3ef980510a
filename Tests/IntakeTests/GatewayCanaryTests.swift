import Intake
import Plates
import Rows
import Testing
import Wire

@Suite("a gateway's canary")
struct GatewayCanaryTests {
    /// The canaries that t custodians open in some hours, by the labels of some runs.
    private func canaries(
        _ world: World, _ hours: ClosedRange<Hour>, _ gateways: [Gateway]
    ) throws -> [Read] {
        try (hours.lowerBound.number...hours.upperBound.number).flatMap {
            try world.found(
                .canary(fold: .letterOAsZero), hour: Hour(number: $0), runs: gateways.map(\.run))
        }
    }

    @Test("one a day, in an hour of the day that is open and has keys, at a random moment of it")
    func oneADay() throws {
        let world = try World("canary")
        var moments: Set<Timestamp> = []
        for _ in 0..<8 {
            let gateway = try world.gateway(firstOpenHour: World.now.hour.adding(-2))
            let hours = World.now.hour.adding(-1)...World.now.hour.adding(2)
            #expect(try !gateway.sealCanary(at: World.now, isEnding: true), "there are no keys")
            gateway.fetchKeys(hours, generation: 1, at: World.now)
            #expect(try gateway.sealCanary(at: World.now, isEnding: true))
            #expect(try !gateway.sealCanary(at: World.now, isEnding: true))
            #expect(gateway.flush().rows == 1)
            let found = try canaries(world, hours, [gateway])
            #expect(found.count == 1 && found.allSatisfy { $0.plate.isCanary && $0.asRead == "*" })
            let seen = try #require(found.first).seen
            #expect(seen >= hours.lowerBound.start && seen <= World.now)
            moments.insert(seen)
            #expect(gateway.counts.canaries == 1 && gateway.counts.sealed == 0)
        }
        #expect(moments.count > 4)
    }

    /// A process that goes on waits for its moment, seals once, and draws anew on the next day.
    @Test("a process that goes on seals at its moment, once a day")
    func waits() throws {
        let world = try World("waiting")
        let gateway = try world.gateway()
        let days = [World.now.day, World.now.day.next]
        let last = days[1].end.hour.adding(-1)
        gateway.fetchKeys(World.now.hour...last, generation: 1, at: World.now)
        var sealed: [Timestamp] = []
        var now = World.now
        while now < days[1].end {
            if try gateway.sealCanary(at: now) { sealed.append(now) }
            now = now.adding(minutes: 7)
            if now.hour.start == now || sealed.count == 1 { gateway.flush() }
        }
        gateway.flush()
        #expect(sealed.map(\.day) == days)
        let found = try canaries(world, World.now.hour...last, [gateway])
        #expect(found.map(\.seen.day) == days)
        for (read, time) in zip(found, sealed) {
            #expect(read.seen <= time && read.seen > time.adding(minutes: -7))
            #expect(read.fields.receivedTime == time)
        }
    }

    /// The moment falls just before midnight and the next call just after it.
    @Test("a moment that fell between two calls counts after midnight, as long as its hour does")
    func midnight() throws {
        let world = try World("midnight")
        let late = World.now.day.end.hour.adding(-1)
        let gateway = try world.gateway(firstOpenHour: late)
        gateway.fetchKeys(late...late, generation: 1, at: World.now)
        let first = late.start.adding(milliseconds: 1)
        let isSealed = try gateway.sealCanary(at: first)
        #expect(!isSealed)
        #expect(try gateway.sealCanary(at: late.end.adding(minutes: 1)))
        #expect(try !gateway.sealCanary(at: late.end.adding(minutes: 2)))
        gateway.flush()
        #expect(try canaries(world, late...late, [gateway]).count == 1)
    }

    @Test("a restart costs one more, and both are found")
    func restarts() throws {
        let world = try World("restarts")
        let gateways = [try world.ready(), try world.ready()]
        for gateway in gateways {
            #expect(try gateway.sealCanary(at: World.now, isEnding: true))
            gateway.flush()
        }
        #expect(try canaries(world, World.hours(1), gateways).count == 2)
    }

    @Test("its row is a row like any other")
    func looks() throws {
        let world = try World("looks")
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), at: World.now)
        try gateway.sealCanary(at: World.now, isEnding: true)
        gateway.flush()
        let batches = try world.vault.decoded()
        #expect(batches.count == 1 && batches[0].rows.count == 2)
        #expect(Set(batches[0].rows.map(\.bytes.count)).count == 1)
        let report = gateway.closeHours(at: World.now.hour.end.adding(minutes: 5))
        #expect(report.closed == [World.now.hour])
    }

    @Test("no camera can send one, in any spelling, and no read of one is taken")
    func cameras() throws {
        let world = try World()
        let gateway = try world.ready()
        for text in ["*", "＊", "* ", "﹡"] {
            let group =
                "{'data_type':'alpr_group','best_plate_number':'\(text)',"
                + "'best_confidence':90,'epoch_start':\(World.now.milliseconds),'camera_id':1,"
                + "'uuids':[],'plate_indexes':[]}"
            let (reads, summary) = received([message(group)]) { _ in World.now }
            #expect(reads.isEmpty && summary.refused.values.reduce(0, +) == 1, "\(text)")
        }
        let forged = try Read(
            Read.Fields(
                asRead: "*", plate: .canary(fold: .letterOAsZero), camera: "1",
                deviceTime: World.now, receivedTime: World.now))
        #expect(refusal { try gateway.take(forged, at: World.now) } == "plate-reserved")
        #expect(gateway.counts.refused == ["plate-reserved": 1] && gateway.counts.waiting == 0)
    }
}
