import Plates
import Secrets

/// Checks that several bodies share.
enum Form {
    static func custodian(_ id: String, in roster: Roster) throws(Refusal) -> String {
        guard roster.custodianIndex(id) != nil else {
            throw Refusal(.signerUnknown, "the roster has no custodian of that name")
        }
        return id
    }

    static func officer(_ id: String, in roster: Roster) throws(Refusal) -> String {
        guard roster.custodian(ofOfficer: id) != nil else {
            throw Refusal(.signerUnknown, "the roster has no officer of that name")
        }
        return id
    }

    static func site(_ number: SiteNumber, in roster: Roster) throws(Refusal) -> String {
        guard let site = roster.site(number) else {
            throw Refusal(.siteUnknown, "the roster has no site \(number)")
        }
        return site.id
    }

    static func hours(_ first: Hour, _ last: Hour) throws(Refusal) {
        guard first <= last, last.number - first.number < 400 else {
            throw Refusal(.statementMalformed, "hours go from the first to the last, at most 400")
        }
    }

    static func oneTimeKey(_ key: [UInt8]) throws(Refusal) {
        guard key.count == HybridSeal.publicKeySize else {
            throw Refusal(
                .statementMalformed, "a one-time key has \(HybridSeal.publicKeySize) bytes")
        }
    }

    /// A code word in the log: no free text fits into it.
    static func codeWord(_ text: String) throws(Refusal) {
        let allowed = text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x41...0x5a).contains($0)
                || (0x30...0x39).contains($0) || $0 == 0x2d
        }
        guard allowed, (1...32).contains(text.utf8.count) else {
            throw Refusal(.statementMalformed, "a code has 1 to 32 letters, digits and '-'")
        }
    }

    /// No more exact than the policy lets statements about requests be.
    static func blunt(_ time: Timestamp, in roster: Roster) throws(Refusal) {
        guard roster.policy.blunt(time) == time else {
            throw Refusal(
                .timeExact, "the policy rounds the times of such statements down to the hour")
        }
    }

    static func items(_ items: [EvaluationItem]) throws(Refusal) {
        guard (1...EvaluationBody.digestLimit).contains(items.count),
            RosterCheck.isAscending(items)
        else {
            throw Refusal(
                .statementMalformed,
                "the digests ascend, 1 to \(EvaluationBody.digestLimit) of them")
        }
    }

    /// One commitment for exactly the subsets that a custodian is in.
    static func held(
        _ commits: [MaskedDigest], by custodian: String, in roster: Roster
    ) throws(Refusal) {
        guard let index = roster.custodianIndex(custodian),
            commits.map(\.mask) == roster.threshold.subsets(heldBy: index)
        else {
            throw Refusal(
                .subsetForeign, "the commitments are not for exactly the custodian's subsets")
        }
    }
}
