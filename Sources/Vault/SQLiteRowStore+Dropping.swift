import Disk
import GRDB
public import Plates
import Synchronization

// How a day goes, with all of its files.
extension SQLiteRowStore {
    /// Drops a day. (1) It is noted as dead, durably: if we crash here, `open` goes on with (2).
    /// (2) Its files are closed and removed with their journals, and the folder is synchronized.
    ///
    /// On a full disk, where nothing can be noted, (2) comes first and makes room for (1). If we crash
    /// between, the day is merely gone: whose word it is that it is dead, the log's, says so still.
    public func expire(_ day: Day) throws(StoreError) {
        do throws(StoreError) {
            try note(day)
        } catch {
            guard error.code == SQLiteFile.full else { throw error }
            try drop(day)
            return try note(day)
        }
        try drop(day)
    }

    private func note(_ day: Day) throws(StoreError) {
        try main.write {
            try $0.execute(
                sql: "INSERT OR IGNORE INTO dead VALUES (?)", arguments: [Int64(day.number)])
        }
        dead.withLock { _ = $0.insert(day) }
    }

    /// Nobody finds the day from here on; whoever has found it before is waited for, and finds it
    /// dead the next time. A file that cannot be removed keeps no other one: what is left is tried
    /// again whenever the day is dropped, and until then the day is among `days`.
    private func drop(_ day: Day) throws(StoreError) {
        undropped.withLock { _ = $0.insert(day) }
        var failure: StoreError?
        func attempt(_ body: () throws(StoreError) -> Void) {
            do throws(StoreError) {
                try body()
            } catch {
                failure = failure ?? error
            }
        }
        if let store = living.withLock({ $0.removeValue(forKey: day) }) {
            attempt { () throws(StoreError) in try store.close() }
        }
        attempt { () throws(StoreError) in
            try photoFiles.withLock { files throws(StoreError) in
                try files.removeValue(forKey: day)?.close()
            }
        }
        let names = try SQLiteFile.disk { () throws(DiskError) in try fileSystem.list(folder) }
        for name in names where Self.day(of: name) == day {
            attempt { () throws(StoreError) in
                try SQLiteFile.disk { () throws(DiskError) in
                    try fileSystem.remove(folder + "/" + name)
                }
            }
        }
        attempt { () throws(StoreError) in
            try SQLiteFile.disk { () throws(DiskError) in try fileSystem.synchronize(folder) }
        }
        if let failure { throw failure }
        undropped.withLock { _ = $0.remove(day) }
    }

    /// The day of a file of the store; nil for those that are of none.
    private static func day(of name: String) -> Day? {
        let number = number(of: name, "day") ?? number(of: name, "photos")
        return (number ?? ArrivingDay.number(of: name) ?? BlockFile.number(of: name))
            .map { Day(number: $0) }
    }
}
