import Disk
import Intake
import Ledger
import Plates
import Rows
import Secrets
import Tokens
import Vault
import Warrants
import Wire

// From the founding of a deployment to the thief who copies its disk.
extension Story {
    func founding() throws -> Deployment {
        chapter("A city sets it up: two sites, five custodians, three of them needed.")
        guard let start = Timestamp(text: "2026-03-02T13:40:00.000Z") else {
            throw EmbeddedError(code: "time-malformed", sentence: "the story has no beginning")
        }
        let plan = Plan(origin: "city.example/vault.demo", start: start)
        let city = try Deployment.create(at: root, plan: plan)
        let record = try city.record()
        check(
            "all five agreed on the first generation of keys, in \(record.count) log entries",
            record.generation(for: city.now.day) != nil && record.findings.isEmpty)
        return city
    }

    func ingest(_ city: Deployment, _ sample: Sample) throws {
        chapter(
            "Cameras send what they read: \(sample.messages.count) messages of an OpenALPR agent.")
        guard let shift = SampleShift(bringing: sample.messages, to: city.now) else {
            throw EmbeddedError(
                code: "sample-missing", sentence: "the sample messages have no times")
        }
        let report = try city.ingest(sample.messages, replay: shift, site: Samples.site)
        let rows = report.delivered.values.reduce(0, +)
        let summary = report.summary
        check(
            "\(summary.frames) frames and \(summary.groups) passages are \(summary.reads) reads, "
                + "\(summary.readsWithoutGroup) of plates that no passage claims; none is refused",
            summary.messages == sample.messages.count && summary.groups == sample.passages.count
                && summary.reads == summary.groups + summary.readsWithoutGroup
                && summary.refused.isEmpty && report.refused.isEmpty && report.problems.isEmpty)
        check(
            "\(rows) sealed rows are durable in the vault, the day's canary of each site among them",
            rows == summary.reads + report.canaries && report.canaries == city.roster.sites.count)
        check(
            "one passage came with a picture, which is sealed beside its read",
            report.photos == 1 && report.photosLost.isEmpty)
        say("          \(sample.plates.count) different plates, of which the vault knows none")
    }

    func thief(_ city: Deployment, _ sample: Sample) throws {
        chapter("A thief copies the vault's disk.")
        let cells = try city.files.store.days().flatMap { day in
            day.hours.flatMap { hour in
                city.roster.sites.map { Cell(hour: hour, site: $0.number) }
            }
        }
        let rows = try cells.flatMap {
            try city.files.store.rows(of: CellTreeID(cell: $0, kind: .prompt))
        }
        let sizes = Set(rows.map(\.bytes.count)).sorted()
        let labels = Set(rows.map(\.label))
        check(
            "\(rows.count) rows of \(sizes.count == 1 ? "one size" : "two sizes") "
                + "(\(sizes.map(String.init).joined(separator: ", ")) bytes), every label different",
            labels.count == rows.count && sizes.allSatisfy(SealedRow.sizes.contains))
        var bytes: [UInt8] = []
        let paths = try files(below: city.layout.vault)
        for path in paths { bytes += try POSIXFileSystem().read(path) + [0] }
        let words = sample.passages.flatMap { [$0.asRead, $0.plate.text] }
        // Shorter ones occur in random bytes by chance.
        let long = Set(words.filter { $0.utf8.count >= 6 })
        let found = Search.occurrences(of: long, in: bytes)
        check(
            "none of \(long.count) plates stands in the vault's \(paths.count) files "
                + "(\(bytes.count / 1_024) KiB), nor any part of the picture",
            found == 0 && !bytes.contains(sample.crop.suffix(1_024).prefix(64)))
    }

    /// Site 2 is broken into: its signing key gets site keys, which fit no row of site 1.
    func foreignKeys(_ city: Deployment, _ sample: Sample) throws {
        chapter("Somebody breaks into site 2 and takes its key.")
        let hours = city.now.hour.adding(-1)...city.now.hour
        let mine = try siteKeys(city, site: 1, signedBy: 1, hours)
        let theirs = try siteKeys(city, site: 2, signedBy: 2, hours)
        var own = 0
        var foreign = 0
        for number in [hours.lowerBound, hours.upperBound] {
            let tree = CellTreeID(
                cell: Cell(hour: number, site: SiteNumber(number: 1)), kind: .prompt)
            let rows = try city.files.store.rows(of: tree)
            let labels = Set(rows.map(\.label))
            let batches = try city.files.store.batches(of: tree)
            for run in Set(batches.map(\.run)) {
                for plate in sample.plates {
                    let right = try mine.cellKeys(for: plate, hour: number)
                    let wrong = try theirs.cellKeys(for: plate, hour: number)
                    if labels.contains(try right.label(run: run, counter: 0)) { own += 1 }
                    if labels.contains(try wrong.label(run: run, counter: 0)) { foreign += 1 }
                }
            }
        }
        check("site 1's own keys find \(own) of its plates while it holds them", own > 0)
        check("site 2's keys find none of them", foreign == 0)
        refused("site 2 asks for site 1's keys: refused", "signature-invalid") {
            _ = try siteKeys(city, site: 1, signedBy: 2, hours)
        }
    }

    private func siteKeys(
        _ city: Deployment, site: UInt16, signedBy signer: UInt16, _ hours: ClosedRange<Hour>
    ) throws -> SiteKeys {
        let number = SiteNumber(number: site)
        let key = try city.keyRing.key(city.layout.key(city.layout.gateway(signer)))
        let keys = SiteKeys(generation: 1, site: number, threshold: city.roster.threshold)
        for (index, custodian) in city.custodianClients.enumerated() {
            let reply = try OneTimeKey(from: city.random)
            let ask = try StatementDraft.sign(
                GrantRequestBody(
                    site: number, firstHour: hours.lowerBound, lastHour: hours.upperBound,
                    oneTimeKey: reply.publicKey, time: city.now), under: city.roster,
                by: try NoteSigner(name: city.roster.keyName("site-\(signer)"), key: key))
            let sealed = try custodian.grant(ask)
            let parcel = try SiteKeyParcel(
                wire: try reply.open(sealed, info: SealInfo.grant.text(city.roster.origin)))
            _ = try keys.take(parcel, from: index)
        }
        return keys
    }
}

/// Looks for many words in many bytes.
enum Search {
    /// How many of the words stand somewhere in the bytes, in any letter case.
    static func occurrences(of words: Set<String>, in bytes: [UInt8]) -> Int {
        let byFirst = Dictionary(
            grouping: words.map { Array($0.uppercased().utf8) }, by: { Array($0.prefix(3)) })
        let upper = bytes.map { (0x61...0x7a).contains($0) ? $0 - 0x20 : $0 }
        var found: Set<[UInt8]> = []
        guard upper.count > 3 else { return 0 }
        for start in 0..<(upper.count - 3) {
            for word in byFirst[Array(upper[start..<(start + 3)])] ?? []
            where upper[start...].starts(with: word) {
                found.insert(word)
            }
        }
        return found.count
    }
}
