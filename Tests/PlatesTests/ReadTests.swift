import Bytes
import Plates
import Testing

@Suite("reads and rows")
struct ReadTests {
    static func ordinary(candidates: Int = 9) throws -> Read.Fields {
        let plate = try Plate(normalizing: "AYO9O34", fold: .letterOAsZero)
        var fields = Read.Fields(
            asRead: "AYO9O34", plate: plate, camera: "102",
            deviceTime: Timestamp(milliseconds: 1_795_397_301_244),
            receivedTime: Timestamp(milliseconds: 1_795_397_301_250))
        fields.confidence = 8_760
        fields.candidates = (0..<candidates).map {
            Candidate(text: "AY\($0)9O34", confidence: UInt16(8_000 - $0))
        }
        return fields
    }

    static func full() throws -> Read.Fields {
        var fields = try ordinary()
        fields.place = Place(latitude: -338_567_844, longitude: 1_512_152_967)
        fields.deviceClockOff = true
        fields.vehicle = Vehicle(
            make: "toyota", model: "toyota_prius", color: "silver-gray", type: "sedan-standard",
            year: "2010-2014")
        fields.region = "us-ca"
        fields.direction = 359
        fields.photos = [[UInt8](repeating: 7, count: 32)]
        fields.candidates.append(Candidate(text: "ก1", confidence: nil))
        return fields
    }

    @Test("what is encoded comes back, and encodes to the same bytes again")
    func roundTrip() throws {
        for fields in [try Self.ordinary(), try Self.full(), try Self.ordinary(candidates: 0)] {
            let read = try Read(fields)
            let bytes = read.encode()
            #expect(try Read(wire: bytes) == read)
            #expect(try Read(wire: bytes).encode() == bytes)
            let padded = try PaddedRead.pad(bytes)
            #expect(PaddedRead.sizes.contains(padded.count))
            #expect(try PaddedRead.unpad(padded) == bytes)
        }
    }

