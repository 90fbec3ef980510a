import Foundation
import Plates
import Testing
import Warrants

@testable import Embedded
@testable import Inquiry

/// A hundred cameras at once. `PLATEVAULT_LOAD_SECONDS` says for how long: 20 where nothing is said,
/// 600 for the figures of Docs/Operating.md.
extension FaultTests {
    @Test func aHundredCameras() throws {
        let seconds = Measure.number("PLATEVAULT_LOAD_SECONDS", or: 20)
        let town = try Town("a hundred cameras", threshold: (3, 5))
        defer { town.close() }
        try town.start()
        // Eight plates are searched for; the others are everybody else.
        let plates = Traffic.plates + (0..<392).map { "CAR\(100 + $0)X" }
        var sizes: [String: [Int]] = [:]
        let traffic = Traffic(town, perSite: 50, pause: 1, plates: plates)
        let end = Date().addingTimeInterval(Double(seconds))
        while Date() < end {
            for party in town.parties {
                if let size = town.residentKiB(of: party) { sizes[party, default: []].append(size) }
            }
            Thread.sleep(forTimeInterval: max(1, Double(seconds) / 60))
        }
        let account = traffic.stop()
        let rate = Double(account.acknowledged.count) / Double(seconds)
        print("\(account.acknowledged.count) reads, \(rate) a second, \(account.statuses)")
        #expect(account.acknowledged.count > 50 * seconds / 10)
        for (party, series) in sizes.sorted(by: { $0.key < $1.key }) {
            let (early, late) = Self.ends(of: series)
            print("memory of \(party): \(early / 1_024) MiB early, \(late / 1_024) MiB at the end")
            // Flat: the caches of the beginning may fill, and nothing grows with every read.
            #expect(late < early + early / 2 + 32 * 1_024, "\(party): \(series)")
        }
        // What the sites say that the vault has is at least what cameras were told.
        let delivered = town.sites.compactMap {
            town.serving.metric("rows_delivered_total", of: $0)
        }.reduce(0, +)
        #expect(delivered >= account.acknowledged.count)
        var wanted = account
        wanted.acknowledged = account.acknowledged.filter { Traffic.plates.contains($0.plate) }
        try town.expectFound(wanted)
        try town.expectCleanAudit()
    }

    /// The medians of a series' second quarter and of its last.
    private static func ends(of series: [Int]) -> (early: Int, late: Int) {
        let quarter = max(1, series.count / 4)
        let early = series.dropFirst(quarter).prefix(quarter).sorted()
        let late = series.suffix(quarter).sorted()
        return (early.isEmpty ? 0 : early[early.count / 2], late.isEmpty ? 0 : late[late.count / 2])
    }
}

extension Town {
    /// How much of a program is in memory.
    func residentKiB(of party: String) -> Int? {
        guard let process = serving.processID(party),
            let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }
}
