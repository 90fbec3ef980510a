import CSodium

/// A growing table of secrets of one size, numbered from 0, in few guarded blocks. None goes by
/// itself: all are erased together, with the table.
///
/// The first block is a page and the others sixteen, so that a small table locks little memory, and
/// a large one costs 6 % more than what is in it.
public struct SecretTable: ~Copyable, @unchecked Sendable {
    // Unchecked: the blocks have one owner, and only `mutating` calls write to them.
    // Whole pages less libsodium's canary of 16 bytes.
    private static let firstBlock = 4_080
    private static let nextBlocks = 65_520

    private let slotSize: Int
    private let firstSlots: Int
    private let nextSlots: Int
    private var blocks: [UnsafeMutableRawPointer] = []
    private var room = 0
    /// How many secrets there are.
    public private(set) var count = 0

    /// An empty table of secrets of 1 to 4,080 bytes; other sizes are taken as the nearest of these.
    public init(slotSize: Int) {
        self.slotSize = min(max(slotSize, 1), Self.firstBlock)
        firstSlots = Self.firstBlock / self.slotSize
        nextSlots = Self.nextBlocks / self.slotSize
    }

    /// The number of one more secret, of zeros. Throws `memory-locked-out`.
    public mutating func append() throws(SecretsError) -> Int {
        if count == room {
            let size = blocks.isEmpty ? Self.firstBlock : Self.nextBlocks
            guard sodium_init() >= 0, let block = lockedMemory(size) else {
                throw SecretsError(
                    code: "memory-locked-out",
                    sentence: "no locked memory for more secrets; raise the memlock limit")
            }
            sodium_memzero(block, size)
            room += blocks.isEmpty ? firstSlots : nextSlots
            blocks.append(block)
        }
        count += 1
        return count - 1
    }

    /// Lends a secret for reading; an empty buffer where there is none of the number.
    @inlinable
    public borrowing func withSecret<Result: ~Copyable, Failure: Error>(
        _ number: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result { try body(UnsafeRawBufferPointer(slot(number))) }

    /// Lends a secret for writing; an empty buffer where there is none of the number.
    @inlinable
    public mutating func withMutableSecret<Result: ~Copyable, Failure: Error>(
        _ number: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result { try body(slot(number)) }

    @usableFromInline
    borrowing func slot(_ number: Int) -> UnsafeMutableRawBufferPointer {
        guard (0..<count).contains(number) else {
            return UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        guard number >= firstSlots else {
            return UnsafeMutableRawBufferPointer(
                start: blocks[0] + number * slotSize, count: slotSize)
        }
        let (block, place) = (number - firstSlots).quotientAndRemainder(dividingBy: nextSlots)
        return UnsafeMutableRawBufferPointer(
            start: blocks[1 + block] + place * slotSize, count: slotSize)
    }

    deinit { for block in blocks { sodium_free(block) } }
}
