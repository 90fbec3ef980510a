import Bytes
import Glibc
import Hosting

/// How the program speaks: lower case, no full stop; results on standard output, everything else on
/// standard error; `error:` then, where something can be done about it, `hint:`.
enum Voice {
    /// Whether a person watches standard error.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    /// One line of result.
    static func say(_ line: String = "") { DaemonVoice.put(line + "\n", to: STDOUT_FILENO) }

    /// One line beside the result.
    static func note(_ line: String) { DaemonVoice.put(line + "\n", to: STDERR_FILENO) }

    /// Asks on the terminal whether to go on; only `yes` does. Throws `terminal-missing`,
    /// `not-confirmed`.
    static func confirm(_ question: String) throws {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else {
            throw Complaint(
                code: "terminal-missing", sentence: "there is no terminal to ask on",
                hint: "say --yes once you have read what it changes")
        }
        defer { close(terminal) }
        DaemonVoice.put("\(question) [yes/no] ", to: terminal)
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while answer.count < 16, read(terminal, &byte, 1) == 1, byte != 0x0a { answer.append(byte) }
        guard answer == Array("yes".utf8) else {
            throw Complaint(code: "not-confirmed", sentence: "nothing was done")
        }
    }

    /// A progress bar on the terminal's last line; silent where nobody watches.
    static func progress(_ done: Int, of all: Int, _ what: String) {
        guard isWatched, all > 0 else { return }
        let filled = min(30, done * 30 / all)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        let end = done >= all ? "\r\u{1b}[K" : ""
        DaemonVoice.put("\r[\(bar)] \(done)/\(all) \(what)\(end)", to: STDERR_FILENO)
    }
}

/// Why a command ended without doing what it was asked for.
struct Complaint: CodedError {
    /// A stable word for scripts.
    let code: String
    /// What happened and where.
    let sentence: String
    /// What to do about it.
    var hint: String?
}
