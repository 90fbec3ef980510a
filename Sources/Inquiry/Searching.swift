import Bytes
import Plates
import Rows
public import Secrets
import Tokens
import Warrants
public import Wire

/// How one custodian met the wish for an evaluation.
public struct CustodianReply: Sendable {
    /// The custodian's word.
    public let custodian: String
    /// Why it did not answer, or why its answer is not believed; nil where it is used.
    public let problem: WireProblem?
}

/// A search that has been answered: the disclosure, and the bytes that prove it.
public struct Finding {
    /// What came of it.
    public internal(set) var disclosure: Disclosure
    /// What the custodians gave, and the photos.
    public internal(set) var evidence: Evidence
    /// What the vault gave, in wire form.
    public let answers: [[UInt8]]
    /// How each custodian that was asked met it.
    public let replies: [CustodianReply]
    /// Why the photos are not all there; nil where they are, or none were asked for.
    public internal(set) var photoProblem: WireProblem?
    /// What the vault was asked, for the photos of what it answered.
    let query: LookupQuery

    /// What vault and requester log of the answers.
    public var digest: Digest {
        get throws { LookupAnswer.digest(of: try answers.map { try LookupAnswer(wire: $0) }) }
    }
}

extension Requester {
    /// Asks custodians for their evaluations and the vault for the rows, checks and opens them.
    ///
    /// `custodians` are asked at once, those with ways for several threads, and the others in turn;
    /// whoever answers, what each said stands in the finding, in the order in which they are named.
    /// May be called again: a custodian gives the same answer twice. With `wholeCells` the vault is asked
    /// for all rows of each cell that has few enough, so that it learns no row of the plate there.
    /// Throws `answers-missing` or `answers-disputed` with the replies' reasons, and what the vault
    /// refuses.
    public func search(
        _ file: CaseFile, request: Digest, custodians: [(id: String, client: CustodianClient)],
        wholeCells: Bool = false
    ) throws -> Finding {
        try desk.refresh()
        let asking = try Asking(file, request, custodians, origin: desk.roster.origin)
        return try finding(asking, asking.answers(), wholeCells)
    }

    /// What follows from the custodians' answers and the vault's.
    private func finding(
        _ asking: Asking, _ given: [Result<GivenAnswer, any Error>], _ wholeCells: Bool
    ) throws -> Finding {
        let (request, secret) = (asking.request, asking.secret)
        var replies: [CustodianReply] = []
        var parcels: [(String, PartialParcel)] = []
        var checked: [Answers.Answer] = []
        // Each has logged its evaluation before it answered, so that one look shows all of them.
        let refreshed = Result { try desk.refresh() }
        for (id, answer) in zip(asking.custodians, given) {
            do {
                let given = try answer.get()
                try refreshed.get()
                checked.append(
                    try Answers.Answer(
                        custodian: id, given: given, request: request, secret: secret,
                        record: desk.record))
                parcels.append((id, given.parcel))
                replies.append(CustodianReply(custodian: id, problem: nil))
            } catch {
                replies.append(CustodianReply(custodian: id, problem: Self.problem(error)))
            }
        }
        let evidence = Evidence(request: request, secret: secret, parcels: parcels)
        let answers: Answers
        do {
            answers = try evidence.sorted(checked, desk.record)
        } catch let error as InquiryError {
            let reasons = replies.compactMap { reply in
                reply.problem.map { "\(reply.custodian): \($0.sentence)" }
            }
            throw InquiryError(
                code: error.code,
                sentence: ([error.sentence] + reasons).joined(separator: "; "))
        }
        let whole = wholeCells ? try smallCells(of: request, secret) : []
        let query = try evidence.query(answers, whole: whole)
        let found = try desk.vault.lookup(query.encode())
        let disclosure = try evidence.disclosure(
            LookupClaims(found, to: query), record: desk.record, answers,
            asked: whole.isEmpty ? query : nil)
        return Finding(
            disclosure: disclosure, evidence: evidence, answers: found, replies: replies,
            query: query)
    }

    /// The cells that the vault hands out whole.
    private func smallCells(of request: Digest, _ secret: RequestSecret) throws -> Set<Cell> {
        let cells = secret.cells.sorted()
        let ask = try LookupQuery(
            request: request, window: secret.lookupWindow(), whole: cells)
        let isSmall = try desk.vault.measure(ask.encode())
        guard isSmall.count == cells.count else {
            throw WireProblem.malformed("list of small cells")
        }
        return Set(zip(cells, isSmall).filter(\.1).map(\.0))
    }

    private static func problem(_ error: any Error) -> WireProblem {
        guard let error = error as? any CodedError else {
            return WireProblem(code: "answer-malformed", sentence: "the answer cannot be read")
        }
        return WireProblem(code: error.code, sentence: error.sentence)
    }
}
