public import Foundation
public import Plates

/// An instant for people: in UTC, and in a place's time where one is given. The module `time.js`
/// adds the reader's own.
public struct TimeText: Part {
    /// The instant.
    public var time: Timestamp
    /// The place's time zone.
    public var zone: TimeZone?
    /// How exact it is shown.
    public var grain: Grain

    /// How exact an instant is shown.
    public enum Grain: Sendable {
        /// The minute.
        case minute
        /// The hour: what a policy with `times` = `hour` allows to be known.
        case hour
    }

    /// The text of an instant.
    public init(_ time: Timestamp, in zone: TimeZone? = nil, grain: Grain = .minute) {
        self.time = time
        self.zone = zone
        self.grain = grain
    }

    /// Such as `2026-03-02 14:05 UTC`.
    public var utc: String { Self.clock(time, to: grain) + " UTC" }

    /// Such as `2026-03-02 09:05 America/New_York`; nil where no place was given.
    public var local: String? {
        guard let zone, !["GMT", "UTC", "Etc/UTC"].contains(zone.identifier)
        else { return nil }
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1_000)
        let there = time.adding(milliseconds: Int64(zone.secondsFromGMT(for: date)) * 1_000)
        return Self.clock(there, to: grain) + " " + zone.identifier
    }

    private static func clock(_ time: Timestamp, to grain: Grain) -> String {
        let text = time.text
        let minute = grain == .hour ? "00" : String(text.dropFirst(14).prefix(2))
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(2)):\(minute)"
    }

    /// For the partial `time`.
    public var values: Values {
        ["utc": .text(utc), "iso": .text(time.text), "local": .maybe(local)]
    }

    /// A length of time, such as `2 d 3 h`, `3 h 20 min`, `12 min`, `under a minute`.
    public static func length(_ milliseconds: Int64) -> String {
        let minutes = milliseconds / 60_000
        switch minutes {
        case ..<1: return "under a minute"
        case ..<60: return "\(minutes) min"
        case ..<1_440:
            return minutes % 60 == 0
                ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
        default:
            let hours = minutes / 60
            return hours % 24 == 0 ? "\(hours / 24) d" : "\(hours / 24) d \(hours % 24) h"
        }
    }
}
