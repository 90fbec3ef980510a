import Plates
import Rows
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
            do {
                deliverLaggards(hour, &takesPhotos)
                try flush(hour, &takesPhotos, &report)
            } catch let problem as WireProblem {
                report.problems.append(problem)
            } catch {
                report.problems.append(
                    WireProblem(code: "batch-unsigned", sentence: "a batch could not be signed"))
            }
        }
        return report
    }

    private func flush(
        _ hour: Hour, _ takesPhotos: inout Bool, _ report: inout DeliveryReport
    ) throws {
        while let batch = try outstanding(hour) {
            deliverPhotos(of: batch, &takesPhotos)
            if let problem = refusal(of: batch) {
                // Another process has closed the hour without this batch, which the vault does not
                // have: one that it has it acknowledges again. The same rows go to the late tree.
                guard problem.code == "cell-closed", batch.kind == .prompt else { throw problem }
                makeLate(hour, batch.rows)
                continue
            }
            cells[hour]?.outstanding = nil
            cells[hour]?.acknowledged[batch.number] = Digest(of: batch.encode())
            counts.waiting -= batch.rows.count
            counts.delivered += batch.rows.count
            counts.batches += 1
            report.batches += 1
            report.rows += batch.rows.count
        }
    }

    /// Why the vault did not take a batch, nil where it did.
    private func refusal(of batch: Batch) -> WireProblem? {
        do {
            try vault.submit(batch)
            return nil
        } catch {
            return error
        }
    }

    private func makeLate(_ hour: Hour, _ rows: [SealedRow]) {
        cells[hour]?.outstanding = nil
        cells[hour]?.pending.insert(contentsOf: rows, at: 0)
        cells[hour]?.closePrompt()
        firstOpenHour = max(firstOpenHour, hour.next)
        closings[.prompt] = closings[.prompt]?.filter { $0.key > hour }
    }

    /// The batch to send next: the one that waits for its acknowledgement, or a new one.
    private func outstanding(_ hour: Hour) throws -> Batch? {
        guard var cell = cells[hour] else { return nil }
        if let batch = cell.outstanding { return batch }
        guard !cell.pending.isEmpty else { return nil }
        let rows = Array(cell.pending.prefix(Batch.maximumRows))
        let batch = try Batch(
            cell: Cell(hour: hour, site: site), kind: cell.kind, run: run, number: cell.nextNumber,
            rows: rows,
            origin: roster.origin, key: key)
        cell.pending.removeFirst(rows.count)
        cell.nextNumber += 1
        cell.outstanding = batch
        cells[hour] = cell
        return batch
    }
}
