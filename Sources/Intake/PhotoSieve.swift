import Bytes
import Warrants

/// Which photos of messages stay, and what was refused of them.
struct PhotoSieve: Sendable {
    let keeping: PhotoKeeping
    /// Photos that were refused, by code.
    var refused: [String: Int] = [:]

    /// The photo of some bytes if it is to stay; nil for none at all, and for one that is refused
    /// and counted.
    mutating func photo(_ bytes: some Collection<UInt8>, _ role: Photo.Role) -> Photo? {
        guard keeping.keeps(role), !bytes.isEmpty else { return nil }
        do throws(IntakeRefusal) {
            return try Photo(bytes, role: role)
        } catch {
            refused[error.code, default: 0] += 1
            return nil
        }
    }

    /// The photo of a Base64 text.
    mutating func photo(base64: JSON?, _ role: Photo.Role) -> Photo? {
        guard keeping.keeps(role), let text = base64?.string, !text.isEmpty else { return nil }
        // Four characters hold three bytes: what is too large is not decoded to find that out.
        guard text.utf8.count <= Photo.maximumBytes / 3 * 4 + 4 else {
            refused["photo-too-large", default: 0] += 1
            return nil
        }
        return photo(Base64.decode(text) ?? [0], role)
    }

    /// The crops of vehicle and plate in an OpenALPR agent's group.
    mutating func crops(ofGroup json: JSON) -> [Photo] {
        [
            photo(base64: json["vehicle_crop_jpeg"], .crop),
            photo(base64: json["best_plate"]?["plate_crop_jpeg"], .crop),
        ].compactMap { $0 }
    }
}
