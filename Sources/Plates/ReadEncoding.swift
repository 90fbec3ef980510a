// The one encoding of a read (Docs/Spec/Read.md): a version byte, then fields in ascending order
// of their tags, each `u8(tag) ‖ u16(length) ‖ value`; absent fields are left out.

import Bytes

extension Read {
    /// The version that opens every encoding.
    public static let encodingVersion: UInt8 = 1

    /// The tags, in the order in which they stand.
    enum Tag: UInt8, CaseIterable {
        case asRead = 1
        case plate = 2
        case confidence = 3
        case candidates = 4
        case camera = 5
        case place = 6
        case deviceTime = 7
        case receivedTime = 8
        case deviceClockOff = 9
        case make = 10
        case model = 11
        case color = 12
        case type = 13
        case year = 14
        case region = 15
        case direction = 16
        case photos = 17
    }

    /// The bytes of fields that keep their bounds.
    static func encode(_ fields: Fields) -> [UInt8] {
        var writer = FieldWriter()
        writer.text(.asRead, fields.asRead)
        writer.plate(.plate, fields.plate)
        writer.number(.confidence, fields.confidence)
        writer.candidates(.candidates, fields.candidates)
        writer.text(.camera, fields.camera)
        writer.place(.place, fields.place)
        writer.time(.deviceTime, fields.deviceTime)
        writer.time(.receivedTime, fields.receivedTime)
        if fields.deviceClockOff { writer.open(.deviceClockOff, 0) }
        writer.text(.make, fields.vehicle.make)
        writer.text(.model, fields.vehicle.model)
        writer.text(.color, fields.vehicle.color)
        writer.text(.type, fields.vehicle.type)
        writer.text(.year, fields.vehicle.year)
        writer.text(.region, fields.region)
        writer.number(.direction, fields.direction)
        writer.digests(.photos, fields.photos)
        return writer.bytes.bytes
    }

    /// The read of an encoding. Throws `read-encoding` unless `encode` would have written exactly
    /// these bytes, or the refusal of `Read.init(_:)`.
    public init(wire bytes: [UInt8]) throws(PlatesError) {
        let fields = try FieldReader(bytes)
        let asRead = try fields.text(.asRead)
        let plate = try Self.plate(try fields.field(.plate))
        let confidence = try fields.number(.confidence)
        let candidates = try Self.candidates(try fields.field(.candidates))
        guard let asRead, let plate, let camera = try fields.text(.camera) else {
            throw FieldReader.invalid
        }
        let place = try Self.place(try fields.field(.place))
        guard let device = try fields.time(.deviceTime),
            let received = try fields.time(.receivedTime)
        else { throw FieldReader.invalid }
        var value = Fields(
            asRead: asRead, plate: plate, camera: camera, deviceTime: device,
            receivedTime: received)
        value.confidence = confidence
        value.candidates = candidates
        value.place = place
        value.deviceClockOff = try fields.field(.deviceClockOff) != nil
        value.vehicle.make = try fields.text(.make)
        value.vehicle.model = try fields.text(.model)
        value.vehicle.color = try fields.text(.color)
        value.vehicle.type = try fields.text(.type)
        value.vehicle.year = try fields.text(.year)
        value.region = try fields.text(.region)
        value.direction = try fields.number(.direction)
        let photos = try fields.field(.photos) ?? []
        value.photos = stride(from: 0, to: photos.count, by: 32).map {
            Array(photos[$0..<min($0 + 32, photos.count)])
        }
        try self.init(value)
        // Whatever else could be written for the same read is refused here at once.
        guard encode() == bytes else { throw FieldReader.invalid }
    }

    private static func candidates(_ bytes: [UInt8]?) throws(PlatesError) -> [Candidate] {
        var reader = ByteReader(bytes ?? [])
        var result: [Candidate] = []
        do {
            while reader.remaining > 0 {
                let text = try reader.text(Int(try reader.u8()))
                let confidence = try reader.u16()
                result.append(
                    Candidate(text: text, confidence: confidence == .max ? nil : confidence))
            }
        } catch { throw FieldReader.invalid }
        return result
    }

    private static func plate(_ bytes: [UInt8]?) throws(PlatesError) -> Plate? {
        guard let bytes, let first = bytes.first else { return nil }
        guard first <= 1, let text = String(validating: bytes.dropFirst(), as: UTF8.self),
            let plate = try? Plate(kept: text, fold: first == 0 ? .none : .letterOAsZero)
        else { throw FieldReader.invalid }
        return plate
    }

