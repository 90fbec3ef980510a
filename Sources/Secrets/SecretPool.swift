import CSodium
import Synchronization

/// Many small secrets of one size, packed into few guarded blocks: a block of its own costs 25 µs
/// and a locked page, and an unprivileged process may lock 8 MiB in all.
public final class SecretPool: Sendable {
    /// The size of every slot in bytes.
    public let slotSize: Int
    // The pages that have a free slot; a full page is kept alive by its slots alone.
    private let pages = Mutex<[SecretPage]>([])

    /// An empty pool of slots of 1 to 4,080 bytes; other sizes are taken as the nearest of these.
    public init(slotSize: Int) { self.slotSize = min(max(slotSize, 1), SecretPage.room) }

    /// A slot of zeros. Throws `memory-locked-out`.
    public func slot() throws(SecretsError) -> SecretSlot {
        try pages.withLock { (pages: inout [SecretPage]) throws(SecretsError) -> SecretSlot in
            let page: SecretPage
            if let last = pages.last {
                page = last
            } else {
                page = try SecretPage(slotSize: slotSize)
                pages.append(page)
            }
            let index = page.free.removeLast()
            if page.free.isEmpty { pages.removeLast() }
            return SecretSlot(pool: self, page: page, index: index)
        }
    }

    fileprivate func giveBack(_ page: SecretPage, _ index: Int) {
        pages.withLock { pages in
            // Wiped under the lock, before anybody else can be given the slot.
            let slot = page.slot(index)
            if let start = slot.baseAddress { sodium_memzero(start, slot.count) }
            page.free.append(index)
            if page.free.count == 1 { pages.append(page) }
            if page.isUnused, pages.count > 1 { pages.removeAll { $0 === page } }
        }
    }
}

/// One guarded page of slots. The list of free slots is touched under the pool's lock only, and
/// each slot by its one owner only; hence unchecked.
private final class SecretPage: @unchecked Sendable {
    static let room = 4_080  // a page less libsodium's canary
    private let base: UnsafeMutableRawPointer
    private let slotSize: Int
    var free: [Int]

    init(slotSize: Int) throws(SecretsError) {
        guard sodium_init() >= 0, let base = lockedMemory(Self.room) else {
            throw SecretsError(
                code: "memory-locked-out",
                sentence: "no locked memory for one more page; raise the memlock limit")
        }
        sodium_memzero(base, Self.room)
        self.base = base
        self.slotSize = slotSize
        free = Array(0..<(Self.room / slotSize))
    }

    var isUnused: Bool { free.count == Self.room / slotSize }

    func slot(_ index: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + index * slotSize, count: slotSize)
    }

    deinit { sodium_free(base) }
}

/// One slot of a pool: like `SecretBytes` it cannot be copied or printed, and is wiped at its end.
public struct SecretSlot: ~Copyable, Sendable {
    private let pool: SecretPool
    private let page: SecretPage
    private let index: Int

    fileprivate init(pool: SecretPool, page: SecretPage, index: Int) {
        self.pool = pool
        self.page = page
        self.index = index
    }

    /// Lends the bytes for reading; they must not be kept.
    public borrowing func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(page.slot(index)))
    }

    /// Lends the bytes for writing; they must not be kept.
    public mutating func withUnsafeMutableBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(page.slot(index))
    }

    deinit { pool.giveBack(page, index) }
}
