import Bytes
import Plates
public import Secrets
import Tokens

/// A photo that a read names, as far as it was handed out (Docs/Spec/Photo.md).
public struct OpenedPhoto: Hashable, Sendable {
    /// What came of it.
    public enum State: String, Hashable, Sendable {
        /// It is the photo that was sealed beside the read.
        case opened
        /// The vault has not handed it out: what it may have handed out is not what the read names.
        case missing
        /// It is what the read names, and its keys do not open it: the site sealed it wrongly.
        case unreadable
    }

    /// SHA-256 of the sealed photo, as the read has it.
    public let digest: Digest
    /// What came of it.
    public let state: State
    /// The photo as the camera sent it; nil unless it was opened.
    public let bytes: [UInt8]?

    /// The photo of a row that has this digest, from what the vault gave.
    init(_ digest: [UInt8], of label: Label, among sealed: [Digest: [UInt8]], keys: CellKeys) {
        // A read's digests have 32 bytes each.
        self.digest = Digest(wire: digest) ?? .zero
        guard let found = sealed[self.digest], Digest(of: found) == self.digest else {
            (state, bytes) = (.missing, nil)
            return
        }
        bytes = (try? SealedPhoto(label: label, bytes: found)).flatMap { try? keys.openPhoto($0) }
        state = bytes == nil ? .unreadable : .opened
    }

    /// Where a bundle has it, named by its digest; nil unless it was opened.
    public var file: String? {
        guard let bytes else { return nil }
        let kind = bytes.starts(with: [0x89, 0x50]) ? "png" : "jpg"
        return "photos/\(digest.hex).\(kind)"
    }

    /// Where a bundle has the sealed form.
    var sealedFile: String { "evidence/photo-\(digest.hex)" }
}
