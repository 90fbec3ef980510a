/// What a search may be for: one offence of the FBI's NIBRS tables, or a missing person. There is no
/// purpose in free words and no catch-all (90Z is left out on purpose).
public struct Purpose: Hashable, Sendable {
    /// The code as it stands in requests and rosters: `09A`, `240`, `missing-person`.
    public let code: String
    /// What the code means, in English.
    public let name: String

    /// The purpose of a code; nil for what is not on the list.
    public init?(code: String) {
        guard let name = Self.names[code] else { return nil }
        self.code = code
        self.name = name
    }

    /// The one purpose that needs no process: opening a site's canary (Docs/Spec/Request.md).
    public static let drill = "drill"

    /// All purposes, by code.
    public static var all: [Purpose] { names.keys.sorted().compactMap(Purpose.init(code:)) }

    // NIBRS Group A, and of Group B what a vehicle can matter to. Justifiable homicide (09C) is no
    // offence; the immigration offences (30A–30D, 49C) are prohibited below, by name.
    private static let names: [String: String] = [
        "missing-person": "Missing person",
        "09A": "Murder and nonnegligent manslaughter", "09B": "Negligent manslaughter",
        "100": "Kidnapping/abduction", "101": "Treason", "103": "Espionage",
        "11A": "Rape", "11B": "Sodomy", "11C": "Sexual assault with an object",
        "11D": "Fondling", "120": "Robbery", "13A": "Aggravated assault", "13B": "Simple assault",
        "13C": "Intimidation", "200": "Arson", "210": "Extortion/blackmail",
        "220": "Burglary/breaking and entering", "23A": "Pocket-picking",
        "23B": "Purse-snatching", "23C": "Shoplifting", "23D": "Theft from building",
        "23E": "Theft from coin-operated machine or device", "23F": "Theft from motor vehicle",
        "23G": "Theft of motor vehicle parts or accessories", "23H": "All other larceny",
        "240": "Motor vehicle theft", "250": "Counterfeiting/forgery",
        "26A": "False pretenses/swindle/confidence game",
        "26B": "Credit card/automated teller machine fraud", "26C": "Impersonation",
        "26D": "Welfare fraud", "26E": "Wire fraud", "26F": "Identity theft",
        "26G": "Hacking/computer invasion", "26H": "Money laundering", "270": "Embezzlement",
        "280": "Stolen property offenses", "290": "Destruction/damage/vandalism of property",
        "35A": "Drug/narcotic violations", "35B": "Drug equipment violations",
        "360": "Failure to register as a sex offender", "36A": "Incest", "36B": "Statutory rape",
        "370": "Pornography/obscene material", "39A": "Betting/wagering",
        "39B": "Operating/promoting/assisting gambling", "39C": "Gambling equipment violations",
        "39D": "Sports tampering", "40A": "Prostitution",
        "40B": "Assisting or promoting prostitution", "40C": "Purchasing prostitution",
        "49A": "Harboring escapee/concealing from arrest", "49B": "Flight to avoid prosecution",
        "510": "Bribery", "520": "Weapon law violations",
        "521": "Violation of National Firearm Act of 1934", "522": "Weapons of mass destruction",
        "526": "Explosives", "58A": "Import violations", "58B": "Export violations",
        "61A": "Federal liquor offenses", "61B": "Federal tobacco offenses",
        "620": "Wildlife trafficking", "64A": "Human trafficking, commercial sex acts",
        "64B": "Human trafficking, involuntary servitude", "720": "Animal cruelty",
        "90D": "Driving under the influence", "90F": "Family offenses, nonviolent",
    ]
}

/// What a search must never be for. Each is refused by its own code, so that the log and the
/// refusal say what was tried; a roster may add names but take none away.
public enum ProhibitedPurpose: String, CaseIterable, Sendable {
    /// Finding people for their immigration status; also the NIBRS codes 30A–30D and 49C.
    case immigrationEnforcement = "immigration-enforcement"
    /// Anything private of whoever asks.
    case personalUse = "personal-use"
    /// Race, colour or national origin.
    case race
    /// Sex, sexual orientation or gender.
    case sex
    /// Religion or its practice.
    case religion
    /// Protest, assembly, speech or the press.
    case protest
    /// Seeking, giving or helping with reproductive care.
    case reproductiveCare = "reproductive-care"

    private static let immigrationCodes: Set<String> = ["30A", "30B", "30C", "30D", "49C"]

    /// The prohibited purpose that a code names; nil for all others.
    public init?(code: String) {
        if Self.immigrationCodes.contains(code) {
            self = .immigrationEnforcement
        } else if let named = ProhibitedPurpose(rawValue: code) {
            self = named
        } else {
            return nil
        }
    }

    /// The refusal with which it is met.
    public var refusal: Refusal {
        let code: RefusalCode =
            switch self {
            case .immigrationEnforcement: .prohibitedImmigration
            case .personalUse: .prohibitedPersonal
            case .race: .prohibitedRace
            case .sex: .prohibitedSex
            case .religion: .prohibitedReligion
            case .protest: .prohibitedProtest
            case .reproductiveCare: .prohibitedReproductiveCare
            }
        return Refusal(code, "\(rawValue) is a prohibited purpose; no approval can allow it")
    }
}

/// The kind of legal process behind a request.
public enum ProcessKind: String, CaseIterable, Codable, Sendable {
    /// A warrant to search, signed by a judge.
    case searchWarrant = "search-warrant"
    /// Another order of a court.
    case courtOrder = "court-order"
    /// An order of a court for the defence.
    case defenceOrder = "defence-order"
    /// Danger that cannot wait for a court; marked in the log, attested afterwards.
    case exigent
    /// None: a site's canary is opened to show that all shares work.
    case drill

    /// The kinds that stand behind a search.
    public static var legal: [ProcessKind] { allCases.filter { $0 != .drill } }
}

/// Why an officer denies a request, in a word; no free text enters the log.
public enum DenialCode: String, CaseIterable, Codable, Sendable {
    /// The warrant document could not be read or does not have the digest of the request.
    case warrantUnreadable = "warrant-unreadable"
    /// The request asks for other plates, hours or sites than the warrant.
    case warrantMismatch = "warrant-mismatch"
    /// The request asks for more than it needs.
    case tooBroad = "too-broad"
    /// The purpose is not the one of the warrant.
    case purposeMismatch = "purpose-mismatch"
    /// The purpose is prohibited, whatever it is called.
    case purposeProhibited = "purpose-prohibited"
    /// The officer or the institution is a party to the matter.
    case conflict = "conflict-of-interest"
}
