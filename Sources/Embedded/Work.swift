import Disk
public import Inquiry
public import Plates
public import Secrets
public import Warrants
public import Wire

// The parties' work at a deployment, each at its own desk.
extension Deployment {
    /// The id that begins with some hex digits. Throws `request-unknown` or `request-ambiguous`.
    public func request(_ prefix: String) throws -> Digest {
        let found = try publicView().record.requestOrder.filter { $0.hex.hasPrefix(prefix) }
        guard let first = found.first else {
            throw EmbeddedError(
                code: "request-unknown", sentence: "the log has no request that begins so")
        }
        guard found.count == 1 else {
            throw EmbeddedError(
                code: "request-ambiguous",
                sentence: "\(found.count) requests begin so; give more digits")
        }
        return first
    }

    /// Files a request: checked by the requester's own tool, the case kept on disk, then logged.
    /// Throws the refusal.
    public func file(_ application: Application, as requester: String) throws -> Digest {
        let desk = try desk(requester)
        let asker = Requester(desk: desk, random: random)
        return try file(try asker.prepare(application, at: now), by: asker)
    }

    /// Keeps the case, then has the request logged.
    func file(_ prepared: PreparedRequest, by asker: Requester) throws -> Digest {
        let folder = home(of: asker.id) + "/cases"
        try fileSystem.makeFolder(folder)
        let sealed = try prepared.file.seal(
            id: prepared.id, key: try keyRing.key(layout.key(home(of: asker.id))), random: random)
        try fileSystem.replace("\(folder)/\(prepared.id.hex).case", sealed)
        try asker.file(prepared, at: now)
        return prepared.id
    }

    /// Gathers the custodians' answers and opens the rows; nothing is kept. `word` names the
    /// custodians to ask, all who approved where it is nil; `vault` stands in for the real one.
    public func search(
        _ request: Digest, as requester: String, asking word: [String]? = nil,
        at vault: (any Handler)? = nil, wholeCells: Bool = false
    ) throws -> Inquiry.Finding {
        let desk = try desk(requester, at: vault)
        let file = try caseFile(request, of: requester)
        try desk.refresh()
        guard let state = desk.record.request(request) else {
            throw EmbeddedError(code: "request-unknown", sentence: "the log has no such request")
        }
        // Everybody whose own officer approved is asked; where that is nobody, all are, so that
        // each says itself why it does not answer.
        let approving = state.votes(under: desk.roster).approving
        try waitUntilHeld(state.lastIndex + 1, at: desk)
        let asked = zip(desk.roster.custodians, custodianClients(as: requester)).filter {
            party, _ in
            if let word { return word.contains(party.id) }
            return approving.isEmpty || approving.contains(party.institution)
        }.map { (id: $0.id, client: $1) }
        return try Requester(desk: desk, random: random).search(
            file, request: request, custodians: asked, wholeCells: wholeCells)
    }

    /// The requester's own case: what a request is about, and the key to which answers are sealed.
    /// Of the requester whose folder has it, where none is named.
    func caseFile(_ request: Digest, of requester: String? = nil) throws -> CaseFile {
        let known = rosterInForce.body.agencies.flatMap { $0.requesters.map(\.id) }
        let holder = try known.first {
            try fileSystem.size("\(home(of: $0))/cases/\(request.hex).case") != nil
        }
        let folder = (requester ?? holder).map(home(of:)) ?? layout.agency
        return try CaseFile(
            sealed: try fileSystem.read("\(folder)/cases/\(request.hex).case"),
            id: request, key: try keyRing.key(layout.key(folder)))
    }

    /// Searches, countersigns what the vault handed over, gets the photos, and writes the bundle.
    /// `step` is told what comes next, in words.
    public func open(
        _ request: Digest, as requester: String, bundle folder: String, wholeCells: Bool = false,
        step: (OpeningStep) -> Void = { _ in }
    ) throws -> Inquiry.Finding {
        guard try fileSystem.size(folder) == nil else {
            throw InquiryError(code: "bundle-exists", sentence: "\(folder) exists already")
        }
        step(.ask)
        _ = try disclosed(request, as: requester, wholeCells)
        step(.check)
        // The holders that were not asked check what the others answered, each by itself; the same
        // answers once more then say how far all agree.
        try settle()
        try waitForChecks(of: request, at: try desk(requester))
        step(.open)
        var finding = try disclosed(request, as: requester, wholeCells)
        let desk = try desk(requester)
        let asker = Requester(desk: desk, random: random)
        step(.photos)
        finding = try asker.gatheringPhotos(of: finding)
        // Something was closed, or died, since the countersignature: the answer is another one now.
        if finding.photoProblem?.code == "countersignature-missing" {
            finding = try asker.gatheringPhotos(
                of: try disclosed(request, as: requester, wholeCells))
        }
        step(.keep)
        try desk.refresh()
        try desk.cosign()
        let bundle = try Bundle(finding, mirror: desk.mirror, record: desk.record)
        try bundle.write(to: folder, fileSystem: fileSystem)
        return finding
    }

