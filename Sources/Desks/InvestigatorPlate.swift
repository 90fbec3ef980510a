import Plates

/// One plate of a request as its investigator typed it: what the keys will be made of, what readers
/// confuse it with, or why it is none.
struct InvestigatorPlate: Sendable, Equatable {
    /// A plate that readers confuse with this one.
    struct Twin: Sendable, Equatable, Encodable {
        /// Its normal form.
        let text: String
        /// What is read for what, such as `I for 1, character 4`.
        let reading: String
    }

    /// As typed.
    let typed: String
    /// The normal form; empty where there is none.
    let normal: String
    /// Why it is no plate, in plain words; empty where it is one.
    let problem: String
    /// Others to be named too, if the warrant covers them.
    let twins: [Twin]

    /// What a text names under a fold. An empty text is no plate and no problem yet.
    init(_ typed: String, fold: Fold) {
        self.typed = typed
        guard !typed.allSatisfy(\.isWhitespace) else {
            (normal, problem, twins) = ("", "", [])
            return
        }
        do throws(PlateRefusal) {
            let plate = try Plate(normalizing: typed, fold: fold)
            normal = plate.text
            problem = ""
            twins = plate.twins.map { Twin(text: $0.text, reading: Self.reading(plate, $0)) }
        } catch {
            (normal, twins) = ("", [])
            problem = Self.words(for: error)
        }
    }

    private static func reading(_ plate: Plate, _ twin: Plate) -> String {
        let pairs = zip(plate.text, twin.text).enumerated()
        guard let (place, pair) = pairs.first(where: { $1.0 != $1.1 }) else { return "" }
        return "\(pair.1) for \(pair.0), character \(place + 1)"
    }

    private static func words(for refusal: PlateRefusal) -> String {
        switch refusal.code {
        case "plate-wildcard":
            "A search names one whole plate; wildcards and parts cannot be searched."
        case "plate-empty": "There is no letter and no digit in it."
        case "plate-too-long": "More than \(Plate.maximumScalars) characters are no plate."
        case "plate-control": "There is an invisible character in it; type it anew."
        case "plate-combining": "There is a combining mark in it; type the letter without it."
        default: "It has a character that no plate has; type letters and digits."
        }
    }
}
