import Disk
import Plates
import Rows
import Secrets
import TestSupport
import Testing
import Vault
import Warrants
import Wire

@Suite("the vault's look-ups and mail")
struct VaultLookupTests {
    private static let quietCell = Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2))

    private func query(
        _ request: Digest, _ items: [(Cell, Car)], of window: [Cell] = Town.window
    ) throws -> LookupQuery {
        var block = try SecretBytes(zeros: items.count * 32)
        for (place, item) in items.enumerated() {
            item.1.find.bytes.withUnsafeBytes { find in
                block.withUnsafeMutableBytes { block in
                    for index in 0..<32 { block[place * 32 + index] = find[index] }
                }
            }
        }
        let places = items.enumerated().map { index, item in
            let before = items[..<index].filter { $0.0 == item.0 }.count
            return LookupItem(cell: item.0, plate: UInt8(before))
        }
        return try LookupQuery(
            request: request, window: Town.shown(window), items: places, finds: block)
    }

    private func verifier(_ town: Town) throws -> LookupVerifier {
        let record = try Record(entries: town.entries(), trusted: town.roster.hash)
        func closings(_ kind: HourClosedBody.Kind) -> [Cell: LoggedClosing] {
            var result: [Cell: LoggedClosing] = [:]
            for cell in record.closedCells {
                guard let logged = record.closing(cell, kind) else { continue }
                result[cell] = LoggedClosing(statement: logged.id, commitment: logged.closed)
            }
            return result
        }
        let dead = record.days(upTo: town.clock.now).filter {
            record.report(on: $0, at: town.clock.now)?.verdict == .dead
        }
        return LookupVerifier(
            closings: closings(.prompt), late: closings(.late), deadDays: Set(dead))
    }

    private func ask(_ town: Town, _ query: LookupQuery) throws -> [VerifiedAnswer.Finding] {
        let answers = try town.client.lookup(query.encode()).map { try LookupAnswer(wire: $0) }
        return try verifier(town).verify(answers, to: query).map(\.finding)
    }

    @Test("one plate's rows are found and proven over every store", arguments: Backend.allCases)
    func found(_ backend: Backend) throws {
        let folder = try TemporaryFolder()
        let town = try Town(store: backend.store(in: folder))
        let cars = try (0..<6).map { try Car("\($0)") }
        let runs = ["a", "b"]
        var batches: [Batch] = []
        for run in runs {
            let rows = try cars.dropLast().flatMap { try $0.rows(Sample.run(run), 0..<7) }
            for (number, start) in stride(from: 0, to: rows.count, by: 10).enumerated() {
                let part = Array(rows[start..<min(start + 10, rows.count)])
                batches.append(try Sample.batch(part, run: run, number: UInt64(number)))
            }
        }
        for batch in batches { try town.client.submit(batch) }
        try town.client.close([
            town.closing(batches), town.closing([], cell: Self.quietCell),
        ])
        let request = try town.evaluated()
        let query = try query(
            request, [(Sample.cell, cars[2]), (Sample.cell, cars[5]), (Self.quietCell, cars[2])])
        let findings = try ask(town, query)
        let expected = try runs.map { try Sample.run($0) }.sorted().flatMap { run in
            try cars[2].rows(run, 0..<7)
        }
        // The car's bytes come from one stream, so only the labels are made again.
        guard case .complete(let rows, _, _) = findings[0],
            case .complete(let none, _, _) = findings[1],
            case .complete(let quiet, _, _) = findings[2]
        else {
            Issue.record("not complete")
            return
        }
        #expect(rows.map(\.row.label) == expected.map(\.label))
        #expect(rows.map(\.counter) == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6])
        #expect(none == [])
        #expect(quiet == [])
        // And after a restart.
        try town.restart()
        #expect(try ask(town, query) == findings)
    }

    @Test(
        "late rows are found and proven after those in time, and the late tree is not hidden",
        arguments: Backend.allCases)
    func late(_ backend: Backend) throws {
        let folder = try TemporaryFolder()
        let town = try Town(store: backend.store(in: folder))
        let car = try Car("1")
        let cell = Cell(hour: Town.noon.hour.adding(-3), site: Sample.cell.site)
        let rows = try car.rows(Sample.run("a"), 0..<5)
        let prompt = try Sample.batch(Array(rows[..<3]), cell: cell)
        let batch = try Sample.batch(Array(rows[3...]), cell: cell, kind: .late)
        try town.client.submit(prompt)
        #expect(problem { try town.client.submit(batch) } == "cell-open")
        try town.client.close([town.closing([prompt], cell: cell)])
        try town.client.submit(batch)
        let closing = try town.closing([batch], cell: cell, kind: .late)
        #expect(problem { try town.client.close([closing]) } == "closing-early")
        let query = try query(try town.evaluated(cells: [cell]), [(cell, car)], of: [cell])
        guard case .complete(let inTime, _, .open) = try ask(town, query)[0] else {
            Issue.record("not complete with an open late tree")
            return
        }
        #expect(inTime.map(\.row) == Array(rows[..<3]))
        town.clock.set(cell.hour.end.adding(hours: Int64(town.roster.policy.lateHours) + 1))
        guard case .complete(_, _, .unknown) = try ask(town, query)[0] else {
            Issue.record("an overdue late tree is not told")
            return
        }
        try town.client.close([closing])
        guard case .complete(let all, _, .closed) = try ask(town, query)[0] else {
            Issue.record("not complete with a closed late tree")
            return
        }
        #expect(all.map(\.row) == rows && all.map(\.counter) == [0, 1, 2, 3, 4])
    }

    @Test("open, unknown and gone cells are told apart")
    func notClosed() throws {
        let town = try Town()
        let car = try Car("1")
        let now = Town.noon.hour
        let young = Cell(hour: now.adding(-2), site: Sample.cell.site)
        let old = Cell(hour: now.adding(-8), site: Sample.cell.site)
        let gone = Cell(hour: Sample.day.adding(-1).hours[3], site: Sample.cell.site)
        try town.client.submit(Sample.batch(car.rows(Sample.run("a"), 0..<3), cell: young))
        let cells = [gone, old, young]
        let request = try town.evaluated(cells: cells)
        _ = try town.append(
            try ["clerk", "audit"].map {
                try town.destruction(of: Sample.day.adding(-1), by: $0)
            })
        let query = try query(request, cells.map { ($0, car) }, of: cells)
        #expect(try ask(town, query) == [.gone, .unknown, .open])
    }

    @Test("without a request that enough custodians evaluated nothing is looked up")
    func unevaluated() throws {
        let town = try Town()
        let car = try Car("1")
        func ask(
            _ request: Digest, _ items: [(Cell, Car)], _ window: [Cell] = Town.window
        ) -> String {
            problem { _ = try town.client.lookup(query(request, items, of: window).encode()) }
        }
        let one = [(Sample.cell, car)]
        #expect(ask(.zero, one) == "request-unknown")
        let wire = try town.request()
        let id = try UnverifiedStatement(wire: wire).id
        _ = try town.append([wire])
        #expect(ask(id, one) == "evaluations-missing")
        _ = try town.append([try town.evaluation(of: id, by: "clerk")])
        #expect(ask(id, one) == "evaluations-missing")
        _ = try town.append([try town.evaluation(of: id, by: "audit")])
        #expect(ask(id, one) == "accepted")
        #expect(ask(id, [(Sample.cell, car), (Sample.cell, car)]) == "accepted")
        #expect(
            ask(id, [(Sample.cell, car), (Sample.cell, car), (Sample.cell, car)])
                == "query-beyond-request")
        let hours = (0..<3).map { Cell(hour: Sample.cell.hour.adding($0), site: Sample.cell.site) }
        #expect(ask(id, hours.map { ($0, car) }, hours) == "query-beyond-request")
        // As many cells, but others; the right ones under another salt; fewer of the right ones.
        let others = Array(hours.dropFirst())
        #expect(ask(id, [(others[0], car)], others) == "query-beyond-request")
        #expect(ask(id, one, [Sample.cell]) == "query-beyond-request")
        let salted = try LookupWindow(cells: Town.window, salt: [UInt8](repeating: 0, count: 32))
        let whole = try LookupQuery(request: id, window: salted, whole: [Sample.cell])
        for body in [whole.encode()] {
            #expect(problem { _ = try town.client.lookup(body) } == "query-beyond-request")
            #expect(problem { _ = try town.client.measure(body) } == "query-beyond-request")
        }
        #expect(problem { _ = try town.client.lookup([1, 2]) } == "query-malformed")
    }

    @Test("an answer that is too long is refused before it is disclosed")
    func long() throws {
        let town = try Town(isSigning: true)
        let car = try Car("1")
        let batch = try Sample.batch(car.rows(Sample.run("a"), 0..<3_000, size: 1_064))
        try town.client.submit(batch)
        try town.client.close([town.closing([batch])])
        let request = try town.evaluated(plates: 8)
        func ask(_ plates: Int) throws -> String {
            let query = try query(request, Array(repeating: (Sample.cell, car), count: plates))
            return problem { _ = try town.client.lookup(query.encode()) }
        }
        func told() throws -> Int? {
            try Record(entries: town.entries(), trusted: town.roster.hash)
                .request(request)?.disclosures.count
        }
        #expect(try ask(8) == "answer-large" && told() == 0)
        #expect(try ask(1) == "accepted" && told() == 1)
    }

    @Test("what was found of a day that dies meanwhile is gone, and takes no room in the answer")
    func dying() throws {
        let dying = Cell(hour: Sample.day.adding(-1).hours[3], site: Sample.cell.site)
        let store = DyingStore(dying.hour.day)
        let town = try Town(store: store)
        let car = try Car("1")
        let cells = [dying, Sample.cell]
        for cell in cells {
            let rows = try car.rows(Sample.run("a"), 0..<3_000, size: 1_064)
            let batch = try Sample.batch(rows, cell: cell)
            _ = try store.keep(batch, admission: Sample.admission)
            _ = try store.close(Sample.closing([batch], cell: cell))
        }
        let request = try town.evaluated(cells: cells, plates: 8)
        func answers(_ plates: Int) throws -> [LookupAnswer] {
            let items = cells.flatMap { Array(repeating: ($0, car), count: plates) }
            return try town.client.lookup(query(request, items, of: cells).encode())
                .map { try LookupAnswer(wire: $0) }
        }
        // Each day by itself has more than half of what an answer may.
        let outcomes = try answers(5).map(\.outcome)
        #expect(outcomes.prefix(5).allSatisfy { $0 == .gone })
        for case .closed(let closed) in outcomes.suffix(5) {
            #expect(closed.prompt.runs.map(\.rows.count) == [3_000])
        }
        #expect(problem { _ = try answers(8) } == "answer-large")
    }

    @Test("find keys stay nowhere in the vault's files")
    func forgets() throws {
        let folder = try TemporaryFolder()
        let town = try Town(store: Backend.sqlite.store(in: folder))
        let car = try Car("1")
        let batch = try Sample.batch(car.rows(Sample.run("a"), 0..<3))
        try town.client.submit(batch)
        try town.client.close([town.closing([batch])])
        let query = try query(try town.evaluated(), [(Sample.cell, car)])
        guard case .complete(let rows, _, _) = try ask(town, query)[0] else {
            Issue.record("not complete")
            return
        }
        #expect(rows.count == 3)
        let find = try car.find.bytes.openBytes(0..<32)
        let stored = TemporaryFolder.allBytes(under: folder.path + "/rows")
        #expect(!stored.isEmpty)
        for bytes in stored { #expect(bytes.offset(of: find) == nil) }
        for bytes in town.disk.image.values { #expect(bytes.offset(of: find) == nil) }
    }

    private func letter(
        _ text: String, until: Timestamp = Town.noon.adding(days: 1), to: String = "clerk",
        kind: String = "request", topic: Digest = .zero
    ) -> Mail {
        Mail(
            topic: topic, kind: kind, recipient: to, sender: "doyle", until: until,
            sealed: Array(text.utf8))
    }

    @Test("mail comes to whom it is for, until its time, and no longer")
    func mail() throws {
        let town = try Town()
        let first = letter("one")
        let later = letter("two", until: Town.noon.adding(days: 2))
        for mail in [
            first, later, first, letter("three", to: "audit"), letter("four", kind: "seeds"),
        ] {
            try town.client.put(mail)
        }
        func get(_ to: String = "clerk", _ kind: String = "request") throws -> Set<Mail> {
            let mail = try town.client.mail(topic: .zero, kind: kind, recipient: to)
            #expect(Set(mail).count == mail.count)
            return Set(mail)
        }
        #expect(try get() == [first, later])
        #expect(try get("audit").count == 1)
        #expect(try get("clerk", "seeds").count == 1)
        #expect(try get("nobody") == [])
        #expect(
            try town.client.mail(topic: Digest(of: [1]), kind: "request", recipient: "clerk") == [])
        town.clock.set(first.until.adding(milliseconds: -1))
        #expect(try get() == [first, later])
        town.clock.set(first.until)
        #expect(try get() == [later])
        #expect(problem { try town.client.put(first) } == "mail-until")
        #expect(
            problem { try town.client.put(letter("x", until: Town.noon.adding(days: 50))) }
                == "mail-until")
        #expect(problem { _ = try town.service.handle(.mailPut, [1]) } == "message-malformed")
        #expect(problem { _ = try town.service.handle(.mailGet, [1]) } == "message-malformed")
    }

    @Test("one sender's messages leave room for the others'")
    func share() throws {
        let box = try MailBox.inMemory(
            limits: MailBox.Limits(message: 400, sender: 500, total: 1_000, days: 3))
        func put(_ text: String, by sender: String) -> String {
            let mail = Mail(
                topic: .zero, kind: "request", recipient: "clerk", sender: sender,
                until: Town.noon.adding(days: 1), sealed: Array(text.utf8))
            return code { _ = try box.put(mail, at: Town.noon) }
        }
        let long = String(repeating: "x", count: 150)
        #expect(put("1" + long, by: "doyle") == "accepted")
        #expect(put("2" + long, by: "doyle") == "accepted")
        #expect(put("3" + long, by: "doyle") == "mail-share")
        #expect(put("1" + long, by: "doyle") == "accepted")
        #expect(put("3" + long, by: "audit") == "accepted")
        try box.expire(at: Town.noon.adding(days: 2))
        #expect(put("4" + long, by: "doyle") == "accepted")
    }

    @Test("a mail box is bounded, lasts over a restart, and deleted mail leaves no bytes")
    func box() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mail.sqlite"
        let limits = MailBox.Limits(message: 400, sender: 1_000, total: 1_000, days: 3)
        let fileSystem = POSIXFileSystem()
        #expect(code { _ = try MailBox.open(at: path, fileSystem: fileSystem) } == "store-missing")
        let secret = Array("sealed bytes of a letter that will be deleted".utf8)
        func long(_ name: String, _ days: Int64) -> Mail {
            letter(
                String(decoding: secret, as: UTF8.self) + name
                    + String(repeating: "x", count: 200),
                until: Town.noon.adding(days: days))
        }
        do {
            let box = try MailBox.create(at: path, fileSystem: fileSystem, limits: limits)
            #expect(try box.put(long("1", 1), at: Town.noon) == .fresh)
            #expect(try box.put(long("1", 1), at: Town.noon) == .again)
            #expect(try box.put(long("2", 2), at: Town.noon) == .fresh)
            #expect(code { _ = try box.put(long("3", 2), at: Town.noon) } == "accepted")
            #expect(code { _ = try box.put(long("4", 2), at: Town.noon) } == "mail-full")
            #expect(
                code {
                    _ = try box.put(letter(String(repeating: "x", count: 400)), at: Town.noon)
                } == "mail-size")
        }
        #expect(
            code { _ = try MailBox.create(at: path, fileSystem: fileSystem) } == "store-exists")
        let box = try MailBox.open(at: path, fileSystem: fileSystem, limits: limits)
        func count(_ time: Timestamp) throws -> Int {
            try box.mail(topic: .zero, kind: "request", recipient: "clerk", at: time).count
        }
        #expect(try count(Town.noon) == 3)
        // What has run out makes room.
        #expect(try box.put(long("4", 3), at: Town.noon.adding(days: 1)) == .fresh)
        #expect(try count(Town.noon.adding(days: 1)) == 3)
        try box.expire(at: Town.noon.adding(days: 9))
        #expect(try count(Town.noon) == 0)
        for bytes in TemporaryFolder.allBytes(under: folder.path) {
            #expect(bytes.offset(of: secret) == nil)
        }
    }
}
