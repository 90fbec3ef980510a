public import Plates
import Secrets
import Synchronization
public import Tokens
public import Warrants

/// What the custodians answered to one request, each answer checked against what its custodian
/// logged before it answered.
public struct Answers: Sendable {
    /// One custodian's answer.
    public struct Answer: Sendable {
        /// The custodian's word.
        public let custodian: String
        /// Its partials.
        public let parcel: PartialParcel
    }

    /// What holders of one subset say of it: by what they answered, and by the evaluations that they
    /// logged, whether their answer was used or not.
    public struct Confirmation: Hashable, Sendable {
        /// The subset.
        public let mask: SubsetMask
        /// The custodians who logged the partials that are used, in the order of the log.
        public let agreeing: [String]
        /// Those who logged others.
        public let differing: [String]
    }

    /// The answers in roster order.
    public let answers: [Answer]
    /// For each subset, who gave what.
    public let confirmations: [Confirmation]
    private let combiner: Result<CellCombiner, TokensError>
    private let known = KnownKeys()

    /// Sorts out which answers to use. Where two holders of a subset differ, the larger camp is
    /// used; a tie cannot be used at all. `words` are all that holders logged for the request, be it
    /// as an evaluation or as a check.
    /// Throws `answers-missing` where a subset has no answer, `answers-disputed` for a tie, each
    /// naming the custodians to ask.
    public init(
        _ answers: [Answer], words: [SubsetWord], roster: Roster
    ) throws(InquiryError) {
        self.answers = answers
        var refused: Set<String> = []
        var confirmations: [Confirmation] = []
        for mask in roster.threshold.subsets {
            let holders = answers.filter { $0.parcel.masks.contains(mask) }
            let camps = Self.camps(holders, mask)
            guard let largest = camps.first else {
                let names = mask.members.map { roster.custodians[$0].id }.joined(separator: ", ")
                throw InquiryError(
                    code: "answers-missing",
                    sentence: "nobody answered for subset \(mask); ask one of \(names)")
            }
            guard camps.count == 1 || camps[1].count < largest.count else {
                throw InquiryError(
                    code: "answers-disputed",
                    sentence: "holders of subset \(mask) differ and none is outvoted: "
                        + holders.map(\.custodian).joined(separator: ", "))
            }
            refused.formUnion(camps.dropFirst().joined().map(\.custodian))
            confirmations.append(
                Self.confirmation(mask, used: largest[0].custodian, words))
        }
        self.confirmations = confirmations
        let used = answers.filter { !refused.contains($0.custodian) }.map(\.parcel)
        combiner = Result { () throws(TokensError) in
            try CellCombiner(used, threshold: roster.threshold)
        }
    }

    /// The custodians who said otherwise than those whose answers are used, for any subset.
    public var disputed: [String] { Set(confirmations.flatMap(\.differing)).sorted() }

    /// By how many holders the least confirmed subset is vouched for, 1 to n−t+1.
    public var least: Int { confirmations.map(\.agreeing.count).min() ?? 0 }

    /// The keys of one plate in one cell; they are combined once. Throws as `CellKeys.combine`.
    public func keys(plate: Int, cell: Cell) throws(TokensError) -> CellKeys {
        let combiner = try combiner.get()
        let place = CellCombiner.Place(plate: plate, cell: cell)
        if let keys = known.keys(place) { return keys }
        let keys = try combiner.keys(plate: plate, cell: cell)
        known.keep([(place, keys)])
        return keys
    }

    /// The keys of many, in their order, combined on all cores and kept. Throws as the other.
    func keys(_ places: [CellCombiner.Place]) throws(TokensError) -> [CellKeys] {
        let combiner = try combiner.get()
        let found = known.keys(places)
        if found.count == places.count { return found }
        let keys = try Lanes.mapRuns(places, of: 256) { (run) throws(TokensError) in
            try combiner.keys(of: run)
        }
        known.keep(zip(places, keys))
        return keys
    }

    /// Keys that were asked for, 96 guarded bytes each: they are needed to ask, and again to open.
    private final class KnownKeys: Sendable {
        private let known = Mutex<[CellCombiner.Place: CellKeys]>([:])

        func keys(_ place: CellCombiner.Place) -> CellKeys? { known.withLock { $0[place] } }

