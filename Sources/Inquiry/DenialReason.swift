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
    /// 2,080 bytes: every reason's length when it is sealed, so that its size tells nothing.
    static let size = 2_080

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

    /// `request id 32 ‖ u16(length) ‖ officer ‖ u16(length) ‖ words ‖ zeros`, in guarded memory: who
    /// says it of what, so that no other officer's denial can take it for its own. Throws
    /// `reason-malformed` for an officer's word that is none.
    func encode(of request: Digest, by officer: String) throws -> SecretBytes {
        guard officer.isWord(most: 40) else { throw Self.malformed }
        var writer = ByteWriter()
        writer.raw(request.bytes)
        for part in [officer, text] {
            writer.u16(UInt16(clamping: part.utf8.count))
            writer.text(part)
        }
        writer.raw([UInt8](repeating: 0, count: Self.size - writer.bytes.count))
        var bytes = writer.bytes
        return try SecretBytes(wiping: &bytes)
    }

    /// An officer's reason about a request, from its sealed form's content. Throws `reason-malformed`
    /// for anything that `encode` would not have written, of this request and by this officer.
    convenience init(
        wire: borrowing SecretBytes, of request: Digest, by officer: String
    ) throws(InquiryError) {
        let bytes = wire.withUnsafeBytes { Array($0) }
        let head = request.bytes.count + 2 + officer.utf8.count
        guard bytes.count == Self.size, head + 2 + Self.limit <= Self.size else {
            throw Self.malformed
        }
        let length = Int(bytes[head]) << 8 | Int(bytes[head + 1])
        let words = bytes[(head + 2)...]
        guard length <= Self.limit,
            let text = String(validating: words.prefix(length), as: UTF8.self)
        else { throw Self.malformed }
        try self.init(text)
        let isSame = try? encode(of: request, by: officer).withUnsafeBytes { Array($0) } == bytes
        guard isSame == true else { throw Self.malformed }
    }

    private static var malformed: InquiryError {
        InquiryError(code: "reason-malformed", sentence: "the reason is not in its one form")
    }

    /// Nothing of it.
    public var description: String { "denial reason" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What a requester finds where a denial names a reason.
public enum ToldReason: Sendable {
    /// The officer's words.
    case said(DenialReason)
    /// What is there is no reason of this officer for this request, or not sealed to this requester.
    case unreadable(officer: String)

    /// The words, or a sentence in their place.
    public var text: String {
        switch self {
        case .said(let reason): reason.text
        case .unreadable(let officer): "\(officer)'s reason cannot be read"
        }
    }
}

extension Requester {
    /// The reasons in words that officers gave for denying the request of a case, by officer, as
    /// far as the vault still has them: only what a denial in the log names by its digest. One that
    /// cannot be read takes nothing from the others. Throws what the vault says.
    public func reasons(
        of request: Digest, _ file: CaseFile
    ) throws -> [(officer: String, reason: ToldReason)] {
        try desk.refresh()
        guard let state = desk.record.request(request) else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        let named = state.denials.filter { $0.body.reason != nil }
        guard !named.isEmpty else { return [] }
        let roster = desk.roster
        let mail = try desk.vault.mail(
            topic: request, kind: SealInfo.reason.rawValue, recipient: roster.keyName(desk.id))
        return named.compactMap { denial in
            guard let found = mail.first(where: { Digest(of: $0.sealed) == denial.body.reason })
            else { return nil }
            let officer = denial.body.officer
            // Whatever an officer, or the vault, put there: the request's other reasons are not its.
            do {
                let opened = try file.replyKey.open(
                    found.sealed, info: SealInfo.reason.text(roster.origin))
                let reason = try DenialReason(wire: opened, of: request, by: officer)
                return (officer, .said(reason))
            } catch {
                return (officer, .unreadable(officer: officer))
            }
        }
    }
}
