import Bytes
public import Secrets

/// The passphrase of a state, stretched once when the state is opened (Argon2id).
///
/// Its cost and salt stand in the head of every state file. Without a passphrase all are zero.
public final class StateLock: Sendable {
    let cost: Argon2id.Cost
    let salt: [UInt8]
    private let key: SecretBytes?

    /// No passphrase: the root key in the slot opens the state by itself.
    public static let none = StateLock()

    private init() {
        cost = Argon2id.Cost(passes: 0, kibibytes: 0)
        salt = [UInt8](repeating: 0, count: Argon2id.saltSize)
        key = nil
    }

    /// A lock of a passphrase under a fresh salt. Throws `key-size` for an empty passphrase or a
    /// cost out of bounds (1 to 64 passes, 8 KiB to 1 GiB).
    public convenience init(
        passphrase: borrowing SecretBytes, cost: Argon2id.Cost, random: any RandomSource
    ) throws(CustodyError) {
        try self.init(
            passphrase: passphrase, cost: cost, salt: random.bytes(Argon2id.saltSize))
    }

    init(
        passphrase: borrowing SecretBytes, cost: Argon2id.Cost, salt: [UInt8]
    ) throws(CustodyError) {
        // Bounds, because the head of a file is believed before it is authenticated.
        guard passphrase.count > 0, (1...64).contains(cost.passes),
            (8...1_048_576).contains(cost.kibibytes)
        else {
            throw CustodyError(
                code: "key-size", sentence: "an empty passphrase, or a cost out of bounds")
        }
        do throws(SecretsError) {
            key = try Argon2id.derive(passphrase: passphrase, salt: salt, cost: cost)
        } catch {
            throw CustodyError(error)
        }
        self.cost = cost
        self.salt = salt
    }

    var hasPassphrase: Bool { key != nil }

    /// The key of a state file: HKDF over the root key and, where there is one, the passphrase's.
    func fileKey(root: borrowing SecretBytes) throws(CustodyError) -> SecretBytes {
        do throws(SecretsError) {
            var input = try SecretBytes(zeros: hasPassphrase ? 64 : 32)
            root.withUnsafeBytes { root in
                input.withUnsafeMutableBytes { $0.copyMemory(from: root) }
            }
            if key != nil {
                key?.withUnsafeBytes { key in
                    input.withUnsafeMutableBytes {
                        UnsafeMutableRawBufferPointer(rebasing: $0[32...]).copyMemory(from: key)
                    }
                }
            }
            return try HKDFSHA256.derive(
                inputKey: input, salt: salt, info: Array("platevault/state/v1".utf8), count: 32)
        } catch {
            throw CustodyError(error)
        }
    }
}

/// A state file: what a custodian keeps, sealed under a root key that stands only in the slot.
///
///     "platevault/state/v1\n" ‖ u8(0 no passphrase, 1 Argon2id) ‖ u32(passes) ‖ u32(KiB) ‖
///     salt16 ‖ u64(slot sequence) ‖ u64(save) ‖ nonce24 ‖
///     HMAC(root key, "platevault/state-root/v1" ‖ all of the above) ‖ XChaCha20-Poly1305
///
/// Everything before the ciphertext is its aad. Spec: Docs/Spec/State.md.
struct StateFile {
    static let magic = "platevault/state/v1\n"
    private static let rootLabel = Array("platevault/state-root/v1".utf8)
    private static let plainSize = magic.utf8.count + 1 + 4 + 4 + 16 + 8 + 8 + 24

    /// The sequence of the slot cell whose key seals it.
    let sequence: UInt64
    /// The number of the save; a prepared state carries that of the state it was made from.
    let save: UInt64

