import Bytes
import Glibc
import Secrets

/// How the program speaks: lower case, no full stop; results on standard output, everything else on
/// standard error; `error:` then, where something can be done about it, `hint:`.
enum Voice {
    /// Whether a person watches standard error.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    /// One line of result.
    static func say(_ line: String = "") { put(line + "\n", to: STDOUT_FILENO) }

    /// One line beside the result.
    static func note(_ line: String) { put(line + "\n", to: STDERR_FILENO) }

    /// A progress bar on the terminal's last line; silent where nobody watches.
    static func progress(_ done: Int, of all: Int, _ what: String) {
        guard isWatched, all > 0 else { return }
        let filled = min(30, done * 30 / all)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        let end = done >= all ? "\r\u{1b}[K" : ""
        put("\r[\(bar)] \(done)/\(all) \(what)\(end)", to: STDERR_FILENO)
    }

    private static func put(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let done = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if done < 0 && errno == EINTR { continue }
            guard done > 0 else { return }
            rest = rest.dropFirst(done)
        }
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

/// Reads a passphrase from the terminal, without an echo, straight into guarded memory.
enum Passphrase {
    /// Asks on the controlling terminal. Throws where there is none, or nothing was typed.
    static func ask(_ prompt: String) throws -> SecretBytes {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else {
            throw Complaint(
                code: "terminal-missing", sentence: "there is no terminal to ask for a passphrase",
                hint: "name a file with --passphrase-file")
        }
        defer { close(terminal) }
        var before = termios()
        guard tcgetattr(terminal, &before) == 0 else {
            throw Complaint(code: "terminal-missing", sentence: "the terminal cannot hide input")
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(terminal, TCSAFLUSH, &silent)
        defer { tcsetattr(terminal, TCSAFLUSH, &before) }
        let text = Array(prompt.utf8)
        _ = write(terminal, text, text.count)
        defer { _ = write(terminal, "\n", 1) }
        return try line(from: terminal)
    }

    /// The first line of a file. Throws where it cannot be read or is empty.
    static func read(_ path: String) throws -> SecretBytes {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw Complaint(
                code: "file-missing", sentence: "cannot read the passphrase file \(path)")
        }
        defer { close(file) }
        return try line(from: file)
    }

    private static func line(from descriptor: Int32) throws -> SecretBytes {
        let limit = 1_024
        var block = try SecretBytes(zeros: limit)
        // Byte by byte, so that nothing of it passes through a buffer of the library.
        let count = block.withUnsafeMutableBytes { buffer in
            var count = 0
            while count < limit, let base = buffer.baseAddress {
                let got = Glibc.read(descriptor, base + count, 1)
                if got < 0 && errno == EINTR { continue }
                if got <= 0 || buffer[count] == 0x0a { break }
                count += 1
            }
            return count
        }
        guard count > 0, count < limit else {
            throw Complaint(
                code: "passphrase-empty", sentence: "the passphrase has \(count) bytes",
                hint: "1 to 1,023 bytes, on one line")
        }
        return try block.copy(0..<count)
    }
}
