import Custody
import Ledger
import Plates
public import Warrants
import Wire

extension Deployment {
    /// What anybody can check: the log's tree recomputed from its entries and held against every
    /// party's last checkpoint, every statement verified, every act backed, every day's verdict.
    public func audit() throws -> AuditReport {
        let view = try publicView()
        let report = try Auditor.report(on: view.mirror.entries(0..<view.mirror.size), at: now)
        var findings = report.findings
        for (index, party) in roster.custodians.enumerated() {
            guard let custodian = custodians[index],
                let fault = Self.disagreement(custodian.mirror, with: view.mirror)
            else { continue }
            findings.append(
                Finding(
                    code: "mirror-disagrees",
                    sentence: "the mirror of \(party.id) \(fault)", index: nil))
        }
        return report.adding(findings.filter { !report.findings.contains($0) })
    }

    /// Why two mirrors are not of one log; nil where one extends the other.
    private static func disagreement(_ one: Mirror, with other: Mirror) -> String? {
        let (small, large) = one.size <= other.size ? (one, other) : (other, one)
        guard small.size > 0 else { return nil }
        do {
            try Merkle.verifyConsistency(
                oldSize: small.size, oldRoot: small.head.root, size: large.size,
                root: large.head.root, proof: try large.consistencyProof(from: small.size))
            return nil
        } catch {
            return "is of another log than the public one"
        }
    }
}
