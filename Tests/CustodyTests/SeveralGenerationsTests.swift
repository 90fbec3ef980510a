import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Tokens
import Warrants

@testable import Custody

/// One search over days of two generations.
@Suite struct SeveralGenerationsTests {
    @Test func oneAnswerCoversTheDaysOfBoth() throws {
        let town = try Town.running()
        for _ in 0..<6 {
            town.pass(hours: 24)
            for _ in 0..<5 { try town.tick() }
        }
        let old = try town.closedCell()
        town.pass(hours: 16)
        try town.tick()
        let new = try town.closedCell()
        try town.tick()
        let record = town.vault.record
        #expect(record.generation(for: old.hour.day)?.number == 1)
        #expect(record.generation(for: new.hour.day)?.number == 2)

        let key = try OneTimeKey(from: SeededRandom("reply"))
        let (id, secret) = try town.file(cells: [old, new], replyKey: key)
        let words = ["audit", "clerk", "inspector"]
        try town.approve(id, words)
        try town.tick()
        let parcels = try words.map { try town.evaluate(id, $0, key) }
        for parcel in parcels {
            #expect(parcel.cells == [old, new] && parcel.generation == 2)
        }
        for (cell, number) in [(old, UInt32(1)), (new, 2)] {
            let apart = try words.map { word in
                let shares = try town.custodian(word).state.shares
                let chains = try #require(shares.first { $0.generation == number }).open()
                return try chains.evaluate(plates: secret.plates, cells: [cell])
            }
            let threshold = town.roster.threshold
            let expected = try CellKeys.combination(
                apart, threshold: threshold, plate: 0, cell: cell)
            let found = try CellKeys.combination(
                parcels, threshold: threshold, plate: 0, cell: cell)
            let isEqual = found.isEqual(to: expected)
            #expect(isEqual)
        }
        // The others check it, in both generations, and agree.
        try town.tick()
        let state = try #require(town.vault.record.request(id))
        #expect(state.evaluations.count == 3 && state.checks.count == 2)
        #expect(state.confirmation(town.roster.threshold) == .confirmed(by: 3, of: 3))
        #expect(state.evaluations[0].body.digests.count == 2 * 6)
    }
}
