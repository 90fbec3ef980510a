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

}
