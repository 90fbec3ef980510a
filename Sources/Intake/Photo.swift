public import Plates

/// A photo that a message carried. It does not print itself.
public struct Photo: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The most bytes of a photo: 4 MiB without the four that its length takes when it is sealed.
    public static let maximumBytes = PaddedPhoto.maximumBytes

    /// The format, by its own bytes; what a message calls it does not count.
    public enum Kind: String, Sendable, Codable {
        /// From SOI to EOI.
        case jpeg
        /// From IHDR to IEND.
        case png
    }

    /// What it shows.
    public enum Role: String, Sendable, Codable {
        /// A plate or a vehicle cut out.
        case crop
        /// Everything that the camera saw.
        case frame
    }

    /// The file.
    public let bytes: [UInt8]
    /// Its format.
    public let kind: Kind
    /// What it shows.
    public let role: Role

    /// A photo of some bytes. Throws `photo-too-large` or `photo-broken`.
    public init(_ bytes: some Collection<UInt8>, role: Role) throws(IntakeRefusal) {
        guard bytes.count <= Self.maximumBytes else {
            throw IntakeRefusal("photo-too-large", "a photo of more than 4 MiB")
        }
        let bytes = Array(bytes)
        guard let kind = Self.kind(of: bytes) else {
            throw IntakeRefusal("photo-broken", "a photo that is neither a whole JPEG nor PNG")
        }
        self.bytes = bytes
        self.kind = kind
        self.role = role
    }

    /// The word and nothing of the content.
    public var description: String { "photo" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    private static func kind(of bytes: [UInt8]) -> Kind? {
        if isJPEG(bytes) { .jpeg } else if isPNG(bytes) { .png } else { nil }
    }

    /// SOI, marker segments that end inside the file, and EOI as the last two bytes.
    private static func isJPEG(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 4, bytes.starts(with: [0xff, 0xd8]),
            bytes.suffix(2).elementsEqual([0xff, 0xd9])
        else { return false }
        var place = 2
        let end = bytes.count - 2
        while place < end {
            guard bytes[place] == 0xff, place + 1 < end else { return false }
            let marker = bytes[place + 1]
            if marker == 0xff {
                place += 1
                continue
            }
            guard marker >= 0xc0, marker != 0xd8, marker != 0xd9, place + 3 < end else {
                return false
            }
            let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
            guard length >= 2, place + 2 + length <= end else { return false }
            // After the first scan begins, what follows is the coder's business.
            if marker == 0xda { return true }
            place += 2 + length
        }
        return true
    }

    /// The signature, IHDR first, chunks that end inside the file, IEND last.
    private static func isPNG(_ bytes: [UInt8]) -> Bool {
        guard bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) else {
            return false
        }
        var place = 8
        var isFirst = true
        while bytes.count - place >= 12 {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - place - 12 else { return false }
            let name = bytes[place + 4..<place + 8]
            if isFirst, !name.elementsEqual("IHDR".utf8) || length != 13 { return false }
            isFirst = false
            place += 12 + length
            if name.elementsEqual("IEND".utf8) { return length == 0 && place == bytes.count }
        }
        return false
    }
}

/// A read with the photos that stay with it.
public struct ReceivedRead: Hashable, Sendable {
    /// What was read.
    public let read: Read
    /// Crops first; at most `Read.maximumPhotos`.
    public let photos: [Photo]
}
