import Foundation
import NIOCore
import NIOPosix

/// Cameras that post over HTTP, each on a connection of its own that stays: the next message goes
/// out when the one before is answered.
struct LoadGenerator {
    /// What came of it.
    struct Outcome {
        /// Reads that were answered with 200, a second.
        let rate: Double
        /// Milliseconds from a post to its answer, below which 99 of 100 lie.
        let slowest: Double
        /// Answers other than 200, by status.
        let refused: [Int: Int]
    }

    /// Where to, and the feeds' names, which the connections take in turn.
    let port: Int
    let feeds: [String]
    let connections: Int
    let messages: LoadMessages

    func run(seconds: Double) throws -> Outcome {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let loop = group.next()
        let tally = LoadTally(loop, messages)
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        let open = try (0..<connections).map { index in
            let head = PostHead(feeds[index % feeds.count], bodyLength: messages.size)
            return try bootstrap.channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LoadConnection(tally, head))
                }
            }.connect(host: "127.0.0.1", port: port).wait()
        }
        // The first half second warms everything up.
        Thread.sleep(forTimeInterval: 0.5)
        try loop.submit { tally.begin() }.wait()
        Thread.sleep(forTimeInterval: seconds)
        let outcome = try loop.submit { tally.end() }.wait()
        for channel in open { try? channel.close().wait() }
        return outcome
    }
}

/// What all connections share. Unchecked: touched on the one event loop only.
final class LoadTally: @unchecked Sendable {
    private let loop: any EventLoop
    private let messages: LoadMessages
    private var next = 0
    private var since: NIODeadline?
    private var answered = 0
    private var milliseconds: [Double] = []
    private var refused: [Int: Int] = [:]

    init(_ loop: any EventLoop, _ messages: LoadMessages) {
        self.loop = loop
        self.messages = messages
    }

    func begin() { since = .now() }

    func end() -> LoadGenerator.Outcome {
        let nanoseconds = since.map { (NIODeadline.now() - $0).nanoseconds } ?? 1
        since = nil
        return LoadGenerator.Outcome(
            rate: Double(answered * messages.reads) / (Double(nanoseconds) * 1e-9),
            slowest: Measure.quantile(0.99, of: milliseconds), refused: refused)
    }

    func note(_ status: Int, _ start: NIODeadline) {
        guard since != nil else { return }
        guard status == 200 else {
            refused[status, default: 0] += 1
            return
        }
        answered += 1
        milliseconds.append(Double((NIODeadline.now() - start).nanoseconds) * 1e-6)
    }

    /// The next post to a feed, whose head has room for the body's length.
    func message(_ head: PostHead, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        next += 1
        var buffer = allocator.buffer(capacity: head.bytes.count + messages.size)
        buffer.writeBytes(head.bytes)
        messages.write(next, into: &buffer)
        return buffer
    }
}

/// The head of each post to a feed: the same every time, since all bodies of a load are as long.
struct PostHead {
    let bytes: [UInt8]

    init(_ feed: String, bodyLength: Int) {
        bytes = Array(
            ("POST /feeds/\(feed) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                + "\(LoadMessages.credential)\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(bodyLength)\r\n\r\n").utf8)
    }
}

/// One connection.
private final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let tally: LoadTally
    private let head: PostHead
    private var start = NIODeadline.now()
    private var answer = ByteBuffer()

    init(_ tally: LoadTally, _ head: PostHead) {
        self.tally = tally
        self.head = head
    }

    func channelActive(context: ChannelHandlerContext) { send(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        answer.writeBuffer(&part)
        guard let status = Self.status(of: answer) else { return }
        answer.clear()
        tally.note(status, start)
        send(context)
    }

    private func send(_ context: ChannelHandlerContext) {
        let message = tally.message(head, context.channel.allocator)
        start = .now()
        context.writeAndFlush(wrapOutboundOut(message), promise: nil)
    }

    /// The status of an answer that has come whole.
    private static func status(of answer: ByteBuffer) -> Int? {
        answer.withUnsafeReadableBytes { bytes in
            var ends = 0
            var length = 0
            var place = 0
            // The head's end is an empty line; the only number at a line's end that counts is the
            // body's length, behind `content-length: `.
            while place + 1 < bytes.count {
                guard bytes[place] == 0x0d, bytes[place + 1] == 0x0a else {
                    place += 1
                    continue
                }
                if place == ends, place > 0 { break }
                length =
                    Self.length(UnsafeRawBufferPointer(rebasing: bytes[ends..<place])) ?? length
                place += 2
                ends = place
            }
            guard place + 1 < bytes.count, bytes.count >= place + 2 + length, bytes.count >= 12
            else { return nil }
            return Self.number(UnsafeRawBufferPointer(rebasing: bytes[9..<12]))
        }
    }

    private static let lengthName = Array("content-length: ".utf8)

    /// The length of a body that a line of a head tells.
    private static func length(_ line: UnsafeRawBufferPointer) -> Int? {
        guard line.count > lengthName.count,
            zip(line, lengthName).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
        else { return nil }
        return number(UnsafeRawBufferPointer(rebasing: line[lengthName.count...]))
    }

    private static func number(_ digits: UnsafeRawBufferPointer) -> Int {
        digits.reduce(0) { $0 * 10 + Int($1 & 0x0f) }
    }
}
