import Custody
import Disk
import Ledger
import Secrets

/// The parties' signing keys, each in its own folder in a key file under the passphrase.
///
/// One passphrase for all: in an embedded deployment all parties are one, and that is said aloud.
/// A `.demo` origin takes the passphrase `demo` at a cost that protects nothing.
final class KeyRing {
    private let passphrase: SecretBox
    private let cost: Argon2id.Cost
    private let fileSystem: any FileSystem
    private let random: any RandomSource
    private var opened: [String: SigningKey] = [:]

    /// Throws `passphrase-missing` where a deployment that is no `.demo` gets none.
    init(
        origin: String, passphrase: SecretBox?, fileSystem: any FileSystem,
        random: any RandomSource
    ) throws {
        if origin.hasSuffix(".demo") {
            self.passphrase = SecretBox(try SecretBytes(copying: "demo".utf8))
            cost = .demo
        } else if let passphrase {
            self.passphrase = passphrase
            cost = .standard
        } else {
            throw EmbeddedError(
                code: "passphrase-missing", sentence: "\(origin) is no .demo: it needs a passphrase"
            )
        }
        self.fileSystem = fileSystem
        self.random = random
    }

    /// Makes a key and its file. Throws where the file exists.
    func create(_ path: String) throws -> SigningKey {
        let key = try SigningKey(from: random)
        let sealed = try KeyFile.seal(
            key, passphrase: passphrase.bytes, cost: cost, from: random)
        try fileSystem.makeFolder(fileSystem.folder(of: path))
        try fileSystem.create(path, Array(sealed.utf8))
        try fileSystem.synchronize(path)
        try fileSystem.synchronize(fileSystem.folder(of: path))
        opened[path] = key
        return key
    }

    /// The key in a file; stretched once for a ring. Throws `not-authentic` for another passphrase.
    func key(_ path: String) throws -> SigningKey {
        if let key = opened[path] { return key }
        let text = String(decoding: try fileSystem.read(path), as: UTF8.self)
        let key = try KeyFile.open(text, passphrase: passphrase.bytes)
        opened[path] = key
        return key
    }

    /// How a custodian's state is locked.
    func passphraseForStates(_ origin: String) -> SecretBox? {
        origin.hasSuffix(".demo") ? nil : passphrase
    }

    /// The lock of a new custodian's state: none for a `.demo`, the passphrase otherwise.
    func stateLock(_ origin: String) throws -> StateLock {
        guard let passphrase = passphraseForStates(origin) else { return StateLock.none }
        return try StateLock(passphrase: passphrase.bytes, cost: cost, random: random)
    }
}
