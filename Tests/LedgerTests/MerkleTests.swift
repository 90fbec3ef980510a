import Bytes
import Foundation
import Ledger
import Secrets
import Testing

/// Files of Tests/Vectors/merkle (transparency-dev/merkle, Apache-2.0).
private struct InclusionVector: Decodable {
    let leafIdx: UInt64
    let treeSize: UInt64
    let root: String
    let leafHash: String
    let proof: [String]?
    let wantErr: Bool

    func verify() throws {
        try Merkle.verifyInclusion(
            leafHash: exact(leafHash), index: leafIdx, size: treeSize,
            proof: (proof ?? []).map(exact), root: exact(root))
    }
}

private struct ConsistencyVector: Decodable {
    let size1: UInt64
    let size2: UInt64
    let root1: String
    let root2: String
    let proof: [String]?
    let wantErr: Bool

    func verify() throws {
        try Merkle.verifyConsistency(
            oldSize: size1, oldRoot: digest(root1), size: size2, root: digest(root2),
            proof: (proof ?? []).map(exact))
    }
}

/// A hash of 32 bytes; others of the bad vectors are refused before any proof is looked at.
private func exact(_ text: String) throws -> Digest {
    guard let digest = Base64.decode(text).flatMap(Digest.init(wire:)) else {
        throw LedgerError(code: "proof-hash", sentence: "a hash has 32 bytes")
    }
    return digest
}

/// Some roots of the consistency vectors, also of a good one, are arbitrary bytes, only compared
/// with each other. Their digest stands for them: equal where they are, and no root of a tree.
private func digest(_ text: String) throws -> Digest {
    let bytes = try #require(Base64.decode(text))
    return Digest(wire: bytes) ?? Digest(of: bytes)
}

private func files(_ folder: String) throws -> [String] {
    let root = vectors.appendingPathComponent("merkle/\(folder)")
    let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String }
    return try #require(paths).filter { $0.hasSuffix(".json") }.sorted().map {
        "merkle/\(folder)/\($0)"
    }
}

