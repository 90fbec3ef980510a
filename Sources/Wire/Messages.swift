public import Bytes
public import Plates
public import Secrets

/// A list of byte strings: `u32(count)`, then each as `u32(length) ‖ bytes`.
public enum ByteList {
    /// The wire form of a list.
    public static func encode(_ items: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter()
        writer.u32(UInt32(items.count))
        for item in items {
            writer.u32(UInt32(item.count))
            writer.raw(item)
        }
        return writer.bytes
    }

    /// The list. Throws `bytes-short` or `bytes-trailing`.
    public static func decode(_ bytes: [UInt8]) throws(BytesError) -> [[UInt8]] {
        var reader = ByteReader(bytes)
        let count = try reader.u32()
        var items: [[UInt8]] = []
        for _ in 0..<count { items.append(try reader.raw(Int(try reader.u32()))) }
        try reader.end()
        return items
    }
}

/// A sealed message that the vault carries without being able to read it.
///
/// Wire form: `topic(32) ‖ u8 length ‖ kind ‖ u16 length ‖ recipient ‖ u16 length ‖ sender ‖
/// u64(until, milliseconds) ‖ u32 length ‖ sealed`.
public struct Mail: Hashable, Sendable {
    /// What it belongs to: a request's id, or a generation statement's.
    public let topic: Digest
    /// The kind of content, also the HPKE type: `seeds`, `request`, …
    public let kind: String
    /// The note key name of the party that can open it.
    public let recipient: String
    /// The note key name of the party that says it sent it; not authenticated by the vault.
    public let sender: String
    /// When the vault may throw it away.
    public let until: Timestamp
    /// The sealed bytes.
    public let sealed: [UInt8]

    /// A message of its parts.
    public init(
        topic: Digest, kind: String, recipient: String, sender: String, until: Timestamp,
        sealed: [UInt8]
    ) {
        self.topic = topic
        self.kind = kind
        self.recipient = recipient
        self.sender = sender
        self.until = until
        self.sealed = sealed
    }

    /// The wire form.
    public func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.raw(topic.bytes)
        writer.u8(UInt8(clamping: kind.utf8.count))
        writer.text(kind)
        for name in [recipient, sender] {
            writer.u16(UInt16(clamping: name.utf8.count))
            writer.text(name)
        }
        writer.u64(UInt64(bitPattern: until.milliseconds))
        writer.u32(UInt32(clamping: sealed.count))
        writer.raw(sealed)
        return writer.bytes
    }

    /// A message from its wire form. Throws `message-malformed`.
    public init(wire bytes: [UInt8]) throws(WireProblem) {
        var reader = ByteReader(bytes)
        do throws(BytesError) {
            guard let topic = Digest(wire: try reader.raw(32)) else { throw Self.short }
            self.topic = topic
            kind = try reader.text(Int(try reader.u8()))
            recipient = try reader.text(Int(try reader.u16()))
            sender = try reader.text(Int(try reader.u16()))
            until = Timestamp(milliseconds: Int64(bitPattern: try reader.u64()))
            sealed = try reader.raw(Int(try reader.u32()))
            try reader.end()
        } catch {
            throw .malformed("mail")
        }
    }

    private static var short: BytesError { BytesError(code: "bytes-short", sentence: "mail") }
}

/// An officer's signed wish to see what a request is about; the reply is the request's secret part,
/// sealed to the one-time key (HPKE type `docket`). It is not logged.
///
/// The note's text, five lines:
///
///     platevault/docket/v1
///     example.org/vault.demo
///     3b1c…            the request's id, hex
///     q83v…            the one-time public key, Base64, 1,216 bytes
///     1795397301244    the officer's time, milliseconds
public struct DocketAsk: Hashable, Sendable {
    /// The log's origin.
    public let origin: String
    /// The request.
    public let request: Digest
    /// The officer's X-Wing public key, 1,216 bytes.
    public let oneTimeKey: [UInt8]
    /// When the officer asked; a custodian refuses what is more than ten minutes off.
    public let time: Timestamp

    /// A wish of its parts.
    public init(origin: String, request: Digest, oneTimeKey: [UInt8], time: Timestamp) {
        self.origin = origin
        self.request = request
        self.oneTimeKey = oneTimeKey
        self.time = time
    }

    /// The text that the officer signs as a note.
    public var text: String {
        let key = Base64.encode(oneTimeKey)
        return "platevault/docket/v1\n\(origin)\n\(request.hex)\n\(key)\n\(time.milliseconds)\n"
    }

    /// A wish from the text of a note. Throws `message-malformed` for anything `text` would not
    /// have written.
    public init(text: String) throws(WireProblem) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 6, lines[0] == "platevault/docket/v1",
            let request = Digest(hex: String(lines[2])), let key = Base64.decode(String(lines[3])),
            key.count == HybridSeal.publicKeySize, let time = Int64(lines[4])
        else { throw .malformed("docket ask") }
        self.init(
            origin: String(lines[1]), request: request, oneTimeKey: key,
            time: Timestamp(milliseconds: time))
        guard self.text == text else { throw .malformed("docket ask") }
    }
}
