import Intake
import Plates
import Rows
import Testing
import Tokens
import Warrants

@Suite("a gateway's keys")
struct GatewayKeysTests {
    @Test("one signed grant for each custodian, each under a fresh key")
    func grants() throws {
        let world = try World()
        let gateway = try world.gateway()
        for _ in 0..<2 {
            let report = gateway.fetchKeys(World.hours(3), generation: 1, at: World.now)
            #expect(report.failed == [:])
            #expect(report.answered == world.roster.custodians.map(\.id))
            #expect(report.incomplete.isEmpty && report.unconfirmed.isEmpty)
            #expect(report.differences.isEmpty)
        }
        let requests = world.custodians.flatMap(\.asked)
        #expect(requests.count == 10 && Set(requests.map(\.oneTimeKey)).count == 10)
        #expect(requests.allSatisfy { $0.firstHour == World.now.hour && $0.time == World.now })
        #expect(requests.allSatisfy { $0.lastHour == World.now.hour.adding(2) })
    }

    @Test("the hours to ask for: from late_hours back, nothing closed, to prefetch_hours ahead")
    func hours() throws {
        let world = try World()
        let late = try world.gateway(firstOpenHour: World.now.hour.adding(-100))
        #expect(late.keyHours(at: World.now).lowerBound == World.now.hour.adding(-6))
        #expect(late.keyHours(at: World.now).upperBound == World.now.hour.adding(48))
        let prompt = try world.gateway(firstOpenHour: World.now.hour.adding(-1))
        #expect(prompt.keyHours(at: World.now).lowerBound == World.now.hour.adding(-1))
    }

    @Test("fewer than t custodians give no complete hour; exactly t give unconfirmed keys")
    func few() throws {
        let world = try World()
        let gateway = try world.gateway()
        for custodian in world.custodians[2...] { custodian.isSilent = true }
        let two = gateway.fetchKeys(World.hours(1), generation: 1, at: World.now)
        #expect(two.answered.count == 2 && two.failed.values.allSatisfy { $0 == "unreachable" })
        #expect(two.incomplete == [World.now.hour])
        #expect(throws: IntakeRefusal.self) {
            try gateway.take(World.read("AB1"), at: World.now)
        }
        world.custodians[2].isSilent = false
        let three = gateway.fetchKeys(World.hours(1), generation: 1, at: World.now)
        #expect(three.incomplete.isEmpty && three.unconfirmed == [World.now.hour])
        // Used although unconfirmed, and compared as soon as others answer.
        try gateway.take(World.read("AB1"), at: World.now)
        for custodian in world.custodians { custodian.isSilent = false }
        let five = gateway.fetchKeys(World.hours(1), generation: 1, at: World.now)
        #expect(five.unconfirmed.isEmpty && five.differences.isEmpty)
    }

    @Test("one custodian gives other keys: both names in the log, once, and the others' keys used")
    func liar() throws {
        let world = try World()
        let liar = world.custodians[4]
        liar.chains = try World.chains(world.roster, world.threshold, world.random)[4]
        let gateway = try world.gateway()
        for _ in 0..<2 {
            let report = gateway.fetchKeys(World.hours(2), generation: 1, at: World.now)
            // Custodian 4 is in six of the ten subsets.
            #expect(report.differences.count == 6)
        }
        #expect(world.vault.statements.count == 6)
        for wire in world.vault.statements {
            let body = try world.roster.verify(
                UnverifiedStatement(wire: wire), as: DifferenceBody.self
            ).body
            #expect(body.custodians.count == 2 && body.custodians.contains(liar.id))
            #expect(body.kind == .siteKey && body.party == "site-3" && body.generation == 1)
            #expect(body.mask.contains(4))
        }
        // Each subset has two honest members: what they gave is used, and honest answers open it.
        try gateway.take(World.read("AB1"), at: World.now)
        gateway.flush()
        #expect(try world.found("AB1", runs: [gateway.run]).count == 1)
    }

    @Test("a difference that the vault does not take is told with the next grant")
    func toldLater() throws {
        let world = try World()
        world.custodians[0].chains =
            try World.chains(world.roster, world.threshold, world.random)[0]
        let gateway = try world.gateway()
        world.vault.isDown = true
        #expect(
            gateway.fetchKeys(World.hours(1), generation: 1, at: World.now).differences.count == 6)
        #expect(world.vault.statements.isEmpty)
        world.vault.isDown = false
        gateway.fetchKeys(World.hours(1), generation: 1, at: World.now)
        #expect(world.vault.statements.count == 6)
    }

    @Test("keys of hours that were not asked for are not taken, nor those of another generation")
    func uninvited() throws {
        let world = try World()
        world.custodians[1].isEager = true
        let gateway = try world.gateway()
        let report = gateway.fetchKeys(World.hours(2), generation: 1, at: World.now)
        #expect(report.failed == ["custodian-1": "parcel-other"])
        let other = gateway.fetchKeys(World.hours(2), generation: 2, at: World.now)
        #expect(other.answered.isEmpty && other.failed.count == 5)
        // The keys of the first generation are still in use.
        try gateway.take(World.read("AB1"), at: World.now)
    }

    @Test("keys are erased when the late window is over")
    func erasure() throws {
        let world = try World()
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), at: World.now)
        gateway.erase(at: World.now)
        try gateway.take(World.read("AB1"), at: World.now)
        world.vault.isDown = true
        gateway.flush()
        let lastMoment = World.now.hour.adding(7).start.adding(milliseconds: -1)
        gateway.erase(at: lastMoment)
        #expect(gateway.counts.undelivered == 0)
        gateway.erase(at: lastMoment.adding(milliseconds: 1))
        #expect(gateway.counts.undelivered == 2 && gateway.counts.waiting == 0)
        #expect(refusal { try gateway.take(World.read("AB1"), at: lastMoment) } == "seen-earlier")
        // The hour can still be closed, without the rows that never arrived.
        world.vault.isDown = false
        #expect(gateway.closeHours(at: lastMoment).problem == nil)
    }

    @Test("an hour whose keys were erased takes nothing more, though the clock steps back over it")
    func erasedForGood() throws {
        let world = try World()
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), at: World.now)
        gateway.flush()
        gateway.erase(at: World.now.hour.adding(7).start)
        // The keys come again, and the plate's counter would begin at 0 again under the same run.
        let report = gateway.fetchKeys(World.hours(2), generation: 1, at: World.now)
        #expect(report.incomplete.isEmpty)
        #expect(refusal { try gateway.take(World.read("AB1"), at: World.now) } == "seen-earlier")
        gateway.flush()
        let labels = try world.vault.decoded().flatMap(\.rows).map(\.label)
        #expect(labels.count == Set(labels).count && labels.count == 1)
        let next = World.now.adding(hours: 1)
        try gateway.take(World.read("AB1", at: next), at: next)
    }

    @Test("a batch given up without an answer may be in the vault all the same")
    func doubtful() throws {
        let world = try World()
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), at: World.now)
        world.vault.answersLost = 1
        gateway.flush()
        gateway.erase(at: World.now.adding(hours: 8))
        #expect(gateway.counts.undelivered == 1)
        let report = gateway.closeHours(at: World.now.adding(hours: 8))
        #expect(report.problem == nil && report.closed.count == 8)
        let opening = try HourOpening(wire: #require(world.vault.closings.first).opening)
        #expect(opening.tree.size == 3)
    }
}
