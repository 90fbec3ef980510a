import Bytes
public import Plates
public import Secrets

/// The commitment by which a custodian binds itself to its contribution before it has seen another
/// (DESIGN section 3, ceremony step 1).
public enum SeedCommit {
    /// SHA-256("platevault/seed-commit/v1" ‖ u32(generation) ‖ u16(mask) ‖ u8(member) ‖ r_i).
    public static func commit(
        generation: UInt32, mask: SubsetMask, member: Int, contribution: UnsafeRawBufferPointer
    ) -> Digest {
        var open = ByteWriter()
        open.text("platevault/seed-commit/v1")
        open.u32(generation)
        open.u16(mask.bits)
        open.u8(UInt8(clamping: member))
        var hasher = SecretHasher()
        hasher.update(open.bytes)
        hasher.update(contribution)
        return hasher.finish()
    }
}

/// The contributions r_i of one custodian, for some of the subsets it is in: all of them as it keeps
/// them until the chains are made, or those that it shares with one other as it sends them, sealed.
public final class SeedParcel: Sendable, CustomStringConvertible, CustomReflectable {
    /// The generation that they are for.
    public let generation: UInt32
    /// The custodian who drew them, by its place in the roster.
    public let member: Int
    /// The subsets, ascending.
    public let masks: [SubsetMask]
    private let block: KeyBlock

    private init(
        generation: UInt32, member: Int, masks: [SubsetMask], block: consuming KeyBlock
    ) {
        self.generation = generation
        self.member = member
        self.masks = masks
        self.block = block
    }

    /// Fresh contributions of a custodian for every subset it is in. Throws `member-unknown` for a
    /// place that the roster has not, and `memory-locked-out`.
    public static func draw(
        generation: UInt32, threshold: Threshold, member: Int, from source: any RandomSource
    ) throws(TokensError) -> SeedParcel {
        let masks = threshold.subsets(heldBy: member)
        guard !masks.isEmpty else {
            throw TokensError(
                code: "member-unknown", sentence: "\(threshold) has no custodian \(member)")
        }
        var block = try KeyBlock(count: masks.count)
        block.bytes.withUnsafeMutableBytes { source.fill($0) }
        return SeedParcel(generation: generation, member: member, masks: masks, block: block)
    }

    /// What another custodian is sent: the contributions of the shared subsets. Throws
    /// `member-unknown` where none is shared.
    public func parcel(for other: Int) throws(TokensError) -> SeedParcel {
        let shared = masks.indices.filter { masks[$0].contains(other) }
        guard other != member, !shared.isEmpty else {
            throw TokensError(
                code: "member-unknown", sentence: "custodian \(other) shares no subset")
        }
        var part = try KeyBlock(count: shared.count)
        for (place, index) in shared.enumerated() { part.set(place, from: block, index) }
        return SeedParcel(
            generation: generation, member: member, masks: shared.map { masks[$0] }, block: part)
    }

    /// The commitment to the contribution of each subset, in the order of `masks`.
    public var commits: [(mask: SubsetMask, commit: Digest)] {
        masks.indices.map { index in
            let commit = block.withKey(index) {
                SeedCommit.commit(
                    generation: generation, mask: masks[index], member: member, contribution: $0)
            }
            return (masks[index], commit)
        }
    }

    /// Lends the 32 bytes for one subset; an empty buffer where it is not among `masks`.
    public func withContribution<Result: ~Copyable, Failure: Error>(
        _ mask: SubsetMask, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try block.withKey(masks.place(of: mask) ?? -1, body)
    }

    /// `u32(generation) ‖ u8(member) ‖ u16(count) ‖ masks ‖ contributions`, in guarded memory.
    /// Throws `memory-locked-out`.
    public func encode() throws(TokensError) -> SecretBytes {
        var header = ByteWriter()
        header.u32(generation)
        header.u8(UInt8(clamping: member))
        header.masks(masks)
        return try block.encode(header: header.bytes)
    }

    /// A parcel out of a sealed message. Throws `parcel-malformed` unless `encode` wrote it.
    public init(wire: borrowing SecretBytes) throws(TokensError) {
        var header = HeaderReader()
        generation = try header.u32(wire)
        member = Int(try header.u8(wire))
        masks = try header.masks(wire)
        let member = member
        guard masks.allSatisfy({ $0.contains(member) }) else { throw .malformed }
        block = try KeyBlock(wire: wire, headerSize: header.offset, count: masks.count)
    }

    /// No contribution.
    public var description: String { "seed parcel" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
