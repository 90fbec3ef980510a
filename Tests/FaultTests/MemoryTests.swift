import Disk
import Foundation
import Plates
import Secrets
import Testing
import Tokens
import Warrants

@testable import Custody
@testable import Embedded

/// What a running custodian's memory holds, looked at from outside by root, as whoever takes the
/// machine would.
extension FaultTests {
    @Test func aDestroyedDayIsNotInMemory() throws {
        let town = try Town("a destroyed day is not in memory", sites: 1)
        defer { town.close() }
        try town.start()
        let index = 0
        let word = town.custodians[index]
        let process = try #require(town.serving.processID(word))
        let first = Town.start.day
        let due = first.start.adding(days: Int64(town.roster.policy.retentionDays))
        // An hour before: the destruction stands prepared, so both root keys are there.
        try town.pass(to: due.adding(hours: -1))
        #expect(try town.wait(60) { try town.rootKeys(of: index).count == 2 })
        let chains = try town.chains(of: index)
        let dayKeys = try chains.map { chain in
            HMACSHA256.open(
                Array("platevault/day-key/v1".utf8), key: try SecretBytes(copying: chain))
        }
        // Two of three subsets are this custodian's. A preparation that was just being made anew is
        // seen at the next look.
        var old: [UInt8] = []
        let isHeld = try town.wait(60) {
            guard let root = try town.rootKeys(of: index).first else { return false }
            old = root
            let memory = try Memory(of: process)
            return (chains + [old]).allSatisfy { memory.holds($0) }
        }
        #expect(isHeld && chains.count == 2 && Set(chains + dayKeys + [old]).count == 5)

        try town.pass(to: due)
        #expect(try town.wait(60) { try town.isGone(dueAt: due) })
        try town.start()
        #expect(town.serving.processID(word) == process)
        // What it says of the day's death is said, and what lives is in use.
        let city = try town.city()
        let isTold = try town.wait(30) {
            try city.record().report(on: first, at: town.now)?.erasedBy.contains(word) == true
        }
        #expect(isTold)
        let later = try Memory(of: process)
        let living = try town.chains(of: index)
        let isScanned = living.allSatisfy { later.holds($0) && !chains.contains($0) }
        #expect(isScanned)
        let left = (chains + dayKeys + [old]).count { later.holds($0) }
        #expect(left == 0)
    }
}

/// Everything that a process can read or write of its own, as it is now.
struct Memory {
    private let regions: [Data]

    /// Reads the memory of a process. Throws where it may not, or where nothing was there.
    init(of process: Int32) throws {
        // A file of the system's without a size, which is read to its end and not to its size.
        let file = try FileHandle(forReadingFrom: URL(filePath: "/proc/\(process)/maps"))
        let maps = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        let descriptor = open("/proc/\(process)/mem", O_RDONLY)
        guard descriptor >= 0 else { throw TownFault("no memory of \(process): \(errno)") }
        defer { close(descriptor) }
        var regions: [Data] = []
        for line in maps.split(separator: "\n") {
            let words = line.split(separator: " ")
            // Guarded blocks too, whatever their protection is at the moment; not the programs' own
            // text, which is the same before and after, and not what the kernel keeps for itself.
            guard let range = words.first, words.count < 6 || !words[5].hasPrefix("/"),
                !line.hasSuffix("[vvar]"), !line.hasSuffix("[vsyscall]"),
                let bounds = Self.bounds(range)
            else { continue }
            var region = Data(count: bounds.count)
            let got = region.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, bounds.count, bounds.lowerBound)
            }
            if got > 0 { regions.append(region.prefix(got)) }
        }
        guard regions.map(\.count).reduce(0, +) > 1 << 20 else {
            throw TownFault("the memory of \(process) cannot be read")
        }
        self.regions = regions
    }

    private static func bounds(_ text: Substring) -> Range<Int>? {
        let ends = text.split(separator: "-").compactMap { Int($0, radix: 16) }
        guard ends.count == 2, ends[0] < ends[1], ends[1] - ends[0] < 1 << 30 else { return nil }
        return ends[0]..<ends[1]
    }

    /// Whether some bytes stand anywhere in it.
    func holds(_ needle: [UInt8]) -> Bool {
        regions.contains { $0.range(of: Data(needle)) != nil }
    }
}

extension Town {
    /// The chain values that a custodian's disk holds, one for each subset.
    func chains(of index: Int) throws -> [[UInt8]] {
        let count = roster.threshold.subsets.count { $0.contains(index) }
        return try disk(of: index).shares.flatMap { share -> [[UInt8]] in
            guard let box = share.chains else { return [] }
            // The chains end the encoding, 32 bytes each.
            let bytes = try box.bytes.openBytes(0..<box.bytes.count).suffix(32 * count)
            return (0..<count).map { Array(bytes.dropFirst(32 * $0).prefix(32)) }
        }
    }

    /// The root keys in a custodian's slot, the one in force first.
    func rootKeys(of index: Int) throws -> [[UInt8]] {
        let slot = Slot(path: layout.custodian(index) + "/slot", disk: POSIXFileSystem())
        return try slot.cells().map { try $0.key.bytes.openBytes(0..<32) }
    }
}
