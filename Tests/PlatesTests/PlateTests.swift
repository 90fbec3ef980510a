import Plates
import Testing

@Suite("the normal form of plates")
struct PlateTests {
    private func normal(_ text: String, _ fold: Fold = .none) throws -> String {
        try Plate(normalizing: text, fold: fold).text
    }

    private func code(_ text: String) -> String? {
        do {
            _ = try Plate(normalizing: text, fold: .none)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "case, width, look-alike letters and digits become one spelling",
        arguments: [
            ("abc 123", "ABC123"), ("ABC-123", "ABC123"), ("a.b·c–1—2•3", "ABC123"),
            ("ＡＢＣ１２３", "ABC123"), ("ａｂｃ　１２３", "ABC123"),
            ("А123ВС", "A123BC"), ("а123вс", "A123BC"), ("АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS"),
            ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"), ("αβεζηικμνορτυχ", "ABEZHIKMNOPTYX"),
            ("٠١٢٣٤٥٦٧٨٩", "0123456789"), ("۰۱۲۳۴۵۶۷۸۹", "0123456789"), ("०१२९", "0129"),
            ("1กก 1234", "1กก1234"), ("๑กก ๑๒๓๔", "1กก1234"), ("京A·12345", "京A12345"),
            ("品川 ３３０ さ ・・12", "品川330さ12"), ("12가 3456", "12가3456"), ("صـ 123", "ص123"),
            ("ی ک ة", "يكه"), ("M-Ü 1234", "MÜ1234"), ("mü1234", "MÜ1234"), ("ŠĐ-1", "ŠĐ1"),
            ("Ж001ЛЛ", "Ж001ЛЛ"), ("ж001лл", "Ж001ЛЛ"), ("बा २ च १२३४", "बा2च1234"), ("צ 12", "צ12"),
        ])
    func mapping(text: String, expected: String) throws {
        #expect(try Array(normal(text).utf8) == Array(expected.utf8))
    }

    @Test(
        "what is refused, and as what",
        arguments: [
            ("", "plate-empty"), (" -·", "plate-empty"), ("ABC*", "plate-wildcard"),
            ("?", "plate-wildcard"), ("A%B", "plate-wildcard"), ("A_B", "plate-wildcard"),
            ("ＡＢＣ＊", "plate-wildcard"), ("ABC\n1", "plate-control"), ("ABC\t1", "plate-control"),
            ("A\u{0}B", "plate-control"), ("A\u{200b}B", "plate-control"),
            ("A\u{202e}B", "plate-control"), ("A\u{ad}B", "plate-control"),
            ("\u{feff}AB", "plate-control"), ("A\u{308}1", "plate-combining"),
            ("กุ1", "plate-combining"), ("A\u{fe0f}1", "plate-combining"),
            ("AB🚗1", "plate-unlisted"),
            ("ABC!", "plate-unlisted"), ("ß1", "plate-unlisted"), ("A/B", "plate-unlisted"),
            ("ⅣA", "plate-unlisted"), ("𝐀BC", "plate-unlisted"), ("ক১", "plate-unlisted"),
            ("ABCDEFGH123456789", "plate-too-long"),
            (String(repeating: " ", count: 65), "plate-too-long"), ("[a-z]+", "plate-unlisted"),
        ])
    func refusals(text: String, expected: String) {
        #expect(code(text) == expected)
    }

    @Test("sixteen characters are a plate, seventeen are not; separators do not count")
    func bounds() throws {
        #expect(try normal("ABCD-EFGH-1234-5678") == "ABCDEFGH12345678")
        #expect(code("ABCD-EFGH-1234-56789") == "plate-too-long")
        let widest = try Plate(normalizing: String(repeating: "京", count: 16), fold: .none)
        #expect(widest.utf8Bytes.count == Plate.maximumBytes)
    }

    @Test("O is read as 0 only where the generation says so, whatever alphabet it came from")
    func fold() throws {
        for text in ["AO0", "ao0", "АО0", "ΑΟ0", "ＡＯ０"] {
            #expect(try normal(text, .letterOAsZero) == "A00")
            #expect(try normal(text) == "AO0")
        }
        #expect(try normal("ØÖ", .letterOAsZero) == "ØÖ")
    }

    @Test("a normal form is its own normal form, and nothing else is accepted as one")
    func strict() throws {
        #expect(try Plate(normal: "ABC123", fold: .letterOAsZero).text == "ABC123")
        for text in ["abc123", "ABC 123", "АBC123", "ABO123"] {
            #expect(throws: PlateRefusal.self) {
                try Plate(normal: text, fold: .letterOAsZero)
            }
        }
        #expect(try Plate(normal: "ABO123", fold: .none).text == "ABO123")
        // Canonically equal texts are different bytes, and only one of them is listed.
        #expect(throws: PlateRefusal.self) { try Plate(normal: "A\u{30a}1", fold: .none) }
    }

    @Test("a plate and its refusal show no character of it")
    func silence() throws {
        let plate = try Plate(normalizing: "SECRET1", fold: .none)
        var dumped = ""
        dump(plate, to: &dumped)
        for shown in ["\(plate)", String(reflecting: plate), dumped, "\([plate])"] {
            #expect(!shown.contains("SECRET"))
        }
        #expect(throws: PlateRefusal.self) { try Plate(normalizing: "SECRET1!", fold: .none) }
        do {
            _ = try Plate(normalizing: "SECRET1\u{1F697}", fold: .none)
        } catch {
            #expect(!"\(error)".contains("SECRET") && !"\(error)".contains("1f697"))
            #expect(error.sentence.contains("character 8"))
        }
    }

    @Test("twins differ in one place, the commonest errors first, and are normal themselves")
    func twins() throws {
        let plate = try Plate(normalizing: "B01", fold: .letterOAsZero)
        #expect(plate.twins.map(\.text) == ["801", "B0I", "BD1", "BQ1"])
        #expect(try Plate(normalizing: "XYK", fold: .none).twins.isEmpty)
        for twin in plate.twins {
            #expect(try Plate(normal: twin.text, fold: .letterOAsZero) == twin)
        }
    }
}