    @Test("a known encoding, byte for byte (Docs/Spec/Read.md)")
    func known() throws {
        var fields = try Self.ordinary(candidates: 0)
        fields.candidates = [Candidate(text: "AY0", confidence: 300)]
        #expect(
            Hex.encode(try Read(fields).encode())
                == "01" + "010007" + "41594f394f3334" + "020008" + "0141593039303334" + "030002"
                + "2238" + "040006" + "03415930012c" + "050003" + "313032" + "070008"
                + "000001a20604b3fc" + "080008" + "000001a20604b402")
    }

    @Test("an ordinary read with ten readings and a photo fits the small size")
    func smallSize() throws {
        var fields = try Self.ordinary(candidates: 10)
        fields.photos = [[UInt8](repeating: 7, count: 32)]
        fields.region = "us-ca"
        #expect(try PaddedRead.pad(try Read(fields).encode()).count == 256)
        #expect(try PaddedRead.pad(try Read(try Self.full()).encode()).count == 1_024)
    }

    @Test("every change of one byte is refused, or is another read in its own right")
    func mutations() throws {
        let bytes = try Read(try Self.full()).encode()
        var accepted = 0
        for index in bytes.indices {
            for value in UInt8.min...UInt8.max where value != bytes[index] {
                var changed = bytes
                changed[index] = value
                guard let other = try? Read(wire: changed) else { continue }
                accepted += 1
                #expect(other.encode() == changed)
            }
        }
        #expect(accepted > 0)
    }

    @Test("every shortened or lengthened encoding is refused")
    func lengths() throws {
        let bytes = try Read(try Self.full()).encode()
        for count in bytes.indices {
            // A cut between two fields leaves a read without its last fields, as written for it.
            if let shorter = try? Read(wire: Array(bytes[..<count])) {
                #expect(shorter.encode() == Array(bytes[..<count]))
            }
        }
        for more in [[0], [1], [17, 0, 0], [18, 0, 0], [255]] as [[UInt8]] {
            #expect(throws: PlatesError.self) { try Read(wire: bytes + more) }
        }
    }

    @Test("fields out of order, twice, unknown or empty are refused")
    func shape() throws {
        let head = "01" + "01000141" + "0200020141" + "05000131"
        let times = "070008000001a20604b3fc" + "080008000001a20604b402"
        #expect(throws: Never.self) { try Read(wire: hex(head + times)) }
        for bad in [
            "02" + head.dropFirst(2) + times, head + "05000131" + times,
            "01" + "0200020141" + "01000141" + "05000131" + times, head + times + "120000",
            head + times + "0f0000", head + times + "110000", head + times + "09000100", head,
            "01" + "01000142" + "0200020141" + "05000131" + times, head + "0400020141" + times,
            "01" + "01000141" + "0200020241" + "05000131" + times,
            "01" + "01000161" + "0200020161" + "05000131" + times,
            head + times + "1000020168", "",
        ] {
            #expect(throws: PlatesError.self) { try Read(wire: hex(String(bad))) }
        }
    }

    private func hex(_ text: String) throws -> [UInt8] { try #require(Hex.decode(text)) }

    private static let tooMuch: [(String, @Sendable (inout Read.Fields) -> Void)] = [
        ("read-text", { $0.asRead = "" }), ("read-text", { $0.camera = "" }),
        ("read-text", { $0.camera = "a\nb" }), ("read-text", { $0.region = "" }),
        ("read-text", { $0.vehicle.make = String(repeating: "x", count: 33) }),
        ("read-plate", { ($0.asRead, $0.candidates) = ("OTHER1", []) }),
        ("read-number", { $0.confidence = 10_001 }),
        ("read-number", { $0.direction = 360 }),
        ("read-number", { $0.place = Place(latitude: 900_000_001, longitude: 0) }),
        ("read-count", { $0.photos = [[1, 2, 3]] }),
        (
            "read-count",
            { $0.candidates = Array(repeating: Candidate(text: "A", confidence: 1), count: 33) }
        ),
        ("read-text", { $0.candidates = [Candidate(text: "", confidence: 1)] }),
        ("read-number", { $0.candidates = [Candidate(text: "A", confidence: .max)] }),
        (
            "read-too-long",
            {
                $0.candidates = Array(
                    repeating: Candidate(text: String(repeating: "A", count: 96), confidence: 1),
                    count: 11)
            }
        ),
    ]

    @Test("what breaks a bound is refused by name", arguments: tooMuch.indices)
    func bounds(index: Int) throws {
        var fields = try Self.ordinary()
        Self.tooMuch[index].1(&fields)
        do {
            _ = try Read(fields)
            Issue.record("accepted")
        } catch {
            #expect(error.code == Self.tooMuch[index].0)
            #expect(!error.sentence.contains("AYO") && !error.sentence.contains("OTHER"))
        }
    }

    @Test("padding has one form: smallest size, zeros")
    func padding() throws {
        #expect(try PaddedRead.pad([UInt8](repeating: 1, count: 254)).count == 256)
        #expect(try PaddedRead.pad([UInt8](repeating: 1, count: 255)).count == 1_024)
        #expect(try PaddedRead.pad([UInt8](repeating: 1, count: 1_022)).count == 1_024)
        #expect(throws: PlatesError.self) {
            try PaddedRead.pad([UInt8](repeating: 1, count: 1_023))
        }
        let padded = try PaddedRead.pad([1, 2, 3])
        #expect(Array(padded[..<6]) == [0, 3, 1, 2, 3, 0])
        for index in 5..<256 {
            var changed = padded
            changed[index] = 1
            #expect(throws: PlatesError.self) { try PaddedRead.unpad(changed) }
        }
        let large = [0, 3, 1, 2, 3] + [UInt8](repeating: 0, count: 1_019)
        for bad in [[], [0], [0, 3], Array(padded.dropLast()), padded + [0], large] as [[UInt8]] {
            #expect(throws: PlatesError.self) { try PaddedRead.unpad(bad) }
        }
        var longer = padded
        longer[0] = 255
        #expect(throws: PlatesError.self) { try PaddedRead.unpad(longer) }
    }

    @Test("a row is bound to its origin, cell, run and counter")
    func context() throws {
        let context = RowContext(
            origin: "example.org/vault.demo",
            cell: Cell(hour: Hour(number: 498_809), site: SiteNumber(number: 3)),
            run: try RunID(bytes: [1, 2, 3, 4, 5, 6, 7, 8]), counter: 258)
        #expect(
            context.associatedData
                == Array("platevault/row/v1example.org/vault.demo".utf8)
                + [0, 7, 0x9c, 0x79, 0, 3] + [1, 2, 3, 4, 5, 6, 7, 8] + [0, 0, 0, 0, 0, 0, 1, 2])
        let label = try Label(bytes: [UInt8](repeating: 1, count: 16))
        for size in [0, 295, 297, 1_063, 1_065] {
            #expect(throws: PlatesError.self) {
                try SealedRow(label: label, bytes: [UInt8](repeating: 0, count: size))
            }
        }
        #expect(
            try SealedRow(label: label, bytes: [UInt8](repeating: 0, count: 296)).label == label)
    }

    @Test("a read shows nothing of itself")
    func silence() throws {
        let read = try Read(try Self.full())
        var dumped = ""
        dump(read, to: &dumped)
        #expect("\(read)" == "read" && !dumped.contains("AYO") && !"\([read])".contains("AYO"))
        #expect(read.seen == read.fields.deviceTime)
    }
}
