import Plates

/// The votes on a request as they are counted at one place of the log: of each institution the last word
/// of any of its officers, the requester's own not at all, an officer who is gone or has another key
/// neither. It takes each vote once.
struct VoteCount {
    /// One officer's word.
    struct Vote {
        let index: UInt64
        let time: Timestamp
        let officer: String
        /// Nil for a yes.
        let denial: DenialCode?
        let isCurrent: (Roster) -> Bool
    }

    private let roster: Roster
    private let own: String?
    private let able: Int
    /// The last vote of each institution.
    private(set) var last: [String: Vote] = [:]
    private var approving = 0
    private var denying = 0

    /// A count of a request's votes under a roster, before the first.
    init(_ request: RequestBody, under roster: Roster) {
        self.roster = roster
        own = roster.agency(request.agency)?.institution
        able = Set(roster.custodians.map(\.institution)).subtracting([own].compactMap { $0 }).count
    }

    /// Takes the next vote in the order of the log.
    mutating func take(_ vote: Vote) {
        guard vote.isCurrent(roster),
            let institution = roster.custodian(ofOfficer: vote.officer)?.institution,
            institution != own
        else { return }
        let before = last.updateValue(vote, forKey: institution)
        if let before { count(before, -1) }
        count(vote, 1)
    }

    private mutating func count(_ vote: Vote, _ step: Int) {
        if vote.denial == nil { approving += step } else { denying += step }
    }

    /// Whether t institutions approve, or fewer are left than could.
    var isDecided: Bool {
        approving >= roster.threshold.t || able - denying < roster.threshold.t
    }
}

extension RequestState {
    /// Every vote, in the order of the log.
    var voices: [VoteCount.Vote] {
        let yes = approvals.map { logged in
            VoteCount.Vote(
                index: logged.index, time: logged.body.time, officer: logged.body.officer,
                denial: nil, isCurrent: logged.statement.isCurrent)
        }
        let no = denials.map { logged in
            VoteCount.Vote(
                index: logged.index, time: logged.body.time, officer: logged.body.officer,
                denial: logged.body.code, isCurrent: logged.statement.isCurrent)
        }
        return (yes + no).sorted { $0.index < $1.index }
    }
}

extension Record {
    /// The vote that decided a request, the first after which t institutions approve or fewer are left
    /// than could; and the last word of each institution. Each vote is counted once under each roster
    /// that was in force while officers voted: however often one says the same, this stays short.
    func count(
        _ votes: [VoteCount.Vote], on request: RequestBody
    ) -> (deciding: VoteCount.Vote?, last: [VoteCount.Vote]) {
        var taken: [VoteCount.Vote] = []
        var place: (roster: Roster, count: VoteCount)?
        var deciding: VoteCount.Vote?
        for vote in votes {
            let roster = roster(at: vote.index)
            var count: VoteCount
            if let known = place, known.roster == roster {
                count = known.count
            } else {
                count = VoteCount(request, under: roster)
                for earlier in taken { count.take(earlier) }
            }
            count.take(vote)
            taken.append(vote)
            place = (roster, count)
            if deciding == nil, count.isDecided { deciding = vote }
        }
        return (deciding, place.map { $0.count.last.values.sorted { $0.index < $1.index } } ?? [])
    }
}
