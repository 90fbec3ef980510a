import Bytes
public import Plates
public import Secrets

/// A gateway's way from reads to rows, for one cell and run (DESIGN section 5): each plate's `find`
/// and `open` from its first sight on, 64 bytes in guarded memory, and its counter. `photo` is
/// derived anew for each photo, which costs a hundredth of sealing one.
///
/// One owner, one thread at a time; like a secret it cannot be copied or printed.
public struct CellSealer: ~Copyable {
    /// The cell of all its rows.
    public let cell: Cell
    private let nonces: NonceSource
    private var plates = PlateIndex()
    private var keys = SecretTable(slotSize: 2 * Derivation.size)
    /// K, a partial and K's schedule, for as long as they are needed.
    private var work: SecretBytes
    /// What rows are bound to, and what labels are made of: both end with the counter.
    private var associatedData: [UInt8]
    private var labelMessage: [UInt8]

    /// No plate yet. Throws `memory-locked-out`.
    public init(
        cell: Cell, origin: String, run: RunID, nonces: NonceSource
    ) throws(TokensError) {
        self.cell = cell
        self.nonces = nonces
        associatedData =
            RowContext(origin: origin, cell: cell, run: run, counter: 0).associatedData
        labelMessage = run.bytes + [UInt8](repeating: 0, count: 8)
        do { work = try SecretBytes(zeros: 2 * Derivation.size + HMACSHA256.scheduleSize) } catch {
            throw TokensError(error)
        }
    }

    /// How many plates it has seen.
    public var plateCount: Int { plates.count }

    /// The row of a read, under its plate's next counter, which it uses up. Throws
    /// `subset-missing` where the plate is new and the hour's keys are not complete, and
    /// `memory-locked-out`; then no counter is used up.
    public mutating func seal(_ read: Read, under siteKeys: SiteKeys) throws(TokensError)
        -> SealedRow
    {
        let number = try number(of: read.plate, under: siteKeys)
        prepare(number)
        let row = try keys.withSecret(number) { (keys) throws(TokensError) in
            let label = try Label.derive(labelMessage, find: keys.part(0, of: Derivation.size))
            do throws(PlatesError) {
                return try SealedRow.seal(
                    read, label: label, open: keys.part(1, of: Derivation.size),
                    aad: associatedData, nonces.next(into:))
            } catch {
                throw TokensError(error)
            }
        }
        plates[counter: number] += 1
        return row
    }

    /// A photo of the read that is sealed next, padded, under its plate's `photo` and bound to that
    /// row's label. Throws `photo-too-large`, and as `seal`.
    public mutating func sealPhoto(
        _ photo: [UInt8], of plate: Plate, under siteKeys: SiteKeys
    ) throws(TokensError) -> SealedPhoto {
        let label = try label(try number(of: plate, under: siteKeys))
        let hourKeys = try siteKeys.hourKeys(cell.hour)
        let nonce = nonces.next()
        return try work.withUnsafeMutableBytes { (work) throws(TokensError) in
            defer { _ = work.initializeMemory(as: UInt8.self, repeating: 0) }
            let key = work.part(0, of: Derivation.size)
            hourKeys.combine(plate, into: work)
            HMACSHA256.compute(Derivation.photo, key: UnsafeRawBufferPointer(key), into: key)
            return try SealedPhoto.seal(
                photo, label: label, key: UnsafeRawBufferPointer(key), nonce: nonce)
        }
    }

    /// Gives back the counter of a plate's last row, which has not left the process.
    public mutating func takeBack(_ plate: Plate) {
        guard let number = plates.number(of: plate), plates[counter: number] > 0 else { return }
        plates[counter: number] -= 1
    }

    /// The number of a plate; at its first sight its keys are made.
    private mutating func number(
        of plate: Plate, under siteKeys: SiteKeys
    ) throws(TokensError) -> Int {
        if let number = plates.number(of: plate) { return number }
        let hourKeys = try siteKeys.hourKeys(cell.hour)
        let number: Int
        do { number = try keys.append() } catch { throw TokensError(error) }
        work.withUnsafeMutableBytes { work in
            let sum = UnsafeRawBufferPointer(work.part(0, of: Derivation.size))
            let schedule = work.part(1, of: HMACSHA256.scheduleSize)
            hourKeys.combine(plate, into: work)
            HMACSHA256.schedule(of: sum, into: schedule)
            keys.withMutableSecret(number) { keys in
                for (index, message) in [Derivation.find, Derivation.open].enumerated() {
                    message.withUnsafeBytes {
                        HMACSHA256.compute(
                            $0, schedule: UnsafeRawBufferPointer(schedule),
                            into: keys.part(index, of: Derivation.size))
                    }
                }
            }
            _ = work.initializeMemory(as: UInt8.self, repeating: 0)
        }
        return plates.add(plate)
    }

    /// The label of a plate's next row.
    private mutating func label(_ number: Int) throws(TokensError) -> Label {
        prepare(number)
        return try keys.withSecret(number) { (keys) throws(TokensError) in
            try Label.derive(labelMessage, find: keys.part(0, of: Derivation.size))
        }
    }

    /// Writes a plate's next counter into what its label is made of and what its row is bound to.
    private mutating func prepare(_ number: Int) {
        let counter = plates[counter: number].bigEndian
        let size = MemoryLayout.size(ofValue: counter)
        associatedData.withUnsafeMutableBytes {
            $0.storeBytes(of: counter, toByteOffset: $0.count - size, as: UInt64.self)
        }
        labelMessage.withUnsafeMutableBytes {
            $0.storeBytes(of: counter, toByteOffset: $0.count - size, as: UInt64.self)
        }
    }

    /// Erases the keys of all plates and forgets them: the end of the cell's hour.
    public mutating func erase() {
        plates = PlateIndex()
        keys = SecretTable(slotSize: 2 * Derivation.size)
    }
}
