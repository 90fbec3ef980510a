import Bytes
import Disk
public import Ledger
import Plates
import Secrets
import Warrants
import Wire

// The mirror and its cosignatures: what is held is cosigned and served, what others hold is compared.
extension Custodian {
    /// An hour: after that the same checkpoint is cosigned once more, so that its time is not old.
    static let cosigningPause: Int64 = 3_600_000

    /// The time under which the mirror cosigns what it accepts; nil while this custodian does not.
    private var cosigningTime: UInt64? {
        guard !isWithholding, state.halted == nil else { return nil }
        return UInt64(max(1, clockTime.milliseconds / 1_000))
    }

    /// Follows the log, cosigns what it accepts, and hands the cosignature to the vault. A fork is
    /// the end of all use of keys, though not of destruction.
    func follow() throws(CustodyError) {
        let before = log.mirror.size
        do throws(CustodyError) {
            try log.follow(cosignedAt: cosigningTime)
        } catch {
            isCaughtUp = false
            if error.code == "log-forked" { try halt(error.code) }
            throw error
        }
        isCaughtUp = true
        if log.mirror.size != before { cosigned = clockTime }
        try cosignHeld()
    }

    /// Follows the log if it can be; what stands in the way shows itself when it matters.
    func followIfPossible() { _ = try? follow() }

    /// Cosigns the checkpoint that is held, where that is due, and hands it to the vault. Whether
    /// the vault takes it is its own matter: everybody can fetch it here.
    func cosignHeld() throws(CustodyError) {
        guard let seconds = cosigningTime, log.mirror.checkpoint != nil else { return }
        let isOld = cosigned.map { clockTime.milliseconds(since: $0) >= Self.cosigningPause }
        if isOld ?? true || !isCosigned {
            try log.cosign(at: seconds)
            cosigned = clockTime
        }
        guard let checkpoint = log.mirror.checkpoint, checkpoint != handedOver else { return }
        if (try? outside.vault.cosign(checkpoint)) != nil { handedOver = checkpoint }
    }

    /// Whether the checkpoint held bears the own cosignature.
    var isCosigned: Bool {
        guard let wire = log.mirror.checkpoint, let note = try? Note(wire: wire) else {
            return false
        }
        let own = try? note.cosignatures(by: [setting.cosigner.verifierKey])
        return own?.isEmpty == false
    }

    /// A public file of the mirror, by its path below the origin's folder, as it is held: nothing is
    /// followed first, so that custodians who ask each other never wait for one another.
    public func resource(_ path: String) throws(CustodyError) -> [UInt8] {
        try log.mirror.publicFile(path)
    }

    /// A tlog-mirror's `add-checkpoint`: the log pushes what this custodian would have fetched.
    public func addCheckpoint(_ body: [UInt8]) -> TlogReply { log.mirror.addCheckpoint(body) }

    /// A tlog-mirror's `add-entries`: the entries up to a checkpoint, which is then cosigned, unless
    /// an own statement is being kept out of the log. What came this way is judged like all else.
    public func addEntries(_ body: [UInt8]) -> TlogReply {
        guard let seconds = cosigningTime else {
            return TlogReply(status: 503, body: Array("this mirror does not cosign now\n".utf8))
        }
        return log.mirror.addEntries(body, cosignAt: seconds)
    }

    /// What the other custodians' mirrors show now. Halts where one proves a fork.
    func witnesses() throws(CustodyError) -> Witnesses {
        let others = outside.mirrors.filter {
            $0.id != name && roster.custodianIndex($0.id) != nil
        }
        let before = log.mirror.size
        let witnesses = log.witnesses(asking: others, cosignedAt: cosigningTime)
        if log.mirror.size != before { cosigned = clockTime }
        if let fork = witnesses.fork {
            try halt(fork.code)
            try keepEvidence(fork)
            throw CustodyError(fork)
        }
        return witnesses
    }

    /// After a start: t−1 other mirrors must have been seen, each consistent with the own one, which
    /// then holds at least what they hold. An image of an old disk and a vault that shows an old log
    /// would otherwise agree. Who holds no share has nothing to guard. Throws `mirrors-unseen`.
    func confirm() throws(CustodyError) {
        guard !isConfirmed, !state.shares.isEmpty else {
            isConfirmed = true
            return
        }
        let witnesses = try witnesses()
        let needed = roster.threshold.t - 1
        guard witnesses.shown.count >= needed else {
            throw CustodyError(
                code: "mirrors-unseen",
                sentence: "\(witnesses.shown.count) of \(needed) other custodians' mirrors were "
                    + "seen since the start; no key is used before" + Self.reasons(witnesses))
        }
        isConfirmed = true
    }

