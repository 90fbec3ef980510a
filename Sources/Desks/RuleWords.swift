import Portal
import Warrants

/// The rules by which a request is judged, for people: what each asks, and what came of it.
enum RuleWords {
    /// By the rule's word in `Judge.checks`.
    private static let names = [
        "request": "The request stands in the log",
        "requester": "The requester is of an agency whose agreement holds",
        "purpose": "The purpose is one that the policy allows",
        "process": "The kind of process is known",
        "time": "It was made neither later than now nor too long ago",
        "plates": "It names few enough plates, each once",
        "cells": "It names few enough hours at sites",
        "budget": "The agency's budget of 30 days is enough",
        "reply-key": "The reply key is fresh",
        "sealed-copies": "Every custodian got a sealed copy",
        "secret": "The sealed copy is what the log commits to",
        "window": "The hours are closed, old enough, and still there",
        "withdrawal": "It was not withdrawn",
        "countersignature": "The agency has signed for what it got before",
        "attestation": "An authority attests the order",
        "approvals": "Enough institutions approve",
    ]
    /// Rules whose verdict tells what other officers said.
    private static let ofOthers: Set<String> = ["approvals"]

    /// The rules with their verdicts; what others decided is left out where it is not to be shown.
    static func table(_ checks: [Check], showsOthers: Bool) -> Table {
        Table(
            "Each rule, and what came of it", heads: ["Rule", "Verdict", "Why"],
            rows: checks.map { check in
                let name = names[check.name] ?? check.name
                guard showsOthers || !ofOthers.contains(check.name) else {
                    return [
                        Table.Cell(name), Table.Cell("not shown", badge: .calm),
                        Table.Cell("what others decided is shown once you have"),
                    ]
                }
                return [Table.Cell(name)] + cells(check.verdict)
            }, hidesCaption: true)
    }

    /// The first rule that refuses it, others' decisions aside; nil where none does.
    static func refusal(_ checks: [Check]) -> Refusal? {
        for check in checks where !ofOthers.contains(check.name) {
            if case .refused(let refusal) = check.verdict { return refusal }
        }
        return nil
    }

    private static func cells(_ verdict: Verdict?) -> [Table.Cell] {
        switch verdict {
        case .granted: [Table.Cell("holds", badge: .good), Table.Cell("")]
        case .waiting(let why):
            [Table.Cell("still missing", badge: .warn), Table.Cell(why.sentence)]
        case .refused(let why): [Table.Cell("refused", badge: .bad), Table.Cell(why.sentence)]
        case nil:
            [
                Table.Cell("not applied", badge: .warn),
                Table.Cell("the sealed copy is not open here"),
            ]
        }
    }
}
