// The custodian: one share of the keys, one vote, one log mirror, and the duty to forget.
//
// Specs: Docs/Spec/State.md (state file and slot), Docs/Spec/Ceremony.md, Docs/Spec/Clock.md.
// Entry points: `Custodian` (create, open, tick, grant, evaluate), `CustodianService` (the same as
// encoded messages), `StateStore` (what is kept, and how it is erased), `OneClock`.
// What never happens here: a chain or day value in a message (but for the ceremony's
// contributions), an answer before its statement stands in this custodian's own mirror, a
// destruction that waits for somebody else, a step or a way back of the clock.

public import Bytes
public import Disk
import Ledger
public import Secrets
import Warrants
import Wire

/// What a custodian could not do: a code for machines, a sentence without any plate or key.
public struct CustodyError: CodedError {
    /// A stable word: `share-lost`, `state-sealed`, `slot-unerasable`, `custody-exists`, …
    public let code: String
    /// One sentence for people: what, where, what to do.
    public let sentence: String

    /// An error with its machine code and its sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    /// A disk's error under its own code.
    public init(_ error: DiskError) { self.init(code: error.code, sentence: error.sentence) }

    /// An error of a secret under its own code.
    public init(_ error: SecretsError) { self.init(code: error.code, sentence: error.sentence) }

    /// The state cannot be had again: the safe direction of every doubt about a disk.
    static func lost(_ why: String) -> CustodyError {
        CustodyError(
            code: "share-lost",
            sentence: "\(why): this custodian has lost its share; it joins again with the next "
                + "generation, in a new folder")
    }
}

/// Runs disk work under the custodian's own error type.
func onDisk<Result: ~Copyable>(
    _ work: () throws(DiskError) -> Result
) throws(CustodyError) -> Result {
    do throws(DiskError) { return try work() } catch { throw CustodyError(error) }
}

/// Runs work on secrets under the custodian's own error type.
func onSecrets<Result: ~Copyable>(
    _ work: () throws(SecretsError) -> Result
) throws(CustodyError) -> Result {
    do throws(SecretsError) { return try work() } catch { throw CustodyError(error) }
}

extension CustodyError {
    /// A refusal of `Warrants` under its own code.
    init(_ refusal: Refusal) { self.init(code: refusal.code, sentence: refusal.sentence) }
    /// What the vault answered, under its own code.
    init(_ problem: WireProblem) { self.init(code: problem.code, sentence: problem.sentence) }
    /// What was wrong with the log, under its own code.
    init(_ error: LedgerError) { self.init(code: error.code, sentence: error.sentence) }
}

/// Runs work on statements under the custodian's own error type.
func onLaw<Result>(_ work: () throws(Refusal) -> Result) throws(CustodyError) -> Result {
    do throws(Refusal) { return try work() } catch { throw CustodyError(error) }
}

/// Asks the vault under the custodian's own error type.
func onWire<Result>(_ work: () throws(WireProblem) -> Result) throws(CustodyError) -> Result {
    do throws(WireProblem) { return try work() } catch { throw CustodyError(error) }
}
