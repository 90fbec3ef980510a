/// The one verdict on a request.
public enum Verdict: Hashable, Sendable {
    /// It may be evaluated now.
    case granted
    /// Nothing speaks against it, but something is still missing.
    case waiting(Refusal)
    /// It must not be evaluated.
    case refused(Refusal)

    /// Why it may not be evaluated now; nil where it may.
    public var refusal: Refusal? {
        switch self {
        case .granted: nil
        case .waiting(let refusal), .refused(let refusal): refusal
        }
    }
}

/// One rule applied to a request, for an officer's screen; the verdict does not need it.
public struct Check: Hashable, Sendable {
    /// The rule's word, such as `purpose` or `approvals`.
    public let name: String
    /// What came of this rule alone; nil where it could not be applied without the secret.
    public let verdict: Verdict?
}
