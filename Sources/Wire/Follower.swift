public import Ledger
import Secrets
public import Warrants

/// One party's own view of the log: a mirror that believes only what it recomputed, and the record
/// of its statements, verified in order.
public final class Follower {
    /// The entries, durable.
    public let mirror: Mirror
    /// The statements as of the last refresh.
    public private(set) var record: Record
    /// What keeps others from the mirror's folder, as long as this lives.
    private let lock: AnyObject?

    /// A view through a mirror, trusting one roster: the log's first. Takes in what the mirror
    /// holds already, and holds `lock` while it lives. Throws where the mirror cannot read its
    /// entries.
    public init(
        mirror: Mirror, trusting first: Roster, holding lock: AnyObject? = nil
    ) throws {
        self.mirror = mirror
        self.lock = lock
        record = Record(trusting: first)
        try takeIn()
    }

    /// Follows the log to the newest checkpoint of a source; returns once the new entries are
    /// durable and in the record. With a time in seconds, a mirror that has a cosigner puts its
    /// cosignature on what it accepts. Throws what the mirror refuses (`log-forked` above all; then
    /// nothing has changed), `entries-count` and what the source answers.
    public func refresh(from source: some LogSource, cosignedAt seconds: UInt64? = nil) throws {
        // A disk that was full may have room again.
        try mirror.recover()
        try follow(try source.checkpoint(), from: source, cosignedAt: seconds)
    }

    /// Follows the log to a checkpoint whose entries a source has; as `refresh`.
    public func follow(
        _ checkpoint: [UInt8], from source: some LogSource, cosignedAt seconds: UInt64? = nil
    ) throws {
        if checkpoint != mirror.checkpoint || seconds != nil {
            let successor = try successor(checkpoint, source)
            let record = record
            try mirror.advance(
                to: checkpoint, signedBy: successor, cosignedAt: seconds
            ) { range in
                let entries = try source.all(range)
                if successor == nil { try Self.ensureNoSuccessor(entries, from: range, record) }
                return entries
            }
        }
        try takeIn()
    }

    /// Under the old key nothing may follow the statement that ends it.
    private static func ensureNoSuccessor(
        _ entries: [[UInt8]], from range: Range<UInt64>, _ record: Record
    ) throws(LedgerError) {
        for (place, entry) in entries.enumerated() {
            guard let statement = try? UnverifiedStatement(wire: entry),
                statement.type == .successor,
                (try? record.roster.succession(
                    statement, at: range.lowerBound + UInt64(place))) != nil
            else { continue }
            throw LedgerError(
                code: "log-succeeded",
                sentence: "the custodians have given the log another key than signs this checkpoint"
            )
        }
    }

    /// 2^20: how many entries beyond the own copy are searched for a successor.
    private static let searched: UInt64 = 1 << 20

    /// The key under which the log goes on where its checkpoint is not signed by the key in force:
    /// the one that t custodians named in the first of the missing entries, or in a later one. Nil
    /// where the key in force signed, or nobody named another; the mirror then refuses.
    private func successor(
        _ checkpoint: [UInt8], _ source: some LogSource
    ) throws -> NoteVerifierKey? {
        let note = try Note(wire: checkpoint)
        let head = try Checkpoint(text: note.text)
        guard !note.isSigned(by: mirror.logKey), head.size > mirror.size,
            head.size - mirror.size <= Self.searched
        else { return nil }
        var trial = record
        for entry in try source.all(mirror.size..<head.size) {
            let index = trial.count
            guard trial.append(entry) == nil, let succession = trial.successions.last,
                succession.index == index
            else { continue }
            // What stands before it must be what it says; the mirror checks all the rest.
            let before =
                index == mirror.size ? mirror.head.root : try Self.root(mirror, source, index)
            guard before == succession.body.root else {
                throw LedgerError(
                    code: "successor-root",
                    sentence: "the log's successor names another tree than the one it follows")
            }
        }
        return trial.logKey == mirror.logKey ? nil : trial.logKey
    }

    private static func root(
        _ mirror: Mirror, _ source: some LogSource, _ size: UInt64
    ) throws -> Digest {
        var tree = MerkleFrontier()
        for start in stride(from: 0, to: mirror.size, by: 1_024) {
            for entry in try mirror.entries(start..<min(start + 1_024, mirror.size)) {
                tree.append(Merkle.leafHash(entry))
            }
        }
        for entry in try source.all(mirror.size..<size) { tree.append(Merkle.leafHash(entry)) }
        return tree.root
    }

    private func takeIn() throws {
        while record.count < mirror.size {
            let end = min(record.count + 1_024, mirror.size)
            let entries = try mirror.entries(record.count..<end)
            for entry in Examined.all(entries, under: record.roster) { record.append(entry) }
        }
    }
}
