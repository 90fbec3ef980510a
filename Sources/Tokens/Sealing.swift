import Bytes
public import Plates
import Secrets

// Rows under the keys of their plate and cell (DESIGN section 5).

extension CellKeys {
    /// The label of a row: the first 16 bytes of HMAC(find, run ‖ u64(counter)). Public.
    public func label(run: RunID, counter: UInt64) throws(TokensError) -> Label {
        var message = ByteWriter(capacity: 16)
        message.raw(run.bytes)
        message.u64(counter)
        var tag = [UInt8](repeating: 0, count: HMACSHA256.size)
        withFind { find in
            tag.withUnsafeMutableBytes { HMACSHA256.compute(message.bytes, key: find, into: $0) }
        }
        do { return try Label(bytes: Array(tag[..<16])) } catch { throw TokensError(error) }
    }

    /// The row of a read: encoded, padded, sealed under `open` and bound to its context. `nonce` is
    /// 24 fresh random bytes. Throws `read-too-long`, and `key-size` for another nonce.
    public func sealRow(
        _ read: Read, context: RowContext, nonce: [UInt8]
    ) throws(TokensError) -> SealedRow {
        let label = try label(run: context.run, counter: context.counter)
        do {
            let padded = try PaddedRead.pad(read.encode())
            let sealed = try withKey(1) { (key) throws(SecretsError) in
                try XChaCha20Poly1305.seal(
                    padded, key: key, nonce: nonce, aad: context.associatedData)
            }
            return try SealedRow(label: label, bytes: nonce + sealed)
        } catch let error as SecretsError {
            throw TokensError(error)
        } catch let error as PlatesError {
            throw TokensError(error)
        } catch {
            throw TokensError(code: "row-unsealed", sentence: "the row could not be sealed")
        }
    }

    /// The read in a row. Throws `label-other` where the row is not named as its context says,
    /// `not-authentic` for any change of row or context, and the read's own refusals.
    public func openRow(_ row: SealedRow, context: RowContext) throws(TokensError) -> Read {
        guard try label(run: context.run, counter: context.counter) == row.label else {
            throw TokensError(
                code: "label-other", sentence: "the row is not the one of that run and counter")
        }
        let padded: [UInt8]
        do {
            padded = try withKey(1) { (key) throws(SecretsError) in
                try XChaCha20Poly1305.open(
                    Array(row.bytes[XChaCha20Poly1305.nonceSize...]), key: key,
                    nonce: Array(row.bytes[..<XChaCha20Poly1305.nonceSize]),
                    aad: context.associatedData)
            }
        } catch {
            throw TokensError(error)
        }
        do { return try Read(wire: PaddedRead.unpad(padded)) } catch { throw TokensError(error) }
    }
}

// Photos under the key of their row's plate and cell (Docs/Spec/Photo.md).
extension CellKeys {
    /// A photo sealed to the row of a label: padded, under `photo`. `nonce` is 24 fresh random
    /// bytes. Throws `photo-too-large`, and `key-size` for another nonce.
    public func sealPhoto(
        _ photo: [UInt8], label: Label, nonce: [UInt8]
    ) throws(TokensError) -> SealedPhoto {
        do {
            let padded = try PaddedPhoto.pad(photo)
            let sealed = try withKey(2) { (key) throws(SecretsError) in
                try XChaCha20Poly1305.seal(
                    padded, key: key, nonce: nonce, aad: Self.photoData(label))
            }
            return try SealedPhoto(label: label, bytes: nonce + sealed)
        } catch let error as SecretsError {
            throw TokensError(error)
        } catch let error as PlatesError {
            throw TokensError(error)
        } catch {
            throw TokensError(code: "photo-unsealed", sentence: "the photo could not be sealed")
        }
    }

    /// The photo inside. Throws `not-authentic` for any change, another plate, cell or row, and
    /// `padding-invalid`.
    public func openPhoto(_ photo: SealedPhoto) throws(TokensError) -> [UInt8] {
        let padded: [UInt8]
        do {
            padded = try withKey(2) { (key) throws(SecretsError) in
                try XChaCha20Poly1305.open(
                    Array(photo.bytes[XChaCha20Poly1305.nonceSize...]), key: key,
                    nonce: Array(photo.bytes[..<XChaCha20Poly1305.nonceSize]),
                    aad: Self.photoData(photo.label))
            }
        } catch {
            throw TokensError(error)
        }
        do { return try PaddedPhoto.unpad(padded) } catch { throw TokensError(error) }
    }

    private static func photoData(_ label: Label) -> [UInt8] {
        Array("platevault/photo/v1".utf8) + label.bytes
    }
}
