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

extension RequestSecret {
    /// What shows the vault that a look-up is of the request's cells. Throws `query-malformed`.
    func lookupWindow() throws(RowsError) -> LookupWindow {
        try LookupWindow(cells: cells, salt: windowSalt)
    }
}
