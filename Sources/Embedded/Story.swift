import Bytes
import Custody
import Disk
import FoundationEssentials
import Inquiry
import Plates
import Secrets
import Warrants

/// The demonstration: real plate reads from the camera to a court's bundle, and to a day that is
/// dead. Every sentence that claims something is checked, and the story holds only if all do.
public final class Story {
    let root: String
    let say: (String) -> Void
    var failed = 0
    var checked = 0
    /// The requests that the story has filed, by what they are for.
    var requests: [String: Digest] = [:]
    /// The custodians' slots as they were on the last evening of the first day's life.
    var slots: [Int: [UInt8]] = [:]

    /// A story whose parties live below a directory that does not exist yet.
    public init(root: String, say: @escaping (String) -> Void) {
        self.root = root
        self.say = say
    }

    /// Tells it. Returns whether every claim held; throws where it could not go on.
    public func tell() throws -> Bool {
        let city = try founding()
        let sample = try Sample(try Samples.agentStream(), crop: try Samples.crop())
        try ingest(city, sample)
        try tellRecall(sample, city.roster, at: city.now)
        try thief(city, sample)
        try foreignKeys(city, sample)
        try refusals(city, sample)
        try twoApprovals(city, sample)
        try opening(city, sample)
        try emptyAnswer(city, sample)
        try hiddenRow(city)
        try lyingCustodian(city, sample)
        try vaultGone(city, sample)
        try liveDrill(city)
        try lastDay(city)
        try thirtyOneDays(city)
        try afterwards(city, sample)
        try deadDrill(city)
        try audits(city)
        try removeCopies()
        say("")
        say("\(checked) claims checked, \(failed) failed")
        say("")
        say("One machine that held all shares ran this: it protects nobody. Give each custodian a")
        say("machine, an administrator and a place of its own, in institutions that do not answer")
        say("to one another, and read Docs/Trust.md before you trust any of it.")
        return failed == 0
    }

    /// Removes everything that the parties have.
    public func remove() throws {
        try removeCopies()
        try FileManager.default.removeItem(atPath: root)
    }

    private func removeCopies() throws {
        guard FileManager.default.fileExists(atPath: root + ".copy") else { return }
        try FileManager.default.removeItem(atPath: root + ".copy")
    }

    /// A new chapter.
    func chapter(_ title: String) {
        say("")
        say(title)
    }

    /// One claim and whether it holds.
    func check(_ claim: String, _ holds: Bool) {
        checked += 1
        if !holds { failed += 1 }
        say("  \(holds ? "holds " : "FAILED")  \(claim)")
    }

    /// A claim that something is refused, and under which code.
    func refused(_ claim: String, _ code: String, _ body: () throws -> Void) {
        do {
            try body()
            check("\(claim) [not refused]", false)
        } catch {
            let given = Self.code(of: error)
            check("\(claim) [\(given)]", given == code)
        }
    }

    /// The code of any of the project's errors.
    static func code(of error: any Error) -> String {
        (error as? any CodedError)?.code ?? "other"
    }

    func copy(_ from: String, _ to: String) throws {
        if FileManager.default.fileExists(atPath: to) {
            try FileManager.default.removeItem(atPath: to)
        }
        try FileManager.default.copyItem(atPath: from, toPath: to)
    }

    /// Every file below a folder.
    func files(below folder: String) throws -> [String] {
        var found: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let path = "\(folder)/\(name)"
            var isFolder = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
                found += try files(below: path)
            } else {
                found.append(path)
            }
        }
        return found
    }
}

/// The sample reads as somebody knows them who did not go through the vault: the truth.
struct Sample {
    /// One passage as the messages have it.
    struct Passage: Hashable {
        let asRead: String
        let plate: Plate
        let site: SiteNumber
        let truth: String
    }

    let messages: [[UInt8]]
    let passages: [Passage]
    /// A plate that passed more than once and was read right: the story's search.
    let wanted: Plate
    /// All different plates.
    let plates: Set<Plate>
    /// The picture that one passage of the wanted plate came with.
    let crop: [UInt8]

    private struct Group: Decodable {
        let type: String
        let bestPlate: String?
        let camera: Int?
        let truth: String?

        enum CodingKeys: String, CodingKey {
            case type = "data_type"
            case bestPlate = "best_plate_number"
            case camera = "camera_id"
            case truth = "x_truth"
        }
    }

    /// The messages, a crop put into the first passage of the wanted plate: the recorded ones have
    /// none.
    init(_ recorded: [[UInt8]], crop: [UInt8]) throws {
        self.crop = crop
        let decoder = JSONDecoder()
        let groups = try recorded.map { try decoder.decode(Group.self, from: Data($0)) }
        passages = try groups.compactMap { group in
            guard group.type == "alpr_group", let text = group.bestPlate,
                let camera = group.camera
            else { return nil }
            return Passage(
                asRead: text, plate: try Plate(normalizing: text, fold: .letterOAsZero),
                site: SiteNumber(number: camera < 200 ? 1 : 2), truth: group.truth ?? "")
        }
        plates = Set(passages.map(\.plate))
        let right = passages.filter {
            (try? Plate(normalizing: $0.truth, fold: .letterOAsZero)) == $0.plate
        }
        let counts = Dictionary(grouping: right, by: \.plate).mapValues(\.count)
        let best = counts.max { ($0.value, $1.key.text) < ($1.value, $0.key.text) }
        guard let best, best.value > 1 else {
            throw EmbeddedError(
                code: "sample-missing", sentence: "no sample plate was read right more than once")
        }
        wanted = best.key
        let text = passages.first { $0.plate == best.key }?.asRead
        let place = groups.firstIndex { $0.type == "alpr_group" && $0.bestPlate == text }
        var messages = recorded
        if let place {
            let field = "{\"vehicle_crop_jpeg\":\"\(Base64.encode(crop))\","
            messages[place] = Array(field.utf8) + messages[place].dropFirst()
        }
        self.messages = messages
    }
}
