public import Plates
public import Rows
import Secrets
import Warrants
public import Wire

/// What came of handing rows over.
public struct DeliveryReport: Hashable, Sendable {
    /// Batches that the vault acknowledged.
    public internal(set) var batches = 0
    /// Rows in them.
    public internal(set) var rows = 0
    /// What the vault or the way to it answered instead, one for each hour that still waits.
    public internal(set) var problems: [WireProblem] = []

    mutating func add(_ rows: Int) {
        guard rows > 0 else { return }
        batches += 1
        self.rows += rows
    }
}

extension Gateway {
    /// Hands over what waits: for each cell batches of at most 4,096 rows, sorted by label,
    /// numbered and signed, each after its rows' photos. A batch that is not acknowledged stays, and is sent again as the same
    /// bytes by the next call, before anything newer of its cell.
    ///
    /// Call it a second after a read while a camera waits for the answer, once a minute otherwise:
    /// the fewer rows a batch has, the more it tells about the order in which they came.
    @discardableResult
    public func flush() -> DeliveryReport {
        var report = DeliveryReport()
        var takesPhotos = true
        for hour in cells.keys.sorted() {
            do throws(WireProblem) {
                while let handover = nextHandover(of: hour) {
                    let batch = try handover.batch()
                    offer(photoParcels(of: batch), &takesPhotos)
                    report.add(try settle(handover, Self.submit(batch, to: vault)))
                }
            } catch {
                report.problems.append(error)
            }
        }
        for hour in hoursLagging { offer(photoParcels(lagging: hour), &takesPhotos) }
        return report
    }

    private func offer(_ parcels: [PhotoParcel], _ takesPhotos: inout Bool) {
        for parcel in parcels {
            // A vault that has refused some is not asked for the others now: it would take time
            // from the rows.
            guard takesPhotos else {
                putBack(parcel)
                continue
            }
            takesPhotos = settle(parcel, Self.submit(parcel, to: vault))
        }
    }

    /// The hours with rows that the vault does not have, ascending.
    public var hoursWaiting: [Hour] { cells.filter { $0.value.waiting > 0 }.keys.sorted() }

    /// Why the vault did not take a batch, nil where it did. For callers that hand over outside of
    /// the gateway's own thread: `nextHandover`, its batch, this, `settle`.
    public static func submit(_ batch: Batch, to vault: VaultClient) -> WireProblem? {
        do throws(WireProblem) {
            try vault.submit(batch)
            return nil
        } catch {
            return error
        }
    }

    /// What the vault has answered to a batch: its rows are durable, and it returns how many. Throws
    /// the problem, with which the batch waits on.
    public func settle(
        _ handover: Handover, _ problem: WireProblem?
    ) throws(WireProblem) -> Int {
        let hour = handover.cell.hour
        // Its hour's keys may have been erased on the way, and its rows been given up.
        guard cells[hour]?.outstanding === handover else { return 0 }
        if let problem {
            // Another process has closed the hour without this batch, which the vault does not
            // have: one that it has it acknowledges again. The same rows go to the late tree. The
            // vault's word alone would keep the site from closing its hours: the log must show it.
            guard problem.code == "cell-closed", handover.kind == .prompt, isClosedByLog(hour)
            else { throw problem }
            makeLate(hour, try handover.batch().rows)
            return 0
        }
        let batch = try handover.batch()
        resumePhotos()
        cells[hour]?.outstanding = nil
        cells[hour]?.handed += batch.count
        cells[hour]?.acknowledged[batch.number] = batch.root
        counts.waiting -= batch.count
        counts.delivered += batch.count
        counts.batches += 1
        return batch.count
    }

    private func makeLate(_ hour: Hour, _ rows: [SealedRow]) {
        cells[hour]?.outstanding = nil
        cells[hour]?.pending.insert(contentsOf: rows, at: 0)
        cells[hour]?.closePrompt()
        passClosedHours()
    }

    /// The rows to send next: those that wait for their acknowledgement, or new ones.
    public func nextHandover(of hour: Hour) -> Handover? {
        guard let cell = cells[hour] else { return nil }
        if let handover = cell.outstanding { return handover }
        guard !cell.pending.isEmpty else { return nil }
        let rows = Array(cell.pending.prefix(Batch.maximumRows))
        let handover = Handover(
            Cell(hour: hour, site: site), cell.kind, run, cell.nextNumber, rows,
            hasPhotos: !cell.photos.isEmpty, origin: roster.origin, key: key)
        cell.pending.removeFirst(rows.count)
        cell.nextNumber += 1
        cell.outstanding = handover
        return handover
    }
}
