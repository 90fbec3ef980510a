// The evidence: an append-only log of opaque entries that anyone can check (Docs/Spec/Ledger.md).
//
// Entry points: `Log` for the one who writes, `Mirror` for everyone who follows with a copy of
// their own; `Note`, `Checkpoint` and `Merkle` are the formats and the arithmetic under both.
// What never happens here: looking into an entry, asking the time, repairing what was damaged
// after it had been acknowledged, believing a checkpoint that the entries do not give.

public import Bytes
public import Disk

/// Why something of the log was refused; never holds the content of an entry or a key.
public struct LedgerError: CodedError {
    /// A stable word for machines, as listed in Docs/Spec/Ledger.md; a disk's own word
    /// (`disk-failed`, …) where the disk refused.
    public let code: String
    /// One sentence for people.
    public let sentence: String
    /// The signed notes that show what is wrong, the one held first; empty for most errors.
    /// Two checkpoints of a fork prove by themselves that the log's key signed both.
    public let evidence: [Note]

    /// An error with its machine code, its sentence and the notes that prove it.
    public init(code: String, sentence: String, evidence: [Note] = []) {
        self.code = code
        self.sentence = sentence
        self.evidence = evidence
    }

    /// What a file operation refused, under the disk's own code.
    public init(_ error: DiskError) {
        self.init(code: error.code, sentence: error.sentence)
    }
}

/// Runs file operations, giving their errors as the ledger's own.
func onDisk<Result>(
    _ body: () throws(DiskError) -> Result
) throws(LedgerError) -> Result {
    do { return try body() } catch { throw LedgerError(error) }
}
