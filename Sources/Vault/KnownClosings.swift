public import Rows
public import Secrets
import Synchronization

/// What a look-up needs of a closed tree: public by the log once a requester has it.
public struct KnownClosing: Hashable, Sendable {
    /// What the site committed to, opened.
    public let opening: HourOpening
    /// The id of the `hour-closed` statement.
    public let statement: Digest

    init(opening: HourOpening, statement: Digest) {
        self.opening = opening
        self.statement = statement
    }

    /// What a look-up needs of a closing as the store keeps it.
    public init(_ closing: StoredClosing) {
        self.init(opening: closing.opening, statement: closing.statement)
    }
}

/// Closings of one day that were read and decoded before. A closed tree stays as it is until its
/// day dies, and this with it, so that nothing here is ever out of date.
final class KnownClosings: Sendable {
    /// How many are kept, some 300 bytes each: both trees of a day's hours at 85 sites.
    static let limit = 4_096

    private let known = Mutex<[CellTreeID: KnownClosing]>([:])

    /// The closing of a tree; read where it is not known, nil where there is none.
    func closing<Failure: Error>(
        of tree: CellTreeID, _ read: () throws(Failure) -> KnownClosing?
    ) throws(Failure) -> KnownClosing? {
        if let closing = known.withLock({ $0[tree] }) { return closing }
        guard let closing = try read() else { return nil }
        known.withLock { known in
            // Whatever is asked for now is likelier to be asked for again than what is here.
            if known.count == Self.limit { known.removeAll(keepingCapacity: true) }
            known[tree] = closing
        }
        return closing
    }
}
