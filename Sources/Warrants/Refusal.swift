// Who may ask for what: roster, policy, statements, requests, approvals, verdicts and the audit.
//
// Entry points: `RosterDraft` and `RosterText` (a roster made or read), `StatementDraft` (what a
// party signs), `UnverifiedStatement` → `Statement` through `Roster.verify`, `Record` (the log's
// statements, verified in order), `Judge` (one verdict on one request) and `Audit`. Formats:
// Docs/Spec/Roster.md, Statements.md and Request.md. Nothing here reads a file, a clock or a key
// of the store: time and bytes are arguments, and `Tokens` is out of reach.

public import Bytes

/// Why something was refused, as a stable word for machines; one case for each reason.
public enum RefusalCode: String, CaseIterable, Codable, Sendable {
    // Statements
    case statementMalformed = "statement-malformed"
    case statementTypeUnknown = "statement-type-unknown"
    case statementOfOtherLog = "statement-of-other-log"
    case statementRepeated = "statement-repeated"
    case statementUnlogged = "statement-unlogged"
    case statementStale = "statement-stale"
    case rosterOutdated = "roster-outdated"
    case rosterMissing = "roster-missing"
    case signerUnknown = "signer-unknown"
    case signatureInvalid = "signature-invalid"
    case referenceUnknown = "reference-unknown"
    // Rosters
    case rosterMalformed = "roster-malformed"
    case rosterThreshold = "roster-threshold"
    case rosterQuorum = "roster-quorum"
    case rosterPolicy = "roster-policy"
    case rosterParty = "roster-party"
    case rosterSuccession = "roster-succession"
    case rosterSignatures = "roster-signatures"
    // Generations and days
    case generationOutOfTurn = "generation-out-of-turn"
    case generationTerms = "generation-terms"
    case subsetForeign = "subset-foreign"
    case closingEarly = "closing-early"
    case cellClosed = "cell-closed"
    case destructionBackwards = "destruction-backwards"
    case destructionEarly = "destruction-early"
    case dayDead = "day-dead"
    case shareLost = "share-lost"
    // Requests: who and why
    case requestUnknown = "request-unknown"
    case requestFromFuture = "request-from-future"
    case requesterUnknown = "requester-unknown"
    case agreementEnded = "agreement-ended"
    case purposeUnknown = "purpose-unknown"
    case purposeNotAllowed = "purpose-not-allowed"
    case prohibitedImmigration = "prohibited-immigration-enforcement"
    case prohibitedPersonal = "prohibited-personal-use"
    case prohibitedRace = "prohibited-race"
    case prohibitedSex = "prohibited-sex"
    case prohibitedReligion = "prohibited-religion"
    case prohibitedProtest = "prohibited-protest"
    case prohibitedReproductiveCare = "prohibited-reproductive-care"
    case prohibitedByRoster = "prohibited-by-roster"
    case processUnknown = "process-unknown"
    // Requests: what
    case platesMissing = "plates-missing"
    case platesOverLimit = "plates-over-limit"
    case plateNotExact = "plate-not-exact"
    case plateRepeated = "plate-repeated"
    case docketNamesPlate = "docket-names-plate"
    case cellsMissing = "cells-missing"
    case cellsOverLimit = "cells-over-limit"
    case siteUnknown = "site-unknown"
    case hourOpen = "hour-open"
    case hourTooYoung = "hour-too-young"
    case windowExpired = "window-expired"
    case windowUnkept = "window-unkept"
    case answerTooLarge = "answer-too-large"
    case secretMalformed = "secret-malformed"
    case secretMismatch = "secret-mismatch"
    case replyKeyMalformed = "reply-key-malformed"
    case replyKeyUsed = "reply-key-used"
    case sealedCopiesMissing = "sealed-copies-missing"
    case prekeyUnknown = "prekey-unknown"
    case budgetExceeded = "budget-exceeded"
    case embargoTooLate = "embargo-too-late"
    case timeExact = "time-exact"
    case drillMixed = "drill-mixed"
    case drillTooWide = "drill-too-wide"
    case drillsOverLimit = "drills-over-limit"
    // Requests: by whose leave
    case attestationMissing = "attestation-missing"
    case authorityUnknown = "authority-unknown"
    case orderExpired = "order-expired"
    case orderMismatch = "order-mismatch"
    case orderUsed = "order-used"
    case approvalsMissing = "approvals-missing"
    case denied = "denied"
    case withdrawn = "withdrawn"
    case lapsed = "lapsed"
    case alreadyEvaluated = "already-evaluated"
    // Requests: afterwards
    case countersignatureOverdue = "countersignature-overdue"
    case checkUnasked = "check-unasked"
    case openingEarly = "opening-early"
    case openingMismatch = "opening-mismatch"
    // The log's succession
    case successorSignatures = "successor-signatures"
    case successorPlace = "successor-place"
}

/// A refusal as a value: its code for machines, one sentence for people that says what, where and
/// what to do, and never a plate or a key.
public struct Refusal: CodedError {
    /// The reason as one of a closed list.
    public let reason: RefusalCode
    /// One sentence for people.
    public let sentence: String

    /// A refusal for a reason, told in a sentence.
    public init(_ reason: RefusalCode, _ sentence: String) {
        self.reason = reason
        self.sentence = sentence
    }

    /// The stable word, such as `approvals-missing`.
    public var code: String { reason.rawValue }
}
