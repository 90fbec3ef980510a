public import Bytes
public import Plates

/// The one clock of a custodian (DESIGN section 3): runs at 0.999 to 2 times the boot clock towards
/// the wall clock, never steps, never goes back.
///
/// A pure state machine: readings go in, the custodian's time comes out. Spec: Docs/Spec/Clock.md.
/// Wire form, 32 bytes: `u64(time, microseconds) ‖ u64(boot clock, milliseconds) ‖ boot id`.
public struct OneClock: Hashable, Sendable {
    /// 32: bytes of the wire form.
    public static let size = 32

    // Microseconds, so that 0.999 and 2 times a millisecond are whole numbers and nothing is lost
    // however often the clock is read.
    private var microseconds: Int64
    private var boot: Int64
    private var bootID: [UInt8]

    /// The custodian's time at the last reading.
    public var now: Timestamp {
        Timestamp(milliseconds: Self.floorDivided(microseconds, 1_000))
    }

    /// A clock without a past: takes the wall clock once. `confirmed` is the time that the
    /// custodian's administrator saw and confirmed. Throws `clock-unconfirmed` where the wall
    /// clock is more than ten minutes off it.
    public init(
        starting source: any ClockSource, confirmed: Timestamp
    ) throws(CustodyError) {
        let reading = source.reading
        let wall = reading.wall.milliseconds
        let off = wall.subtractingReportingOverflow(confirmed.milliseconds)
        guard !off.overflow, off.partialValue.magnitude <= 600_000,
            wall.magnitude < UInt64(Int64.max / 4_000)
        else {
            throw CustodyError(
                code: "clock-unconfirmed",
                sentence: "the machine's clock says something else than its administrator; set "
                    + "the clock, then confirm again")
        }
        microseconds = wall * 1_000
        boot = reading.boot
        bootID = reading.bootID
    }

    /// Takes new readings and returns the custodian's time.
    ///
    /// Within one boot the clock moves by 0.999 to 2 times what passed on the boot clock. Under another
    /// boot id nothing is known to have passed: the machine may have been started since, or it is
    /// another one, which ran all the time. There the wall clock decides, up to twice the boot clock and
    /// never by more than two days.
    @discardableResult
    public mutating func read(_ source: any ClockSource) -> Timestamp {
        let reading = source.reading
        guard reading.bootID == bootID else {
            bootID = reading.bootID
            boot = reading.boot
            let known = min(max(0, boot), Self.stepping)
            move(atLeast: 0, atMost: Self.multiplied(known, 2_000), wall: reading.wall)
            return now
        }
        let elapsed = reading.boot.subtractingReportingOverflow(boot)
        guard !elapsed.overflow, elapsed.partialValue > 0 else { return now }
        boot = reading.boot
        let passed = elapsed.partialValue
        move(
            atLeast: Self.multiplied(passed, 999), atMost: Self.multiplied(passed, 2_000),
            wall: reading.wall)
        return now
    }

    /// A day: how long after a boot the clock may still step forward, since the other custodians may
    /// come back only little by little; and what counts, at most, as passed on another boot's clock.
    private static let stepping: Int64 = 86_400_000

    /// Whether the last reading was within a day after a boot: how long the machine was off before,
    /// only others can say.
    public var mayStep: Bool { boot < Self.stepping }

    /// Steps forward, and only forward, to the t-th latest cosignature time of the *other*
    /// custodians, within a day after a boot. Later, or for a time in the past, nothing changes.
    ///
    /// Takes new readings first: what has passed since the last ones is within the others' time
    /// already. Left to the next reading it would be counted twice, and custodians that step to one
    /// another would drive each other ahead of the time.
    public mutating func stepForward(trusted: Timestamp, reading source: any ClockSource) {
        read(source)
        guard mayStep else { return }
        microseconds = max(microseconds, Self.multiplied(trusted.milliseconds, 1_000))
    }

    /// Microseconds at least and at most.
    private mutating func move(atLeast least: Int64, atMost most: Int64, wall: Timestamp) {
        let target = Self.multiplied(wall.milliseconds, 1_000)
        microseconds = min(
            max(target, Self.added(microseconds, least)), Self.added(microseconds, most))
    }

    // Saturating arithmetic: readings come from outside and may be anything.
    private static func multiplied(_ value: Int64, _ factor: Int64) -> Int64 {
        let product = value.multipliedReportingOverflow(by: factor)
        return product.overflow ? (value < 0 ? .min : .max) : product.partialValue
    }

    private static func added(_ left: Int64, _ right: Int64) -> Int64 {
        let sum = left.addingReportingOverflow(right)
        return sum.overflow ? .max : sum.partialValue
    }

    private static func floorDivided(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - (divisor - 1)) / divisor
    }

    /// The wire form, 32 bytes.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.size)
        writer.u64(UInt64(bitPattern: microseconds))
        writer.u64(UInt64(bitPattern: boot))
        writer.raw(bootID)
        return writer.bytes
    }

    /// A clock from its wire form. Throws `bytes-short` or `bytes-trailing`.
    public init(wire bytes: [UInt8]) throws(BytesError) {
        var reader = ByteReader(bytes)
        microseconds = Int64(bitPattern: try reader.u64())
        boot = Int64(bitPattern: try reader.u64())
        bootID = try reader.raw(16)
        try reader.end()
    }
}
