public import Plates
import Rows
import Secrets
import Tokens
import Warrants

// The canary: one row of the reserved plate `*` a day, so that a drill can find out at any time
// whether all shares work (Docs/Spec/Gateway.md).
extension Gateway {
    /// The camera's name in a canary's read; no reader of the site need have it.
    static let canaryCamera = "canary"

    /// Seals the canary of the present UTC day, once its moment has come.
    ///
    /// The moment is drawn at random when the process first holds keys of the day: anywhere between
    /// the day's oldest hour that is open and has keys, and the last one. It is the read's time, so
    /// it says in which hour the row stands, among all others of that hour. A moment to come is
    /// waited for: call this about once a minute. One that is past is sealed at once, and where its
    /// hour was closed meanwhile another is drawn. A process that `isEnding` waits for nothing.
    ///
    /// Nothing is remembered on disk: a process that starts anew seals one more. Returns whether one
    /// was sealed now; throws what `take` throws, and is called again then.
    @discardableResult
    public func sealCanary(at now: Timestamp, isEnding: Bool = false) throws(IntakeRefusal) -> Bool
    {
        // A moment of yesterday that fell between two calls still counts, as long as its hour does.
        for day in [now.day.adding(-1), now.day] where canaries[day] != .sealed {
            if day == now.day, moment(of: day).map({ !canSeal($0.hour) }) ?? true {
                canaries[day] = draw(day, until: isEnding ? now : day.end)
            }
            if isEnding, let moment = moment(of: day), moment > now {
                canaries[day] = draw(day, until: now)
            }
            guard let moment = moment(of: day), moment <= now, canSeal(moment.hour) else {
                continue
            }
            try seal(try canary(seen: moment, at: now), at: now)
            canaries[day] = .sealed
            counts.canaries += 1
            return true
        }
        canaries = canaries.filter { $0.key >= now.day.adding(-1) }
        return false
    }

    private func moment(of day: Day) -> Timestamp? {
        if case .planned(let moment) = canaries[day] { moment } else { nil }
    }

    private func canSeal(_ hour: Hour) -> Bool {
        hour >= firstOpenHour && closings[.prompt]?[hour] == nil && holdsKeys(of: hour)
    }

    /// A moment of the day in an hour that can be sealed, before `end`; nil where there is none.
    private func draw(_ day: Day, until end: Timestamp) -> CanaryState? {
        let hours = day.hours.filter { $0.start <= end && canSeal($0) }
        guard let first = hours.first, let last = hours.last else { return nil }
        let span = min(last.end.adding(milliseconds: -1), end).milliseconds(since: first.start)
        let drawn = random.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        // The bias of the remainder is one in 2^37 for the milliseconds of a day.
        let moment = first.start.adding(milliseconds: Int64(drawn % UInt64(max(0, span) + 1)))
        return canSeal(moment.hour) ? .planned(moment) : .planned(first.start)
    }

    private func canary(seen: Timestamp, at now: Timestamp) throws(IntakeRefusal) -> Read {
        do throws(PlatesError) {
            return try Read(
                Read.Fields(
                    asRead: Plate.canaryText, plate: .canary(fold: roster.policy.fold),
                    camera: Self.canaryCamera, deviceTime: seen, receivedTime: now))
        } catch {
            throw IntakeRefusal(error.code, error.sentence)
        }
    }
}

/// How far a day's canary is.
enum CanaryState: Equatable {
    /// Its moment is drawn.
    case planned(Timestamp)
    /// This process has sealed it.
    case sealed
}
