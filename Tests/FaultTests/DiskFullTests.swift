import Bytes
import Foundation
import Plates
import Secrets
import Testing
import Warrants
import Wire

@testable import Custody
@testable import Embedded
@testable import Inquiry

/// Whether file systems may be mounted here; a machine that must do without says so.
private let mayMount = ProcessInfo.processInfo.environment["PLATEVAULT_NO_MOUNT"] != "1"

/// Disks that are full: what is not taken is refused, what was taken stays, and when there is room
/// again the same processes go on.
extension FaultTests {
    @Test(.enabled(if: mayMount)) func theVaultsDiskIsFull() throws {
        let town = try Town("the vault's disk is full")
        let disk = try SmallDisk(under: town.layout.vault, megabytes: 24)
        defer {
            town.serving.stop()
            disk.remove()
            town.close()
        }
        try town.start()
        let process = town.serving.processID("vault")
        let traffic = Traffic(town, perSite: 2)
        #expect(town.wait(30) { traffic.acknowledged > 40 })
        try disk.fill()
        // What SQLite and the journal still have room for may be taken; then nothing is.
        #expect(town.wait(60) { traffic.account.statuses[503, default: 0] > 20 })
        let before = traffic.acknowledged
        let refused = traffic.account.statuses[503, default: 0]
        Thread.sleep(forTimeInterval: 3)
        #expect(traffic.acknowledged == before)
        #expect(traffic.account.statuses[503, default: 0] > refused)
        #expect(try town.mailCode() == "store-full")
        try disk.free()
        let goesOn = town.wait(60) { traffic.acknowledged > before + 40 }
        let account = traffic.stop()
        #expect(goesOn, "\(account.statuses)")
        #expect(process != nil && town.serving.processID("vault") == process)
        #expect(Set(account.statuses.keys) == [200, 503])
        try town.expectFound(account)
        try town.expectCleanAudit()
    }

    @Test(.enabled(if: mayMount)) func aCustodiansDiskIsFull() throws {
        let town = try Town("a custodian's disk is full", sites: 1)
        let disk = try SmallDisk(under: town.layout.custodian(0), megabytes: 16)
        defer {
            town.serving.stop()
            disk.remove()
            town.close()
        }
        try town.start()
        let process = town.serving.processID(town.custodians[0])
        try disk.fill()
        // The others are enough for everything.
        let traffic = Traffic(town, perSite: 2)
        #expect(town.wait(30) { traffic.acknowledged > 20 })
        let account = traffic.stop()
        try town.expectFound(account)
        #expect(town.log(of: town.custodians[0]).contains("disk-full") || !town.isFollowing(0))
        // Its days die on time all the same.
        let first = Town.start.day
        let due = first.start.adding(days: Int64(town.roster.policy.retentionDays))
        for number in 0..<3 {
            let time = due.adding(days: Int64(number))
            try town.pass(to: time)
            let isGone = try town.wait(60) { try town.isGone(dueAt: time) }
            #expect(isGone && town.now <= time.adding(milliseconds: 60_000))
            try town.expectHonestDeaths()
        }
        #expect(!town.isFollowing(0))
        try disk.free()
        #expect(town.wait(60) { town.isFollowing(0) && town.isReady(town.custodians[0]) })
        #expect(process != nil && town.serving.processID(town.custodians[0]) == process)
        let city = try town.city()
        #expect(
            try town.wait(60) {
                try city.record().report(on: first.adding(2), at: town.now)?.erasedBy.count == 3
            })
        try town.expectHonestDeaths()
        // What it could not do for a month stands there under its name.
        let faults = try town.audit().findings.filter(\.isFault)
        #expect(faults.map(\.code) == ["check-missing"])
        #expect(faults.allSatisfy { $0.sentence.contains(town.custodians[0]) })
    }

    /// A gateway keeps nothing but a copy of the log: reads go on, and it follows again later.
    @Test(.enabled(if: mayMount)) func aGatewaysDiskIsFull() throws {
        let town = try Town("a gateway's disk is full", sites: 1)
        let disk = try SmallDisk(under: town.layout.gateway(1), megabytes: 8)
        defer {
            town.serving.stop()
            disk.remove()
            town.close()
        }
        try town.start()
        try disk.fill()
        let traffic = Traffic(town, perSite: 2)
        #expect(town.wait(30) { traffic.acknowledged > 40 })
        try disk.free()
        let account = traffic.stop()
        #expect(Set(account.statuses.keys) == [200])
        try town.expectFound(account)
        try town.expectCleanAudit()
    }

    @Test(.enabled(if: mayMount)) func theRequestersDiskIsFull() throws {
        let town = try Town("the requester's disk is full", sites: 1)
        let disk = try SmallDisk(under: town.layout.agency, megabytes: 8)
        defer {
            town.serving.stop()
            disk.remove()
            town.close()
        }
        try town.start()
        let traffic = Traffic(town, perSite: 1)
        #expect(town.wait(30) { traffic.acknowledged > 10 })
        let account = traffic.stop()
        try town.expectClosed([Cell(hour: Town.start.hour, site: SiteNumber(number: 1))])
        try disk.fill()
        let before = try town.city().record().allRequests.count
        let code = try town.errand(Traffic.plates)
        #expect(code == "disk-full")
        // The case is kept before the request leaves: no request without one.
        #expect(try town.city().record().allRequests.count == before)
        try disk.free()
        try town.expectFound(account)
        try town.expectCleanAudit()
    }
}

extension Town {
    /// The code with which filing a request of closed hours ends now; nil where it does not.
    func errand(_ plates: [String]) throws -> String? {
        let cells = roster.sites.map { Cell(hour: Self.start.hour, site: $0.number) }
        do {
            _ = try city().file(
                Application(
                    plates: plates, cells: cells, purpose: "240", process: .searchWarrant,
                    warrant: Digest(of: Errand.warrant), docket: ""), as: "investigator")
            return nil
        } catch {
            return (error as? any CodedError)?.code ?? "other"
        }
    }

    /// The code with which the vault's mail box answers a long letter; nil where it takes it.
    func mailCode() throws -> String? {
        let city = try city()
        let letter = Mail(
            topic: Digest(of: [1]), kind: "request", recipient: "nobody",
            sender: city.roster.keyName("investigator"),
            until: now.adding(days: 1), sealed: [UInt8](repeating: 0x50, count: 512 << 10))
        do throws(WireProblem) {
            try city.vault(as: "investigator").put(letter)
            return nil
        } catch { return error.code }
    }

    /// Whether a custodian's mirror is as long as the log.
    func isFollowing(_ index: Int) -> Bool {
        let own = serving.metric("log_entries", of: custodians[index])
        return own != nil && own == serving.metric("log_entries", of: "vault")
    }
}
