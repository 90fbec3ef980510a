import Bytes
import Ledger
public import Plates
import Secrets
import Tokens
import Warrants
import Wire

/// What is sealed to another custodian in a ceremony: `u32(length) ‖ note ‖ SeedParcel`. HPKE alone
/// does not say who sealed; the note does, so that nobody can put wrong seeds into another's mouth:
///
///     platevault/seeds/v1
///     example.org/vault.demo
///     9f86…            the proposal's id
///     inspector        the receiver's word
///     3b1c…            SHA-256 of the parcel
///
/// Spec: Docs/Spec/Ceremony.md.
enum SeedLetter {
    static func text(
        origin: String, proposal: Digest, receiver: String, parcel: borrowing SecretBytes
    ) -> String {
        var hasher = SecretHasher()
        parcel.withUnsafeBytes { hasher.update($0) }
        let digest = hasher.finish()
        return "platevault/seeds/v1\n\(origin)\n\(proposal.hex)\n\(receiver)\n\(digest.hex)\n"
    }

    static func encode(
        _ note: [UInt8], _ parcel: borrowing SecretBytes
    ) throws(SecretsError) -> SecretBytes {
        var head = ByteWriter()
        head.u32(UInt32(note.count))
        head.raw(note)
        return try SecretBytes(header: head.bytes, body: parcel)
    }

    /// The note and the parcel; nil for anything that is not both.
    static func decode(_ letter: borrowing SecretBytes) -> (note: Note, parcel: SecretBox)? {
        guard let head = try? letter.openBytes(0..<4) else { return nil }
        let length = head.reduce(0) { $0 << 8 | Int($1) }
        guard length <= letter.count - 4,
            let wire = try? letter.openBytes(4..<(4 + length)), let note = try? Note(wire: wire),
            let parcel = try? letter.copy((4 + length)..<letter.count)
        else { return nil }
        return (note, SecretBox(parcel))
    }
}

extension Custodian {
    /// Proposes the first generation, to begin on `first`; one custodian does so, the others follow
    /// in their ticks, and every further one is proposed by itself. Throws `generation-past` for a
    /// day that has gone.
    public func propose(first: Day) throws(CustodyError) {
        let time = try ready()
        guard first >= time.day else {
            throw CustodyError(
                code: "generation-past", sentence: "a generation cannot begin on a day that is gone"
            )
        }
        let number = (log.record.generations.keys.max() ?? 0) + 1
        let proposal = GenerationProposal(
            custodian: name, generation: number, first: first, under: roster, time: time)
        try act(state, with: try signed(GenerationBody.propose(proposal)))
    }

    /// Proposes generation 1 where the program is to: the custodian with bit 0 does, as soon as the log
    /// has prekeys of every custodian for today, so that nobody's absence holds the first day up.
    func proposeFirst(_ time: Timestamp) throws(CustodyError) {
        let record = log.record
        guard setting.proposesFirst, state.halted == nil, roster.custodianIndex(name) == 0,
            record.generations.isEmpty, waiting(GenerationBody.self).isEmpty,
            roster.custodians.allSatisfy({ record.prekey(of: $0.id, on: time.day) != nil })
        else { return }
        try propose(first: time.day)
    }

    /// Two hours: how long before a ceremony's deadline those are named whose letters have not come.
    private static let tellingHours: Int64 = 2
    /// 20 ticks: how often letters must have been looked for in vain before anybody is named.
    private static let mostLooks = 20
    /// 8,192 bytes: the longest letter that can be shown in the log; a longer one counts as not come.
    private static let letterLimit = 8_192

    /// Takes whatever step of the newest ceremony is next for this custodian.
    func stepCeremony(_ time: Timestamp) throws(CustodyError) {
        let record = log.record
        guard let generation = record.newestProposed, record.isUnderWay(generation),
            time < generation.deadline
        else { return try abandonCeremony(time) }
        guard generation.final(of: name) == nil else { return }
        if let ceremony = state.ceremony {
            guard ceremony.generation == generation.number else { return try abandonCeremony(time) }
            guard generation.isCommitted else { return }
            if !ceremony.isSent { try sendSeeds(generation, ceremony, time) }
            try receiveSeeds(generation, ceremony, time)
            // Before the deadline, which falls together with a destruction: a program that starts anew
            // then knows no more of what it waited for.
            vainLooks = lettersMissing.isEmpty ? 0 : vainLooks + 1
            if time >= generation.deadline.adding(hours: -Self.tellingHours) {
                try tellMissing(time)
            }
        } else if generation.commit(of: name) == nil, state.halted == nil, ownIndex != nil,
            record.renewal(at: time)?.allows(generation, at: time) == true
        {
            try commitSeeds(generation, time)
        }
    }

    /// Erases what a ceremony without an end has left.
    private func abandonCeremony(_ time: Timestamp) throws(CustodyError) {
        guard let ceremony = state.ceremony else { return }
        // One that another proposal has overtaken had its time cut short: nobody is late for it.
        if let generation = log.record.generations[ceremony.generation],
            time >= generation.deadline
        {
            try tellMissing(time)
        }
        var next = state
        next.ceremony = nil
        try keep(next, erasing: true)
    }

