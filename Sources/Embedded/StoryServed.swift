import Custody
import Foundation
import Hosting
import Inquiry
import Intake
import Plates
import Rows
import Secrets
import Synchronization
import Warrants
import Wire

// The main job across real programs: every party a process of its own, TLS between them, one of
// them killed in the middle.
extension Story {
    /// Tells the main job with all parties as processes; `binaries` is the folder of the programs.
    /// Returns whether every claim held.
    public func tellServed(binaries: String) throws -> Bool {
        let city = try founding()
        let serving = try Serving(root, binaries: binaries)
        defer { serving.stop() }
        try serve(serving)
        let served = try Deployment.open(at: root)
        let sample = try Sample(try Samples.agentStream(), crop: try Samples.crop())
        try post(serving, served, sample)
        try tellRecall(sample, served.roster, at: served.now)
        try strangers(serving, served)
        let id = try servedRequest(served, serving, sample, city.roster)
        try servedOpening(served, serving, sample, id)
        try servedDestruction(served, serving)
        say("")
        say("\(checked) claims checked, \(failed) failed")
        return failed == 0
    }

    private func serve(_ serving: Serving) throws {
        chapter(
            "Each party starts its own program: \(serving.programs.count) processes, TLS 1.3 between them."
        )
        try serving.start()
        check(
            "a vault, \(serving.programs.filter { $0.name == "custodiand" }.count) custodians and "
                + "\(serving.credentials.count) gateways are ready, each on its own",
            serving.programs.allSatisfy { serving.isRunning($0.party) })
    }

    /// The sample messages as an agent posts them, the clocks running along.
    private func post(_ serving: Serving, _ city: Deployment, _ sample: Sample) throws {
        chapter("Cameras post \(sample.messages.count) messages of an OpenALPR agent over HTTP.")
        guard let shift = SampleShift(bringing: sample.messages, to: city.now) else {
            throw EmbeddedError(code: "sample-missing", sentence: "the messages have no times")
        }
        let messages = sample.messages.map { shift.shift($0) }
        var counts: [Int: Int] = [:]
        var window: [[UInt8]] = []
        let cameras = serving.cameras
        func send() {
            // Each site has cameras of its own, which wait for their own answers.
            let lanes = Dictionary(grouping: window) { Self.lane(of: $0) }
            let statuses = Senders.run(lanes.sorted { $0.key < $1.key }.map(\.value)) { message in
                cameras.post(message, to: Self.lane(of: message) < 200 ? "site-1" : "site-2")
            }
            for status in statuses { counts[status, default: 0] += 1 }
            window = []
        }
        var edge = city.now
        for (original, message) in zip(sample.messages, messages) {
            let time = shift.time(of: original) ?? edge
            if time > edge.adding(milliseconds: 20_000) {
                send()
                try city.clocks.pass(milliseconds: max(0, time.milliseconds(since: city.now)))
                edge = time
            }
            window.append(message)
        }
        send()
        check(
            "each is answered: \(counts[200, default: 0]) durable or without a plate, "
                + "\(counts[202, default: 0]) frames held for their passage",
            counts[200, default: 0] + counts[202, default: 0] == messages.count)
        let again = messages.last { Self.lane(of: $0) < 200 && Self.isPassage($0) } ?? []
        let sealed = serving.metric("reads_sealed_total", of: "site-1")
        check(
            "a passage that is delivered again is answered, and is one read",
            cameras.post(again, to: "site-1") == 200
                && serving.metric("reads_sealed_total", of: "site-1") == sealed)
        // The frames that no passage claimed fall due.
        try city.clocks.pass(milliseconds: 120_000)
        let rows = try rowsDelivered(serving, city, sample)
        check(
            "\(rows) rows are durable, one for each passage and each plate of no passage",
            rows >= 415)
    }

    private func rowsDelivered(
        _ serving: Serving, _ city: Deployment, _ sample: Sample
    ) throws -> Int {
        func delivered() -> Int {
            serving.credentials.keys.compactMap {
                serving.metric("rows_delivered_total", of: $0)
            }.reduce(0, +)
        }
        _ = try city.wait(seconds: 20) { delivered() >= 415 }
        return delivered()
    }

    private static func lane(of message: [UInt8]) -> Int {
        struct Camera: Decodable {
            let camera: Int?
            enum CodingKeys: String, CodingKey { case camera = "camera_id" }
        }
        let camera = try? JSONDecoder().decode(Camera.self, from: Data(message))
        return camera?.camera ?? 0
    }

    private static func isPassage(_ message: [UInt8]) -> Bool {
        String(decoding: message, as: UTF8.self).contains("\"alpr_group\"")
    }

    /// Who has no key of the roster reaches no endpoint; who has another's key is refused.
    private func strangers(_ serving: Serving, _ city: Deployment) throws {
        chapter("Strangers try the parties' doors.")
        guard let vault = serving.programs.first else { return }
        let stranger = try PartyIdentity(
            id: "investigator", origin: city.roster.origin,
            key: try SigningKey(from: SystemRandom()), now: Date())
        refused("a key that the roster does not name: no handshake", "unreachable") {
            let way = try HTTPChannel(
                to: city.roster.body.vault.id, at: vault.address, as: stranger, roster: city.roster)
            _ = try VaultClient(way).checkpoint()
        }
        refused("an investigator hands over rows", "party-forbidden") {
            _ = try city.vault(as: "investigator").batches(
                of: Cell(hour: city.now.hour, site: SiteNumber(number: 1)), .prompt)
        }
        check(
            "a camera without the credential is turned away",
            PlainClient().post([], to: (serving.programs.last?.address ?? "") + "/feeds/camera")?
                .status == 401)
    }

    private static let paper = Array("Search warrant 26-1047, District Court".utf8)

