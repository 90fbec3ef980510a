import Glibc

/// A new folder for what need not be there when the program has ended.
enum TemporaryFolder {
    /// Its path, with what it is for in its name; this user's alone. Throws `directory-failed`.
    static func make(_ name: String) throws -> String {
        var path = Array("/tmp/platevault-\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else {
            throw Complaint(code: "directory-failed", sentence: "cannot make a temporary directory")
        }
        return String(
            decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
