import Disk
import Glibc

/// Files and standard input, line by line.
enum Input {
    /// The lines of a file, or of standard input for `-`, that are not blank.
    static func messages(_ path: String) throws -> [[UInt8]] {
        let bytes = path == "-" ? standard() : try POSIXFileSystem().read(path)
        return bytes.split(separator: 0x0a).map { Array($0) }.filter { line in
            !line.allSatisfy { $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }
        }
    }

    /// The same as text, without what stands around it.
    static func lines(_ path: String) throws -> [String] {
        try messages(path).map { line in
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            return words.joined(separator: " ")
        }
    }

    private static func standard() -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}
