import Custody
import Disk
import Foundation
import Hosting
public import Plates
import Warrants

/// How a custodian's machine is just now, by its own program's numbers.
public struct CustodianHealth: Sendable {
    /// The code of what keeps it from its work; nil while it is ready.
    public var missing: String?
    /// Entries of the log in its own mirror.
    public var logSize: UInt64
    /// Whether it has seen enough other custodians' mirrors since its start.
    public var isConfirmed: Bool
    /// Whether one of its statements is kept out of the log.
    public var isWithholding: Bool
    /// Own statements that are not in the log yet.
    public var unpublished: Int
    /// The oldest day whose keys it holds; nil for none.
    public var oldest: Day?
    /// The last day that it has keys for, by the generations made so far; nil for none.
    public var last: Day?
    /// Generations with a day past its time.
    public var overdue: Int
    /// Whether a generation runs on for want of a successor.
    public var isExtended: Bool
    /// Custodians whose next step of the ceremony under way is missing.
    public var ceremonyMissing: Int
    /// The wall clock minus its clock, in milliseconds.
    public var behind: Int64
    /// Its clock minus what t others have cosigned, in milliseconds; nil where too few were seen.
    public var ahead: Int64?
    /// Whether that is more than honest clocks differ by.
    public var isClockOff: Bool {
        ahead.map { $0.magnitude > Custody.Custodian.clockTolerance } ?? false
    }

    /// By a custodian in this process.
    init(_ status: CustodianStatus, wall: Timestamp) {
        missing = status.halted
        if missing == nil, !status.isConfirmed { missing = "mirrors-unseen" }
        if missing == nil, status.isClockOff { missing = "clock-differs" }
        if missing == nil, !status.generations.contains(where: { $0.isFinal }) {
            missing = "generation-missing"
        }
        logSize = status.logSize
        isConfirmed = status.isConfirmed
        isWithholding = status.isWithholding
        unpublished = status.unpublished
        oldest = status.generations.compactMap(\.oldest).min()
        last = status.lastDay
        overdue = status.generations.filter { ($0.due ?? status.time) < status.time }.count
        isExtended = status.isExtended
        ceremonyMissing = status.ceremony?.missing.count ?? 0
        behind = wall.milliseconds(since: status.time)
        ahead = status.clockDifference
    }

    /// By the pages of a program: `/readyz` and `/metrics`. Nil where a number is not there.
    init?(ready: String, metrics: String) {
        var numbers: [Substring: Int64] = [:]
        for line in metrics.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Int64(words[1]) { numbers[words[0]] = value }
        }
        func number(_ name: String) -> Int64? { numbers["platevault_\(name)"] }
        guard let size = number("log_entries"), let confirmed = number("confirmed"),
            let withholding = number("withholding"), let unpublished = number("unpublished"),
            let oldest = number("oldest_day"), let last = number("keys_last_day"),
            let overdue = number("days_overdue"), let extended = number("generation_extended"),
            let ceremony = number("ceremony_missing"),
            let behind = number("clock_behind_milliseconds")
        else { return nil }
        let prefix = "not ready: "
        missing =
            ready.hasPrefix(prefix)
            ? String(ready.dropFirst(prefix.count).prefix { $0 != "\n" }) : nil
        logSize = UInt64(clamping: size)
        isConfirmed = confirmed != 0
        isWithholding = withholding != 0
        self.unpublished = Int(clamping: unpublished)
        self.oldest = oldest == 0 ? nil : Day(number: UInt32(clamping: oldest))
        self.last = last == 0 ? nil : Day(number: UInt32(clamping: last))
        self.overdue = Int(clamping: overdue)
        isExtended = extended != 0
        ceremonyMissing = Int(clamping: ceremony)
        self.behind = behind
        ahead = number("clock_ahead_of_others_milliseconds")
    }
}

extension Deployment {
    /// How a custodian is whose files are here: by itself where it is in this process, by its
    /// program's pages on loopback otherwise. Throws `custodian-silent` where the program does not
    /// answer or has no such pages, and what is wrong with its configuration.
    public func health(of custodian: String) throws -> CustodianHealth {
        if let index = rosterInForce.custodianIndex(custodian), let own = custodians[index] {
            return CustodianHealth(own.status, wall: now)
        }
        let file = try ConfigurationFile(
            at: home(of: custodian) + "/custodiand.toml", keys: ProgramKeys.custodian,
            disk: fileSystem)
        let client = PlainClient(seconds: 3)
        guard let place = file.text("metrics-listen"),
            let ready = client.get("http://\(place)/readyz"),
            let metrics = client.get("http://\(place)/metrics"), metrics.status == 200,
            let health = CustodianHealth(
                ready: String(decoding: ready.body, as: UTF8.self),
                metrics: String(decoding: metrics.body, as: UTF8.self))
        else {
            throw EmbeddedError(
                code: "custodian-silent",
                sentence: "custodiand of \(custodian) does not answer on its metrics-listen; "
                    + "start it, or look at its log")
        }
        return health
    }
}
