import Bytes
import Plates
import Secrets

extension CustodianState {
    private static let magic = Array("platevault/custody/v1".utf8)

    /// The wire form, in guarded memory. Throws `memory-locked-out`.
    func encode() throws(CustodyError) -> SecretBytes {
        var writer = SecretWriter()
        writer.open { $0.raw(Self.magic) }
        writer.open { $0.raw(roster.bytes) }
        writer.blob(Array(custodian.utf8))
        writer.open { $0.raw(clock.encode()) }
        writer.optional(halted) { $0.blob(Array($1.utf8)) }
        writer.optional(lastDestroyed) { writer, day in writer.open { $0.u32(day.number) } }
        writer.list(shares, Self.write)
        writer.optional(ceremony, Self.write)
        writer.list(prekeys) { writer, prekey in
            writer.open { $0.u32(prekey.day.number) }
            writer.secret(prekey.seed)
        }
        writer.list(evaluations) { writer, item in
            writer.open { $0.raw(item.request.bytes + item.answer.bytes) }
        }
        writer.list(openings) { writer, item in
            writer.open { $0.raw(item.request.bytes) }
            writer.secret(item.secret)
        }
        writer.list(outbox) { writer, item in
            writer.open { $0.u64(UInt64(bitPattern: item.since.milliseconds)) }
            writer.blob(item.note)
        }
        return try writer.finish()
    }

    private static func write(_ writer: inout SecretWriter, _ share: Share) {
        writer.open {
            $0.u32(share.generation)
            $0.u32(share.first.number)
            $0.u32(share.retention)
            $0.u32(share.oldest.number)
            $0.u32(share.announced.number)
            $0.u32(share.last.number)
        }
        writer.optional(share.chains) { $0.secret($1) }
    }

    private static func write(_ writer: inout SecretWriter, _ ceremony: Ceremony) {
        writer.open {
            $0.u32(ceremony.generation)
            $0.raw(ceremony.proposal.bytes)
        }
        writer.secret(ceremony.contributions)
        writer.secret(ceremony.oneTimeKey)
        writer.open { $0.u8(ceremony.isSent ? 1 : 0) }
    }

    /// A state from its wire form. Throws `state-malformed` unless `encode` wrote it.
    init(wire: SecretBox) throws(CustodyError) {
        var reader = SecretReader(wire)
        guard try reader.raw(Self.magic.count) == Self.magic else { throw SecretReader.malformed }
        let roster = try reader.digest()
        let custodian = try reader.text()
        let clockBytes = try reader.raw(OneClock.size)
        guard let clock = try? OneClock(wire: clockBytes) else { throw SecretReader.malformed }
        self.init(roster: roster, custodian: custodian, clock: clock)
        halted = try reader.optional { reader throws(CustodyError) in try reader.text() }
        lastDestroyed = try reader.optional { reader throws(CustodyError) in
            Day(number: try reader.integer())
        }
        shares = try reader.list(Self.share)
        ceremony = try reader.optional(Self.ceremony)
        prekeys = try reader.list { reader throws(CustodyError) in
            Prekey(day: Day(number: try reader.integer()), seed: try reader.secret())
        }
        evaluations = try reader.list { reader throws(CustodyError) in
            Evaluated(request: try reader.digest(), answer: try reader.digest())
        }
        openings = try reader.list { reader throws(CustodyError) in
            KeptOpening(request: try reader.digest(), secret: try reader.secret())
        }
        outbox = try reader.list { reader throws(CustodyError) in
            let since = Int64(bitPattern: try reader.integer(UInt64.self))
            return Outgoing(
                note: try reader.blob(), since: Timestamp(milliseconds: since))
        }
        try reader.end()
        guard try encode().isEqual(to: wire.bytes) else { throw SecretReader.malformed }
    }

    init(roster: Digest, custodian: String, clock: OneClock) {
        self.roster = roster
        self.custodian = custodian
        self.clock = clock
    }

    private static func share(_ reader: inout SecretReader) throws(CustodyError) -> Share {
        Share(
            generation: try reader.integer(), first: Day(number: try reader.integer()),
            retention: try reader.integer(), oldest: Day(number: try reader.integer()),
            announced: Day(number: try reader.integer()),
            last: Day(number: try reader.integer()),
            chains: try reader.optional { reader throws(CustodyError) in try reader.secret() })
    }

    private static func ceremony(_ reader: inout SecretReader) throws(CustodyError) -> Ceremony {
        Ceremony(
            generation: try reader.integer(), proposal: try reader.digest(),
            contributions: try reader.secret(), oneTimeKey: try reader.secret(),
            isSent: try reader.integer(UInt8.self) == 1)
    }
}
