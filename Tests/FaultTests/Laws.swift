import Disk
import Foundation
import Ledger
import Plates
import Secrets
import Testing
import Warrants

@testable import Custody
@testable import Embedded
@testable import Inquiry

// What must hold whatever happened.
extension Town {
    /// Every read that a camera was told is durable is found by a search, and nothing that no camera
    /// saw. The hours are closed first, which takes the sites' own programs.
    func expectFound(_ account: Traffic.Account) throws {
        let hours = Set(
            account.acknowledged.map { Timestamp(milliseconds: $0.milliseconds).hour })
        guard let first = hours.min(), let last = hours.max() else {
            throw TownFault("no read was acknowledged: \(account.statuses)")
        }
        let cells = (first.number...last.number).flatMap { hour in
            roster.sites.map { Cell(hour: Hour(number: hour), site: $0.number) }
        }
        try expectClosed(cells)
        expectFound(account, try Errand(self, seconds: 90).search(Traffic.plates, cells))
    }

    /// Waits until the sites have closed cells of hours that are over, as the log says.
    func expectClosed(_ cells: [Cell]) throws {
        if let last = cells.map(\.hour).max() {
            // Young hours may not be asked for: late_hours and a little.
            try pass(to: last.end.adding(hours: 7))
        }
        let city = try city()
        let isClosed = wait(120) {
            guard let record = try? city.record() else { return false }
            // Messages that were tried again may have come late.
            return Set(cells).isSubset(of: record.closedCells)
                && cells.allSatisfy { record.closedHours(of: $0.site, .late).contains($0.hour) }
        }
        guard isClosed else {
            let logs = sites.map { log(of: $0).split(separator: "\n").suffix(3) }
            throw TownFault("hours stay open: \(logs)")
        }
    }

    func expectFound(_ account: Traffic.Account, _ found: Found) {
        let lost = account.acknowledged.filter { found.sightings[$0] == nil }
        #expect(lost.isEmpty, "\(lost.count) of \(account.acknowledged.count) are lost")
        let invented = found.sightings.keys.filter { !account.posted.contains($0) }
        #expect(invented.isEmpty, "\(invented.count) were posted by nobody")
        #expect(found.isSound)
        #expect(found.words.isSubset(of: ["complete", "empty"]), "\(found.words)")
    }

    /// What a custodian's disk holds, opened as its own program would; of a `.demo` anybody can.
    /// The program goes on meanwhile: a copy that was made between two writes is made again.
    func disk(of index: Int) throws -> CustodianState {
        let copy = root + "/copy-\(index)"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        var last: (any Error)?
        for _ in 0..<200 {
            do {
                try? FileManager.default.removeItem(atPath: copy)
                try POSIXFileSystem().makeFolder(copy)
                for name in ["slot", "state-a", "state-b"] {
                    let path = layout.custodian(index) + "/" + name
                    guard let bytes = try? POSIXFileSystem().read(path) else { continue }
                    try POSIXFileSystem().create(copy + "/" + name, bytes)
                }
                let content = try StateStore.open(
                    in: copy, passphrase: nil, disk: POSIXFileSystem(), random: SystemRandom()
                ).content
                return try CustodianState(wire: content)
            } catch {
                last = error
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
        throw last ?? TownFault("no state of custodian \(index)")
    }

    /// The oldest day that a custodian's disk still has in a generation; nil where nothing is left.
    func oldest(_ share: CustodianState.Share) -> Day? {
        share.chains == nil || share.oldest > share.last ? nil : share.oldest
    }

    /// Whether everything that was due at a time is gone from every custodian's disk.
    func isGone(dueAt time: Timestamp, from custodians: [Int]? = nil) throws -> Bool {
        for index in custodians ?? Array(roster.custodians.indices) {
            for share in try disk(of: index).shares {
                guard let oldest = oldest(share) else { continue }
                if oldest < share.oldestAlive(at: time) { return false }
            }
        }
        return true
    }

    /// What was announced as dead is dead on its custodian's disk, and nothing died before its time.
    func expectHonestDeaths() throws {
        let record = try Errand(self, seconds: 60).persisting { try city().record() }
        for (index, custodian) in roster.custodians.enumerated() {
            let state = try disk(of: index)
            let time = now
            for share in state.shares {
                if let said = record.destroyed(through: share.generation, by: custodian.id) {
                    let kept = oldest(share)
                    #expect(kept == nil || kept.map { $0 > said } == true)
                }
                #expect(share.oldest <= share.oldestAlive(at: time) || share.oldest == share.first)
            }
        }
        for day in record.days(upTo: now) {
            guard let report = record.report(on: day, at: now), report.verdict == .dead else {
                continue
            }
            #expect(report.due <= now.milliseconds)
        }
    }

    /// Whoever audits the log and every mirror finds nothing.
    func expectCleanAudit() throws {
        let report = try audit()
        #expect(report.isClean, "\(report.findings.filter(\.isFault).prefix(5))")
    }

    /// The audit of the vault's files and of every custodian's mirror.
    func audit() throws -> AuditReport {
        let mirrors = roster.custodians.enumerated().map { index, party in
            LogAudit.Mirror(
                name: party.id,
                source: FolderTiles(
                    layout.mirror(in: layout.custodian(index), origin: roster.origin),
                    fileSystem: POSIXFileSystem()))
        }
        return try city().audit(mirrors: mirrors)
    }
}
