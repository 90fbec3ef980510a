import CLinux
import CSodium
import Glibc

/// What every program does before it touches a secret: no core dump, no ptrace, and
/// memory that can really be locked. libsodium goes on silently where it cannot lock; this does not.
///
/// Swift's backtracer prints registers and memory after a crash. Its setting is read before `main`,
/// so that a program can only start itself anew with `SWIFT_BACKTRACE=enable=no`.
public enum ProcessHardening {
    /// 256 KiB: locked memory that must be there for a program to start at all.
    public static let leastLockable = 262_144

    /// Takes the process out of core dumps and ptrace and checks that `lockable` bytes of memory
    /// can be locked; they are released again. Throws `dumps-not-refused` or `memory-not-lockable`.
    public static func apply(lockable: Int = leastLockable) throws(SecretsError) {
        guard linux_refuse_dumps() == 0, linux_is_dumpable() == 0 else {
            throw SecretsError(
                code: "dumps-not-refused",
                sentence: "the system does not let this process refuse core dumps and ptrace")
        }
        guard sodium_init() >= 0, canLock(lockable) else {
            throw SecretsError(
                code: "memory-not-lockable",
                sentence: "\(lockable / 1_024) KiB of memory cannot be locked, so that keys could"
                    + " reach the swap; raise the limit (ulimit -l, LimitMEMLOCK=)")
        }
    }

    /// Whether the process refuses core dumps and ptrace now.
    public static var refusesDumps: Bool { linux_is_dumpable() == 0 }

    /// Whether the environment has turned Swift's backtraces off.
    public static var isBacktraceOff: Bool {
        guard let value = getenv("SWIFT_BACKTRACE") else { return false }
        return String(cString: value).split(separator: ",").contains("enable=no")
    }

    /// Starts the program anew, with the same arguments, unless backtraces are off already; to be
    /// called first of all. Goes on where the system cannot start it.
    public static func withoutBacktraces() {
        guard !isBacktraceOff else { return }
        setenv("SWIFT_BACKTRACE", "enable=no", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }

    private static func canLock(_ count: Int) -> Bool {
        let block = mmap(
            nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let block, block != UnsafeMutableRawPointer(bitPattern: -1) else { return false }
        let isLocked = mlock(block, count) == 0
        // Unmapping unlocks.
        munmap(block, count)
        return isLocked
    }
}
