import Disk
import Foundation
import Secrets
import Synchronization
import Testing

@testable import Hosting

/// Who is told of new requests, how often, and for how long.
struct WebhooksTests {
    /// A log of requests, and those who listen.
    private final class World: Sendable {
        private struct State {
            var requests: [(UInt64, Digest)] = []
            var end: UInt64 = 100
            var dead: Set<String> = []
            var posts: [(body: String, address: String)] = []
        }

        private let state = Mutex(State())

        func file(_ name: String) -> String {
            state.withLock { state in
                let id = Digest(of: Array(name.utf8))
                state.requests.append((state.end, id))
                state.end += 3
                return id.hex
            }
        }

        func kill(_ addresses: Set<String>) { state.withLock { $0.dead = addresses } }

        func requests(from index: UInt64) -> (new: [(UInt64, Digest)], end: UInt64) {
            state.withLock { state in (state.requests.filter { $0.0 >= index }, state.end) }
        }

        func post(_ body: [UInt8], _ address: String) -> Bool {
            state.withLock { state in
                state.posts.append((String(decoding: body, as: UTF8.self), address))
                return !state.dead.contains(address)
            }
        }

        func posts(to address: String) -> [String] {
            state.withLock { $0.posts.filter { $0.address == address }.map(\.body) }
        }
    }

    private let folder = NSTemporaryDirectory() + "webhooks-\(UUID().uuidString)"
    private let world = World()

    init() throws { try POSIXFileSystem().makeFolder(folder) }

    private func webhooks() -> Webhooks {
        Webhooks(["a": "A", "b": "B"], folder: folder, disk: POSIXFileSystem()) { [world] in
            world.post($0, $1)
        }
    }

    private func text(_ id: String) -> String {
        "{\"event\":\"request-filed\",\"request\":\"\(id)\"}"
    }

    @Test func eachIsToldOnceOfWhatComesFromNowOn() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = world.file("old")
        let first = webhooks()
        #expect(first.round(at: 0, world.requests) == Webhooks.Report())
        let ids = ["x", "y"].map(world.file)
        #expect(first.round(at: 1, world.requests).told == 4)
        #expect(first.round(at: 2, world.requests).told == 0)
        // Nothing is said again after a restart.
        let second = webhooks()
        #expect(second.round(at: 3, world.requests).told == 0)
        let last = world.file("z")
        #expect(second.round(at: 4, world.requests).told == 2)
        #expect(world.posts(to: "A") == (ids + [last]).map(text))
        #expect(world.posts(to: "B") == world.posts(to: "A"))
    }

    @Test func whoIsDeadHoldsNobodyUpAndIsTriedSoOften() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let webhooks = webhooks()
        _ = webhooks.round(at: 0, world.requests)
        world.kill(["A"])
        let id = world.file("x")
        #expect(
            webhooks.round(at: 0, world.requests)
                == Webhooks.Report(told: 1, failed: ["a"], givenUp: []))
        #expect(world.posts(to: "B") == [text(id)])
        // Not again before two seconds, then ever more seldom.
        #expect(webhooks.round(at: 1_999, world.requests) == Webhooks.Report())
        #expect(webhooks.round(at: 2_000, world.requests).failed == ["a"])
        #expect(webhooks.round(at: 5_999, world.requests) == Webhooks.Report())
        var now: Int64 = 6_000
        var report = Webhooks.Report()
        while report.givenUp.isEmpty, now < 86_400_000 {
            report = webhooks.round(at: now, world.requests)
            now += 1_000
        }
        #expect(report.givenUp == ["a"] && now < 2 * 3_600_000)
        #expect(world.posts(to: "A") == Array(repeating: text(id), count: Webhooks.tries))
        // The next is tried anew, and taken once the address is back.
        let next = world.file("y")
        #expect(webhooks.round(at: now, world.requests).failed == ["a"])
        world.kill([])
        #expect(webhooks.round(at: now + 2_000, world.requests).told == 1)
        #expect(world.posts(to: "A").last == text(next))
        #expect(world.posts(to: "B") == [id, next].map(text))
    }

    @Test func aLogThatCannotBeReadChangesNothing() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        struct Broken: Error {}
        let webhooks = webhooks()
        _ = webhooks.round(at: 0, world.requests)
        let id = world.file("x")
        #expect(webhooks.round(at: 1) { _ in throw Broken() } == Webhooks.Report())
        #expect(webhooks.round(at: 2, world.requests).told == 2)
        #expect(world.posts(to: "A") == [text(id)])
    }
}
