import Bytes
public import Plates
public import Secrets

/// find, open and photo of one plate in one cell (DESIGN section 4): what finds, opens and seals its
/// rows there, and nowhere else. 96 bytes in a guarded pool; K itself is not kept.
public final class CellKeys: Sendable, CustomStringConvertible, CustomReflectable {
    private static let pool = SecretPool(slotSize: 3 * Derivation.size)
    private let slot: SecretSlot

    /// The keys that follow from K. Throws `key-size` unless K has 32 bytes, `memory-locked-out`.
    public convenience init(combined: borrowing SecretBytes) throws(TokensError) {
        guard combined.count == Derivation.size else {
            throw TokensError(code: "key-size", sentence: "K has 32 bytes")
        }
        try self.init(combined.withUnsafeBytes { (key) throws(TokensError) in try Self.fill(key) })
    }

    /// The keys that follow from the first key of a block.
    convenience init(sum: borrowing KeyBlock) throws(TokensError) {
        try self.init(sum.withKey(0) { (key) throws(TokensError) in try Self.fill(key) })
    }

    private init(_ slot: consuming SecretSlot) { self.slot = slot }

    /// The keys that follow from K in a slot.
    convenience init(sum: borrowing SecretSlot) throws(TokensError) {
        try self.init(sum.withUnsafeBytes { (key) throws(TokensError) in try Self.fill(key) })
    }

    private static func fill(_ key: UnsafeRawBufferPointer) throws(TokensError) -> SecretSlot {
        var slot: SecretSlot
        do { slot = try pool.slot() } catch { throw TokensError(error) }
        slot.withUnsafeMutableBytes { slot in
            HMACSHA256.compute(
                each: [Derivation.find, Derivation.open, Derivation.photo], key: key, into: slot)
        }
        return slot
    }

    /// The keys of one plate of a request in one cell, from the custodians' evaluations. Every
    /// subset must be in at least one; where it is in several, they must agree. Throws
    /// `subset-missing`, `partials-differ`, `parcels-unlike` for evaluations of other plates, cells
    /// or generations, and `memory-locked-out`.
    public static func combine(
        _ parcels: [PartialParcel], threshold: Threshold, plate: Int, cell: Cell
    ) throws(TokensError) -> CellKeys {
        try CellCombiner(parcels, threshold: threshold).keys(plate: plate, cell: cell)
    }

    /// K itself, for vectors and tests. Throws as `combine`.
    public static func combination(
        _ parcels: [PartialParcel], threshold: Threshold, plate: Int, cell: Cell
    ) throws(TokensError) -> SecretBytes {
        let sum = try CellCombiner(parcels, threshold: threshold).sum(plate: plate, cell: cell)
        do {
            var result = try SecretBytes(zeros: Derivation.size)
            sum.withUnsafeBytes { sum in
                result.withUnsafeMutableBytes { $0.copyMemory(from: sum) }
            }
            return result
        } catch {
            throw TokensError(error)
        }
    }

    static func missing(_ mask: SubsetMask) -> TokensError {
        TokensError(
            code: "subset-missing",
            sentence: "no answer holds subset \(mask); ask one of custodians \(mask.members)")
    }

    static func differing(_ mask: SubsetMask) -> TokensError {
        TokensError(
            code: "partials-differ",
            sentence: "two holders of subset \(mask) gave different partials")
    }

    /// Lends `find`, from which all labels of the plate in the cell follow.
    public func withFind<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result { try withKey(0, body) }

    /// A copy of `find` for a look-up, in guarded memory. Throws `memory-locked-out`.
    public func find() throws(TokensError) -> SecretBytes { try copy(0) }

    /// A copy of `open`. Throws `memory-locked-out`.
    public func open() throws(TokensError) -> SecretBytes { try copy(1) }

    /// A copy of `photo`. Throws `memory-locked-out`.
    public func photo() throws(TokensError) -> SecretBytes { try copy(2) }

    private func copy(_ index: Int) throws(TokensError) -> SecretBytes {
        var block = try KeyBlock(count: 1)
        withKey(index) { block.set(0, $0) }
        do { return try block.bytes.copy() } catch { throw TokensError(error) }
    }

    func withKey<Result: ~Copyable, Failure: Error>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try slot.withUnsafeBytes { (all) throws(Failure) -> Result in
            let start = index * Derivation.size
            return try body(
                UnsafeRawBufferPointer(rebasing: all[start..<(start + Derivation.size)]))
        }
    }

    /// No key.
    public var description: String { "cell keys" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
