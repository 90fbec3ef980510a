import Ledger
import Secrets
import TestSupport
import Testing

/// SUBTREE_SUBPROOF of draft-ietf-plants-merkle-tree-certs section 4.4.1, straight from its
/// definition.
private func naiveSubtreeProof(
    _ start: Int, _ end: Int, _ entries: ArraySlice<[UInt8]>, _ isKnown: Bool = true
) -> [Digest] {
    if start == 0, end == entries.count { return isKnown ? [] : [naiveRoot(entries)] }
    var half = 1
    while half * 2 < entries.count { half *= 2 }
    let middle = entries.startIndex + half
    let (left, right) = (entries[..<middle], entries[middle...])
    if end <= half { return naiveSubtreeProof(start, end, left, isKnown) + [naiveRoot(right)] }
    if half <= start {
        return naiveSubtreeProof(start - half, end - half, right, isKnown) + [naiveRoot(left)]
    }
    return naiveSubtreeProof(0, end - half, right, false) + [naiveRoot(left)]
}

/// Section 4.1: the start is a multiple of the smallest power of two not below the count.
private func isSubtree(_ start: Int, _ end: Int) -> Bool {
    guard start < end else { return false }
    var power = 1
    while power < end - start { power *= 2 }
    return start.isMultiple(of: power)
}

@Suite struct SubtreeTests {
    @Test func everyProofIsTheNaiveOneAndVerifies() throws {
        let all = entries(0..<34)
        let tree = MerkleTree(all.map(Merkle.leafHash))
        var count = 0
        for size in 1...all.count {
            let root = naiveRoot(all[..<size])
            for start in 0..<size {
                for end in (start + 1)...size {
                    let range = UInt64(start)..<UInt64(end)
                    guard isSubtree(start, end) else {
                        #expect(
                            code { _ = try tree.subtreeProof(of: range, size: UInt64(size)) }
                                == "proof-range")
                        continue
                    }
                    let proof = try tree.subtreeProof(of: range, size: UInt64(size))
                    #expect(proof == naiveSubtreeProof(start, end, all[..<size]))
                    let hash = naiveRoot(all[start..<end])
                    #expect(try tree.subtreeHash(range) == hash)
                    try Merkle.verifySubtree(
                        range, hash: hash, size: UInt64(size), root: root, proof: proof)
                    count += 1
                }
            }
        }
        #expect(count > 1800)
    }

    @Test func everyChangeIsRefused() throws {
        let all = entries(0..<21)
        let tree = MerkleTree(all.map(Merkle.leafHash))
        let root = naiveRoot(all[...])
        for (start, end) in [(0, 21), (0, 13), (8, 13), (16, 21), (16, 19), (4, 8), (20, 21)] {
            let range = UInt64(start)..<UInt64(end)
            let proof = try tree.subtreeProof(of: range, size: 21)
            let hash = naiveRoot(all[start..<end])
            func refusal(_ hash: Digest, _ proof: [Digest], _ size: UInt64 = 21) -> String? {
                code {
                    try Merkle.verifySubtree(
                        range, hash: hash, size: size, root: root, proof: proof)
                }
            }
            #expect(refusal(hash, proof) == nil)
            #expect(refusal(.zero, proof) == "proof-wrong")
            #expect(refusal(hash, proof + [.zero]) == "proof-length")
            #expect(refusal(hash, [.zero] + proof) == "proof-length")
            #expect(refusal(hash, proof, UInt64(end) - 1) == "proof-range")
            for index in proof.indices {
                var changed = proof
                changed[index] = .zero
                #expect(refusal(hash, changed) == "proof-wrong")
                changed.remove(at: index)
                #expect(refusal(hash, changed) != nil)
            }
        }
        for wrong in [3..<5, 5..<5, 2..<5, 1..<3, 20..<22] as [Range<UInt64>] {
            #expect(
                code {
                    try Merkle.verifySubtree(wrong, hash: root, size: 21, root: root, proof: [])
                } == "proof-range")
        }
    }

    @Test func aFrontierGivesEveryRoot() {
        var frontier = MerkleFrontier()
        let all = entries(0..<70)
        for size in 0...all.count {
            #expect(frontier.size == UInt64(size))
            #expect(frontier.root == naiveRoot(all[..<size]))
            if size < all.count { frontier.append(Merkle.leafHash(all[size])) }
        }
    }
}
