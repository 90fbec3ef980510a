public import Disk
import Glibc
public import Plates
import Synchronization

/// The clocks of a `.demo` deployment whose parties are processes of their own: the hands stand in
/// a file that all of them read, and are moved by command. Once started they run with the real time.
///
///     wall 1772452800000
///     boot 86400000
///     boots 1
///     since 5021337
///
/// `since` is CLOCK_BOOTTIME in milliseconds when the hands stood so; without it they stand still.
public final class DemoClock: Sendable {
    /// What the file says.
    public struct Hands: Hashable, Sendable {
        /// The wall clock, milliseconds since 1970.
        public var wall: Int64
        /// Milliseconds since the simulated boot.
        public var boot: Int64
        /// How many boots there were.
        public var boots: UInt64
        /// The real boot clock when the hands stood so; nil while they stand still.
        public var since: Int64?

        /// Hands of their parts.
        public init(wall: Int64, boot: Int64, boots: UInt64, since: Int64?) {
            self.wall = wall
            self.boot = boot
            self.boots = boots
            self.since = since
        }

        /// The file's text.
        public var text: String {
            "wall \(wall)\nboot \(boot)\nboots \(boots)\n" + (since.map { "since \($0)\n" } ?? "")
        }

        /// Hands from a file's text; nil for a text that `text` does not write.
        public init?(text: String) {
            let words = text.split(whereSeparator: \.isWhitespace)
            guard words.count == 6 || words.count == 8, words[0] == "wall", words[2] == "boot",
                words[4] == "boots", let wall = Int64(words[1]), let boot = Int64(words[3]),
                let boots = UInt64(words[5])
            else { return nil }
            self.init(wall: wall, boot: boot, boots: boots, since: nil)
            if words.count == 8 {
                guard words[6] == "since", let since = Int64(words[7]) else { return nil }
                self.since = since
            }
            guard self.text == text else { return nil }
        }

        /// The hands as they stand at a reading of the real boot clock.
        public func running(at real: Int64) -> Hands {
            guard let since, real > since else { return self }
            return Hands(
                wall: wall + (real - since), boot: boot + (real - since), boots: boots, since: real)
        }
    }

    private let path: String
    private let disk: any FileSystem
    /// The hands that could be read last, and the text that said so, which mostly is the same again.
    private let last: Mutex<(hands: Hands, text: [UInt8])>

    /// Makes the file of clocks that stand at a time. Throws what the disk throws.
    public static func create(
        _ path: String, at start: Timestamp, disk: any FileSystem
    ) throws(DiskError) {
        let hands = Hands(wall: start.milliseconds, boot: 0, boots: 1, since: nil)
        try disk.replace(path, Array(hands.text.utf8))
    }

    /// Clocks in a file. Throws `clock-simulated` for an origin that does not end in `.demo`, and
    /// `clock-malformed`.
    public init(
        _ path: String, origin: String, disk: any FileSystem
    ) throws(HostingError) {
        guard origin.hasSuffix(".demo") else {
            throw HostingError(
                code: "clock-simulated",
                sentence: "simulated clocks are for origins that end in .demo, not for \(origin)")
        }
        guard let bytes = try? disk.read(path),
            let hands = Hands(text: String(decoding: bytes, as: UTF8.self))
        else {
            throw HostingError(
                code: "clock-malformed", sentence: "\(path) does not hold wall, boot and boots")
        }
        self.path = path
        self.disk = disk
        last = Mutex((hands, bytes))
    }

    /// The hands now; the last ones that could be read where the file is being replaced.
    public var hands: Hands { last.withLock { read(&$0) } }

    /// Reads the file while nobody else of this program does: a reading that was overtaken by a newer
    /// one must not come back as the last.
    private func read(_ last: inout (hands: Hands, text: [UInt8])) -> Hands {
        if let bytes = try? disk.read(path), bytes != last.text,
            let read = Hands(text: String(decoding: bytes, as: UTF8.self))
        {
            last = (read, bytes)
        }
        return last.hands.running(at: Self.realBoot)
    }

    /// The wall clock.
    public var wall: Timestamp { Timestamp(milliseconds: hands.wall) }

    /// Milliseconds since the simulated boot.
    public var boot: Int64 { hands.boot }

    /// 16 bytes that are other ones after each simulated boot.
    public var bootID: [UInt8] { Self.bootID(hands) }

    private static func bootID(_ hands: Hands) -> [UInt8] {
        [UInt8](repeating: 0, count: 8) + (0..<8).map { UInt8(hands.boots >> (56 - 8 * $0) & 255) }
    }

    /// All three of one moment: the hands may be moved between two readings.
    public var reading: (wall: Timestamp, boot: Int64, bootID: [UInt8]) {
        let hands = hands
        return (Timestamp(milliseconds: hands.wall), hands.boot, Self.bootID(hands))
    }

    /// The machine's CLOCK_BOOTTIME in milliseconds.
    public static var realBoot: Int64 { Machine.milliseconds(CLOCK_BOOTTIME) }

    /// Moves the hands and keeps them running or standing as they were. Throws what the disk throws.
    public func pass(milliseconds: Int64) throws(DiskError) {
        try set { hands in
            hands.wall += max(0, milliseconds)
            hands.boot += max(0, milliseconds)
        }
    }

    /// Starts or stops the hands. Throws what the disk throws.
    public func run(_ isRunning: Bool) throws(DiskError) {
        try set { $0.since = isRunning ? $0.since ?? Self.realBoot : nil }
    }

    /// From the hands as they are to others, with nobody in between.
    private func set(_ change: (inout Hands) -> Void) throws(DiskError) {
        try last.withLock { last throws(DiskError) in
            var hands = read(&last)
            change(&hands)
            let bytes = Array(hands.text.utf8)
            try disk.replace(path, bytes)
            last = (hands, bytes)
        }
    }
}
