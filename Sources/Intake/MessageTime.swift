// Times as messages write them. Which form a time has is known by its source (Docs/Spec/Intake.md):
// no function here looks at a number to find out its unit.

import Foundation
import Plates

enum MessageTime {
    /// An ISO 8601 text: `2025-11-24T10:00:00.123456+00:00`, `…Z`, a space for the `T`. A text
    /// without a zone is in `zone`; nil where there is none, or where anything else is odd.
    static func iso(_ text: String, zone: TimeZone?, near: Timestamp? = nil) -> Timestamp? {
        var rest = Array(text.utf8)[...]
        guard rest.count <= 40, rest.count >= 19 else { return nil }
        let head = Array(rest.prefix(19))
        guard head[10] == UInt8(ascii: "T") || head[10] == UInt8(ascii: " "),
            head[4] == 0x2d, head[7] == 0x2d, head[13] == 0x3a, head[16] == 0x3a
        else { return nil }
        let digits = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].flatMap { head[$0] }
        rest = rest.dropFirst(19)
        var thousandths: Int64 = 0
        if rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ",") {
            let fraction = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            guard (1...9).contains(fraction.count) else { return nil }
            let three = Array(fraction.prefix(3)) + [0x30, 0x30]
            thousandths = number(three.prefix(3)) ?? 0
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard let civil = civil(digits)?.adding(milliseconds: thousandths) else { return nil }
        if rest.isEmpty { return zone.map { local(civil, $0, near: near) } }
        if rest.elementsEqual([UInt8(ascii: "Z")]) { return civil }
        return offset(rest).map { civil.adding(milliseconds: -$0 * 60_000) }
    }

    /// A date and a time of digits, `20210611 130538252` or without the space or the thousandths,
    /// in a zone.
    static func split(_ text: String, zone: TimeZone?, near: Timestamp? = nil) -> Timestamp? {
        let digits = text.utf8.filter { $0 != 0x20 }
        guard let zone, digits.count == 14 || digits.count == 17,
            let civil = civil(Array(digits.prefix(14)))
        else { return nil }
        guard let thousandths = digits.count == 17 ? number(digits.suffix(3)) : 0 else {
            return nil
        }
        return local(civil.adding(milliseconds: thousandths), zone, near: near)
    }

    /// Float seconds since 1970, to the millisecond.
    static func seconds(_ value: Double?) -> Timestamp? {
        guard let value, (0...253_402_300_799).contains(value) else { return nil }
        return Timestamp(milliseconds: Int64((value * 1_000).rounded()))
    }

    /// Whole milliseconds since 1970.
    static func milliseconds(_ value: Int64?) -> Timestamp? {
        guard let value, (0...253_402_300_799_999).contains(value) else { return nil }
        return Timestamp(milliseconds: value)
    }

    /// Minutes of `+08:00`, `-0330` or `+08`.
    private static func offset(_ text: ArraySlice<UInt8>) -> Int64? {
        guard let sign = text.first, sign == 0x2b || sign == 0x2d else { return nil }
        var digits = Array(text.dropFirst())
        if digits.count == 5, digits[2] == 0x3a { digits.remove(at: 2) }
        guard digits.count == 2 || digits.count == 4, let hours = number(digits.prefix(2)),
            let minutes = digits.count == 4 ? number(digits.suffix(2)) : 0,
            hours <= 14, minutes < 60
        else { return nil }
        return (sign == 0x2d ? -1 : 1) * (hours * 60 + minutes)
    }

    /// Fourteen digits as if in UTC. A leap second is the last one before it.
    private static func civil(_ digits: [UInt8]) -> Timestamp? {
        guard digits.count == 14 else { return nil }
        let date = [digits[0..<4], digits[4..<6], digits[6..<8]]
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
        guard let day = Day(text: date), let hour = number(digits[8..<10]),
            let minute = number(digits[10..<12]), let second = number(digits[12..<14]),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        return day.start.adding(
            milliseconds: ((hour * 60 + minute) * 60 + min(second, 59)) * 1_000)
    }

    /// The instant of a clock on the wall. The hour that a zone has twice is the one nearer to the
    /// receipt, or the first; a time that it leaves out counts on from before the gap.
    private static func local(
        _ civil: Timestamp, _ zone: TimeZone, near: Timestamp?
    ) -> Timestamp {
        let seconds = TimeInterval(civil.milliseconds / 1_000)
        let day: TimeInterval = 86_400
        let offsets = Set(
            [seconds - day, seconds + day].map {
                zone.secondsFromGMT(for: Date(timeIntervalSince1970: $0))
            })
        let instants = offsets.map { ($0, civil.adding(milliseconds: -Int64($0) * 1_000)) }
        let valid = instants.filter { offset, instant in
            let date = Date(timeIntervalSince1970: TimeInterval(instant.milliseconds) / 1_000)
            return zone.secondsFromGMT(for: date) == offset
        }.map(\.1).sorted()
        guard let first = valid.first else { return instants.map(\.1).max() ?? civil }
        guard let near, valid.count > 1 else { return first }
        return valid.min {
            $0.milliseconds(since: near).magnitude < $1.milliseconds(since: near).magnitude
        } ?? first
    }

    private static func number(_ digits: some Sequence<UInt8>) -> Int64? {
        digits.reduce(Int64?(0)) { value, digit in
            guard let value, (0x30...0x39).contains(digit) else { return nil }
            return value * 10 + Int64(digit - 0x30)
        }
    }
}
