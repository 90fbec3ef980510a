import Foundation
import Synchronization
import Testing

@testable import Hosting

/// One timer for many who wait equally long.
@Suite struct DeadlinesTests {
    private final class Done: Sendable {
        private let numbers = Mutex<[Int]>([])
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
        var all: [Int] { numbers.withLock { $0 } }
    }

    @Test func whatIsNotRemovedIsDoneOnceInTurn() async throws {
        let deadlines = Deadlines(after: .milliseconds(200))
        let done = Done()
        let numbers = (0..<100).map { number in deadlines.add { done.add(number) } }
        for number in numbers where number % 3 == 0 { deadlines.remove(number) }
        #expect(done.all.isEmpty)
        let kept = (0..<100).filter { $0 % 3 != 0 }
        for _ in 0..<200 where done.all.count < kept.count {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(done.all == kept)
        // The timer stood still, and goes again.
        _ = deadlines.add { done.add(100) }
        for _ in 0..<200 where done.all.count == kept.count {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(done.all == kept + [100])
    }

    @Test func nothingIsDoneBeforeItsTime() async throws {
        let deadlines = Deadlines(after: .seconds(60))
        let done = Done()
        _ = deadlines.add { done.add(0) }
        try await Task.sleep(for: .milliseconds(600))
        #expect(done.all.isEmpty)
    }
}