    /// Step 1: own contributions and a one-time key are drawn and stored, the commitments logged.
    private func commitSeeds(
        _ generation: GenerationState, _ time: Timestamp
    ) throws(CustodyError) {
        let parcel = try onTokens { () throws(TokensError) in
            try SeedParcel.draw(
                generation: generation.number, threshold: generation.threshold, member: index,
                from: setting.random)
        }
        let contributions = try onTokens { () throws(TokensError) in try parcel.encode() }
        let key = try onSecrets { () throws(SecretsError) in
            try OneTimeKey(from: setting.random)
        }
        let seed = try onSecrets { () throws(SecretsError) in try key.seed() }
        var next = state
        next.ceremony = CustodianState.Ceremony(
            generation: generation.number, proposal: generation.id,
            contributions: SecretBox(contributions), oneTimeKey: SecretBox(seed), isSent: false)
        let commit = GenerationCommit(
            custodian: name, generation: generation.number,
            seedCommits: parcel.commits.map { MaskedDigest(mask: $0.mask, commit: $0.commit) },
            oneTimeKey: key.publicKey, time: time)
        try act(next, with: try signed(GenerationBody.commit(commit)))
    }

    /// Step 2: one sealed letter to each other custodian. A crash sends them again: the same seeds.
    private func sendSeeds(
        _ generation: GenerationState, _ ceremony: CustodianState.Ceremony, _ time: Timestamp
    ) throws(CustodyError) {
        let own = try ownSeeds(ceremony)
        for (place, receiver) in roster.custodians.enumerated() where place != index {
            guard let commit = generation.commit(of: receiver.id) else { continue }
            let parcel = try onTokens { () throws(TokensError) in
                try own.parcel(for: place).encode()
            }
            let text = SeedLetter.text(
                origin: origin, proposal: generation.id, receiver: receiver.id, parcel: parcel)
            let note: [UInt8]
            do throws(LedgerError) { note = try setting.signer.sign(text).encode() } catch {
                throw CustodyError(error)
            }
            let sealed = try onSecrets { () throws(SecretsError) in
                try HybridSeal.seal(
                    try SeedLetter.encode(note, parcel), to: commit.oneTimeKey,
                    info: "platevault/seeds/v1\(origin)")
            }
            let mail = Mail(
                topic: generation.id, kind: "seeds", recipient: roster.keyName(receiver.id),
                sender: roster.keyName(name), until: time.adding(days: 7), sealed: sealed)
            try onWire { () throws(WireProblem) in try outside.vault.put(mail) }
        }
        var next = state
        next.ceremony?.isSent = true
        try keep(next)
    }

    private func ownSeeds(
        _ ceremony: CustodianState.Ceremony
    ) throws(CustodyError) -> SeedParcel {
        try onTokens { () throws(TokensError) in
            try SeedParcel(wire: ceremony.contributions.bytes)
        }
    }

    /// Steps 2 and 3: opens the others' letters, and once all are there and fit, makes the chains,
    /// erases what led to them, and logs commit[first].
    private func receiveSeeds(
        _ generation: GenerationState, _ ceremony: CustodianState.Ceremony, _ time: Timestamp
    ) throws(CustodyError) {
        let key = try onSecrets { () throws(SecretsError) in
            try OneTimeKey(seed: try ceremony.oneTimeKey.bytes.copy())
        }
        let mail = try onWire { () throws(WireProblem) in
            try outside.vault.mail(
                topic: generation.id, kind: "seeds", recipient: roster.keyName(name))
        }
        var parcels = [try ownSeeds(ceremony)]
        lettersMissing = []
        for (place, sender) in generation.roster.custodians.enumerated() where place != index {
            let letters = mail.filter { $0.sender == roster.keyName(sender.id) }
            guard
                let parcel = try read(letters, from: sender.id, place, generation, key, time)
            else {
                lettersMissing.append(sender.id)
                continue
            }
            parcels.append(parcel)
        }
        guard parcels.count == generation.threshold.n, state.ceremony != nil else { return }
        try finish(generation, parcels, time)
    }

