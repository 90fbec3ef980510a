import Disk
import Inquiry
import Plates
import Rows
import Secrets
import Vault
import Warrants
import Wire

// Searches: what is refused, what is opened, and what a vault cannot hide.
extension Story {
    /// The two hours in which the sample plates passed, at both sites.
    func window(_ city: Deployment) throws -> [Cell] {
        let closed = try city.record().closedCells
        let busy = Set(
            try closed.filter {
                try !city.files.store.rows(of: CellTreeID(cell: $0, kind: .prompt)).isEmpty
            }.map(\.hour))
        return busy.flatMap { hour in
            city.roster.sites.map { Cell(hour: hour, site: $0.number) }
        }.sorted()
    }

    private static let warrant = Array("Search warrant 26-1047, District Court".utf8)

    func application(
        _ plates: [String], _ cells: [Cell], purpose: String = "240", warrant: [UInt8]? = nil
    ) -> Application {
        Application(
            plates: plates, cells: cells, purpose: purpose, process: .searchWarrant,
            warrant: Digest(of: warrant ?? Self.warrant), docket: "26-1047")
    }

    func refusals(_ city: Deployment, _ sample: Sample) throws {
        chapter("Evening. The hours are closed, quiet ones too; an investigator asks for too much.")
        try city.clocks.pass(milliseconds: 9 * 3_600_000)
        try city.settle()
        let closed = try city.closeHours()
        check(
            "\(closed.closed) cells are closed by their sites, each with a commitment in the log",
            closed.closed > 0 && closed.problems.isEmpty)
        let cells = try window(city)
        refused("a wildcard", "plate-not-exact") {
            _ = try city.file(application(["AB*"], cells), as: "investigator")
        }
        let open = Cell(hour: city.now.hour, site: SiteNumber(number: 1))
        refused("the hour that is under way", "hour-open") {
            _ = try city.file(application([sample.wanted.text], [open]), as: "investigator")
        }
        refused("immigration enforcement", "prohibited-immigration-enforcement") {
            _ = try city.file(
                application([sample.wanted.text], cells, purpose: "immigration-enforcement"),
                as: "investigator")
        }
    }

    func twoApprovals(_ city: Deployment, _ sample: Sample) throws {
        chapter("A warrant for one plate. The court attests it, two of five officers approve.")
        let id = try city.file(
            application([sample.wanted.text], try window(city)), as: "investigator")
        requests["wanted"] = id
        try city.attest(
            id, warrant: Digest(of: Self.warrant), expires: city.now.adding(days: 2))
        for word in ["privacy-office", "clerk-of-court"] {
            let officer = try city.officer(word)
            let docket = try officer.docket(of: id, at: city.now)
            check(
                "\(word) reads the same plate and hours that the log commits to",
                docket.plates == [sample.wanted])
            try officer.approve(id, at: city.now)
        }
        var codes: [String] = []
        for custodian in city.custodianClients {
            do { _ = try custodian.evaluate(id) } catch { codes.append(Self.code(of: error)) }
        }
        check(
            "with two approvals every custodian refuses [\(Set(codes).sorted().joined(separator: " "))]",
            codes == Array(repeating: "approvals-missing", count: 5))
    }

    func opening(_ city: Deployment, _ sample: Sample) throws {
        chapter("A third institution approves.")
        guard let id = requests["wanted"] else { return }
        try city.officer("inspector-general").approve(id, at: city.now)
        let bundle = city.layout.agency + "/bundle"
        let finding = try city.open(id, as: "investigator", bundle: bundle)
        let disclosure = finding.disclosure
        let opened = disclosure.reads.map {
            "\($0.cell.site) \($0.read.asRead)"
        }.sorted()
        let expected = sample.passages.filter { $0.plate == sample.wanted }.map {
            "\($0.site) \($0.asRead)"
        }.sorted()
        check(
            "exactly its \(expected.count) reads of \(sample.passages.count) are opened, as the "
                + "cameras sent them", opened == expected)
        try photo(finding, sample, bundle)
        let words = Dictionary(grouping: disclosure.cells, by: \.word).mapValues(\.count)
        check(
            "every hour at every site is proven: "
                + words.map { "\($1) \($0)" }.sorted().joined(separator: ", "),
            words.keys.allSatisfy { ["complete", "empty"].contains($0) })
        check(
            "three custodians answered, as much as is needed and no more",
            disclosure.answers.answers.count == 3)
        let verified = try BundleVerifier.verify(
            try Bundle(at: bundle, fileSystem: POSIXFileSystem()), trusted: city.roster.hash)
        check(
            "a court verifies the bundle offline: \(verified.disclosure.reads.count) reads",
            verified.disclosure.reads.count == expected.count)
        try copy(bundle, root + ".copy")
        try flip(root + ".copy/evidence/answers", at: 0.5)
        refused("the same bundle with one byte changed is refused", "bundle-changed") {
            _ = try BundleVerifier.verify(
                try Bundle(at: root + ".copy", fileSystem: POSIXFileSystem()))
        }
    }

