import Crypto
public import Foundation
import NIOSSL
public import Secrets
import SwiftASN1
import X509

/// A party as it shows itself in TLS: a fresh P-256 key that lives in this process only, and a
/// certificate for it that the party's statement key in the roster has signed (RFC 5280; Ed25519
/// by RFC 8410). The name in it is the party's word; what counts is who signed.
///
/// The key of the connection is BoringSSL's and not in guarded memory: it opens nothing that is
/// stored, and whoever reads this process's memory has the statement key too.
public struct PartyIdentity: Sendable {
    /// The party's word in the roster.
    public let id: String
    let chain: [NIOSSLCertificate]
    let privateKey: NIOSSLPrivateKey

    /// 400 days: programs start anew far more often, custodians daily.
    private static let life: TimeInterval = 400 * 86_400
    /// An hour before now: the machines' clocks need not agree better.
    private static let slack: TimeInterval = 3_600

    /// An identity for the party `id` whose statement key is `key`; `now` is the real time, which is
    /// what TLS goes by. Throws `identity-failed`.
    public init(id: String, origin: String, key: SigningKey, now: Date) throws(HostingError) {
        try self.init(
            id: id, origin: origin, key: key, connectionKey: P256.Signing.PrivateKey(), now: now)
    }

    init(
        id: String, origin: String, key: SigningKey, connectionKey: P256.Signing.PrivateKey,
        now: Date
    ) throws(HostingError) {
        self.id = id
        do {
            let leaf = try Self.certificate(
                id, origin, Certificate.PublicKey(connectionKey.publicKey), signedBy: key, now)
            chain = [try Self.nio(leaf)]
            privateKey = try NIOSSLPrivateKey(
                bytes: Array(connectionKey.derRepresentation), format: .der)
        } catch {
            throw HostingError(
                code: "identity-failed", sentence: "no certificate could be made for \(id)")
        }
    }

    private static func certificate(
        _ id: String, _ origin: String, _ publicKey: Certificate.PublicKey,
        signedBy key: SigningKey, _ now: Date
    ) throws -> Certificate {
        let seed = try key.seed()
        let issuer = try seed.withUnsafeBytes { seed in
            try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        }
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: now.addingTimeInterval(-slack),
            notValidAfter: now.addingTimeInterval(life), issuer: try name(id, origin),
            subject: try name("\(id) connection", origin), signatureAlgorithm: .ed25519,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
            },
            issuerPrivateKey: Certificate.PrivateKey(issuer))
    }

    /// A trust anchor that stands for a key of the roster. Its own signature is nobody's: an anchor
    /// is believed because it was put here, and OpenSSL's kind do not look at it.
    static func anchor(
        id: String, origin: String, key: VerifyingKey
    ) throws -> NIOSSLCertificate {
        let publicKey = try Curve25519.Signing.PublicKey(rawRepresentation: key.bytes)
        let name = try name(id, origin)
        // Fixed dates: the roster says how long a key counts.
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(bytes: [1]),
            publicKey: Certificate.PublicKey(publicKey),
            notValidBefore: Date(timeIntervalSince1970: 0),
            notValidAfter: Date(timeIntervalSince1970: 253_370_764_800), issuer: name,
            subject: name, signatureAlgorithm: .ed25519,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: Certificate.PrivateKey(Curve25519.Signing.PrivateKey()))
        return try nio(certificate)
    }

    /// The party's word, and the deployment by a digest: both fit the 64 characters of X.520.
    private static func name(_ id: String, _ origin: String) throws -> DistinguishedName {
        try DistinguishedName {
            OrganizationName(String(Digest(of: Array(origin.utf8)).hex))
            CommonName(String(id.prefix(64)))
        }
    }

    private static func nio(_ certificate: Certificate) throws -> NIOSSLCertificate {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)
    }

    /// TLS as this party's client of another: 1.3 only, own certificate shown, and only the other's
    /// key of the roster believed. Throws `identity-failed`.
    func clientConfiguration(
        to other: String, origin: String, keys: [VerifyingKey]
    ) throws(HostingError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv13
        // The key says who it is; a host's name says where it stands.
        configuration.certificateVerification = .noHostnameVerification
        do {
            configuration.trustRoots = .certificates(
                try keys.map { try Self.anchor(id: other, origin: origin, key: $0) })
        } catch {
            throw HostingError(
                code: "identity-failed", sentence: "the roster's key of \(other) is not usable")
        }
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(privateKey)
        return configuration
    }

    /// TLS as a server for parties: 1.3 only, and a certificate is demanded; `PartyTrust` says
    /// which ones count.
    func serverConfiguration() -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv13
        configuration.certificateVerification = .noHostnameVerification
        return configuration
    }
}
