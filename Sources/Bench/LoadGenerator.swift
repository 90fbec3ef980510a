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
            let feed = feeds[index % feeds.count]
            return try bootstrap.channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LoadConnection(tally, feed))
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

    /// The next post to a feed.
    func message(_ feed: String, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        next += 1
        let body = messages.body(next)
        var buffer = allocator.buffer(capacity: body.count + 256)
        buffer.writeString(
            "POST /feeds/\(feed) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                + "\(LoadMessages.credential)\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.count)\r\n\r\n")
        buffer.writeBytes(body)
        return buffer
    }
}

/// One connection.
private final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let tally: LoadTally
    private let feed: String
    private var start = NIODeadline.now()
    private var answer = ByteBuffer()

    init(_ tally: LoadTally, _ feed: String) {
        self.tally = tally
        self.feed = feed
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
        let message = tally.message(feed, context.channel.allocator)
        start = .now()
        context.writeAndFlush(wrapOutboundOut(message), promise: nil)
    }

    /// The status of an answer that has come whole.
    private static func status(of answer: ByteBuffer) -> Int? {
        let text = String(buffer: answer)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
        guard text[end.upperBound...].utf8.count >= length ?? 0 else { return nil }
        return lines.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") }
    }
}

/// The messages of one load: each another one, of plates as they pass.
struct LoadMessages: Sendable {
    /// What every feed of the benchmark presents.
    static let credential = "a-credential-of-the-benchmark"

    /// Reads in one message.
    let reads: Int
    private let plates: [UInt32]
    private let time: Int64
    private let isAgent: Bool

    /// One passage a message, as an OpenALPR agent tells of it.
    static func groups(at time: Int64, seed: UInt64) -> LoadMessages {
        LoadMessages(reads: 1, time: time, isAgent: true, seed: seed)
    }

    /// So many reads a message, one a line.
    static func lines(_ reads: Int, at time: Int64, seed: UInt64) -> LoadMessages {
        LoadMessages(reads: reads, time: time, isAgent: false, seed: seed)
    }

    private init(reads: Int, time: Int64, isAgent: Bool, seed: UInt64) {
        self.reads = reads
        self.time = time
        self.isAgent = isAgent
        plates = Workload(.realistic, reads: 500_000, seed: seed).plates
    }

    func body(_ number: Int) -> [UInt8] {
        let start = number * reads
        let all = (start..<(start + reads)).map {
            (Workload.text(of: plates[$0 % plates.count]), time + Int64($0 % 60_000))
        }
        guard !isAgent else { return Array(Self.group(all[0].0, all[0].1, number).utf8) }
        return Array(
            all.map {
                "{\"plate\":\"\($0)\",\"epoch_ms\":\($1),\"camera\":\"north gate\","
                    + "\"confidence\":93.5}\n"
            }.joined().utf8)
    }

    private static func group(_ plate: String, _ time: Int64, _ number: Int) -> String {
        let uuid = "BENCHAGENT0000000000000000000000000000AA-102-\(number)"
        let others = (0..<10).map {
            "{\"plate\":\"\(plate.dropLast())\($0)\",\"confidence\":8\($0).5943,"
                + "\"matches_template\":0}"
        }.joined(separator: ",")
        return """
            {"data_type":"alpr_group","version":2,"epoch_start":\(time),"epoch_end":\(time + 606),\
            "frame_start":0,"frame_end":6,"company_id":"unspecified",\
            "agent_uid":"BENCHAGENT0000000000000000000000000000AA","agent_version":"2.3.0",\
            "agent_type":"alprd","camera_id":102,"country":"us","uuids":["\(uuid)-1","\(uuid)-2",\
            "\(uuid)-3","\(uuid)-4"],"plate_indexes":[0,0,0,0],"candidates":[\(others)],\
            "best_plate":{"plate":"\(plate)","confidence":90.26384,"matches_template":0,\
            "plate_index":0,"region":"us-ny","region_confidence":80,\
            "processing_time_ms":21.931522,"requested_topn":10,"coordinates":[{"x":419,"y":331},\
            {"x":534,"y":323},{"x":537,"y":362},{"x":422,"y":369}],"candidates":[\(others)]},\
            "best_confidence":87.595,"best_uuid":"\(uuid)-1","best_plate_number":"\(plate)",\
            "best_region":"us-ny","best_region_confidence":80,"matches_template":false,\
            "best_image_width":1280,"best_image_height":720,"travel_direction":270.5,\
            "is_parked":false,"vehicle":{"color":[{"name":"silver-gray","confidence":80.1}],\
            "make":[{"name":"toyota","confidence":70.2}],\
            "body_type":[{"name":"sedan-standard","confidence":60.3}]}}
            """
    }
}
