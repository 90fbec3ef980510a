public import Plates
import Rows
import Secrets
import Warrants
public import Wire

/// What came of closing hours.
public struct ClosingReport: Hashable, Sendable {
    /// The hours that are closed now, in order.
    public internal(set) var closed: [Hour] = []
    /// The hour at which closing stopped, and why: `rows-waiting`, `batch-missing`,
    /// `batch-signature`, `hour-gap`, …; nil where all due hours were closed.
    public internal(set) var problem: WireProblem?
}

extension Gateway {
    /// How many closings go to the vault at once.
    private static let closingsAtOnce = 128

    /// Closes every hour that ended at least five minutes ago, oldest first, quiet hours too: takes
    /// the cell's batches of all its runs from the vault, checks the site's own signatures, numbers
    /// and the batches that this process handed over, and signs the tree over them.
    ///
    /// An hour with rows that the vault has not taken is not closed: nothing enters a closed tree.
    /// Runs other than this process are named unfinished, since nobody can say what they still had.
    @discardableResult
    public func closeHours(at now: Timestamp) -> ClosingReport {
        var report = ClosingReport()
        let lastEnd = now.adding(milliseconds: -Self.closingDelay)
        while firstOpenHour.adding(Int64(closings.count)).end <= lastEnd || !closings.isEmpty {
            var problem: WireProblem?
            while closings.count < Self.closingsAtOnce {
                let hour = firstOpenHour.adding(Int64(closings.count))
                guard hour.end <= lastEnd else { break }
                do {
                    closings[hour] = try closing(of: hour, at: now)
                } catch {
                    problem = error
                    break
                }
            }
            do throws(WireProblem) {
                try send(&report)
            } catch {
                problem = problem ?? error
            }
            if let problem {
                report.problem = problem
                break
            }
        }
        return report
    }

    /// Sends what is signed; on an answer the hours are closed and forgotten.
    private func send(_ report: inout ClosingReport) throws(WireProblem) {
        guard !closings.isEmpty else { return }
        let hours = closings.keys.sorted()
        try vault.close(hours.compactMap { closings[$0] })
        for hour in hours {
            closings[hour] = nil
            cells[hour] = nil
            counts.closed += 1
            firstOpenHour = max(firstOpenHour, hour.next)
        }
        report.closed += hours
    }

    /// The signed statement and the opening of one cell.
    private func closing(
        of hour: Hour, at now: Timestamp
    ) throws(WireProblem) -> (statement: [UInt8], opening: [UInt8]) {
        let cell = Cell(hour: hour, site: site)
        guard cells[hour]?.waiting ?? 0 == 0 else {
            throw WireProblem(
                code: "rows-waiting", sentence: "rows of \(hour) wait for the vault; flush first")
        }
        let batches = try ownBatches(of: cell)
        do {
            let others = Set(batches.map(\.run)).subtracting([run])
            let opening = try HourOpening(
                closing: cell, kind: .prompt, batches: batches, unfinished: others,
                salt: random.bytes(32))
            let body = HourClosedBody(
                cell: cell, kind: .prompt, closed: opening.commitment, time: now)
            let statement = try StatementDraft.sign(body, under: roster, by: signer)
            return (statement, opening.encode())
        } catch let error as RowsError {
            throw WireProblem(code: error.code, sentence: error.sentence)
        } catch {
            throw WireProblem(
                code: Self.code(of: error), sentence: "the closing of \(hour) cannot be signed")
        }
    }

    /// The cell's batches as the vault has them: each signed by this site, and among them, byte
    /// for byte, every one that the vault acknowledged to this process.
    private func ownBatches(of cell: Cell) throws(WireProblem) -> [Batch] {
        var batches: [Batch] = []
        var mine = cells[cell.hour]?.acknowledged ?? [:]
        let keys = roster.site(site)?.keys ?? []
        for wire in try vault.batches(of: cell) {
            do throws(RowsError) {
                let batch = try Batch(wire: wire)
                let isSigned = keys.contains { key in
                    (try? batch.verify(origin: roster.origin, key: key.key)) != nil
                }
                guard isSigned, batch.cell == cell else {
                    throw RowsError(
                        code: "batch-signature",
                        sentence: "the vault has a batch of \(cell) that this site did not sign")
                }
                if batch.run == run {
                    let digest = Digest(of: wire)
                    guard
                        mine.removeValue(forKey: batch.number) == digest
                            || cells[cell.hour]?.doubtful == digest
                    else {
                        throw RowsError(
                            code: "batch-other",
                            sentence: "the vault has another batch than this process handed over")
                    }
                }
                batches.append(batch)
            } catch {
                throw WireProblem(code: error.code, sentence: error.sentence)
            }
        }
        guard mine.isEmpty else {
            throw WireProblem(
                code: "batch-missing",
                sentence: "the vault lacks \(mine.count) acknowledged batches of \(cell)")
        }
        return batches
    }
}
