public import Disk
import Ledger
public import Warrants
public import Wire

/// A party's own copy of the log, in a folder of its own.
public enum LogCopy {
    /// The copy in a folder, made where there is none yet. Throws what a damaged one throws.
    public static func open(
        in folder: String, trusting roster: Roster, disk: any FileSystem
    ) throws -> Follower {
        let path = folder + "/mirror"
        let isThere = try disk.size(path) != nil
        let mirror =
            isThere
            ? try Mirror.open(
                at: path, origin: roster.origin, logKey: roster.logKey, fileSystem: disk)
            : try Mirror.create(
                at: path, origin: roster.origin, logKey: roster.logKey, fileSystem: disk)
        return try Follower(mirror: mirror, trusting: roster)
    }
}
