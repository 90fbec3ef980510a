import Bytes
import Secrets
import TestSupport
import Testing

@Suite struct BytesTests {
    @Test func integersAreBigEndianAndComeBack() throws {
        var writer = ByteWriter()
        writer.u8(0x01)
        writer.u16(0x0203)
        writer.u32(0x0405_0607)
        writer.u64(0x0809_0a0b_0c0d_0e0f)
        writer.text("é")
        #expect(writer.bytes == Array(1...15) + [0xc3, 0xa9])
        var reader = ByteReader(writer.bytes)
        #expect(try reader.u8() == 0x01)
        #expect(try reader.u16() == 0x0203)
        #expect(try reader.u32() == 0x0405_0607)
        #expect(try reader.u64() == 0x0809_0a0b_0c0d_0e0f)
        #expect(try reader.text(2) == "é")
        try reader.end()
    }

    @Test func lentBytesAreThoseThatWouldBeRead() throws {
        var reader = ByteReader([1, 2, 3, 4])
        #expect(try reader.u8() == 1)
        #expect(try reader.lend(2) { Array($0) } == [2, 3])
        #expect(throws: BytesError(code: "bytes-short", sentence: "")) {
            _ = try reader.lend(2) { $0.count }
        }
        #expect(try reader.lend(1) { Array($0) } == [4])
        #expect(throws: BytesError(code: "bytes-short", sentence: "")) {
            _ = try reader.lend(-1) { $0.count }
        }
        try reader.end()
    }

    @Test func aReaderRefusesWhatIsShortLongOrNoText() throws {
        let short = BytesError(code: "bytes-short", sentence: "")
        var reader = ByteReader([1, 2, 3])
        #expect(throws: short) { try reader.u32() }
        // A refusal moves nothing.
        #expect(reader.offset == 0)
        #expect(throws: short) { try reader.raw(-1) }
        #expect(throws: short) { try reader.raw(.max) }
        #expect(throws: BytesError(code: "bytes-trailing", sentence: "")) { try reader.end() }
        var text = ByteReader([0xff, 0xfe])
        #expect(throws: BytesError(code: "bytes-text", sentence: "")) { try text.text(2) }
    }

    @Test(arguments: ["", "00", "ff00", "0123456789abcdef"])
    func hexComesBack(text: String) {
        #expect(Hex.decode(text).map { Hex.encode($0) } == text)
    }

    @Test(arguments: ["0", "0g", "FF", " 00", "00 ", "0x00", "é0"])
    func hexHasOneSpelling(text: String) { #expect(Hex.decode(text) == nil) }

    /// RFC 4648 section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func base64IsThatOfTheRFC(plain: String, text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test(arguments: ["Zg", "Zg=", "Zh==", "Zm9=", "Zg==\n", "Z_==", "====", "Zg==Zg==", "=Zg="])
    func base64HasOneSpelling(text: String) { #expect(Base64.decode(text) == nil) }

    @Test func everyLengthComesBack() {
        let random = SeededRandom("base64")
        for length in 0..<200 {
            let bytes = random.bytes(length)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }

    @Test func onlyTheCodeOfAnErrorCompares() {
        let one = BytesError(code: "bytes-short", sentence: "one")
        #expect(one == BytesError(code: "bytes-short", sentence: "two"))
        #expect(one != BytesError(code: "bytes-text", sentence: "one"))
        #expect(Set([one, BytesError(code: "bytes-short", sentence: "two")]).count == 1)
        #expect("\(one)" == "one")
    }
}