@Suite struct MerkleVectorTests {
    @Test func publishedInclusionProofs() throws {
        var (good, bad) = (0, 0)
        for path in try files("inclusion") {
            let test = try JSONDecoder().decode(InclusionVector.self, from: Data(vector(path)))
            let refusal = code { try test.verify() }
            #expect((refusal != nil) == test.wantErr, "\(path)")
            if test.wantErr { bad += 1 } else { good += 1 }
            if let refusal { #expect(refusal.hasPrefix("proof-"), "\(path)") }
        }
        #expect(good == 6)
        #expect(bad == 92)
    }

    @Test func publishedConsistencyProofs() throws {
        var (good, bad) = (0, 0)
        for path in try files("consistency") {
            let test = try JSONDecoder().decode(ConsistencyVector.self, from: Data(vector(path)))
            let refusal = code { try test.verify() }
            #expect((refusal != nil) == test.wantErr, "\(path)")
            if test.wantErr { bad += 1 } else { good += 1 }
            if let refusal { #expect(refusal.hasPrefix("proof-"), "\(path)") }
        }
        #expect(good == 6)
        #expect(bad == 92)
    }
}

@Suite struct MerkleTests {
    /// The roots of RFC 6962's own reference implementation for its eight test leaves.
    @Test func knownRoots() throws {
        let leaves = [
            "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ].compactMap(Hex.decode)
        let root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        #expect(Merkle.root(of: leaves.map(Merkle.leafHash)).hex == root)
        #expect(naiveRoot(leaves[...]).hex == root)
        #expect(
            Merkle.emptyRoot.hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func everySizeGivesTheNaiveRootAndProofs() throws {
        let all = entries(0..<40)
        let tree = MerkleTree(all.map(Merkle.leafHash))
        for size in 0...all.count {
            let some = all[..<size]
            let root = naiveRoot(some)
            #expect(try tree.root(at: UInt64(size)) == root)
            #expect(Merkle.root(of: some.map(Merkle.leafHash)) == root)
            for index in 0..<size {
                let proof = try tree.inclusionProof(UInt64(index), size: UInt64(size))
                #expect(proof == naivePath(index, some))
                try Merkle.verifyInclusion(
                    leafHash: Merkle.leafHash(all[index]), index: UInt64(index),
                    size: UInt64(size), proof: proof, root: root)
            }
            for old in 1..<max(size + 1, 1) {
                let proof = try tree.consistencyProof(from: UInt64(old), to: UInt64(size))
                #expect(proof == naiveSubproof(old, some, true))
                try Merkle.verifyConsistency(
                    oldSize: UInt64(old), oldRoot: naiveRoot(all[..<old]), size: UInt64(size),
                    root: root, proof: proof)
            }
        }
    }

    @Test func largerTreesAtRandomSizes() throws {
        let all = (0..<3000).map { Array("\($0)".utf8) }
        let tree = MerkleTree(all.map(Merkle.leafHash))
        let random = SeededRandom("merkle")
        func draw(_ bound: Int) -> Int {
            let bytes = random.bytes(3)
            return (Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])) % bound
        }
        for _ in 0..<60 {
            let size = 1 + draw(all.count)
            let (index, old) = (draw(size), 1 + draw(size))
            let root = naiveRoot(all[..<size])
            #expect(try tree.root(at: UInt64(size)) == root)
            let path = try tree.inclusionProof(UInt64(index), size: UInt64(size))
            try Merkle.verifyInclusion(
                leafHash: Merkle.leafHash(all[index]), index: UInt64(index), size: UInt64(size),
                proof: path, root: root)
            try Merkle.verifyConsistency(
                oldSize: UInt64(old), oldRoot: naiveRoot(all[..<old]), size: UInt64(size),
                root: root, proof: tree.consistencyProof(from: UInt64(old), to: UInt64(size)))
            // A proof of one entry is none of its neighbour, nor at another size of other depth.
            let other = UInt64((index + 1) % size)
            if other != index {
                #expect(throws: LedgerError.self) {
                    try Merkle.verifyInclusion(
                        leafHash: Merkle.leafHash(all[index]), index: other, size: UInt64(size),
                        proof: path, root: root)
                }
            }
        }
    }

    @Test func everyChangedProofIsRefused() throws {
        let all = entries(0..<21)
        let tree = MerkleTree(all.map(Merkle.leafHash))
        let (size, root) = (tree.size, tree.root)
        for number in 0..<21 as Range<UInt64> {
            let proof = try tree.inclusionProof(number, size: size)
            let leaf = Merkle.leafHash(all[Int(number)])
            for changed in changes(proof) {
                #expect(throws: LedgerError.self) {
                    try Merkle.verifyInclusion(
                        leafHash: leaf, index: number, size: size, proof: changed, root: root)
                }
            }
            let old = number + 1
            let oldRoot = try tree.root(at: old)
            for changed in changes(try tree.consistencyProof(from: old, to: size)) {
                #expect(throws: LedgerError.self) {
                    try Merkle.verifyConsistency(
                        oldSize: old, oldRoot: oldRoot, size: size, root: root, proof: changed)
                }
            }
        }
    }

    @Test func treesForgetAndGrowAgain() throws {
        let all = entries(0..<33)
        for keep in 0...33 {
            var tree = MerkleTree(all.map(Merkle.leafHash))
            tree.truncate(to: UInt64(keep))
            #expect(tree.root == naiveRoot(all[..<keep]))
            tree.truncate(to: 40)
            #expect(tree.size == UInt64(keep))
            for entry in all[keep...] { tree.append(Merkle.leafHash(entry)) }
            #expect(tree.root == naiveRoot(all[...]))
        }
    }

    @Test func rangesBeyondTheTreeAreRefused() throws {
        let hashes = entries(0..<5).map(Merkle.leafHash)
        let tree = MerkleTree(hashes)
        #expect(code { _ = try tree.inclusionProof(5, size: 5) } == "proof-range")
        #expect(code { _ = try tree.inclusionProof(0, size: 6) } == "proof-range")
        #expect(code { _ = try tree.inclusionProof(0, size: 0) } == "proof-range")
        #expect(code { _ = try tree.consistencyProof(from: 4, to: 3) } == "proof-range")
        #expect(code { _ = try tree.consistencyProof(from: 1, to: 6) } == "proof-range")
        #expect(code { _ = try tree.consistencyProof(from: 0, to: 1) } == "proof-range")
        #expect(try tree.consistencyProof(from: 0, to: 0).isEmpty)
        #expect(code { _ = try tree.root(at: 6) } == "proof-range")
        #expect(code { _ = try tree.leafHash(5) } == "proof-range")
        #expect(code { _ = try Merkle.inclusionProof(-1, in: hashes) } == "proof-range")
        #expect(code { _ = try Merkle.consistencyProof(from: -1, in: hashes) } == "proof-range")
        #expect(try Merkle.inclusionProof(4, in: hashes) == tree.inclusionProof(4, size: 5))
        #expect(
            try Merkle.consistencyProof(from: 3, in: hashes)
                == tree.consistencyProof(from: 3, to: 5))
    }

    /// The proof with one hash changed, dropped, doubled or swapped, or one too many.
    private func changes(_ proof: [Digest]) -> [[Digest]] {
        var changes = [proof + [.zero], [.zero] + proof]
        for index in proof.indices {
            var changed = proof
            changed[index] = Digest(of: proof[index].bytes)
            changes.append(changed)
            changed = proof
            changed.remove(at: index)
            changes.append(changed)
            changed = proof
            changed.insert(proof[index], at: index)
            changes.append(changed)
            if index > 0 {
                changed = proof
                changed.swapAt(index - 1, index)
                changes.append(changed)
            }
        }
        return changes
    }
}
