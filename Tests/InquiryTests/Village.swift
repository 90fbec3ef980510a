import Disk
import Foundation
import Ledger
import Plates
import Secrets
import Testing
import Warrants

@testable import Inquiry

/// A log on disk with its public files: three custodians, one site, a day of closings; and whoever
/// wants to tamper with it. Every key comes from its party's word.
struct Village {
    static let origin = "example.org/village.test"
    static let today = Day(number: 20_780)
    static let now = today.start.adding(hours: 20)
    static let words = ["audit", "clerk", "privacy"]

    let folder = FileManager.default.temporaryDirectory
        .appending(path: "village-\(UUID().uuidString)").path
    let disk = POSIXFileSystem()
    let roster: Roster
    var entries: [[UInt8]] = []

    static func key(_ word: String) throws -> SigningKey {
        try SigningKey(from: SeededRandom("village " + word))
    }

    static func signer(_ word: String) throws -> NoteSigner {
        try NoteSigner(
            name: word.hasPrefix("log") ? origin : "\(origin)/\(word)", key: try key(word))
    }

    static func cosigner(_ word: String) throws -> Cosigner {
        try Cosigner(name: "\(origin)/\(word)", key: try key(word + "-cosign"))
    }

    /// The entries of a day: roster, a generation, prekeys, and closings of some hours; `hostile`
    /// names stand in the roster.
    init(hours: Int = 300, named: String = "Main Street") throws {
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try Self.key("vault").verifyingKey,
                logKey: try Self.key("log").verifyingKey), threshold: 2,
            policy: Policy(purposes: ["09A"]))
        for word in Self.words {
            draft.add(
                Custodian(
                    id: word, name: "Office \(word)", institution: "Institution \(word)",
                    place: "Room \(word)", administrator: "Admin \(word)", slot: .file,
                    statementKey: try Self.key(word).verifyingKey,
                    cosignKey: try Self.key(word + "-cosign").verifyingKey,
                    officers: [
                        Signatory(
                            id: word + "-officer", key: try Self.key(word + "-o").verifyingKey)
                    ]))
        }
        draft.add(
            Site(
                id: "site-1", name: named, number: SiteNumber(number: 1),
                keys: [try Self.key("site-1").verifyingKey]))
        draft.add(
            Agency(
                id: "police", name: "Police", institution: "Police",
                agreementEnds: Self.today.adding(100),
                requesters: [Signatory(id: "doyle", key: try Self.key("doyle").verifyingKey)]))
        roster = try draft.roster(origin: Self.origin)
        entries.append(try roster.signed(by: Self.words.map { try Self.signer($0) }))
        for step in try generation() { entries.append(try say(step, by: step.custodian)) }
        // The hours before this evening's, so that none is owed.
        let last = Self.now.hour.adding(-8)
        for back in (0..<hours).reversed() {
            let cell = Cell(hour: last.adding(-Int64(back)), site: SiteNumber(number: 1))
            let body = HourClosedBody(
                cell: cell, kind: .prompt, closed: Digest(of: Array(cell.description.utf8)),
                time: cell.hour.end.adding(minutes: 5))
            entries.append(try say(body, by: "site-1"))
        }
    }

    func say(_ body: some StatementBody, by word: String) throws -> [UInt8] {
        try StatementDraft.sign(body, under: roster, by: try Self.signer(word))
    }

    /// chain[first] of a subset: what nobody should have.
    static func chain(_ mask: SubsetMask) throws -> SecretBytes {
        try SecretBytes(copying: Digest(of: Array("village chain \(mask.bits)".utf8)).bytes)
    }

    private func generation() throws -> [GenerationBody] {
        let time = Self.today.start
        let masks = Self.words.indices.map { roster.threshold.subsets(heldBy: $0) }
        var steps: [GenerationBody] = [
            .propose(
                GenerationProposal(
                    custodian: "audit", generation: 1, first: Self.today, under: roster,
                    time: time))
        ]
        for (word, held) in zip(Self.words, masks) {
            let commits = held.map { MaskedDigest(mask: $0, commit: Digest(of: [1])) }
            steps.append(
                .commit(
                    GenerationCommit(
                        custodian: word, generation: 1, seedCommits: commits,
                        oneTimeKey: [UInt8](repeating: 7, count: HybridSeal.publicKeySize),
                        time: time)))
        }
        for (word, held) in zip(Self.words, masks) {
            let commits = try held.map {
                MaskedDigest(mask: $0, commit: try commit($0, on: Self.today))
            }
            steps.append(
                .final(
                    GenerationFinal(custodian: word, generation: 1, commits: commits, time: time)))
        }
        return steps
    }

    /// Writes the entries as a log, and puts cosignatures under its checkpoint.
    @discardableResult
    func publish(
        as name: String = "log", _ entries: [[UInt8]]? = nil, key: String = "log",
        cosigned by: [String] = words, at time: Timestamp = now
    ) throws -> String {
        let path = "\(folder)/\(name)"
        try disk.makeFolder(folder)
        let log = try Log.create(
            at: path, origin: Self.origin, signer: try Self.signer(key), fileSystem: disk)
        _ = try log.append(entries ?? self.entries)
        try cosign(path + "/public", by: by, at: time)
        return path + "/public"
    }

    /// Puts cosignatures under the checkpoint that stands in a folder.
    func cosign(_ path: String, by words: [String], at time: Timestamp = now) throws {
        let note = try Note(wire: try disk.read(path + "/checkpoint"))
        let head = try Checkpoint(text: note.text)
        let lines = try words.map {
            try Self.cosigner($0).cosign(head, at: UInt64(time.milliseconds / 1_000))
        }
        try disk.replace(path + "/checkpoint", try note.adding(lines).encode())
    }

    func tiles(_ path: String) -> FolderTiles { FolderTiles(path, fileSystem: disk) }

    /// The audit of what was published, with mirrors by name.
    func audit(
        _ path: String, mirrors: [String] = [], at time: Timestamp = now,
        claim: ChainClaim? = nil
    ) throws -> AuditReport {
        try auditing(path, mirrors: mirrors, at: time, claim: claim).run().report
    }

    /// An audit that takes no time to ask for checkpoints, however slow the machine is.
    func auditing(
        _ path: String, mirrors: [String] = [], at time: Timestamp = now,
        claim: ChainClaim? = nil
    ) throws -> LogAudit {
        let others = mirrors.map { path in
            LogAudit.Mirror(
                name: path.split(separator: "/").dropLast().last.map { String($0) } ?? path,
                source: tiles(path))
        }
        var audit = LogAudit(
            tiles(path), trusting: .hash(roster.hash), mirrors: others, at: time, claim: claim)
        audit.passed = { _ in .zero }
        return audit
    }

    func close() { try? FileManager.default.removeItem(atPath: folder) }
}

/// The code with which something ended; nil where it did not throw.
func code(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as LedgerError {
        return error.code
    } catch let error as Refusal {
        return error.code
    } catch let error as InquiryError {
        return error.code
    } catch {
        return "other: \(error)"
    }
}

extension AuditReport {
    /// The codes of its findings, in order.
    var codes: [String] { findings.map(\.code) }
}
