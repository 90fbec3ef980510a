// A photo beside a row: its padding, and its sealed form (Docs/Spec/Photo.md).

import Bytes

/// A photo's bytes brought to one of four sizes, so that photos tell little about what they show.
public enum PaddedPhoto {
    /// The four sizes, in bytes: 64, 256, 1,024 and 4,096 KiB.
    public static let sizes = [64, 256, 1_024, 4_096].map { $0 << 10 }
    /// The most bytes of a photo: the last size without the length before it.
    public static let maximumBytes = (4_096 << 10) - 4

    /// `u32(length) ‖ photo ‖ zeros`, of the smallest size that fits. Throws `photo-too-large`.
    public static func pad(_ photo: [UInt8]) throws(PlatesError) -> [UInt8] {
        guard let size = sizes.first(where: { photo.count + 4 <= $0 }) else {
            throw PlatesError(
                code: "photo-too-large",
                sentence: "a photo of \(photo.count) bytes; at most \(maximumBytes) are sealed")
        }
        var writer = ByteWriter(capacity: size)
        writer.u32(UInt32(photo.count))
        writer.raw(photo)
        writer.raw([UInt8](repeating: 0, count: size - photo.count - 4))
        return writer.bytes
    }

    /// The photo inside. Throws `padding-invalid` unless `pad` would have written these bytes.
    public static func unpad(_ padded: [UInt8]) throws(PlatesError) -> [UInt8] {
        guard padded.count >= 4 else { throw paddingInvalid }
        let count = padded[..<4].reduce(0) { $0 << 8 | Int($1) }
        guard count + 4 <= padded.count,
            padded.count == sizes.first(where: { count + 4 <= $0 }),
            padded[(count + 4)...].allSatisfy({ $0 == 0 })
        else { throw paddingInvalid }
        return Array(padded[4..<(count + 4)])
    }

    private static var paddingInvalid: PlatesError {
        PlatesError(code: "padding-invalid", sentence: "a photo whose padding is not as written")
    }
}

/// A photo as the vault keeps it: the label of its row and
/// `nonce24 ‖ XChaCha20-Poly1305(padded photo)`. The read inside the row has SHA-256 of `bytes`.
public struct SealedPhoto: Hashable, Sendable {
    /// The sizes that `bytes` can have: nonce, padded photo and tag.
    public static let sizes = PaddedPhoto.sizes.map { 24 + $0 + 16 }

    /// The label of the row that it belongs to.
    public let label: Label
    /// One of the four sizes.
    public let bytes: [UInt8]

    /// A photo. Throws `photo-size` unless `bytes` has one of the four sizes.
    public init(label: Label, bytes: [UInt8]) throws(PlatesError) {
        guard SealedPhoto.sizes.contains(bytes.count) else {
            throw PlatesError(
                code: "photo-size",
                sentence: "a sealed photo has one of four sizes, not \(bytes.count) bytes")
        }
        self.label = label
        self.bytes = bytes
    }
}
