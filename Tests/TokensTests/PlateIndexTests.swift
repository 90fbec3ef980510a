import Plates
import Testing

@testable import Tokens

/// What a gateway finds its plates by.
@Suite("the plates of a cell")
struct PlateIndexTests {
    @Test("every plate keeps its number and its counter, short or long, in any number")
    func numbers() throws {
        var index = PlateIndex()
        var plates: [Plate] = []
        var seen: Set<Plate> = []
        // 1 to 16 characters, many that differ in one, in both folds.
        for number in 0..<4_000 {
            let text = String(number, radix: 36, uppercase: true)
            let padded = String(repeating: "X", count: number % 14) + text
            for fold in [Fold.none, .letterOAsZero] {
                let plate = try Plate(normalizing: padded, fold: fold)
                if seen.insert(plate).inserted { plates.append(plate) }
            }
        }
        #expect(plates.contains { $0.utf8Bytes.count == 1 })
        #expect(plates.contains { $0.utf8Bytes.count == 15 })
        #expect(plates.contains { $0.utf8Bytes.count == 16 })
        for (number, plate) in plates.enumerated() {
            #expect(index.number(of: plate) == nil)
            #expect(index.add(plate) == number)
            index[counter: number] = UInt64(number)
        }
        #expect(index.count == plates.count)
        for (number, plate) in plates.enumerated() {
            #expect(index.number(of: plate) == number)
            #expect(index[counter: number] == UInt64(number))
        }
    }
}