    /// For a day after a boot the clock follows the others' (Docs/Spec/Clock.md): how long the machine
    /// was off, it cannot know itself. Comes after `destroyAnnounced`: what a restored image lets come
    /// back is found and told before time destroys it as well.
    func catchUpClock() throws(CustodyError) {
        guard mayStepClock,
            let trusted = try witnesses().time(reachedBy: roster.threshold.t)
        else { return }
        try stepClockForward(to: trusted)
    }

    /// Two hours: how far the own clock may be from the others' before that is told. They cosign
    /// the log anew every hour, so an honest difference is smaller.
    public static let clockTolerance: Int64 = 7_200_000

    /// Compares the own clock with the time that t others have reached by theirs, as the cosignatures
    /// on the vault's checkpoint say; nothing where fewer are there. It changes no clock: that is
    /// the administrator's to do. Throws `clock-differs`.
    func compareClock() throws(CustodyError) {
        guard let wire = try? outside.vault.checkpoint(), let note = try? Note(wire: wire) else {
            return
        }
        let others = roster.cosigners.filter { $0.id != name }
        let times = others.compactMap { (try? note.cosignatures(by: [$0.key]))?.first?.time }
        guard times.count >= roster.threshold.t else {
            clockDifference = nil
            return
        }
        let reached = times.sorted(by: >)[roster.threshold.t - 1]
        let trusted = Timestamp(seconds: Int64(clamping: reached))
        let difference = clockTime.milliseconds(since: trusted)
        clockDifference = difference
        guard difference.magnitude <= Self.clockTolerance else {
            throw CustodyError(
                code: "clock-differs",
                sentence: "this custodian's clock is \(difference.magnitude / 60_000) minutes "
                    + (difference > 0 ? "ahead of" : "behind")
                    + " what \(roster.threshold.t) others have cosigned; set the machine's clock")
        }
    }

    /// Before anything is evaluated: all that leads to it is held by t−1 others, fetched directly
    /// and consistent, and cosigned by a quorum. Throws `checkpoints-missing`,
    /// `cosignatures-missing`, `log-forked`.
    func checkQuorum(
        _ request: RequestState, _ witnesses: Witnesses
    ) throws(CustodyError) {
        let needed = request.lastIndex + 1
        let direct = witnesses.count(holding: needed)
        guard direct >= roster.threshold.t - 1 else {
            throw CustodyError(
                code: "checkpoints-missing",
                sentence: "\(direct) of \(roster.threshold.t - 1) other custodians show that they "
                    + "hold the request and its approvals; ask again when they have followed"
                    + Self.reasons(witnesses))
        }
        var holders = Set(witnesses.shown.filter { $0.size >= needed }.map(\.custodian))
        holders.formUnion(cosignedByVault(from: needed))
        if isCosigned { holders.insert(name) }
        guard holders.count >= roster.quorum else {
            throw CustodyError(
                code: "cosignatures-missing",
                sentence: "\(holders.count) of \(roster.quorum) custodians have cosigned the log "
                    + "with the request and its approvals" + Self.reasons(witnesses))
        }
    }

    /// Who cosigned the checkpoint that the vault publishes, if it is the one held here.
    private func cosignedByVault(from needed: UInt64) -> [String] {
        guard let wire = try? outside.vault.checkpoint(), let note = try? Note(wire: wire),
            note.text == log.mirror.head.text, log.mirror.size >= needed
        else { return [] }
        return note.cosigners(among: roster.cosigners)
    }

    private static func reasons(_ witnesses: Witnesses) -> String {
        witnesses.problems.sorted { $0.key < $1.key }.map { "; \($0.key): \($0.value.code)" }
            .joined()
    }

    /// Uses no key any more, for good.
    func halt(_ code: String) throws(CustodyError) {
        guard state.halted == nil else { return }
        var next = state
        next.halted = code
        try keep(next)
    }

    /// The two signed checkpoints that prove a fork, for whoever is told of it.
    private func keepEvidence(_ fork: LedgerError) throws(CustodyError) {
        for (place, note) in fork.evidence.enumerated() {
            let path = setting.folder + "/fork-\(place + 1).note"
            try onDisk { () throws(DiskError) in try setting.disk.replace(path, note.encode()) }
        }
    }
}

extension Ledger.Mirror {
    /// A public file by its path below the origin's folder. Throws `mirror-empty` before the first
    /// checkpoint, `tile-missing`.
    func publicFile(_ path: String) throws(CustodyError) -> [UInt8] {
        let reply = resource("\(Digest(of: Array(origin.utf8)).hex)/\(path)")
        guard reply.status == 200 else {
            throw CustodyError(
                code: path == TilePath.checkpoint ? "mirror-empty" : "tile-missing",
                sentence: "the mirror has no such file")
        }
        return reply.body
    }
}
