public import Plates
import Warrants

// All reads of one message, or none (Docs/Spec/Intake.md).
extension Gateway {
    /// What no later try mends: such a read is refused, and the others of its message stand.
    private static let forGood: Set<String> = [
        "fold-other", "plate-reserved", "seen-earlier", "seen-later",
    ]

    /// Seals the reads of one message. Those that can never be sealed are left out, and returned by
    /// their codes. Where any other cannot be sealed now (`queue-full`, `keys-missing`,
    /// `memory-locked-out`), none is: what was sealed before it is undone, and this throws. Nothing
    /// that is undone has left the process, so the counters are free again.
    @discardableResult
    public func take(
        message reads: [ReceivedRead], at now: Timestamp
    ) throws(IntakeRefusal) -> [String: Int] {
        var refused: [String: Int] = [:]
        var undo = Undo(counts)
        for received in reads {
            undo.note(received.read, self)
            do throws(IntakeRefusal) {
                try take(received.read, photos: received.photos, at: now)
            } catch {
                guard Self.forGood.contains(error.code) else {
                    undo.restore(self)
                    throw error
                }
                refused[error.code, default: 0] += 1
            }
        }
        return refused
    }

    /// How things were before a message.
    private struct Undo {
        private struct Before {
            let isNew: Bool
            let pending: Int
            var counters: [Plate: UInt64?] = [:]
        }

        private let counts: GatewayCounts
        private var hours: [Hour: Before] = [:]

        init(_ counts: GatewayCounts) { self.counts = counts }

        /// Remembers what a read may change, once.
        mutating func note(_ read: Read, _ gateway: Gateway) {
            let hour = read.seen.hour
            let cell = gateway.cells[hour]
            var before =
                hours[hour] ?? Before(isNew: cell == nil, pending: cell?.pending.count ?? 0)
            let copies = read.candidateCopies(gateway.roster.policy.indexCandidates)
            for plate in [read.plate] + copies.map(\.plate)
            where !before.counters.keys.contains(plate) {
                before.counters.updateValue(cell?.counters[plate], forKey: plate)
            }
            hours[hour] = before
        }

        func restore(_ gateway: Gateway) {
            for (hour, before) in hours {
                guard !before.isNew, var cell = gateway.cells[hour] else {
                    gateway.cells[hour] = nil
                    continue
                }
                for row in cell.pending[before.pending...] { cell.photos[row.label] = nil }
                cell.pending.removeLast(cell.pending.count - before.pending)
                for (plate, counter) in before.counters { cell.counters[plate] = counter }
                gateway.cells[hour] = cell
            }
            var counts = counts
            counts.refused = gateway.counts.refused
            gateway.counts = counts
        }
    }
}
