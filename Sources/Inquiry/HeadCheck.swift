import Ledger
import Plates
import Secrets
import Warrants

/// A mirror's checkpoint as it was shown, before the log's own was asked for.
struct MirrorHead: Sendable {
    let source: any TileSource
    let note: Result<Note, LedgerError>

    init(_ source: any TileSource) {
        self.source = source
        do throws(LedgerError) {
            note = .success(try Note(wire: try source.read(TilePath.checkpoint)))
        } catch {
            note = .failure(error)
        }
    }
}

/// Holds the log's checkpoint, its cosignatures and its mirrors' checkpoints against the tree that
/// was recomputed.
struct HeadCheck {
    let log: TiledLog
    let note: Note
    let record: Record
    let now: Timestamp

    /// Clocks of honest parties differ by no more than this.
    private static let skew: UInt64 = 120

    private typealias Cosignature = AuditLog.Cosignature

    /// What was found of the log, and the findings.
    func result(_ mirrors: [(name: String, head: MirrorHead)]) -> (AuditLog, [Warrants.Finding]) {
        var findings: [Warrants.Finding] = []
        if !note.isSigned(by: record.logKey) {
            findings.append(
                fault(
                    "checkpoint-unsigned",
                    "the checkpoint bears no valid signature of the log's key", [note]))
        }
        var best: [String: Cosignature] = [:]
        func take(_ found: (cosignatures: [Cosignature], findings: [Warrants.Finding])) {
            for finding in found.findings where !findings.contains(finding) {
                findings.append(finding)
            }
            for one in found.cosignatures where one.size >= best[one.custodian]?.size ?? 0 {
                best[one.custodian] = one
            }
        }
        take(cosignatures(of: note, log.head, "the log"))
        var looked: [AuditLog.Mirror] = []
        for (name, mirror) in mirrors {
            let (verdict, found) = compare(name, mirror)
            looked.append(verdict)
            findings += found
            // Who cosigned a fork has not cosigned this log; `compare` names them.
            guard verdict.verdict != "forked", case .success(let note) = mirror.note,
                let head = try? Checkpoint(text: note.text), verdict.size != nil
            else { continue }
            take(cosignatures(of: note, head, name))
        }
        let roster = record.roster
        let sizes = best.values.map { min($0.size, log.size) }.sorted(by: >)
        let cosigned = sizes.count >= roster.quorum ? sizes[roster.quorum - 1] : 0
        if cosigned < log.size {
            findings.append(
                notice(
                    "quorum-missing",
                    "\(roster.quorum) custodians have cosigned \(cosigned) of \(log.size) entries; "
                        + "cosigned by: "
                        + (best.isEmpty ? "none" : best.keys.sorted().joined(separator: ", "))))
        }
        let state = AuditLog(
            size: log.size, root: log.head.root.hex, quorum: roster.quorum, cosigned: cosigned,
            cosignatures: best.values.sorted { $0.custodian < $1.custodian }, mirrors: looked)
        return (state, findings)
    }

    /// The cosignatures of custodians in force under a checkpoint, and what is wrong with others.
    private func cosignatures(
        of note: Note, _ head: Checkpoint, _ place: String
    ) -> (cosignatures: [Cosignature], findings: [Warrants.Finding]) {
        var found: [Cosignature] = []
        var findings: [Warrants.Finding] = []
        var known = logKeys.map { Line($0.name, $0.keyID) }
        for custodian in record.roster.custodians {
            guard
                let key = try? CosignerKey(
                    name: record.roster.keyName(custodian.id), key: custodian.cosignKey.key)
            else { continue }
            known.append(Line(key.name, key.keyID))
            do {
                for line in try note.cosignatures(by: [key]) {
                    found.append(
                        Cosignature(custodian: custodian.id, size: head.size, time: line.time))
                    let latest = UInt64(max(0, now.milliseconds / 1_000)) + Self.skew
                    guard line.time > latest else { continue }
                    findings.append(
                        fault(
                            "checkpoint-future",
                            "\(custodian.id) cosigned a checkpoint of \(place) at "
                                + Timestamp(seconds: Int64(clamping: line.time)).text
                                + ", later than the audit's time", [note]))
                }
            } catch {
                findings.append(
                    fault(
                        "cosignature-wrong",
                        "a cosignature of \(place) under the name of \(custodian.id) is not valid",
                        [note]))
            }
        }
        for line in note.signatures where !known.contains(Line(line.name, line.keyID)) {
            findings.append(
                notice(
                    "cosignature-foreign",
                    "a checkpoint of \(place) is also signed by \(line.name), a key that the roster "
                        + "in force does not have"))
        }
        return (found, findings)
    }

