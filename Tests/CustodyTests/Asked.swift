import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Custody

/// A request for one closed cell, with its order and some approvals, in a town.
struct Asked {
    let town: Town
    let cell: Cell
    let key: OneTimeKey
    let id: Digest
    let secret: RequestSecret

    init(
        _ town: Town, approving words: [String] = ["audit", "clerk", "inspector"],
        embargo days: Int64? = nil
    ) throws {
        self.town = town
        cell = try town.closedCell()
        try town.tick()
        key = try OneTimeKey(from: SeededRandom("reply"))
        (id, secret) = try town.file(
            cells: [cell], replyKey: key,
            embargo: days.map { town.clock.wall.day.adding($0) })
        try town.approve(id, words)
    }

    /// The code under which a custodian refuses to evaluate it; nil where it does.
    func refused(by word: String) -> String? {
        refusal { _ = try town.evaluate(id, word, key) }
    }

    /// What the vault's log says of it.
    func state() throws -> RequestState { try #require(town.vault.record.request(id)) }
}