    private func servedRequest(
        _ city: Deployment, _ serving: Serving, _ sample: Sample, _ roster: Roster
    ) throws -> Digest {
        chapter(
            "Evening. The gateways close their hours; a warrant, an attestation, three approvals.")
        let seen = city.now.hour
        try city.clocks.pass(milliseconds: 9 * 3_600_000)
        let cells = [seen.adding(-1), seen].flatMap { hour in
            roster.sites.map { Cell(hour: hour, site: $0.number) }
        }
        let isClosed = try city.wait(seconds: 60) {
            let closed = Set(try city.record().closedCells)
            return cells.allSatisfy { closed.contains($0) }
        }
        check("the hours are closed by their sites, by themselves", isClosed)
        let id = try city.file(
            application([sample.wanted.text], cells, warrant: Self.paper), as: "investigator")
        try city.attest(id, warrant: Digest(of: Self.paper), expires: city.now.adding(days: 2))
        for word in ["privacy-office", "clerk-of-court", "inspector-general"] {
            try city.officer(word).approve(id, at: city.now)
        }
        let votes = try city.record().request(id)?.votes(under: roster)
        check(
            "filed, attested and approved by three officers, each from its own machine",
            votes?.approving.count == 3 && votes?.denying.isEmpty == true)
        return id
    }

    private func servedOpening(
        _ city: Deployment, _ serving: Serving, _ sample: Sample, _ id: Digest
    ) throws {
        chapter("The power fails at one custodian's and one that nobody asks.")
        serving.kill("public-auditor")
        serving.kill("site-1")
        let bundle = city.layout.agency + "/bundle"
        let finding = try city.open(id, as: "investigator", bundle: bundle)
        let opened = finding.disclosure.reads.map { "\($0.cell.site) \($0.read.asRead)" }.sorted()
        let expected = sample.passages.filter { $0.plate == sample.wanted }.map {
            "\($0.site) \($0.asRead)"
        }.sorted()
        check(
            "exactly its \(expected.count) reads of \(sample.passages.count) are opened",
            opened == expected && !opened.isEmpty)
        try photo(finding, sample, bundle)
        let verified = try BundleVerifier.verify(
            try Bundle(at: bundle, fileSystem: city.fileSystem), trusted: city.roster.hash)
        check(
            "the bundle holds offline: \(verified.confirmation)",
            verified.disclosure.reads.count == expected.count)
        try serving.start("public-auditor")
        try serving.start("site-1")
        try serving.waitUntilReady("public-auditor", seconds: 60)
        check("both come back by themselves when they are started", serving.isRunning("site-1"))
    }

    private func servedDestruction(_ city: Deployment, _ serving: Serving) throws {
        chapter("Thirty-one days pass. Nobody does anything.")
        let day = city.now.day
        let before = serving.programs.compactMap { program in
            program.name == "custodiand" ? serving.processID(program.party) : nil
        }
        try city.clocks.pass(milliseconds: 31 * 86_400_000)
        let isDead = try city.wait(seconds: 90) {
            try city.record().report(on: day, at: city.now)?.erasedBy.count
                == city.roster.custodians.count
        }
        let report = try city.record().report(on: day, at: city.now)
        check(
            "\(day.text) is dead, by the word of all \(report?.erasedBy.count ?? 0) custodians",
            isDead && report?.verdict == .dead)
        let after = serving.programs.compactMap { program in
            program.name == "custodiand" ? serving.processID(program.party) : nil
        }
        check(
            "each custodian has started itself anew since, in the same process",
            before.count == city.roster.custodians.count && before == after
                && startedAnew(serving))
        let rows = try city.wait(seconds: 40) {
            serving.metric("days{verdict=\"dead\"}", of: "vault") == nil
        }
        check("the vault has dropped the rows of dead days", rows)
        let isRenewed = try city.wait(seconds: 90) {
            let record = try city.record()
            return record.generation(for: city.now.day).map { city.now.day <= $0.last } ?? false
        }
        let made = try city.record().generation(for: city.now.day)
        check(
            "the clocks leapt over the weeks in which keys are renewed; all "
                + "\(made?.finals.count ?? 0) custodians have made generation "
                + "\(made?.number ?? 0) by themselves since",
            isRenewed && made?.finals.count == city.roster.custodians.count
                && (made?.number ?? 0) > 1)
        let all = serving.programs.compactMap { serving.processID($0.party) }
        serving.stop()
        check(
            "told to end, all \(all.count) programs end",
            all.count == serving.programs.count
                && all.allSatisfy { !FileManager.default.fileExists(atPath: "/proc/\($0)") })
    }

    /// Whether every custodian's log tells of more starts than it was started.
    private func startedAnew(_ serving: Serving) -> Bool {
        serving.programs.filter { $0.name == "custodiand" }.allSatisfy { program in
            let log =
                (try? String(
                    contentsOfFile: "\(program.folder)/\(program.name).log", encoding: .utf8)) ?? ""
            let starts = log.split(separator: "\n").filter { $0.contains("event=started") }.count
            return starts >= (program.party == "public-auditor" ? 3 : 2)
        }
    }
}

/// Several senders at once, each waiting for its own answers.
enum Senders {
    static func run<Item: Sendable>(
        _ lanes: [[Item]], _ send: @escaping @Sendable (Item) -> Int
    ) -> [Int] {
        let group = DispatchGroup()
        let results = ResultBox()
        for lane in lanes {
            DispatchQueue.global().async(group: group) {
                for item in lane { results.add(send(item)) }
            }
        }
        group.wait()
        return results.all
    }

    private final class ResultBox: Sendable {
        private let items = Mutex<[Int]>([])
        func add(_ item: Int) { items.withLock { $0.append(item) } }
        var all: [Int] { items.withLock { $0 } }
    }
}
