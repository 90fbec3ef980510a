public import Plates
import Rows
import Secrets
import Warrants
public import Wire

/// What came of closing hours.
public struct ClosingReport: Hashable, Sendable {
    /// The hours that are closed now, in order.
    public internal(set) var closed: [Hour] = []
    /// The hours whose late trees are closed now, in order.
    public internal(set) var closedLate: [Hour] = []
    /// The hour at which closing stopped, and why: `rows-waiting`, `batch-missing`,
    /// `batch-signature`, `hour-gap`, …; nil where all due hours were closed.
    public internal(set) var problem: WireProblem?
}

extension Gateway {
    /// How many closings go to the vault at once.
    private static let closingsAtOnce = 128

    /// Closes both trees of every hour that is due, oldest first, quiet ones too: the prompt one five
    /// minutes after the hour's end, the late one `late_hours` after that. For each it takes the
    /// tree's batches of all runs from the vault, checks the site's own signatures, numbers and the
    /// batches that this process handed over, and signs the tree over them.
    ///
    /// A tree with rows that the vault has not taken is not closed: nothing enters a closed tree.
    /// Runs other than this process are named unfinished, since nobody can say what they still had.
    ///
    /// `goesOn` is asked before each tree, and before each part of its batches: where it says no, what
    /// is signed is sent, and the rest is left to the next call, which goes on with the next part. So
    /// a slow vault takes no more of the caller's time than it has, however little it gives at once.
    @discardableResult
    public func closeHours(
        at now: Timestamp, while goesOn: () -> Bool = { true }
    ) -> ClosingReport {
        var report = ClosingReport()
        for kind in HourOpening.Kind.allCases {
            do throws(WireProblem) {
                try close(kind, at: now, goesOn, &report)
            } catch {
                report.problem = report.problem ?? error
            }
        }
        return report
    }

    private func close(
        _ kind: HourOpening.Kind, at now: Timestamp, _ goesOn: () -> Bool,
        _ report: inout ClosingReport
    ) throws(WireProblem) {
        while true {
            var problem: WireProblem?
            if kind == .prompt { passClosedHours() } else { passClosedLateTrees() }
            while let hour = due(kind, at: now), goesOn() {
                do throws(WireProblem) {
                    guard let closing = try closing(of: hour, kind, at: now, goesOn) else { break }
                    closings[kind, default: [:]][hour] = closing
                    if kind == .prompt { cells[hour]?.closePrompt() }
                } catch {
                    problem = error
                    break
                }
            }
            guard closings[kind]?.isEmpty == false else {
                if let problem { throw problem }
                return
            }
            do throws(WireProblem) {
                try send(kind, &report)
            } catch {
                throw problem ?? error
            }
            if let problem { throw problem }
        }
    }

    /// The next hour to sign, as long as not too many wait for the vault.
    private func due(_ kind: HourOpening.Kind, at now: Timestamp) -> Hour? {
        let signed = closings[kind]?.count ?? 0
        let first = kind == .prompt ? firstOpenHour : firstLateHour
        let hour = closings[kind]?.keys.max()?.next ?? first
        let lateHours = kind == .prompt ? 0 : Int64(roster.policy.lateHours)
        let time = hour.end.adding(hours: lateHours).adding(milliseconds: Self.closingDelay)
        // No late tree before the prompt one, be the site ever so far behind; and no tree a second
        // time.
        guard signed < Self.closingsAtOnce, time <= now,
            !isClosed(hour, kind), kind == .prompt || hour < firstOpenHour
        else { return nil }
        return hour
    }

    /// Goes past hours that another process has closed by the log, and no others. What is signed and
    /// not acknowledged is sent first.
    func passClosedHours() {
        guard closings[.prompt]?.isEmpty ?? true else { return }
        while isClosedByLog(firstOpenHour) { firstOpenHour = firstOpenHour.next }
    }

    /// The same of late trees. What still waits of such an hour has no tree any more to enter.
    private func passClosedLateTrees() {
        guard closings[.late]?.isEmpty ?? true else { return }
        while firstLateHour < firstOpenHour, isLateClosedByLog(firstLateHour) {
            let waiting = cells[firstLateHour]?.waiting ?? 0
            counts.undelivered += waiting
            counts.waiting -= waiting
            leave(firstLateHour)
        }
    }

    private func isClosed(_ hour: Hour, _ kind: HourOpening.Kind) -> Bool {
        kind == .prompt ? isClosedByLog(hour) : isLateClosedByLog(hour)
    }

    /// Forgets an hour that has both of its trees.
    private func leave(_ hour: Hour) {
        if let cell = cells.removeValue(forKey: hour) { giveUpPhotos(cell) }
        firstLateHour = max(firstLateHour, hour.next)
    }