    /// The bytes of a state file with `content`.
    func seal(
        _ content: borrowing SecretBytes, root: borrowing SecretBytes, lock: StateLock,
        random: any RandomSource
    ) throws(CustodyError) -> [UInt8] {
        let nonce = random.bytes(XChaCha20Poly1305.nonceSize)
        var writer = ByteWriter()
        writer.text(Self.magic)
        writer.u8(lock.hasPassphrase ? 1 : 0)
        writer.u32(lock.cost.passes)
        writer.u32(lock.cost.kibibytes)
        writer.raw(lock.salt)
        writer.u64(sequence)
        writer.u64(save)
        writer.raw(nonce)
        writer.raw(HMACSHA256.open(Self.rootLabel + writer.bytes, key: root))
        let key = try lock.fileKey(root: root)
        do throws(SecretsError) {
            let sealed = try XChaCha20Poly1305.seal(
                secret: content, key: key, nonce: nonce, aad: writer.bytes)
            return writer.bytes + sealed
        } catch {
            throw CustodyError(error)
        }
    }

    /// The lock that a file asks for. Throws `state-malformed`, and `passphrase-missing` or
    /// `passphrase-unasked` where the caller and the file do not agree on having one.
    static func lock(
        of bytes: [UInt8], passphrase: SecretBox?
    ) throws(CustodyError) -> StateLock {
        let head = try Head(bytes)
        guard head.kind == 1 else {
            guard passphrase == nil else {
                throw CustodyError(
                    code: "passphrase-unasked",
                    sentence: "this state has no passphrase; open it without one")
            }
            return .none
        }
        guard let passphrase else {
            throw CustodyError(
                code: "passphrase-missing", sentence: "this state needs its passphrase")
        }
        return try StateLock(passphrase: passphrase.bytes, cost: head.cost, salt: head.salt)
    }

    /// What a file holds. Throws `share-lost` where it is not sealed under this root key and
    /// sequence, `state-sealed` where the passphrase is wrong or the file was changed.
    static func open(
        _ bytes: [UInt8], root: borrowing SecretBytes, sequence: UInt64, lock: StateLock
    ) throws(CustodyError) -> (save: UInt64, content: SecretBox) {
        let head = try Head(bytes)
        let tag = HMACSHA256.open(rootLabel + bytes[..<plainSize], key: root)
        guard tag == head.tag, head.sequence == sequence else {
            throw .lost("the state file is not sealed under the key in the slot")
        }
        guard head.cost == lock.cost, head.salt == lock.salt else {
            throw CustodyError(
                code: "state-malformed", sentence: "the state file has another lock than before")
        }
        let key = try lock.fileKey(root: root)
        do throws(SecretsError) {
            let content = try XChaCha20Poly1305.openSecret(
                Array(bytes[(plainSize + 32)...]), key: key, nonce: head.nonce,
                aad: Array(bytes[..<(plainSize + 32)]))
            return (head.save, SecretBox(content))
        } catch {
            guard error.code == "not-authentic" else { throw CustodyError(error) }
            throw CustodyError(
                code: "state-sealed",
                sentence: "the state does not open: the passphrase is wrong, or it was changed")
        }
    }

    private struct Head {
        let kind: UInt8
        let cost: Argon2id.Cost
        let salt: [UInt8]
        let sequence: UInt64
        let save: UInt64
        let nonce: [UInt8]
        let tag: [UInt8]

        init(_ bytes: [UInt8]) throws(CustodyError) {
            var reader = ByteReader(bytes)
            do throws(BytesError) {
                let magic = try reader.raw(StateFile.magic.utf8.count)
                kind = try reader.u8()
                cost = Argon2id.Cost(passes: try reader.u32(), kibibytes: try reader.u32())
                salt = try reader.raw(Argon2id.saltSize)
                sequence = try reader.u64()
                save = try reader.u64()
                nonce = try reader.raw(XChaCha20Poly1305.nonceSize)
                tag = try reader.raw(32)
                _ = try reader.raw(XChaCha20Poly1305.tagSize)
                let isPlain = cost.passes == 0 && cost.kibibytes == 0 && salt.allSatisfy { $0 == 0 }
                guard magic == Array(StateFile.magic.utf8), kind == 1 || (kind == 0 && isPlain)
                else { throw BytesError(code: "bytes-text", sentence: "head") }
            } catch {
                throw CustodyError(
                    code: "state-malformed", sentence: "the state file has no proper head")
            }
        }
    }
}
