import Bytes
import Ledger
import Plates
import Rows
import Secrets
import Testing
import Vault
import Warrants
import Wire

/// Photos through the vault's endpoints: from sites only, and to whom has signed for their rows.
@Suite("the vault's photos and whole cells")
struct VaultPhotoTests {
    private func query(
        _ request: Digest, _ car: Car, _ cell: Cell = Sample.cell, of window: [Cell] = Town.window
    ) throws -> LookupQuery {
        try LookupQuery(
            request: request, window: try Town.shown(window),
            items: [LookupItem(cell: cell, plate: 0)],
            finds: try car.find.bytes.copy())
    }

    /// A closed cell of two cars, three rows each, the first of each with a photo.
    private func closed(_ town: Town) throws -> (cars: [Car], rows: [[SealedRow]]) {
        let cars = try [Car("1"), Car("2")]
        let rows = try cars.map { try $0.rows(Sample.run("a"), 0..<3) }
        try submit(try rows.enumerated().map { try Sample.photo("\($0)", $1[0].label) }, town)
        let batch = try Sample.batch(rows.flatMap { $0 })
        try town.client.submit(batch)
        try town.client.close([try town.closing([batch])])
        return (cars, rows)
    }

    /// Photos come while their hour's late tree is open.
    private func submit(_ photos: [PhotoDelivery], _ town: Town) throws {
        town.clock.set(Sample.cell.hour.end)
        defer { town.clock.set(Town.noon) }
        try town.client.submit(photos)
    }

    private func countersign(_ town: Town, _ request: Digest, _ digest: Digest) throws {
        _ = try town.append([
            try town.note(
                DisclosureBody(
                    role: .requester, party: "doyle", request: request, bundle: digest,
                    time: town.roster.policy.blunt(Town.noon)), by: "doyle")
        ])
    }

    private func look(_ town: Town, _ query: LookupQuery) throws -> Digest {
        LookupAnswer.digest(
            of: try town.client.lookup(query.encode()).map { try LookupAnswer(wire: $0) })
    }

    @Test("photos are of a site, by its signature, whole, and not of another log")
    func intake() throws {
        let town = try Town()
        town.clock.set(Sample.cell.hour.end)
        let label = try Car("1").rows(Sample.run("a"), 0..<1)[0].label
        let good = try Sample.photo("1", label)
        func put(_ photos: [[UInt8]]) -> String {
            problem { _ = try town.service.handle(.photosPut, ByteList.encode(photos)) }
        }
        func signed(_ origin: String, _ word: String, site: UInt16 = 1) throws -> [UInt8] {
            PhotoDelivery(
                cell: Cell(hour: Sample.cell.hour, site: SiteNumber(number: site)),
                photo: good.photo, origin: origin, key: try Sample.key(word)
            ).encode()
        }
        #expect(put([try signed(Sample.origin, "site-2")]) == "photo-signature")
        #expect(put([try signed("example.org/other", "site-1")]) == "photo-signature")
        #expect(put([try signed(Sample.origin, "site-1", site: 3)]) == "cell-unknown")
        for place in [0, 5, 6, 21, 22, 85, 86, 5_000] {
            var bytes = good.encode()
            bytes[place] ^= 1
            #expect(put([bytes]) != "accepted", "byte \(place)")
        }
        #expect(put([Array(good.encode().dropLast())]) == "photo-malformed")
        #expect(put([[1, 2]]) == "photo-malformed")
        // One bad photo keeps the others out: all or none.
        #expect(put([good.encode(), [1]]) == "photo-malformed")
        #expect(try town.store.photos(of: label, in: Sample.cell) == [])
        #expect(put([good.encode()]) == "accepted" && put([good.encode()]) == "accepted")
        #expect(try town.store.photos(of: label, in: Sample.cell) == [good.photo])
        #expect(try town.store.refusals()["photo-signature"] ?? 0 >= 2)
    }

    @Test("photos are of hours whose late tree is open, by the vault's clock")
    func hours() throws {
        let town = try Town()
        let label = try Car("1").rows(Sample.run("a"), 0..<1)[0].label
        func put(_ hours: Int64) -> String {
            problem {
                let cell = Cell(hour: Town.noon.hour.adding(hours), site: Sample.cell.site)
                try town.client.submit([try Sample.photo("1", label, cell: cell)])
            }
        }
        let oldest = -Int64(town.roster.policy.lateHours) - 1
        #expect(put(oldest - 24) == "cell-unknown" && put(oldest - 1) == "cell-unknown")
        #expect(put(oldest) == "accepted" && put(0) == "accepted")
        #expect(put(1) == "cell-future" && put(24) == "cell-future")
        town.clock.set(Town.noon.adding(hours: 1))
        #expect(put(oldest) == "cell-unknown" && put(1) == "accepted")
    }

