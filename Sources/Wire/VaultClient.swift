import Bytes
import Ledger
public import Plates
public import Rows
public import Secrets

/// The vault as the other parties see it. Every answer is untrusted: what comes from here counts
/// only after a mirror, a record or a look-up verifier has checked it.
public struct VaultClient: LogSource {
    private let channel: any Channel

    /// A client at one end of a channel.
    public init(_ channel: any Channel) { self.channel = channel }

    /// The same client, which asks `gate` before each exchange and throws what that throws.
    public func gated(by gate: @escaping () throws(WireProblem) -> Void) -> VaultClient {
        VaultClient(GatedChannel(channel: channel, gate: gate))
    }

    /// The newest checkpoint, as a signed note. Throws what the vault answers.
    public func checkpoint() throws(WireProblem) -> [UInt8] {
        try channel.exchange(.logCheckpoint, [])
    }

    /// Log entries; the vault may send fewer than asked for, never none of a range that it has.
    public func entries(_ range: Range<UInt64>) throws(WireProblem) -> [[UInt8]] {
        var writer = ByteWriter()
        writer.u64(range.lowerBound)
        writer.u64(range.upperBound)
        return try list(try channel.exchange(.logEntries, writer.bytes), "list of log entries")
    }

    /// Appends signed statements, all or none, and returns the index of each in the log. A
    /// statement that stands there already keeps its index. Throws the refusal of the first that
    /// does not fit.
    public func append(_ notes: [[UInt8]]) throws(WireProblem) -> [UInt64] {
        var reader = ByteReader(try channel.exchange(.logAppend, ByteList.encode(notes)))
        do throws(BytesError) {
            var indices: [UInt64] = []
            for _ in notes { indices.append(try reader.u64()) }
            try reader.end()
            return indices
        } catch {
            throw .malformed("list of log indices")
        }
    }

    /// Hands over a checkpoint with cosignatures, for the log to publish with its own; nothing happens
    /// where the log has moved on. Throws `cosignature-wrong` where one is not valid.
    public func cosign(_ note: [UInt8]) throws(WireProblem) {
        _ = try channel.exchange(.logCosign, note)
    }

    /// Hands over one batch; returns once it is durable. The same batch again is no error.
    public func submit(_ batch: Batch) throws(WireProblem) {
        _ = try channel.exchange(.rowsBatch, batch.encode())
    }

    /// Some batches of one of a cell's open trees without their rows (`BatchLeaves`), in their wire
    /// form, by run and number: the first ones behind `place`; none where there are no more.
    public func batches(
        of cell: Cell, _ kind: HourOpening.Kind, after place: BatchPlace? = nil
    ) throws(WireProblem) -> [[UInt8]] {
        var writer = ByteWriter()
        writer.u32(cell.hour.number)
        writer.u16(cell.site.number)
        writer.u8(kind.rawValue)
        if let place {
            writer.raw(place.run.bytes)
            writer.u64(place.number)
        }
        return try list(try channel.exchange(.rowsBatches, writer.bytes), "list of batches")
    }

    /// Closes cells: each a signed `hour-closed` statement and the opening of its commitment.
    /// Each statement is in the log when this returns; the same closing again is no error.
    public func close(_ closings: [(statement: [UInt8], opening: [UInt8])]) throws(WireProblem) {
        _ = try channel.exchange(
            .hoursClose, ByteList.encode(closings.flatMap { [$0.statement, $0.opening] }))
    }

    /// Rows for look-up keys, in the wire form of `LookupAnswer`, one answer for each item.
    public func lookup(_ query: [UInt8]) throws(WireProblem) -> [[UInt8]] {
        try list(try channel.exchange(.rowsLookup, query), "list of look-up answers")
    }

    /// For each item of a query of whole cells, whether its cell may be asked for so.
    public func measure(_ query: [UInt8]) throws(WireProblem) -> [Bool] {
        let answer = try channel.exchange(.rowsMeasure, query)
        guard answer.allSatisfy({ $0 < 2 }) else { throw .malformed("list of small cells") }
        return answer.map { $0 == 1 }
    }

    /// Hands over photos, all or none; returns once they are durable. The same again is no error.
    public func submit(_ photos: [PhotoDelivery]) throws(WireProblem) {
        _ = try channel.exchange(.photosPut, ByteList.encode(photos.map { $0.encode() }))
    }

    /// Photos of the rows that a query finds, after a place or from the first; none at the end. Given
    /// once the requester has countersigned what the query was answered with.
    public func photos(
        _ query: [UInt8], after place: PhotoPlace?
    ) throws(WireProblem) -> [StoredPhoto] {
        let ask = ByteList.encode([query] + (place.map { [$0.encode()] } ?? []))
        let found = try list(try channel.exchange(.photosGet, ask), "list of photos")
        do throws(RowsError) {
            return try found.map { (wire) throws(RowsError) in try StoredPhoto(wire: wire) }
        } catch {
            throw .malformed("list of photos")
        }
    }

