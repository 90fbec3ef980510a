import Intake
import Plates
import Rows
import Secrets
import Testing
import Wire

@Suite("a gateway's rows")
struct GatewayTests {
    @Test(
        "reads become rows that only the custodians together find and open",
        arguments: [
            (3, 2), (5, 3), (7, 4),
        ])
    func rows(n: Int, t: Int) throws {
        let world = try World("rows", n: n, t: t)
        let gateway = try world.ready()
        for second in 0..<3 {
            try gateway.take(
                World.read("AB-1O", at: World.now.adding(seconds: Int64(second))), at: World.now)
        }
        try gateway.take(World.read("CD2"), at: World.now)
        #expect(gateway.counts.sealed == 4 && gateway.counts.waiting == 4)
        let report = gateway.flush()
        #expect(report.batches == 1 && report.rows == 4 && report.problems.isEmpty)
        #expect(gateway.counts.waiting == 0 && gateway.counts.delivered == 4)
        let found = try world.found("AB10", runs: [gateway.run])
        #expect(found.map(\.asRead) == ["AB-1O", "AB-1O", "AB-1O"])
        #expect(found.map(\.seen) == (0..<3).map { World.now.adding(seconds: $0) })
        #expect(try world.found("CD2", runs: [gateway.run]).count == 1)
        #expect(try world.found("EF3", runs: [gateway.run]).isEmpty)
    }

    @Test("batches are signed, sorted by label, numbered from 0 in each cell")
    func batches() throws {
        let world = try World()
        let gateway = try world.ready()
        let nextHour = World.now.hour.next.start
        for round in 0..<3 {
            for index in 0..<20 {
                try gateway.take(World.read("AB\(index)"), at: World.now)
            }
            if round == 2 { try gateway.take(World.read("AB1", at: nextHour), at: nextHour) }
            gateway.flush()
        }
        let batches = try world.vault.decoded()
        let here = batches.filter { $0.cell.hour == World.now.hour }
        #expect(here.map(\.number) == [0, 1, 2] && batches.count == 4)
        #expect(batches.filter { $0.cell.hour != World.now.hour }.map(\.number) == [0])
        for batch in batches {
            try batch.verify(origin: World.origin, key: world.siteKey.verifyingKey)
            #expect(batch.run == gateway.run && batch.cell.site == World.site)
            #expect(batch.rows.map(\.label) == batch.rows.map(\.label).sorted())
        }
        #expect(Set(here.flatMap(\.rows).map(\.label)).count == 60)
        #expect(gateway.flush().batches == 0)
    }

    @Test("more rows than a batch holds go in several")
    func manyRows() throws {
        let world = try World()
        let gateway = try world.ready()
        let read = try World.read("AB1")
        for _ in 0..<(Batch.maximumRows + 1) { try gateway.take(read, at: World.now) }
        #expect(gateway.flush().batches == 2)
        #expect(try world.vault.decoded().map(\.rows.count) == [Batch.maximumRows, 1])
    }

    @Test("an answer that gets lost: the same bytes again, no counter used twice, none left out")
    func lostAnswers() throws {
        let world = try World()
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), at: World.now)
        world.vault.answersLost = 2
        #expect(gateway.flush().problems.map(\.code) == ["unreachable"])
        #expect(gateway.counts.waiting == 1 && gateway.counts.delivered == 0)
        // What comes in meanwhile waits behind it and does not change it.
        try gateway.take(World.read("AB1", at: World.now.adding(seconds: 1)), at: World.now)
        #expect(gateway.flush().problems.count == 1)
        #expect(gateway.flush().rows == 2)
        #expect(world.vault.arrivals.count == 4)
        #expect(Set(world.vault.arrivals.prefix(3)).count == 1)
        #expect(try world.vault.decoded().map(\.number) == [0, 1])
        #expect(try world.found("AB1", runs: [gateway.run]).count == 2)
    }

    @Test("what is refused, and what it counts as")
    func refusals() throws {
        let world = try World()
        let gateway = try world.ready()
        let latest = World.now.adding(minutes: 2)
        try gateway.take(World.read("AB1", at: latest), at: World.now)
        let hour = World.now.hour
        let refused: [(String, Read)] = [
            ("seen-later", try World.read("AB1", at: latest.adding(milliseconds: 1))),
            ("seen-earlier", try World.read("AB1", at: hour.start.adding(milliseconds: -1))),
            ("seen-earlier", try World.read("AB1", at: Timestamp(milliseconds: -7))),
            ("fold-other", try World.read("AB1", fold: .none)),
        ]
        for (code, read) in refused {
            #expect(refusal { try gateway.take(read, at: World.now) } == code)
        }
        let later = hour.adding(3).start
        #expect(
            refusal { try gateway.take(World.read("AB1", at: later), at: later) } == "keys-missing")
        #expect(
            gateway.counts.refused
                == ["seen-later": 1, "seen-earlier": 2, "fold-other": 1, "keys-missing": 1])
        #expect(gateway.counts.sealed == 1)
    }

    @Test("a site that is not in the roster, or a key that is not the site's, makes no gateway")
    func strangers() throws {
        let world = try World()
        let stranger = try SigningKey(from: world.random)
        for (site, key) in [
            (SiteNumber(number: 4), world.siteKey), (World.site, stranger),
        ] {
            #expect(throws: IntakeRefusal.self) {
                try Gateway(
                    roster: world.roster, site: site, key: key,
                    vault: VaultClient(LoopbackChannel(world.vault)),
                    custodians: world.custodians.map { CustodianClient(LoopbackChannel($0)) },
                    firstOpenHour: World.now.hour, random: world.random)
            }
        }
    }

    @Test("two processes of one site draw two runs, and neither uses the other's labels")
    func runs() throws {
        let world = try World()
        let first = try world.ready()
        let second = try world.ready()
        #expect(first.run != second.run)
        for gateway in [first, second] {
            try gateway.take(World.read("AB1"), at: World.now)
            gateway.flush()
        }
        #expect(try world.found("AB1", runs: [first.run, second.run]).count == 2)
    }

    @Test("the whole sample stream: every read is found again under its plate")
    func stream() throws {
        let world = try World()
        let gateway = try world.ready()
        let messages = try Samples.stream()
        let shift = try #require(
            SampleShift(bringing: messages, to: World.now.hour.start.adding(minutes: 1)))
        let end = World.now.hour.end
        let reads = received(messages.map(shift.shift)) { _ in end }.reads
        for read in reads { try gateway.take(read, at: end) }
        gateway.flush()
        #expect(try world.vault.decoded().map(\.rows.count).reduce(0, +) == reads.count)
        let wanted = Dictionary(grouping: reads, by: \.plate).sorted {
            $0.value.count > $1.value.count
        }
        for (plate, expected) in wanted.prefix(5) {
            let found = try world.found(plate.text, runs: [gateway.run])
            #expect(Set(found) == Set(expected))
        }
    }
}
