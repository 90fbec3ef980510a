import Custody
import Disk
import FoundationEssentials
import Ledger
import Plates
import Secrets
import Warrants
import Wire

// 31 days, the death of a day, what a backup is worth then, and the audit.
extension Story {
    private var backup: String { root + ".copy" }

    /// The evening before the first day dies: somebody copies every file that there is.
    func lastDay(_ city: Deployment) throws {
        chapter("29 days pass. On the last evening somebody copies every file of every party.")
        let due = city.roster.policy.retentionDays
        let before = try city.record().count
        let start = city.now.day
        while city.now.day.number < Self.firstDay(city).number + UInt32(due) - 1 {
            try nextDay(city)
        }
        let record = try city.record()
        // Each site asks each custodian once a day for the keys of its canary, and for no hour that
        // is to come. The custodians have made a new generation each week meanwhile.
        let asking = record.grants.filter { $0.index >= before }.map(\.body)
        let days = Set(asking.map(\.time.day))
        let quiet = city.now.day.number - start.number
        check(
            "\(record.closedCells.count) quiet and busy cells closed; \(days.count) quiet days with "
                + "keys cost \(asking.count) grants, one of each custodian for each site's canary",
            days.count == Int(quiet)
                && asking.count == days.count * city.roster.sites.count * 5
                && asking.allSatisfy { $0.lastHour <= $0.time.hour })
        let made = record.generations.values.filter(\.isUsable)
        check(
            "\(made.count) generations of keys followed each other, one a week, by themselves",
            made.count == record.generations.count && made.count >= Int(quiet) / 7)
        let day = try city.audit().days.first
        check("the first day is alive until its time", day?.verdict == .alive)
        try copy(root, backup)
        check(
            "what is copied now, slots included, opens today: a custodian's disk is worth its share",
            try opens(backup).count == 5)
    }

    func thirtyOneDays(_ city: Deployment) throws {
        chapter("Two more days.")
        for _ in 0..<2 { try nextDay(city) }
        let days = try city.audit().days
        let dead = days.filter { $0.verdict == .dead }
        check(
            "\(dead.count) days are dead, \(days.count - dead.count) alive, none overdue",
            dead.count >= 2
                && days.allSatisfy {
                    $0.verdict == ($0.due <= city.now.milliseconds ? .dead : .alive)
                })
        for day in dead {
            say(
                "          \(day.day.text) dead by the word of \(day.erasedBy.joined(separator: ", "))"
            )
        }
        let paths = try files(below: city.layout.rows)
        let number = "-\(Self.firstDay(city).number)."
        check("the dead day's rows are gone too", !paths.contains { $0.contains(number) })
    }

    func afterwards(_ city: Deployment, _ sample: Sample) throws {
        chapter("The same warrant again, and whatever else one could try.")
        guard let id = requests["wanted"] else { return }
        let first = Self.firstDay(city)
        let cells = [13, 14].flatMap { hour in
            city.roster.sites.map { site in
                Cell(hour: Hour(number: first.number * 24 + hour), site: site.number)
            }
        }
        refused("filed anew", "window-expired") {
            _ = try city.file(application([sample.wanted.text], cells), as: "investigator")
        }
        var codes: [String] = []
        for custodian in city.custodianClients {
            do { _ = try custodian.evaluate(id) } catch { codes.append(Self.code(of: error)) }
        }
        check(
            "the approved request again: no custodian can "
                + "[\(Set(codes).sorted().joined(separator: " "))]", codes.count == 5)
        try backups(city, id)
    }

    /// What the copies of the last evening are worth, with what is on the disks now.
    private func backups(_ city: Deployment, _ id: Digest) throws {
        let stolen = Layout(backup)
        // A backup has every file but the slots, which are what a custodian does not back up; the
        // thief puts the slots of today's disks beside it.
        for index in city.roster.custodians.indices {
            try copy(
                Layout(root).custodian(index) + "/slot", stolen.custodian(index) + "/slot")
        }
        check(
            "every other file of that evening with today's slots: none of five states opens",
            try opens(backup).isEmpty)
        try restoreTwo(city, stolen)
        let thief = try Deployment.open(at: backup, absent: [2, 3, 4])
        let there = try opens(backup).count
        check(
            "even with the slots of two custodians copied that evening (\(there) open)", there == 2)
        let missing = city.roster.threshold.subsets.filter { mask in
            !mask.contains(0) && !mask.contains(1)
        }
        refused("the search gives nothing: subset \(missing[0]) is gone", "answers-missing") {
            _ = try thief.search(id, as: "investigator")
        }
        say(
            "          (copies of three or more whole disks, slots included, would: see Docs/Trust.md)"
        )
    }

    private func restoreTwo(_ city: Deployment, _ stolen: Layout) throws {
        for index in [0, 1] {
            guard let slot = slots[index] else { continue }
            let path = stolen.custodian(index) + "/slot"
            try POSIXFileSystem().replace(path, slot)
        }
    }

    /// Which custodians' states open in a copy of the deployment.
    private func opens(_ copy: String) throws -> [Int] {
        var open: [Int] = []
        for index in 0..<5 {
            let path = Layout(copy).custodian(index)
            if slots[index] == nil { slots[index] = try POSIXFileSystem().read(path + "/slot") }
            let state = try? StateStore.open(
                in: path, passphrase: nil, disk: POSIXFileSystem(), random: SystemRandom())
            if state != nil { open.append(index) }
        }
        return open
    }

    func audits(_ city: Deployment) throws {
        chapter("Anybody audits it.")
        let report = try city.audit()
        check(
            "\(report.entries) entries, \(report.requests) requests, \(report.evaluations) "
                + "evaluations, \(report.days.count) days: clean",
            report.isClean)
        for finding in report.findings where finding.isFault {
            say("          \(finding.sentence)")
        }
        for place in [0.1, 0.5, 0.9] {
            try copy(root, backup)
            try flip(Layout(backup).log + "/journal", at: place)
            check(
                "one byte of the log changed at \(Int(place * 100)) %: the audit fails",
                !passes(backup))
        }
        try copy(root, backup)
        check("untouched, the same copy passes", passes(backup))
        try rewrite(city)
        check(
            "the operator signs a new history without one request: the mirrors disagree",
            !passes(backup))
    }

    /// Whether the audit of a deployment's copy comes out clean.
    private func passes(_ path: String) -> Bool {
        guard let copy = try? Deployment.open(at: path), let report = try? copy.audit() else {
            return false
        }
        return report.isClean
    }

    /// The operator's own forgery: the whole log again, but for one request, under the log's key.
    private func rewrite(_ city: Deployment) throws {
        let folder = Layout(backup)
        var entries = try city.files.log.entries(0..<city.files.log.size)
        if let id = requests["wanted"], let index = try city.record().index(of: id) {
            entries.remove(at: Int(index))
        }
        try FileManager.default.removeItem(atPath: folder.log)
        // A new auditor comes, who has never seen the log before.
        try FileManager.default.removeItem(atPath: folder.auditor)
        let forged = try Log.create(
            at: folder.log, origin: city.roster.origin,
            signer: try NoteSigner(
                name: city.roster.origin, key: try city.keyRing.key(city.layout.vault + "/log.key")),
            fileSystem: POSIXFileSystem())
        _ = try forged.append(entries)
    }

    static func firstDay(_ city: Deployment) -> Day {
        (try? city.record().generations[1]?.first) ?? city.now.day
    }

    func nextDay(_ city: Deployment) throws {
        try city.clocks.pass(milliseconds: 86_400_000)
        try city.settle()
        _ = try city.closeHours()
    }
}
