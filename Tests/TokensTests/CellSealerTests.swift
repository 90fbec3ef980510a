import Bytes
import Plates
import Secrets
import Testing
import Tokens

@Suite("the gateway's way from reads to rows")
struct CellSealerTests {
    private let run: RunID
    private let here = cell(2, 7)
    private let keys: SiteKeys

    init() throws {
        let deployment = try Deployment(3, of: 5)
        let keys = SiteKeys(generation: 1, site: here.site, threshold: deployment.threshold)
        for custodian in [0, 2, 4] {
            let parcel = try deployment.custodians[custodian].siteKeys(
                site: here.site, hours: [here.hour])
            #expect(try keys.take(parcel, from: custodian).isEmpty)
        }
        self.keys = keys
        run = try RunID(bytes: Array(1...8))
    }

    private func sealer() throws -> CellSealer {
        try CellSealer(
            cell: here, origin: Deployment.origin, run: run,
            nonces: NonceSource(from: SeededRandom("nonces")))
    }

    private func read(_ text: String, fold: Fold = .letterOAsZero) throws -> Read {
        try Read(
            Read.Fields(
                asRead: text, plate: Plate(normalizing: text, fold: fold), camera: "gate",
                deviceTime: here.hour.start, receivedTime: here.hour.start))
    }

    private func context(_ counter: UInt64) -> RowContext {
        RowContext(origin: Deployment.origin, cell: here, run: run, counter: counter)
    }

    @Test("every row opens under its plate's keys, its counters go up by one")
    func rows() throws {
        var sealer = try sealer()
        // Short, long and other scripts; enough plates for several blocks and chunks.
        let long = String(repeating: "ก", count: 16)
        let texts = (0..<3_000).map { "AB\($0)" } + [long, "京A12345", "ABCDEFGH12345678", "A"]
        for text in texts { _ = try sealer.seal(try read(text), under: keys) }
        #expect(sealer.plateCount == texts.count)
        for text in [texts[0], texts[62], texts[63], texts[1_085], texts[2_999]] + texts.suffix(4) {
            for counter in UInt64(1)...2 {
                let read = try read(text)
                let row = try sealer.seal(read, under: keys)
                let found = try keys.cellKeys(for: read.plate, hour: here.hour)
                #expect(try found.openRow(row, context: context(counter)) == read)
            }
        }
        #expect(sealer.plateCount == texts.count)
    }

    @Test("the same read is sealed to the same label and bytes as by its plate's keys alone")
    func same() throws {
        var sealer = try sealer()
        let read = try read("AB 123")
        let nonce = NonceSource(from: SeededRandom("nonces")).next()
        let found = try keys.cellKeys(for: read.plate, hour: here.hour)
        #expect(
            try sealer.seal(read, under: keys)
                == found.sealRow(read, context: context(0), nonce: nonce))
    }

    @Test("plates of another fold are other plates, and a counter given back is used again")
    func counters() throws {
        var sealer = try sealer()
        let (zero, letter) = (try read("0AB"), try read("OAB", fold: .none))
        let first = try sealer.seal(zero, under: keys)
        #expect(try sealer.seal(letter, under: keys).label != first.label)
        #expect(sealer.plateCount == 2)
        let second = try sealer.seal(zero, under: keys)
        sealer.takeBack(zero.plate)
        #expect(try sealer.seal(zero, under: keys).label == second.label)
        for _ in 0..<5 { sealer.takeBack(zero.plate) }
        #expect(try sealer.seal(zero, under: keys).label == first.label)
        sealer.takeBack(try plate("NEVER"))
        #expect(sealer.plateCount == 2)
    }

    @Test("a photo opens under its plate's keys, and bears the label of the read sealed next")
    func photos() throws {
        var sealer = try sealer()
        let read = try read("AB 123")
        _ = try sealer.seal(read, under: keys)
        let photo = SeededRandom("photo").bytes(70_000)
        let sealed = try sealer.sealPhoto(photo, of: read.plate, under: keys)
        #expect(try sealer.seal(read, under: keys).label == sealed.label)
        let found = try keys.cellKeys(for: read.plate, hour: here.hour)
        #expect(try found.openPhoto(sealed) == photo)
    }

    @Test("without the hour's keys nothing new is sealed, and after erasing nothing is known")
    func keyless() throws {
        var sealer = try sealer()
        let read = try read("AB 123")
        let row = try sealer.seal(read, under: keys)
        keys.forget(before: here.hour.next)
        #expect(throws: refusal("subset-missing")) {
            _ = try sealer.seal(try self.read("CD 456"), under: keys)
        }
        #expect(sealer.plateCount == 1)
        #expect(try sealer.seal(read, under: keys).label != row.label)
        sealer.erase()
        #expect(sealer.plateCount == 0)
        #expect(throws: refusal("subset-missing")) { _ = try sealer.seal(read, under: keys) }
    }

    @Test("a key that another grant puts in its place is used for plates seen from then on")
    func replaced() throws {
        let honest = try Deployment(3, of: 5)
        let liar = try Deployment(3, of: 5, name: "liar")
        let keys = SiteKeys(generation: 1, site: here.site, threshold: honest.threshold)
        func take(_ deployment: Deployment, _ custodian: Int) throws {
            _ = try keys.take(
                deployment.custodians[custodian].siteKeys(
                    site: here.site, hours: [here.hour]), from: custodian)
        }
        try take(liar, 0)
        for custodian in 1...3 { try take(honest, custodian) }
        let asked = try plate("AB123")
        let before = try keys.cellKeys(for: asked, hour: here.hour).find()
        try take(honest, 4)
        let after = try keys.cellKeys(for: asked, hour: here.hour).find()
        #expect(before.isEqual(to: after) == false)
        let truth = try CellKeys.combine(
            try [1, 2, 4].map {
                try honest.custodians[$0].evaluate(plates: [asked], cells: [here])
            }, threshold: honest.threshold, plate: 0, cell: here
        ).find()
        #expect(after.isEqual(to: truth) == true)
    }
}
