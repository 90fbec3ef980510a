import Dispatch
import Foundation
import Synchronization

/// Pure work in parts that do not wait for each other, on as many threads as there are cores. They
/// are threads of its own, with room on their stacks: the system's pool is for what is short, and
/// who calls from it must not wait for it.
public enum SideBySide {
    /// What each part gave, in order, once all have.
    public static func map<Part: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) -> Part
    ) -> [Part] {
        let threads = min(ProcessInfo.processInfo.activeProcessorCount, count)
        guard threads > 1 else { return (0..<count).map(body) }
        let work = Work<Part>(count)
        let group = DispatchGroup()
        for _ in 1..<threads {
            group.enter()
            let thread = Thread {
                work.run(body)
                group.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        work.run(body)
        group.wait()
        return work.parts
    }

    /// Whose turn it is, and what has come.
    private final class Work<Part: Sendable>: Sendable {
        private let count: Int
        private let next = Mutex(0)
        private let done = Mutex<[(place: Int, part: Part)]>([])

        init(_ count: Int) { self.count = count }

        func run(_ body: (Int) -> Part) {
            while let place = take() {
                let part = body(place)
                done.withLock { $0.append((place, part)) }
            }
        }

        private func take() -> Int? {
            next.withLock { next in
                guard next < count else { return nil }
                defer { next += 1 }
                return next
            }
        }

        /// All of them, in order.
        var parts: [Part] {
            done.withLock { done in done.sorted { $0.place < $1.place }.map(\.part) }
        }
    }
}
