public import Disk
public import Secrets

/// One custodian's state on disk: a slot with root keys, and a state file for each of its cells.
///
/// Files in the folder: `slot`, `state-a`, `state-b`. The commit order, and what a crash leaves:
///
/// 1. The new state is written under a fresh root key to the file of the free cell, synchronized
///    with its folder, read back and compared. A crash leaves the old state; the key of the new
///    file was never anywhere but in memory.
/// 2. The root key is put into the free cell, synchronized, read back. A crash leaves the old
///    state in force (its sequence is lower); the next opening erases the preparation.
/// 3. The old root key is overwritten with zeros: the only commit. A crash leaves old or new; a
///    torn cell counts as erased, and the next opening overwrites it again.
/// 4. Everything is read again from the disk: the old file must open under no key there, and the
///    new one must open. Only then does `commit` return, and only then may anything be announced.
///
/// `save` does all four at once, so that no older file opens afterwards. While something is
/// prepared it rewrites both files under their own keys instead, current first: `save` numbers
/// tell a preparation that was made from an older state, and `commit` refuses it.
/// After any error the store is `broken` and refuses everything: only opening it anew tells what
/// is on the disk. Spec: Docs/Spec/State.md.
public final class StateStore {
    private let folder: String
    private let slot: Slot
    private let disk: any FileSystem
    private let lock: StateLock
    private let random: any RandomSource
    private var current: Slot.Cell
    private var save: UInt64
    private var prepared: Slot.Cell?
    private var isBroken = false

    /// Whether a later state stands ready.
    public var isPrepared: Bool { prepared != nil }

    /// A new state in a folder that holds none. Throws `custody-exists`, `slot-unerasable`, and
    /// errors of the disk.
    public static func create(
        in folder: String, content: borrowing SecretBytes, lock: StateLock,
        erasability: Erasability, disk: any FileSystem, random: any RandomSource
    ) throws(CustodyError) -> StateStore {
        try onDisk { () throws(DiskError) in
            try disk.makeFolder(folder)
            try disk.synchronize(disk.folder(of: folder))
        }
        try Slot.check(folder, erasability, disk)
        let slot = Slot(path: folder + "/slot", disk: disk)
        guard try onDisk({ () throws(DiskError) in try disk.size(slot.path) }) == nil else {
            throw CustodyError(
                code: "custody-exists", sentence: "\(folder) holds a custodian already")
        }
        let key = try onSecrets { () throws(SecretsError) in
            try SecretBytes(random: 32, from: random)
        }
        let bytes = try StateFile(sequence: 1, save: 1).seal(
            content, root: key, lock: lock, random: random)
        // The slot comes last: a folder without one holds no custodian, whatever else lies there.
        try onDisk { () throws(DiskError) in try disk.replace(folder + "/state-a", bytes) }
        try slot.create(key)
        return try open(in: folder, lock: lock, disk: disk, random: random).store
    }

    /// The state in a folder. Finishes a commit that was cut off, and erases a preparation.
    /// Throws `custody-missing`, `share-lost`, `state-sealed`, `passphrase-missing`, …
    public static func open(
        in folder: String, passphrase: SecretBox?, disk: any FileSystem,
        random: any RandomSource
    ) throws(CustodyError) -> (store: StateStore, content: SecretBox) {
        let (_, cell) = try recover(folder, disk)
        let bytes = try stateFile(folder, cell.place, disk)
        let lock = try StateFile.lock(of: bytes, passphrase: passphrase)
        return try open(in: folder, lock: lock, disk: disk, random: random)
    }

    private static func open(
        in folder: String, lock: StateLock, disk: any FileSystem, random: any RandomSource
    ) throws(CustodyError) -> (store: StateStore, content: SecretBox) {
        let (slot, cell) = try recover(folder, disk)
        let bytes = try stateFile(folder, cell.place, disk)
        let (save, content) = try StateFile.open(
            bytes, root: cell.key.bytes, sequence: cell.sequence, lock: lock)
        let store = StateStore(
            folder: folder, slot: slot, disk: disk, lock: lock, random: random, current: cell,
            save: save)
        return (store, content)
    }

