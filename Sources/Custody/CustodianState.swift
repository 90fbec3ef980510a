import Bytes
import Plates
import Secrets
import Tokens

/// Everything that a custodian keeps, as a value: every act makes a changed one and stores it
/// before the act counts. Secrets stand in boxes that are wiped with their last holder.
///
/// Wire form (Docs/Spec/State.md): `"platevault/custody/v1"`, then the fields in this order.
struct CustodianState {
    /// The first roster's hash: the one thing that is trusted from outside.
    let roster: Digest
    /// The custodian's own word in the roster.
    let custodian: String
    var clock: OneClock
    /// Why no key may be used any more, as a code; nil while all is well.
    var halted: String?
    /// The newest day whose destruction stands in a statement of this custodian.
    var lastDestroyed: Day?
    var shares: [Share] = []
    var ceremony: Ceremony?
    /// The seeds of the daily keys to which requests are sealed, ascending by day.
    var prekeys: [Prekey] = []
    /// The evaluations given, by request; ascending by request.
    var evaluations: [Evaluated] = []
    /// What requests committed to, kept until their embargo ends; ascending by request.
    var openings: [KeptOpening] = []
    /// Own statements not yet seen in the log, oldest first.
    var outbox: [Outgoing] = []

    /// An own statement on its way into the log.
    struct Outgoing {
        let note: [UInt8]
        /// When it was ready to go.
        let since: Timestamp
    }

    /// Window and docket of a request, with their salts; no plate.
    struct KeptOpening {
        let request: Digest
        /// An `OpeningBody` as `kept` encodes it.
        let secret: SecretBox
    }

    /// The state with one more statement to go out.
    func sending(_ note: [UInt8], at time: Timestamp) -> CustodianState {
        var next = self
        next.outbox.append(Outgoing(note: note, since: time))
        return next
    }

    /// What is held of one generation.
    struct Share {
        let generation: UInt32
        let first: Day
        /// Days that a read of it lives, fixed when it was made.
        let retention: UInt32
        /// The oldest day that is still kept.
        var oldest: Day
        /// The day before which all destruction is announced in the outbox or log.
        var announced: Day
        /// The last day that uses it: 21 days run from the first, fewer where a successor is final.
        var last: Day
        /// The encoded `ChainSet`; nil once the generation's last day is gone.
        var chains: SecretBox?
    }

    /// A ceremony under way: what must be gone as soon as the final statement is made.
    struct Ceremony {
        let generation: UInt32
        /// The id of the proposal.
        let proposal: Digest
        /// The own contributions, an encoded `SeedParcel`.
        let contributions: SecretBox
        /// The seed of the one-time key.
        let oneTimeKey: SecretBox
        /// Whether the own seeds were sent.
        var isSent: Bool
    }

    struct Prekey {
        let day: Day
        let seed: SecretBox
    }

    struct Evaluated {
        let request: Digest
        /// SHA-256 over the e_S of the one answer there may be.
        let answer: Digest
    }

    /// What stands after all that is due at `time` is erased: chains advanced, prekeys gone.
    func erased(at time: Timestamp, approvalDays: Int) throws(CustodyError) -> CustodianState {
        var next = self
        for index in next.shares.indices {
            next.shares[index] = try next.shares[index].advanced(
                to: next.shares[index].oldestAlive(at: time))
        }
        next.prekeys.removeAll { Self.prekeyEnd($0.day, approvalDays) <= time }
        return next
    }

    /// The next instant at which something must be erased; nil where nothing is held.
    func nextDue(approvalDays: Int) -> Timestamp? {
        let chains = shares.filter { $0.chains != nil && $0.oldest <= $0.last }.map(\.due)
        let keys = prekeys.map { Self.prekeyEnd($0.day, approvalDays) }
        return (chains + keys).min()
    }

    /// A prekey is erased approval_days + 2 days after its day.
    static func prekeyEnd(_ day: Day, _ approvalDays: Int) -> Timestamp {
        day.end.adding(days: Int64(approvalDays) + 2)
    }
}

extension CustodianState.Share {
    /// When the oldest day becomes due: its first read is then `retention` days old.
    var due: Timestamp { oldest.start.adding(days: Int64(retention)) }

    /// The oldest day that may be kept at `time`; never beyond the day after the last.
    func oldestAlive(at time: Timestamp) -> Day {
        min(max(oldest, time.day.adding(1 - Int64(retention))), last.next)
    }

    /// The chains themselves. Throws `day-destroyed` where they are gone.
    func open() throws(CustodyError) -> ChainSet {
        guard let chains else {
            throw CustodyError(
                code: "day-destroyed", sentence: "nothing is left of generation \(generation)")
        }
        return try onTokens { () throws(TokensError) in try ChainSet(wire: chains.bytes) }
    }

    /// The share without any day before `day`.
    func advanced(to day: Day) throws(CustodyError) -> Self {
        guard day > oldest, chains != nil else { return self }
        var next = self
        let chains = try open()
        do throws(TokensError) {
            try chains.advance(to: day)
            next.chains = SecretBox(try chains.encode())
        } catch {
            throw CustodyError(error)
        }
        next.oldest = day
        return next
    }
}

extension CustodyError {
    /// A refusal of `Tokens` under its own code.
    init(_ error: TokensError) { self.init(code: error.code, sentence: error.sentence) }
}

/// Runs work on chains under the custodian's own error type.
func onTokens<Result: ~Copyable>(
    _ work: () throws(TokensError) -> Result
) throws(CustodyError) -> Result {
    do throws(TokensError) { return try work() } catch { throw CustodyError(error) }
}