    /// Leaves a sealed message.
    public func put(_ mail: Mail) throws(WireProblem) {
        _ = try channel.exchange(.mailPut, mail.encode())
    }

    /// The sealed messages of one kind and topic for one recipient.
    public func mail(
        topic: Digest, kind: String, recipient: String
    ) throws(WireProblem) -> [Mail] {
        let ask = ByteList.encode([topic.bytes, Array(kind.utf8), Array(recipient.utf8)])
        var result: [Mail] = []
        for item in try list(try channel.exchange(.mailGet, ask), "list of mail") {
            result.append(try Mail(wire: item))
        }
        return result
    }

    private func list(_ bytes: [UInt8], _ what: String) throws(WireProblem) -> [[UInt8]] {
        do throws(BytesError) {
            return try ByteList.decode(bytes)
        } catch {
            throw .malformed(what)
        }
    }
}

/// A custodian as gateways, requesters and its own officers see it.
public struct CustodianClient: LogSource {
    private let channel: any Channel
    /// The same for a thread of its own; nil where the way is for one thread at a time.
    public let shared: SharedCustodian?

    /// A client at one end of a channel, for one thread at a time.
    public init(_ channel: any Channel) {
        self.channel = channel
        shared = nil
    }

    /// A client at one end of a channel that several threads may use at once.
    public init(shared channel: any Channel & Sendable) {
        self.channel = channel
        shared = SharedCustodian(channel: channel)
    }

    /// The same client, which asks `gate` before each exchange and throws what that throws.
    public func gated(by gate: @escaping () throws(WireProblem) -> Void) -> CustodianClient {
        CustodianClient(GatedChannel(channel: channel, gate: gate))
    }

    /// The checkpoint of the custodian's mirror with its own cosignature. Throws `mirror-empty`
    /// where it holds none yet.
    public func checkpoint() throws(WireProblem) -> [UInt8] {
        try resource(TilePath.checkpoint)
    }

    /// Entries of the custodian's mirror, out of its entry bundles.
    public func entries(_ range: Range<UInt64>) throws(WireProblem) -> [[UInt8]] {
        guard let last = range.last else { return [] }
        let width = UInt64(TilePath.width)
        let bundle = range.lowerBound / width
        // One bundle at a time: who asks for more asks again.
        let end = min((bundle + 1) * width, last + 1)
        let count = Int(end - bundle * width)
        let entries: [[UInt8]]
        do throws(WireProblem) {
            entries = try self.bundle(bundle, count: count)
        } catch {
            // A partial bundle may be gone once the full one is there.
            guard error.code == "tile-missing", count < TilePath.width else { throw error }
            entries = try self.bundle(bundle, count: TilePath.width)
        }
        let skipped = Int(range.lowerBound - bundle * width)
        return Array(entries[skipped..<count])
    }

    private func bundle(_ index: UInt64, count: Int) throws(WireProblem) -> [[UInt8]] {
        let bytes = try resource(TilePath.entries(index: index, width: count))
        do throws(LedgerError) {
            return try EntryBundle.decode(bytes, count: count)
        } catch {
            throw WireProblem(code: error.code, sentence: error.sentence)
        }
    }

    /// A public file of the mirror by its path in the log.
    private func resource(_ path: String) throws(WireProblem) -> [UInt8] {
        try channel.exchange(.mirrorResource, Array(path.utf8))
    }

    /// Asks for site keys with a signed `grant-request` note; the answer is a `SiteKeyParcel`
    /// sealed to the request's one-time key. Throws the custodian's refusal.
    public func grant(_ note: [UInt8]) throws(WireProblem) -> [UInt8] {
        try channel.exchange(.grant, note)
    }

    /// Asks for the evaluation of a logged request; the answer is a `PartialParcel` sealed to the
    /// request's reply key. Throws the custodian's refusal.
    public func evaluate(_ request: Digest) throws(WireProblem) -> [UInt8] {
        try channel.evaluate(request)
    }

    /// Asks, with a note whose text is a `DocketAsk`, what a request is about; the answer is the
    /// request's secret part sealed to the officer's one-time key. Throws the refusal.
    public func docket(_ note: [UInt8]) throws(WireProblem) -> [UInt8] {
        try channel.exchange(.docket, note)
    }
}

/// A custodian for whoever asks several of them at once, each from a thread of its own.
public struct SharedCustodian: Sendable {
    fileprivate let channel: any Channel & Sendable

    /// As `CustodianClient.evaluate`.
    public func evaluate(_ request: Digest) throws(WireProblem) -> [UInt8] {
        try channel.evaluate(request)
    }
}

extension Channel {
    fileprivate func evaluate(_ request: Digest) throws(WireProblem) -> [UInt8] {
        try exchange(.evaluate, request.bytes)
    }
}
