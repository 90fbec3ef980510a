// A plate in normal form (Docs/Spec/Plate.md). The table is closed: no Unicode library is asked,
// so that every version of every system gives the same bytes, which are the keys' input.

public import Bytes

/// Why a text is no plate. It names at most the place and the class of a character, never the text.
public struct PlateRefusal: CodedError {
    /// `plate-empty`, `plate-too-long`, `plate-control`, `plate-combining`, `plate-wildcard`,
    /// `plate-unlisted`, or `plate-not-normal` where a normal form was demanded.
    public let code: String
    /// One sentence for people.
    public let sentence: String

    init(_ code: String, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

/// Whether the letter O is read as the digit 0; fixed when a generation of keys is made.
public enum Fold: String, Sendable, CaseIterable, Codable {
    /// O and 0 are two characters.
    case none = "none"
    /// O is read as 0: many issuers and most readers do not tell them apart.
    case letterOAsZero = "O0"
}

/// A plate in normal form: 1 to 16 Unicode scalars of the closed table.
///
/// It does not print itself: `description` shows the number of its characters only.
public struct Plate: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The version of the normal form's table.
    public static let normalFormVersion = Int(NormalFormTable.version)
    /// The most Unicode scalars of a normal form.
    public static let maximumScalars = 16
    /// The most UTF-8 bytes of a normal form: 16 scalars of three bytes each.
    public static let maximumBytes = 48
    /// The most Unicode scalars of a text that is read at all, separators counted.
    public static let maximumTextScalars = 64

    /// The UTF-8 bytes of the normal form, the input of the keys (DESIGN section 4).
    public let utf8Bytes: [UInt8]
    /// The fold it was made with.
    public let fold: Fold

    /// The plate that a reader's or an officer's text names. Throws why the text names none.
    public init(normalizing text: String, fold: Fold) throws(PlateRefusal) {
        if let bytes = NormalForm.ofASCII(text, fold) {
            utf8Bytes = bytes
            self.fold = fold
            return
        }
        guard
            text.unicodeScalars.prefix(Self.maximumTextScalars + 1).count
                <= Self.maximumTextScalars
        else { throw Plate.tooLong }
        var normal = String.UnicodeScalarView()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard let target = try NormalForm.target(of: scalar, at: index) else { continue }
            normal.append(fold == .letterOAsZero && target == "O" ? "0" : target)
        }
        guard !normal.isEmpty else {
            throw PlateRefusal("plate-empty", "no character of a plate in this text")
        }
        guard normal.count <= Self.maximumScalars else { throw Plate.tooLong }
        utf8Bytes = Array(String(normal).utf8)
        self.fold = fold
    }

    /// A plate from its normal form. Throws `plate-not-normal` for a text that names a plate but is
    /// not its normal form, or why it names none.
    public init(normal text: String, fold: Fold) throws(PlateRefusal) {
        try self.init(normalizing: text, fold: fold)
        guard utf8Bytes == Array(text.utf8) else {
            throw PlateRefusal("plate-not-normal", "a plate that is not in normal form")
        }
    }

    /// `*`: the text of the reserved plate, which no car can have and no normal form gives.
    public static let canaryText = "*"

    /// The reserved plate under which each site seals one canary a day (DESIGN section 5); only a
    /// drill can name it.
    public static func canary(fold: Fold) -> Plate { Plate(reserved: canaryText, fold: fold) }

    /// Whether it is the reserved plate.
    public var isCanary: Bool { utf8Bytes.elementsEqual(Self.canaryText.utf8) }

    private init(reserved text: String, fold: Fold) {
        utf8Bytes = Array(text.utf8)
        self.fold = fold
    }

    /// A plate as rows and requests keep it: a normal form, or the reserved plate. No reader's and
    /// no officer's text comes this way. Throws as `init(normal:fold:)`.
    public init(kept text: String, fold: Fold) throws(PlateRefusal) {
        if text == Self.canaryText {
            self = Self.canary(fold: fold)
        } else {
            try self.init(normal: text, fold: fold)
        }
    }

    /// The normal form. It is a plate: show it only to who may see it, never log it.
    public var text: String { String(decoding: utf8Bytes, as: UTF8.self) }

