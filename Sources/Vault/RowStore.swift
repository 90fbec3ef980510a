// The vault: keeps sealed rows and closed hours, answers look-ups, carries mail, runs the log.
//
// Entry points: `VaultService` (encoded messages in and out), `RowStore` (one contract, held by
// `MemoryRowStore` and `SQLiteRowStore`), `MailBox`. Docs/Spec/Store.md. It holds no key, sees no
// plate, and keeps no find key beyond one look-up; no part of `Tokens` can be linked from here.

public import Bytes
public import Plates
public import Rows
public import Secrets

/// Why the store, the mail or the service did not do what was asked.
public struct StoreError: CodedError {
    /// A stable word for machines: the refusals of `RowStore`, or `store-missing`, `store-exists`,
    /// `store-version`, `store-full`, `store-failed`.
    public let code: String
    /// One sentence for people; never a label or a row.
    public let sentence: String

    /// A refusal with its machine code and its sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

/// Which cells may have rows at all, at the moment of asking.
public struct Admission: Hashable, Sendable {
    /// The sites of the roster.
    public let sites: Set<SiteNumber>
    /// The oldest and the newest hour that rows may be of.
    public let hours: ClosedRange<Hour>

    /// An admission of its parts.
    public init(sites: Set<SiteNumber>, hours: ClosedRange<Hour>) {
        self.sites = sites
        self.hours = hours
    }

    /// Throws `cell-unknown` for a site that is none or an hour too old, `cell-future`.
    public func check(_ cell: Cell) throws(StoreError) {
        guard cell.hour <= hours.upperBound else {
            throw StoreError(
                code: "cell-future", sentence: "cell \(cell) has not begun by the vault's clock")
        }
        guard sites.contains(cell.site), cell.hour >= hours.lowerBound else {
            throw StoreError(
                code: "cell-unknown",
                sentence: "cell \(cell) is of no site of the roster, or too long ago")
        }
    }
}

/// A closed cell as the store keeps it.
public struct StoredClosing: Hashable, Sendable {
    /// What the site committed to, opened.
    public let opening: HourOpening
    /// The id of the `hour-closed` statement.
    public let statement: Digest
    /// The statement itself, so that a crash between store and log can be made good.
    public let wire: [UInt8]

    /// The cell's tree that it closes.
    var tree: CellTreeID { CellTreeID(cell: opening.cell, kind: opening.kind) }

    /// A closing of its parts.
    public init(opening: HourOpening, statement: Digest, wire: [UInt8]) {
        self.opening = opening
        self.statement = statement
        self.wire = wire
    }
}

/// One of the two trees of a cell.
public struct CellTreeID: Hashable, Comparable, Sendable {
    /// The cell.
    public let cell: Cell
    /// The tree of the rows that came in time, or of those that came later.
    public let kind: HourOpening.Kind

    /// A tree of a cell.
    public init(cell: Cell, kind: HourOpening.Kind) {
        self.cell = cell
        self.kind = kind
    }

