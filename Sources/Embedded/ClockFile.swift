public import Custody
import Disk
public import Hosting
public import Plates

extension DemoClock: ClockSource {}

/// The clocks of a deployment: the machine's, or for a `.demo` origin simulated ones whose hands
/// stand in a file that all its programs read (`DemoClock`).
public final class Clocks {
    /// What the custodians read.
    public let source: any ClockSource
    private let simulated: DemoClock?

    /// The wall clock's time.
    public var now: Timestamp { source.wall }

    /// Makes the clocks of a new deployment. Throws what the disk and the clocks throw.
    static func create(
        _ path: String, origin: String, start: Timestamp, fileSystem: any FileSystem
    ) throws -> Clocks {
        if origin.hasSuffix(".demo") {
            try DemoClock.create(path, at: start, disk: fileSystem)
        }
        return try open(path, origin: origin, fileSystem: fileSystem)
    }

    /// The clocks of a deployment that exists. Throws `clock-malformed` for a file that is no
    /// `DemoClock`'s.
    static func open(
        _ path: String, origin: String, fileSystem: any FileSystem
    ) throws -> Clocks {
        guard origin.hasSuffix(".demo") else { return Clocks(try SystemClockSource(), nil) }
        let clock = try DemoClock(path, origin: origin, disk: fileSystem)
        return Clocks(clock, clock)
    }

    private init(_ source: any ClockSource, _ simulated: DemoClock?) {
        self.source = source
        self.simulated = simulated
    }

    /// Lets simulated time pass. Throws `clock-real` for a deployment that is not a `.demo`, and
    /// `clock-backwards` for a negative time.
    public func pass(milliseconds: Int64) throws {
        guard milliseconds >= 0 else {
            throw EmbeddedError(code: "clock-backwards", sentence: "time does not go back")
        }
        try hands().pass(milliseconds: milliseconds)
    }

    /// Lets the hands run with the real time, or stops them. Throws `clock-real`.
    public func run(_ isRunning: Bool) throws { try hands().run(isRunning) }

    private func hands() throws -> DemoClock {
        guard let simulated else {
            throw EmbeddedError(
                code: "clock-real",
                sentence: "only a .demo deployment has clocks that can be moved")
        }
        return simulated
    }
}