    /// The picture came after the countersignature, and is the one that the camera sent.
    func photo(_ finding: Inquiry.Finding, _ sample: Sample, _ bundle: String) throws {
        let photos = finding.disclosure.reads.flatMap(\.photos)
        let file = try photos.first?.file.map { try POSIXFileSystem().read("\(bundle)/\($0)") }
        check(
            "one read has a picture: signed for, handed out, and the very bytes that were sent",
            photos.count == 1 && file == sample.crop && finding.photoProblem == nil)
    }

    func emptyAnswer(_ city: Deployment, _ sample: Sample) throws {
        chapter("Another warrant, for a plate that never passed.")
        let warrant = Array("Search warrant 26-1048, District Court".utf8)
        let id = try city.file(
            application(["ZZ0QQ9"], try window(city), warrant: warrant), as: "investigator")
        try city.attest(id, warrant: Digest(of: warrant), expires: city.now.adding(days: 2))
        for word in ["privacy-office", "inspector-general", "public-auditor"] {
            try city.officer(word).approve(id, at: city.now)
        }
        let disclosure = try city.search(id, as: "investigator").disclosure
        check(
            "no read, and each of \(disclosure.cells.count) cells is proven to hold none",
            disclosure.reads.isEmpty && disclosure.cells.allSatisfy { $0.word == "empty" })
    }

    func hiddenRow(_ city: Deployment) throws {
        chapter("The vault lies.")
        guard let id = requests["wanted"] else { return }
        for lie in LyingVault.Lie.allCases {
            let liar = LyingVault(city.vaultHandler, lie)
            let disclosure = try city.search(id, as: "investigator", at: liar).disclosure
            let codes = disclosure.cells.compactMap { cell -> String? in
                if case .refused(let refusal) = cell.outcome { refusal.code } else { nil }
            }
            check(
                "it \(lie.rawValue): noticed [\(Set(codes).sorted().joined(separator: " "))]",
                liar.hasLied && !codes.isEmpty)
        }
    }

    /// Changes one bit of the byte at a place between 0 (first) and 1 (last).
    func flip(_ path: String, at place: Double) throws {
        let disk = POSIXFileSystem()
        let size = Double(try disk.size(path) ?? 1)
        let offset = UInt64(min(size - 1, size * place))
        let byte = try disk.read(path, at: offset, count: 1)
        try disk.write(path, at: offset, byte.map { $0 ^ 1 })
    }
}

/// A vault that answers look-ups with less than it has.
final class LyingVault: Handler {
    enum Lie: String, CaseIterable {
        case hidesARow = "hides a row"
        case hidesARun = "hides a whole run of the gateway"
        case deniesAnHour = "denies that an hour was closed"
    }

    private let honest: any Handler
    private let lie: Lie
    private(set) var hasLied = false

    init(_ honest: any Handler, _ lie: Lie) {
        self.honest = honest
        self.lie = lie
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        let answer = try honest.handle(endpoint, body)
        guard endpoint == .rowsLookup else { return answer }
        do {
            return ByteList.encode(
                try ByteList.decode(answer).map { try twisted(LookupAnswer(wire: $0)).encode() })
        } catch {
            throw .malformed("look-up answer")
        }
    }

    private func twisted(_ answer: LookupAnswer) -> LookupAnswer {
        guard !hasLied, case .closed(let closed) = answer.outcome,
            let place = closed.prompt.runs.firstIndex(where: { !$0.rows.isEmpty })
        else { return answer }
        hasLied = true
        var runs = closed.prompt.runs
        switch lie {
        case .deniesAnHour: return LookupAnswer(item: answer.item, outcome: .unknown)
        case .hidesARun: runs.remove(at: place)
        case .hidesARow:
            let run = runs[place]
            runs[place] = LookupAnswer.FoundRun(
                run: run.run, rows: run.rows.dropLast(), absence: run.absence)
        }
        return LookupAnswer(
            item: answer.item,
            outcome: .closed(
                LookupAnswer.Closed(
                    prompt: LookupAnswer.Tree(
                        opening: closed.prompt.opening, statement: closed.prompt.statement,
                        runs: runs), late: closed.late)))
    }
}