    private static func place(_ bytes: [UInt8]?) throws(PlatesError) -> Place? {
        guard let bytes else { return nil }
        var reader = ByteReader(bytes)
        do {
            let latitude = Int32(bitPattern: try reader.u32())
            let longitude = Int32(bitPattern: try reader.u32())
            try reader.end()
            return Place(latitude: latitude, longitude: longitude)
        } catch { throw FieldReader.invalid }
    }
}

/// Writes the version and the fields.
private struct FieldWriter {
    var bytes = ByteWriter(capacity: 254)

    init() { bytes.u8(Read.encodingVersion) }

    /// `u8(tag) ‖ u16(size)`, which so many bytes follow.
    mutating func open(_ tag: Read.Tag, _ size: Int) {
        bytes.u8(tag.rawValue)
        bytes.u16(UInt16(clamping: size))
    }

    mutating func text(_ tag: Read.Tag, _ value: String?) {
        guard let value else { return }
        open(tag, value.utf8.count)
        bytes.text(value)
    }

    mutating func number(_ tag: Read.Tag, _ value: UInt16?) {
        guard let value else { return }
        open(tag, 2)
        bytes.u16(value)
    }

    mutating func time(_ tag: Read.Tag, _ value: Timestamp) {
        open(tag, 8)
        bytes.u64(UInt64(bitPattern: value.milliseconds))
    }

    /// `u8(fold) ‖ normal form`.
    mutating func plate(_ tag: Read.Tag, _ value: Plate) {
        open(tag, 1 + value.utf8Bytes.count)
        bytes.u8(value.fold == .none ? 0 : 1)
        bytes.raw(value.utf8Bytes)
    }

    /// `u8(text's bytes) ‖ text ‖ u16(confidence, 0xffff for none)` of each.
    mutating func candidates(_ tag: Read.Tag, _ values: [Candidate]) {
        guard !values.isEmpty else { return }
        open(tag, values.reduce(0) { $0 + 3 + $1.text.utf8.count })
        for value in values {
            bytes.u8(UInt8(clamping: value.text.utf8.count))
            bytes.text(value.text)
            bytes.u16(value.confidence ?? .max)
        }
    }

    mutating func place(_ tag: Read.Tag, _ value: Place?) {
        guard let value else { return }
        open(tag, 8)
        bytes.u32(UInt32(bitPattern: value.latitude))
        bytes.u32(UInt32(bitPattern: value.longitude))
    }

    mutating func digests(_ tag: Read.Tag, _ values: [[UInt8]]) {
        guard !values.isEmpty else { return }
        open(tag, values.reduce(0) { $0 + $1.count })
        for value in values { bytes.raw(value) }
    }
}

/// Splits an encoding into its fields; the caller takes them by tag.
private struct FieldReader {
    private var values: [UInt8: [UInt8]] = [:]

    static var invalid: PlatesError {
        PlatesError(code: "read-encoding", sentence: "bytes that are no encoding of a read")
    }

    init(_ bytes: [UInt8]) throws(PlatesError) {
        var reader = ByteReader(bytes)
        do {
            guard try reader.u8() == Read.encodingVersion else { throw Self.invalid }
            while reader.remaining > 0 {
                let tag = try reader.u8()
                let value = try reader.raw(Int(try reader.u16()))
                guard Read.Tag(rawValue: tag) != nil, values.updateValue(value, forKey: tag) == nil
                else { throw Self.invalid }
            }
        } catch { throw Self.invalid }
    }

    func field(_ tag: Read.Tag) throws(PlatesError) -> [UInt8]? { values[tag.rawValue] }

    func text(_ tag: Read.Tag) throws(PlatesError) -> String? {
        guard let value = values[tag.rawValue] else { return nil }
        guard let text = String(validating: value, as: UTF8.self) else { throw Self.invalid }
        return text
    }

    func number(_ tag: Read.Tag) throws(PlatesError) -> UInt16? {
        guard let value = values[tag.rawValue] else { return nil }
        guard value.count == 2 else { throw Self.invalid }
        return UInt16(value[0]) << 8 | UInt16(value[1])
    }

    func time(_ tag: Read.Tag) throws(PlatesError) -> Timestamp? {
        guard let value = values[tag.rawValue] else { return nil }
        guard value.count == 8 else { throw Self.invalid }
        let bits = value.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Timestamp(milliseconds: Int64(bitPattern: bits))
    }
}
