public import Plates
import Tokens
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
        let before = counts
        trail.begin()
        defer { trail.end() }
        for received in reads {
            do throws(IntakeRefusal) {
                try take(received.read, photos: received.photos, at: now)
            } catch {
                guard Self.forGood.contains(error.code) else {
                    undo(to: before)
                    throw error
                }
                refused[error.code, default: 0] += 1
            }
        }
        return refused
    }

    /// Undoes what the present message has done.
    private func undo(to before: GatewayCounts) {
        for (hour, plate) in trail.rows {
            guard let cell = cells[hour], let row = cell.pending.popLast() else { continue }
            cell.photos[row.label] = nil
            cell.sealer.takeBack(plate)
        }
        for hour in trail.cells { cells[hour] = nil }
        let refused = counts.refused
        counts = before
        counts.refused = refused
    }
}

/// What a message has done so far; a read that comes by itself leaves nothing here.
struct MessageTrail {
    /// The hour and plate of each row that it queued.
    private(set) var rows: [(hour: Hour, plate: Plate)] = []
    /// The hours that it was the first to have rows of.
    private(set) var cells: [Hour] = []
    private var isOpen = false

    /// A message begins.
    mutating func begin() { isOpen = true }

    /// It is over.
    mutating func end() {
        isOpen = false
        rows.removeAll(keepingCapacity: rows.count <= 1_024)
        cells.removeAll(keepingCapacity: true)
    }

    /// A row was queued.
    mutating func note(_ hour: Hour, _ plate: Plate) { if isOpen { rows.append((hour, plate)) } }

    /// An hour has its first row.
    mutating func note(first hour: Hour) { if isOpen { cells.append(hour) } }
}
