// The words of the domain: values that travel, and their one encoding. No keys, no I/O, no clocks.
//
// Entry points: `Timestamp`, `Day`, `Hour` (this file), `Cell`, `Plate` (Docs/Spec/Plate.md),
// `Read` (Docs/Spec/Read.md), `RowContext` and `SealedRow` (Docs/Spec/Row.md), `Threshold`.
// This target never reads a clock and never asks a Unicode library about a plate.

/// An instant, in milliseconds since 1970-01-01T00:00:00Z, leap seconds left out as in POSIX time.
public struct Timestamp: Comparable, Hashable, Sendable {
    /// Milliseconds since 1970-01-01 UTC; negative before.
    public var milliseconds: Int64

    /// An instant from milliseconds since 1970-01-01 UTC.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// An instant from whole seconds since 1970-01-01 UTC; saturates at the ends of the range.
    public init(seconds: Int64) { self.init(milliseconds: saturatingProduct(seconds, 1_000)) }

    /// The UTC hour that holds this instant; instants before 1970 give hour 0.
    public var hour: Hour {
        Hour(number: UInt32(clamping: max(milliseconds, 0) / 3_600_000))
    }

    /// The UTC day that holds this instant; instants before 1970 give day 0.
    public var day: Day { Day(number: UInt32(clamping: max(milliseconds, 0) / 86_400_000)) }

    /// This instant and some milliseconds more (or fewer); saturates at the ends of the range.
    public func adding(milliseconds more: Int64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(more)
        return Timestamp(milliseconds: overflow ? (more < 0 ? .min : .max) : sum)
    }

    /// This instant and some seconds more (or fewer).
    public func adding(seconds: Int64) -> Timestamp {
        adding(milliseconds: saturatingProduct(seconds, 1_000))
    }

    /// This instant and some minutes more (or fewer).
    public func adding(minutes: Int64) -> Timestamp {
        adding(milliseconds: saturatingProduct(minutes, 60_000))
    }

    /// This instant and some hours more (or fewer).
    public func adding(hours: Int64) -> Timestamp {
        adding(milliseconds: saturatingProduct(hours, 3_600_000))
    }

    /// This instant and some days of 24 hours more (or fewer).
    public func adding(days: Int64) -> Timestamp {
        adding(milliseconds: saturatingProduct(days, 86_400_000))
    }

    /// Milliseconds from `earlier` to this instant; saturates.
    public func milliseconds(since earlier: Timestamp) -> Int64 {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return overflow ? (milliseconds < earlier.milliseconds ? .min : .max) : difference
    }

    /// The earlier instant first.
    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }
}

/// A UTC day, counted from 1970-01-01.
public struct Day: Comparable, Hashable, Sendable {
    /// Days since 1970-01-01 UTC.
    public let number: UInt32

    /// A day from its number.
    public init(number: UInt32) { self.number = number }

    /// The first instant of the day.
    public var start: Timestamp { Timestamp(milliseconds: Int64(number) * 86_400_000) }
    /// The first instant after the day.
    public var end: Timestamp { start.adding(days: 1) }
    /// The day after; the last day that can be written follows itself.
    public var next: Day { adding(1) }
    /// The 24 hours of the day, in order.
    public var hours: [Hour] { (0..<24).map { Hour(number: (number &* 24) &+ $0) } }

    /// Some days later (or earlier); saturates at day 0 and at the last that can be written.
    public func adding(_ days: Int64) -> Day {
        let (sum, overflow) = Int64(number).addingReportingOverflow(days)
        return Day(number: overflow ? (days < 0 ? 0 : .max) : UInt32(clamping: sum))
    }

    /// The earlier day first.
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// A UTC hour, counted from 1970-01-01T00Z.
public struct Hour: Comparable, Hashable, Sendable {
    /// Hours since 1970-01-01T00Z.
    public let number: UInt32

    /// An hour from its number.
    public init(number: UInt32) { self.number = number }

    /// An hour of a day; nil where `hourOfDay` is above 23 or the number has no room.
    public init?(day: Day, hourOfDay: UInt8) {
        let number = UInt64(day.number) * 24 + UInt64(hourOfDay)
        guard hourOfDay < 24, let short = UInt32(exactly: number) else { return nil }
        self.number = short
    }

    /// The day of the hour.
    public var day: Day { Day(number: number / 24) }
    /// 0 to 23.
    public var hourOfDay: UInt8 { UInt8(number % 24) }
    /// The first instant of the hour.
    public var start: Timestamp { Timestamp(milliseconds: Int64(number) * 3_600_000) }
    /// The first instant after the hour.
    public var end: Timestamp { start.adding(hours: 1) }
    /// The hour after.
    public var next: Hour { adding(1) }

    /// Some hours later (or earlier); saturates at hour 0 and at the last that can be written.
    public func adding(_ hours: Int64) -> Hour {
        let (sum, overflow) = Int64(number).addingReportingOverflow(hours)
        return Hour(number: overflow ? (hours < 0 ? 0 : .max) : UInt32(clamping: sum))
    }

    /// The earlier hour first.
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

private func saturatingProduct(_ left: Int64, _ right: Int64) -> Int64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? (left < 0 ? .min : .max) : product
}
