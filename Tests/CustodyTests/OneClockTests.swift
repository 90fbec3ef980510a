import Custody
import Plates
import Secrets
import Testing

/// The properties of the one clock over thousands of seeded random histories.
@Suite struct OneClockTests {
    private static let origin = "example.org/vault.demo"
    private static let start = Timestamp(milliseconds: 1_795_397_301_244)

    private func source(_ wall: Timestamp = start) throws -> SimulatedClockSource {
        try SimulatedClockSource(origin: Self.origin, wall: wall, boot: 5_000)
    }

    /// A draw in `0..<bound` of a repeatable stream.
    private func draw(_ random: SeededRandom, _ bound: Int64) -> Int64 {
        let value = random.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(value % UInt64(bound))
    }

    @Test func noHistoryStepsGoesBackOrRunsOutOfBounds() throws {
        for history in 0..<2_000 {
            let random = SeededRandom("clock \(history)")
            let source = try source()
            var clock = try OneClock(starting: source, confirmed: Self.start)
            for _ in 0..<40 {
                let before = clock.now
                let passed = draw(random, 4) == 0 ? draw(random, 3) : draw(random, 90_000_000)
                source.pass(milliseconds: passed)
                // A time server that lies: years ahead, years behind, or nearly right.
                let lie = draw(random, 200_000_000_000) - 100_000_000_000
                switch draw(random, 3) {
                case 0: source.setWall(Self.start.adding(milliseconds: lie))
                case 1: source.setWall(clock.now.adding(milliseconds: lie % 5_000))
                default: break
                }
                let now = clock.read(source)
                #expect(now >= before)
                // Slowest 0.999, fastest 2; a millisecond for each rounding down of the output.
                let moved = now.milliseconds(since: before)
                #expect(moved * 1_000 >= passed * 999 - 1_000)
                #expect(moved <= passed * 2 + 1)
            }
        }
    }

    /// A machine that is held for an hour in the middle of each reading, after the wall clock's.
    private struct HeldSource: ClockSource {
        let hands: SimulatedClockSource
        var wall: Timestamp {
            defer { hands.pass(milliseconds: 3_600_000) }
            return hands.wall
        }
        var boot: Int64 { hands.boot }
        var bootID: [UInt8] { hands.bootID }
    }

    @Test func whatPassesWhileItReadsIsCountedOnce() throws {
        let hands = try source()
        var clock = try OneClock(starting: HeldSource(hands: hands), confirmed: Self.start)
        for _ in 0..<20 {
            clock.read(HeldSource(hands: hands))
            #expect(clock.now <= hands.wall)
        }
        clock.read(hands)
        #expect(clock.now <= hands.wall)
    }

    @Test func readingOftenGivesNoOtherSpeedThanReadingOnce() throws {
        for history in 0..<200 {
            let random = SeededRandom("often \(history)")
            let source = try source()
            var often = try OneClock(starting: source, confirmed: Self.start)
            var once = often
            source.setWall(Self.start.adding(days: history.isMultiple(of: 2) ? 300 : -300))
            for _ in 0..<500 {
                source.pass(milliseconds: draw(random, 50))
                often.read(source)
            }
            once.read(source)
            #expect(often == once)
        }
    }

    @Test func comesBackToATrueWallClock() throws {
        for history in 0..<500 {
            let random = SeededRandom("converge \(history)")
            let source = try source()
            var clock = try OneClock(starting: source, confirmed: Self.start)
            let off = draw(random, 7_200_000) - 3_600_000
            source.setWall(source.wall.adding(milliseconds: off))
            // Behind by x it needs at most x at double speed; ahead by x, a thousand times x.
            source.pass(milliseconds: off >= 0 ? off : -off * 1_000)
            #expect(clock.read(source) == source.wall)
            source.pass(milliseconds: 86_400_000)
            #expect(clock.read(source) == source.wall)
        }
    }

    @Test func aWallClockFarAheadCannotKillAndFarBehindCannotKeepAlive() throws {
        let source = try source()
        var clock = try OneClock(starting: source, confirmed: Self.start)
        source.setWall(Timestamp(milliseconds: .max))
        source.pass(milliseconds: 86_400_000)
        #expect(clock.read(source) == Self.start.adding(days: 2))
        source.setWall(Timestamp(milliseconds: .min))
        source.pass(milliseconds: 86_400_000)
        #expect(clock.read(source) == Self.start.adding(milliseconds: 172_800_000 + 86_313_600))
    }

    @Test func afterABootOnlyWhatPassedSinceItCounts() throws {
        let source = try source()
        var clock = try OneClock(starting: source, confirmed: Self.start)
        source.pass(milliseconds: 1_000)
        clock.read(source)
        source.reboot(after: 40 * 86_400_000)
        #expect(clock.read(source) == Self.start.adding(milliseconds: 1_000))
        source.pass(milliseconds: 60_000)
        #expect(clock.read(source) == Self.start.adding(milliseconds: 121_000))
        // The others' cosignatures say what time it is; an older one changes nothing.
        clock.stepForward(trusted: Self.start.adding(days: 40), reading: source)
        #expect(clock.now == Self.start.adding(days: 40))
        clock.stepForward(trusted: Self.start, reading: source)
        #expect(clock.now == Self.start.adding(days: 40))
    }

