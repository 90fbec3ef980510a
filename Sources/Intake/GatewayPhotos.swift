public import Plates
public import Rows
import Secrets
import Tokens
import Warrants
public import Wire

// Photos beside reads: sealed under their row's keys and label, and handed over before the row, so
// that a row which the vault has acknowledged has its photos (Docs/Spec/Gateway.md). Whatever goes
// wrong with a photo, the read goes its way.
extension Gateway {
    /// 64 MiB: the most bytes of sealed photos that wait for the vault; beyond, photos are left out.
    static let maximumPhotoBytes = 64 << 20
    /// 1 MiB: how much of photos goes to the vault at once, or one photo that is larger.
    static let photoBytesAtOnce = 1 << 20
    /// What is said where the vault was not reached, or had no time.
    private static let away: Set<String> = ["too-busy", "too-slow", "unreachable"]
    /// How often a photo may be refused before it is given up.
    static let photoTries = 8

    /// The sealed photos of a read, and the read with their digests. What the policy does not keep,
    /// what has no room here and what has no place in the row is left out and counted.
    func sealPhotos(
        _ photos: [Photo], of read: Read, in cell: OpenCell, _ keys: SiteKeys
    ) throws(TokensError) -> ([SealedPhoto], Read) {
        guard !photos.isEmpty else { return ([], read) }
        var sealed: [SealedPhoto] = []
        var shown = Self.read(read, with: []) ?? read
        var bytes = counts.photoBytes
        for photo in photos where roster.policy.photos.keeps(photo.role) {
            do throws(TokensError) {
                let fresh = try cell.sealer.sealPhoto(photo.bytes, of: read.plate, under: keys)
                guard bytes + fresh.bytes.count <= Self.maximumPhotoBytes else {
                    counts.losePhoto("photo-no-room")
                    continue
                }
                guard let longer = Self.read(read, with: sealed + [fresh]) else {
                    counts.losePhoto("photo-no-place")
                    continue
                }
                shown = longer
                sealed.append(fresh)
                bytes += fresh.bytes.count
            } catch {
                counts.losePhoto(error.code)
            }
        }
        counts.photos += sealed.count
        counts.photosWaiting += sealed.count
        counts.photoBytes = bytes
        return (sealed, shown)
    }

    /// The read with the digests of these photos and no others; nil where they have no place in a row.
    private static func read(_ read: Read, with photos: [SealedPhoto]) -> Read? {
        var fields = read.fields
        fields.photos = photos.map { Digest(of: $0.bytes).bytes }
        return try? Read(fields)
    }

    /// The photos of a batch's rows, in the order of their labels, to be offered before it. Those
    /// that the vault does not take lag behind; the batch goes its way.
    public func photoParcels(of batch: Batch) -> [PhotoParcel] {
        let hour = batch.cell.hour
        var waiting: [SealedPhoto] = []
        // Most batches have none.
        let rows = cells[hour]?.photos.isEmpty == false ? batch.rows : []
        for row in rows {
            let photos = cells[hour]?.photos.removeValue(forKey: row.label) ?? []
            waiting += photos.sorted {
                Digest(of: $0.bytes).bytes.lexicographicallyPrecedes(Digest(of: $1.bytes).bytes)
            }
        }
        guard !photosPaused else {
            cells[hour]?.laggards += waiting.map { ($0, 0) }
            return []
        }
        return parcels(waiting.map { ($0, 0) }, hour)
    }

    /// What the vault did not take before. Sorted, so that nothing tells which came first.
    public func photoParcels(lagging hour: Hour) -> [PhotoParcel] {
        guard !isPausing, let laggards = cells[hour]?.laggards, !laggards.isEmpty else { return [] }
        cells[hour]?.laggards = []
        return parcels(laggards.sorted { $0.photo.label < $1.photo.label }, hour)
    }

    /// The hours with photos that lag behind.
    public var hoursLagging: [Hour] {
        isPausing ? [] : cells.filter { !$0.value.laggards.isEmpty }.keys.sorted()
    }

    /// A way that was lost over a photo is for the rows alone, as long as there are any: over a slow
    /// one, no photo costs a row its time twice.
    private var isPausing: Bool { photosPaused && counts.waiting > 0 }

    /// Rows got through: so photos may be offered again, and those over which the way was lost have
    /// had one of their tries.
    func resumePhotos() {
        guard photosPaused else { return }
        photosPaused = false
        for hour in Array(cells.keys) {
            let laggards = cells[hour]?.laggards ?? []
            cells[hour]?.laggards = []
            lag(laggards, hour, "unreachable", tries: 1)
        }
    }

    private func parcels(
        _ photos: [(photo: SealedPhoto, tries: Int)], _ hour: Hour
    ) -> [PhotoParcel] {
        var parcels: [PhotoParcel] = []
        var rest = photos[...]
        while !rest.isEmpty {
            var size = 0
            let part = rest.prefix { item in
                defer { size += item.photo.bytes.count }
                return size == 0 || size + item.photo.bytes.count <= Self.photoBytesAtOnce
            }
            rest = rest.dropFirst(part.count)
            parcels.append(
                PhotoParcel(
                    hour: hour, items: Array(part),
                    deliveries: part.map {
                        PhotoDelivery(
                            cell: Cell(hour: hour, site: site), photo: $0.photo,
                            origin: roster.origin, key: key)
                    }))
        }
        return parcels
    }

    /// Why the vault did not take a parcel, nil where it did. For callers that hand over outside of
    /// the gateway's own thread: `photoParcels`, this, `settle`.
    public static func submit(_ parcel: PhotoParcel, to vault: VaultClient) -> WireProblem? {
        do throws(WireProblem) {
            try vault.submit(parcel.deliveries)
            return nil
        } catch {
            return error
        }
    }

    /// What the vault has answered to a parcel. Returns whether it took it.
    public func settle(_ parcel: PhotoParcel, _ problem: WireProblem?) -> Bool {
        if let problem {
            // A vault that is away refuses nothing: what waits for it has its bounds already.
            let isAway = Self.away.contains(problem.code)
            if isAway { photosPaused = true }
            lag(parcel.items, parcel.hour, problem.code, tries: isAway ? 0 : 1)
            return false
        }
        forget(parcel.items.map(\.photo))
        counts.photosDelivered += parcel.items.count
        return true
    }

    /// A parcel that was not offered waits on.
    public func putBack(_ parcel: PhotoParcel) {
        lag(parcel.items, parcel.hour, "undelivered", tries: 0)
    }

    /// What was refused is offered some more times, and then given up.
    private func lag(
        _ photos: [(photo: SealedPhoto, tries: Int)], _ hour: Hour, _ code: String, tries: Int
    ) {
        for item in photos {
            // The hour's time may have been over while they were on their way.
            guard item.tries + tries < Self.photoTries, cells[hour] != nil else {
                forget([item.photo])
                counts.losePhoto(code)
                continue
            }
            cells[hour]?.laggards.append((item.photo, item.tries + tries))
        }
    }

    /// The photos of an hour whose time is over.
    func giveUpPhotos(_ cell: OpenCell) {
        let photos = cell.waitingPhotos
        forget(photos)
        for _ in photos { counts.losePhoto("undelivered") }
    }

    private func forget(_ photos: [SealedPhoto]) {
        counts.photosWaiting -= photos.count
        counts.photoBytes -= photos.map(\.bytes.count).reduce(0, +)
    }
}

/// As many photos as go to the vault at once.
public struct PhotoParcel: Sendable {
    let hour: Hour
    let items: [(photo: SealedPhoto, tries: Int)]
    let deliveries: [PhotoDelivery]
}
