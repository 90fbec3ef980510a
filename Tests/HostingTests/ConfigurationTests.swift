import Disk
import Foundation
import Hosting
import Plates
import Testing

/// What a program's configuration file takes and refuses.
struct ConfigurationTests {
    private let disk = POSIXFileSystem()

    private func read(_ text: String, _ keys: [ConfigurationKey] = ProgramKeys.gateway) throws
        -> ConfigurationFile
    {
        let path = NSTemporaryDirectory() + "configuration-\(UUID().uuidString).toml"
        try disk.create(path, Array(text.utf8))
        defer { try? disk.remove(path) }
        return try ConfigurationFile(at: path, keys: keys, disk: disk)
    }

    private func code(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return (error as? HostingError)?.code
        }
    }

    @Test func readsValuesAndStandards() throws {
        let file = try read(
            """
            party = "site-1"
            prefetch-hours = 12
            [services]
            vault = "https://127.0.0.1:1"
            [[feed]]
            name = "north"
            kind = "axis"
            credential-sha256 = "00"
            """)
        #expect(file.text("party") == "site-1")
        #expect(file.number("prefetch-hours") == 12)
        #expect(file.number("batch-milliseconds") == 250)
        #expect(file.flag("closes-hours"))
        #expect(file.text("clock") == nil)
        #expect(file.texts("services") == ["vault": "https://127.0.0.1:1"])
        #expect(file.tables("feed").map { $0.text("name") } == ["north"])
    }

    @Test func refusesWhatItDoesNotKnow() {
        #expect(code("party = \"a\"\nprefetch = 1") == "configuration-key")
        #expect(code("") == "configuration-key")
        #expect(code("party = 1") == "configuration-value")
        #expect(code("party = \"a\"\nprefetch-hours = 0") == "configuration-value")
        #expect(code("party = \"a\"\ncloses-hours = 1") == "configuration-value")
        #expect(code("party = \"a\"\n[[feed]]\nname = \"x\"") == "configuration-key")
        #expect(code("party = ") == "configuration-malformed")
    }

    @Test func writesWhatItReads() throws {
        for keys in [ProgramKeys.vault, ProgramKeys.custodian, ProgramKeys.gateway] {
            let text = ConfigurationText.write("program", keys, values: ["party": "\"a\""])
            #expect(try read(text, keys).text("party") == "a")
            for key in keys { #expect(text.contains(key.purpose) && text.contains(key.trust)) }
        }
    }

    @Test func clockHandsKeepTheirText() {
        let hands = DemoClock.Hands(wall: 1_772_452_800_000, boot: 5, boots: 1, since: 100)
        #expect(DemoClock.Hands(text: hands.text) == hands)
        #expect(hands.running(at: 350).wall == 1_772_452_800_250)
        #expect(DemoClock.Hands(text: hands.text + " ") == nil)
        #expect(DemoClock.Hands(text: "wall 1\nboot x\nboots 1\n") == nil)
    }

    @Test func aPlateIsNoCodeAndNoMetric() {
        var page = MetricsPage()
        page.add("refused_total", .counter, "refused", by: "code", ["RK161AG": 1, "seen-later": 2])
        #expect(!page.text.contains("RK161AG"))
        #expect(page.text.contains("platevault_refused_total{code=\"seen-later\"} 2"))
    }
}
