public import Disk
import Ledger
public import Warrants
public import Wire

/// A party's own copy of the log, in a folder of its own; a custodian's program has its mirror
/// besides, which nobody else touches.
///
/// Programs that run at once for one party each have a copy: `log-copy`, `log-copy-2`, and so on. Who
/// comes first has the first one that nobody holds, for as long as its `Follower` lives.
public enum LogCopy {
    /// 16: programs of one party that may follow the log at once.
    public static let copies = 16

    /// The copy in a folder, made where there is none yet. Throws `folder-busy`, and what a damaged
    /// copy throws.
    public static func open(
        in folder: String, trusting roster: Roster, disk: any FileSystem
    ) throws -> Follower {
        try disk.makeFolder(folder)
        for number in 1...copies {
            let path = folder + (number == 1 ? "/log-copy" : "/log-copy-\(number)")
            guard let lock = try disk.lock(path + ".lock") else { continue }
            let mirror = try mirror(at: path, trusting: roster, disk: disk)
            return try Follower(mirror: mirror, trusting: roster, holding: lock)
        }
        throw HostingError(
            code: "folder-busy",
            sentence: "\(copies) programs follow the log in \(folder) already; end one of them")
    }

    private static func mirror(
        at path: String, trusting roster: Roster, disk: any FileSystem
    ) throws -> Mirror {
        func opened() throws(LedgerError) -> Mirror {
            try Mirror.open(
                at: path, origin: roster.origin, logKey: roster.logKey, fileSystem: disk)
        }
        // The journal makes the folder a mirror: where it is not there, a creation was cut off.
        guard try disk.size(path + "/journal") == nil else { return try opened() }
        do {
            return try Mirror.create(
                at: path, origin: roster.origin, logKey: roster.logKey, fileSystem: disk)
        } catch {
            // A checkpoint without its journal is another matter, which opening names.
            guard error.code == "mirror-exists" else { throw error }
            return try opened()
        }
    }
}
