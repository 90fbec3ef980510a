public import Disk
import Glibc

/// One program at a time in a folder: two that write the same files would damage them.
public enum ProgramLock {
    /// 60: seconds that a program waits for the one before it to end.
    public static let patience = 60

    /// Takes a folder for this program, until the lock is let go of or the program ends, however it
    /// ends. Throws `already-running` where another one still has it after so many seconds.
    public static func take(
        _ folder: String, disk: any FileSystem, seconds: Int = patience
    ) throws(HostingError) -> DiskLock {
        for round in 0...(seconds * 10) {
            if round > 0 { usleep(100_000) }
            do throws(DiskError) {
                if let lock = try disk.lock(folder + "/running.lock") { return lock }
            } catch {
                throw HostingError(code: error.code, sentence: error.sentence)
            }
        }
        throw HostingError(
            code: "already-running",
            sentence: "another program works in \(folder); end it first, or wait until it has ended"
        )
    }
}