    @Test(
        "photos go out after the countersignature of those very rows, and to no other request",
        arguments: Backend.allCases)
    func outlet(_ backend: Backend) throws {
        let folder = try TemporaryFolder()
        let town = try Town(store: backend.store(in: folder), isSigning: true)
        let (cars, rows) = try closed(town)
        let request = try town.evaluated()
        let query = try query(request, cars[0])
        func ask(_ query: LookupQuery, after place: PhotoPlace? = nil) -> String {
            problem { _ = try town.client.photos(query.encode(), after: place) }
        }
        #expect(ask(query) == "countersignature-missing")
        let digest = try look(town, query)
        #expect(ask(query) == "countersignature-missing")
        // Signed for something else, and signed for it under another request.
        try countersign(town, request, .zero)
        #expect(ask(query) == "countersignature-missing")
        try countersign(town, request, digest)
        let found = try town.client.photos(query.encode(), after: nil)
        let expected = try Sample.photo("0", rows[0][0].label)
        #expect(found == [StoredPhoto(cell: Sample.cell, photo: expected.photo)])
        #expect(try town.client.photos(query.encode(), after: found[0].place) == [])
        // The other car's rows were not among what was signed for.
        let other = try self.query(request, cars[1])
        #expect(ask(other) == "countersignature-missing")
        #expect(ask(try self.query(.zero, cars[0])) == "request-unknown")
        let second = try town.evaluated(name: "second")
        #expect(ask(try self.query(second, cars[0])) == "countersignature-missing")
        // Over a restart nothing is forgotten, because nothing had to be remembered.
        try town.restart()
        #expect(try town.client.photos(query.encode(), after: nil) == found)
        #expect(problem { _ = try town.service.handle(.photosGet, [1]) } == "message-malformed")
        #expect(
            problem {
                _ = try town.service.handle(
                    .photosGet, ByteList.encode([query.encode(), [1, 2]]))
            } == "photo-malformed")
    }

    @Test("each answer is disclosed once, another answer once more, and not without end")
    func disclosures() throws {
        let town = try Town(isSigning: true)
        let (cars, _) = try closed(town)
        let window = (0...8).map {
            Cell(hour: Sample.cell.hour.adding($0), site: Sample.cell.site)
        }
        let request = try town.evaluated(cells: window)
        func told() throws -> [Digest] {
            try Record(entries: town.entries(), trusted: town.roster.hash)
                .request(request)?.disclosures.map(\.body.bundle) ?? []
        }
        let first = try look(town, try query(request, cars[0], of: window))
        #expect(try look(town, try query(request, cars[0], of: window)) == first)
        #expect(try told() == [first])
        let second = try look(town, try query(request, cars[1], of: window))
        #expect(try told() == [first, second])
        var codes: [String] = []
        for cell in window.dropFirst() {
            let query = try query(request, cars[0], cell, of: window)
            codes.append(problem { _ = try town.client.lookup(query.encode()) })
        }
        #expect(
            codes == Array(repeating: "accepted", count: 6)
                + Array(repeating: "statement-repeated", count: 2))
        #expect(try told().count == 8)
    }

    @Test("more photos than one answer holds come page by page, each once")
    func pages() throws {
        let town = try Town(isSigning: true)
        let car = try Car("1")
        let rows = try car.rows(Sample.run("a"), 0..<4)
        for (place, row) in rows.enumerated() {
            for number in 0..<2 {
                let photo = try Sample.photo(
                    "\(place) \(number)", row.label, size: SealedPhoto.sizes[number + 2])
                try submit([photo], town)
            }
        }
        let batch = try Sample.batch(rows)
        try town.client.submit(batch)
        try town.client.close([try town.closing([batch])])
        let request = try town.evaluated()
        let query = try query(request, car)
        try countersign(town, request, try look(town, query))
        var found: [StoredPhoto] = []
        var pages = 0
        while true {
            let part = try town.client.photos(query.encode(), after: found.last?.place)
            if part.isEmpty { break }
            #expect(part.map(\.photo.bytes.count).reduce(0, +) <= SealedPhoto.sizes[3])
            found += part
            pages += 1
        }
        #expect(pages >= 3 && found.count == 8 && Set(found).count == 8)
        #expect(found.map(\.place) == found.map(\.place).sorted())
    }

    @Test("a small cell goes out whole, without a key; a large one does not")
    func whole() throws {
        let town = try Town(isSigning: true)
        let (cars, rows) = try closed(town)
        let request = try town.evaluated()
        let whole = try LookupQuery(
            request: request, window: try Town.shown(), whole: [Sample.cell])
        #expect(whole.encode().count == 36 + 36 + 2 * 6 + 7)
        #expect(try town.client.measure(whole.encode()) == [true])
        let answers = try town.client.lookup(whole.encode()).map { try LookupAnswer(wire: $0) }
        guard case .whole(let cell) = answers[0].outcome else {
            Issue.record("not whole")
            return
        }
        let all = rows.flatMap { $0 }.sorted { $0.label < $1.label }
        #expect(cell.prompt.entries == all.map { .row($0) } && cell.late == .unknown)
        // Photos of all rows, once they are signed for; the digest is that of the leaves alone.
        let digest = LookupAnswer.digest(of: answers)
        #expect(digest == LookupAnswer.digest(of: answers.map { $0.reduced() }))
        #expect(
            problem { _ = try town.client.photos(whole.encode(), after: nil) }
                == "countersignature-missing")
        try countersign(town, request, digest)
        #expect(try town.client.photos(whole.encode(), after: nil).count == 2)
        // The same lock as for every look-up.
        let hours = (0..<3).map { Cell(hour: Sample.cell.hour.adding($0), site: Sample.cell.site) }
        let beyond = try LookupQuery(
            request: request, window: try Town.shown(hours), whole: hours)
        for ask in [beyond] {
            #expect(
                problem { _ = try town.client.measure(ask.encode()) } == "query-beyond-request")
            #expect(
                problem { _ = try town.client.lookup(ask.encode()) } == "query-beyond-request")
        }
        let unknown = try LookupQuery(
            request: .zero, window: try Town.shown(), whole: [Sample.cell])
        #expect(problem { _ = try town.client.lookup(unknown.encode()) } == "request-unknown")
        let keyed = try query(request, cars[0])
        #expect(problem { _ = try town.client.measure(keyed.encode()) } == "message-malformed")
        let wire = try town.request(name: "fresh")
        _ = try town.append([wire])
        let fresh = try LookupQuery(
            request: try UnverifiedStatement(wire: wire).id, window: try Town.shown(),
            whole: [Sample.cell])
        #expect(problem { _ = try town.client.lookup(fresh.encode()) } == "evaluations-missing")
        #expect(problem { _ = try town.client.measure(fresh.encode()) } == "evaluations-missing")
    }

    @Test("rows and photos of a request are its requester's alone, and nobody else uses them up")
    func strangers() throws {
        let town = try Town(isSigning: true)
        let (cars, _) = try closed(town)
        let request = try town.evaluated()
        let wire = try query(request, cars[0]).encode()
        for stranger in ["site-1", "audit", "rights-officer", "nobody", ""] {
            for endpoint in [Endpoint.rowsLookup, .photosGet, .rowsMeasure] {
                let body = endpoint == .photosGet ? ByteList.encode([wire]) : wire
                let whole = try LookupQuery(
                    request: request, window: try Town.shown(), whole: [Sample.cell]
                ).encode()
                let ask = endpoint == .rowsMeasure ? whole : body
                #expect(
                    problem { _ = try town.service.handle(endpoint, ask, from: stranger) }
                        == "party-forbidden")
            }
        }
        let record = try Record(entries: town.entries(), trusted: town.roster.hash)
        #expect(record.request(request)?.disclosures.isEmpty == true)
        #expect(
            problem { _ = try town.service.handle(.rowsLookup, wire, from: "doyle") } == "accepted")
    }

    @Test("a drill, which nobody approves, gets no whole cell")
    func drill() throws {
        let town = try Town(isSigning: true)
        _ = try closed(town)
        let wire = try town.request(
            cells: [Sample.cell], plates: 1, purpose: "drill", process: "drill")
        let id = try UnverifiedStatement(wire: wire).id
        _ = try town.append([wire])
        for word in ["audit", "rights"] {
            _ = try town.append([try town.evaluation(of: id, plates: 1, by: word)])
        }
        let whole = try LookupQuery(
            request: id, window: try Town.shown([Sample.cell]), whole: [Sample.cell])
        #expect(problem { _ = try town.client.measure(whole.encode()) } == "drill-whole")
        #expect(problem { _ = try town.client.lookup(whole.encode()) } == "drill-whole")
    }

    @Test("a cell above the policy's number is asked for by keys", arguments: [0, 5, 6])
    func large(_ most: Int) throws {
        let town = try Town(isSigning: true, wholeCells: most)
        _ = try closed(town)
        let whole = try LookupQuery(
            request: try town.evaluated(), window: try Town.shown(), whole: [Sample.cell])
        #expect(try town.client.measure(whole.encode()) == [most == 6])
        #expect(
            problem { _ = try town.client.lookup(whole.encode()) }
                == (most == 6 ? "accepted" : "cell-large"))
    }
}