    /// A signature line by name and key id.
    private struct Line: Equatable {
        let name: [UInt8]
        let keyID: [UInt8]

        init(_ name: String, _ keyID: [UInt8]) {
            self.name = Array(name.utf8)
            self.keyID = keyID
        }
    }

    /// Every key that the log has had.
    private var logKeys: [NoteVerifierKey] {
        let first = record.rosters.first?.roster.logKey
        let later = record.successions.compactMap {
            try? NoteVerifierKey(name: record.origin, key: $0.body.logKey.key)
        }
        return (first.map { [$0] } ?? []) + later
    }

    /// A mirror's checkpoint against the tree.
    private func compare(
        _ name: String, _ mirror: MirrorHead
    ) -> (AuditLog.Mirror, [Warrants.Finding]) {
        func verdict(_ word: String, _ size: UInt64?, _ finding: Warrants.Finding? = nil)
            -> (AuditLog.Mirror, [Warrants.Finding])
        {
            (AuditLog.Mirror(name: name, size: size, verdict: word), [finding].compactMap { $0 })
        }
        do throws(LedgerError) {
            let other = try mirror.note.get()
            let head = try Checkpoint(text: other.text)
            guard head.origin.utf8.elementsEqual(log.head.origin.utf8),
                logKeys.contains(where: { other.isSigned(by: $0) })
            else {
                return verdict(
                    "unreadable", nil,
                    fault(
                        "mirror-unsigned",
                        "the mirror \(name) shows a checkpoint that the log has not signed", [other]
                    ))
            }
            let isAhead = head.size > log.size
            let root: Digest
            if isAhead {
                root = try TiledLog(mirror.source, head: head).root(at: log.size)
            } else {
                root = try log.root(at: head.size)
            }
            guard root == (isAhead ? log.head.root : head.root) else {
                return verdict(
                    "forked", head.size,
                    fault("log-forked", forked(name, other, head), [note, other]))
            }
            guard isAhead else {
                let isEqual = head.size == log.size
                return verdict(
                    isEqual ? "equal" : "behind", head.size,
                    isEqual
                        ? nil
                        : notice(
                            "mirror-behind",
                            "the mirror \(name) has \(head.size) of \(log.size) entries"))
            }
            return verdict("ahead", head.size, ahead(name, other, head))
        } catch {
            return verdict(
                "unreadable", nil,
                notice(
                    "mirror-unreadable",
                    "the mirror \(name) cannot be read (\(error.code)): \(error.sentence)"))
        }
    }

    private func forked(_ name: String, _ other: Note, _ head: Checkpoint) -> String {
        let signers = cosignatures(of: other, head, name).cosignatures.map(\.custodian)
        let names = signers.isEmpty ? "nobody" : signers.joined(separator: ", ")
        return
            "the log's key has signed two trees: \(log.size) entries here, and \(head.size) that do "
            + "not belong to them at the mirror \(name), cosigned by \(names)"
    }

    /// A mirror was shown more than the auditor, who asked later.
    private func ahead(_ name: String, _ other: Note, _ head: Checkpoint) -> Warrants.Finding {
        let signers = cosignatures(of: other, head, name).cosignatures.map(\.custodian)
        guard !signers.isEmpty else {
            return notice(
                "mirror-ahead",
                "the mirror \(name) has \(head.size) entries, and the log shows \(log.size); no "
                    + "custodian has cosigned them")
        }
        return fault(
            "log-rolled-back",
            "the log shows \(log.size) entries, and the mirror \(name) has \(head.size) that extend "
                + "them, cosigned by " + signers.joined(separator: ", "), [note, other])
    }

    private func fault(_ code: String, _ sentence: String, _ notes: [Note]) -> Warrants.Finding {
        Warrants.Finding(
            code: code, sentence: sentence, index: nil,
            evidence: notes.map { String(decoding: $0.encode(), as: UTF8.self) })
    }

    private func notice(_ code: String, _ sentence: String) -> Warrants.Finding {
        Warrants.Finding(code: code, sentence: sentence, index: nil, isFault: false)
    }
}
