import Bytes
public import Plates
public import Secrets

/// e_S: what every evaluation logs for each subset, day and plate, so that the other holders can
/// recompute and check it (DESIGN section 4). Public: the salt keeps it from being searched.
public enum EvaluationDigest {
    /// SHA-256("platevault/eval/v1" ‖ request ‖ u16(mask) ‖ salt ‖ the day's partials of the plate,
    /// cells ascending). `plate` is its place in the request, `salt` the 32 bytes of that plate's
    /// commitment. Throws `salt-size`, `subset-missing` where the parcel has not that subset, and
    /// `cells-missing` where it has no such plate or no cell of that day.
    public static func e(
        request: Digest, mask: SubsetMask, salt: [UInt8], parcel: PartialParcel, plate: Int,
        day: Day
    ) throws(TokensError) -> Digest {
        guard salt.count == PlateCommitment.saltSize else { throw PlateCommitment.saltError }
        guard let column = parcel.masks.place(of: mask) else { throw CellKeys.missing(mask) }
        let cells = parcel.places(of: day)
        guard !cells.isEmpty, (0..<parcel.plateCount).contains(plate) else {
            throw TokensError(
                code: "cells-missing", sentence: "the evaluation has no such plate or day")
        }
        var open = ByteWriter()
        open.text("platevault/eval/v1")
        open.raw(request.bytes)
        open.u16(mask.bits)
        open.raw(salt)
        var hasher = SecretHasher()
        hasher.update(open.bytes)
        for place in cells {
            parcel.withPartial(plate: plate, place: place, column: column) { hasher.update($0) }
        }
        return hasher.finish()
    }
}

/// The commitment to a plate in a public request, opened to the custodians only.
public enum PlateCommitment {
    /// 32: bytes of a salt.
    public static let saltSize = 32

    /// SHA-256("platevault/plate-commit/v1" ‖ salt ‖ plate). Throws `salt-size`.
    public static func commit(salt: [UInt8], plate: Plate) throws(TokensError) -> Digest {
        guard salt.count == saltSize else { throw saltError }
        var writer = ByteWriter()
        writer.text("platevault/plate-commit/v1")
        writer.raw(salt)
        writer.raw(plate.utf8Bytes)
        return Digest(of: writer.bytes)
    }

    static var saltError: TokensError {
        TokensError(code: "salt-size", sentence: "a plate's salt has \(saltSize) bytes")
    }
}
