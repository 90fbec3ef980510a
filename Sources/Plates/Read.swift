// What a reader saw: one passage of one plate (Docs/Spec/Read.md).

import Bytes

/// One other reading of the same plate that the engine thought possible.
public struct Candidate: Hashable, Sendable {
    /// The text as the reader sent it; 1 to 96 UTF-8 bytes.
    public let text: String
    /// Hundredths of a percent, 0 to 10,000; nil where the reader gives none.
    public let confidence: UInt16?

    /// A candidate. Its bounds are checked when a read is made of it.
    public init(text: String, confidence: UInt16?) {
        self.text = text
        self.confidence = confidence
    }
}

/// A place on earth.
public struct Place: Hashable, Sendable {
    /// Ten-millionths of a degree north, −900,000,000 to 900,000,000.
    public let latitude: Int32
    /// Ten-millionths of a degree east, −1,800,000,000 to 1,800,000,000.
    public let longitude: Int32

    /// A place. Its bounds are checked when a read is made of it.
    public init(latitude: Int32, longitude: Int32) {
        self.latitude = latitude
        self.longitude = longitude
    }
}

/// What the engine says about the vehicle; each text 1 to 32 UTF-8 bytes where there is one.
public struct Vehicle: Hashable, Sendable {
    /// Such as `toyota`.
    public var make: String?
    /// Such as `toyota_prius`.
    public var model: String?
    /// Such as `silver-gray`.
    public var color: String?
    /// Such as `sedan-standard`.
    public var type: String?
    /// Such as `2010-2014`.
    public var year: String?

    /// A vehicle; nil for what the engine does not say.
    public init(
        make: String? = nil, model: String? = nil, color: String? = nil, type: String? = nil,
        year: String? = nil
    ) {
        self.make = make
        self.model = model
        self.color = color
        self.type = type
        self.year = year
    }
}

