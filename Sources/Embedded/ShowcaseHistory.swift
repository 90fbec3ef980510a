import Disk
import Hosting
import Inquiry
import Intake
import Plates
import Rows
import Secrets
import Warrants

extension Showcase {
    /// What happened in the deployment before anybody looked: a first day with searches, whose keys
    /// are destroyed by now, quiet weeks, and a last day whose requests wait in every state.
    struct History {
        /// By what became of them.
        var requests: [String: Digest] = [:]
        /// The paths of their warrants.
        var warrants: [String: String] = [:]
        /// A plate that passed on the last day, more than once.
        var plate: Plate
        /// The last day's hours in which the samples passed: the first, and the one after the last.
        var window: [Hour] = []

        /// 31 days and 20 hours of simulated time, so that it ends now.
        static let length: Int64 = 31 * 86_400_000 + 20 * 3_600_000

        /// The hours that are searched for samples that begin at `start`: they pass in half an hour.
        /// None is before `start`, where a deployment that is founded then has no keys.
        static func hours(from start: Timestamp) -> [Hour] { [start.hour, start.hour.next] }

        static func make(
            at root: String, fileSystem: any FileSystem, say: @escaping (String) -> Void,
            isWanted: () -> Bool
        ) throws -> History {
            let now = ProgramClock.machine.now
            let start = now.adding(milliseconds: -length)
            let sample = try Sample(try Samples.agentStream(), crop: try Samples.crop())
            let city = try Deployment.create(
                at: root, plan: Plan(origin: "city.example/vault.demo", start: start),
                fileSystem: fileSystem)
            let maker = Maker(city, sample, say, History(plate: sample.wanted))
            try maker.firstDay()
            try maker.weeks(isWanted)
            try maker.lastDay()
            try city.clocks.pass(milliseconds: max(0, now.milliseconds(since: city.now)))
            try city.settle()
            _ = try city.closeHours()
            return maker.history
        }
    }

    /// Lets the parties do what makes the history.
    private final class Maker {
        private let city: Deployment
        private let sample: Sample
        private let say: (String) -> Void
        var history: History

        init(
            _ city: Deployment, _ sample: Sample, _ say: @escaping (String) -> Void,
            _ history: History
        ) {
            self.city = city
            self.sample = sample
            self.say = say
            self.history = history
        }

        private var others: [Plate] {
            let passed = sample.passages.map(\.plate).filter { $0 != sample.wanted }
            return Set(passed).sorted { $0.text < $1.text }
        }

        func firstDay() throws {
            say("the first day: \(sample.messages.count) messages of cameras, two requests")
            let cells = try read()
            let opened = try file("destroyed", [sample.wanted], cells, embargo: 10)
            try attest(opened, "destroyed")
            try approve(opened, ["privacy-office", "clerk-of-court", "inspector-general"])
            _ = try city.open(
                opened, as: "investigator",
                bundle: try city.nextBundle(of: opened, as: "investigator"))
            let denied = try file("denied-before", Array(others.prefix(8)), cells, embargo: 10)
            try attest(denied, "denied-before")
            try deny(
                denied,
                [
                    ("privacy-office", .tooBroad), ("civil-rights-commission", .tooBroad),
                    ("public-auditor", .purposeMismatch),
                ])
        }

        /// Quiet weeks: custodians renew and destroy keys, sites close empty hours; one request lapses.
        func weeks(_ isWanted: () -> Bool) throws {
            say("thirty-one days pass")
            for day in 1...31 {
                guard isWanted() else {
                    throw EmbeddedError(code: "not-wanted", sentence: "told to end")
                }
                try city.clocks.pass(milliseconds: 86_400_000)
                try city.settle()
                _ = try city.closeHours()
                if day == 11, let opened = history.requests["destroyed"] {
                    try city.notify(opened, as: "investigator")
                }
                if day == 14 {
                    let cells = Array(try city.record().closedCells.sorted().suffix(24).prefix(8))
                    _ = try file("lapsed", [others[3]], cells, purpose: "120", embargo: 10)
                }
            }
        }

        func lastDay() throws {
            say("the last day: cameras again, and requests in every state")
            let cells = try read()
            let hours = cells.map(\.hour)
            if let first = hours.min(), let last = hours.max() {
                history.window = [first, last.adding(1)]
            }
            let third = ["privacy-office", "clerk-of-court", "inspector-general"]
            let opened = try file("opened", [others[0]], cells)
            try attest(opened, "opened")
            try approve(opened, third)
            _ = try city.open(
                opened, as: "investigator",
                bundle: try city.nextBundle(of: opened, as: "investigator"))
            let approved = try file("approved", [others[1]], cells, purpose: "09A")
            try attest(approved, "approved")
            try approve(approved, third)
            let denied = try file("denied", Array(others.prefix(6)), cells, purpose: "220")
            try attest(denied, "denied")
            try deny(
                denied,
                [
                    ("privacy-office", .tooBroad), ("clerk-of-court", .warrantMismatch),
                    ("civil-rights-commission", .tooBroad),
                ])
            let one = try file("approved-by-one", [others[2]], cells, purpose: "120")
            try attest(one, "approved-by-one")
            try approve(one, ["clerk-of-court"])
            try attest(try file("attested", [others[4]], cells, purpose: "13A"), "attested")
            _ = try file("filed", [others[5]], cells, purpose: "100")
        }

        /// The sample's half hour, then the time until its hours are closed and old enough. The cells of
        /// its hours.
        private func read() throws -> [Cell] {
            let hours = History.hours(from: city.now)
            guard let shift = SampleShift(bringing: sample.messages, to: city.now) else {
                throw EmbeddedError(
                    code: "sample-missing", sentence: "the sample messages have no times")
            }
            _ = try city.ingest(sample.messages, replay: shift, site: Samples.site)
            try city.clocks.pass(milliseconds: 9 * 3_600_000)
            try city.settle()
            _ = try city.closeHours()
            return hours.flatMap { hour in
                city.roster.sites.map { Cell(hour: hour, site: $0.number) }
            }
        }

        /// Files a request under a warrant of its own, which is kept as a document.
        private func file(
            _ state: String, _ plates: [Plate], _ cells: [Cell], purpose: String = "240",
            embargo: Int64? = nil
        ) throws -> Digest {
            let docket = "26-\(1_001 + history.requests.count)"
            let folder = city.layout.root + "/warrants"
            let disk = POSIXFileSystem()
            try disk.makeFolder(folder)
            let path = "\(folder)/\(docket).txt"
            let document = Array("District Court. Search warrant \(docket).\n".utf8)
            try disk.replace(path, document)
            history.warrants[state] = path
            let id = try city.file(
                Application(
                    plates: plates.map(\.text), cells: cells, purpose: purpose,
                    process: .searchWarrant, warrant: Digest(of: document), docket: docket,
                    embargo: embargo.map { city.now.day.adding($0) }),
                as: "investigator")
            history.requests[state] = id
            return id
        }

        private func attest(_ id: Digest, _ state: String) throws {
            let document = try POSIXFileSystem().read(history.warrants[state] ?? "")
            try city.attest(
                id, warrant: Digest(of: document), expires: city.now.adding(days: 2))
        }

        private func approve(_ id: Digest, _ custodians: [String]) throws {
            for word in custodians { try city.officer(word).approve(id, at: city.now) }
        }

        private func deny(_ id: Digest, _ votes: [(String, DenialCode)]) throws {
            for (word, code) in votes {
                try city.officer(word).deny(id, code: code, at: city.now)
            }
        }
    }
}