        /// Those of some places that are known.
        func keys(_ places: [CellCombiner.Place]) -> [CellKeys] {
            known.withLock { known in
                known.isEmpty ? [] : places.compactMap { known[$0] }
            }
        }

        func keep(_ keys: some Sequence<(CellCombiner.Place, CellKeys)>) {
            known.withLock { known in
                known.reserveCapacity(known.count + keys.underestimatedCount)
                for (place, keys) in keys { known[place] = keys }
            }
        }
    }

    /// Holders' logged digests of a subset, compared with those of the custodian whose answer is used.
    private static func confirmation(
        _ mask: SubsetMask, used: String, _ words: [SubsetWord]
    ) -> Confirmation {
        let camps = words.first { $0.mask == mask }?.camps ?? []
        let own = camps.first { $0.contains(used) } ?? []
        return Confirmation(
            mask: mask, agreeing: own,
            differing: camps.filter { $0 != own }.flatMap { $0 })
    }

    private static func camps(_ holders: [Answer], _ mask: SubsetMask) -> [[Answer]] {
        var camps: [[Answer]] = []
        for holder in holders {
            let place = camps.firstIndex { camp in
                !camp[0].parcel.differs(from: holder.parcel, in: mask)
            }
            if let place { camps[place].append(holder) } else { camps.append([holder]) }
        }
        return camps.sorted { $0.count > $1.count }
    }
}

/// What a custodian gave for a request, with e_S of all of it; not held against the log yet.
struct GivenAnswer: Sendable {
    let parcel: PartialParcel
    /// What the custodian must have logged; none for other plates or cells than asked for.
    private let items: Result<[EvaluationItem], any Error>

    init(_ parcel: PartialParcel, request: Digest, secret: RequestSecret) {
        self.parcel = parcel
        items = Result { try Self.items(of: parcel, request, secret) }
    }

    /// 35: as many subsets as any quorum has.
    private static let maximumMasks = 35

    /// Whether it is of the plates and cells of the request.
    func isOf(_ secret: RequestSecret) -> Bool { Self.isOf(secret, parcel) }

    private static func isOf(_ secret: RequestSecret, _ parcel: PartialParcel) -> Bool {
        parcel.plateCount == secret.plates.count && parcel.cells == secret.cells
    }

    private static func items(
        of parcel: PartialParcel, _ request: Digest, _ secret: RequestSecret
    ) throws -> [EvaluationItem] {
        // Of more, which its custodian does not hold, nothing is computed.
        guard isOf(secret, parcel), parcel.masks.count <= maximumMasks else { return [] }
        var items: [EvaluationItem] = []
        for day in parcel.days {
            for plate in secret.plates.indices {
                for mask in parcel.masks {
                    let e = try EvaluationDigest.e(
                        request: request, mask: mask, salt: secret.plateSalts[plate],
                        parcel: parcel, plate: plate, day: day)
                    items.append(EvaluationItem(day: day, plate: plate, mask: mask, e: e))
                }
            }
        }
        return items.sorted()
    }

    /// Whether it is what was logged. Throws where e_S of it cannot be computed.
    func isLogged(_ logged: EvaluationBody?) throws -> Bool {
        let items = try items.get()
        return logged?.digests == items
    }
}

extension Answers.Answer {
    /// An answer whose every partial is the one that the custodian's logged evaluation binds.
    /// Throws `answer-other` for other plates, cells or subsets than asked for, and
    /// `answer-unlogged` where the log has no such evaluation or another one.
    init(
        custodian: String, given: GivenAnswer, request: Digest, secret: RequestSecret,
        record: Record
    ) throws {
        guard let roster = record.maker(of: secret.days, for: custodian),
            let index = roster.custodianIndex(custodian), given.isOf(secret),
            given.parcel.masks == roster.threshold.subsets(heldBy: index)
        else {
            throw InquiryError(
                code: "answer-other",
                sentence: "\(custodian) answered for other plates, cells or subsets than asked for")
        }
        let logged = record.request(request)?.evaluations.first { $0.body.custodian == custodian }
        guard try given.isLogged(logged?.body) else {
            throw InquiryError(
                code: "answer-unlogged",
                sentence: "\(custodian) answered something else than it logged")
        }
        self.custodian = custodian
        parcel = given.parcel
    }
}