    /// Sends what is signed; on an answer the trees are closed, and after the late one the hour is
    /// forgotten.
    private func send(
        _ kind: HourOpening.Kind, _ report: inout ClosingReport
    ) throws(WireProblem) {
        let signed = closings[kind] ?? [:]
        let hours = signed.keys.sorted()
        do throws(WireProblem) {
            try vault.close(hours.compactMap { signed[$0] })
        } catch {
            // Another process was first, and the log has its closing.
            if error.code == "cell-closed" {
                closings[kind] = signed.filter { !isClosed($0.key, kind) }
            }
            throw error
        }
        closings[kind] = nil
        for hour in hours {
            switch kind {
            case .prompt:
                counts.closed += 1
                firstOpenHour = max(firstOpenHour, hour.next)
            case .late:
                leave(hour)
                counts.closedLate += 1
            }
        }
        if kind == .prompt { report.closed += hours } else { report.closedLate += hours }
    }

    /// The signed statement and the opening of one tree; nil where `goesOn` said no before all of its
    /// batches were there.
    private func closing(
        of hour: Hour, _ kind: HourOpening.Kind, at now: Timestamp, _ goesOn: () -> Bool
    ) throws(WireProblem) -> (statement: [UInt8], opening: [UInt8])? {
        let cell = Cell(hour: hour, site: site)
        guard cells[hour]?.waiting ?? 0 == 0 else {
            throw WireProblem(
                code: "rows-waiting", sentence: "rows of \(hour) wait for the vault; flush first")
        }
        guard let batches = try ownBatches(of: cell, kind, goesOn) else { return nil }
        do {
            let others = Set(batches.map(\.run)).subtracting([run])
            let opening = try HourOpening(
                closing: cell, kind: kind, leaves: batches, unfinished: others,
                salt: random.bytes(32))
            let body = HourClosedBody(
                cell: cell, kind: kind == .prompt ? .prompt : .late, closed: opening.commitment,
                time: now)
            let statement = try StatementDraft.sign(body, under: roster, by: signer)
            return (statement, opening.encode())
        } catch let error as RowsError {
            throw WireProblem(code: error.code, sentence: error.sentence)
        } catch {
            throw WireProblem(
                code: Self.code(of: error), sentence: "the closing of \(hour) cannot be signed")
        }
    }

    /// The tree's batches as the vault has them, without their rows: each signed by this site, and
    /// among them every one that the vault acknowledged to this process. Nil where `goesOn` said no;
    /// the next call for the tree goes on behind what is there. Where something is wrong, it begins
    /// again.
    private func ownBatches(
        of cell: Cell, _ kind: HourOpening.Kind, _ goesOn: () -> Bool
    ) throws(WireProblem) -> [BatchLeaves]? {
        var batches = fetched[kind].flatMap { $0.cell == cell ? $0.batches : nil } ?? []
        fetched[kind] = nil
        let former = formerKeys.filter { cell.hour <= $0.last }.flatMap(\.keys)
        let keys = (roster.site(site)?.keys ?? []) + former
        var last = batches.map(\.place).max()
        while true {
            let part = try vault.batches(of: cell, kind, after: last)
            guard !part.isEmpty else { break }
            do throws(RowsError) {
                for wire in part {
                    batches.append(try own(wire, of: cell, kind, by: keys, after: last))
                }
            } catch {
                throw WireProblem(code: error.code, sentence: error.sentence)
            }
            last = batches.suffix(part.count).map(\.place).max()
            guard goesOn() else {
                fetched[kind] = (cell, batches)
                return nil
            }
        }
        try checkMine(batches, of: cell, kind)
        return batches
    }

    /// Throws unless this process's batches among them are those that it handed over. The root stands
    /// for the rows.
    private func checkMine(
        _ batches: [BatchLeaves], of cell: Cell, _ kind: HourOpening.Kind
    ) throws(WireProblem) {
        let held = cells[cell.hour].flatMap { $0.kind == kind ? $0 : nil }
        var mine = held?.acknowledged ?? [:]
        for batch in batches where batch.run == run {
            guard
                mine.removeValue(forKey: batch.number) == batch.root
                    || held?.doubtful == batch.root
            else {
                throw WireProblem(
                    code: "batch-other",
                    sentence: "the vault has another batch than this process handed over")
            }
        }
        guard mine.isEmpty else {
            throw WireProblem(
                code: "batch-missing",
                sentence: "the vault lacks \(mine.count) acknowledged batches of \(cell)")
        }
    }

    /// A batch of the tree that the site has signed, from behind a place: a vault that gives one
    /// twice would keep the site asking for ever.
    private func own(
        _ wire: [UInt8], of cell: Cell, _ kind: HourOpening.Kind, by keys: [PartyKey],
        after place: BatchPlace?
    ) throws(RowsError) -> BatchLeaves {
        let batch = try BatchLeaves(wire: wire)
        let isSigned = keys.contains { key in
            (try? batch.verify(origin: roster.origin, key: key.key)) != nil
        }
        guard isSigned, batch.cell == cell, batch.kind == kind else {
            throw RowsError(
                code: "batch-signature",
                sentence: "the vault has a batch of \(cell) that this site did not sign")
        }
        if let place, batch.place <= place {
            throw RowsError(
                code: "batch-order", sentence: "the vault gives batches of \(cell) out of order")
        }
        return batch
    }
}
