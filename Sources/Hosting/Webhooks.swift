public import Disk
import Foundation
public import Secrets

/// Tells addresses that somebody named of new requests in the log (Docs/Spec/API.md). Each address
/// has its own place in the log and its own patience: one that is dead holds no other up.
///
///     {"event":"request-filed","request":"5f0c…"}
///
/// The message is neither signed nor secret: it says what the log shows to everybody, and whoever
/// gets it looks there (`platevault inbox`) before doing anything.
///
/// Unchecked, because it is used by one thread at a time: the one that notifies.
public final class Webhooks: @unchecked Sendable {
    /// How often one message is tried.
    public static let tries = 20
    /// 5 minutes: the longest wait between two tries; the first is two seconds, and each is twice
    /// the one before.
    static let longestWait: Int64 = 300_000

    /// What came of a round: words of those addressed.
    public struct Report: Hashable, Sendable {
        /// Messages that were taken.
        public var told = 0
        /// Whose message was not taken this time.
        public var failed: [String] = []
        /// Whose message will not be tried again.
        public var givenUp: [String] = []
    }

    private struct Waiting {
        var tries = 0
        var next: Int64 = 0
    }

    private let addresses: [String: String]
    private let folder: String
    private let disk: any FileSystem
    private let post: @Sendable (_ body: [UInt8], _ address: String) -> Bool
    private var waiting: [String: Waiting] = [:]

    /// Webhooks by the words of those addressed; how far each was told is kept in `folder`. `post`
    /// says whether a message was taken.
    public init(
        _ addresses: [String: String], folder: String, disk: any FileSystem,
        post: @escaping @Sendable (_ body: [UInt8], _ address: String) -> Bool
    ) {
        self.addresses = addresses
        self.folder = folder
        self.disk = disk
        self.post = post
    }

    /// Whether there is anybody to tell.
    public var isEmpty: Bool { addresses.isEmpty }

    /// One round. `requests` gives the requests from an index of the log on, with the index of each,
    /// and the log's size; `now` is in milliseconds of any clock that only grows. An address that is
    /// new is told of what comes from now on.
    public func round(
        at now: Int64, _ requests: (_ from: UInt64) throws -> (new: [(UInt64, Digest)], end: UInt64)
    ) -> Report {
        var report = Report()
        for (word, address) in addresses.sorted(by: { $0.key < $1.key })
        where waiting[word].map({ $0.next <= now }) ?? true {
            guard let place = place(word) else {
                if let end = try? requests(.max).end { keep(end, word) }
                continue
            }
            guard let (new, end) = try? requests(place) else { continue }
            tell(new, end, word, address, now, &report)
        }
        return report
    }

    private func tell(
        _ new: [(UInt64, Digest)], _ end: UInt64, _ word: String, _ address: String, _ now: Int64,
        _ report: inout Report
    ) {
        for (index, request) in new {
            let body = "{\"event\":\"request-filed\",\"request\":\"\(request.hex)\"}"
            if post(Array(body.utf8), address) {
                report.told += 1
            } else {
                var mine = waiting[word] ?? Waiting()
                mine.tries += 1
                guard mine.tries >= Self.tries else {
                    mine.next = now + min(Self.longestWait, 1_000 << Int64(mine.tries))
                    waiting[word] = mine
                    report.failed.append(word)
                    return
                }
                report.givenUp.append(word)
            }
            waiting[word] = nil
            keep(index + 1, word)
        }
        if new.last.map({ $0.0 + 1 }) != end { keep(end, word) }
    }

    private func path(_ word: String) -> String { "\(folder)/notified-\(word)" }

    /// The log's size up to which somebody was told; nil for a new address.
    private func place(_ word: String) -> UInt64? {
        guard let bytes = try? disk.read(path(word)) else { return nil }
        return UInt64(String(decoding: bytes, as: UTF8.self).dropLast())
    }

    /// After a crash before this is on disk, one message may be said twice.
    private func keep(_ place: UInt64, _ word: String) {
        guard self.place(word) != place else { return }
        try? disk.replace(path(word), Array("\(place)\n".utf8))
    }
}