    /// How many characters it has, and none of them.
    public var description: String { "plate of \(text.unicodeScalars.count) characters" }

    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Plates that readers confuse with this one: one character read for another, B/8 first, then
    /// 1/I, 0/D, 0/Q, 2/Z and 5/S, each place by itself, from left to right. Suggestions for a
    /// request, where each is named and seen by the officers.
    public var twins: [Plate] {
        let scalars = Array(text.unicodeScalars)
        let pairs: [(Unicode.Scalar, Unicode.Scalar)] = [
            ("B", "8"), ("8", "B"), ("1", "I"), ("I", "1"), ("0", "D"), ("D", "0"),
            ("0", "Q"), ("Q", "0"), ("2", "Z"), ("Z", "2"), ("5", "S"), ("S", "5"),
        ]
        return pairs.flatMap { pair in
            scalars.indices.filter { scalars[$0] == pair.0 }.compactMap { index in
                var other = String.UnicodeScalarView(scalars)
                other.replaceSubrange(
                    other.index(
                        other.startIndex, offsetBy: index)..<other.index(
                            other.startIndex, offsetBy: index + 1), with: [pair.1])
                return try? Plate(normal: String(other), fold: fold)
            }
        }
    }

    private static var tooLong: PlateRefusal {
        PlateRefusal("plate-too-long", "more than \(maximumScalars) characters are no plate")
    }
}

/// The look-up in the closed table.
enum NormalForm {
    /// The table's row of each ASCII character: its target, 0 for a separator, 0xff for the rest.
    private static let ascii: [UInt8] = (0..<128).map { code in
        do throws(PlateRefusal) {
            guard let target = try target(of: Unicode.Scalar(UInt8(code)), at: 0) else { return 0 }
            return target.isASCII ? UInt8(target.value) : 0xff
        } catch {
            return 0xff
        }
    }

    /// The normal form of a text of ASCII characters, as nearly all are; nil where there is a reason
    /// to look closer.
    static func ofASCII(_ text: String, _ fold: Fold) -> [UInt8]? {
        guard text.utf8.count <= Plate.maximumTextScalars else { return nil }
        var isPlain = true
        let normal = [UInt8](unsafeUninitializedCapacity: Plate.maximumScalars) { normal, count in
            for byte in text.utf8 {
                let target = byte < 128 ? ascii[Int(byte)] : 0xff
                if target == 0 { continue }
                guard target != 0xff, count < Plate.maximumScalars else {
                    isPlain = false
                    return
                }
                let isFolded = fold == .letterOAsZero && target == UInt8(ascii: "O")
                normal[count] = isFolded ? UInt8(ascii: "0") : target
                count += 1
            }
        }
        return isPlain && !normal.isEmpty ? normal : nil
    }

    /// What a scalar becomes; nil for a separator. Throws the refusal of everything else.
    static func target(
        of scalar: Unicode.Scalar, at index: Int
    ) throws(PlateRefusal) -> Unicode.Scalar? {
        let code = scalar.value
        if let run = row(of: code, in: NormalFormTable.runs, width: 3) {
            let first = NormalFormTable.runs[run]
            let target = NormalFormTable.runs[run + 2]
            return target == 0 ? nil : Unicode.Scalar(target + (code - first))
        }
        let place = "character \(index + 1)"
        if NormalFormTable.wildcards.contains(code) {
            throw PlateRefusal(
                "plate-wildcard", "\(place) is a wildcard; a search names one exact plate")
        }
        if row(of: code, in: NormalFormTable.controls, width: 2) != nil {
            throw PlateRefusal("plate-control", "\(place) is a control or an invisible character")
        }
        if row(of: code, in: NormalFormTable.marks, width: 2) != nil {
            throw PlateRefusal("plate-combining", "\(place) is a combining mark")
        }
        throw PlateRefusal(
            "plate-unlisted", "\(place) is in no list of the normal form, version 1")
    }

    /// The offset of the row whose first two numbers enclose `code`; rows ascend.
    private static func row(of code: UInt32, in table: [UInt32], width: Int) -> Int? {
        var low = 0
        var high = table.count / width
        while low < high {
            let middle = (low + high) / 2
            if table[middle * width + 1] < code { low = middle + 1 } else { high = middle }
        }
        guard low < table.count / width, table[low * width] <= code else { return nil }
        return low * width
    }
}
