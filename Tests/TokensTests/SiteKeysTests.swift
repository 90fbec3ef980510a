import Plates
import Secrets
import Testing
import Tokens

@Suite("a gateway's keys: two holders compared")
struct SiteKeysTests {
    let site = SiteNumber(number: 3)
    let hours = [cell(0, 1).hour, cell(0, 2).hour]

    private func keys(_ deployment: Deployment) -> SiteKeys {
        SiteKeys(generation: 1, site: site, threshold: deployment.threshold)
    }

    @Test("a key of one holder is marked, a second holder's confirms it")
    func confirmed() throws {
        let deployment = try Deployment(2, of: 3)
        let keys = keys(deployment)
        func take(_ custodian: Int) throws {
            let parcel = try deployment.custodians[custodian].siteKeys(site: site, hours: hours)
            #expect(try keys.take(parcel, from: custodian).isEmpty)
        }
        try take(0)
        #expect(keys.missing(hours[0]) == [SubsetMask(bits: 6)])
        #expect(throws: refusal("subset-missing")) {
            _ = try keys.cellKeys(for: plate("A1"), hour: hours[0])
        }
        try take(1)
        #expect(keys.missing(hours[0]).isEmpty)
        #expect(keys.unconfirmed(hours[0]) == [SubsetMask(bits: 5), SubsetMask(bits: 6)])
        // The same custodian again confirms nothing.
        try take(1)
        #expect(keys.unconfirmed(hours[0]) == [SubsetMask(bits: 5), SubsetMask(bits: 6)])
        try take(2)
        #expect(keys.unconfirmed(hours[0]).isEmpty)
        #expect(keys.hours == hours)
    }

    @Test("a difference names both camps, and the majority's key is used")
    func differing() throws {
        let deployment = try Deployment(3, of: 5)
        let liars = try Deployment(3, of: 5, name: "liars")
        let keys = keys(deployment)
        let liar = try liars.custodians[0].siteKeys(site: site, hours: [hours[0]])
        #expect(try keys.take(liar, from: 0).isEmpty)
        var named: Set<KeyDifference> = []
        for custodian in 1..<5 {
            let parcel = try deployment.custodians[custodian].siteKeys(
                site: site, hours: [hours[0]])
            named.formUnion(try keys.take(parcel, from: custodian))
        }
        #expect(
            Set(named.map(\.mask)) == Set(deployment.threshold.subsets(heldBy: 0)))
        #expect(named.allSatisfy { $0.camps[0] == [0] && !$0.camps[1].contains(0) })
        let asked = try plate("A1")
        let answers = try deployment.custodians.map {
            try $0.evaluate(plates: [asked], cells: [cell(0, 1)])
        }
        let truth = try CellKeys.combine(
            answers, threshold: deployment.threshold, plate: 0, cell: cell(0, 1))
        let own = try keys.cellKeys(for: asked, hour: hours[0])
        let left = try own.find()
        let right = try truth.find()
        #expect(left.isEqual(to: right) == true)
    }

    @Test("keys of another site, generation or subset are not taken")
    func others() throws {
        let deployment = try Deployment(2, of: 3)
        let keys = keys(deployment)
        let elsewhere = try deployment.custodians[0].siteKeys(
            site: SiteNumber(number: 4), hours: hours)
        #expect(throws: refusal("parcel-other")) { _ = try keys.take(elsewhere, from: 0) }
        let right = try deployment.custodians[0].siteKeys(site: site, hours: hours)
        #expect(throws: refusal("parcel-other")) { _ = try keys.take(right, from: 1) }
        let older = SiteKeys(generation: 2, site: site, threshold: deployment.threshold)
        #expect(throws: refusal("parcel-other")) { _ = try older.take(right, from: 0) }
        #expect(keys.hours.isEmpty)
    }

    @Test("forgotten hours open nothing any more")
    func forgotten() throws {
        let deployment = try Deployment(2, of: 3)
        let keys = keys(deployment)
        for custodian in 0..<2 {
            let parcel = try deployment.custodians[custodian].siteKeys(site: site, hours: hours)
            _ = try keys.take(parcel, from: custodian)
        }
        _ = try keys.cellKeys(for: plate("A1"), hour: hours[0])
        keys.forget(before: hours[1])
        #expect(keys.hours == [hours[1]])
        #expect(throws: refusal("subset-missing")) {
            _ = try keys.cellKeys(for: plate("A1"), hour: hours[0])
        }
        _ = try keys.cellKeys(for: plate("A1"), hour: hours[1])
    }
}
