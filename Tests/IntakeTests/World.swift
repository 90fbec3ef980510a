import Bytes
import Intake
import Ledger
import Plates
import Rows
import Secrets
import Tokens
import Warrants
import Wire

/// A custodian that answers grants from its chains, and can be silent or lie.
final class FakeCustodian: Handler {
    var chains: ChainSet
    let roster: Roster
    let id: String
    var isSilent = false
    /// Gives keys of one hour more than it was asked for.
    var isEager = false
    private(set) var asked: [GrantRequestBody] = []

    init(chains: ChainSet, roster: Roster, id: String) {
        self.chains = chains
        self.roster = roster
        self.id = id
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        guard !isSilent, endpoint == .grant else {
            throw WireProblem(code: "unreachable", sentence: "the custodian does not answer")
        }
        do {
            let request = try roster.verify(
                UnverifiedStatement(wire: body), as: GrantRequestBody.self
            ).body
            asked.append(request)
            let last = request.lastHour.number + (isEager ? 1 : 0)
            let hours = (request.firstHour.number...last).map { Hour(number: $0) }
            let parcel = try chains.siteKeys(site: request.site, hours: hours)
            return try HybridSeal.seal(
                parcel.encode(), to: request.oneTimeKey,
                info: "platevault/grant/v1" + roster.origin)
        } catch {
            throw WireProblem(code: "refused", sentence: "the custodian refuses: \(error)")
        }
    }
}

/// A vault that keeps encoded batches and closings, and can fail in every way.
final class FakeVault: Handler {
    var batches: [[UInt8]] = []
    var closings: [(statement: [UInt8], opening: [UInt8])] = []
    var statements: [[UInt8]] = []
    /// Every batch that arrived, repeats too.
    private(set) var arrivals: [[UInt8]] = []
    private(set) var closingArrivals: [[UInt8]] = []
    /// The next answers get lost: what was sent is kept, but the sender hears of a failure.
    var answersLost = 0
    var isDown = false
    /// The photos that were kept, each once.
    private(set) var photos: [PhotoDelivery] = []
    var refusesPhotos = false
    /// How many batches an answer has at most.
    var batchesAtOnce: Int?
    /// Every tree was closed by another process before.
    var isClosedBefore = false
    /// Photos take so long that the way counts as lost, for what follows too.
    var losesPhotos = false
    private var isLost = false
    /// What was asked for, in turn.
    private(set) var sequence: [String] = []

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        guard !isDown else { throw Self.failure }
        let answer: [UInt8]
        do {
            answer = try keep(endpoint, body)
        } catch let problem as WireProblem {
            throw problem
        } catch {
            throw WireProblem(code: "refused", sentence: "the vault refuses: \(error)")
        }
        guard answersLost == 0 || endpoint == .rowsBatches else {
            answersLost -= 1
            throw Self.failure
        }
        return answer
    }

    private static var failure: WireProblem {
        WireProblem(code: "unreachable", sentence: "the vault does not answer")
    }

    private func keep(_ endpoint: Endpoint, _ body: [UInt8]) throws -> [UInt8] {
        sequence.append(endpoint.rawValue)
        if isLost, endpoint == .rowsBatch {
            isLost = false
            throw Self.failure
        }
        switch endpoint {
        case .photosPut:
            if losesPhotos {
                isLost = true
                throw Self.failure
            }
            guard !refusesPhotos else {
                throw WireProblem(code: "photos-full", sentence: "no room for photos")
            }
            for item in try ByteList.decode(body) {
                let photo = try PhotoDelivery(wire: item)
                if !photos.contains(photo) { photos.append(photo) }
            }
            return []
        case .rowsBatch:
            arrivals.append(body)
            let batch = try Batch(wire: body)
            let isClosed = try closings.contains {
                let opening = try HourOpening(wire: $0.opening)
                return opening.cell == batch.cell && opening.kind == batch.kind
            }
            guard !isClosed || batches.contains(body) else {
                throw WireProblem(code: "cell-closed", sentence: "the tree is closed")
            }
            if !batches.contains(body) { batches.append(body) }
            return []
        case .rowsBatches:
            var reader = ByteReader(body)
            let cell = try Cell(from: &reader)
            let kind = HourOpening.Kind(rawValue: try reader.u8())
            // By its header alone: a batch may have been damaged. Byte 14 begins the number.
            let found = batches.filter {
                $0.starts(with: cell.encode()) && ($0[14] & 0x80 != 0) == (kind == .late)
            }
            let after = reader.remaining > 0 ? try reader.raw(16) : []
            // Run and number, as bytes in their order, without the bit of the late tree.
            let rest = found.filter { batch in
                var place = Array(batch[6..<22])
                place[8] &= 0x7f
                return after.lexicographicallyPrecedes(place)
            }
            let part = rest.sorted { $0[6..<22].lexicographicallyPrecedes($1[6..<22]) }
                .prefix(batchesAtOnce ?? rest.count)
            return ByteList.encode(try part.map(Self.withoutRows))
        case .hoursClose:
            closingArrivals.append(body)
            guard !isClosedBefore else {
                throw WireProblem(code: "cell-closed", sentence: "another closing stands")
            }
            let items = try ByteList.decode(body)
            for index in stride(from: 0, to: items.count, by: 2)
            where !closings.contains(where: { $0.statement == items[index] }) {
                closings.append((items[index], items[index + 1]))
            }
            return []
        case .logAppend:
            var writer = ByteWriter()
            for item in try ByteList.decode(body) {
                statements.append(item)
                writer.u64(UInt64(statements.count - 1))
            }
            return writer.bytes
        default: throw Self.failure
        }
    }

    func decoded() throws -> [Batch] { try batches.map { try Batch(wire: $0) } }
}

