import Disk
import Foundation
import Plates
import Testing
import Warrants

@testable import Custody
@testable import Embedded
@testable import Inquiry

/// The emergency end: n−t+1 custodians, without the vault.
extension FaultTests {
    @Test func shreddingWithoutTheVaultEndsEverything() throws {
        let town = try Town("shredding without the vault", sites: 1)
        defer { town.close() }
        try town.start()
        let traffic = Traffic(town, perSite: 2)
        #expect(town.wait(30) { traffic.acknowledged > 20 })
        traffic.stop()
        let cells = [Cell(hour: Town.start.hour, site: SiteNumber(number: 1))]
        try town.expectClosed(cells)
        let errand = try Errand(town, seconds: 60)
        let id = try errand.granted(Traffic.plates, cells)
        // It would open now.
        let opened = try errand.persisting { try errand.city.search(id, as: "investigator") }
        #expect(!opened.disclosure.reads.isEmpty)

        let gone = Array(town.custodians.prefix(2))
        town.serving.kill("vault")
        town.serving.stop(gone[0])
        // The second one is still running when its administrator does it.
        for word in gone {
            let refused = try town.shred(word, "")
            #expect(refused.status == 1 && refused.text.contains("shred-unconfirmed"))
            let done = try town.shred(word, "--yes")
            #expect(done.status == 0 && done.text.contains("everything is erased"), "\(done.text)")
        }
        #expect(town.wait(30) { !town.serving.isRunning(gone[1]) })
        for index in [0, 1] {
            let slot = try POSIXFileSystem().read(town.layout.custodian(index) + "/slot")
            #expect(slot.allSatisfy { $0 == 0 })
            for name in ["state-a", "state-b"] {
                #expect(
                    try POSIXFileSystem().size(town.layout.custodian(index) + "/\(name)") == nil)
            }
        }

        // The vault comes back; who is gone says so and stays down; nothing opens any more.
        try town.serving.start("vault")
        try town.serving.waitUntilReady("vault", seconds: 60)
        for word in gone {
            try town.serving.start(word)
            #expect(town.wait(30) { !town.serving.isRunning(word) })
            #expect(town.log(of: word).contains("[custody-shredded]"))
        }
        #expect(throws: InquiryError.self) {
            _ = try town.city().search(id, as: "investigator")
        }
        // Told once more, now that there is somebody to tell.
        for word in gone {
            let again = try town.shred(word, "--yes")
            #expect(again.status == 0 && again.text.contains("the log was told"), "\(again.text)")
        }
        let report = try town.city().record().report(on: Town.start.day, at: town.now)
        #expect(report?.verdict == .dead && report.map { Set($0.erasedBy) } == Set(gone))
    }
}

extension Town {
    /// Runs `custodiand shred` for a custodian.
    func shred(_ party: String, _ flag: String) throws -> (status: Int32, text: String) {
        let program = try program(party)
        let process = Process()
        process.executableURL = URL(filePath: Self.programs + "/custodiand")
        process.arguments = ["shred", "--config", program.folder + "/custodiand.toml"]
        if !flag.isEmpty { process.arguments?.append(flag) }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}
