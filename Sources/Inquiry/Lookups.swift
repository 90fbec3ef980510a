public import Plates
public import Rows
public import Warrants

extension Record {
    /// What a look-up is verified against: the prompt closing of each cell that the log closes.
    public func closings(of cells: [Cell]) -> [Cell: LoggedClosing] {
        var result: [Cell: LoggedClosing] = [:]
        for cell in cells {
            guard let closing = closing(cell, .prompt) else { continue }
            result[cell] = LoggedClosing(statement: closing.id, commitment: closing.closed)
        }
        return result
    }

    /// Those of some days that are dead by the log: n−t+1 custodians say that they erased them.
    public func dead(_ days: some Sequence<Day>) -> Set<Day> {
        // Death does not depend on the moment at which it is asked for.
        Set(days.filter { report(on: $0, at: $0.start)?.verdict == .dead })
    }
}
