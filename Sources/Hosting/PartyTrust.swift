import Crypto
public import Foundation
import Ledger
import NIOSSL
import Secrets
import SwiftASN1
public import Warrants
import X509

/// Who a connection's other end is, by the roster in force at that moment: the party whose statement
/// key signed the certificate. Nobody else is anybody.
public struct PartyTrust: Sendable {
    private let roster: @Sendable () -> Roster
    private let now: @Sendable () -> Date
    private let known = KnownCertificates()

    /// A trust in what the roster says; both closures are asked anew for each message.
    public init(
        roster: @escaping @Sendable () -> Roster, now: @escaping @Sendable () -> Date
    ) {
        self.roster = roster
        self.now = now
    }

    /// The word of the party that a certificate speaks for; nil for a stranger, a certificate out of
    /// its time, or one of another deployment. A certificate is looked at once under a roster, and
    /// anew under the next: a key that was revoked is nobody's from the next message on.
    func party(of certificate: NIOSSLCertificate) -> String? {
        guard let bytes = try? certificate.toDERBytes() else { return nil }
        let roster = roster()
        let name = Digest(of: bytes)
        let found =
            known.find(name, under: roster.hash)
            ?? known.keep(Self.holder(of: bytes, roster), name, under: roster.hash)
        guard let found, found.life.contains(now()) else { return nil }
        return found.id
    }

    private static func holder(of bytes: [UInt8], _ roster: Roster) -> CertificateHolder? {
        guard let leaf = try? Certificate(derEncoded: bytes),
            leaf.notValidBefore <= leaf.notValidAfter
        else { return nil }
        // The name in it is a hint where to look; the signature decides.
        let said = leaf.issuer.flatMap { $0 }.compactMap { String(describing: $0.value) }
        let named = roster.partyIDs.filter { said.contains($0) }
        let id = named.first { id in
            roster.statementKeys(of: id).contains { known in
                guard
                    let key = try? Curve25519.Signing.PublicKey(
                        rawRepresentation: known.key.bytes)
                else { return false }
                return Certificate.PublicKey(key).isValidSignature(leaf.signature, for: leaf)
            }
        }
        return id.map { CertificateHolder(id: $0, life: leaf.notValidBefore...leaf.notValidAfter) }
    }
}

extension Roster {
    /// The words of all parties that can connect: the vault, custodians and their officers, sites,
    /// requesters and authorities.
    var partyIDs: [String] {
        [body.vault.id] + custodians.map(\.id) + custodians.flatMap { $0.officers.map(\.id) }
            + sites.map(\.id) + body.agencies.flatMap { $0.requesters.map(\.id) }
            + body.authorities.map(\.id)
    }
}
