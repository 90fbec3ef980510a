public import Custody
import Disk
public import Plates

/// The clocks of a deployment: the machine's, or for a `.demo` origin simulated ones whose hands
/// stand in a file and are moved by command.
///
///     wall 1772452800000
///     boot 86400000
///     boots 1
public final class Clocks {
    /// What the custodians read.
    public let source: any ClockSource
    private let simulated: SimulatedClockSource?
    private let path: String
    private let fileSystem: any FileSystem
    private var boots: UInt64

    /// The wall clock's time.
    public var now: Timestamp { source.wall }

    /// Makes the clocks of a new deployment. Throws what the disk and the clocks throw.
    static func create(
        _ path: String, origin: String, start: Timestamp, fileSystem: any FileSystem
    ) throws -> Clocks {
        guard origin.hasSuffix(".demo") else {
            return Clocks(try SystemClockSource(), nil, path, fileSystem, 1)
        }
        let source = try SimulatedClockSource(origin: origin, wall: start)
        let clocks = Clocks(source, source, path, fileSystem, 1)
        try clocks.save()
        return clocks
    }

    /// The clocks of a deployment that exists. Throws `clock-malformed` for a file that `save` did
    /// not write.
    static func open(
        _ path: String, origin: String, fileSystem: any FileSystem
    ) throws -> Clocks {
        guard origin.hasSuffix(".demo") else {
            return Clocks(try SystemClockSource(), nil, path, fileSystem, 1)
        }
        let text = String(decoding: try fileSystem.read(path), as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 6, words[0] == "wall", words[2] == "boot", words[4] == "boots",
            let wall = Int64(words[1]), let boot = Int64(words[3]), let boots = UInt64(words[5])
        else {
            throw EmbeddedError(
                code: "clock-malformed", sentence: "\(path) does not hold wall, boot and boots")
        }
        let source = try SimulatedClockSource(
            origin: origin, wall: Timestamp(milliseconds: wall), boot: boot, boots: boots)
        return Clocks(source, source, path, fileSystem, boots)
    }

    private init(
        _ source: any ClockSource, _ simulated: SimulatedClockSource?, _ path: String,
        _ fileSystem: any FileSystem, _ boots: UInt64
    ) {
        self.source = source
        self.simulated = simulated
        self.path = path
        self.fileSystem = fileSystem
        self.boots = boots
    }

    /// Lets simulated time pass. Throws `clock-real` for a deployment that is not a `.demo`, and
    /// `clock-backwards` for a negative time.
    public func pass(milliseconds: Int64) throws {
        guard let simulated else {
            throw EmbeddedError(
                code: "clock-real",
                sentence: "only a .demo deployment has clocks that can be moved")
        }
        guard milliseconds >= 0 else {
            throw EmbeddedError(code: "clock-backwards", sentence: "time does not go back")
        }
        simulated.pass(milliseconds: milliseconds)
        try save()
    }

    private func save() throws {
        let text = "wall \(source.wall.milliseconds)\nboot \(source.boot)\nboots \(boots)\n"
        try fileSystem.replace(path, Array(text.utf8))
    }
}
