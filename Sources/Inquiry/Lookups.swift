public import Plates
public import Rows
public import Warrants

extension Record {
    /// What a look-up is verified against: the prompt closing of each cell that the log closes.
    public func closings(of cells: [Cell]) -> [Cell: LoggedClosing] {
        var result: [Cell: LoggedClosing] = [:]
        for cell in cells {
            guard let closing = closing(cell, .prompt) else { continue }
            result[cell] = LoggedClosing(statement: closing.id, commitment: closing.body.closed)
        }
        return result
    }

    /// Those of some days that are dead by the log: n−t+1 custodians say that they erased them.
    public func dead(_ days: some Sequence<Day>) -> Set<Day> {
        Set(
            days.filter { day in
                guard let generation = generation(for: day) else { return false }
                let erased = generation.roster.custodians.filter { custodian in
                    guard let last = destroyed(through: generation.number, by: custodian.id) else {
                        return false
                    }
                    return last >= day
                }
                return erased.count >= generation.threshold.subsetSize
            })
    }
}
