public import Ledger
public import Plates
import Warrants

/// What the custodians' mirrors show, fetched from each directly and held against a copy of one's
/// own: the only way to know that everybody sees one log (DESIGN section 7, step 4).
public struct Witnesses: Sendable {
    /// A custodian's cosigned checkpoint that agrees with the own copy.
    public struct Shown: Hashable, Sendable {
        /// The custodian's word.
        public let custodian: String
        /// How many entries it holds and serves, by its cosignature.
        public let size: UInt64
        /// When it cosigned, by its clock.
        public let time: Timestamp
    }

    /// Those that agree, in the order in which they were asked.
    public private(set) var shown: [Shown] = []
    /// Why the others do not count, by custodian.
    public private(set) var problems: [String: WireProblem] = [:]
    /// The log signed two trees: the proof, where a mirror showed one.
    public private(set) var fork: LedgerError?

    /// Asks each mirror for its checkpoint. One that is ahead is followed, so that the own copy
    /// covers what it shows; `follow` does so and throws what the own mirror refuses.
    public init(
        asking mirrors: [(id: String, client: CustodianClient)], own: Follower,
        follow: (_ checkpoint: [UInt8], CustodianClient) throws -> Void
    ) {
        for (id, client) in mirrors {
            do {
                shown.append(try Self.ask(id, client, own, follow))
            } catch let error as LedgerError where error.code == "log-forked" {
                fork = fork ?? error
                problems[id] = WireProblem(code: error.code, sentence: error.sentence)
            } catch let error as WireProblem {
                // Only the own mirror proves a fork, whatever the far side calls its answer.
                problems[id] = WireProblem(
                    code: error.code == "log-forked" ? "log-failed" : error.code,
                    sentence: error.sentence)
            } catch {
                let told = error as? LedgerError
                problems[id] = WireProblem(
                    code: told?.code ?? "log-failed",
                    sentence: told?.sentence ?? "the mirror's checkpoint cannot be compared")
            }
        }
    }

    /// How many custodians hold at least so many entries.
    public func count(holding size: UInt64) -> Int { shown.count { $0.size >= size } }

    /// The time that at least so many of those shown have reached by their own clocks: the latest but
    /// `count` − 1 of their cosignatures. Nil where fewer were shown. Fewer than `count` liars
    /// cannot push it beyond what an honest one has seen.
    public func time(reachedBy count: Int) -> Timestamp? {
        let latest = Dictionary(shown.map { ($0.custodian, $0.time) }, uniquingKeysWith: max)
        guard count >= 1, latest.count >= count else { return nil }
        return latest.values.sorted(by: >)[count - 1]
    }

    private static func ask(
        _ id: String, _ client: CustodianClient, _ own: Follower,
        _ follow: ([UInt8], CustodianClient) throws -> Void
    ) throws -> Shown {
        let wire = try client.checkpoint()
        let note = try Note(wire: wire)
        let checkpoint = try Checkpoint(text: note.text)
        // Its own word first: nothing is fetched for a checkpoint that nobody vouches for.
        guard let key = own.record.roster.cosignerKey(of: id),
            checkpoint.origin == own.mirror.origin,
            let cosignature = try note.cosignatures(by: [key]).first
        else { throw missing(id) }
        if checkpoint.size > own.mirror.size { try follow(wire, client) }
        guard own.isSigned(note, checkpoint.size) else { throw missing(id) }
        guard try own.mirror.root(at: checkpoint.size) == checkpoint.root else {
            let held = try own.mirror.checkpoint.map { try Note(wire: $0) }
            throw LedgerError(
                code: "log-forked",
                sentence: "the log signed another tree for \(id) than for this copy",
                evidence: (held.map { [$0] } ?? []) + [note])
        }
        return Shown(
            custodian: id, size: checkpoint.size,
            time: Timestamp(seconds: Int64(clamping: cosignature.time)))
    }
}

extension Witnesses {
    private static func missing(_ id: String) -> WireProblem {
        WireProblem(
            code: "cosignature-missing",
            sentence: "the checkpoint of \(id) does not bear its cosignature and the log's")
    }
}

extension Follower {
    /// Whether a note over so many entries bears the signature of the key that the log had then: one
    /// that ended with a successor signs nothing beyond it, and so proves no fork.
    func isSigned(_ note: Note, _ size: UInt64) -> Bool {
        let ends = record.successions.map(\.index) + [UInt64.max]
        return zip(record.logKeys, ends).contains { key, end in
            size <= end && note.isSigned(by: key)
        }
    }
}
