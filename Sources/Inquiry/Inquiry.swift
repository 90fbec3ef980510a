// The asker: files a request, gathers approvals and answers, finds and opens rows, keeps a bundle,
// and checks everything that others say. Formats: Docs/Spec/Request.md and Docs/Spec/Bundle.md.
//
// Entry points: `Desk` (a party at its own log), `Requester`, `Officer`, `Clerk`, `Auditor` and
// `BundleVerifier`. Nothing that the vault or a custodian says counts before it was verified
// against the log that the desk follows itself. This target never reaches the store or a share.

public import Bytes
import Secrets

/// Why an inquiry could not go on: a code for machines and a sentence without plate or key.
public struct InquiryError: CodedError {
    /// A stable word, such as `prekey-missing` or `answers-missing`.
    public let code: String
    /// One sentence for people.
    public let sentence: String

    /// An error with its code and sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}
