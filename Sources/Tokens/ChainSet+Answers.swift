import Bytes
public import Plates
public import Secrets

// What a custodian gives out of its chains, and how it keeps them.

extension ChainSet {
    /// The site keys of a site for some hours, as a grant carries them (sealed to the gateway's
    /// one-time key). `hours` strictly ascending. Throws `day-destroyed`, `day-out-of-range`,
    /// `cells-unsorted` and `memory-locked-out`.
    public func siteKeys(
        site: SiteNumber, hours: [Hour]
    ) throws(TokensError) -> SiteKeyParcel {
        let cells = hours.map { Cell(hour: $0, site: site) }
        try Self.check(cells)
        var keys = try KeyBlock(count: hours.count * masks.count)
        var walk = try Walk(self)
        for (place, cell) in cells.enumerated() {
            try walk.enter(cell)
            for index in masks.indices {
                keys.set(place * masks.count + index, from: walk.siteKeys, index)
            }
        }
        return SiteKeyParcel(
            generation: generation, site: site, hours: hours, masks: masks, block: keys)
    }

    /// The partials of some plates in some cells: a custodian's evaluation, to be sealed to the
    /// request's reply key. `cells` strictly ascending, 1 to 255 plates. Throws `day-destroyed` for
    /// any cell of a destroyed day (then no partial at all is given), `day-out-of-range`,
    /// `cells-unsorted`, `plates-count` and `memory-locked-out`.
    public func evaluate(
        plates: [Plate], cells: [Cell]
    ) throws(TokensError) -> PartialParcel {
        guard (1...255).contains(plates.count) else {
            throw TokensError(
                code: "plates-count", sentence: "\(plates.count) plates; 1 to 255 are evaluated")
        }
        try Self.check(cells)
        let messages = plates.map { plate in
            masks.map { Derivation.partialMessage($0, plate) }
        }
        var partials = try KeyBlock(count: plates.count * cells.count * masks.count)
        var walk = try Walk(self)
        for (place, cell) in cells.enumerated() {
            try walk.enter(cell)
            for plate in plates.indices {
                let start = (plate * cells.count + place) * masks.count
                for index in masks.indices {
                    try walk.siteKeys.derive(
                        messages[plate][index], from: index, into: &partials, at: start + index)
                }
            }
        }
        return PartialParcel(
            generation: generation, plateCount: plates.count, cells: cells, masks: masks,
            block: partials)
    }

    private static func check(_ cells: [Cell]) throws(TokensError) {
        guard (1...65_535).contains(cells.count), isStrictlyAscending(cells) else {
            throw TokensError(
                code: "cells-unsorted",
                sentence: "1 to 65,535 cells are taken, ascending, each once")
        }
    }

    /// The share for the sealed state file, in guarded memory: `"platevault/chains/v1" ‖
    /// u32(generation) ‖ u8(n) ‖ u8(t) ‖ u8(custodian) ‖ u32(first) ‖ u32(oldest) ‖ chains`.
    /// Throws `memory-locked-out`, and `day-destroyed` after `wipe`.
    public func encode() throws(TokensError) -> SecretBytes {
        let state = try snapshot()
        guard !state.isWiped else { throw ChainState.destroyed(state.day) }
        var header = ByteWriter()
        header.raw(Self.magic)
        header.u32(generation)
        header.u8(UInt8(clamping: threshold.n))
        header.u8(UInt8(clamping: threshold.t))
        header.u8(UInt8(clamping: custodian))
        header.u32(first.number)
        header.u32(state.day.number)
        return try state.chains.encode(header: header.bytes)
    }

    /// A share out of an opened state file. Throws `parcel-malformed` unless `encode` wrote it.
    public convenience init(wire: borrowing SecretBytes) throws(TokensError) {
        var header = HeaderReader()
        for byte in Self.magic {
            guard try header.u8(wire) == byte else { throw .malformed }
        }
        let generation = try header.u32(wire)
        let n = Int(try header.u8(wire))
        let threshold: Threshold
        do { threshold = try Threshold(t: Int(try header.u8(wire)), of: n) } catch {
            throw .malformed
        }
        let custodian = Int(try header.u8(wire))
        let first = Day(number: try header.u32(wire))
        let oldest = Day(number: try header.u32(wire))
        let count = threshold.subsets(heldBy: custodian).count
        guard count > 0, oldest >= first else { throw .malformed }
        let chains = try KeyBlock(wire: wire, headerSize: header.offset, count: count)
        self.init(
            generation: generation, threshold: threshold, custodian: custodian, first: first,
            state: ChainState(day: oldest, chains: chains))
    }

    private static var magic: [UInt8] { Array("platevault/chains/v1".utf8) }

    /// A way through cells in ascending order: each day's keys are derived once.
    private struct Walk: ~Copyable {
        private var state: ChainState
        /// The schedules of the day's keys: each is used for many cells.
        private var dayKeys: SecretBytes
        private var entered: Day?
        /// The current cell's site keys, one a subset.
        private(set) var siteKeys: KeyBlock

        init(_ set: ChainSet) throws(TokensError) {
            let state = try set.snapshot()
            let siteKeys = try KeyBlock(count: set.masks.count)
            let dayKeys: SecretBytes
            do {
                dayKeys = try SecretBytes(zeros: set.masks.count * HMACSHA256.scheduleSize)
            } catch {
                throw TokensError(error)
            }
            self.state = state
            self.dayKeys = dayKeys
            self.siteKeys = siteKeys
        }

        mutating func enter(_ cell: Cell) throws(TokensError) {
            if entered != cell.hour.day {
                try state.advance(to: cell.hour.day)
                for index in 0..<siteKeys.count {
                    // The day's key stands for a moment where the site's will.
                    try state.chains.derive(
                        Derivation.dayKey, from: index, into: &siteKeys, at: index)
                    keepSchedule(index)
                }
                entered = cell.hour.day
            }
            siteKeys.derive(Derivation.siteHour(cell), fromSchedules: dayKeys)
        }

        private mutating func keepSchedule(_ index: Int) {
            let start = index * HMACSHA256.scheduleSize
            siteKeys.withKey(index) { key in
                dayKeys.withUnsafeMutableBytes { all in
                    HMACSHA256.schedule(
                        of: key,
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: all[start..<(start + HMACSHA256.scheduleSize)]))
                }
            }
        }
    }
}
