import Glibc
public import Secrets

/// Reads a passphrase straight into guarded memory: from the terminal without an echo, or from the
/// first line of a file, such as a credential that systemd puts into memory.
public enum Passphrase {
    /// Asks on the controlling terminal. Throws `terminal-missing`, `passphrase-empty`.
    public static func ask(_ prompt: String) throws -> SecretBytes {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else {
            throw HostingError(
                code: "terminal-missing",
                sentence: "there is no terminal to ask for a passphrase")
        }
        defer { close(terminal) }
        var before = termios()
        guard tcgetattr(terminal, &before) == 0 else {
            throw HostingError(
                code: "terminal-missing", sentence: "the terminal cannot hide what is typed")
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

    /// Asks for a new one, twice. Throws `passphrase-differs` where the two are not the same.
    public static func askTwice(_ prompt: String) throws -> SecretBytes {
        let first = try ask(prompt)
        let second = try ask("once more: ")
        guard first.isEqual(to: second) else {
            throw HostingError(
                code: "passphrase-differs", sentence: "the two passphrases are not the same")
        }
        return first
    }

    /// The first line of a file. Throws `passphrase-unreadable`, `passphrase-empty`.
    public static func read(_ path: String) throws -> SecretBytes {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw HostingError(
                code: "passphrase-unreadable", sentence: "cannot read the passphrase file \(path)")
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
            throw HostingError(
                code: "passphrase-empty",
                sentence: "the passphrase has \(count) bytes; 1 to 1,023 on one line are taken")
        }
        return try block.copy(0..<count)
    }
}
