// What a site hands over, and how somebody else can tell that all of it is still there.
//
// Entry points: `Label.derive` (DESIGN section 5), `Batch` (Docs/Spec/Batch.md), `HourTree` and
// `HourOpening` (Docs/Spec/Hour.md), `LookupQuery`, `LookupAnswer` and `LookupVerifier`
// (Docs/Spec/Lookup.md). Pure: no files, no clock. A find key enters as guarded memory; nothing
// here can compute one, nor open a row.

public import Bytes

/// Why a batch, a tree or a look-up message was refused: never holds a label, a row or a key.
public struct RowsError: CodedError {
    /// A stable word for machines: `batch-order`, `batch-signature`, `hour-malformed`, …
    public let code: String
    /// One sentence for people.
    public let sentence: String

    /// A refusal with its machine code and its sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}
