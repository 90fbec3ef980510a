import Foundation
import Synchronization
import Testing

@testable import Hosting

/// One timer for many who wait equally long.
@Suite struct DeadlinesTests {
    /// What was done, and when.
    private final class Done: Sendable {
        private let done = Mutex<[(number: Int, time: ContinuousClock.Instant)]>([])
        func add(_ number: Int) { done.withLock { $0.append((number, .now)) } }
        var all: [Int] { done.withLock { $0.map(\.number) } }
        var first: ContinuousClock.Instant? { done.withLock { $0.first?.time } }

        /// Waits until so many are done.
        func wait(_ count: Int) async throws {
            for _ in 0..<6_000 where all.count < count {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test func whatIsNotRemovedIsDoneOnceInTurn() async throws {
        let deadlines = Deadlines(after: .seconds(2))
        let done = Done()
        let start = ContinuousClock.now
        let numbers = (0..<100).map { number in deadlines.add { done.add(number) } }
        for number in numbers where number % 3 == 0 { deadlines.remove(number) }
        let kept = (0..<100).filter { $0 % 3 != 0 }
        try await done.wait(kept.count)
        #expect(done.all == kept)
        #expect(done.first.map { $0 - start >= .seconds(2) } == true)
        // The timer stood still, and goes again.
        _ = deadlines.add { done.add(100) }
        try await done.wait(kept.count + 1)
        #expect(done.all == kept + [100])
    }

    /// By the clock at the moment when it is done, however busy the machine is.
    @Test func nothingIsDoneBeforeItsTime() async throws {
        for patience in [Duration.milliseconds(20), .milliseconds(300), .seconds(1)] {
            let deadlines = Deadlines(after: patience)
            let done = Done()
            let start = ContinuousClock.now
            _ = deadlines.add { done.add(0) }
            try await done.wait(1)
            #expect(done.first.map { $0 - start >= patience } == true)
        }
    }
}
