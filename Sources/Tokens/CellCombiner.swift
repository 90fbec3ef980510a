public import Plates
import Secrets

/// The custodians' evaluations of one request side by side, from which the keys of each of its plates
/// in each of its cells follow (DESIGN section 4). Nothing is combined before it is asked for.
public struct CellCombiner: Sendable {
    private static let pool = SecretPool(slotSize: Derivation.size)

    private struct Holder {
        let parcel: PartialParcel
        /// Where the subset stands among those of the parcel.
        let column: Int
    }

    /// Who holds each subset.
    private let holders: [(mask: SubsetMask, all: [Holder])]
    /// The cells of every parcel.
    private let cells: [Cell]

    /// Evaluations that are to be combined. Throws `parcels-unlike` where they are of other plates,
    /// cells or generations, `subset-missing` where nobody has a subset.
    public init(_ parcels: [PartialParcel], threshold: Threshold) throws(TokensError) {
        let isAlike = parcels.allSatisfy {
            $0.generation == parcels[0].generation && $0.plateCount == parcels[0].plateCount
                && $0.cells == parcels[0].cells
        }
        guard isAlike else {
            throw TokensError(
                code: "parcels-unlike", sentence: "the evaluations are not of the same request")
        }
        cells = parcels.first?.cells ?? []
        holders = threshold.subsets.map { mask in
            let all = parcels.compactMap { parcel in
                parcel.masks.place(of: mask).map { Holder(parcel: parcel, column: $0) }
            }
            return (mask, all)
        }
        if let missing = holders.first(where: \.all.isEmpty) {
            throw CellKeys.missing(missing.mask)
        }
    }

    /// One plate of the request, by its place, in one cell.
    public struct Place: Hashable, Sendable {
        /// The plate's place in the request.
        public let plate: Int
        /// The cell.
        public let cell: Cell

        /// A place.
        public init(plate: Int, cell: Cell) {
            self.plate = plate
            self.cell = cell
        }
    }

    /// The keys of one plate in one cell. Throws `partials-differ` where two holders of a subset
    /// disagree, `subset-missing` for a plate or cell that was not evaluated, `memory-locked-out`.
    public func keys(plate: Int, cell: Cell) throws(TokensError) -> CellKeys {
        try CellKeys(sum: sum(plate: plate, cell: cell))
    }

    /// The keys of many, in their order, side by side in one guarded block that lives for as long as
    /// any of them. Throws as the other.
    public func keys(of places: ArraySlice<Place>) throws(TokensError) -> [CellKeys] {
        try CellKeys.filled(places.count) { (number, sum) throws(TokensError) in
            let place = places[places.startIndex + number]
            try add(plate: place.plate, cell: place.cell, to: sum)
        }
    }

    /// K, in a slot that is wiped at its end.
    func sum(plate: Int, cell: Cell) throws(TokensError) -> SecretSlot {
        var sum: SecretSlot
        do { sum = try Self.pool.slot() } catch { throw TokensError(error) }
        try sum.withUnsafeMutableBytes { (sum) throws(TokensError) in
            try add(plate: plate, cell: cell, to: sum)
        }
        return sum
    }

    /// Adds each subset's partial to 32 bytes of zeros, which are K then.
    private func add(
        plate: Int, cell: Cell, to sum: UnsafeMutableRawBufferPointer
    ) throws(TokensError) {
        guard let place = cells.place(of: cell) else { throw CellKeys.missing(holders[0].mask) }
        for (mask, holders) in holders {
            try holders[0].parcel.withPartial(
                plate: plate, place: place, column: holders[0].column
            ) { (partial) throws(TokensError) in
                guard partial.count == Derivation.size else { throw CellKeys.missing(mask) }
                for other in holders.dropFirst() {
                    let isEqual = other.parcel.withPartial(
                        plate: plate, place: place, column: other.column
                    ) { ConstantTime.isEqual(partial, $0) }
                    guard isEqual else { throw CellKeys.differing(mask) }
                }
                sum.xor(partial)
            }
        }
    }
}
