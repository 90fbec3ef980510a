public import Plates
import Secrets
import Synchronization

/// A subset's key that two custodians gave differently: one of them is wrong, and both are named.
public struct KeyDifference: Hashable, Sendable {
    /// The hour of the key.
    public let hour: Hour
    /// The subset.
    public let mask: SubsetMask
    /// The custodians that gave one value, ascending, each list another value.
    public let camps: [[Int]]
}

/// The keys that a gateway holds: for each of its hours, the site key of every subset, as one or
/// more of the subset's holders gave it (DESIGN section 3, site keys). In memory only.
public final class SiteKeys: Sendable, CustomStringConvertible, CustomReflectable {
    /// The generation that the keys are of.
    public let generation: UInt32
    /// The gateway's site.
    public let site: SiteNumber
    /// t of n.
    public let threshold: Threshold
    private static let pool = SecretPool(slotSize: Derivation.size)
    private let masks: [SubsetMask]
    private let state = Mutex(State())

    private struct State {
        var held: [Hour: [SubsetMask: [Candidate]]] = [:]
        /// The hours whose keys were used, until another grant has keys of them.
        var ready: [Hour: HourKeys] = [:]
    }

    /// One value of a key, and the custodians who gave it.
    private struct Candidate {
        let key: HeldKey
        var holders: Set<Int>
    }

    private final class HeldKey: Sendable {
        let slot: SecretSlot
        init(_ slot: consuming SecretSlot) { self.slot = slot }
    }

    /// No keys yet, for one site under one generation.
    public init(generation: UInt32, site: SiteNumber, threshold: Threshold) {
        self.generation = generation
        self.site = site
        self.threshold = threshold
        masks = threshold.subsets
    }

    /// Takes the keys out of a custodian's grant, comparing them in constant time with what others
    /// gave. The answer names every key of the grant on which holders now differ; a key that most
    /// holders agree on is used, among equals the one given first. Throws `parcel-other` for
    /// another site or generation or a subset that the custodian is not in, `memory-locked-out`.
    public func take(
        _ parcel: SiteKeyParcel, from custodian: Int
    ) throws(TokensError) -> [KeyDifference] {
        let mine = threshold.subsets(heldBy: custodian)
        guard parcel.site == site, parcel.generation == generation,
            parcel.masks.allSatisfy({ mine.place(of: $0) != nil })
        else {
            throw TokensError(
                code: "parcel-other",
                sentence: "custodian \(custodian) sent keys of another site, generation or subset")
        }
        return try state.withLock { (state) throws(TokensError) in
            var differences: [KeyDifference] = []
            for hour in parcel.hours {
                state.ready[hour] = nil
                for mask in parcel.masks {
                    var candidates = state.held[hour]?[mask] ?? []
                    try parcel.withKey(mask: mask, hour: hour) { (key) throws(TokensError) in
                        try Self.note(key, of: custodian, in: &candidates)
                    }
                    state.held[hour, default: [:]][mask] = candidates
                    if candidates.count > 1 {
                        let camps = candidates.map { $0.holders.sorted() }
                        differences.append(KeyDifference(hour: hour, mask: mask, camps: camps))
                    }
                }
            }
            return differences
        }
    }

    private static func note(
        _ key: UnsafeRawBufferPointer, of custodian: Int, in candidates: inout [Candidate]
    ) throws(TokensError) {
        for index in candidates.indices {
            let isEqual = candidates[index].key.slot.withUnsafeBytes {
                ConstantTime.isEqual($0, key)
            }
            if isEqual {
                candidates[index].holders.insert(custodian)
                return
            }
        }
        do {
            var slot = try pool.slot()
            slot.withUnsafeMutableBytes { $0.copyMemory(from: key) }
            candidates.append(Candidate(key: HeldKey(slot), holders: [custodian]))
        } catch {
            throw TokensError(error)
        }
    }

    /// The hours of which any key is held, ascending.
    public var hours: [Hour] { state.withLock { $0.held.keys.sorted() } }

    /// The subsets of an hour of which no key is held, ascending; empty where the hour is complete.
    public func missing(_ hour: Hour) -> [SubsetMask] {
        state.withLock { state in
            state.ready[hour] != nil ? [] : masks.filter { state.held[hour]?[$0] == nil }
        }
    }

    /// The subsets of an hour whose used key only one custodian gave, ascending.
    public func unconfirmed(_ hour: Hour) -> [SubsetMask] {
        state.withLock { state in
            masks.filter { mask in
                guard let candidates = state.held[hour]?[mask] else { return false }
                return Self.best(candidates)?.holders.count == 1
            }
        }
    }

    private static func best(_ candidates: [Candidate]) -> Candidate? {
        candidates.reduce(nil) { best, next in
            guard let best, best.holders.count >= next.holders.count else { return next }
            return best
        }
    }

    /// The keys of one plate in one hour at this site. Throws `subset-missing` where the hour is not
    /// complete, and `memory-locked-out`.
    public func cellKeys(for plate: Plate, hour: Hour) throws(TokensError) -> CellKeys {
        let keys = try hourKeys(hour)
        var work = try KeyBlock(count: 2)
        work.bytes.withUnsafeMutableBytes { keys.combine(plate, into: $0) }
        return try CellKeys(sum: work)
    }

    /// The used keys of an hour, made ready once. Throws as `cellKeys`.
    func hourKeys(_ hour: Hour) throws(TokensError) -> HourKeys {
        try state.withLock { (state) throws(TokensError) in
            if let ready = state.ready[hour] { return ready }
            let candidates = state.held[hour] ?? [:]
            let ready = try HourKeys(masks) { (mask, take) throws(TokensError) in
                guard let best = Self.best(candidates[mask] ?? []) else {
                    throw CellKeys.missing(mask)
                }
                best.key.slot.withUnsafeBytes(take)
            }
            state.ready[hour] = ready
            return ready
        }
    }

    /// Erases the keys of every hour before `hour`.
    public func forget(before hour: Hour) {
        state.withLock { state in
            state.held = state.held.filter { $0.key >= hour }
            state.ready = state.ready.filter { $0.key >= hour }
        }
    }

    /// No key.
    public var description: String { "site keys of site \(site)" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
