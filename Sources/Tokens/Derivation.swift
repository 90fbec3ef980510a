// The powers: chains, day and site keys, partials, combination, labels, sealing and opening rows.
//
// Docs/Spec/Tokens.md is the specification (DESIGN sections 3 to 5 its source). Entry points, by
// party: a custodian holds a `ChainSet`, made of `SeedParcel`s; a gateway holds `SiteKeys`, made of
// `SiteKeyParcel`s; a requester combines `PartialParcel`s into `CellKeys`. This target performs no
// I/O, knows no clock, and keeps every key in guarded memory; what leaves it in ordinary memory is
// public: commitments, digests, labels and sealed rows.

public import Bytes
public import Plates
public import Secrets

/// Why an operation of this target was refused: never holds a plate or a key.
public struct TokensError: CodedError {
    /// A stable word: `day-destroyed`, `subset-missing`, `partials-differ`, `not-authentic`, …
    public let code: String
    /// One sentence for people.
    public let sentence: String

    /// An error with its machine code and its sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    /// The same refusal of the floor, under its own code.
    init(_ error: SecretsError) { self.init(code: error.code, sentence: error.sentence) }
    init(_ error: PlatesError) { self.init(code: error.code, sentence: error.sentence) }
}

/// The formulas of DESIGN sections 3 and 4, one function each, over single blocks. The parties use
/// `ChainSet`, `SiteKeys` and `CellKeys`, which compute the same over blocks of many keys; vectors
/// and tests use these.
public enum Derivation {
    /// 32: the bytes of every key, commitment and partial.
    public static let size = 32

    static let nextDay = Array("platevault/next-day/v1".utf8)
    static let commit = Array("platevault/commit/v1".utf8)
    static let dayKey = Array("platevault/day-key/v1".utf8)
    static let find = Array("platevault/find/v1".utf8)
    static let open = Array("platevault/open/v1".utf8)
    static let photo = Array("platevault/photo/v1".utf8)

    /// `"platevault/site-hour/v1" ‖ u8(hour of day) ‖ u16(site)`.
    static func siteHour(_ cell: Cell) -> [UInt8] {
        var writer = ByteWriter(capacity: 26)
        writer.text("platevault/site-hour/v1")
        writer.u8(cell.hour.hourOfDay)
        writer.u16(cell.site.number)
        return writer.bytes
    }

    /// `u16(mask) ‖ plate`. Holds the plate in ordinary memory, as every caller does.
    static func partialMessage(_ mask: SubsetMask, _ plate: Plate) -> [UInt8] {
        var writer = ByteWriter()
        writer.u16(mask.bits)
        writer.raw(plate.utf8Bytes)
        return writer.bytes
    }

    /// chain[first] of one subset, from its members' contributions of 32 bytes each, one after the
    /// other in roster order. Throws `contribution-missing` for any other size.
    public static func firstChain(
        contributions: borrowing SecretBytes, roster: Digest, generation: UInt32, first: Day,
        mask: SubsetMask
    ) throws(TokensError) -> SecretBytes {
        guard contributions.count == mask.count * size, mask.count > 0 else {
            throw TokensError(
                code: "contribution-missing",
                sentence: "subset \(mask) needs one contribution of each of its members")
        }
        var info = ByteWriter()
        info.text("platevault/seed/v1")
        info.u32(generation)
        info.u32(first.number)
        info.u16(mask.bits)
        do {
            return try HKDFSHA256.derive(
                inputKey: contributions, salt: roster.bytes, info: info.bytes, count: size)
        } catch {
            throw TokensError(error)
        }
    }

    /// chain[d+1] from chain[d].
    public static func nextChain(
        _ chain: borrowing SecretBytes
    ) throws(TokensError) -> SecretBytes { try secret(nextDay, chain) }

    /// commit[d] from chain[d]: public, and logged by every holder.
    public static func commit(_ chain: borrowing SecretBytes) throws(TokensError) -> Digest {
        try digest(HMACSHA256.open(commit, key: chain))
    }

    /// day_S[d] from chain[d].
    public static func dayKey(
        _ chain: borrowing SecretBytes
    ) throws(TokensError) -> SecretBytes { try secret(dayKey, chain) }

    /// site_S[d,h,g] from day_S[d].
    public static func siteKey(
        dayKey: borrowing SecretBytes, cell: Cell
    ) throws(TokensError) -> SecretBytes { try secret(siteHour(cell), dayKey) }

    /// partial_S from site_S[d,h,g].
    public static func partial(
        siteKey: borrowing SecretBytes, mask: SubsetMask, plate: Plate
    ) throws(TokensError) -> SecretBytes { try secret(partialMessage(mask, plate), siteKey) }

    private static func secret(
        _ message: [UInt8], _ key: borrowing SecretBytes
    ) throws(TokensError) -> SecretBytes {
        do { return try HMACSHA256.secret(message, key: key) } catch { throw TokensError(error) }
    }

    static func digest(_ bytes: [UInt8]) throws(TokensError) -> Digest {
        guard let digest = Digest(wire: bytes) else {
            throw TokensError(code: "key-size", sentence: "a digest of another size than 32")
        }
        return digest
    }
}