    /// By cell, the prompt tree first.
    public static func < (left: Self, right: Self) -> Bool {
        left.cell == right.cell
            ? left.kind.rawValue < right.kind.rawValue : left.cell < right.cell
    }
}

/// Whether an act changed anything: what is already so is no error.
public enum Kept: Hashable, Sendable {
    /// It is new, and durable.
    case fresh
    /// It was there before.
    case again
}

/// Rows by cell and label, and the closings of cells. One contract for every backend; a call that
/// has returned is durable, a call that has thrown has changed nothing but the counters.
///
/// A store never says, and keeps nowhere, in which order the rows of a batch arrived; once a cell is
/// closed it has also forgotten which row came in which batch, and whatever that could be computed
/// from: a batch that comes again is known by its rows.
public protocol RowStore: AnyObject, Sendable {
    /// Keeps a batch whole, or refuses it whole and counts the refusal. Throws `cell-dead`,
    /// `cell-future`, `cell-unknown`, `cell-closed`, `cell-open` for a late one of a cell whose
    /// prompt tree is not closed, `batch-gap` where the run's batch before it in the tree is missing, `batch-differs` where another one has its number, `label-differs`
    /// where a row of either tree has one of its labels and other bytes.
    func keep(_ batch: Batch, admission: Admission) throws(StoreError) -> Kept
    /// The batches of a tree that is not closed, by run and number. Throws `cell-dead`,
    /// `cell-closed`.
    func batches(of tree: CellTreeID) throws(StoreError) -> [Batch]
    /// The same without their rows, in parts of some thousand rows: those behind a place, none where
    /// there are no more. Throws as the other.
    func leaves(
        of tree: CellTreeID, after place: BatchPlace?
    ) throws(StoreError) -> [BatchLeaves]
    /// The rows of a tree in label order; none where there is no such tree.
    func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow]
    /// Throws what `publish` would, and does all of closing that takes long, while batches of other
    /// cells come in; nobody sees anything of it.
    func checkClose(_ closing: StoredClosing) throws(StoreError)
    /// Closes a tree for good, once the opening's runs and tree are those of the stored rows; in a
    /// moment after `checkClose`. Throws `cell-dead`, `cell-closed` where another closing stands,
    /// `opening-differs`, `cell-open` for a late tree before the prompt one.
    func publish(_ closing: StoredClosing) throws(StoreError) -> Kept
    /// Forgets which row came in which batch, of a tree that is closed.
    func forgetBatches(of tree: CellTreeID) throws(StoreError)
    /// Reads closed trees of one day while nothing of it changes; nil where there is no such day.
    func search<Found>(
        _ day: Day, _ body: (any ClosedTrees) throws(StoreError) -> Found
    ) throws(StoreError) -> Found?
    /// The closing of a tree, nil where it is not closed or its day is dead.
    func closing(of tree: CellTreeID) throws(StoreError) -> StoredClosing?
    /// All closings of days that live, by cell, prompt before late.
    func closings() throws(StoreError) -> [StoredClosing]
    /// The same of one day; none where it does not live.
    func closings(of day: Day) throws(StoreError) -> [StoredClosing]
    /// Keeps photos whole, all or none, or refuses them all and counts the refusal. Throws
    /// `cell-dead`, `cell-future`, `cell-unknown`, `cell-closed` where the late tree is closed,
    /// `photo-count` where a row has as many as it may, `photos-full` where the site's photos of the
    /// day have taken their room. Whether there is such a row is not asked: photos come before it.
    func keep(_ photos: [PhotoDelivery], admission: Admission) throws(StoreError) -> Kept
    /// The photos of a row in the order of their digests; none where there are none.
    func photos(of label: Label, in cell: Cell) throws(StoreError) -> [SealedPhoto]
    /// The labels of a cell under which there are photos.
    func photoLabels(in cell: Cell) throws(StoreError) -> Set<Label>
    /// What closings leave to be done, now and then and soon after one: the files forget in which
    /// order photos of closed trees came, and photos go that have no row once the late tree is
    /// closed. In small steps, between which the store answers.
    func tidyPhotos() throws(StoreError)
    /// The days that have rows, photos or closings, and dead ones as long as they have files,
    /// ascending.
    func days() throws(StoreError) -> [Day]
    /// Notes that a day is dead: nobody finds anything of it any more, and nothing is ever kept for it
    /// again. Its files are still there for `expire` to remove; until then the day is among `days`.
    func markDead(_ day: Day) throws(StoreError)
    /// Drops a day with all of its files, which can take long; nothing is ever kept for it again.
    func expire(_ day: Day) throws(StoreError)
    /// Whether a day has been marked as dead, or dropped.
    func isDead(_ day: Day) throws(StoreError) -> Bool
    /// Counts a refusal by its code, also one that the service found before the store was asked.
    func count(_ refusal: String) throws(StoreError)
    /// How often each code was refused.
    func refusals() throws(StoreError) -> [String: UInt64]
}

extension RowStore {
    /// All of closing a tree: `checkClose`, `publish`, `forgetBatches`. Throws as `publish`.
    public func close(_ closing: StoredClosing) throws(StoreError) -> Kept {
        try checkClose(closing)
        let kept = try publish(closing)
        try forgetBatches(of: closing.tree)
        return kept
    }
}

/// The closed trees of one day, for as long as they are read.
public protocol ClosedTrees {
    /// The closing of a tree, nil where it is not closed.
    func closing(of tree: CellTreeID) throws(StoreError) -> KnownClosing?
    /// The row of a label in a closed tree with its proof, or the proof that there is none. Throws
    /// `store-failed` for a tree that is open.
    func find(_ label: Label, in tree: CellTreeID) throws(StoreError) -> FoundLabel
    /// All rows of a closed tree in label order.
    func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow]
}

