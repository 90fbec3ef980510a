import Custody
import Disk
import FoundationEssentials
import Inquiry
import Ledger
import Plates
import Secrets
import Tokens
import Warrants
import Wire

// Whom one need not trust: a custodian that lies, and a vault that is gone. Both are told in copies
// of the city, so that the city itself stays as it was.
extension Story {
    private var elsewhere: String { root + ".copy" }

    /// One of exactly three custodians answers with other shares than it holds, and logs them.
    func lyingCustodian(_ city: Deployment, _ sample: Sample) throws {
        chapter("A custodian lies: its shares are wrong, in its answer and in the log.")
        let id = try granted(city, sample, "26-1049")
        let lie = try wrongShares(of: id, city)
        try copy(root, elsewhere)
        let there = try Deployment.open(at: elsewhere)
        let words = there.roster.custodians.map(\.id)
        try tell(lie, of: id, as: 0, there)
        let finding = try search(id, there, asking: [0, 1, 2], with: [0: lie])
        check(
            "with exactly three answers nothing is found, and the result says how far to trust it: "
                + "\(finding.disclosure.confirmation)",
            finding.disclosure.reads.isEmpty && finding.disclosure.confirmation == .unconfirmed)
        try there.settle()
        let checks = try there.record().request(id)?.checks.map(\.body.custodian) ?? []
        check(
            "the holders who were not asked recompute what was logged: \(checks.sorted().joined(separator: ", "))",
            Set(checks) == Set(words[3...]))
        let again = try search(id, there, asking: [0, 1, 2], with: [0: lie])
        check(
            "the liar is named: \(again.disclosure.confirmation)",
            again.disclosure.confirmation == .disputed([words[0]]))
        let faults = try there.audit().findings.filter(\.isFault)
        check(
            "and the audit names it to everybody [\(Set(faults.map(\.code)).sorted().joined(separator: " "))]",
            !faults.isEmpty
                && faults.allSatisfy {
                    $0.code == "evaluation-disputed" && $0.sentence.contains(words[0])
                })
        try there.officer(words[3]).approve(id, at: there.now)
        let honest = try search(id, there, asking: [1, 2, 3], with: [:])
        let expected = sample.passages.filter { $0.plate == sample.wanted }.count
        check(
            "three others open all \(expected) reads without it",
            honest.disclosure.reads.count == expected)
    }

    /// The vault's log and its key are lost; the custodians' mirrors are the log.
    func vaultGone(_ city: Deployment, _ sample: Sample) throws {
        chapter("The vault's log is gone, and the key that signed it.")
        try city.settle()
        let size = try city.record().count
        try copy(root, elsewhere)
        let layout = Layout(elsewhere)
        try FileManager.default.removeItem(atPath: layout.log)
        try FileManager.default.removeItem(atPath: layout.logKey)
        let rebuilt = try Deployment.rebuildLog(at: elsewhere, newKey: true)
        check(
            "the mirror of \(rebuilt.custodian) holds all \(rebuilt.entries) entries",
            rebuilt.entries == size)
        let there = try Deployment.open(at: elsewhere)
        try there.settle()
        let record = try there.record()
        check(
            "three custodians name a new key, and all five follow the successor",
            record.successions.map(\.index) == [size]
                && there.custodians.values.allSatisfy { $0.mirror.logKey == record.logKey })
        let id = try granted(there, sample, "26-1050")
        let expected = sample.passages.filter { $0.plate == sample.wanted }.count
        let found = try there.search(id, as: "investigator").disclosure.reads.count
        check(
            "everything goes on: a new search opens the same \(expected) reads", found == expected)
    }

    /// A request for the wanted plate with an attestation and three approvals.
    private func granted(
        _ city: Deployment, _ sample: Sample, _ docket: String
    ) throws -> Digest {
        let warrant = Array("Search warrant \(docket), District Court".utf8)
        let id = try city.file(
            application([sample.wanted.text], try window(city), warrant: warrant),
            as: "investigator")
        try city.attest(id, warrant: Digest(of: warrant), expires: city.now.adding(days: 2))
        for party in city.roster.custodians.prefix(3) {
            try city.officer(party.id).approve(id, at: city.now)
        }
        return id
    }

    /// What the first custodian would answer, with one bit changed in each share that, of the three
    /// who are asked, it alone holds.
    private func wrongShares(of id: Digest, _ city: Deployment) throws -> PartialParcel {
        try copy(root, elsewhere)
        let there = try Deployment.open(at: elsewhere)
        let sealed = try there.custodianClients[0].evaluate(id)
        let opened = try there.caseFile(id).replyKey.open(
            sealed, info: SealInfo.evaluation.text(there.roster.origin))
        var bytes = opened.withUnsafeBytes { Array($0) }
        let parcel = try PartialParcel(wire: opened)
        // It knows who else was asked, and lies where none of them could notice.
        let columns = parcel.masks.count
        guard let alone = parcel.masks.firstIndex(where: { !$0.contains(1) && !$0.contains(2) })
        else { throw EmbeddedError(code: "story-lost", sentence: "no share is its own alone") }
        let start = bytes.count - parcel.plateCount * parcel.cells.count * columns * 32
        for cell in parcel.cells.indices { bytes[start + (cell * columns + alone) * 32] ^= 1 }
        return try PartialParcel(wire: try SecretBytes(wiping: &bytes))
    }

    /// Logs the evaluation that fits some shares, under the liar's own key.
    private func tell(
        _ lie: PartialParcel, of id: Digest, as index: Int, _ city: Deployment
    ) throws {
        let secret = try RequestSecret(wire: try city.caseFile(id).secret.bytes)
        var items: [EvaluationItem] = []
        for day in lie.days {
            for mask in lie.masks {
                let e = try EvaluationDigest.e(
                    request: id, mask: mask, salt: secret.plateSalts[0], parcel: lie, plate: 0,
                    day: day)
                items.append(EvaluationItem(day: day, plate: 0, mask: mask, e: e))
            }
        }
        let roster = try city.record().roster
        let name = roster.custodians[index].id
        let folder = city.layout.custodian(index)
        let entry = try StatementDraft.sign(
            EvaluationBody(
                custodian: name, request: id, digests: items,
                time: roster.policy.blunt(city.now)),
            under: roster,
            by: try NoteSigner(
                name: roster.keyName(name),
                key: try city.keyRing.key(city.layout.key(folder))))
        _ = try city.vault.append([entry])
    }

    /// A search that asks some custodians, of whom some are not themselves.
    private func search(
        _ id: Digest, _ city: Deployment, asking indices: [Int], with lies: [Int: PartialParcel]
    ) throws -> Inquiry.Finding {
        let file = try city.caseFile(id)
        let info = SealInfo.evaluation.text(city.roster.origin)
        let custodians = try indices.map { index in
            var client = city.custodianClients[index]
            if let lie = lies[index] {
                let sealed = try HybridSeal.seal(
                    try lie.encode(), to: file.replyKey.publicKey, info: info)
                client = CustodianClient(LoopbackChannel(Parrot(sealed)))
            }
            return (id: city.roster.custodians[index].id, client: client)
        }
        return try Requester(desk: try city.desk("investigator"), random: SystemRandom())
            .search(file, request: id, custodians: custodians)
    }
}

/// A far side that always gives the same.
private final class Parrot: Handler {
    private let answer: [UInt8]

    init(_ answer: [UInt8]) { self.answer = answer }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] { answer }
}
