import Bytes
import Ledger
import Plates
import Rows
public import Secrets
import Tokens
import Warrants
import Wire

/// A bundle that was checked from its bytes alone.
public struct VerifiedBundle {
    /// What came of the request, made anew from the evidence.
    public let disclosure: Disclosure
    /// The first roster: on whose word everything rests. Compare it with one from a source of trust.
    public let roster: Digest
    /// The size of the log that the proofs lead to.
    public let logSize: UInt64
    /// What the verdict on the request was at each evaluation, by custodian.
    public let custodians: [String]
    /// The confirmation in words.
    public let confirmation: String
}

/// Checks a bundle offline, as a court or the defence does. It trusts the first roster (whose hash
/// can be pinned) and nothing else: every statement's signature and inclusion, the approvals and
/// the attestation before each evaluation, each partial against its digest in the log, each row and
/// each absence against what the site committed to, and that report and tables say what follows.
public enum BundleVerifier {
    /// The bundle's disclosure. Throws what does not hold, naming the file where it can:
    /// `bundle-changed`, `bundle-roster`, `bundle-proof`, `bundle-evaluation`, or a refusal.
    public static func verify(_ bundle: Bundle, trusted: Digest? = nil) throws -> VerifiedBundle {
        let manifest = try Bundle.parse(
            Bundle.Manifest.self, bundle.manifest, "manifest.json")
        guard manifest.version == 2 else {
            throw Bundle.changed("manifest.json", "is of a version that is not known here")
        }
        let (record, checkpoint) = try record(bundle, manifest, trusted)
        let evidence = try evidence(bundle, manifest, record)
        let answers = try ByteList.decode(try bundle.file("evidence/answers")).map {
            try LookupAnswer(wire: $0)
        }
        let disclosure = try evidence.disclosure(answers, record: record)
        try judge(evidence, record)
        let report = Report(disclosure, roster: record.roster)
        var derived = [
            "report.txt": Array(report.text.utf8), "reads.json": try report.json(),
            "reads.csv": Array(report.csv.utf8),
        ]
        derived.merge(try photos(bundle, disclosure)) { $1 }
        for (name, bytes) in derived.sorted(by: { $0.key < $1.key }) {
            guard try bundle.file(name) == bytes else {
                throw Bundle.changed(name, "does not say what follows from the evidence")
            }
        }
        return VerifiedBundle(
            disclosure: disclosure, roster: manifest.roster, logSize: checkpoint.size,
            custodians: evidence.parcels.map(\.custodian),
            confirmation: disclosure.confirmation.description)
    }

    /// The statements, each proven to be in the log of the checkpoint, verified in their order.
    private static func record(
        _ bundle: Bundle, _ manifest: Bundle.Manifest, _ trusted: Digest?
    ) throws -> (Record, Checkpoint) {
        let proofs = try proofs(bundle)
        var record: Record?
        var checkpoint: Checkpoint?
        for (index, proof) in proofs {
            let name = "log/\(Bundle.name(index)).note"
            let entry = try bundle.file(name)
            if record == nil {
                let (first, _) = try Roster.first(try UnverifiedStatement(wire: entry))
                guard index == 0, first.hash == manifest.roster,
                    first.origin == manifest.origin, trusted == nil || trusted == first.hash
                else {
                    throw InquiryError(
                        code: "bundle-roster",
                        sentence: "the bundle rests on another first roster than the trusted one")
                }
                record = Record(trusting: first)
                // Which key has to have signed it, only the last statement tells.
                checkpoint = try Checkpoint(
                    text: try Note(wire: try bundle.file("log/checkpoint")).text)
            }
            guard let checkpoint else { continue }
            do {
                try Merkle.verifyInclusion(
                    leafHash: Merkle.leafHash(entry), index: index, size: checkpoint.size,
                    proof: proof, root: checkpoint.root)
            } catch {
                throw InquiryError(
                    code: "bundle-proof", sentence: "\(name) is not in the log of the checkpoint")
            }
            guard record?.skip(to: index) ?? true else {
                throw Bundle.changed(name, "does not follow the statement before it")
            }
            if let refusal = record?.append(entry) { throw refusal }
        }
        guard let record, let checkpoint else {
            throw Bundle.changed("log", "has no statements")
        }
        let (_, note) = try Checkpoint.verified(
            try bundle.file("log/checkpoint"), origin: record.origin, key: record.logKey)
        let cosigners = try note.cosignatures(by: record.roster.cosignerKeys).count
        guard cosigners >= record.roster.quorum else {
            throw InquiryError(
                code: "bundle-cosignatures",
                sentence: "\(cosigners) of \(record.roster.quorum) custodians have cosigned the "
                    + "bundle's checkpoint: it may be of a log that only this requester was shown")
        }
        return (record, checkpoint)
    }

