import Disk
import Ledger
import Plates
import Secrets
import TestSupport
import Warrants
import Wire

@testable import Custody

/// A custodian's mirror, which need not have started when somebody gets the way to it.
final class LateMirror: Handler {
    private unowned let town: Town
    private let word: String

    init(_ town: Town, _ word: String) {
        self.town = town
        self.word = word
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        let custodian: Custody.Custodian
        do { custodian = try town.custodians[word] ?? town.reopen(word) } catch {
            throw WireProblem(code: "custodian-down", sentence: "\(error)")
        }
        return try CustodianService(custodian, followsFirst: true)
            .handle(endpoint, body)
    }
}

/// A custodian's mirror over another tree than the town's, which the log's key signed as well.
final class ForkedMirror: Handler {
    let log: Log
    let mirror: Ledger.Mirror

    /// The tree of these entries, cosigned by a custodian as one that was shown no other.
    init(_ town: Town, _ word: String, entries: [[UInt8]]) throws {
        let setting = try town.setting(word)
        log = try Log.create(
            at: "/fork", origin: Town.origin, signer: try Town.logSigner(),
            fileSystem: FaultyFileSystem())
        _ = try log.append(entries)
        mirror = try Ledger.Mirror.create(
            at: "/forked", origin: Town.origin, logKey: town.roster.logKey,
            cosigner: setting.cosigner, fileSystem: FaultyFileSystem())
        try mirror.advance(
            to: log.checkpoint, cosignedAt: UInt64(town.clock.wall.milliseconds / 1_000)
        ) { try log.entries($0) }
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        let folder = Digest(of: Array(Town.origin.utf8)).hex
        let reply = mirror.resource("\(folder)/\(String(decoding: body, as: UTF8.self))")
        guard endpoint == .mirrorResource, reply.status == 200 else {
            throw WireProblem(code: "tile-missing", sentence: "no such file")
        }
        return reply.body
    }
}

/// A mirror whose checkpoint was changed on the way, or stays what it was.
final class ShownCheckpoint: Handler {
    private let town: Town
    private let word: String
    private let change: ([UInt8]) throws -> [UInt8]

    init(_ town: Town, _ word: String, change: @escaping ([UInt8]) throws -> [UInt8]) {
        self.town = town
        self.word = word
        self.change = change
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        let reply = try LateMirror(town, word).handle(endpoint, body)
        guard endpoint == .mirrorResource, body == Array(TilePath.checkpoint.utf8) else {
            return reply
        }
        do {
            return try change(reply)
        } catch let problem as WireProblem {
            throw problem
        } catch {
            throw WireProblem(code: "checkpoint-gone", sentence: "\(error)")
        }
    }
}
