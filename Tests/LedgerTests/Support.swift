import Bytes
import Disk
import Foundation
import Ledger
import Secrets
import TestSupport
import Testing

/// The folder Tests/Vectors.
let vectors = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Vectors")

/// A file of Tests/Vectors.
func vector(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: vectors.appendingPathComponent(path)))
}

/// The code of the error that a closure throws; nil where it throws none.
func code(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as LedgerError {
        return error.code
    } catch {
        return "\(type(of: error))"
    }
}

/// A signer with a key that belongs to its name.
func signer(_ name: String) throws -> NoteSigner {
    try NoteSigner(name: name, key: SigningKey(from: SeededRandom(name)))
}

/// Entry contents that differ from each other, of lengths from 0 on.
func entries(_ range: Range<Int>, tag: String = "entry") -> [[UInt8]] {
    range.map { $0 == 0 ? [] : Array("\(tag) \($0) ".utf8) + [UInt8](repeating: 7, count: $0) }
}

/// MTH of RFC 6962 section 2.1, straight from its definition.
func naiveRoot(_ entries: ArraySlice<[UInt8]>) -> Digest {
    switch entries.count {
    case 0: return Digest(of: [])
    case 1: return Digest(of: [0] + entries[entries.startIndex])
    default:
        var half = 1
        while half * 2 < entries.count { half *= 2 }
        let middle = entries.startIndex + half
        return Digest(
            of: [1] + naiveRoot(entries[..<middle]).bytes + naiveRoot(entries[middle...]).bytes)
    }
}

/// PATH of RFC 6962 section 2.1.1, straight from its definition.
func naivePath(_ index: Int, _ entries: ArraySlice<[UInt8]>) -> [Digest] {
    guard entries.count > 1 else { return [] }
    var half = 1
    while half * 2 < entries.count { half *= 2 }
    let middle = entries.startIndex + half
    return index < half
        ? naivePath(index, entries[..<middle]) + [naiveRoot(entries[middle...])]
        : naivePath(index - half, entries[middle...]) + [naiveRoot(entries[..<middle])]
}

/// SUBPROOF of RFC 6962 section 2.1.2, straight from its definition.
func naiveSubproof(_ size: Int, _ entries: ArraySlice<[UInt8]>, _ isWhole: Bool) -> [Digest] {
    if size == entries.count { return isWhole ? [] : [naiveRoot(entries)] }
    var half = 1
    while half * 2 < entries.count { half *= 2 }
    let middle = entries.startIndex + half
    return size <= half
        ? naiveSubproof(size, entries[..<middle], isWhole) + [naiveRoot(entries[middle...])]
        : naiveSubproof(size - half, entries[middle...], false) + [naiveRoot(entries[..<middle])]
}
