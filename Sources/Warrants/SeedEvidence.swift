import Bytes
import Ledger
import Plates
import Secrets

/// Who lies about a seed in a ceremony, by the letter that shows it: `u32(length) ‖ note ‖ parcel`, as
/// it was sealed to its receiver (Docs/Spec/Ceremony.md). The note binds its sender to the parcel,
/// and the commitments in the log bind it to what should be in it; so anybody can tell whether the
/// sender cheated, or whether the receiver accuses it of what it did not do.
///
/// The seeds are public with it, and worth nothing: their generation is void.
enum SeedEvidence {
    enum Verdict: Equatable {
        /// The sender signed seeds that it had not committed to.
        case sender(String)
        /// The letter is not the sender's, or it is as it should be.
        case accuser(String)
        /// Nothing is shown: one of the two lies.
        case unproven
    }

    static func verdict(
        on body: DifferenceBody, of generation: GenerationState
    ) -> Verdict {
        guard let sender = body.custodians.first, body.custodians.count == 1,
            let letter = body.letter.flatMap({ Base64.decode($0) })
        else { return .unproven }
        // Once all is over the commitments are let go of, and a letter shows nothing any more.
        guard generation.commit(of: sender) != nil else { return .unproven }
        guard let parcel = signedParcel(letter, by: sender, to: body.party, generation) else {
            return .accuser(body.party)
        }
        return isAsCommitted(parcel, sender, body.party, generation)
            ? .accuser(body.party) : .sender(sender)
    }

    /// The parcel of a letter, where its note is the sender's own, for this receiver and ceremony.
    private static func signedParcel(
        _ letter: [UInt8], by sender: String, to receiver: String, _ generation: GenerationState
    ) -> [UInt8]? {
        var reader = ByteReader(letter)
        guard let length = try? reader.u32(), let wire = try? reader.raw(Int(length)),
            let note = try? Note(wire: wire)
        else { return nil }
        let parcel = Array(letter[(4 + Int(length))...])
        let text =
            "platevault/seeds/v1\n\(generation.roster.origin)\n\(generation.id.hex)\n\(receiver)\n"
            + "\(Digest(of: parcel).hex)\n"
        let keys = generation.roster.statementKeys(of: sender)
        return note.text == text && keys.contains { note.isSigned(by: $0) } ? parcel : nil
    }

    /// `u32(generation) ‖ u8(member) ‖ u16(count) ‖ masks ‖ r_i`: the shared subsets, each r_i as it
    /// was committed to.
    private static func isAsCommitted(
        _ parcel: [UInt8], _ sender: String, _ receiver: String, _ generation: GenerationState
    ) -> Bool {
        let roster = generation.roster
        guard let commit = generation.commit(of: sender),
            let from = roster.custodianIndex(sender), let to = roster.custodianIndex(receiver)
        else { return false }
        let shared = generation.threshold.subsets(heldBy: from).filter { $0.contains(to) }
        var open = ByteWriter()
        open.u32(generation.number)
        open.u8(UInt8(clamping: from))
        open.u16(UInt16(clamping: shared.count))
        for mask in shared { open.u16(mask.bits) }
        let start = open.bytes.count
        guard parcel.count == start + 32 * shared.count, Array(parcel[..<start]) == open.bytes
        else { return false }
        return shared.enumerated().allSatisfy { place, mask in
            var bytes = ByteWriter()
            bytes.text("platevault/seed-commit/v1")
            bytes.u32(generation.number)
            bytes.u16(mask.bits)
            bytes.u8(UInt8(clamping: from))
            bytes.raw(Array(parcel[(start + 32 * place)..<(start + 32 * (place + 1))]))
            let said = commit.seedCommits.first { $0.mask == mask }?.commit
            return said == Digest(of: bytes.bytes)
        }
    }
}