    private init(
        folder: String, slot: Slot, disk: any FileSystem, lock: StateLock,
        random: any RandomSource, current: Slot.Cell, save: UInt64
    ) {
        self.folder = folder
        self.slot = slot
        self.disk = disk
        self.lock = lock
        self.random = random
        self.current = current
        self.save = save
    }

    /// The cell in force, every other cell blank.
    private static func recover(
        _ folder: String, _ disk: any FileSystem
    ) throws(CustodyError) -> (slot: Slot, cell: Slot.Cell) {
        let slot = Slot(path: folder + "/slot", disk: disk)
        guard try onDisk({ () throws(DiskError) in try disk.size(slot.path) }) != nil else {
            throw CustodyError(
                code: "custody-missing", sentence: "there is no custodian in \(folder)")
        }
        guard let cell = try slot.cells().first else { throw .lost("the slot holds no key") }
        // A torn cell is erased for good, a preparation is made again from the newest state.
        if try !slot.isBlank(cell.place.other) { try slot.erase(cell.place.other) }
        return (slot, cell)
    }

    private static func stateFile(
        _ folder: String, _ place: Slot.Place, _ disk: any FileSystem
    ) throws(CustodyError) -> [UInt8] {
        let path = folder + "/state-" + place.name
        do throws(DiskError) {
            return try disk.read(path)
        } catch {
            guard error.code == "file-missing" else { throw CustodyError(error) }
            throw .lost("the state file that belongs to the slot is not there")
        }
    }

    /// Makes a later state ready, so that `commit` needs only to erase. Replaces what was ready.
    public func prepare(_ content: borrowing SecretBytes) throws(CustodyError) {
        try ensureWhole()
        isBroken = true
        prepared = nil
        let place = current.place.other
        if try !slot.isBlank(place) { try slot.erase(place) }
        let sequence = current.sequence + 1
        let key = try onSecrets { () throws(SecretsError) in
            try SecretBytes(random: 32, from: random)
        }
        let file = StateFile(sequence: sequence, save: save)
        try write(file, content, root: key, at: place)
        try slot.put(key, sequence: sequence, at: place)
        guard let cell = try slot.cell(place) else { throw Self.unread }
        try check(content, at: cell, save: save)
        prepared = cell
        isBroken = false
    }

    /// Makes the prepared state the one in force: erases the old root key, then checks that the
    /// old state opens no more and the new one does. Returns the new state as the disk has it.
    /// Throws `state-unprepared` where nothing is ready.
    public func commit() throws(CustodyError) -> SecretBox {
        try ensureWhole()
        guard let next = prepared else {
            throw CustodyError(code: "state-unprepared", sentence: "no later state stands ready")
        }
        isBroken = true
        // Once more from the disk: the old key goes only while the new one surely opens.
        guard let stored = try slot.cell(next.place), stored.sequence == next.sequence,
            try load(stored).save == save
        else {
            throw CustodyError(
                code: "state-stale", sentence: "the prepared state is not of the newest one")
        }
        try slot.erase(current.place)
        let cells = try slot.cells()
        guard cells.count == 1, let only = cells.first, only.place == next.place else {
            throw Self.unread
        }
        let content = try load(only).content
        try checkClosed(current.place, under: only)
        try onDisk { () throws(DiskError) in
            try disk.remove(folder + "/state-" + current.place.name)
            try disk.synchronize(folder)
        }
        current = only
        prepared = nil
        isBroken = false
        return content
    }

    /// Stores a changed state. With nothing prepared it goes under a fresh root key and the one
    /// before is erased. Otherwise `prepared` must be what becomes of it, and both are rewritten.
    /// Throws `state-unprepared` where a preparation stands and none is given.
    public func save(
        _ content: borrowing SecretBytes, prepared later: SecretBox?
    ) throws(CustodyError) {
        try ensureWhole()
        guard let ready = prepared else {
            try prepare(content)
            _ = try commit()
            return
        }
        guard let later else {
            throw CustodyError(
                code: "state-unprepared", sentence: "the prepared state would lose this change")
        }
        isBroken = true
        let number = save + 1
        // Current first: a crash between the two leaves a preparation with an old number, which
        // the next opening erases.
        try rewrite(content, in: current, save: number)
        save = number
        try rewrite(later.bytes, in: ready, save: number)
        isBroken = false
    }

