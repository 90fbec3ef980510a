import Bytes
import TestSupport

/// The shape of a wycheproof file, as far as the tests need it.
struct Wycheproof<Test: Decodable>: Decodable {
    struct Group: Decodable {
        let tests: [Test]
        let tagSize: Int?
        let publicKey: PublicKey?
    }
    struct PublicKey: Decodable { let pk: String }

    let numberOfTests: Int
    let testGroups: [Group]

    /// Every test with its group, of a file that is whole.
    static func load(_ name: String) throws -> [(group: Group, test: Test)] {
        let file = try Vectors.json("wycheproof/" + name, as: Self.self)
        let tests = file.testGroups.flatMap { group in group.tests.map { (group, $0) } }
        guard tests.count == file.numberOfTests else { throw MissingTests() }
        return tests
    }

    struct MissingTests: Error {}
}

/// The bytes of hex in a vector; a vector with other text fails its test.
func unhex(_ text: String) throws -> [UInt8] {
    guard let bytes = Hex.decode(text) else { throw NotHex() }
    return bytes
}

struct NotHex: Error {}
