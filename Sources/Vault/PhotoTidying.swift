import Plates
import Rows
import Synchronization

// What closings leave to be done with photos. It can be gigabytes: so no closing waits for it, nor
// anything else for longer than one part takes.
extension SQLiteRowStore {
    /// A day whose file fails keeps no other day back. If we crash anywhere here, the next call goes
    /// on, and `open` empties the journal.
    public func tidyPhotos() throws(StoreError) {
        var failure: StoreError?
        for day in photoFiles.withLock({ $0.keys.sorted() }) {
            do throws(StoreError) {
                try tidyPhotos(of: day)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func tidyPhotos(of day: Day) throws(StoreError) {
        /// One short piece of work at a time, so that photos come and go between two.
        func withFile(_ work: (PhotoFile) throws(StoreError) -> Void) throws(StoreError) {
            try photoFiles.withLock { files throws(StoreError) in
                if let file = files[day] { try work(file) }
            }
        }
        var cells: [Cell] = []
        try withFile { file throws(StoreError) in cells = try file.arriving() }
        for cell in cells where try closed([], cell) != nil {
            var isMoved = false
            var arrived: [PhotoFile.Arrived] = []
            try withFile { file throws(StoreError) in arrived = try file.arrived(cell) }
            for part in PhotoFile.parts(arrived) {
                guard let (rows, isOver) = try closed(Set(part.map(\.label)), cell) else { break }
                let due = isOver ? part : part.filter { rows.contains($0.label) }
                guard !due.isEmpty else { continue }
                try withFile { file throws(StoreError) in
                    try file.tidy(due, in: cell, rows: rows)
                }
                isMoved = true
            }
            // The journal still has the pages of before.
            if isMoved { try withFile { file throws(StoreError) in try file.settle() } }
        }
    }
}
