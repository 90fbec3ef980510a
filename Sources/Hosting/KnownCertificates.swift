import Foundation
import Secrets
import Synchronization

/// Whom a certificate speaks for, and when.
struct CertificateHolder {
    let id: String
    let life: ClosedRange<Date>
}

/// The parties' certificates that were looked at under one roster. Strangers' are not kept: they
/// could fill it.
final class KnownCertificates: Sendable {
    private static let room = 1_024
    private let state = Mutex<(roster: Digest, holders: [Digest: CertificateHolder])>((.zero, [:]))

    /// What was found of a certificate, by its digest; nil where it was not looked at.
    func find(_ name: Digest, under roster: Digest) -> CertificateHolder? {
        state.withLock { $0.roster == roster ? $0.holders[name] : nil }
    }

    /// Keeps what was found, if it was somebody.
    func keep(
        _ holder: CertificateHolder?, _ name: Digest, under roster: Digest
    ) -> CertificateHolder? {
        guard let holder else { return nil }
        state.withLock { state in
            if state.roster != roster || state.holders.count >= Self.room {
                state = (roster, [:])
            }
            state.holders[name] = holder
        }
        return holder
    }
}
