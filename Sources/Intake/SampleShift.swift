public import Plates

/// Recorded messages brought to another time: parsed, their times moved, written again. The order
/// and the distances between the times stay; what the messages say about plates stays.
///
/// Sample deployments replay recorded reads with it, because a plate that was seen months ago
/// belongs to no day that still has keys.
public struct SampleShift: Sendable {
    /// The keys whose milliseconds are moved, wherever they stand.
    static let keys: Set<String> = ["epoch_time", "epoch_start", "epoch_end"]

    /// Milliseconds that are added to every time.
    public let difference: Int64

    /// A shift by some milliseconds.
    public init(difference: Int64) { self.difference = difference }

    /// The shift that brings the earliest time of some messages to `start`; nil where no message
    /// has a time. Messages that are no JSON are left to the reception to refuse.
    public init?(bringing messages: [[UInt8]], to start: Timestamp) {
        let times = messages.compactMap { try? JSON(parsing: $0) }.flatMap(Self.times)
        guard let first = times.min() else { return nil }
        difference = start.milliseconds(since: Timestamp(milliseconds: first))
    }

    /// The message with its times moved, in the one order of sorted keys; the same bytes where it
    /// is no JSON.
    public func shift(_ message: [UInt8]) -> [UInt8] {
        guard let json = try? JSON(parsing: message),
            let text = try? moved(json, key: nil).text()
        else { return message }
        return text
    }

    /// The latest time of a message after the shift, for a replay in step with the recording; nil
    /// where it has none.
    public func time(of message: [UInt8]) -> Timestamp? {
        guard let json = try? JSON(parsing: message), let last = Self.times(json).max() else {
            return nil
        }
        return Timestamp(milliseconds: last).adding(milliseconds: difference)
    }

    private func moved(_ json: JSON, key: String?) -> JSON {
        switch json {
        case .object(let members):
            var result = members
            for (key, value) in members { result[key] = moved(value, key: key) }
            return .object(result)
        case .array(let items): return .array(items.map { moved($0, key: nil) })
        case .whole, .fraction:
            guard let key, Self.keys.contains(key), let time = json.integer else { return json }
            let later = Timestamp(milliseconds: time).adding(milliseconds: difference)
            return .whole(later.milliseconds)
        default: return json
        }
    }

    private static func times(_ json: JSON) -> [Int64] {
        switch json {
        case .object(let members):
            members.flatMap { key, value in
                if keys.contains(key), let time = value.integer { return [time] }
                return times(value)
            }
        case .array(let items): items.flatMap(times)
        default: []
        }
    }
}
