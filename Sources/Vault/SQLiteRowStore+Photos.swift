public import Plates
public import Rows
import Synchronization

// Photos: files of their own, under a lock of their own.
extension SQLiteRowStore {
    public func keep(
        _ photos: [PhotoDelivery], admission: Admission
    ) throws(StoreError) -> Kept {
        do throws(StoreError) {
            let over = try over(Set(photos.map(\.cell)))
            return try photoFiles.withLock { files throws(StoreError) in
                for photo in photos {
                    try checkAlive(photo.cell.hour.day)
                    try admission.check(photo.cell)
                }
                guard let day = photos.first?.cell.hour.day else { return .again }
                guard photos.allSatisfy({ $0.cell.hour.day == day }) else {
                    throw PhotoRules.severalDays
                }
                return try photoFile(day, &files).keep(
                    photos, limit: PhotoRules.share(of: photoLimit, admission), over: over)
            }
        } catch {
            try counted(error)
            throw error
        }
    }

    /// Those of the cells of which the late tree is closed.
    private func over(_ cells: Set<Cell>) throws(StoreError) -> Set<Cell> {
        Set(cells.filter { day($0.hour.day)?.isClosed(CellTreeID(cell: $0, kind: .late)) ?? false })
    }

    public func photos(of label: Label, in cell: Cell) throws(StoreError) -> [SealedPhoto] {
        guard !(try isDead(cell.hour.day)) else { return [] }
        return try photoFiles.withLock { files throws(StoreError) in
            try files[cell.hour.day]?.photos(cell, label) ?? []
        }
    }

    public func photoLabels(in cell: Cell) throws(StoreError) -> Set<Label> {
        guard !(try isDead(cell.hour.day)) else { return [] }
        return try photoFiles.withLock { files throws(StoreError) in
            try files[cell.hour.day]?.labels(cell) ?? []
        }
    }

    /// The day's file of photos, made at its first one.
    private func photoFile(
        _ day: Day, _ files: inout [Day: PhotoFile]
    ) throws(StoreError) -> PhotoFile {
        if let file = files[day] { return file }
        let file = try PhotoFile.create(newPath("photos", day), fileSystem)
        files[day] = file
        return file
    }
}