    /// The inclusion paths of the bundle's statements, in the order of the log. Throws `bundle-changed`
    /// where one has none, or there are others.
    private static func proofs(_ bundle: Bundle) throws -> [(index: UInt64, path: [Digest])] {
        let (name, bytes) = ("log/proofs.json", try bundle.file("log/proofs.json"))
        let proofs = try Bundle.parse([String: [Digest]].self, bytes, name)
        guard try Bundle.json(proofs) == bytes else {
            throw Bundle.changed(name, "is not written as a bundle writes it")
        }
        let statements = bundle.statements
        let found = statements.compactMap { index in
            proofs[Bundle.name(index)].map { (index, $0) }
        }
        guard found.count == statements.count, proofs.count == statements.count else {
            throw Bundle.changed(name, "is not for exactly the bundle's statements")
        }
        return found
    }

    /// The opened photos as they must stand in the bundle. Throws `bundle-changed` where it has other
    /// photos than its reads name.
    private static func photos(
        _ bundle: Bundle, _ disclosure: Disclosure
    ) throws -> [String: [UInt8]] {
        let photos = disclosure.reads.flatMap(\.photos)
        var opened: [String: [UInt8]] = [:]
        for photo in photos { if let name = photo.file { opened[name] = photo.bytes } }
        let named = Set(photos.map(\.sealedFile)).union(opened.keys)
        let extra = bundle.files.keys.sorted().first {
            ($0.hasPrefix("photos/") || $0.hasPrefix("evidence/photo-")) && !named.contains($0)
        }
        if let extra { throw Bundle.changed(extra, "is named by no read") }
        return opened
    }

    private static func evidence(
        _ bundle: Bundle, _ manifest: Bundle.Manifest, _ record: Record
    ) throws -> Evidence {
        var wire = try bundle.file("evidence/secret.json")
        let secret = try RequestSecret(wire: try SecretBytes(wiping: &wire))
        let prefix = "evidence/partials-"
        let custodians = record.roster.custodians.map(\.id)
        for name in bundle.files.keys.sorted() {
            guard case .partials(let word) = Bundle.part(name), !custodians.contains(word) else {
                continue
            }
            throw Bundle.changed(name, "is of nobody who is a custodian")
        }
        var parcels: [(String, PartialParcel)] = []
        for custodian in custodians {
            guard var bytes = bundle.files[prefix + custodian] else { continue }
            parcels.append((custodian, try PartialParcel(wire: try SecretBytes(wiping: &bytes))))
        }
        var evidence = Evidence(request: manifest.request, secret: secret, parcels: parcels)
        for (name, bytes) in bundle.files where name.hasPrefix("evidence/photo-") {
            let digest = Digest(of: bytes)
            guard name == "evidence/photo-\(digest.hex)" else {
                throw Bundle.changed(name, "is not the sealed photo that its name says")
            }
            evidence.photos[digest] = bytes
        }
        return evidence
    }

    /// Every custodian that answered was allowed to, at that moment, by the log before it.
    private static func judge(_ evidence: Evidence, _ record: Record) throws {
        for evaluation in record.request(evidence.request)?.evaluations ?? [] {
            let verdict = Judge.verdict(
                on: evidence.request, secret: evidence.secret, in: record,
                at: evaluation.body.time, before: evaluation.index)
            guard let refusal = verdict.refusal else { continue }
            throw InquiryError(
                code: "bundle-evaluation",
                sentence:
                    "\(evaluation.body.custodian) was not allowed to evaluate: \(refusal.sentence)")
        }
    }
}
