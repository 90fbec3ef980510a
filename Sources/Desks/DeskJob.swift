import Foundation
import Secrets
import Synchronization

/// Slow work that a desk has begun, and how far it is.
public final class DeskJob: Sendable {
    /// How it ended.
    public enum End: Sendable, Equatable {
        /// Well; the path to go to.
        case done(String)
        /// Not; a word for machines and a sentence for people.
        case failed(code: String, sentence: String)
    }

    /// How far it is.
    public struct State: Sendable {
        /// What it is at.
        public var what = ""
        /// How much is done.
        public var done = 0
        /// Of how much; 0 where that is not known.
        public var all = 0
        /// How it ended; nil before.
        public var end: End?
    }

    /// Its name in addresses; nobody guesses it.
    public let id = Digest(of: SystemRandom().bytes(32)).hex
    /// What it is, for people.
    public let title: String
    private let inner = Mutex(State())

    init(_ title: String) { self.title = title }

    /// Its page.
    public var path: String { "/work/\(id)" }
    /// How far it is.
    public var state: State { inner.withLock { $0 } }

    /// Tells how far it is.
    public func advance(_ what: String, _ done: Int = 0, of all: Int = 0) {
        inner.withLock { $0 = State(what: what, done: done, all: all, end: $0.end) }
    }

    func end(_ end: End) { inner.withLock { $0.end = end } }
}
