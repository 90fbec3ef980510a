public import Plates
import Rows
public import Secrets
import Warrants
import Wire

// Photos come after the countersignature (Docs/Spec/Photo.md).
extension Requester {
    /// The requester signs for what the vault answered, once for each answer.
    public func countersign(_ finding: Finding, at time: Timestamp) throws {
        try countersign(finding.evidence.request, try finding.digest, at: time)
    }

    /// The requester signs for every answer that the vault says it gave to a request: for rows that came
    /// and got lost here, so that the agency's other requests are not kept waiting.
    public func countersign(_ request: Digest, at time: Timestamp) throws {
        try desk.refresh()
        guard let state = desk.record.request(request) else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        for given in state.disclosures where given.body.role == .vault {
            try countersign(request, given.body.bundle, at: time)
        }
    }

    private func countersign(_ request: Digest, _ digest: Digest, at time: Timestamp) throws {
        try desk.refresh()
        let signed = desk.record.request(request)?.disclosures ?? []
        guard !signed.contains(where: { $0.body.role == .requester && $0.body.bundle == digest })
        else { return }
        try desk.log(
            DisclosureBody(
                role: .requester, party: desk.id, request: request, bundle: digest,
                time: desk.blunt(time)))
    }

    /// The same finding with the photos that its reads name. Countersign it first. Of whole cells the
    /// photos of all rows come, so that the vault does not learn here what it did not learn before; the
    /// others' are let go unopened. A photo whose digest no read has is not taken, whatever the vault
    /// says; one that does not come is missing in the report, and why stands in the finding.
    public func gatheringPhotos(of finding: Finding) throws -> Finding {
        let wanted = Set(
            finding.disclosure.reads.flatMap(\.photos).map(\.digest))
        let isWhole = finding.query.items.contains(where: \.isWhole)
        guard !wanted.isEmpty || isWhole else { return finding }
        var result = finding
        result.photoProblem = nil
        do throws(WireProblem) {
            try gather(wanted, of: finding) { result.evidence.photos[$0] = $1 }
        } catch {
            result.photoProblem = error
        }
        result.disclosure = try result.evidence.disclosure(
            finding.answers.map { try LookupAnswer(wire: $0) }, record: desk.record)
        return result
    }

    /// Page by page. Places ascend and rows are those of the answers, so that it ends.
    private func gather(
        _ wanted: Set<Digest>, of finding: Finding, _ keep: (Digest, [UInt8]) -> Void
    ) throws(WireProblem) {
        var labels: [Cell: Set<Label>] = [:]
        for wire in finding.answers {
            guard let answer = try? LookupAnswer(wire: wire) else { continue }
            labels[answer.item.cell, default: []].formUnion(answer.labels)
        }
        var last: PhotoPlace?
        var ofRow = 0
        while true {
            let part = try desk.vault.photos(finding.query.encode(), after: last)
            guard !part.isEmpty else { return }
            for photo in part {
                let place = photo.place
                let isSameRow = last?.cell == place.cell && last?.label == place.label
                ofRow = isSameRow ? ofRow + 1 : 1
                guard last.map({ $0 < place }) ?? true, ofRow <= PhotoDelivery.maximumPhotos,
                    labels[place.cell]?.contains(place.label) ?? false
                else {
                    throw WireProblem(
                        code: "photo-unasked",
                        sentence: "the vault gave photos that were not asked for, or twice")
                }
                if wanted.contains(place.digest) { keep(place.digest, photo.photo.bytes) }
                last = place
            }
        }
    }
}