/// What a closed tree has under a label, with its proof.
public enum FoundLabel: Hashable, Sendable {
    /// The row, and its place.
    case present(LookupAnswer.FoundRow)
    /// The neighbours between which it is not.
    case absent(AbsenceProof)
}

/// The decisions that every backend makes alike, on what it has found out.
enum StoreRules {
    /// What tells a batch from another one of its number.
    struct Head {
        let root: Digest
        let signature: [UInt8]
    }

    /// What is known about one batch's place.
    struct Place {
        /// Batches of the run in the tree.
        let known: UInt64
        /// The batch that has this number, if any.
        let taken: Head?
        /// Whether the cell's prompt tree is closed; late rows come after that.
        let isPromptClosed: Bool
    }

    /// Whether a batch of an open tree is new, known, or refused; rows are compared by the backend.
    static func judge(_ batch: Batch, _ place: Place) throws(StoreError) -> Kept {
        if let taken = place.taken, taken.root == batch.root, taken.signature == batch.signature {
            return .again
        }
        if batch.kind == .late, !place.isPromptClosed { throw open(batch.cell) }
        guard place.taken == nil else {
            throw StoreError(
                code: "batch-differs",
                sentence:
                    "run \(batch.run) has given another batch \(batch.number) of \(batch.cell)")
        }
        guard batch.number == place.known else {
            throw StoreError(
                code: "batch-gap",
                sentence:
                    "batch \(batch.number) of run \(batch.run) came before number \(place.known)")
        }
        return .fresh
    }

    /// Whether an opening says that its tree has a batch of this run and number.
    static func names(_ opening: HourOpening, _ batch: Batch) -> Bool {
        opening.runs.contains { $0.id == batch.run && batch.number <= $0.lastBatch }
    }

    /// Throws `opening-differs` unless the opening names exactly the runs, and the number of batches of
    /// each.
    static func judge(
        _ opening: HourOpening, runs: [RunID: UInt64]
    ) throws(StoreError) {
        let named = opening.runs.map { ($0.id, $0.lastBatch + 1) }
        guard Dictionary(uniqueKeysWithValues: named) == runs else { throw differs(opening) }
    }

    /// Throws `opening-differs` unless the opening names the tree of the rows.
    static func judge(_ opening: HourOpening, _ tree: HourTree) throws(StoreError) {
        guard tree.root == opening.tree else { throw differs(opening) }
    }

    /// The tree of rows that a closing is judged by. Throws `opening-differs`.
    static func tree(of rows: [SealedRow]) throws(StoreError) -> HourTree {
        do throws(RowsError) {
            return try HourTree(rows)
        } catch {
            throw StoreError(code: "opening-differs", sentence: error.sentence)
        }
    }

    private static func differs(_ opening: HourOpening) -> StoreError {
        StoreError(
            code: "opening-differs",
            sentence: "the closing of \(opening.cell) is not that of the rows kept for it")
    }

    static var removing: StoreError {
        StoreError(code: "store-failed", sentence: "the day is being removed")
    }

    static func closed(_ cell: Cell) -> StoreError {
        StoreError(code: "cell-closed", sentence: "cell \(cell) is closed; nothing enters it")
    }

    static func open(_ cell: Cell) -> StoreError {
        StoreError(
            code: "cell-open",
            sentence: "cell \(cell) is not closed yet; what is late comes after that")
    }

    static func dead(_ day: Day) -> StoreError {
        StoreError(code: "cell-dead", sentence: "day \(day) is dead; its rows are dropped")
    }

    static func labelDiffers(_ cell: Cell) -> StoreError {
        StoreError(
            code: "label-differs",
            sentence: "a row of \(cell) has the label of a kept one and other bytes")
    }
}

extension CellTreeID {
    /// The cell's other tree.
    var other: CellTreeID { CellTreeID(cell: cell, kind: kind == .prompt ? .late : .prompt) }
}

extension Batch {
    /// The tree that the batch's rows are for.
    var tree: CellTreeID { CellTreeID(cell: cell, kind: kind) }
}
