import Intake
import Plates
import Secrets
import Testing
import Wire

@testable import Warrants

@Suite("custodians are asked as seldom as possible")
struct KeyFetchingTests {
    private let prefetch = 4

    private func generation(_ world: World) -> GenerationState {
        let roster = world.roster
        return GenerationState(
            proposal: GenerationProposal(
                custodian: roster.custodians[0].id, generation: World.generation,
                first: World.now.day, under: roster, time: World.now),
            proposed: 0, roster: roster, id: Digest(of: []), begun: World.now, isSuccessor: false)
    }

    /// One turn of the program's: all plans that are due, each custodian asked.
    private func turn(
        _ world: World, _ gateway: Gateway, _ keys: inout KeyFetching, at time: Timestamp
    ) throws {
        let generation = generation(world)
        let plans = keys.plans(gateway, at: time, prefetch: prefetch) { [(generation, $0)] }
        for plan in plans {
            for (custodian, hours) in plan.asks {
                let ask = try gateway.keyAsk(custodian, hours, at: time)
                let client = CustodianClient(LoopbackChannel(world.custodians[custodian]))
                let answer = Result { () throws(WireProblem) in try client.grant(ask.note) }
                let isTaken = gateway.take(
                    answer, to: ask, generation: plan.generation, at: time, &keys.report)
                if case .success = answer { keys.note(plan, ask, isTaken: isTaken, at: time) }
            }
            gateway.conclude(&keys.report, plan.hours, plan.generation)
            keys.end(plan)
        }
        gateway.erase(at: time)
        keys.forget(before: time.hour.adding(-Int64(world.roster.policy.lateHours)))
    }

    private func hoursAsked(_ custodian: FakeCustodian) -> [Hour] {
        custodian.asked.flatMap { ask in
            (ask.firstHour.number...ask.lastHour.number).map { Hour(number: $0) }
        }
    }

    @Test("nobody is asked twice for an hour that it has given, however long others are silent")
    func silentOnes() throws {
        let world = try World()
        let gateway = try world.gateway()
        var keys = KeyFetching()
        for custodian in world.custodians[3...] { custodian.isSilent = true }
        var time = World.now
        for _ in 0..<(4 * 60) {
            try turn(world, gateway, &keys, at: time)
            #expect(gateway.holdsKeys(of: time.hour))
            time = time.adding(minutes: 1)
        }
        // The last hour that half of the hours ahead still needed.
        #expect(gateway.holdsKeys(of: time.hour.adding(1)))
        for custodian in world.custodians[..<3] {
            let hours = hoursAsked(custodian)
            #expect(Set(hours).count == hours.count && custodian.asked.count <= 3)
        }
        // Who comes back is asked once, for what still has to be compared; then it is quiet.
        for custodian in world.custodians { custodian.isSilent = false }
        for _ in 0..<30 {
            try turn(world, gateway, &keys, at: time)
            time = time.adding(seconds: 30)
        }
        for custodian in world.custodians {
            let hours = hoursAsked(custodian)
            #expect(Set(hours).count == hours.count && hours.contains(time.hour))
        }
        let before = world.custodians.map(\.asked.count)
        for _ in 0..<30 {
            try turn(world, gateway, &keys, at: time)
            time = time.adding(seconds: 30)
        }
        #expect(world.custodians.map(\.asked.count) == before)
    }

    @Test("who gives what cannot be used is asked again after ten minutes, while keys are lacking")
    func spoilt() throws {
        let world = try World()
        let gateway = try world.gateway()
        var keys = KeyFetching()
        for custodian in world.custodians[3...] { custodian.isSilent = true }
        world.custodians[2].isEager = true
        func run(_ seconds: Range<Int64>) throws {
            for second in seconds where second % 5 == 0 {
                try turn(world, gateway, &keys, at: World.now.adding(seconds: second))
            }
        }
        try run(0..<600)
        #expect(world.custodians.map(\.asked.count) == [1, 1, 1, 0, 0])
        #expect(!gateway.holdsKeys(of: World.now.hour))
        try run(600..<1_200)
        #expect(world.custodians.map(\.asked.count) == [1, 1, 2, 0, 0])
        world.custodians[3].isSilent = false
        // The hours are complete now: a comparison alone is not worth another try.
        try run(1_200..<1_205)
        #expect(gateway.holdsKeys(of: World.now.hour) && world.custodians[3].asked.count == 1)
        let before = world.custodians[2].asked.count
        try run(1_205..<2_400)
        #expect(world.custodians.map(\.asked.count) == [1, 1, before, 1, 0])
    }
}
