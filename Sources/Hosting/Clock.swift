public import Disk
import Glibc
public import Plates

/// What time it is for a program: the machine's, or a `.demo`'s simulated one.
public enum ProgramClock: Sendable {
    /// CLOCK_REALTIME.
    case machine
    /// Hands in a file.
    case demo(DemoClock)

    /// The clock of a deployment: simulated where a file is named. Throws `clock-simulated`,
    /// `clock-malformed`.
    public init(file: String?, origin: String, disk: any FileSystem) throws(HostingError) {
        guard let file else {
            self = .machine
            return
        }
        self = .demo(try DemoClock(file, origin: origin, disk: disk))
    }

    /// The wall clock's time.
    public var now: Timestamp {
        switch self {
        case .demo(let clock): return clock.wall
        case .machine: return Timestamp(milliseconds: Machine.milliseconds(CLOCK_REALTIME))
        }
    }
}

/// The machine's own clocks.
enum Machine {
    /// A reading in milliseconds.
    static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
