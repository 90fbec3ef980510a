import Bytes
import Plates
import Secrets
import Testing
import Tokens

@Suite("chains: forward only")
struct ChainTests {
    @Test("advancing destroys the days before, for commits, grants and evaluations alike")
    func destroyed() throws {
        let set = try Deployment(3, of: 5).custodians[0]
        let (asked, site) = (try plate("A1"), SiteNumber(number: 3))
        try set.advance(to: Deployment.first.adding(5))
        #expect(set.oldestDay == Deployment.first.adding(5))
        for day in 0..<5 {
            #expect(throws: refusal("day-destroyed")) {
                _ = try set.commits(at: Deployment.first.adding(Int64(day)))
            }
            #expect(throws: refusal("day-destroyed")) {
                _ = try set.siteKeys(site: site, hours: [cell(day, 23).hour, cell(5, 0).hour])
            }
            #expect(throws: refusal("day-destroyed")) {
                _ = try set.evaluate(plates: [asked], cells: [cell(day, 23), cell(5, 0)])
            }
            #expect(throws: refusal("day-destroyed")) {
                _ = try set.advanced(to: Deployment.first.adding(Int64(day)))
            }
        }
        #expect(try set.evaluate(plates: [asked], cells: [cell(5, 0)]).cells.count == 1)
    }

    @Test("a day's keys are the same however far the chain has been advanced")
    func forward() throws {
        let fresh = try Deployment(3, of: 5).custodians[1]
        let late = try Deployment(3, of: 5).custodians[1]
        let place = cell(9, 13)
        let asked = try plate("A1")
        let before = try fresh.evaluate(plates: [asked], cells: [place])
        for day in 1...9 {
            try late.advance(to: Deployment.first.adding(Int64(day)))
            let after = try late.evaluate(plates: [asked], cells: [place])
            #expect(before.differences(from: after).isEmpty)
            #expect(
                try late.commits(at: place.hour.day).map(\.commit)
                    == fresh.commits(at: place.hour.day).map(\.commit))
        }
        // Evaluating did not advance the first one.
        #expect(fresh.oldestDay == Deployment.first)
    }

    @Test("going back, standing still and too far ahead")
    func bounds() throws {
        let set = try Deployment(2, of: 3).custodians[0]
        try set.advance(to: Deployment.first.adding(3))
        try set.advance(to: Deployment.first)
        #expect(set.oldestDay == Deployment.first.adding(3))
        let limit = Deployment.first.adding(3 + ChainSet.reach)
        #expect(try set.commits(at: limit).count == set.masks.count)
        for day in [limit.next, Day(number: .max)] {
            #expect(throws: refusal("day-out-of-range")) { try set.advance(to: day) }
            #expect(throws: refusal("day-out-of-range")) { _ = try set.commits(at: day) }
        }
        #expect(set.oldestDay == Deployment.first.adding(3))
    }

    @Test("a prepared successor is further on, and the present state stays as it was")
    func prepared() throws {
        let set = try Deployment(3, of: 5).custodians[2]
        let next = try set.advanced(to: Deployment.first.next)
        #expect(next.oldestDay == Deployment.first.next)
        #expect(set.oldestDay == Deployment.first)
        #expect(
            try next.commits(at: Deployment.first.next).map(\.commit)
                == set.commits(at: Deployment.first.next).map(\.commit))
        #expect(try set.commits(at: Deployment.first).count == 6)
    }

    @Test("after a wipe nothing is answered and nothing is saved")
    func wiped() throws {
        let set = try Deployment(3, of: 5).custodians[2]
        set.wipe()
        #expect(throws: refusal("day-destroyed")) { _ = try set.commits(at: Deployment.first) }
        #expect(throws: refusal("day-destroyed")) { _ = try set.commits(at: Day(number: .max)) }
        #expect(throws: refusal("day-destroyed")) { _ = try set.encode() }
        #expect(throws: refusal("day-destroyed")) {
            try set.advance(to: Deployment.first.adding(9))
        }
    }

    @Test("the members of a subset agree on its commitments; subsets and days differ")
    func commits() throws {
        let deployment = try Deployment(3, of: 5)
        var byMask: [SubsetMask: Set<Digest>] = [:]
        for custodian in deployment.custodians {
            #expect(
                custodian.masks == deployment.threshold.subsets(heldBy: custodian.custodian))
            for day in [Deployment.first, Deployment.first.next] {
                for (mask, commit) in try custodian.commits(at: day) {
                    byMask[mask, default: []].insert(commit)
                }
            }
        }
        #expect(byMask.count == 10)
        #expect(byMask.values.allSatisfy { $0.count == 2 })
        #expect(byMask.values.reduce(Set()) { $0.union($1) }.count == 20)
    }

    @Test("unsorted, repeated or no cells, and no or too many plates, are refused")
    func questions() throws {
        let set = try Deployment(2, of: 3).custodians[0]
        let asked = try plate("A1")
        let orders = [
            [], [cell(0, 2), cell(0, 1)], [cell(0, 1), cell(0, 1)],
            [cell(0, 1, 4), cell(0, 1, 3)],
        ]
        for cells in orders {
            #expect(throws: refusal("cells-unsorted")) {
                _ = try set.evaluate(plates: [asked], cells: cells)
            }
        }
        for count in [0, 256] {
            #expect(throws: refusal("plates-count")) {
                _ = try set.evaluate(
                    plates: Array(repeating: asked, count: count), cells: [cell(0, 1)])
            }
        }
        #expect(throws: refusal("cells-unsorted")) {
            _ = try set.siteKeys(site: SiteNumber(number: 1), hours: [])
        }
    }

    @Test("chains need every contribution, and a custodian that the roster has")
    func ceremony() throws {
        let deployment = try Deployment(3, of: 5)
        let roster = Digest(of: [])
        func make(_ custodian: Int, _ parcels: [SeedParcel], _ generation: UInt32 = 1) throws {
            _ = try ChainSet(
                generation: generation, first: Deployment.first, threshold: deployment.threshold,
                custodian: custodian, roster: roster, parcels: parcels)
        }
        try make(0, deployment.seeds)
        for missing in 0..<5 {
            var parcels = deployment.seeds
            parcels.remove(at: missing)
            #expect(throws: refusal("contribution-missing")) { try make(0, parcels) }
        }
        #expect(throws: refusal("contribution-missing")) { try make(0, deployment.seeds, 2) }
        #expect(throws: refusal("member-unknown")) { try make(5, deployment.seeds) }
        #expect(throws: refusal("member-unknown")) {
            _ = try SeedParcel.draw(
                generation: 1, threshold: deployment.threshold, member: 5,
                from: SeededRandom("x"))
        }
        #expect(throws: refusal("member-unknown")) { _ = try deployment.seeds[0].parcel(for: 0) }
        #expect(throws: refusal("member-unknown")) { _ = try deployment.seeds[0].parcel(for: 5) }
    }

    @Test("a custodian is sent the contributions of shared subsets and no others")
    func shared() throws {
        let deployment = try Deployment(3, of: 5)
        let parcel = try deployment.seeds[1].parcel(for: 4)
        #expect(parcel.masks.count == 3)
        #expect(parcel.masks.allSatisfy { $0.contains(1) && $0.contains(4) })
        let whole = deployment.seeds[1].commits
        for (mask, commit) in parcel.commits {
            #expect(whole.contains { $0.mask == mask && $0.commit == commit })
        }
        let size = try parcel.encode().count
        #expect(size == 4 + 1 + 2 + 3 * 2 + 3 * 32)
    }
}