/// Five custodians, one site, one vault, and a gateway between them.
struct World {
    static let origin = "example.org/vault.demo"
    static let site = SiteNumber(number: 3)
    static let generation: UInt32 = 1
    /// 10 minutes past an hour.
    static let now = Timestamp(milliseconds: 498_809 * 3_600_000 + 600_000)

    let roster: Roster
    let siteKey: SigningKey
    let vault = FakeVault()
    let custodians: [FakeCustodian]
    let random: SeededRandom
    let threshold: Threshold

    init(
        _ name: String = "world", n: Int = 5, t: Int = 3, indexed: Int = 0,
        photos: PhotoKeeping = .crop
    ) throws {
        let random = SeededRandom(name)
        self.random = random
        threshold = try Threshold(t: t, of: n)
        siteKey = try SigningKey(from: random)
        func fresh() throws -> VerifyingKey { try SigningKey(from: random).verifyingKey }
        var policy = Policy(purposes: ["09A"])
        policy.indexCandidates = indexed
        policy.photos = photos
        var draft = RosterDraft(
            vault: VaultParty(id: "vault", statementKey: try fresh(), logKey: try fresh()),
            threshold: t, policy: policy)
        for index in 0..<n {
            draft.add(
                Custodian(
                    id: "custodian-\(index)", name: "Custodian \(index)",
                    institution: "Institution \(index)", place: "Place \(index)",
                    administrator: "Office \(index)", slot: .file, statementKey: try fresh(),
                    cosignKey: try fresh(), officers: []))
        }
        draft.add(
            Site(id: "site-3", name: "Main Street", number: Self.site, keys: [siteKey.verifyingKey])
        )
        roster = try draft.roster(origin: Self.origin)
        let chains = try Self.chains(roster, threshold, random)
        custodians = roster.custodians.indices.map { [roster] index in
            FakeCustodian(chains: chains[index], roster: roster, id: roster.custodians[index].id)
        }
    }

    static func chains(
        _ roster: Roster, _ threshold: Threshold, _ random: any RandomSource
    ) throws -> [ChainSet] {
        let seeds = try (0..<threshold.n).map {
            try SeedParcel.draw(
                generation: generation, threshold: threshold, member: $0, from: random)
        }
        return try (0..<threshold.n).map { index in
            try ChainSet(
                generation: generation, first: now.day, threshold: threshold, custodian: index,
                roster: roster.hash, parcels: seeds)
        }
    }

    func gateway(
        firstOpenHour: Hour = World.now.hour, firstLateHour: Hour? = nil
    ) throws -> Gateway {
        try Gateway(
            roster: roster, site: Self.site, key: siteKey,
            vault: VaultClient(LoopbackChannel(vault)),
            custodians: custodians.map { CustodianClient(LoopbackChannel($0)) },
            firstOpenHour: firstOpenHour, firstLateHour: firstLateHour, random: random)
    }

    /// A gateway with the keys of three hours.
    func ready() throws -> Gateway {
        let gateway = try gateway()
        gateway.fetchKeys(Self.hours(3), generation: Self.generation, at: Self.now)
        return gateway
    }

    static func hours(_ count: UInt32) -> ClosedRange<Hour> {
        now.hour...now.hour.adding(Int64(count) - 1)
    }

    static func read(_ text: String, at time: Timestamp = now, fold: Fold = .letterOAsZero) throws
        -> Read
    {
        try Read(
            Read.Fields(
                asRead: text, plate: Plate(normalizing: text, fold: fold), camera: "1",
                deviceTime: time, receivedTime: time))
    }

    /// What t custodians together find: the reads of a plate in a cell, by the labels of each run.
    func found(_ text: String, hour: Hour = World.now.hour, runs: [RunID]) throws -> [Read] {
        try found(Plate(normalizing: text, fold: .letterOAsZero), hour: hour, runs: runs)
    }

    func found(_ plate: Plate, hour: Hour, runs: [RunID]) throws -> [Read] {
        let cell = Cell(hour: hour, site: Self.site)
        let parcels = try custodians.prefix(threshold.t).map {
            try $0.chains.evaluate(plates: [plate], cells: [cell])
        }
        let keys = try CellKeys.combine(parcels, threshold: threshold, plate: 0, cell: cell)
        let rows = try vault.decoded().filter { $0.cell == cell }.flatMap(\.rows)
        var reads: [Read] = []
        for run in runs {
            for counter in UInt64(0)... {
                let label = try keys.label(run: run, counter: counter)
                guard let row = rows.first(where: { $0.label == label }) else { break }
                let context = RowContext(
                    origin: Self.origin, cell: cell, run: run, counter: counter)
                reads.append(try keys.openRow(row, context: context))
            }
        }
        return reads
    }
}

extension FakeVault {
    /// A batch as a vault gives it back to be closed, whether it is sound or not.
    fileprivate static func withoutRows(_ batch: [UInt8]) throws -> [UInt8] {
        var reader = ByteReader(batch)
        var result = Array(try reader.raw(122))
        while reader.remaining > 0 {
            result += try reader.raw(16)
            result += Digest(of: Array(try reader.raw(Int(try reader.u16())))).bytes
        }
        return result
    }
}
