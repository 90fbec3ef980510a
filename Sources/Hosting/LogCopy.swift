public import Disk
import Ledger
public import Warrants
public import Wire

/// A party's own copy of the log, in a folder of its own; a custodian's program has its mirror
/// besides, which nobody else touches. Nobody but the party reads its copy, so that it keeps no tiles
/// (`Mirror.writeTiles` makes them).
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
        // The journal makes the folder a mirror; without it a creation was cut off.
        try disk.size(path + "/journal") != nil
            ? try Mirror.openOwn(
                at: path, origin: roster.origin, logKey: roster.logKey, fileSystem: disk)
            : try Mirror.createOwn(
                at: path, origin: roster.origin, logKey: roster.logKey, fileSystem: disk)
    }
}