/// One read: a plate at a place and time, and what the reader said with it.
///
/// A value of this type keeps the bounds of Docs/Spec/Read.md; it does not print itself.
public struct Read: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The most candidates beside the plate itself.
    public static let maximumCandidates = 32
    /// The most photo digests.
    public static let maximumPhotos = 8

    /// Everything in a read, by name; the bounds are checked by `Read.init(_:)`.
    public struct Fields: Hashable, Sendable {
        /// The plate as the reader sent it; 1 to 96 UTF-8 bytes.
        public var asRead: String
        /// The normal form of `asRead`, or of a candidate, which files the read.
        public var plate: Plate
        /// Hundredths of a percent, 0 to 10,000; nil where the reader gives none.
        public var confidence: UInt16?
        /// Other readings, as the reader ordered them; at most 32.
        public var candidates: [Candidate] = []
        /// The reader's name of its camera; 1 to 64 UTF-8 bytes.
        public var camera: String
        /// Where the camera stood, where it says so.
        public var place: Place?
        /// When the plate was seen, by the reader's clock.
        public var deviceTime: Timestamp
        /// When the gateway received the read, by the gateway's clock.
        public var receivedTime: Timestamp
        /// Whether the reader's clock was found to be far off.
        public var deviceClockOff = false
        /// What the engine says about the vehicle.
        public var vehicle = Vehicle()
        /// The plate's region as the reader names it, such as `us-ca`; 1 to 32 UTF-8 bytes.
        public var region: String?
        /// Degrees clockwise from the direction in which the camera looks, 0 to 359.
        public var direction: UInt16?
        /// The SHA-256 of each sealed photo that belongs to the read, 32 bytes each; at most 8.
        public var photos: [[UInt8]] = []

        /// The fields that every read has; the others are empty and can be set.
        public init(
            asRead: String, plate: Plate, camera: String, deviceTime: Timestamp,
            receivedTime: Timestamp
        ) {
            self.asRead = asRead
            self.plate = plate
            self.camera = camera
            self.deviceTime = deviceTime
            self.receivedTime = receivedTime
        }
    }

    /// Held once, however often the read is handed on.
    private final class Content: Sendable {
        let fields: Fields
        /// The one encoding, by which the read's length is known to fit.
        let encoding: [UInt8]

        init(_ fields: Fields) {
            self.fields = fields
            encoding = Read.encode(fields)
        }
    }

    private let content: Content

    /// The content.
    public var fields: Fields { content.fields }
    /// The bytes that are padded and sealed; at most 1,022.
    public func encode() -> [UInt8] { content.encoding }

    /// A read of fields that keep the bounds. Throws `read-text`, `read-plate`, `read-number`,
    /// `read-count` or `read-too-long`, naming the field and never its content.
    public init(_ fields: Fields) throws(PlatesError) {
        try ReadBounds.check(fields)
        content = Content(fields)
        let size = content.encoding.count
        guard size + 2 <= 1_024 else {
            throw PlatesError(
                code: "read-too-long",
                sentence: "a read of \(size) bytes; at most 1,022 fit into a row")
        }
    }

    /// By content.
    public static func == (left: Read, right: Read) -> Bool {
        left.content === right.content || left.fields == right.fields
    }
    /// By content.
    public func hash(into hasher: inout Hasher) { hasher.combine(fields) }

    /// The plate in normal form.
    public var plate: Plate { content.fields.plate }
    /// The plate as the reader sent it.
    public var asRead: String { content.fields.asRead }
    /// Whether the reader's clock was found to be far off.
    public var deviceClockOff: Bool { content.fields.deviceClockOff }
    /// When the plate was seen, which files the read: the device's time, also where its clock is
    /// flagged, because a slow clock cannot be told from a late delivery.
    public var seen: Timestamp { content.fields.deviceTime }

    /// The word and nothing of the content.
    public var description: String { "read" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The bounds of a read, one check each.
enum ReadBounds {
    static func check(_ fields: Read.Fields) throws(PlatesError) {
        try text(fields.asRead, most: 96, "plate as read")
        let named =
            fields.plate.isCanary
            ? try? Plate(kept: fields.asRead, fold: fields.plate.fold)
            : try? Plate(normalizing: fields.asRead, fold: fields.plate.fold)
        try number(fields.confidence, most: 10_000, "confidence")
        guard fields.candidates.count <= Read.maximumCandidates,
            fields.photos.count <= Read.maximumPhotos
        else {
            throw PlatesError(code: "read-count", sentence: "more than 32 candidates or 8 photos")
        }
        for candidate in fields.candidates {
            try text(candidate.text, most: 96, "candidate")
            try number(candidate.confidence, most: 10_000, "candidate's confidence")
        }
        try text(fields.camera, most: 64, "camera")
        try text(fields.region, most: 32, "region")
        guard named == fields.plate || isCandidate(fields) else {
            throw PlatesError(
                code: "read-plate",
                sentence: "the plate is the normal form of nothing that was read")
        }
        try number(fields.direction, most: 359, "direction")
        let vehicle = fields.vehicle
        for part in [vehicle.make, vehicle.model, vehicle.color, vehicle.type, vehicle.year] {
            try text(part, most: 32, "vehicle")
        }
        if let place = fields.place {
            guard place.latitude.magnitude <= 900_000_000,
                place.longitude.magnitude <= 1_800_000_000
            else {
                throw PlatesError(code: "read-number", sentence: "a place that is not on earth")
            }
        }
        guard fields.photos.allSatisfy({ $0.count == 32 }) else {
            throw PlatesError(code: "read-count", sentence: "a photo's digest is not 32 bytes")
        }
    }

    /// Whether the read is filed under one of its candidates, as a policy may have it.
    private static func isCandidate(_ fields: Read.Fields) -> Bool {
        !fields.plate.isCanary
            && fields.candidates.contains {
                (try? Plate(normalizing: $0.text, fold: fields.plate.fold)) == fields.plate
            }
    }

    /// Texts are short, not empty, and without control characters, so that they can be shown.
    static func text(_ text: String?, most: Int, _ name: String) throws(PlatesError) {
        guard let text else { return }
        guard text.isShown(most: most) else {
            throw PlatesError(
                code: "read-text",
                sentence: "the \(name) has control characters or not 1 to \(most) bytes")
        }
    }

    static func number(_ value: UInt16?, most: UInt16, _ name: String) throws(PlatesError) {
        guard let value, value > most else { return }
        throw PlatesError(code: "read-number", sentence: "the \(name) is above \(most)")
    }
}
