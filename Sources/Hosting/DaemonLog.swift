public import Bytes
import Glibc
public import Plates
public import Secrets
import Synchronization

/// What may stand in a log line. There is no case for free text: what a camera, a caller or a file
/// says cannot get in, a plate least of all.
public enum LogValue: Sendable {
    /// A number.
    case count(Int)
    /// A word of the program's own text.
    case word(StaticString)
    /// The code of an error; what does not look like one is written as `other`.
    case code(String)
    /// A party's word in the roster.
    case party(RosterWord)
    /// A public id: of a request, a statement, a root.
    case digest(Digest)
    /// A day.
    case day(Day)

    var text: String {
        switch self {
        case .count(let number): String(number)
        case .word(let word): "\(word)"
        case .code(let code): Self.isCode(code) ? code : "other"
        case .party(let word): word.text
        case .digest(let digest): String(digest.hex.prefix(16))
        case .day(let day): day.text
        }
    }

    /// Codes are lower-case words joined by hyphens: no plate with a digit in it passes for one.
    private static func isCode(_ text: String) -> Bool {
        (1...48).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x2d }
    }
}

/// A party's word that stands in the roster: nothing else can become one.
public struct RosterWord: Hashable, Sendable {
    /// The word.
    public let text: String

    init(_ text: String) { self.text = text }
}

/// A program's log: one line of `key=value` for each event, on standard error, for journald or
/// whoever keeps it.
///
///     time=2026-03-02T13:40:00.123Z level=info event=rows-kept rows=412 party=site-1
public final class DaemonLog: Sendable {
    /// How much a line matters.
    public enum Level: String, Sendable {
        /// All is well.
        case info
        /// Somebody should look.
        case warning
        /// Something was not done.
        case error
    }

    private let descriptor: Int32
    private let now: @Sendable () -> Timestamp
    private let told = Mutex<[String: Timestamp]>([:])

    /// A log on a file descriptor; `now` gives the lines' times.
    public init(to descriptor: Int32 = 2, now: @escaping @Sendable () -> Timestamp) {
        self.descriptor = descriptor
        self.now = now
    }

    /// Writes one line.
    public func write(
        _ level: Level = .info, _ event: StaticString,
        _ fields: KeyValuePairs<StaticString, LogValue> = [:]
    ) {
        var line = "time=\(now().text) level=\(level.rawValue) event=\(event)"
        for (key, value) in fields { line += " \(key)=\(value.text)" }
        line += "\n"
        // One write, so that lines of several threads do not mix.
        _ = Array(line.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    /// Writes a problem, but the same one of the same event once a minute at most: what fails each
    /// second must not fill a disk.
    public func problem(_ event: StaticString, _ error: any CodedError) {
        let time = now()
        let isNew = told.withLock { told in
            let key = "\(event) \(error.code)"
            if let last = told[key], time.milliseconds(since: last).magnitude < 60_000 {
                return false
            }
            if told.count > 1_000 { told = [:] }
            told[key] = time
            return true
        }
        if isNew { write(.warning, event, ["code": .code(error.code)]) }
    }
}
