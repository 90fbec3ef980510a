public import Disk
import FoundationEssentials
import GRDB
public import Plates
public import Secrets
public import Wire

/// Sealed messages for parties that are not there at the moment (Docs/Spec/Store.md). The vault can
/// open none of them, keeps each until the time that its sender named, and forgets in which order
/// they came.
public final class MailBox: Sendable {
    /// How much a box takes.
    public struct Limits: Hashable, Sendable {
        /// Bytes of one message in its wire form.
        public let message: Int
        /// Bytes of all messages of one sender.
        public let sender: Int
        /// Bytes of all messages.
        public let total: Int
        /// Days ahead that a sender may name.
        public let days: Int64

        /// Limits of their parts.
        public init(message: Int, sender: Int, total: Int, days: Int64) {
            self.message = message
            self.sender = sender
            self.total = total
            self.days = days
        }

        /// 1 MiB a message, 64 MiB a sender, 1 GiB in all, 40 days: longer than any request lives.
        public static let standard = Limits(
            message: 1 << 20, sender: 64 << 20, total: 1 << 30, days: 40)
    }

    private let file: SQLiteFile
    private let limits: Limits

    private static let schema = """
        CREATE TABLE mail (
            digest BLOB NOT NULL PRIMARY KEY, topic BLOB NOT NULL, kind TEXT NOT NULL,
            recipient TEXT NOT NULL, sender TEXT NOT NULL, until INTEGER NOT NULL, wire BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX mail_of ON mail (topic, kind, recipient);
        CREATE INDEX mail_by ON mail (sender, length(wire));
        CREATE INDEX mail_until ON mail (until);
        """

    private init(_ file: SQLiteFile, _ limits: Limits) {
        self.file = file
        self.limits = limits
    }

    /// A new box in a file. Throws `store-exists`, `store-failed`.
    public static func create(
        at path: String, fileSystem: any FileSystem, limits: Limits = .standard
    ) throws(StoreError) -> MailBox {
        MailBox(try SQLiteFile.create(path, schema: schema, fileSystem: fileSystem), limits)
    }

    /// A box that exists. Throws `store-missing`, `store-version`, `store-failed`.
    public static func open(
        at path: String, fileSystem: any FileSystem, limits: Limits = .standard
    ) throws(StoreError) -> MailBox {
        MailBox(try SQLiteFile.open(path, fileSystem: fileSystem), limits)
    }

    /// A box that lives as long as the process. Throws `store-failed`.
    public static func inMemory(limits: Limits = .standard) throws(StoreError) -> MailBox {
        MailBox(try SQLiteFile.inMemory(schema: schema), limits)
    }

    /// Keeps a message; it is durable when this returns, and the same one twice is kept once.
    /// Throws `mail-size`, `mail-until` for a time that is past or too far ahead, `mail-full`,
    /// `mail-share` where the sender has its share of it.
    public func put(_ mail: Mail, at now: Timestamp) throws(StoreError) -> Kept {
        let wire = mail.encode()
        guard wire.count <= limits.message else {
            throw StoreError(
                code: "mail-size", sentence: "a message has at most \(limits.message) bytes")
        }
        guard mail.until > now, mail.until <= now.adding(days: limits.days) else {
            throw StoreError(
                code: "mail-until",
                sentence: "a message is kept from now to \(limits.days) days ahead")
        }
        let limits = limits
        return try file.write { database in
            try Self.expire(now, database)
            let digest = Data(Digest(of: wire).bytes)
            let known = try Bool.fetchOne(
                database, sql: "SELECT 1 FROM mail WHERE digest = ?", arguments: [digest])
            guard known == nil else { return .again }
            let held = try Int.fetchOne(database, sql: "SELECT sum(length(wire)) FROM mail")
            guard (held ?? 0) + wire.count <= limits.total else {
                throw StoreError(code: "mail-full", sentence: "the vault's mail box is full")
            }
            // One party's messages keep nobody else's out.
            let own = try Int.fetchOne(
                database, sql: "SELECT sum(length(wire)) FROM mail WHERE sender = ?",
                arguments: [mail.sender])
            guard (own ?? 0) + wire.count <= limits.sender else {
                throw StoreError(
                    code: "mail-share",
                    sentence: "the sender's messages have taken their share of the vault's mail box"
                )
            }
            try database.execute(
                sql: "INSERT INTO mail VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    digest, Data(mail.topic.bytes), mail.kind, mail.recipient, mail.sender,
                    mail.until.milliseconds, Data(wire),
                ])
            return .fresh
        }
    }

    /// The messages of one topic and kind for one recipient that have not run out, in the order of
    /// their digests. Throws `store-failed`.
    public func mail(
        topic: Digest, kind: String, recipient: String, at now: Timestamp
    ) throws(StoreError) -> [[UInt8]] {
        try file.read { database in
            try Data.fetchAll(
                database,
                sql: """
                    SELECT wire FROM mail
                    WHERE topic = ? AND kind = ? AND recipient = ? AND until > ? ORDER BY digest
                    """,
                arguments: [Data(topic.bytes), kind, recipient, now.milliseconds]
            ).map(Array.init)
        }
    }

    /// Throws away what has run out. Throws `store-failed`.
    public func expire(at now: Timestamp) throws(StoreError) {
        try file.write { try Self.expire(now, $0) }
        // Otherwise what was deleted would still stand in the journal.
        try file.settle()
    }

    private static func expire(_ now: Timestamp, _ database: Database) throws {
        try database.execute(
            sql: "DELETE FROM mail WHERE until <= ?", arguments: [now.milliseconds])
    }
}
