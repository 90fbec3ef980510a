import Bytes
public import Plates
public import Secrets

/// The site keys of one site for some hours, for the subsets of one custodian: what a grant
/// carries to a gateway, sealed to its one-time key.
public final class SiteKeyParcel: Sendable, CustomStringConvertible, CustomReflectable {
    /// The generation that the keys are of.
    public let generation: UInt32
    /// The site that they are for.
    public let site: SiteNumber
    /// The hours, ascending.
    public let hours: [Hour]
    /// The subsets, ascending.
    public let masks: [SubsetMask]
    private let block: KeyBlock

    init(
        generation: UInt32, site: SiteNumber, hours: [Hour], masks: [SubsetMask],
        block: consuming KeyBlock
    ) {
        self.generation = generation
        self.site = site
        self.hours = hours
        self.masks = masks
        self.block = block
    }

    /// Lends site_S[d,h,g] of a subset and an hour; an empty buffer where it is not inside.
    public func withKey<Result: ~Copyable, Failure: Error>(
        mask: SubsetMask, hour: Hour, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var index = -1
        if let place = hours.place(of: hour), let column = masks.place(of: mask) {
            index = place * masks.count + column
        }
        return try block.withKey(index, body)
    }

    /// `u32(generation) ‖ u16(site) ‖ u16(count) ‖ masks ‖ u16(count) ‖ u32 hours ‖ keys`, the keys
    /// by hour, then mask; in guarded memory. Throws `memory-locked-out`.
    public func encode() throws(TokensError) -> SecretBytes {
        var header = ByteWriter()
        header.u32(generation)
        header.u16(site.number)
        header.masks(masks)
        header.u16(UInt16(clamping: hours.count))
        for hour in hours { header.u32(hour.number) }
        return try block.encode(header: header.bytes)
    }

    /// A parcel out of a sealed grant. Throws `parcel-malformed` unless `encode` wrote it.
    public init(wire: borrowing SecretBytes) throws(TokensError) {
        var header = HeaderReader()
        generation = try header.u32(wire)
        site = SiteNumber(number: try header.u16(wire))
        masks = try header.masks(wire)
        var hours: [Hour] = []
        for _ in 0..<(try header.u16(wire)) { hours.append(Hour(number: try header.u32(wire))) }
        guard !hours.isEmpty, isStrictlyAscending(hours) else { throw .malformed }
        self.hours = hours
        block = try KeyBlock(
            wire: wire, headerSize: header.offset, count: hours.count * masks.count)
    }

