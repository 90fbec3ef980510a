import Bytes
public import Plates
public import Secrets

/// find, open and photo of one plate in one cell (DESIGN section 4): what finds, opens and seals its
/// rows there, and nowhere else. 96 guarded bytes; K itself is not kept.
public final class CellKeys: Sendable, CustomStringConvertible, CustomReflectable {
    private static let size = 3 * Derivation.size
    private static let pool = SecretPool(slotSize: size)
    private let place: Place

    /// Where the three keys are.
    private enum Place: ~Copyable, Sendable {
        case slot(SecretSlot)
        /// Among those of many cells, by its number.
        case block(SecretBox, Int)
    }

    /// The keys that follow from K. Throws `key-size` unless K has 32 bytes, `memory-locked-out`.
    public convenience init(combined: borrowing SecretBytes) throws(TokensError) {
        guard combined.count == Derivation.size else {
            throw TokensError(code: "key-size", sentence: "K has 32 bytes")
        }
        try self.init(combined.withUnsafeBytes { (key) throws(TokensError) in try Self.slot(key) })
    }

    /// The keys that follow from the first key of a block.
    convenience init(sum: borrowing KeyBlock) throws(TokensError) {
        try self.init(sum.withKey(0) { (key) throws(TokensError) in try Self.slot(key) })
    }

    /// The keys that follow from K in a slot.
    convenience init(sum: borrowing SecretSlot) throws(TokensError) {
        try self.init(sum.withUnsafeBytes { (key) throws(TokensError) in try Self.slot(key) })
    }

    private init(_ slot: consuming SecretSlot) { place = .slot(slot) }

    private init(_ block: SecretBox, _ number: Int) { place = .block(block, number) }

    private static func slot(_ key: UnsafeRawBufferPointer) throws(TokensError) -> SecretSlot {
        var slot: SecretSlot
        do { slot = try pool.slot() } catch { throw TokensError(error) }
        slot.withUnsafeMutableBytes { derive(key, into: $0) }
        return slot
    }

    /// Writes the three keys that follow from K, which may lie where the first of them will.
    private static func derive(
        _ key: UnsafeRawBufferPointer, into keys: UnsafeMutableRawBufferPointer
    ) {
        HMACSHA256.compute(
            each: [Derivation.find, Derivation.open, Derivation.photo], key: key, into: keys)
    }

    /// The keys of so many cells in one block; `combine` writes each one's K over 32 bytes of zeros.
    static func filled(
        _ count: Int,
        _ combine: (Int, UnsafeMutableRawBufferPointer) throws(TokensError) -> Void
    ) throws(TokensError) -> [CellKeys] {
        var block: SecretBytes
        do { block = try SecretBytes(zeros: count * size) } catch { throw TokensError(error) }
        try block.withUnsafeMutableBytes { (all) throws(TokensError) in
            for number in 0..<count {
                let keys = all.part(number, of: size)
                let sum = keys.part(0, of: Derivation.size)
                try combine(number, sum)
                derive(UnsafeRawBufferPointer(sum), into: keys)
            }
        }
        let box = SecretBox(block)
        return (0..<count).map { CellKeys(box, $0) }
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
        switch place {
        case .slot(let slot):
            try slot.withUnsafeBytes { (keys) throws(Failure) -> Result in
                try body(keys.part(index, of: Derivation.size))
            }
        case .block(let block, let number):
            try block.bytes.withUnsafeBytes { (all) throws(Failure) -> Result in
                try body(all.part(number, of: Self.size).part(index, of: Derivation.size))
            }
        }
    }

    /// No key.
    public var description: String { "cell keys" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
