// Instants, days and hours as text (ISO 8601, UTC only). The parsers accept only what is written
// here, so that a text that was accepted comes out again unchanged.

extension Timestamp {
    /// Such as `2026-11-23T14:05:09.123Z`; always three decimals.
    public var text: String {
        let (dayNumber, inDay) = floored(milliseconds, by: 86_400_000)
        let seconds = inDay / 1_000
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60]
            .map { padded($0, 2) }.joined(separator: ":")
        return "\(civilText(dayNumber))T\(clock).\(padded(inDay % 1_000, 3))Z"
    }

    /// The instant of a text such as `2026-11-23T14:05:09.123Z`; nil for every other spelling.
    public init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, let day = Day(text: String(text.prefix(10))),
            let hour = decimal(bytes[11..<13]), let minute = decimal(bytes[14..<16]),
            let second = decimal(bytes[17..<19]), let thousandth = decimal(bytes[20..<23])
        else { return nil }
        let seconds = (hour * 60 + minute) * 60 + second
        let value = day.start.adding(milliseconds: seconds * 1_000 + thousandth)
        guard value.text == text else { return nil }
        self = value
    }
}

extension Day {
    /// Such as `2026-11-23`.
    public var text: String { civilText(Int64(number)) }

    /// The day of a text such as `2026-11-23`; nil for every other spelling and before 1970.
    public init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, let year = decimal(bytes[0..<4]),
            let month = decimal(bytes[5..<7]), let day = decimal(bytes[8..<10]),
            (1...12).contains(month),
            let days = UInt32(exactly: dayNumber(year: year, month: month, day: day))
        else { return nil }
        self.init(number: days)
        guard self.text == text else { return nil }
    }
}

extension Hour {
    /// Such as `2026-11-23T14Z`.
    public var text: String { "\(day.text)T\(padded(Int64(hourOfDay), 2))Z" }

    /// The hour of a text such as `2026-11-23T14Z`; nil for every other spelling.
    public init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 14, let day = Day(text: String(text.prefix(10))),
            let hour = decimal(bytes[11..<13]),
            let value = Hour(day: day, hourOfDay: UInt8(hour)), value.text == text
        else { return nil }
        self = value
    }
}

extension Timestamp: CustomStringConvertible {
    /// The same as `text`.
    public var description: String { text }
}

extension Day: CustomStringConvertible {
    /// The same as `text`.
    public var description: String { text }
}

extension Hour: CustomStringConvertible {
    /// The same as `text`.
    public var description: String { text }
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Decimal digits only; nil where another byte stands among them.
private func decimal(_ digits: ArraySlice<UInt8>) -> Int64? {
    digits.reduce(Int64?(0)) { value, digit in
        guard let value, (0x30...0x39).contains(digit) else { return nil }
        return value * 10 + Int64(digit - 0x30)
    }
}

private func floored(_ value: Int64, by divisor: Int64) -> (quotient: Int64, rest: Int64) {
    let rest = (value % divisor + divisor) % divisor
    return (value / divisor - (value % divisor < 0 ? 1 : 0), rest)
}

/// The proleptic Gregorian date of a day number, in eras of 400 years that begin on 1 March.
private func civilText(_ dayNumber: Int64) -> String {
    let (era, dayOfEra) = floored(dayNumber + 719_468, by: 146_097)
    let yearOfEra =
        (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
}

private func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = floored(shifted, by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
}
