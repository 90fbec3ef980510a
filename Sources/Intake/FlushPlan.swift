/// When rows go to the vault next: at most one time is planned, and it may be brought forward. The
/// caller keeps the time; a plan that another has overtaken is not carried out.
public struct FlushPlan: Sendable {
    private var number: UInt64 = 0
    private var isPlanned = false
    private var isAtOnce = false

    /// Nothing is planned.
    public init() {}

    /// The number of a new plan, to be carried out at once where a batch `isFull`, else after the
    /// time for which rows are gathered; nil where the plan that there is comes as early.
    public mutating func next(isFull: Bool) -> UInt64? {
        guard !isPlanned || (isFull && !isAtOnce) else { return nil }
        number += 1
        isPlanned = true
        isAtOnce = isFull
        return number
    }

    /// What was planned is done already; whatever comes from now on is planned anew.
    public mutating func overtake() { isPlanned = false }

    /// Whether a plan is still the one that counts; it is carried out now.
    public mutating func begin(_ number: UInt64) -> Bool {
        guard isPlanned, number == self.number else { return false }
        isPlanned = false
        return true
    }
}
