import Bytes
import Secrets

/// The body of a mirror's `add-entries` (tlog-mirror): a head, then entry packages up to the
/// multiples of 256, each with the proof that its subtree is one of the tree of `end` entries.
///
///     u16(size) ‖ origin ‖ u64(start) ‖ u64(end) ‖ u16(size) ‖ ticket ‖ packages
///     a package: for each entry u16(length) ‖ entry; then u8(number) ‖ hashes of 32 bytes
struct EntryUpload {
    let origin: [UInt8]
    let start: UInt64
    let end: UInt64
    let ticket: [UInt8]

    /// What a client sends at most at once.
    static let maximumPackages = 32
    private static let maximumHashes = 63

    /// Entries that one proof stands for.
    struct Package {
        /// The indexes of the entries.
        let range: Range<UInt64>
        let entries: [[UInt8]]
        let proof: [Digest]

        /// The subtree that the proof is about: from the multiple of 256 before the entries on.
        var subtree: Range<UInt64> { (range.lowerBound & ~255)..<range.upperBound }
    }

    /// The ranges of all packages, in order.
    var ranges: some Sequence<Range<UInt64>> { Mirror.bundles(start..<max(start, end)) }

    func encodeHead() throws(LedgerError) -> ByteWriter {
        guard let originSize = UInt16(exactly: origin.count),
            let ticketSize = UInt16(exactly: ticket.count)
        else { throw LedgerError(code: "request-form", sentence: "a name or ticket is too long") }
        var body = ByteWriter()
        body.u16(originSize)
        body.raw(origin)
        body.u64(start)
        body.u64(end)
        body.u16(ticketSize)
        body.raw(ticket)
        return body
    }

    static func encode(_ package: Package, into body: inout ByteWriter) throws(LedgerError) {
        body.raw(try EntryBundle.encode(package.entries))
        guard package.proof.count <= maximumHashes else { throw Merkle.outOfRange }
        body.u8(UInt8(package.proof.count))
        for hash in package.proof { body.raw(hash.bytes) }
    }

    /// Reads a head; nil where the body ends before it does.
    init?(_ reader: inout ByteReader) {
        do {
            origin = try reader.raw(Int(reader.u16()))
            start = try reader.u64()
            end = try reader.u64()
            ticket = try reader.raw(Int(reader.u16()))
        } catch { return nil }
    }

    init(origin: String, start: UInt64, end: UInt64, ticket: [UInt8]) {
        self.origin = Array(origin.utf8)
        (self.start, self.end, self.ticket) = (start, end, ticket)
    }

    /// Reads the package of a range; nil where the body ends before it does, or is none.
    static func package(_ range: Range<UInt64>, _ reader: inout ByteReader) -> Package? {
        do {
            var entries: [[UInt8]] = []
            for _ in range { entries.append(try reader.raw(Int(reader.u16()))) }
            let count = Int(try reader.u8())
            guard count <= maximumHashes else { return nil }
            var proof: [Digest] = []
            for _ in 0..<count {
                guard let hash = Digest(wire: try reader.raw(32)) else { return nil }
                proof.append(hash)
            }
            return Package(range: range, entries: entries, proof: proof)
        } catch { return nil }
    }
}
