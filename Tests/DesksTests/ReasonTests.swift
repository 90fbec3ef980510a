import Bytes
import Foundation
import Plates
import Secrets
import Testing
import Warrants
import Wire

@testable import Embedded
@testable import Inquiry

/// An officer's reason in words reaches the requester, and nobody else.
@Suite struct ReasonTests {
    @Test func `a reason is the requester's to read, and the log shows its digest`() throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let town = try Deployment.open(at: path)
        let id = try town.file(Town.application(), as: "investigator")
        let words = "Order of 1 March names other hours.\nZum Beispiel 06 Uhr: ä."
        try town.officer("privacy-office").deny(
            id, code: .warrantMismatch, reason: try DenialReason(words), at: town.now)
        try town.officer("clerk-of-court").deny(id, code: .tooBroad, at: town.now)

        let desk = try town.desk("investigator")
        let requester = Requester(desk: desk, random: SystemRandom())
        let file = try town.caseFile(id, of: "investigator")
        let reasons = try requester.reasons(of: id, file)
        #expect(reasons.map(\.officer) == ["privacy-office-officer"])
        #expect(reasons.map(\.reason.text) == [words])
        let denials = try #require(desk.record.request(id)).denials
        #expect(denials.map { $0.body.reason == nil } == [false, true])
        for denial in denials {
            #expect(!String(decoding: denial.statement.wire, as: UTF8.self).contains("Order of"))
        }
        let mail = try desk.vault.mail(
            topic: id, kind: "reason", recipient: desk.roster.keyName("investigator"))
        #expect(mail.map { Digest(of: $0.sealed) } == [try #require(denials[0].body.reason)])
        #expect(mail[0].sealed.count == DenialReason.size + 1_136)
        let other = try OneTimeKey(from: SystemRandom())
        #expect(throws: SecretsError.self) {
            _ = try other.open(mail[0].sealed, info: SealInfo.reason.text(town.roster.origin))
        }

        // What no denial names is nobody's reason.
        try desk.vault.put(
            Mail(
                topic: id, kind: "reason", recipient: desk.roster.keyName("investigator"),
                sender: desk.roster.keyName("clerk-of-court-officer"),
                until: town.now.adding(days: 1), sealed: mail[0].sealed.reversed()))
        #expect(try requester.reasons(of: id, file).count == 1)
    }

    /// Bytes that an officer's own tool would not have sealed, named by the officer's denial.
    private func garble(
        _ town: Deployment, _ id: Digest, by word: String, _ sealed: [UInt8]
    ) throws {
        let officer = word + "-officer"
        let desk = try town.desk(officer)
        try desk.vault.put(
            Mail(
                topic: id, kind: "reason", recipient: desk.roster.keyName("investigator"),
                sender: desk.roster.keyName(officer), until: town.now.adding(days: 1),
                sealed: sealed))
        let body = DenialBody(
            officer: officer, request: id, code: .conflict, reason: Digest(of: sealed),
            time: desk.blunt(town.now))
        try desk.log(body)
    }

    @Test func `garbage is one officer's, and takes no other reason away`() throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let town = try Deployment.open(at: path)
        let id = try town.file(Town.application(), as: "investigator")
        try garble(town, id, by: "clerk-of-court", [1, 2, 3])
        // Sealed as it must be, and no reason inside.
        let state = try #require(try town.record().request(id))
        let wrong = try HybridSeal.seal(
            try SecretBytes(copying: [UInt8](repeating: 0, count: 7)), to: state.body.replyKey,
            info: SealInfo.reason.text(town.roster.origin))
        try garble(town, id, by: "inspector-general", wrong)
        try town.officer("privacy-office").deny(
            id, code: .tooBroad, reason: try DenialReason("why"), at: town.now)
        let told = try town.reasons(of: id, as: "investigator")
        #expect(
            told.map(\.reason.text) == [
                "clerk-of-court-officer's reason cannot be read",
                "inspector-general-officer's reason cannot be read", "why",
            ])
    }

    @Test func `nobody takes another officer's reason for its own`() throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let town = try Deployment.open(at: path)
        let id = try town.file(Town.application(), as: "investigator")
        try town.officer("privacy-office").deny(
            id, code: .tooBroad, reason: try DenialReason("why"), at: town.now)
        let desk = try town.desk("clerk-of-court-officer")
        let letter = try #require(try town.record().request(id)?.denials.first?.body.reason)
        let body = DenialBody(
            officer: "clerk-of-court-officer", request: id, code: .conflict, reason: letter,
            time: desk.blunt(town.now))
        try desk.log(body)
        let told = try town.reasons(of: id, as: "investigator")
        #expect(
            told.map(\.reason.text) == ["why", "clerk-of-court-officer's reason cannot be read"])
    }

    @Test func `a reason has one form, whatever its length`() throws {
        let id = Digest(of: [7])
        let longest = String(repeating: "o", count: 40)
        for text in ["", "x", String(repeating: "ä", count: 1_000)] {
            for officer in ["o", longest] {
                let reason = try DenialReason(text)
                let wire = try reason.encode(of: id, by: officer)
                #expect(wire.count == DenialReason.size)
                #expect(try DenialReason(wire: wire, of: id, by: officer).text == text)
            }
        }
        #expect(throws: InquiryError.self) {
            try DenialReason(String(repeating: "ä", count: 1_001))
        }
        for text in ["a\u{0}", "a\rb", "\u{1b}[2J", "a\u{85}"] {
            #expect(throws: InquiryError.self) { try DenialReason(text) }
        }
        #expect(!"\(try DenialReason("why"))".contains("why"))
        let wire = try DenialReason("why").encode(of: id, by: "clerk")
        for (request, officer) in [
            (Digest(of: [8]), "clerk"), (id, "clerks"), (id, "cler"), (id, "klerk"), (id, ""),
            (id, longest + longest),
        ] {
            #expect(throws: InquiryError.self, "\(officer)") {
                try DenialReason(wire: wire, of: request, by: officer)
            }
        }
        var bytes = wire.withUnsafeBytes { Array($0) }
        bytes[100] = 1
        let tampered = try SecretBytes(copying: bytes)
        #expect(throws: InquiryError.self) {
            try DenialReason(wire: tampered, of: id, by: "clerk")
        }
        let short = try SecretBytes(copying: bytes.dropLast())
        #expect(throws: InquiryError.self) { try DenialReason(wire: short, of: id, by: "clerk") }
    }

    @Test func `what was looked at is what is signed`() throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let town = try Deployment.open(at: path)
        let id = try town.file(Town.application(), as: "investigator")
        let officer = try town.officer("privacy-office")
        let no = try officer.preparedDenial(
            of: id, code: .tooBroad, reason: try DenialReason("why"), at: town.now)
        let yes = try officer.preparedApproval(of: id, at: town.now)
        #expect(try town.record().request(id)?.denials.isEmpty == true)
        try officer.decide(no)
        try officer.decide(yes)
        let state = try #require(try town.record().request(id))
        #expect(state.denials.map(\.id) == [StatementDraft.id(no.text)])
        #expect(state.approvals.map(\.id) == [StatementDraft.id(yes.text)])
        #expect(no.text.hasPrefix("platevault/denial/v1\n") && yes.text.contains(id.hex))
    }
}