    /// Searches, and countersigns at once what the vault handed over.
    private func disclosed(
        _ request: Digest, as requester: String, _ wholeCells: Bool
    ) throws -> Inquiry.Finding {
        let finding = try search(request, as: requester, wholeCells: wholeCells)
        try Requester(desk: try desk(requester), random: random).countersign(finding, at: now)
        return finding
    }

    /// The requester signs for what the vault says that it handed over, where that got lost here.
    public func countersign(_ request: Digest, as requester: String) throws {
        try Requester(desk: try desk(requester), random: random).countersign(request, at: now)
    }

    /// The requester says that the plate's owner was told.
    public func notify(_ request: Digest, as requester: String) throws {
        try Requester(desk: try desk(requester), random: random).notify(request, at: now)
    }

    /// The authority attests a request under a document whose digest it has in hands.
    public func attest(
        _ request: Digest, warrant: Digest, expires: Timestamp, embargo: Day? = nil
    ) throws {
        let authorities = rosterInForce.body.authorities
        guard let authority = authorities.first(where: { isHere($0.id) }) else {
            throw EmbeddedError(
                code: "party-unknown", sentence: "the roster has no authority whose key is here")
        }
        try Clerk(desk: try desk(authority.id)).attest(
            request, warrant: warrant, expires: expires, embargo: embargo, at: now)
    }

    /// The officer of a custodian, by the officer's own word or the custodian's.
    public func officer(_ word: String) throws -> Officer {
        let roster = rosterInForce
        let custodian = roster.custodian(word) ?? roster.custodian(ofOfficer: word)
        guard let custodian,
            let officer = custodian.officers.first(where: { isHere($0.id) })
                ?? custodian.officers.first,
            let index = roster.custodianIndex(custodian.id)
        else {
            throw EmbeddedError(
                code: "party-unknown",
                sentence: "the roster has no custodian or officer of that name: there are "
                    + roster.custodians.map(\.id).joined(separator: ", "))
        }
        let id = custodian.officers.first { $0.id == word }?.id ?? officer.id
        return Officer(
            desk: try desk(id), custodian: custodianClients(as: id)[index], random: random)
    }

    /// The log as everybody may read it.
    public func record() throws -> Record { try publicView().record }
}

/// What the opening of a request is at, in this order.
public enum OpeningStep: Int, CaseIterable, Sendable {
    /// Custodians evaluate, the vault hands over, the requester countersigns.
    case ask
    /// The holders that were not asked check what the others answered.
    case check
    /// The same answers once more, with what all have said.
    case open
    /// The photos, which come after the countersignature alone.
    case photos
    /// The proofs are gathered and the bundle is written.
    case keep
}

extension Deployment {
    /// What shows that a request of the log was a search for one of its plates: by the requester, from
    /// its case, or by an officer, through the docket of the own custodian.
    public func proof(of request: Digest, plate place: Int, as party: String) throws -> RequestProof
    {
        let view = try publicView()
        let secret: RequestSecret
        if rosterInForce.agency(ofRequester: party) != nil {
            secret = try RequestSecret(wire: try caseFile(request, of: party).secret.bytes)
        } else {
            secret = try officer(party).docket(of: request, at: now)
        }
        return try RequestProof(
            of: secret, place: place, request: request, record: view.record, mirror: view.mirror)
    }
}

extension Deployment {
    /// How far a request is, by the log and by what the custodians' machines show just now.
    public func progress(of request: Digest) throws -> RequestProgress {
        let view = try publicView()
        let witnesses = Witnesses(asking: mirrors, own: view) { checkpoint, client in
            try view.follow(checkpoint, from: client)
        }
        guard
            let progress = RequestProgress(
                of: request, in: view.record, witnesses: witnesses, at: now)
        else {
            throw EmbeddedError(code: "request-unknown", sentence: "the log has no such request")
        }
        return progress
    }

    /// What waits for a party, by its word. Whoever asks again and again names a folder of his own for
    /// his copy of the log: its files have one writer. Throws `party-unknown`.
    public func inbox(of party: String, copy folder: String? = nil) throws -> [InboxItem] {
        let view = try folder.map { try follower($0) } ?? publicView()
        try view.refresh(from: vault)
        guard let items = InboxItem.all(for: party, in: view.record, at: now) else {
            throw EmbeddedError(
                code: "party-unknown",
                sentence: "the roster has no officer, authority or requester of that name; "
                    + "platevault status names them")
        }
        return items
    }
}
