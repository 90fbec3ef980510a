import Bytes
public import Plates
public import Secrets
import Synchronization

/// All subset chains that one custodian holds of one generation, each at the oldest day it still
/// keeps: its whole share (DESIGN section 3). Later days are derived forward on demand; earlier ones
/// cannot be, and are refused as `day-destroyed`.
public final class ChainSet: Sendable, CustomStringConvertible, CustomReflectable {
    /// 400: how many days after its oldest a chain is followed; more is refused as
    /// `day-out-of-range`, so that no message can ask for endless work.
    public static let reach: Int64 = 400

    /// The generation, from 1.
    public let generation: UInt32
    /// t of n.
    public let threshold: Threshold
    /// The holder's place in the roster.
    public let custodian: Int
    /// The generation's first day.
    public let first: Day
    /// The subsets that the holder is in, ascending.
    public let masks: [SubsetMask]
    private let state: Mutex<ChainState>

    init(
        generation: UInt32, threshold: Threshold, custodian: Int, first: Day,
        state: consuming ChainState
    ) {
        self.generation = generation
        self.threshold = threshold
        self.custodian = custodian
        self.first = first
        masks = threshold.subsets(heldBy: custodian)
        self.state = Mutex(state)
    }

    /// The chains at the first day, from the contributions of every member of every subset that
    /// the custodian is in; `roster` is SHA-256 of the roster note's text. The caller has compared
    /// `parcels` with the logged commitments. Throws `contribution-missing` where one is not there,
    /// and `member-unknown`.
    public convenience init(
        generation: UInt32, first: Day, threshold: Threshold, custodian: Int, roster: Digest,
        parcels: [SeedParcel]
    ) throws(TokensError) {
        let masks = threshold.subsets(heldBy: custodian)
        guard !masks.isEmpty else {
            throw TokensError(
                code: "member-unknown", sentence: "\(threshold) has no custodian \(custodian)")
        }
        var chains = try KeyBlock(count: masks.count)
        for (index, mask) in masks.enumerated() {
            let contributions = try Self.gather(mask, generation, parcels)
            let chain = try Derivation.firstChain(
                contributions: contributions.bytes, roster: roster, generation: generation,
                first: first, mask: mask)
            chain.withUnsafeBytes { chains.set(index, $0) }
        }
        self.init(
            generation: generation, threshold: threshold, custodian: custodian, first: first,
            state: ChainState(day: first, chains: chains))
    }

    /// The members' contributions to one subset, in roster order.
    private static func gather(
        _ mask: SubsetMask, _ generation: UInt32, _ parcels: [SeedParcel]
    ) throws(TokensError) -> KeyBlock {
        var contributions = try KeyBlock(count: mask.count)
        for (place, member) in mask.members.enumerated() {
            let parcel = parcels.first {
                $0.member == member && $0.generation == generation && $0.masks.contains(mask)
            }
            guard let parcel else {
                throw TokensError(
                    code: "contribution-missing",
                    sentence: "custodian \(member) has given nothing for subset \(mask)")
            }
            parcel.withContribution(mask) { contributions.set(place, $0) }
        }
        return contributions
    }

    /// The oldest day that can still be answered for.
    public var oldestDay: Day { state.withLock { $0.day } }

    /// commit[d] of every subset at a day, in the order of `masks`. Throws `day-destroyed` and
    /// `day-out-of-range`.
    public func commits(
        at day: Day
    ) throws(TokensError) -> [(mask: SubsetMask, commit: Digest)] {
        let state = try snapshot(at: day)
        var result: [(mask: SubsetMask, commit: Digest)] = []
        for (index, mask) in masks.enumerated() {
            var tag = [UInt8](repeating: 0, count: Derivation.size)
            state.chains.withKey(index) { key in
                tag.withUnsafeMutableBytes {
                    HMACSHA256.compute(Derivation.commit, key: key, into: $0)
                }
            }
            result.append((mask, try Derivation.digest(tag)))
        }
        return result
    }

    /// Destroys every day before `day`: each chain value is overwritten by its successor, in place.
    /// What a file still holds is the caller's to erase. A day not after the oldest changes nothing.
    /// Throws `day-out-of-range` more than `reach` days ahead.
    public func advance(to day: Day) throws(TokensError) {
        try state.withLock { (state) throws(TokensError) in
            if day > state.day { try state.advance(to: day) }
        }
    }

    /// A second set that has been advanced to `day`, for a state that is prepared ahead of its due
    /// instant; this one stays as it is. Throws `day-destroyed` and `day-out-of-range`.
    public func advanced(to day: Day) throws(TokensError) -> ChainSet {
        ChainSet(
            generation: generation, threshold: threshold, custodian: custodian, first: first,
            state: try snapshot(at: day))
    }

    /// Destroys all days of the generation at once: the values are overwritten with zeros, and
    /// everything asked afterwards is refused as `day-destroyed`.
    public func wipe() { state.withLock { $0.wipe() } }

    /// A copy of the chains, advanced to `day`, or as they are without one.
    func snapshot(at day: Day? = nil) throws(TokensError) -> ChainState {
        var copy = try state.withLock { (state) throws(TokensError) in try state.copy() }
        if let day { try copy.advance(to: day) }
        return copy
    }

    /// No key.
    public var description: String { "chains of generation \(generation)" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// One value a subset, all at the same day; only ever goes forward.
struct ChainState: ~Copyable, Sendable {
    /// The day that the values are of.
    private(set) var day: Day
    /// The values, in the order of the set's masks.
    private(set) var chains: KeyBlock
    /// Whether the whole generation has been destroyed.
    private(set) var isWiped = false

    init(day: Day, chains: consuming KeyBlock) {
        self.day = day
        self.chains = chains
    }

    /// A second state with the same values.
    borrowing func copy() throws(TokensError) -> ChainState {
        var copy = ChainState(day: day, chains: try chains.copy())
        copy.isWiped = isWiped
        return copy
    }

    /// Overwrites each value by that of `target`. Throws `day-destroyed` for an earlier day, and
    /// `day-out-of-range`.
    mutating func advance(to target: Day) throws(TokensError) {
        guard target >= day, !isWiped else { throw Self.destroyed(target) }
        guard Int64(target.number) - Int64(day.number) <= ChainSet.reach else {
            throw TokensError(
                code: "day-out-of-range",
                sentence: "day \(target.number) is more than \(ChainSet.reach) days ahead")
        }
        while day < target {
            chains.replaceEach(by: Derivation.nextDay)
            day = day.next
        }
    }

    static func destroyed(_ day: Day) -> TokensError {
        TokensError(
            code: "day-destroyed",
            sentence: "the keys of day \(day.number) do not exist here any more")
    }

    /// Overwrites every value with zeros, for good.
    mutating func wipe() {
        chains.bytes.wipe()
        isWiped = true
    }
}
