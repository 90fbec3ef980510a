import Plates
import Secrets
import TestSupport
import Testing

@testable import Custody

@Suite struct StateFileTests {
    private let disk = FaultyFileSystem()

    private func phrase(_ text: String) throws -> SecretBox {
        SecretBox(try SecretBytes(copying: Array(text.utf8)))
    }

    private func createLocked() throws {
        let lock = try StateLock(
            passphrase: try phrase("correct horse").bytes,
            cost: Argon2id.Cost(passes: 1, kibibytes: 8), random: SeededRandom("lock"))
        _ = try StateStore.create(
            in: "/custodian", content: try SecretBytes(copying: [1, 2, 3]), lock: lock,
            erasability: .required, disk: disk, random: SeededRandom("store"))
    }

    private func open(_ passphrase: SecretBox?) throws -> [UInt8] {
        let content = try StateStore.open(
            in: "/custodian", passphrase: passphrase, disk: disk, random: SeededRandom("open")
        ).content
        return try content.bytes.openBytes(0..<content.bytes.count)
    }

    @Test func aPassphraseIsNeededWhereOneWasGiven() throws {
        try createLocked()
        #expect(try open(try phrase("correct horse")) == [1, 2, 3])
        #expect(refusal { _ = try open(try phrase("correct horsf")) } == "state-sealed")
        #expect(refusal { _ = try open(nil) } == "passphrase-missing")
        #expect(refusal { _ = try open(try phrase("")) } == "key-size")
    }

    @Test func thePassphraseAloneOpensNothing() throws {
        try createLocked()
        disk.tamper("/custodian/slot") { $0 = [UInt8](repeating: 0, count: 8_192) }
        #expect(refusal { _ = try open(try phrase("correct horse")) } == "share-lost")
    }

    @Test func noPassphraseIsTakenWhereNoneWasGiven() throws {
        _ = try StateStore.create(
            in: "/custodian", content: try SecretBytes(copying: [1]), lock: .none,
            erasability: .required, disk: disk, random: SeededRandom("store"))
        #expect(refusal { _ = try open(try phrase("some")) } == "passphrase-unasked")
    }

    /// Every byte of a state file, changed, makes it refused; nothing crashes.
    @Test func everyByteOfAStateFileCounts() throws {
        _ = try StateStore.create(
            in: "/custodian", content: try SecretBytes(copying: [1, 2, 3]), lock: .none,
            erasability: .required, disk: disk, random: SeededRandom("store"))
        let whole = try disk.read("/custodian/state-a")
        for place in whole.indices {
            disk.tamper("/custodian/state-a") { $0[place] ^= 0x40 }
            #expect(refusal { _ = try open(nil) } != nil, "byte \(place)")
            disk.tamper("/custodian/state-a") { $0 = whole }
        }
        for count in [0, 1, 84, 100, whole.count - 1] {
            disk.tamper("/custodian/state-a") { $0 = Array(whole.prefix(count)) }
            #expect(refusal { _ = try open(nil) } != nil, "\(count) bytes")
        }
        disk.tamper("/custodian/state-a") { $0 = whole + [0] }
        #expect(refusal { _ = try open(nil) } == "state-sealed")
        disk.tamper("/custodian/state-a") { $0 = whole }
        #expect(try open(nil) == [1, 2, 3])
    }

    /// A slot with anything but what is written there holds no key.
    @Test func everyUsedByteOfACellCounts() throws {
        _ = try StateStore.create(
            in: "/custodian", content: try SecretBytes(copying: [1]), lock: .none,
            erasability: .required, disk: disk, random: SeededRandom("store"))
        let whole = try disk.read("/custodian/slot")
        for place in Array(0..<100) + [1_000, 4_095] {
            disk.tamper("/custodian/slot") { $0 = whole }
            disk.tamper("/custodian/slot") { $0[place] ^= 1 }
            #expect(refusal { _ = try open(nil) } == "share-lost", "byte \(place)")
        }
    }

    @Test func theContentRoundTripsAndNothingElseIsRead() throws {
        let town = try Town()
        try town.tick()
        let state = try town.custodian("clerk").state
        #expect(state.prekeys.count == 8)
        let bytes = SecretBox(try state.encode())
        let again = try CustodianState(wire: bytes)
        #expect(try again.encode().isEqual(to: bytes.bytes))
        let plain = try bytes.bytes.openBytes(0..<bytes.bytes.count)
        for other in [Array(plain.dropLast()), plain + [0], Array(plain.dropFirst()), []] {
            let box = SecretBox(try SecretBytes(copying: other))
            #expect(refusal { _ = try CustodianState(wire: box) } == "state-malformed")
        }
    }

    @Test func anotherCustodiansFolderIsRefused() throws {
        let town = try Town()
        let disk = try #require(town.disks["clerk"])
        #expect(
            refusal { _ = try Custodian.open(try town.setting("audit", disk: disk)) }
                == "custodian-other")
        let roster = try town.setting("clerk")
        let stranger = CustodianSetting(
            folder: roster.folder, roster: roster.roster, custodian: "clerk",
            signer: try Town.signer("audit"), cosigner: roster.cosigner, clock: roster.clock,
            vault: roster.vault, mirrors: { [] }, disk: disk)
        #expect(refusal { _ = try Custodian.open(stranger) } == "signer-unknown")
        let borrowed = CustodianSetting(
            folder: roster.folder, roster: roster.roster, custodian: "clerk",
            signer: roster.signer, cosigner: try town.setting("audit").cosigner,
            clock: roster.clock, vault: roster.vault, mirrors: { [] }, disk: disk)
        #expect(refusal { _ = try Custodian.open(borrowed) } == "signer-unknown")
    }
}
