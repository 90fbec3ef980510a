import Warrants

/// The offences that a request may be for, and the search among them.
struct InvestigatorOffences {
    /// One offence.
    struct Offence: Equatable {
        /// Its code.
        let code: String
        /// Its name.
        let name: String
        /// What it is against, in words.
        let kind: String
    }

    /// Those that the policy allows, by code.
    let all: [Offence]

    /// The offences of a policy.
    init(_ policy: Policy) {
        all = policy.purposes.compactMap { code in
            Purpose(code: code).map {
                Offence(code: code, name: $0.name, kind: OffenceClass(of: code).name)
            }
        }
    }

    /// Those that a text may mean: every word of it begins a word of the name, or the code. None
    /// where it is a code already.
    func suggestions(for text: String) -> [Offence] {
        let words = Self.words(text)
        guard !words.isEmpty, !all.contains(where: { $0.code == text }) else { return [] }
        return all.filter { offence in
            let own = Self.words(offence.name) + Self.words(offence.code)
            return words.allSatisfy { word in own.contains { $0.hasPrefix(word) } }
        }
    }

    private static func words(_ text: String) -> [Substring] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }
    }
}
