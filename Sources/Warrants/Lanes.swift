import Foundation
import Synchronization

/// Work of equal parts on several threads of its own, with room on their stacks: what waits for a disk
/// or a web server here keeps nobody else waiting, and nothing here waits for the system's pool.
public enum Lanes {
    /// What each part gave, in order.
    public static func map<Part: Sendable>(
        _ count: Int, lanes: Int, _ body: @escaping @Sendable (Int) -> Part
    ) -> [Part] {
        guard lanes > 1, count > 1 else { return (0..<count).map(body) }
        return begin(count, lanes: lanes, body).parts()
    }

    /// Work that goes on by itself, on so many threads.
    public static func begin<Part: Sendable>(
        _ count: Int, lanes: Int, _ body: @escaping @Sendable (Int) -> Part
    ) -> UnderWay<Part> {
        let underWay = UnderWay<Part>(count)
        for _ in 0..<min(lanes, count) {
            underWay.group.enter()
            let thread = Thread {
                while let place = underWay.work.next() {
                    underWay.work.put(body(place), at: place)
                }
                underWay.group.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        return underWay
    }

    /// Work that goes on by itself.
    public struct UnderWay<Part: Sendable>: Sendable {
        fileprivate let work: Work<Part>
        fileprivate let group = DispatchGroup()

        fileprivate init(_ count: Int) { work = Work(count) }

        /// What each part gave, in order, once all have.
        public func parts() -> [Part] {
            group.wait()
            return work.parts
        }
    }

    /// What each part gave where the work is pure: in runs of so many neighbours, on as many threads as
    /// there are cores, or on this one where there is one run. Throws what the first part threw.
    public static func map<Element: Sendable, Part: Sendable, Failure: Error>(
        _ elements: [Element], of run: Int = 64,
        _ body: @escaping @Sendable (Element) throws(Failure) -> Part
    ) throws(Failure) -> [Part] {
        try mapRuns(elements, of: run) { (run) throws(Failure) in
            try run.map { (element) throws(Failure) in try body(element) }
        }
    }

    /// The same where a run of so many neighbours is dealt with at once.
    public static func mapRuns<Element: Sendable, Part: Sendable, Failure: Error>(
        _ elements: [Element], of run: Int,
        _ body: @escaping @Sendable (ArraySlice<Element>) throws(Failure) -> [Part]
    ) throws(Failure) -> [Part] {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let runs = map((elements.count + run - 1) / run, lanes: cores) { number in
            let start = number * run
            return Result { () throws(Failure) in
                try body(elements[start..<min(start + run, elements.count)])
            }
        }
        var parts: [Part] = []
        parts.reserveCapacity(elements.count)
        for run in runs { parts += try run.get() }
        return parts
    }

    fileprivate final class Work<Part: Sendable>: Sendable {
        private let state: Mutex<(next: Int, parts: [Part?])>
        private let count: Int

        init(_ count: Int) {
            self.count = count
            state = Mutex((0, Array(repeating: nil, count: count)))
        }

        func next() -> Int? {
            state.withLock { state in
                guard state.next < count else { return nil }
                state.next += 1
                return state.next - 1
            }
        }

        func put(_ part: Part, at place: Int) { state.withLock { $0.parts[place] = part } }

        var parts: [Part] { state.withLock { $0.parts.compactMap { $0 } } }
    }
}
