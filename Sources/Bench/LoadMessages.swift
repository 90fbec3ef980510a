import NIOCore
import Plates

/// The messages of one load: each another one, of plates as they pass. They are made of a pattern, in
/// which only plates, times and numbers are written anew: the load generator has the same two cores
/// as what it measures, and must cost next to nothing.
struct LoadMessages: Sendable {
    /// What every feed of the benchmark presents.
    static let credential = "a-credential-of-the-benchmark"

    /// Reads in one message.
    let reads: Int
    /// The bytes of a message.
    let size: Int
    private let plates: [UInt32]
    private let time: Int64
    private let pattern: Pattern

    /// One passage a message, as an OpenALPR agent tells of it.
    static func groups(at time: Int64, seed: UInt64) -> LoadMessages {
        LoadMessages(reads: 1, of: Pattern(group), at: time, seed: seed)
    }

    /// So many reads a message, one a line.
    static func lines(_ reads: Int, at time: Int64, seed: UInt64) -> LoadMessages {
        LoadMessages(reads: reads, of: Pattern(line), at: time, seed: seed)
    }

    private init(reads: Int, of pattern: Pattern, at time: Int64, seed: UInt64) {
        self.reads = reads
        self.time = time
        self.pattern = pattern
        size = reads * pattern.bytes.count
        plates = Workload(.realistic, reads: 500_000, seed: seed).plates
    }

    /// Writes the message of a number.
    func write(_ number: Int, into buffer: inout ByteBuffer) {
        for read in (number * reads)..<((number + 1) * reads) {
            let behind = buffer.readableBytes
            buffer.writeBytes(pattern.bytes)
            let seen = time + Int64(read % 60_000)
            buffer.withUnsafeMutableReadableBytes { bytes in
                pattern.fill(
                    UnsafeMutableRawBufferPointer(rebasing: bytes[behind...]),
                    plate: plates[read % plates.count], time: seen, number)
            }
        }
    }

    /// A message with its gaps: `#######` for a plate, `######` for one without its last character,
    /// `@@@@@@@@@@@@@` for milliseconds, `$$$$$$$$$$` for the message's number.
    struct Pattern: Sendable {
        let bytes: [UInt8]
        private let plates: [Range<Int>]
        private let times: [Range<Int>]
        private let numbers: [Range<Int>]

        init(_ text: String) {
            let bytes = Array(text.utf8)
            func gaps(_ mark: UInt8) -> [Range<Int>] {
                var gaps: [Range<Int>] = []
                for place in bytes.indices where bytes[place] == mark {
                    if let last = gaps.last, last.upperBound == place {
                        gaps[gaps.count - 1] = last.lowerBound..<(place + 1)
                    } else {
                        gaps.append(place..<(place + 1))
                    }
                }
                return gaps
            }
            self.bytes = bytes
            plates = gaps(UInt8(ascii: "#"))
            times = gaps(UInt8(ascii: "@"))
            numbers = gaps(UInt8(ascii: "$"))
        }

        func fill(
            _ message: UnsafeMutableRawBufferPointer, plate: UInt32, time: Int64, _ number: Int
        ) {
            let text = Workload.bytes(of: plate)
            for gap in plates {
                for (place, byte) in zip(gap, text) { message[place] = byte }
            }
            for (gaps, value) in [(times, Int(time)), (numbers, number)] {
                for gap in gaps {
                    var rest = value
                    for place in gap.reversed() {
                        message[place] = 0x30 + UInt8(rest % 10)
                        rest /= 10
                    }
                }
            }
        }
    }

    private static let line =
        "{\"plate\":\"#######\",\"epoch_ms\":@@@@@@@@@@@@@,\"camera\":\"north gate\","
        + "\"confidence\":93.5}\n"

    private static let group: String = {
        let uuid = "BENCHAGENT0000000000000000000000000000AA-102-$$$$$$$$$$"
        let others = (0..<10).map {
            "{\"plate\":\"######\($0)\",\"confidence\":8\($0).5943,\"matches_template\":0}"
        }.joined(separator: ",")
        return """
            {"data_type":"alpr_group","version":2,"epoch_start":@@@@@@@@@@@@@,\
            "epoch_end":@@@@@@@@@@@@@,\
            "frame_start":0,"frame_end":6,"company_id":"unspecified",\
            "agent_uid":"BENCHAGENT0000000000000000000000000000AA","agent_version":"2.3.0",\
            "agent_type":"alprd","camera_id":102,"country":"us","uuids":["\(uuid)-1","\(uuid)-2",\
            "\(uuid)-3","\(uuid)-4"],"plate_indexes":[0,0,0,0],"candidates":[\(others)],\
            "best_plate":{"plate":"#######","confidence":90.26384,"matches_template":0,\
            "plate_index":0,"region":"us-ny","region_confidence":80,\
            "processing_time_ms":21.931522,"requested_topn":10,"coordinates":[{"x":419,"y":331},\
            {"x":534,"y":323},{"x":537,"y":362},{"x":422,"y":369}],"candidates":[\(others)]},\
            "best_confidence":87.595,"best_uuid":"\(uuid)-1","best_plate_number":"#######",\
            "best_region":"us-ny","best_region_confidence":80,"matches_template":false,\
            "best_image_width":1280,"best_image_height":720,"travel_direction":270.5,\
            "is_parked":false,"vehicle":{"color":[{"name":"silver-gray","confidence":80.1}],\
            "make":[{"name":"toyota","confidence":70.2}],\
            "body_type":[{"name":"sedan-standard","confidence":60.3}]}}
            """
    }()
}
