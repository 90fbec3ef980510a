import Disk
import GRDB
import Glibc
public import Plates
import Synchronization

// How a day goes, with all of its files.
extension SQLiteRowStore {
    /// Dead days that may have files still; with their stores, until these are closed.
    struct Dying: Sendable {
        var days: Set<Day> = []
        var stores: [Day: DayStore] = [:]
    }

    /// 4 MiB: how much of a file of a dead day is given back to the disk at once.
    static let partSize: UInt64 = 4 << 20

    /// How long the disk is left to others after each part.
    public static let rest: @Sendable () -> Void = { usleep(4_000) }

    /// A day goes in two steps. (1) It is noted as dead, durably, and nobody finds it any more: if we
    /// crash here, `open` goes on with (2). (2) Its files are closed and removed with their journals,
    /// and the folder is synchronized. This is (1), whatever the day has.
    ///
    /// On a full disk, where nothing can be noted, (2) comes first and makes room for (1). If we crash
    /// between, the day is merely gone: whose word it is that it is dead, the log's, says so still.
    public func markDead(_ day: Day) throws(StoreError) {
        guard !(try isDead(day)) else { return }
        do throws(StoreError) {
            try note(day)
        } catch {
            guard error.code == SQLiteFile.full else { throw error }
            try drop(day)
            try note(day)
        }
        hide(day)
    }

    /// Drops a day: (1) where it has not been done, and (2), however long that takes.
    public func expire(_ day: Day) throws(StoreError) {
        try markDead(day)
        try drop(day)
    }

    private func note(_ day: Day) throws(StoreError) {
        try main.write {
            try $0.execute(
                sql: "INSERT OR IGNORE INTO dead VALUES (?)", arguments: [Int64(day.number)])
        }
        dead.withLock { _ = $0.insert(day) }
    }

    /// Nobody finds the day from here on. Who has found it before may be at work in it still.
    private func hide(_ day: Day) {
        living.withLock { living in
            let store = living.removeValue(forKey: day)
            dying.withLock { dying in
                dying.days.insert(day)
                if let store { dying.stores[day] = store }
            }
        }
    }

    /// Whoever has found the day before is waited for, and finds it dead the next time. A file that
    /// cannot be removed keeps no other one: what is left is tried again whenever the day is dropped,
    /// and until then the day is among `days`.
    ///
    /// One day is dropped after the other; nothing else of the store is locked for as long as it takes.
    private func drop(_ day: Day) throws(StoreError) {
        try dropping.withLock { _ throws(StoreError) in
            // Dropped by another thread meanwhile.
            guard try days().contains(day) else { return }
            hide(day)
            try removeFiles(of: day)
            dying.withLock { _ = $0.days.remove(day) }
        }
    }

    private func removeFiles(of day: Day) throws(StoreError) {
        var failure: StoreError?
        func attempt(_ body: () throws(StoreError) -> Void) {
            do throws(StoreError) {
                try body()
            } catch {
                failure = failure ?? error
            }
        }
        if let store = dying.withLock({ $0.stores.removeValue(forKey: day) }) {
            attempt { () throws(StoreError) in try store.close() }
        }
        // Taken out first: SQLite moves the journal into a file that is closed.
        if let photos = photoFiles.withLock({ $0.removeValue(forKey: day) }) {
            attempt { () throws(StoreError) in try photos.close() }
        }
        let names = try SQLiteFile.disk { () throws(DiskError) in try fileSystem.list(folder) }
        let isNoted = dead.withLock { $0.contains(day) }
        // Where nothing is noted the day is gone with its own file, whatever is left of the others.
        let own = "day-\(day.number).sqlite"
        let files = names.filter { Self.day(of: $0) == day && $0 != own }
        for name in names.filter({ $0 == own }) + files {
            attempt { () throws(StoreError) in
                try SQLiteFile.disk { () throws(DiskError) in
                    // Of a day that is not noted as dead a file is whole or gone.
                    if isNoted { try shrink(folder + "/" + name) }
                    try fileSystem.remove(folder + "/" + name)
                    if name == own, !isNoted { try fileSystem.synchronize(folder) }
                }
            }
            // Without its own file gone the others are still those of a day that lives.
            if failure != nil, !isNoted { break }
        }
        attempt { () throws(StoreError) in
            try SQLiteFile.disk { () throws(DiskError) in try fileSystem.synchronize(folder) }
        }
        if let failure { throw failure }
    }

    /// Cuts a file down to its first part, from its end: disks can take long over what is given back at
    /// once, and whoever writes meanwhile waits for it, the rows that arrive and the custodians' states
    /// too. If we crash here, it is the file of a dead day still, and nobody reads it.
    private func shrink(_ path: String) throws(DiskError) {
        var size = try fileSystem.size(path) ?? 0
        while size > Self.partSize {
            size = (size - 1) / Self.partSize * Self.partSize
            try fileSystem.truncate(path, to: size)
            rest()
        }
    }

    /// The day of a file of the store; nil for those that are of none.
    private static func day(of name: String) -> Day? {
        let number = number(of: name, "day") ?? number(of: name, "photos")
        return (number ?? ArrivingDay.number(of: name) ?? BlockFile.number(of: name))
            .map { Day(number: $0) }
    }
}
