import Ledger
import Plates
import Rows
import Secrets
import Synchronization
import Warrants
import Wire

// Rows in, hours closed, and mail.
extension VaultService {
    func keep(_ body: [UInt8]) throws(StoreError) -> [UInt8] {
        let batch: Batch
        do throws(RowsError) {
            batch = try Batch(wire: body)
        } catch {
            throw try counted(error.code, error.sentence)
        }
        let day = batch.cell.hour.day
        let (keys, isDead, hours) = try withRecord { (record) throws(StoreError) in
            guard let site = record.roster.site(batch.cell.site) else {
                throw try counted("cell-unknown", "the roster has no site \(batch.cell.site)")
            }
            return (
                record.roster.statementKeys(of: site.id),
                record.report(on: day, at: now())?.verdict == .dead,
                admission(under: record.roster).hours
            )
        }
        // Signatures take long, and are checked by many at once.
        guard keys.contains(where: { (try? batch.verify(origin: log.origin, key: $0.key)) != nil })
        else {
            throw try counted(
                "batch-signature",
                "the batch does not carry the signature of site \(batch.cell.site)")
        }
        guard !isDead else { throw try counted("cell-dead", StoreRules.dead(day).sentence) }
        _ = try store.keep(batch, admission: Admission(sites: [batch.cell.site], hours: hours))
        return []
    }

    /// Rows are of the roster's sites, not from the future, and not older than a read may live.
    func admission(under roster: Roster) -> Admission {
        let time = now()
        let newest = time.adding(minutes: Self.futureMinutes).hour
        let oldest = time.adding(days: -Int64(roster.policy.retentionDays)).hour
        return Admission(
            sites: Set(roster.sites.map(\.number)), hours: min(oldest, newest)...newest)
    }

    func counted(_ code: String, _ sentence: String) throws(StoreError) -> StoreError {
        try store.count(code)
        return StoreError(code: code, sentence: sentence)
    }

    /// A site's own batches, for it to close an hour over; which rows came together is no other
    /// site's to know.
    func batches(_ body: [UInt8], of caller: String?) throws(StoreError) -> [UInt8] {
        let (tree, after) = try Message.tree(body)
        if let caller {
            let isOwn = try withRecord { (record) throws(StoreError) in
                record.roster.site(tree.cell.site)?.id == caller
            }
            guard isOwn else {
                throw StoreError(
                    code: "party-forbidden", sentence: "a site is shown its own batches alone")
            }
        }
        return ByteList.encode(try store.leaves(of: tree, after: after).map { $0.encode() })
    }

    /// Closes cells, all or none. First everything is checked, and what takes long is done, while
    /// the vault answers others. Then each closing is kept in the store, with its statement: if we
    /// crash here, the vault appends it when it starts again, so that no statement can be in the log
    /// whose opening is lost; if the log's disk refuses it, at the next closing or in the next round of
    /// `expire`. Then all go into the log. Last, the store forgets which row came in which
    /// batch: if we crash here, it does when it opens.
    func close(_ body: [UInt8]) throws(StoreError) -> [UInt8] {
        let parts = try Message.list(body)
        try logClosings()
        guard parts.count.isMultiple(of: 2), parts.count <= 2 * Self.maximumNotes else {
            throw Message.malformed("list of closings")
        }
        let closings = try withRecord { (record) throws(StoreError) in
            try stride(from: 0, to: parts.count, by: 2).map { index throws(StoreError) in
                let closing = try closing(parts[index], parts[index + 1], record)
                try Self.check(closing, record)
                return closing
            }
        }
        guard Set(closings.map(\.tree)).count == closings.count else {
            throw Message.malformed("list of closings")
        }
        for closing in closings { try store.checkClose(closing) }
        try withRecord { (record) throws(StoreError) in
            // The log may have gone on meanwhile.
            for closing in closings { try Self.check(closing, record) }
            let wasBehind = isLogBehind.withLock { $0 }
            isLogBehind.withLock { $0 = true }
            for closing in closings { _ = try store.publish(closing) }
            _ = try append(closings.map(\.wire), to: &record)
            isLogBehind.withLock { $0 = wasBehind }
        }
        for closing in closings { try store.forgetBatches(of: closing.tree) }
        return []
    }

    /// Appends the closings that stand in the store and not in the log, as after a crash between the
    /// two, or an error of the log's disk; then the store forgets their batches. What the log would
    /// not take stays where it is.
    func logClosings() throws(StoreError) {
        guard isLogBehind.withLock({ $0 }) else { return }
        let missing = try withRecord { (record) throws(StoreError) in
            let missing = try store.closings().filter {
                record.index(of: $0.statement) == nil && record.refusal(of: $0.wire) == nil
            }
            // At once: after a crash they can be many, and each append is synchronized.
            _ = try append(missing.map(\.wire), to: &record)
            isLogBehind.withLock { $0 = false }
            return missing
        }
        for closing in missing { try store.forgetBatches(of: closing.tree) }
    }

    /// Throws why the log would not take a closing that it does not have.
    private static func check(_ closing: StoredClosing, _ record: Record) throws(StoreError) {
        guard record.index(of: closing.statement) == nil else { return }
        try refused(record.refusal(of: closing.wire))
    }

    private static func refused(_ refusal: Refusal?) throws(StoreError) {
        guard let refusal else { return }
        throw StoreError(code: refusal.code, sentence: refusal.sentence)
    }

    private func closing(
        _ wire: [UInt8], _ opening: [UInt8], _ record: Record
    ) throws(StoreError) -> StoredClosing {
        let opened: HourOpening
        do throws(RowsError) {
            opened = try HourOpening(wire: opening)
        } catch {
            throw StoreError(code: error.code, sentence: error.sentence)
        }
        let statement: Statement<HourClosedBody> = try Self.refusal { () throws(Refusal) in
            try record.roster.verify(try UnverifiedStatement(wire: wire))
        }
        let isLate = opened.kind == .late
        guard statement.body.cell == opened.cell, isLate == (statement.body.kind == .late),
            statement.body.closed == opened.commitment
        else {
            throw StoreError(
                code: "opening-differs",
                sentence: "the opening is not what the statement commits to")
        }
        let day = opened.cell.hour.day
        // Said by the log, also where the store never had anything of the day.
        guard record.report(on: day, at: now())?.verdict != .dead else {
            throw StoreRules.dead(day)
        }
        let lateHours = isLate ? Int64(record.roster.policy.lateHours) : 0
        guard opened.cell.hour.end.adding(hours: lateHours) <= now() else {
            throw StoreError(
                code: "closing-early",
                sentence: "rows of hour \(opened.cell.hour) can still come in time")
        }
        return StoredClosing(opening: opened, statement: statement.id, wire: wire)
    }

    func put(_ body: [UInt8], from caller: String?) throws(StoreError) -> [UInt8] {
        let message: Mail
        do throws(WireProblem) {
            message = try Mail(wire: body)
        } catch {
            throw StoreError(code: error.code, sentence: error.sentence)
        }
        let isOwn = try withRecord { (record) throws(StoreError) in
            caller.map { record.roster.keyName($0) == message.sender } ?? true
        }
        guard isOwn else {
            throw StoreError(
                code: "party-forbidden", sentence: "a message is left by its sender and nobody else"
            )
        }
        _ = try mail.put(message, at: now())
        return []
    }

    func get(_ body: [UInt8]) throws(StoreError) -> [UInt8] {
        let (topic, kind, recipient) = try Message.wish(body)
        return ByteList.encode(
            try mail.mail(topic: topic, kind: kind, recipient: recipient, at: now()))
    }
}
