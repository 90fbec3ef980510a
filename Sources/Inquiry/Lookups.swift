public import Plates
public import Rows
public import Warrants

extension Record {
    /// What a look-up is verified against: the closing of one of its trees, of each cell that has it
    /// in the log.
    public func closings(
        of cells: [Cell], _ kind: HourClosedBody.Kind
    ) -> [Cell: LoggedClosing] {
        var result: [Cell: LoggedClosing] = [:]
        for cell in cells {
            guard let closing = closing(cell, kind) else { continue }
            result[cell] = LoggedClosing(statement: closing.id, commitment: closing.closed)
        }
        return result
    }

}