    /// Erases all: both root keys, then the files. Nothing opens afterwards.
    public func shred() throws(CustodyError) {
        isBroken = true
        try Self.shred(folder, disk)
    }

    /// The same in a folder that nobody has opened; it is no error if it was done before.
    static func shred(_ folder: String, _ disk: any FileSystem) throws(CustodyError) {
        let slot = Slot(path: folder + "/slot", disk: disk)
        if try onDisk({ () throws(DiskError) in try disk.size(slot.path) }) != nil {
            for place in Slot.Place.allCases { try slot.erase(place) }
        }
        try onDisk { () throws(DiskError) in
            for place in Slot.Place.allCases {
                try disk.remove(folder + "/state-" + place.name)
            }
            try disk.synchronize(folder)
        }
    }

    private func rewrite(
        _ content: borrowing SecretBytes, in cell: Slot.Cell, save: UInt64
    ) throws(CustodyError) {
        let file = StateFile(sequence: cell.sequence, save: save)
        try write(file, content, root: cell.key.bytes, at: cell.place)
        try check(content, at: cell, save: save)
    }

    private func write(
        _ file: StateFile, _ content: borrowing SecretBytes, root: borrowing SecretBytes,
        at place: Slot.Place
    ) throws(CustodyError) {
        let bytes = try file.seal(content, root: root, lock: lock, random: random)
        let path = folder + "/state-" + place.name
        do throws(DiskError) {
            try disk.replace(path, bytes)
        } catch  where error.code == "disk-full" {
            // What was put aside for this.
            try onDisk { () throws(DiskError) in
                try disk.remove(reserve)
                try disk.synchronize(folder)
                try disk.replace(path, bytes)
            }
        } catch {
            throw CustodyError(error)
        }
        try putAside(4 * bytes.count)
    }

    private var reserve: String { folder + "/reserve" }

    /// Puts room for the next states aside, so that a full disk does not keep a day alive: as soon
    /// as a state is written the room is taken again, before anybody else can. Where there is none
    /// the next write tries again.
    private func putAside(_ needed: Int) throws(CustodyError) {
        let count = (needed / Self.reserveStep + 1) * Self.reserveStep
        do throws(DiskError) {
            if let size = try disk.size(reserve), size >= count { return }
            try disk.replace(reserve, [UInt8](repeating: 0, count: count))
        } catch  where error.code == "disk-full" {
            return
        } catch {
            throw CustodyError(error)
        }
    }

    /// 64 KiB.
    private static let reserveStep = 65_536

    private func load(_ cell: Slot.Cell) throws(CustodyError) -> (save: UInt64, content: SecretBox)
    {
        let bytes = try Self.stateFile(folder, cell.place, disk)
        return try StateFile.open(
            bytes, root: cell.key.bytes, sequence: cell.sequence, lock: lock)
    }

    private func check(
        _ content: borrowing SecretBytes, at cell: Slot.Cell, save: UInt64
    ) throws(CustodyError) {
        let stored = try load(cell)
        guard stored.save == save, stored.content.bytes.isEqual(to: content) else {
            throw Self.unread
        }
    }

    /// The file of an erased cell must not open under the key that is left.
    private func checkClosed(
        _ place: Slot.Place, under cell: Slot.Cell
    ) throws(CustodyError) {
        let bytes = try Self.stateFile(folder, place, disk)
        for sequence in [cell.sequence, cell.sequence &- 1] {
            let opened = try? StateFile.open(
                bytes, root: cell.key.bytes, sequence: sequence, lock: lock)
            guard opened == nil else { throw Self.unread }
        }
    }

    private func ensureWhole() throws(CustodyError) {
        // Another program may shred the folder while this one runs: nothing is written after it.
        guard try !Shredding.isMarked(folder, disk) else { throw Shredding.shredded }
        guard !isBroken else {
            throw CustodyError(
                code: "state-broken",
                sentence: "a write to \(folder) failed before; start the custodian anew")
        }
    }

    private static var unread: CustodyError {
        CustodyError(
            code: "state-unread", sentence: "the disk does not give back what was written to it")
    }
}
