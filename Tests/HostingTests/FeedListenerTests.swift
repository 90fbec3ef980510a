import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Hosting

/// The door for cameras: who gets in, how much, how slowly.
@Suite(.serialized) struct FeedListenerTests {
    /// What the listener's far side got.
    private final class Taken: Sendable {
        private let list = Mutex<[FeedListener.Message]>([])
        func add(_ message: FeedListener.Message) { list.withLock { $0.append(message) } }
        var all: [FeedListener.Message] { list.withLock { $0 } }
        func drop() { list.withLock { $0 = [] } }
    }

    /// Runs a listener with the feed `north`, whose messages have at most 1,000 bytes.
    private func listening(
        _ reply: FeedListener.Reply = FeedListener.Reply(200, "durable", ["reads": 1]),
        patience: Duration = .seconds(30), _ body: (Int, Taken) async throws -> Void
    ) async throws {
        let port = RawConnection.freePort()
        let taken = Taken()
        let listener = try FeedListener(
            at: "127.0.0.1:\(port)", certificate: nil, patience: patience,
            admit: { $0 == "north" && $1 == "right" ? 1_000 : nil },
            take: { message in
                taken.add(message)
                return reply
            })
        // It listens on until the tests end: nothing else of this process uses the port.
        Task { try await listener.run() }
        for _ in 0..<200 where (try? RawConnection(port: port)) == nil {
            try await Task.sleep(for: .milliseconds(20))
        }
        try await body(port, taken)
    }

    /// On a thread that may wait: the listener needs those of the tasks itself.
    private func ask(_ port: Int, _ text: String) async throws -> String {
        try await withCheckedThrowingContinuation { done in
            DispatchQueue.global().async {
                done.resume(
                    with: Result {
                        let connection = try RawConnection(port: port)
                        connection.send(text)
                        return connection.answer()
                    })
            }
        }
    }

    private func head(_ path: String, _ lines: String = "", length: Int = 2) -> String {
        "POST \(path) HTTP/1.1\r\nHost: x\r\n\(lines)Content-Length: \(length)\r\n\r\n"
    }

    @Test func credentialsInHeaderOrPath() async throws {
        try await listening { (port, taken) async throws in
            for line in ["Bearer right", "bearer right", "Token right", "TOKEN  right"] {
                let text = head("/feeds/north", "Authorization: \(line)\r\n") + "{}"
                #expect(try await ask(port, text).hasPrefix("HTTP/1.1 200 "), "\(line)")
            }
            #expect(try await ask(port, head("/feeds/north/right") + "{}").contains("\"reads\":1"))
            #expect(taken.all.count == 5)
            let strangers = [
                head("/feeds/north"), head("/feeds/north", "Authorization: Bearer wrong\r\n"),
                head("/feeds/north", "Authorization: Basic right\r\n"),
                head("/feeds/north", "Authorization: Bearer right x\r\n"),
                head("/feeds/south", "Authorization: Bearer right\r\n"),
                head("/feeds/north/wrong"),
            ]
            for text in strangers {
                let answer = try await ask(port, text + "{}")
                #expect(answer.hasPrefix("HTTP/1.1 401 ") && answer.contains("credential-unknown"))
                #expect(answer.lowercased().contains("www-authenticate: bearer"))
                #expect(answer.contains("application/problem+json"))
            }
            #expect(taken.all.count == 5)
        }
    }

    @Test func whatIsTooLongIsNotTakenIn() async throws {
        try await listening { (port, taken) async throws in
            #expect(
                try await ask(port, head("/feeds/north/right", length: 1_001)).contains(" 413 "))
            let chunked =
                "POST /feeds/north/right HTTP/1.1\r\nHost: x\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
            let chunk = "200\r\n" + String(repeating: "x", count: 512) + "\r\n"
            #expect(try await ask(port, chunked + chunk + chunk).contains(" 413 "))
            #expect(taken.all.isEmpty)
            #expect(try await ask(port, chunked + chunk + "0\r\n\r\n").contains(" 200 "))
            #expect(taken.all.map(\.body.count) == [512])
        }
    }

    @Test func whoIsSlowIsToldSo() async throws {
        try await listening(patience: .milliseconds(300)) { (port, taken) async throws in
            #expect(try await ask(port, head("/feeds/north/right") + "{").contains(" 408 "))
            #expect(taken.all.isEmpty)
        }
    }

    @Test func whoShallComeAgainIsToldWhen() async throws {
        let reply = FeedListener.Reply(503, "keys-missing", "no read can be sealed yet")
        try await listening(reply) { (port, _) async throws in
            let answer = try await ask(port, head("/feeds/north/right") + "{}")
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("keys-missing"))
            #expect(answer.lowercased().contains("retry-after: 5"))
        }
    }

    @Test func aMessageHasItsRoomAsLongAsAnybodyHasIt() async throws {
        try await listening { (port, taken) async throws in
            let text = head("/feeds/north/right") + "{}"
            for _ in 0..<FeedRoom.messages {
                #expect(try await ask(port, text).contains(" 200 "))
            }
            // All are answered, and none is done with.
            let answer = try await ask(port, text)
            #expect(answer.contains(" 503 ") && answer.contains("too-busy"))
            taken.drop()
            #expect(try await ask(port, text).contains(" 200 "))
        }
    }

    @Test func everyFeedHasItsOwnRoom() {
        let room = FeedRoom()
        var places: [FeedRoom.Place] = []
        while let place = room.enter("a", bytes: 16 << 20) { places.append(place) }
        #expect(places.count == 4)
        #expect(room.enter("a", bytes: 1) == nil)
        let other = room.enter("b", bytes: 16 << 20)
        #expect(other != nil)
        room.leave(places[0])
        #expect(room.enter("a", bytes: 16 << 20) != nil)
        let small = (0..<(2 * FeedRoom.messages)).compactMap { _ in room.enter("c", bytes: 1) }
        #expect(small.count == FeedRoom.messages)
        for feed in ["d", "e", "f", "g"] {
            while room.enter(feed, bytes: 16 << 20) != nil {}
        }
        #expect(room.enter("h", bytes: 16 << 20) == nil)
    }
}
