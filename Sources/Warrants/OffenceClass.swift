/// What an offence is against, as the FBI's NIBRS sorts its codes: what the public is told of a
/// search's purpose at a glance.
public enum OffenceClass: String, CaseIterable, Codable, Sendable {
    /// Somebody was hurt, taken or threatened.
    case persons
    /// Something was taken, damaged or cheated for.
    case property
    /// What the law forbids for the sake of all: weapons, drugs, driving under the influence.
    case society
    /// No offence: somebody is missing.
    case missing
    /// A code that is on no list.
    case other

    /// Its name for people.
    public var name: String {
        switch self {
        case .persons: "crimes against persons"
        case .property: "crimes against property"
        case .society: "crimes against society"
        case .missing: "missing persons"
        case .other: "no purpose on the list"
        }
    }

    /// The class of a purpose's code.
    public init(of code: String) {
        guard Purpose(code: code) != nil else {
            self = .other
            return
        }
        if code == "missing-person" {
            self = .missing
        } else if Self.againstPersons.contains(code) {
            self = .persons
        } else if Self.againstProperty.contains(code) {
            self = .property
        } else {
            self = .society
        }
    }

    private static let againstPersons: Set<String> = [
        "09A", "09B", "100", "11A", "11B", "11C", "11D", "13A", "13B", "13C", "36A", "36B", "64A",
        "64B",
    ]
    private static let againstProperty: Set<String> = [
        "120", "200", "210", "220", "23A", "23B", "23C", "23D", "23E", "23F", "23G", "23H", "240",
        "250", "26A", "26B", "26C", "26D", "26E", "26F", "26G", "26H", "270", "280", "290", "510",
    ]
}
