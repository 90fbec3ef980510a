import Bytes
import Plates
import Secrets
import TestSupport
import Testing
import Tokens

@Suite("photos: sealed under one plate, one cell, one row")
struct PhotoTests {
    private func keys(_ name: String) throws -> CellKeys {
        try CellKeys(combined: SecretBytes(copying: Digest(of: Array(name.utf8)).bytes))
    }

    private func label(_ byte: UInt8) throws -> Label {
        try Label(bytes: [UInt8](repeating: byte, count: 16))
    }

    @Test("a photo of any length opens to the same bytes, and has one of four sizes")
    func roundTrip() throws {
        let (keys, label) = (try keys("a"), try label(1))
        let edges = PaddedPhoto.sizes.flatMap { [$0 - 5, $0 - 4, $0 - 3] }.dropLast()
        for count in [0, 1, 17] + edges {
            let photo = SeededRandom("photo \(count)").bytes(count)
            let nonce = SystemRandom().bytes(24)
            let sealed = try keys.sealPhoto(photo, label: label, nonce: nonce)
            let size = try #require(PaddedPhoto.sizes.first { count + 4 <= $0 })
            #expect(sealed.bytes.count == 24 + size + 16 && sealed.label == label)
            #expect(Array(sealed.bytes.prefix(24)) == nonce)
            #expect(try keys.openPhoto(sealed) == photo)
        }
        let large = [UInt8](repeating: 0, count: PaddedPhoto.maximumBytes + 1)
        #expect(throws: refusal("photo-too-large")) {
            _ = try keys.sealPhoto(large, label: label, nonce: SystemRandom().bytes(24))
        }
        #expect(throws: refusal("key-size")) {
            _ = try keys.sealPhoto([1], label: label, nonce: [1, 2])
        }
    }

    @Test("another plate, another row, another key of the plate or any changed byte: refused")
    func bound() throws {
        let keys = try keys("a")
        let sealed = try keys.sealPhoto(
            Array("photo".utf8), label: label(1), nonce: SystemRandom().bytes(24))
        func isRefused(_ photo: SealedPhoto, by other: CellKeys? = nil) -> Bool {
            do {
                _ = try (other ?? keys).openPhoto(photo)
                return false
            } catch {
                return error == refusal("not-authentic")
            }
        }
        #expect(isRefused(sealed, by: try self.keys("b")))
        #expect(isRefused(try SealedPhoto(label: label(2), bytes: sealed.bytes)))
        for place in [0, 23, 24, 30, 5_000, sealed.bytes.count - 17, sealed.bytes.count - 1] {
            var bytes = sealed.bytes
            bytes[place] ^= 1
            #expect(isRefused(try SealedPhoto(label: label(1), bytes: bytes)), "byte \(place)")
        }
        // What opens rows does not open photos.
        let padded = try PaddedPhoto.pad(Array("photo".utf8))
        let nonce = SystemRandom().bytes(24)
        let wrong = try XChaCha20Poly1305.seal(
            padded, key: try keys.open(), nonce: nonce,
            aad: Array("platevault/photo/v1".utf8) + label(1).bytes)
        #expect(isRefused(try SealedPhoto(label: label(1), bytes: nonce + wrong)))
        let right = try XChaCha20Poly1305.seal(
            padded, key: try keys.photo(), nonce: nonce,
            aad: Array("platevault/photo/v1".utf8) + label(1).bytes)
        #expect(!isRefused(try SealedPhoto(label: label(1), bytes: nonce + right)))
    }

    @Test("padding has one form")
    func padding() throws {
        func code(_ padded: [UInt8]) -> String {
            do {
                _ = try PaddedPhoto.unpad(padded)
                return "accepted"
            } catch {
                return error.code
            }
        }
        var padded = try PaddedPhoto.pad([1, 2, 3])
        #expect(code(padded) == "accepted")
        padded[7] = 1
        #expect(code(padded) == "padding-invalid")
        #expect(code([0, 0, 0, 0]) == "padding-invalid")
        #expect(code([]) == "padding-invalid")
        #expect(code([0, 0, 0, 1] + [UInt8](repeating: 0, count: 262_140)) == "padding-invalid")
        #expect(code([0, 1, 0, 0] + [UInt8](repeating: 0, count: 65_532)) == "padding-invalid")
        #expect(
            code([255, 255, 255, 255] + [UInt8](repeating: 0, count: 65_532))
                == "padding-invalid")
        for size in [0, 64 << 10, SealedPhoto.sizes[0] - 1, SealedPhoto.sizes[3] + 1] {
            #expect(throws: PlatesError.self) {
                _ = try SealedPhoto(label: label(1), bytes: [UInt8](repeating: 0, count: size))
            }
        }
    }

    @Test("the example of Docs/Spec/Photo.md is what this code writes")
    func example() throws {
        let page = try SpecPage("Photo")
        let keys = try CellKeys(
            combined: SecretBytes(copying: [UInt8](repeating: 0x07, count: 32)))
        let sealed = try keys.sealPhoto(
            Array("not a photo".utf8), label: label(0x11),
            nonce: [UInt8](repeating: 0x42, count: 24))
        #expect(page.shows(Hex.encode(Array(sealed.bytes.prefix(48)))))
        #expect(
            page.shows(
                "SHA-256 of all \(sealed.bytes.count) bytes = \(Digest(of: sealed.bytes).hex)"),
            "\(Hex.encode(Array(sealed.bytes.prefix(48)))) \(Digest(of: sealed.bytes).hex)")
    }
}
