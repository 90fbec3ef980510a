import Ledger
import Plates
import Secrets
import Warrants
import Wire

extension Custodian {
    /// 7: how many days ahead prekeys stand in the log.
    static let prekeysAhead: Int64 = 7

    /// Makes and logs a prekey for every day from today to seven days ahead that has none.
    func renewPrekeys(_ time: Timestamp) throws(CustodyError) {
        guard state.halted == nil, ownIndex != nil else { return }
        let known = Set(state.prekeys.map(\.day))
        let wanted = (0...Self.prekeysAhead).map { time.day.adding($0) }
        // A day that the log has a key for and the state has not was lost with an earlier state:
        // a second key for it would be refused.
        let missing = wanted.filter { day in
            !known.contains(day) && log.record.prekey(of: name, on: day) == nil
        }
        guard !missing.isEmpty else { return }
        var next = state
        var keys: [PrekeysBody.Prekey] = []
        for day in missing {
            let (key, seed) = try onSecrets { () throws(SecretsError) in
                let key = try OneTimeKey(from: setting.random)
                return (key, SecretBox(try key.seed()))
            }
            next.prekeys.append(CustodianState.Prekey(day: day, seed: seed))
            keys.append(PrekeysBody.Prekey(day: day, key: key.publicKey))
        }
        next.prekeys.sort { $0.day < $1.day }
        let body = PrekeysBody(custodian: name, keys: keys, time: time)
        try keep(next.sending(try signed(body), at: time))
    }

    /// The private key of a day. Throws `prekey-gone` where it is erased or never was.
    func prekey(of day: Day) throws(CustodyError) -> OneTimeKey {
        guard let seed = state.prekeys.first(where: { $0.day == day })?.seed else {
            throw CustodyError(
                code: "prekey-gone",
                sentence: "the key that the request was sealed to on \(day.text) is erased")
        }
        return try onSecrets { () throws(SecretsError) in
            try OneTimeKey(seed: try seed.bytes.copy())
        }
    }

    /// Opens this custodian's own sealed copy of a request and checks it against the commitments.
    /// Throws `sealed-copy-missing`, `prekey-gone`, `sealed-copy-broken`, `secret-mismatch`.
    func openCopy(of request: RequestState) throws(CustodyError) -> RequestSecret {
        guard let copy = request.body.sealedCopies.first(where: { $0.custodian == name }) else {
            throw CustodyError(
                code: "sealed-copy-missing", sentence: "the request was not sealed to \(name)")
        }
        let key = try prekey(of: copy.prekeyDay)
        let mail = try onWire { () throws(WireProblem) in
            try outside.vault.mail(
                topic: request.id, kind: "request", recipient: roster.keyName(name))
        }
        guard let sealed = mail.first(where: { Digest(of: $0.sealed) == copy.digest })?.sealed
        else {
            throw CustodyError(
                code: "sealed-copy-missing",
                sentence: "the vault has not delivered the copy sealed to \(name)")
        }
        guard
            let opened = try? SecretBox(key.open(sealed, info: "platevault/request/v1\(origin)"))
        else {
            throw CustodyError(
                code: "sealed-copy-broken", sentence: "the request's sealed copy does not open")
        }
        return try onLaw { () throws(Refusal) in
            let secret = try RequestSecret(wire: opened.bytes)
            try secret.check(against: request.body)
            return secret
        }
    }

    /// What a request is about, for an officer of this custodian's own institution: the request's
    /// secret sealed to the officer's one-time key. `note` is a signed `DocketAsk`; it is not
    /// logged. Throws `officer-foreign`, `docket-stale` (ten minutes off), `request-unknown`, …
    public func docket(_ note: [UInt8]) throws(CustodyError) -> [UInt8] {
        let time = try ready()
        let ask: DocketAsk
        let signed: Note
        do {
            signed = try Note(wire: note)
            ask = try DocketAsk(text: signed.text)
        } catch {
            throw CustodyError(
                code: "message-malformed", sentence: "the message is no signed docket ask")
        }
        guard ask.origin == origin else {
            throw CustodyError(
                code: "statement-of-other-log", sentence: "the docket ask is for another log")
        }
        let officers = roster.custodian(name)?.officers ?? []
        let keys = officers.flatMap { roster.statementKeys(of: $0.id) }
        guard signed.signatures.count == 1, keys.contains(where: { signed.isSigned(by: $0) })
        else {
            throw CustodyError(
                code: "officer-foreign", sentence: "only an officer of \(name) may look into it")
        }
        guard time.milliseconds(since: ask.time).magnitude <= 600_000 else {
            throw CustodyError(
                code: "docket-stale", sentence: "the docket ask is more than ten minutes off")
        }
        guard let request = log.record.request(ask.request) else { throw Self.unknownRequest }
        let secret = try openCopy(of: request)
        let plain = try onLaw { () throws(Refusal) in SecretBox(try secret.encode()) }
        return try onSecrets { () throws(SecretsError) in
            try HybridSeal.seal(
                plain.bytes, to: ask.oneTimeKey, info: "platevault/docket/v1\(origin)")
        }
    }

    static var unknownRequest: CustodyError {
        CustodyError(
            code: "request-unknown", sentence: "no such request stands in this custodian's mirror")
    }
}
