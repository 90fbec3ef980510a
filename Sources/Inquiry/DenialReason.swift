import Bytes
public import Secrets
import Warrants
import Wire

/// Why an officer denied a request, in words, for the requester alone (Docs/Spec/Request.md). It can
/// name what the request is about, and prints nothing of it.
public final class DenialReason: Sendable, CustomStringConvertible, CustomReflectable {
    /// 2,000 bytes: the longest reason.
    public static let limit = 2_000
    /// 30 days: how long the vault keeps it for the requester.
    public static let keptDays: Int64 = 30
    /// 2,048 bytes: every reason's length when it is sealed, so that its size tells nothing.
    static let size = 2_048

    /// The words.
    public let text: String

    /// A reason in words. Throws `reason-too-long`, `reason-malformed` for control characters other
    /// than line breaks.
    public init(_ text: String) throws(InquiryError) {
        guard text.utf8.count <= Self.limit else {
            throw InquiryError(
                code: "reason-too-long", sentence: "a reason has at most \(Self.limit) bytes")
        }
        let isPlain = text.unicodeScalars.allSatisfy {
            $0 == "\n" || ($0.value >= 0x20 && !(0x7f...0x9f).contains($0.value))
        }
        guard isPlain else {
            throw InquiryError(
                code: "reason-malformed", sentence: "a reason has letters, digits and line breaks")
        }
        self.text = text
    }

    /// `u16(length) ‖ words ‖ zeros`, in guarded memory.
    func encode() throws(SecretsError) -> SecretBytes {
        var writer = ByteWriter()
        writer.u16(UInt16(clamping: text.utf8.count))
        writer.text(text)
        writer.raw([UInt8](repeating: 0, count: Self.size - writer.bytes.count))
        var bytes = writer.bytes
        return try SecretBytes(wiping: &bytes)
    }

    /// A reason from its sealed form's content. Throws `reason-malformed` for anything that `encode`
    /// would not have written.
    convenience init(wire: borrowing SecretBytes) throws(InquiryError) {
        let malformed = InquiryError(
            code: "reason-malformed", sentence: "the reason is not in its one form")
        let bytes = wire.withUnsafeBytes { Array($0) }
        guard bytes.count == Self.size else { throw malformed }
        let length = Int(bytes[0]) << 8 | Int(bytes[1])
        guard length <= Self.limit, bytes[(2 + length)...].allSatisfy({ $0 == 0 }),
            let text = String(validating: bytes[2..<(2 + length)], as: UTF8.self)
        else { throw malformed }
        try self.init(text)
    }

    /// Nothing of it.
    public var description: String { "denial reason" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension Requester {
    /// The reasons in words that officers gave for denying the request of a case, by officer, as
    /// far as the vault still has them: only what a denial in the log names by its digest. Throws
    /// what the vault says.
    public func reasons(
        of request: Digest, _ file: CaseFile
    ) throws -> [(officer: String, reason: DenialReason)] {
        try desk.refresh()
        guard let state = desk.record.request(request) else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        let named = state.denials.filter { $0.body.reason != nil }
        guard !named.isEmpty else { return [] }
        let roster = desk.roster
        let mail = try desk.vault.mail(
            topic: request, kind: SealInfo.reason.rawValue, recipient: roster.keyName(desk.id))
        return try named.compactMap { denial in
            guard let found = mail.first(where: { Digest(of: $0.sealed) == denial.body.reason })
            else { return nil }
            let opened = try file.replyKey.open(
                found.sealed, info: SealInfo.reason.text(roster.origin))
            return (denial.body.officer, try DenialReason(wire: opened))
        }
    }
}
