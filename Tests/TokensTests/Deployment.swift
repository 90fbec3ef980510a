import Plates
import Secrets
import Tokens

/// The custodians of one generation, for tests.
struct Deployment {
    static let first = Day(number: 20_780)
    static let origin = "example.org/vault.demo"

    let threshold: Threshold
    let seeds: [SeedParcel]
    let custodians: [ChainSet]

    init(_ t: Int, of n: Int, name: String = "deployment") throws {
        let threshold = try Threshold(t: t, of: n)
        let random = SeededRandom("\(name) \(t) \(n)")
        let seeds = try (0..<n).map { member in
            try SeedParcel.draw(
                generation: 1, threshold: threshold, member: member, from: random)
        }
        self.threshold = threshold
        self.seeds = seeds
        custodians = try (0..<n).map { custodian in
            // What a custodian has after the ceremony: its own, and what each other sent it.
            let received = try seeds.map { seed in
                seed.member == custodian ? seed : try seed.parcel(for: custodian)
            }
            return try ChainSet(
                generation: 1, first: Self.first, threshold: threshold, custodian: custodian,
                roster: Digest(of: Array("roster".utf8)), parcels: received)
        }
    }

    static let all = [(2, 3), (3, 5), (4, 7)]
}

func plate(_ text: String) throws -> Plate {
    try Plate(normalizing: text, fold: .letterOAsZero)
}

func cell(_ day: Int, _ hour: Int, _ site: UInt16 = 3) -> Cell {
    let number = UInt32((Int(Deployment.first.number) + day) * 24 + hour)
    return Cell(hour: Hour(number: number), site: SiteNumber(number: site))
}

func refusal(_ code: String) -> TokensError { TokensError(code: code, sentence: "") }

/// Every way to choose `count` of 0..<n.
func choices(_ count: Int, of n: Int) -> [[Int]] {
    (0..<(1 << n)).filter { $0.nonzeroBitCount == count }
        .map { bits in (0..<n).filter { bits >> $0 & 1 == 1 } }
}

extension PartialParcel {
    func bytes(_ plate: Int, _ cell: Cell, _ mask: SubsetMask) -> [UInt8] {
        withPartial(plate: plate, cell: cell, mask: mask) { Array($0) }
    }
}
