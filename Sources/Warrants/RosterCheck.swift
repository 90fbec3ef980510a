import Bytes
import Plates

/// What a roster must be before anybody loads it. An empty list, a zero or an unknown quorum
/// refuses: nothing here has a default.
enum RosterCheck {
    static func threshold(_ body: RosterBody) throws(Refusal) -> Threshold {
        let n = body.custodians.count
        guard let threshold = try? Threshold(t: body.threshold, of: n) else {
            throw Refusal(
                .rosterThreshold,
                "threshold \(body.threshold) of \(n) custodians is none of 2/3, 3/5 and 4/7")
        }
        let t = threshold.t
        guard body.quorum == t || body.quorum == (n + t + 1) / 2 else {
            throw Refusal(
                .rosterQuorum,
                "quorum \(body.quorum) is neither \(t) nor \((n + t + 1) / 2), as \(t) of \(n) allows"
            )
        }
        return threshold
    }

    static func origin(_ origin: String) throws(Refusal) {
        let allowed = origin.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0)
                || $0 == 0x2d || $0 == 0x2e || $0 == 0x2f
        }
        guard allowed, (1...120).contains(origin.utf8.count), !origin.hasSuffix("/") else {
            throw Refusal(
                .rosterMalformed, "an origin has 1 to 120 of a-z, 0-9, '-', '.' and '/'")
        }
    }

    static func policy(_ policy: Policy) throws(Refusal) {
        func limit(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(Refusal) {
            guard range.contains(value) else {
                throw Refusal(
                    .rosterPolicy,
                    "\(name) is \(value), outside \(range.lowerBound) to \(range.upperBound)")
            }
        }
        try limit("max-plates", policy.maxPlates, 1...8)
        try limit("max-cells", policy.maxCells, 1...3_000)
        try limit("late-hours", policy.lateHours, 1...24)
        try limit("prefetch-hours", policy.prefetchHours, 1...96)
        try limit("approval-days", policy.approvalDays, 1...7)
        try limit("retention-days", policy.retentionDays, 1...90)
        try limit("embargo-days", policy.embargoDays, 1...90)
        try limit("drills-per-day", policy.drillsPerDay, 0...24)
        try limit("index-candidates", policy.indexCandidates, 0...8)
        try limit("whole-cells", policy.wholeCells, 0...4_096)
        guard !policy.purposes.isEmpty else {
            throw Refusal(.rosterPolicy, "the roster allows no purpose; name at least one")
        }
        for code in policy.purposes {
            if let prohibited = ProhibitedPurpose(code: code) { throw prohibited.refusal }
            guard Purpose(code: code) != nil, !policy.prohibited.contains(code) else {
                throw Refusal(.rosterPolicy, "'\(code)' is no purpose that can be allowed")
            }
        }
        for code in policy.prohibited { try word(code) }
        guard isAscending(policy.purposes), isAscending(policy.prohibited) else {
            throw Refusal(.rosterPolicy, "purposes must ascend, each once")
        }
        guard policy.unattested.allSatisfy({ $0 == .exigent }), policy.unattested.count <= 1 else {
            throw Refusal(.rosterPolicy, "only exigent requests can do without attestation")
        }
    }

    static func parties(_ body: RosterBody) throws(Refusal) {
        var words = Words()
        try words.add(body.vault.id, [body.vault.statementKey, body.vault.logKey])
        for custodian in body.custodians {
            try words.add(custodian.id, [custodian.statementKey, custodian.cosignKey])
            try label(custodian.name)
            try label(custodian.institution)
            try label(custodian.place)
            try label(custodian.administrator)
            try words.add(custodian.officers, of: custodian.id)
        }
        for site in body.sites {
            try words.add(site.id, site.keys)
            try label(site.name)
        }
        for agency in body.agencies {
            try words.add(agency.id, [])
            try label(agency.name)
            try label(agency.institution)
            guard (0...10_000_000).contains(agency.budget) else {
                throw Refusal(
                    .rosterPolicy, "an agency's budget is 0 to 10,000,000 cells in 30 days")
            }
            try words.add(agency.requesters, of: agency.id)
        }
        for authority in body.authorities {
            try words.add(authority.id, [authority.key])
            try label(authority.name)
        }
        guard body.sites.allSatisfy({ (1...32).contains($0.keys.count) }) else {
            throw Refusal(.rosterParty, "a site has 1 to 32 keys")
        }
        guard Set(body.custodians.map(\.institution)).count >= body.threshold else {
            throw Refusal(
                .rosterParty,
                "the custodians belong to fewer than \(body.threshold) different institutions")
        }
        let numbers = body.sites.map { Int($0.number.number) }
        guard isAscending(numbers), isAscending(body.retiredSites),
            Set(numbers).isDisjoint(with: body.retiredSites),
            body.retiredSites.allSatisfy({ (0...65_535).contains($0) }),
            isAscending(body.agencies.map(\.id)), isAscending(body.authorities.map(\.id))
        else {
            throw Refusal(
                .rosterParty, "sites ascend by number, none retired; others ascend by id")
        }
    }

    /// What must hold between a roster and the next: numbers of sites are never given away.
    static func succession(from old: Roster, to new: Roster) throws(Refusal) {
        guard new.previous == old.hash, new.origin == old.origin else {
            throw Refusal(.rosterSuccession, "the roster does not name the one in force before it")
        }
        var kept: [Int: String] = [:]
        for site in new.sites { kept[Int(site.number.number)] = site.id }
        for site in old.sites {
            let number = Int(site.number.number)
            guard kept[number] == site.id || new.body.retiredSites.contains(number) else {
                throw Refusal(
                    .rosterSuccession,
                    "site number \(number) is neither kept by \(site.id) nor retired")
            }
        }
        guard Set(old.body.retiredSites).isSubset(of: new.body.retiredSites) else {
            throw Refusal(.rosterSuccession, "a retired site number is missing or used again")
        }
    }

    /// A party's word.
    static func word(_ text: String) throws(Refusal) {
        guard text.isWord(most: 40) else {
            throw Refusal(.rosterParty, "a party's word has 1 to 40 of a-z, 0-9 and '-'")
        }
    }

    /// A name for people: one line, no quotes or backslashes, single spaces.
    static func label(_ text: String) throws(Refusal) {
        let allowed = text.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0x22 && $0.value != 0x5c
                && !(0x7f...0xa0).contains($0.value) && $0.properties.generalCategory != .control
                && $0.properties.generalCategory != .format
                && $0.properties.generalCategory != .lineSeparator
                && $0.properties.generalCategory != .paragraphSeparator
        }
        let spaced = text.hasPrefix(" ") || text.hasSuffix(" ") || text.utf8.containsDoubleSpace
        guard allowed, !spaced, (1...120).contains(text.utf8.count) else {
            throw Refusal(
                .rosterParty,
                "a name is one line of 1 to 120 bytes without quotes, backslashes or double spaces")
        }
    }

    static func isAscending<Value: Comparable>(_ values: [Value]) -> Bool {
        zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
    }
}

extension String.UTF8View {
    fileprivate var containsDoubleSpace: Bool {
        zip(self, dropFirst()).contains { $0 == 0x20 && $1 == 0x20 }
    }
}

/// Words and keys taken so far: no two parties share either.
private struct Words {
    var ids: Set<String> = []
    var keys: Set<PartyKey> = []

    mutating func add(_ id: String, _ keys: [PartyKey]) throws(Refusal) {
        try RosterCheck.word(id)
        guard ids.insert(id).inserted else {
            throw Refusal(.rosterParty, "two parties are called '\(id)'")
        }
        for key in keys {
            guard self.keys.insert(key).inserted else {
                throw Refusal(.rosterParty, "'\(id)' has a key that stands in the roster twice")
            }
        }
    }

    mutating func add(_ members: [Signatory], of id: String) throws(Refusal) {
        for member in members { try add(member.id, [member.key]) }
        guard RosterCheck.isAscending(members.map(\.id)) else {
            throw Refusal(.rosterParty, "the people of '\(id)' must ascend by id")
        }
    }
}
