public import Plates
public import Rows
public import Secrets
public import Tokens
public import Warrants

/// One opened read with the row that it came from.
public struct OpenedRead: Hashable, Sendable {
    /// The cell.
    public let cell: Cell
    /// The plate's place in the request.
    public let plate: Int
    /// The row's label.
    public let label: Label
    /// The read.
    public let read: Read
    /// The photos that it names, in its order.
    public let photos: [OpenedPhoto]
}

/// What is certain about one plate in one cell.
public struct CellReport: Hashable, Sendable {
    /// The four outcomes of a search, and the fifth: the vault's answer was not believed.
    public enum Outcome: Hashable, Sendable {
        /// Every read that the site committed to; none at all is proven to be none.
        case complete([OpenedRead])
        /// The hour is not closed, nothing can be said.
        case open
        /// The site never closed the hour, nothing can be said.
        case unknown
        /// The day's keys are destroyed.
        case gone
        /// The vault's answer does not fit what the site committed to.
        case refused(LookupRefusal)
    }

    /// The cell.
    public let cell: Cell
    /// The plate's place in the request.
    public let plate: Int
    /// What is certain.
    public let outcome: Outcome

    /// Whether reads that came after the prompt closing are known; nil unless complete.
    public let late: Late?
    /// How many of the site's runs its openings name unfinished: what these may have read beyond their
    /// last batch the site does not claim to have committed to.
    public let unfinished: Int

    /// What a report says of a cell's late tree.
    public enum Late: String, Hashable, Sendable {
        /// Closed: its reads are among the others.
        case closed
        /// Not closed yet: more reads can come.
        case open
        /// Never closed: reads that came late are not known.
        case unknown
    }

    /// The outcome in one word: `complete`, `empty`, `open`, `unknown`, `gone`, `refused`.
    public var word: String {
        switch outcome {
        case .complete(let reads): reads.isEmpty ? "empty" : "complete"
        case .open: "open"
        case .unknown: "unknown"
        case .gone: "gone"
        case .refused: "refused"
        }
    }
}

/// What came of a request: every cell's outcome, every read, and who vouches for it. Made from the
/// evidence alone, so that a bundle's reader makes the same from the same bytes.
public struct Disclosure {
    /// The request as the log has it.
    public let request: Statement<RequestBody>
    /// What it was about.
    public let secret: RequestSecret
    /// Who answered, and how far they agree.
    public let answers: Answers
    /// By plate, then cell.
    public let cells: [CellReport]
    /// The labels of the request's own rows, as far as they were proven.
    let labels: Set<Label>

    /// All reads, by time seen, then cell.
    public var reads: [OpenedRead] {
        cells.flatMap { cell -> [OpenedRead] in
            if case .complete(let reads) = cell.outcome { reads } else { [] }
        }.sorted { ($0.read.seen, $0.cell, $0.label) < ($1.read.seen, $1.cell, $1.label) }
    }

    /// Whether every answer of the vault was believed.
    public var isSound: Bool { !cells.contains { $0.word == "refused" } }

    /// How far the holders agree, by all that they logged until now.
    public let confirmation: Confirmation
}

/// Everything from which a disclosure follows, as bytes.
public struct Evidence: Sendable {
    /// The request's id.
    public let request: Digest
    /// The request's secret part.
    public let secret: RequestSecret
    /// The custodians' answers, opened.
    public let parcels: [(custodian: String, parcel: PartialParcel)]
    /// The sealed photos that the vault handed out, by their SHA-256.
    public var photos: [Digest: [UInt8]] = [:]

    /// The evidence before the vault was asked.
    public init(
        request: Digest, secret: RequestSecret,
        parcels: [(custodian: String, parcel: PartialParcel)]
    ) {
        self.request = request
        self.secret = secret
        self.parcels = parcels
    }

    /// The answers, checked against the logged evaluations.
    func checked(_ record: Record) throws -> Answers {
        let roster = try maker(record)
        let answers = try parcels.map {
            try Answers.Answer(
                custodian: $0.custodian,
                given: GivenAnswer($0.parcel, request: request, secret: secret),
                request: request, secret: secret, record: record)
        }
        return try sorted(answers, record, roster)
    }

    /// Answers that were checked each by itself.
    func sorted(_ answers: [Answers.Answer], _ record: Record) throws -> Answers {
        try sorted(answers, record, maker(record))
    }

    private func sorted(
        _ answers: [Answers.Answer], _ record: Record, _ roster: Roster
    ) throws(InquiryError) -> Answers {
        try Answers(answers, words: record.request(request)?.words ?? [], roster: roster)
    }

    private func maker(_ record: Record) throws(InquiryError) -> Roster {
        guard let roster = record.maker(of: secret.days) else { throw Self.several }
        return roster
    }

    /// The look-up that the answers allow: `find` of every plate in every cell, save those that are
    /// asked for whole.
    func query(_ answers: Answers, whole: Set<Cell> = []) throws -> LookupQuery {
        let items = items(whole: whole)
        let keys = try answers.keys(
            items.filter { !$0.isWhole }.map {
                CellCombiner.Place(plate: Int($0.plate), cell: $0.cell)
            })
        var finds = try SecretBytes(zeros: keys.count * 32)
        finds.withUnsafeMutableBytes { all in
            for (place, keys) in keys.enumerated() {
                keys.withFind { find in
                    UnsafeMutableRawBufferPointer(rebasing: all[(place * 32)..<(place * 32 + 32)])
                        .copyMemory(from: find)
                }
            }
        }
        return try LookupQuery(
            request: request, window: secret.lookupWindow(), items: items, finds: finds)
    }

