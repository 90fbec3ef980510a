public import Bytes
public import Plates

/// Who takes part in a deployment that is about to be made.
public struct Plan: Sendable {
    /// A custodian to be: word, name for people, place and administrator.
    public struct Institution: Sendable {
        /// The word in the roster.
        public let id: String
        /// The name for people.
        public let name: String
    }

    /// The log's origin; one that ends in `.demo` has simulated clocks and weak key files.
    public var origin: String
    /// How many custodians an evaluation needs: 2 of 3, 3 of 5 or 4 of 7.
    public var threshold: Int
    /// How many custodians there are.
    public var custodians: Int
    /// The names of the sites; they get the numbers 1, 2, ….
    public var sites: [String]
    /// When a `.demo` deployment's clocks start.
    public var start: Timestamp

    /// A plan: three of five custodians and two sites.
    public init(origin: String, start: Timestamp) {
        self.origin = origin
        self.start = start
        threshold = 3
        custodians = 5
        sites = ["Main Street", "Harbour Bridge"]
    }

    /// The institutions in the order of their bits.
    public var institutions: [Institution] {
        Self.known.prefix(custodians).map { Institution(id: $0, name: $1) }
    }

    /// What a NIBRS offence list of a city usually allows here: serious crimes only.
    public static let purposes = [
        "09A", "100", "11A", "120", "13A", "200", "220", "240", "520", "64A", "64B",
        "missing-person",
    ]

    private static let known = [
        ("privacy-office", "Privacy Office"), ("clerk-of-court", "Clerk of Court"),
        ("inspector-general", "Inspector General"),
        ("civil-rights-commission", "Civil Rights Commission"),
        ("public-auditor", "Public Auditor"), ("ombudsman", "Ombudsman"),
        ("state-archives", "State Archives"),
    ]
}

/// Why a deployment cannot do what it was asked for.
public struct EmbeddedError: CodedError {
    /// A stable word for machines.
    public let code: String
    /// One sentence for people.
    public let sentence: String

    /// An error with its code and sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}
