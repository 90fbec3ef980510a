import Foundation
import Plates
import Testing

/// The published table, Keys/normal-form/v1.tsv: what an independent implementation works from.
struct PublishedTable {
    /// What each named code point becomes: a text, "" for a separator, or a code of refusal.
    enum Fate: Equatable {
        case becomes(UInt32)
        case dropped
        case refused(String)
    }

    var fates: [UInt32: Fate] = [:]

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let file = folder.appending(path: "../../Keys/normal-form/v1.tsv")
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        where !line.hasPrefix("#") {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            let first = try #require(UInt32(columns[0], radix: 16))
            let last = try #require(UInt32(columns[1], radix: 16))
            for code in first...last {
                #expect(fates[code] == nil, "two lines name one code point")
                switch columns[2] {
                case "keep": fates[code] = .becomes(code)
                case "map": fates[code] = .becomes(try #require(UInt32(columns[3], radix: 16)))
                case "drop": fates[code] = .dropped
                default: fates[code] = .refused(String(columns[3]))
                }
            }
        }
    }
}

@Suite("the closed table")
struct NormalFormTableTests {
    private func fate(of scalar: Unicode.Scalar) -> PublishedTable.Fate {
        // The "A" before it tells a separator from an empty plate, and a mark from its letter.
        do {
            let text = String(String.UnicodeScalarView(["A", scalar]))
            let scalars = Array(try Plate(normalizing: text, fold: .none).text.unicodeScalars)
            return scalars.count == 1 ? .dropped : .becomes(scalars[1].value)
        } catch {
            return .refused(error.code)
        }
    }

    @Test("every Unicode scalar fares as the published table says")
    func everyScalar() throws {
        let table = try PublishedTable()
        #expect(Plate.normalFormVersion == 1)
        var differing: [UInt32] = []
        for code in UInt32(0)...0x10ffff {
            guard let scalar = Unicode.Scalar(code) else { continue }
            let published = table.fates[code] ?? .refused("plate-unlisted")
            if fate(of: scalar) != published { differing.append(code) }
        }
        #expect(differing.isEmpty, "\(differing.prefix(5))")
    }

    @Test("what a character becomes stays as it is: normalising twice is normalising once")
    func idempotent() throws {
        for (_, fate) in try PublishedTable().fates {
            guard case .becomes(let target) = fate, let scalar = Unicode.Scalar(target) else {
                continue
            }
            #expect(self.fate(of: scalar) == .becomes(target))
        }
    }

    @Test("no two listed letters are canonically equal, so that bytes and texts agree")
    func distinct() throws {
        var targets: Set<UInt32> = []
        for (_, fate) in try PublishedTable().fates {
            if case .becomes(let target) = fate { targets.insert(target) }
        }
        let texts = Set(targets.compactMap { Unicode.Scalar($0) }.map { String($0) })
        #expect(texts.count == targets.count)
        #expect(targets.count > 500)
    }

    @Test("the version is pinned: another table is another version")
    func pinned() throws {
        // FNV-1a over `code, target` of every listed code point in order; 0 where it is dropped.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for (code, fate) in try PublishedTable().fates.sorted(by: { $0.key < $1.key }) {
            let target: UInt32
            switch fate {
            case .becomes(let value): target = value
            case .dropped: target = 0
            case .refused: continue
            }
            for value in [code, target] {
                hash = (hash ^ UInt64(value)) &* 0x100_0000_01b3
            }
        }
        #expect(hash == 2_217_761_370_161_328_979)
    }
}
