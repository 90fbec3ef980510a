import Bytes
public import Plates
public import Secrets

/// A sealed photo on its way from a site to the vault, under the site's signature
/// (Docs/Spec/Photo.md).
///
/// Wire form: `u32(hour) ‖ u16(site) ‖ label(16) ‖ signature(64)` and the sealed bytes to the end.
public struct PhotoDelivery: Hashable, Sendable {
    /// 8: photos that one row may have.
    public static let maximumPhotos = Read.maximumPhotos

    /// The cell of the row.
    public let cell: Cell
    /// The photo.
    public let photo: SealedPhoto
    /// SHA-256 of the sealed bytes, as the read has it.
    public let digest: Digest
    /// The site's Ed25519 signature over `signedBytes(origin:)`, 64 bytes.
    public let signature: [UInt8]

    /// A signed photo.
    public init(cell: Cell, photo: SealedPhoto, origin: String, key: SigningKey) {
        self.cell = cell
        self.photo = photo
        digest = Digest(of: photo.bytes)
        signature = key.sign(Self.message(origin, cell, photo.label, digest))
    }

    /// A photo from its wire form; whether the site signed it is another question. Throws
    /// `photo-malformed`.
    public init(wire bytes: [UInt8]) throws(RowsError) {
        do {
            var reader = ByteReader(bytes)
            cell = try Cell(from: &reader)
            let label = try Label(bytes: reader.raw(16))
            signature = try reader.raw(64)
            photo = try SealedPhoto(label: label, bytes: reader.raw(reader.remaining))
        } catch {
            throw RowsError(code: "photo-malformed", sentence: "this is no well-formed photo")
        }
        digest = Digest(of: photo.bytes)
    }

    /// The wire form.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 86 + photo.bytes.count)
        writer.raw(cell.encode())
        writer.raw(photo.label.bytes)
        writer.raw(signature)
        writer.raw(photo.bytes)
        return writer.bytes
    }

    /// What the site signs: `"platevault/photo-delivery/v1" ‖ origin ‖ u32(hour) ‖ u16(site) ‖ label
    /// ‖ SHA-256(sealed photo)`.
    public func signedBytes(origin: String) -> [UInt8] {
        Self.message(origin, cell, photo.label, digest)
    }

    /// Whether the site of this key signed it for this log. Throws `photo-signature`.
    public func verify(origin: String, key: VerifyingKey) throws(RowsError) {
        guard key.isValid(signature, for: signedBytes(origin: origin)) else {
            throw RowsError(
                code: "photo-signature",
                sentence: "the photo does not carry the signature of site \(cell.site)")
        }
    }

    private static func message(
        _ origin: String, _ cell: Cell, _ label: Label, _ digest: Digest
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.text("platevault/photo-delivery/v1")
        writer.text(origin)
        writer.raw(cell.encode())
        writer.raw(label.bytes)
        writer.raw(digest.bytes)
        return writer.bytes
    }
}

/// A sealed photo as the vault hands it out: its cell, and the row's label with the bytes.
///
/// Wire form: `u32(hour) ‖ u16(site) ‖ label(16)` and the sealed bytes to the end.
public struct StoredPhoto: Hashable, Sendable {
    /// The cell of the row.
    public let cell: Cell
    /// The photo.
    public let photo: SealedPhoto

    /// Where it stands among the photos of an answer.
    public var place: PhotoPlace {
        PhotoPlace(cell: cell, label: photo.label, digest: Digest(of: photo.bytes))
    }

    /// A photo of a cell.
    public init(cell: Cell, photo: SealedPhoto) {
        self.cell = cell
        self.photo = photo
    }

    /// A photo from its wire form; a claim until the read's digest fits. Throws `photo-malformed`.
    public init(wire bytes: [UInt8]) throws(RowsError) {
        do {
            var reader = ByteReader(bytes)
            cell = try Cell(from: &reader)
            let label = try Label(bytes: reader.raw(16))
            photo = try SealedPhoto(label: label, bytes: reader.raw(reader.remaining))
        } catch {
            throw RowsError(code: "photo-malformed", sentence: "this is no well-formed photo")
        }
    }

    /// The wire form.
    public func encode() -> [UInt8] { cell.encode() + photo.label.bytes + photo.bytes }
}

/// The order of photos, in the store and in what is handed out: by cell, label and digest.
///
/// Wire form: `u32(hour) ‖ u16(site) ‖ label(16) ‖ digest(32)`.
public struct PhotoPlace: Hashable, Comparable, Sendable {
    /// The cell of the row.
    public let cell: Cell
    /// The row's label.
    public let label: Label
    /// SHA-256 of the sealed bytes.
    public let digest: Digest

    /// A place of its parts.
    public init(cell: Cell, label: Label, digest: Digest) {
        self.cell = cell
        self.label = label
        self.digest = digest
    }

    /// A place from its 54 bytes. Throws `photo-malformed`.
    public init(wire bytes: [UInt8]) throws(RowsError) {
        do {
            var reader = ByteReader(bytes)
            cell = try Cell(from: &reader)
            label = try Label(bytes: reader.raw(16))
            digest = try reader.digest()
            try reader.end()
        } catch {
            throw RowsError(code: "photo-malformed", sentence: "this is no place of a photo")
        }
    }

    /// The 54 bytes.
    public func encode() -> [UInt8] { cell.encode() + label.bytes + digest.bytes }

    /// By cell, label, digest.
    public static func < (left: Self, right: Self) -> Bool {
        left.encode().lexicographicallyPrecedes(right.encode())
    }
}
