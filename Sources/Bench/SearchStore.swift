import Dispatch
import Foundation
import Ledger
import Plates
import Rows
import Secrets
import Synchronization
import Tokens
import Vault
import Warrants

/// Thirty days of rows of seventy sites, as a vault has them after thirty days, every hour closed
/// and nothing late. One plate's rows are sealed under their real keys, twice a day somewhere; everybody
/// else's are noise of the same size, which is what they are to the vault.
struct SearchStore {
    static let sites = 70
    static let days = 30
    static let wanted = "ABC1234"

    /// Rows of all.
    let rows: Int
    private let random = SystemRandom()

    /// The cells of some sites, ascending.
    static func cells(sites: Int, days: Int = Self.days) -> [Cell] {
        (0..<days).flatMap { BenchTown.first.adding(Int64($0)).hours }.flatMap { hour in
            (1...sites).map { Cell(hour: hour, site: SiteNumber(number: UInt16($0))) }
        }
    }

    /// The cells in which the wanted plate passes: two hours of each day, the sites in turn.
    static var passages: [Cell] {
        (0..<days).flatMap { day -> [Cell] in
            let hours = BenchTown.first.adding(Int64(day)).hours
            return [
                Cell(hour: hours[8], site: SiteNumber(number: UInt16(day % 2 == 0 ? 1 : day + 1))),
                Cell(hour: hours[17], site: SiteNumber(number: UInt16(sites - day))),
            ]
        }.sorted()
    }

    /// Puts all of it into a store, with closings that the vault brings into its log.
    func fill(_ town: BenchTown.Parts) throws {
        let keys = try wantedKeys(town)
        let failures = Mutex<[any Error]>([])
        let left = Mutex(0..<Self.days)
        // A lane for each core; each takes the next day that nobody has.
        DispatchQueue.concurrentPerform(iterations: 2) { _ in
            while let day = left.withLock({ $0.popFirst() }) {
                do { try fill(day, town, keys) } catch { failures.withLock { $0.append(error) } }
            }
        }
        if let failure = failures.withLock({ $0.first }) { throw failure }
    }

    private func wantedKeys(_ town: BenchTown.Parts) throws -> [Cell: CellKeys] {
        let cells = Self.passages
        let plate = try Plate(normalizing: Self.wanted, fold: town.roster.policy.fold)
        let parcels = try town.chains.prefix(3).map {
            try $0.evaluate(plates: [plate], cells: cells)
        }
        var keys: [Cell: CellKeys] = [:]
        for cell in cells {
            keys[cell] = try CellKeys.combine(
                parcels, threshold: town.roster.threshold, plate: 0, cell: cell)
        }
        return keys
    }

    private func fill(_ number: Int, _ town: BenchTown.Parts, _ keys: [Cell: CellKeys]) throws {
        let day = BenchTown.first.adding(Int64(number))
        var noise = Noise(seed: UInt64(number + 1))
        let admission = Admission(
            sites: Set(town.roster.sites.map(\.number)), hours: day.hours[0]...day.hours[23])
        for site in town.roster.sites {
            let key = try BenchTown.key(site.id)
            let signer = try BenchTown.signer(site.id)
            let run = try RunID(bytes: random.bytes(8))
            for (hour, part) in zip(day.hours, Workload.hours) {
                let cell = Cell(hour: hour, site: site.number)
                let mean = Double(rows) / Double(Self.days * 24 * Self.sites)
                var sealed = try noise.rows(max(1, Int(mean * part + 0.5)))
                if let keys = keys[cell] {
                    let read = try Workload.read(
                        Self.wanted, seen: hour.start.adding(minutes: 20), camera: 7,
                        fold: town.roster.policy.fold)
                    let context = RowContext(
                        origin: BenchTown.origin, cell: cell, run: run, counter: 0)
                    sealed.append(
                        try keys.sealRow(read, context: context, nonce: random.bytes(24)))
                }
                var batches: [Batch] = []
                for start in stride(from: 0, to: sealed.count, by: Batch.maximumRows) {
                    let batch = try Batch(
                        cell: cell, run: run, number: UInt64(batches.count),
                        rows: Array(sealed[start..<min(sealed.count, start + Batch.maximumRows)]),
                        origin: BenchTown.origin, key: key)
                    _ = try town.store.keep(batch, admission: admission)
                    batches.append(batch)
                }
                try close(cell, batches, signer, town)
            }
        }
    }

    private func close(
        _ cell: Cell, _ batches: [Batch], _ signer: NoteSigner, _ town: BenchTown.Parts
    ) throws {
        let opening = try HourOpening(
            closing: cell, kind: .prompt, batches: batches, unfinished: [],
            salt: random.bytes(32))
        let body = HourClosedBody(
            cell: cell, kind: .prompt, closed: opening.commitment,
            time: cell.hour.end.adding(minutes: 5))
        let wire = try StatementDraft.sign(body, under: town.roster, by: signer)
        _ = try town.store.close(
            StoredClosing(
                opening: opening, statement: try UnverifiedStatement(wire: wire).id, wire: wire))
    }
}

/// Rows that nobody can open.
struct Noise {
    private var random: Splitmix
    private let pool: [UInt8]

    init(seed: UInt64) {
        var random = Splitmix(seed)
        pool = (0..<(1 << 20)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        self.random = random
    }

    mutating func rows(_ count: Int) throws -> [SealedRow] {
        let size = SQLiteReference.rowSize
        var rows: [SealedRow] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            let label = (random.next(), random.next())
            let offset = Int(random.next() % UInt64(pool.count - size))
            rows.append(
                try SealedRow(
                    label: try Label(bytes: withUnsafeBytes(of: label) { Array($0) }),
                    bytes: Array(pool[offset..<(offset + size)])))
        }
        return rows
    }
}
