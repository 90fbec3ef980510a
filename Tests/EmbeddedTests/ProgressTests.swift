import Foundation
import Intake
import Plates
import Secrets
import Testing
import Warrants

@testable import Embedded
@testable import Inquiry

/// What waits for whom, and how far a request is, by the log alone.
@Suite struct ProgressTests {
    /// The sample deployment can be made at any time of day: its cameras see cars in the hours that
    /// are searched, none of which is before the founding, all closed for late reads nine hours later;
    /// and its history has room before now.
    @Test func theSamplesPassInHoursThatHaveKeys() throws {
        let midnight = Day(number: 20_000).start
        let messages = try Samples.agentStream()
        let shift = try #require(SampleShift(bringing: messages, to: midnight))
        let last = try #require(messages.compactMap { shift.time(of: $0) }.max())
        let span = last.milliseconds(since: midnight)
        #expect(span > 20 * 60_000)
        let late = Int64(Policy(purposes: []).lateHours)
        for minute in Int64(0)..<24 * 60 {
            let start = midnight.adding(milliseconds: minute * 60_000)
            let hours = Showcase.History.hours(from: start)
            #expect(hours.contains(start.hour), "\(start.text)")
            #expect(hours.contains(start.adding(milliseconds: span).hour), "\(start.text)")
            #expect(hours.allSatisfy { $0 >= start.hour }, "\(start.text)")
            let looked = start.adding(milliseconds: span).adding(hours: 9)
            #expect(hours.allSatisfy { $0.end.adding(hours: late) < looked }, "\(start.text)")
        }
        #expect(Showcase.History.length > 31 * 86_400_000 + 2 * (span + 9 * 3_600_000))
    }

    @Test func eachPartySeesWhatIsWantedOfIt() throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let authority = try #require(city.roster.body.authorities.first).id
        func what(_ party: String) throws -> [String] { try city.inbox(of: party).map(\.what) }
        #expect(try what("privacy-office").isEmpty && what("investigator").isEmpty)
        let id = try city.file(city.application(), as: "investigator")
        #expect(try what("privacy-office") == ["approve-or-deny"])
        #expect(try what("privacy-office-officer") == ["approve-or-deny"])
        #expect(try what(authority) == ["attest"])
        #expect(try what("investigator").isEmpty)
        #expect(code { _ = try city.inbox(of: "nobody") } == "party-unknown")

        try city.attest(
            id, warrant: Digest(of: Deployment.warrant), expires: city.now.adding(days: 2))
        #expect(try what(authority).isEmpty)
        try city.officer("privacy-office").approve(id, at: city.now)
        #expect(try what("privacy-office").isEmpty)
        #expect(try what("clerk-of-court") == ["approve-or-deny"])
        #expect(try what("investigator").isEmpty)
        try city.officer("clerk-of-court").approve(id, at: city.now)
        #expect(try what("investigator") == ["open"])
        let item = try #require(try city.inbox(of: "investigator").first)
        let filed = try #require(try city.record().request(id)).body.time
        #expect(item.request == id.hex && item.deadline == filed.adding(days: 3).text)
        _ = try city.open(id, as: "investigator", bundle: path + "/bundle")
        #expect(try what("investigator").isEmpty && what("inspector-general").isEmpty)
        // Nothing of the plate is in any of it.
        let progress = try city.progress(of: id)
        let text = String(decoding: try JSONEncoder().encode(progress), as: UTF8.self)
        #expect(text.contains(id.hex) && !text.contains(City.wanted))
    }

    @Test func whoDeniedAndWhoIsDownIsNamed() throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let id = try Deployment.open(at: path).file(
            try Deployment.open(at: path).application(), as: "investigator")
        let city = try Deployment.open(at: path, absent: [2])
        for word in ["privacy-office", "clerk-of-court"] {
            try city.officer(word).deny(id, code: .tooBroad, at: city.now)
        }
        let progress = try city.progress(of: id)
        #expect(progress.verdict == "denied" && progress.next.hasPrefix("nothing: "))
        #expect(
            progress.acts.map(\.what) == ["filed", "denied (too-broad)", "denied (too-broad)"])
        #expect(progress.acts.last?.by.hasPrefix("clerk-of-court-officer of ") == true)
        let problems = progress.machines.filter { $0.problem?.contains("[") == true }
        #expect(problems.map(\.custodian) == ["inspector-general"])
        #expect(problems.first?.problem?.contains("[custodian-down]") == true)
        #expect(try city.inbox(of: "investigator").map(\.what) == ["denied"])
        #expect(try city.inbox(of: "inspector-general").isEmpty)
        let unknown = Digest(of: [])
        #expect(code { _ = try city.progress(of: unknown) } == "request-unknown")
    }

    /// The candidates' worth, by the sample's own truth.
    @Test func moreCandidatesFindMoreAndCostRows() throws {
        let sample = try Sample(try Samples.agentStream(), crop: try Samples.crop())
        let (passages, recalls) = try Story.recall(
            of: sample, candidates: [0, 1, 8], at: Timestamp(milliseconds: 1_767_225_605_835))
        #expect(passages == 379 && recalls.map(\.rows) == [379, 758, 3_267])
        #expect(recalls.map(\.found) == [267, 305, 330])
    }
}
