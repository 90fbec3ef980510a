import Glibc
public import Plates
import Synchronization

/// The two clocks of a machine, as readings.
public protocol ClockSource: Sendable {
    /// The wall clock; whoever keeps the time of the machine can set it at will.
    var wall: Timestamp { get }
    /// Milliseconds since the machine started, sleep included; runs evenly, starts anew at a boot.
    var boot: Int64 { get }
    /// 16 bytes that are other ones after each boot.
    var bootID: [UInt8] { get }
    /// All three of one moment.
    var reading: (wall: Timestamp, boot: Int64, bootID: [UInt8]) { get }
}

extension ClockSource {
    /// One after the other, the boot clock last: what passes between is then counted once. Read the
    /// other way round, a machine that was held there would count it again at the next reading, and
    /// a custodian's clock would be ahead of the time.
    public var reading: (wall: Timestamp, boot: Int64, bootID: [UInt8]) {
        let (wall, id) = (wall, bootID)
        return (wall, boot, id)
    }
}

/// The machine's own clocks: CLOCK_REALTIME, CLOCK_BOOTTIME and the kernel's boot id.
public struct SystemClockSource: ClockSource {
    public let bootID: [UInt8]

    /// The machine's clocks. Throws `clock-missing` where the kernel names no boot.
    public init() throws(CustodyError) {
        guard let file = fopen("/proc/sys/kernel/random/boot_id", "r") else {
            throw Self.missing
        }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 36)
        guard fread(&text, 1, 36, file) == 36 else { throw Self.missing }
        // The text is a UUID: 32 hex digits and four hyphens.
        let digits = text.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 32 else { throw Self.missing }
        bootID = stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    public var wall: Timestamp { Timestamp(milliseconds: Self.read(CLOCK_REALTIME)) }
    public var boot: Int64 { Self.read(CLOCK_BOOTTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static var missing: CustodyError {
        CustodyError(
            code: "clock-missing",
            sentence: "the kernel gives no boot id in /proc; a custodian needs one")
    }
}

/// Clocks that stand still until they are moved by command; only for origins that end in `.demo`.
public final class SimulatedClockSource: ClockSource {
    private struct Hands {
        var wall: Int64
        var boot: Int64
        var boots: UInt64
    }

    private let hands: Mutex<Hands>

    /// Clocks that show `wall`, `boot` milliseconds after the machine's `boots`-th start.
    /// Throws `clock-simulated` for an origin that does not end in `.demo`: nobody may move the
    /// time of a custodian that guards real reads.
    public init(
        origin: String, wall: Timestamp, boot: Int64 = 0, boots: UInt64 = 1
    ) throws(CustodyError) {
        guard origin.hasSuffix(".demo") else {
            throw CustodyError(
                code: "clock-simulated",
                sentence: "simulated clocks are for origins that end in .demo, not for \(origin)")
        }
        hands = Mutex(Hands(wall: wall.milliseconds, boot: boot, boots: boots))
    }

    public var wall: Timestamp { Timestamp(milliseconds: hands.withLock { $0.wall }) }
    public var boot: Int64 { hands.withLock { $0.boot } }
    public var bootID: [UInt8] {
        let boots = hands.withLock { $0.boots }
        return [UInt8](repeating: 0, count: 8) + (0..<8).map { UInt8(boots >> (56 - 8 * $0) & 255) }
    }

    /// Lets time pass: both clocks move by `milliseconds`; nothing where that is negative.
    public func pass(milliseconds: Int64) {
        hands.withLock { hands in
            hands.wall = hands.wall.advanced(milliseconds)
            hands.boot = hands.boot.advanced(milliseconds)
        }
    }

    /// Sets the wall clock alone, as a time server might.
    public func setWall(_ time: Timestamp) {
        hands.withLock { $0.wall = time.milliseconds }
    }

    /// A power-off of `milliseconds`: the boot clock starts at zero under a new boot id.
    public func reboot(after milliseconds: Int64) {
        hands.withLock { hands in
            hands.wall = hands.wall.advanced(milliseconds)
            hands.boot = 0
            hands.boots += 1
        }
    }
}

extension Int64 {
    /// Some milliseconds later, never earlier; stays at the end of the range.
    fileprivate func advanced(_ milliseconds: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(Swift.max(0, milliseconds))
        return overflow ? .max : sum
    }
}