    /// The state's disk is put into a machine that has been up for a hundred days, and back: a boot
    /// clock that is not the state's own says nothing of what has passed.
    @Test func anotherMachinesBootClockKillsNothing() throws {
        let own = try source()
        var clock = try OneClock(starting: own, confirmed: Self.start)
        let other = try SimulatedClockSource(
            origin: Self.origin, wall: Self.start.adding(hours: 1), boot: 100 * 86_400_000, boots: 7
        )
        #expect(clock.read(other) == other.wall)
        own.pass(milliseconds: 7_200_000)
        #expect(clock.read(own) == own.wall)
        // Its wall clock is set back: nothing moves back. Years ahead: two days at most.
        other.setWall(Self.start)
        #expect(clock.read(other) == Self.start.adding(hours: 2))
        own.setWall(Timestamp(milliseconds: .max))
        let most = own.boot * 2
        #expect(clock.read(own) == Self.start.adding(milliseconds: 7_200_000 + most))
        other.setWall(Timestamp(milliseconds: .max))
        let before = clock.now
        #expect(clock.read(other) == before.adding(days: 2))
    }

    /// What has passed since the last reading is in the time stepped to: it counts once.
    @Test func whatPassedBeforeAStepIsCountedOnce() throws {
        let source = try source()
        var clock = try OneClock(starting: source, confirmed: Self.start)
        source.pass(milliseconds: 146_000)
        clock.stepForward(trusted: source.wall, reading: source)
        #expect(clock.now == source.wall)
        source.pass(milliseconds: 10)
        #expect(clock.read(source) == source.wall)
    }

    /// Three custodians that step to each other's last cosignature, all day after a boot, with
    /// readings now and then: none is ever ahead of the time, and none stays behind.
    @Test func thoseWhoStepToOneAnotherRunWithTheTime() throws {
        let random = SeededRandom("steps")
        let source = try source()
        var clocks = try (0..<3).map { _ in
            try OneClock(starting: source, confirmed: Self.start)
        }
        var told = clocks.map(\.now)
        for _ in 0..<20_000 {
            source.pass(milliseconds: draw(random, 4_000))
            let index = Int(draw(random, 3))
            if draw(random, 2) == 0 { told[index] = clocks[index].read(source) }
            let trusted = told.enumerated().filter { $0.offset != index }.map(\.element).min()
            source.pass(milliseconds: draw(random, 100))
            clocks[index].stepForward(trusted: try #require(trusted), reading: source)
            #expect(clocks[index].now <= source.wall)
        }
        for index in clocks.indices { #expect(clocks[index].read(source) == source.wall) }
    }

    @Test func aBootClockThatGoesBackIsNoTime() throws {
        let early = try SimulatedClockSource(
            origin: Self.origin, wall: Self.start, boot: 100, boots: 1)
        let late = try SimulatedClockSource(
            origin: Self.origin, wall: Self.start, boot: 900_000, boots: 1)
        var clock = try OneClock(starting: late, confirmed: Self.start)
        let before = clock
        #expect(clock.read(early) == Self.start)
        #expect(clock == before)
    }

    @Test func startsOnlyAtATimeThatWasConfirmed() throws {
        let source = try source()
        for off: Int64 in [-600_001, 600_001, .max, .min] {
            #expect(throws: CustodyError(code: "clock-unconfirmed", sentence: "")) {
                _ = try OneClock(
                    starting: source, confirmed: Self.start.adding(milliseconds: off))
            }
        }
        let clock = try OneClock(
            starting: source, confirmed: Self.start.adding(milliseconds: 600_000))
        #expect(clock.now == Self.start)
    }

    @Test func savesItselfAndRefusesOtherBytes() throws {
        let source = try source()
        var clock = try OneClock(starting: source, confirmed: Self.start)
        clock.stepForward(trusted: Self.start.adding(hours: 1), reading: source)
        let bytes = clock.encode()
        #expect(bytes.count == OneClock.size)
        #expect(try OneClock(wire: bytes) == clock)
        #expect(throws: (any Error).self) { try OneClock(wire: Array(bytes.dropLast())) }
        #expect(throws: (any Error).self) { try OneClock(wire: bytes + [0]) }
    }

    @Test func onlyADemoMayMoveItsClocks() throws {
        for origin in ["example.org/vault", "example.org/demo", "vault.demo.org", ""] {
            #expect(throws: CustodyError(code: "clock-simulated", sentence: "")) {
                _ = try SimulatedClockSource(origin: origin, wall: Self.start)
            }
        }
    }

    @Test func theMachineHasBothClocks() throws {
        let source = try SystemClockSource()
        #expect(source.bootID.count == 16)
        let first = source.boot
        #expect(source.boot >= first)
        #expect(first > 0)
        #expect(source.wall > Timestamp(milliseconds: 1_700_000_000_000))
        #expect(try SystemClockSource().bootID == source.bootID)
    }
}