    private func items(whole: Set<Cell>) -> [LookupItem] {
        secret.cells.flatMap { cell in
            whole.contains(cell)
                ? [LookupItem(whole: cell)]
                : secret.plates.indices.map { LookupItem(cell: cell, plate: UInt8($0)) }
        }.sorted()
    }

    /// What follows from the vault's answers. Throws where the custodians' answers do not stand;
    /// an answer of the vault that is not believed is an outcome of its cell. An answer with all rows
    /// of a cell is one for each of the plates, and proves as much.
    public func disclosure(_ found: [LookupAnswer], record: Record) throws -> Disclosure {
        try disclosure(LookupClaims(found), record: record, try checked(record))
    }

    /// The same with the custodians' answers as they were checked against this record; `asked` is the
    /// query for every plate in every cell by its key, where there is one already.
    func disclosure(
        _ found: LookupClaims, record: Record, _ answers: Answers, asked: LookupQuery? = nil
    ) throws -> Disclosure {
        let roster = record.roster
        guard let state = record.request(request) else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        try secret.check(against: state.body)
        let query = try asked ?? query(answers)
        let verifier = LookupVerifier(
            closings: record.closings(of: secret.cells, .prompt),
            late: record.closings(of: secret.cells, .late), deadDays: record.dead(secret.days))
        var places: [LookupItem: Int] = [:]
        places.reserveCapacity(query.items.count)
        for (place, item) in items(whole: found.whole).enumerated() { places[item] = place }
        let (answered, origin) = (places, roster.origin)
        // No cell's answer bears on another's.
        let parts = try Lanes.map(Array(query.items.enumerated())) { index, item in
            let place = answered[item] ?? answered[LookupItem(whole: item.cell)]
            return try report(
                try place.flatMap { try found.answer(at: $0) }, item,
                answers: answers, origin: origin
            ) { answer throws(LookupRefusal) in
                try verifier.verify(answer, to: query, at: index)
            }
        }
        return Disclosure(
            request: state.request.statement, secret: secret, answers: answers,
            cells: parts.map(\.report).sorted { ($0.plate, $0.cell) < ($1.plate, $1.cell) },
            labels: Set(parts.lazy.flatMap(\.labels)),
            confirmation: state.confirmation(
                record.maker(of: secret.days)?.threshold ?? roster.threshold))
    }

    /// What is certain of one item, and the labels of the rows that are proven to be its own.
    private func report(
        _ answer: LookupAnswer?, _ item: LookupItem, answers: Answers, origin: String,
        _ verify: (LookupAnswer) throws(LookupRefusal) -> VerifiedAnswer
    ) throws -> (report: CellReport, labels: [Label]) {
        var labels: [Label] = []
        let outcome: CellReport.Outcome
        var late: CellReport.Late?
        var unfinished = 0
        do {
            guard let answer else { throw Self.silence(item) }
            let verified = try verify(answer)
            if case .complete(let rows, _, _) = verified.finding { labels = rows.map(\.row.label) }
            outcome = try opened(verified, answers: answers, origin: origin)
            late = CellReport.Late(verified.finding)
            unfinished = verified.finding.unfinished
        } catch let refusal as LookupRefusal {
            outcome = .refused(refusal)
        }
        return (
            CellReport(
                cell: item.cell, plate: Int(item.plate), outcome: outcome, late: late,
                unfinished: unfinished),
            labels
        )
    }

    private static var several: InquiryError {
        InquiryError(
            code: "generation-several",
            sentence: "the hours belong to generations with other thresholds, or to none; ask for "
                + "each by itself")
    }

    private func opened(
        _ verified: VerifiedAnswer, answers: Answers, origin: String
    ) throws -> CellReport.Outcome {
        switch verified.finding {
        case .open: return .open
        case .unknown: return .unknown
        case .gone: return .gone
        case .complete(let rows, _, _):
            guard !rows.isEmpty else { return .complete([]) }
            let item = verified.item
            let keys = try answers.keys(plate: Int(item.plate), cell: item.cell)
            var reads: [OpenedRead] = []
            for row in rows {
                let context = RowContext(
                    origin: origin, cell: item.cell, run: row.run, counter: row.counter)
                guard let read = try? keys.openRow(row.row, context: context),
                    read.plate == secret.plates[Int(item.plate)]
                else {
                    throw LookupRefusal(
                        code: "row-unreadable",
                        sentence: "cell \(item.cell) has a row that its own keys do not open",
                        item: item, run: row.run)
                }
                reads.append(
                    OpenedRead(
                        cell: item.cell, plate: Int(item.plate), label: row.row.label, read: read,
                        photos: read.fields.photos.map {
                            OpenedPhoto($0, of: row.row.label, among: photos, keys: keys)
                        }))
            }
            return .complete(reads)
        }
    }

    private static func silence(_ item: LookupItem) -> LookupRefusal {
        LookupRefusal(
            code: "cell-missing", sentence: "the vault did not answer for cell \(item.cell)",
            item: item)
    }
}

extension CellReport.Late {
    /// What a finding says of the late tree; nil where it is not complete.
    init?(_ finding: VerifiedAnswer.Finding) {
        guard case .complete(_, _, let late) = finding else { return nil }
        switch late {
        case .closed: self = .closed
        case .open: self = .open
        case .unknown: self = .unknown
        }
    }
}

extension VerifiedAnswer.Finding {
    /// How many of the site's runs the openings name unfinished.
    fileprivate var unfinished: Int {
        guard case .complete(_, let prompt, let late) = self else { return 0 }
        var openings = [prompt]
        if case .closed(let opening) = late { openings.append(opening) }
        return Set(openings.flatMap(\.runs).filter(\.isUnfinished).map(\.id)).count
    }
}