    /// No key.
    public var description: String { "site keys" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// One custodian's evaluation: the partials of each plate (by its place in the request), each cell
/// and each subset it holds. Sealed to the request's reply key; the vault never sees it open.
public final class PartialParcel: Sendable, CustomStringConvertible, CustomReflectable {
    /// The generation that the partials are of.
    public let generation: UInt32
    /// How many plates: those of the request, in its order.
    public let plateCount: Int
    /// The cells, ascending by hour, then site.
    public let cells: [Cell]
    /// The subsets, ascending.
    public let masks: [SubsetMask]
    /// The partials, behind whatever they came with.
    private let bytes: SecretBytes
    /// Where they begin.
    private let start: Int

    init(
        generation: UInt32, plateCount: Int, cells: [Cell], masks: [SubsetMask],
        block: consuming KeyBlock
    ) {
        self.generation = generation
        self.plateCount = plateCount
        self.cells = cells
        self.masks = masks
        bytes = block.bytes
        start = 0
    }

    /// The partials of one request out of several generations: of the same plates and subsets, the
    /// cells one after the other. It bears the last one's number. Throws `parcels-unlike`.
    public convenience init(joining parts: [PartialParcel]) throws(TokensError) {
        let cells = parts.flatMap(\.cells)
        guard let last = parts.last, isStrictlyAscending(cells),
            parts.allSatisfy({ $0.masks == last.masks && $0.plateCount == last.plateCount })
        else {
            throw TokensError(
                code: "parcels-unlike", sentence: "the evaluations are not of the same request")
        }
        var block = try KeyBlock(count: last.plateCount * cells.count * last.masks.count)
        for plate in 0..<last.plateCount {
            var target = plate * cells.count * last.masks.count
            for part in parts {
                let size = part.cells.count * part.masks.count
                for place in 0..<size {
                    part.withKey(plate * size + place) { block.set(target + place, $0) }
                }
                target += size
            }
        }
        self.init(
            generation: last.generation, plateCount: last.plateCount, cells: cells,
            masks: last.masks, block: block)
    }

    /// Lends one partial; an empty buffer where it is not inside.
    public func withPartial<Result: ~Copyable, Failure: Error>(
        plate: Int, cell: Cell, mask: SubsetMask,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let place = cells.place(of: cell), let column = masks.place(of: mask) else {
            return try withKey(nil, body)
        }
        return try withPartial(plate: plate, place: place, column: column, body)
    }

    /// The same by the places of cell and subset, for whoever asks for many.
    func withPartial<Result: ~Copyable, Failure: Error>(
        plate: Int, place: Int, column: Int,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let isInside =
            (0..<plateCount).contains(plate) && cells.indices.contains(place)
            && masks.indices.contains(column)
        return try withKey(
            isInside ? (plate * cells.count + place) * masks.count + column : nil, body)
    }

    /// Lends the partial at a place among all; an empty buffer for none.
    private func withKey<Result: ~Copyable, Failure: Error>(
        _ index: Int?, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.withUnsafeBytes { (all) throws(Failure) -> Result in
            let from = start + (index ?? 0) * Derivation.size
            let end = index == nil ? from : from + Derivation.size
            return try body(UnsafeRawBufferPointer(rebasing: all[from..<end]))
        }
    }

    /// Where the cells of a day stand among all.
    func places(of day: Day) -> Range<Int> {
        func first(_ isBefore: (Day) -> Bool) -> Int {
            var (low, high) = (0, cells.count)
            while low < high {
                let middle = (low + high) / 2
                if isBefore(cells[middle].hour.day) { low = middle + 1 } else { high = middle }
            }
            return low
        }
        return first { $0 < day }..<first { $0 <= day }
    }

    /// The days of the cells, ascending.
    public var days: [Day] { Set(cells.map(\.hour.day)).sorted() }

    /// The subsets of both parcels in which any partial differs, ascending: somebody has lied, and
    /// e_S says who. Compared in constant time; parcels of other plates, cells or generation differ
    /// in every common subset.
    public func differences(from other: PartialParcel) -> [SubsetMask] {
        masks.filter { differs(from: other, in: $0) }
    }

    /// Whether both parcels have this subset, and differ in any of its partials. As `differences`.
    public func differs(from other: PartialParcel, in mask: SubsetMask) -> Bool {
        guard let column = masks.place(of: mask), let theirs = other.masks.place(of: mask) else {
            return false
        }
        guard generation == other.generation, plateCount == other.plateCount, cells == other.cells
        else { return true }
        var isEqual = true
        for plate in 0..<plateCount {
            for place in cells.indices {
                let same = withPartial(plate: plate, place: place, column: column) { mine in
                    other.withPartial(plate: plate, place: place, column: theirs) {
                        ConstantTime.isEqual(mine, $0)
                    }
                }
                isEqual = same && isEqual
            }
        }
        return !isEqual
    }

    /// `u32(generation) ‖ u8(plates) ‖ u16(count) ‖ masks ‖ u16(count) ‖ cells (u32 hour ‖ u16
    /// site) ‖ partials`, by plate, then cell, then mask; in guarded memory. Throws
    /// `memory-locked-out`.
    public func encode() throws(TokensError) -> SecretBytes {
        var header = ByteWriter()
        header.u32(generation)
        header.u8(UInt8(clamping: plateCount))
        header.masks(masks)
        header.u16(UInt16(clamping: cells.count))
        for cell in cells { header.raw(cell.encode()) }
        do {
            guard start > 0 else { return try SecretBytes(header: header.bytes, body: bytes) }
            let partials = try bytes.copy(start..<bytes.count)
            return try SecretBytes(header: header.bytes, body: partials)
        } catch {
            throw TokensError(error)
        }
    }

    /// A parcel out of a sealed evaluation, which it keeps as it came: an unprivileged process may lock
    /// few of them. Throws `parcel-malformed` unless `encode` wrote it.
    public init(wire: consuming SecretBytes) throws(TokensError) {
        var header = HeaderReader()
        generation = try header.u32(wire)
        plateCount = Int(try header.u8(wire))
        masks = try header.masks(wire)
        var cells: [Cell] = []
        for _ in 0..<(try header.u16(wire)) {
            let hour = Hour(number: try header.u32(wire))
            cells.append(Cell(hour: hour, site: SiteNumber(number: try header.u16(wire))))
        }
        guard plateCount > 0, !cells.isEmpty, isStrictlyAscending(cells) else { throw .malformed }
        self.cells = cells
        start = header.offset
        let size = plateCount * cells.count * masks.count * Derivation.size
        guard wire.count == header.offset + size else { throw .malformed }
        bytes = wire
    }

    /// No partial.
    public var description: String { "partials" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