    /// The sender's seeds out of its letters; nil where none has come. A letter that is the
    /// sender's own and does not fit what it committed to is told in the log, and voids all.
    private func read(
        _ letters: [Mail], from sender: String, _ place: Int, _ generation: GenerationState,
        _ key: OneTimeKey, _ time: Timestamp
    ) throws(CustodyError) -> SeedParcel? {
        guard let commit = generation.commit(of: sender) else { return nil }
        for letter in letters {
            guard let opened = try? key.open(letter.sealed, info: "platevault/seeds/v1\(origin)"),
                opened.count <= Self.letterLimit, let (note, box) = SeedLetter.decode(opened),
                note.signatures.count == 1
            else { continue }
            let text = SeedLetter.text(
                origin: origin, proposal: generation.id, receiver: name, parcel: box.bytes)
            // Only what the sender itself signed can be held against it.
            guard note.text == text,
                generation.roster.statementKeys(of: sender)
                    .contains(where: { note.isSigned(by: $0) })
            else { continue }
            if let parcel = try? SeedParcel(wire: box.bytes),
                let mask = difference(parcel, place, commit, generation)
            {
                return try tell(mask, sender, opened, generation, time)
            } else if let parcel = try? SeedParcel(wire: box.bytes) {
                return parcel
            }
            let shared = generation.threshold.subsets(heldBy: index).first { $0.contains(place) }
            return try tell(shared ?? SubsetMask(bits: 0), sender, opened, generation, time)
        }
        return nil
    }

    /// The first shared subset for which a parcel does not fit its sender's commitment; nil where
    /// all fit.
    private func difference(
        _ parcel: SeedParcel, _ place: Int, _ commit: GenerationCommit,
        _ generation: GenerationState
    ) -> SubsetMask? {
        let shared = generation.threshold.subsets(heldBy: index).filter { $0.contains(place) }
        guard parcel.generation == generation.number, parcel.member == place,
            parcel.masks == shared
        else { return shared.first }
        let said = Dictionary(
            commit.seedCommits.map { ($0.mask, $0.commit) }, uniquingKeysWith: { first, _ in first }
        )
        return parcel.commits.first { said[$0.mask] != $0.commit }?.mask
    }

    /// Tells the log, with the letter: the generation is void by that, and its seeds worth nothing.
    private func tell(
        _ mask: SubsetMask, _ sender: String, _ letter: borrowing SecretBytes,
        _ generation: GenerationState, _ time: Timestamp
    ) throws(CustodyError) -> SeedParcel? {
        let shown = try onSecrets { () throws(SecretsError) in
            try letter.openBytes(0..<letter.count)
        }
        let body = DifferenceBody(
            party: name, kind: .seed, generation: generation.number, mask: mask,
            custodians: [sender], subject: generation.commits[sender]?.id ?? generation.id,
            letter: shown, time: time)
        var next = state
        next.ceremony = nil
        try act(next, with: try signed(body), erasing: true)
        throw CustodyError(
            code: "seed-differs",
            sentence: "\(sender) sent a seed that it did not commit to; generation "
                + "\(generation.number) is void")
    }

    /// Names those whose letters have not come when a ceremony is given up that all had committed to:
    /// in the log only the receiver's final is missing.
    private func tellMissing(_ time: Timestamp) throws(CustodyError) {
        // Looked for often enough, so that a clock that leaps, or a program that starts again and
        // again, accuses nobody.
        guard vainLooks >= Self.mostLooks, let ceremony = state.ceremony, ceremony.isSent,
            !lettersMissing.isEmpty,
            let generation = log.record.generations[ceremony.generation], !generation.isVoid,
            generation.roster == roster, ownIndex != nil
        else { return }
        var next = state
        let told = (log.record.differences.map(\.body) + waiting(DifferenceBody.self)).filter {
            $0.party == name && $0.kind == .seedMissing && $0.generation == generation.number
        }
        for sender in lettersMissing where !told.contains(where: { $0.custodians == [sender] }) {
            guard let place = generation.roster.custodianIndex(sender) else { continue }
            let mask = generation.threshold.subsets(heldBy: index).first { $0.contains(place) }
            let body = DifferenceBody(
                party: name, kind: .seedMissing, generation: generation.number,
                mask: mask ?? SubsetMask(bits: 0), custodians: [sender],
                subject: generation.commits[sender]?.id ?? generation.id, time: time)
            next = next.sending(try signed(body), at: time)
        }
        lettersMissing = []
        if next.outbox.count > state.outbox.count { try keep(next) }
    }

    private func finish(
        _ generation: GenerationState, _ parcels: [SeedParcel], _ time: Timestamp
    ) throws(CustodyError) {
        let chains = try onTokens { () throws(TokensError) in
            try ChainSet(
                generation: generation.number, first: generation.first,
                threshold: generation.threshold, custodian: index,
                roster: generation.roster.hash, parcels: parcels)
        }
        let encoded = try onTokens { () throws(TokensError) in try chains.encode() }
        let commits = try onTokens { () throws(TokensError) in
            try chains.commits(at: generation.first)
        }
        var next = state
        // Gone with this save: it is under a fresh root key, and the one before is erased.
        next.ceremony = nil
        next.shares.append(
            CustodianState.Share(
                generation: generation.number, first: generation.first,
                retention: UInt32(clamping: generation.retention), oldest: generation.first,
                announced: generation.first, last: generation.last, chains: SecretBox(encoded)))
        let final = GenerationFinal(
            custodian: name, generation: generation.number,
            commits: commits.map { MaskedDigest(mask: $0.mask, commit: $0.commit) }, time: time)
        try act(next, with: try signed(GenerationBody.final(final)), erasing: true)
    }
}
