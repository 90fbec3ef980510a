import Bytes
import Ledger
import Plates
import Secrets
import TestSupport
import Warrants
import Wire

@testable import Custody

/// A vault that keeps a log and mail in memory, and misbehaves when told to.
final class TestVault: Handler {
    let log: Log
    private(set) var disk = FaultyFileSystem()
    private(set) var record: Record
    private(set) var mail: [Mail] = []
    var isDown = false
    /// What it says while it is down.
    var downCode = "vault-down"
    /// Statements of these types are not taken.
    var refused: Set<StatementType> = []
    /// What becomes of a message that is put; several for one that is forged beside it.
    var onMail: ((Mail) throws -> [Mail])?
    /// What is sent instead of the log's entries.
    var onEntries: (([[UInt8]]) -> [[UInt8]])?
    /// The checkpoints with cosignatures that came.
    private(set) var cosigned: [[UInt8]] = []
    /// Those of them that bear one custodian's cosignature.
    func cosigned(by custodian: Custody.Custodian) throws -> [[UInt8]] {
        try cosigned.filter { wire in
            let key = custodian.setting.cosigner.verifierKey
            return try !Note(wire: wire).cosignatures(by: [key]).isEmpty
        }
    }
    /// Whether they are published with the log's own checkpoint.
    var isPublishing = false
    /// What is sent instead of the checkpoint.
    var checkpoint: [UInt8]?

    init(_ roster: Roster, _ first: [UInt8], _ signer: NoteSigner) throws {
        log = try Log.create(
            at: "/log", origin: roster.origin, signer: signer, fileSystem: disk)
        record = Record(trusting: roster)
        _ = try append(first)
    }

    /// A vault that goes on with the log on a disk.
    init(_ roster: Roster, _ signer: NoteSigner, disk: FaultyFileSystem) throws {
        self.disk = disk
        log = try Log.open(
            at: "/log", origin: roster.origin, signer: signer, fileSystem: disk)
        record = Record(trusting: roster)
        for entry in try log.entries(0..<log.size) { record.append(entry) }
    }

    func append(_ entry: [UInt8]) throws(WireProblem) -> UInt64 {
        do {
            let statement = try UnverifiedStatement(wire: entry)
            if let index = record.index(of: statement.id) { return index }
            if let refusal = record.refusal(of: entry) { throw refusal }
            if refused.contains(statement.type) {
                throw Refusal(.statementUnlogged, "the test's vault does not take it")
            }
            record.append(entry)
            return try log.append([entry]).lowerBound
        } catch let refusal as Refusal {
            throw WireProblem(code: refusal.code, sentence: refusal.sentence)
        } catch {
            throw WireProblem(code: "log-failed", sentence: "\(error)")
        }
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        guard !isDown else { throw WireProblem(code: downCode, sentence: "down") }
        do {
            switch endpoint {
            case .logCheckpoint: return checkpoint ?? log.checkpoint
            case .logEntries:
                var reader = ByteReader(body)
                let (first, end) = (try reader.u64(), try reader.u64())
                let entries = try log.entries(first..<end)
                return ByteList.encode(onEntries?(entries) ?? entries)
            case .logCosign:
                cosigned.append(body)
                if isPublishing { _ = try log.add(cosignatures: try Note(wire: body)) }
                return []
            case .logAppend:
                var writer = ByteWriter()
                for entry in try ByteList.decode(body) { writer.u64(try append(entry)) }
                return writer.bytes
            case .mailPut:
                let letter = try Mail(wire: body)
                mail += try onMail?(letter) ?? [letter]
                return []
            case .mailGet:
                let ask = try ByteList.decode(body)
                return ByteList.encode(
                    mail.filter {
                        $0.topic.bytes == ask[0] && Array($0.kind.utf8) == ask[1]
                            && Array($0.recipient.utf8) == ask[2]
                    }.map { $0.encode() })
            default: throw WireProblem(code: "endpoint-unknown", sentence: "\(endpoint)")
            }
        } catch let problem as WireProblem {
            throw problem
        } catch {
            throw WireProblem(code: "vault-failed", sentence: "\(error)")
        }
    }
}
