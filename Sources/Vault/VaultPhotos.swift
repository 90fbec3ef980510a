import Ledger
import Plates
import Rows
import Secrets
import Warrants
import Wire

// Photos in from sites, and out to a requester who has signed for the rows (Docs/Spec/Photo.md).
extension VaultService {
    /// 4 MiB: how much of photos one answer has; a single one may be longer.
    static let photoAnswer = 4 << 20

    func keepPhotos(_ body: [UInt8]) throws(StoreError) -> [UInt8] {
        var photos: [PhotoDelivery] = []
        for wire in try Message.list(body) {
            do throws(RowsError) {
                photos.append(try PhotoDelivery(wire: wire))
            } catch {
                throw try counted(error.code, error.sentence)
            }
        }
        let admission = try withRecord { (record) throws(StoreError) in
            for photo in photos { try checkSite(photo, record.roster) }
            return photoAdmission(under: record.roster)
        }
        for day in Set(photos.map(\.cell.hour.day)) where isDead(day) {
            throw try counted("cell-dead", StoreRules.dead(day).sentence)
        }
        _ = try store.keep(photos, admission: admission)
        return []
    }

    /// Photos are of hours of which the late tree is open: no row comes after it that could name one.
    private func photoAdmission(under roster: Roster) -> Admission {
        let rows = admission(under: roster)
        let oldest = now().adding(hours: -Int64(roster.policy.lateHours) - 1).hour
        return Admission(
            sites: rows.sites, hours: max(oldest, rows.hours.lowerBound)...rows.hours.upperBound)
    }

    /// Does for photos what closings leave to be done; no statement waits for it. Throws the store's
    /// errors; what is left then is done the next time.
    public func tidyPhotos() throws(StoreError) { try store.tidyPhotos() }

    private func checkSite(_ photo: PhotoDelivery, _ roster: Roster) throws(StoreError) {
        guard let site = roster.site(photo.cell.site) else {
            throw try counted("cell-unknown", "the roster has no site \(photo.cell.site)")
        }
        let isSigned = roster.statementKeys(of: site.id).contains { key in
            (try? photo.verify(origin: log.origin, key: key.key)) != nil
        }
        guard isSigned else {
            throw try counted(
                "photo-signature", "the photo does not carry the signature of site \(site.number)")
        }
    }

    /// The photos of the rows that a query finds, in their order, from a place on. The query is
    /// answered once more: only what was disclosed and countersigned, to the last bit, opens the way
    /// to its photos. So nothing has to be remembered of whose rows they are, on no disk and over no
    /// restart, and a photo is named by nobody.
    func photos(_ body: [UInt8], from caller: String?) throws(StoreError) -> [UInt8] {
        let parts = try Message.list(body)
        guard let first = parts.first, parts.count <= 2 else { throw Message.malformed("query") }
        var after: PhotoPlace?
        if parts.count == 2 {
            do throws(RowsError) {
                after = try PhotoPlace(wire: parts[1])
            } catch {
                throw StoreError(code: error.code, sentence: error.sentence)
            }
        }
        let query = try Self.query(first)
        let answers = try answers(to: query, from: caller)
        try checkSigned(query.request, Self.digest(of: answers))
        var found: [[UInt8]] = []
        var size = 0
        var labels: [Cell: Set<Label>] = [:]
        for answer in answers {
            labels[answer.cell, default: []].formUnion(answer.labels)
        }
        for (cell, labels) in labels.sorted(by: { $0.key < $1.key }) {
            if let after, cell < after.cell { continue }
            for label in try store.photoLabels(in: cell).intersection(labels).sorted() {
                if let after, cell == after.cell, label < after.label { continue }
                for photo in try store.photos(of: label, in: cell) {
                    let stored = StoredPhoto(cell: cell, photo: photo)
                    if let after, stored.place <= after { continue }
                    guard size == 0 || size + photo.bytes.count <= Self.photoAnswer else {
                        return ByteList.encode(found)
                    }
                    found.append(stored.encode())
                    size += photo.bytes.count
                }
            }
        }
        return ByteList.encode(found)
    }

    /// Throws `countersignature-missing` unless both the vault and the requester have named this
    /// digest in the log.
    private func checkSigned(_ request: Digest, _ digest: Digest) throws(StoreError) {
        let disclosures = try withRecord { (record) throws(StoreError) in
            record.request(request)?.disclosures ?? []
        }
        let roles = Set(disclosures.filter { $0.body.bundle == digest }.map(\.body.role))
        guard roles == Set(DisclosureBody.Role.allCases) else {
            throw StoreError(
                code: "countersignature-missing",
                sentence: "photos are handed out once the requester has countersigned these rows")
        }
    }
}
