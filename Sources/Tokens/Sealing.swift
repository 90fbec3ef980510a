import Bytes
public import Plates
import Secrets

// Rows under the keys of their plate and cell (DESIGN section 5).

extension Label {
    /// The first 16 bytes of HMAC(find, run ‖ u64(counter)).
    static func derive(
        _ message: [UInt8], find: UnsafeRawBufferPointer
    ) throws(TokensError) -> Label {
        let label = withUnsafeTemporaryAllocation(byteCount: HMACSHA256.size, alignment: 8) {
            tag in
            HMACSHA256.compute(message, key: find, into: tag)
            return try? Label(opening: UnsafeRawBufferPointer(tag))
        }
        guard let label else {
            throw TokensError(code: "label-size", sentence: "a tag shorter than a label")
        }
        return label
    }
}

extension SealedRow {
    /// The row of a read, written once, in its own memory: `nonce ‖ sealed padded read`. `draw`
    /// writes the nonce. Throws `key-size` for a key that is not 32 bytes; no read is too long.
    static func seal(
        _ read: Read, label: Label, open: UnsafeRawBufferPointer, aad: [UInt8],
        _ draw: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(PlatesError) -> SealedRow {
        let (front, behind) = (XChaCha20Poly1305.nonceSize, XChaCha20Poly1305.tagSize)
        let encoding = read.encode()
        let size = front + (try PaddedRead.size(of: encoding)) + behind
        var isSealed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let row = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: size)
            draw(UnsafeMutableRawBufferPointer(rebasing: row[..<front]))
            PaddedRead.write(
                encoding,
                into: UnsafeMutableRawBufferPointer(rebasing: row[front..<(size - behind)]))
            isSealed = aad.withUnsafeBytes {
                XChaCha20Poly1305.seal(inPlace: row, key: open, aad: $0)
            }
            // What is not sealed goes nowhere.
            count = isSealed ? size : 0
        }
        guard isSealed else {
            throw PlatesError(code: "key-size", sentence: "a row is sealed under 32 bytes")
        }
        return try SealedRow(label: label, bytes: bytes)
    }
}

extension CellKeys {
    /// The label of a row: the first 16 bytes of HMAC(find, run ‖ u64(counter)). Public.
    public func label(run: RunID, counter: UInt64) throws(TokensError) -> Label {
        var message = ByteWriter(capacity: 16)
        message.raw(run.bytes)
        message.u64(counter)
        return try withFind { (find) throws(TokensError) in
            try Label.derive(message.bytes, find: find)
        }
    }

    /// The row of a read: encoded, padded, sealed under `open` and bound to its context. `nonce` is
    /// 24 fresh random bytes. Throws `key-size` for another nonce.
    public func sealRow(
        _ read: Read, context: RowContext, nonce: [UInt8]
    ) throws(TokensError) -> SealedRow {
        guard nonce.count == XChaCha20Poly1305.nonceSize else {
            throw TokensError(code: "key-size", sentence: "a nonce has 24 bytes")
        }
        let label = try label(run: context.run, counter: context.counter)
        do throws(PlatesError) {
            return try withKey(1) { (key) throws(PlatesError) in
                try SealedRow.seal(
                    read, label: label, open: key, aad: context.associatedData
                ) { $0.copyBytes(from: nonce) }
            }
        } catch {
            throw TokensError(error)
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
        try withKey(2) { (key) throws(TokensError) in
            try SealedPhoto.seal(photo, label: label, key: key, nonce: nonce)
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
                    aad: SealedPhoto.associatedData(photo.label))
            }
        } catch {
            throw TokensError(error)
        }
        do { return try PaddedPhoto.unpad(padded) } catch { throw TokensError(error) }
    }
}

extension SealedPhoto {
    /// A photo sealed under a lent `photo` key. Throws as `CellKeys.sealPhoto`.
    static func seal(
        _ photo: [UInt8], label: Label, key: UnsafeRawBufferPointer, nonce: [UInt8]
    ) throws(TokensError) -> SealedPhoto {
        do {
            let sealed = try XChaCha20Poly1305.seal(
                PaddedPhoto.pad(photo), key: key, nonce: nonce, aad: associatedData(label))
            return try SealedPhoto(label: label, bytes: nonce + sealed)
        } catch let error as SecretsError {
            throw TokensError(error)
        } catch let error as PlatesError {
            throw TokensError(error)
        } catch {
            throw TokensError(code: "photo-unsealed", sentence: "the photo could not be sealed")
        }
    }

    static func associatedData(_ label: Label) -> [UInt8] {
        Array("platevault/photo/v1".utf8) + label.bytes
    }
}
