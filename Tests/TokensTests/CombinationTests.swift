import Plates
import Secrets
import Testing
import Tokens

@Suite("t custodians together, and t − 1 never")
struct CombinationTests {
    @Test("every t custodians give the same keys; no t − 1 give any", arguments: Deployment.all)
    func quorums(_ t: Int, _ n: Int) throws {
        let deployment = try Deployment(t, of: n)
        let (place, asked) = (cell(3, 17), try plate("abc·12О"))
        let answers = try deployment.custodians.map {
            try $0.evaluate(plates: [asked], cells: [place])
        }
        let all = try CellKeys.combination(
            answers, threshold: deployment.threshold, plate: 0, cell: place)
        for chosen in choices(t, of: n) {
            let some = try CellKeys.combination(
                chosen.map { answers[$0] }, threshold: deployment.threshold, plate: 0, cell: place)
            #expect(some.isEqual(to: all) == true)
        }
        for chosen in choices(t - 1, of: n) {
            #expect(throws: refusal("subset-missing")) {
                _ = try CellKeys.combine(
                    chosen.map { answers[$0] }, threshold: deployment.threshold, plate: 0,
                    cell: place)
            }
        }
        #expect(throws: refusal("subset-missing")) {
            _ = try CellKeys.combine([], threshold: deployment.threshold, plate: 0, cell: place)
        }
    }

    @Test("plate, hour, site and day each give other keys")
    func separation() throws {
        let deployment = try Deployment(3, of: 5)
        let cells = [cell(0, 5), cell(0, 6), cell(0, 6, 4), cell(1, 5)]
        let plates = [try plate("ABC123"), try plate("ABC124")]
        let answers = try deployment.custodians.prefix(3).map {
            try $0.evaluate(plates: plates, cells: cells)
        }
        var seen: Set<[UInt8]> = []
        for place in cells {
            for index in plates.indices {
                let keys = try CellKeys.combine(
                    answers, threshold: deployment.threshold, plate: index, cell: place)
                seen.insert(keys.withFind { Array($0) })
                seen.insert(try keys.open().withUnsafeBytes { Array($0) })
                seen.insert(try keys.photo().withUnsafeBytes { Array($0) })
            }
        }
        #expect(seen.count == cells.count * plates.count * 3)
    }

    @Test("two different answers for one subset are refused, and the subset is named")
    func liar() throws {
        let deployment = try Deployment(2, of: 3)
        let other = try Deployment(2, of: 3, name: "other")
        let (place, asked) = (cell(0, 1), try plate("X1"))
        let honest = try deployment.custodians.map {
            try $0.evaluate(plates: [asked], cells: [place])
        }
        let liar = try other.custodians[1].evaluate(plates: [asked], cells: [place])
        #expect(throws: refusal("partials-differ")) {
            _ = try CellKeys.combine(
                [honest[0], liar, honest[2]], threshold: deployment.threshold, plate: 0,
                cell: place)
        }
        #expect(honest[0].differences(from: liar) == [SubsetMask(bits: 3)])
        #expect(honest[0].differences(from: honest[1]).isEmpty)
        #expect(honest[0].differences(from: honest[2]).isEmpty)
    }

    @Test("one partial that differs is found wherever it stands, and in its subset only")
    func oneDiffers() throws {
        let deployment = try Deployment(3, of: 5)
        let plates = [try plate("X1"), try plate("X2")]
        let cells = [cell(0, 23, 2), cell(1, 0, 1), cell(1, 0, 2)]
        let parcels = try deployment.custodians.prefix(2).map {
            try $0.evaluate(plates: plates, cells: cells)
        }
        let bytes = try parcels[0].encode().withUnsafeBytes { Array($0) }
        let masks = parcels[0].masks
        let keys = bytes.count - plates.count * cells.count * masks.count * 32
        for index in 0..<(plates.count * cells.count * masks.count) {
            var other = bytes
            other[keys + index * 32 + 31] ^= 1
            let changed = try PartialParcel(wire: SecretBytes(copying: other))
            let mask = masks[index % masks.count]
            #expect(parcels[0].differences(from: changed) == [mask])
            // The other custodian sees it where it has that subset too.
            let isShared = parcels[1].masks.contains(mask)
            #expect(parcels[1].differs(from: changed, in: mask) == isShared)
            #expect(parcels[1].differences(from: changed) == (isShared ? [mask] : []))
        }
    }

    @Test("answers to different questions do not combine")
    func unlike() throws {
        let deployment = try Deployment(2, of: 3)
        let (place, asked) = (cell(0, 1), try plate("X1"))
        let first = try deployment.custodians[0].evaluate(plates: [asked], cells: [place])
        let others = [
            try deployment.custodians[1].evaluate(plates: [asked], cells: [cell(0, 1, 9)]),
            try deployment.custodians[1].evaluate(plates: [asked, asked], cells: [place]),
        ]
        for other in others {
            #expect(throws: refusal("parcels-unlike")) {
                _ = try CellKeys.combine(
                    [first, other], threshold: deployment.threshold, plate: 0, cell: place)
            }
            #expect(first.differences(from: other) == [SubsetMask(bits: 3)])
        }
        // A plate or cell that nobody was asked for has no partial at all.
        let both = [
            first, try deployment.custodians[1].evaluate(plates: [asked], cells: [place]),
        ]
        for (index, asked) in [(1, place), (-1, place), (0, cell(0, 2))] {
            #expect(throws: refusal("subset-missing")) {
                _ = try CellKeys.combine(
                    both, threshold: deployment.threshold, plate: index, cell: asked)
            }
        }
    }

    @Test("the gateway's keys are those that the requester combines", arguments: Deployment.all)
    func gateway(_ t: Int, _ n: Int) throws {
        let deployment = try Deployment(t, of: n)
        let (place, asked) = (cell(2, 9), try plate("กข 1234"))
        let keys = SiteKeys(generation: 1, site: place.site, threshold: deployment.threshold)
        for (index, custodian) in deployment.custodians.prefix(t).enumerated() {
            #expect(index == 0 || !keys.missing(place.hour).isEmpty)
            let parcel = try custodian.siteKeys(site: place.site, hours: [place.hour])
            #expect(try keys.take(parcel, from: index).isEmpty)
        }
        #expect(keys.missing(place.hour).isEmpty)
        let answers = try deployment.custodians.suffix(t).map {
            try $0.evaluate(plates: [asked], cells: [place])
        }
        let combined = try CellKeys.combine(
            answers, threshold: deployment.threshold, plate: 0, cell: place)
        let own = try keys.cellKeys(for: asked, hour: place.hour)
        let left = try own.find()
        let right = try combined.find()
        #expect(left.isEqual(to: right) == true)
    }
}
