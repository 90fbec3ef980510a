public import Plates
public import Rows
import Secrets
import Synchronization
public import Wire

/// Rows of one cell on their way to the vault, under a number of their own. Their batch is made once,
/// by whoever asks for it first, on any thread: sorting, hashing and signing keep nobody from
/// the gateway meanwhile.
public final class Handover: Sendable {
    /// The cell of the rows.
    public let cell: Cell
    /// How many rows.
    public let count: Int
    /// Whether the cell had photos when the rows were taken out; most have none.
    public let hasPhotos: Bool

    let kind: HourOpening.Kind
    private let run: RunID
    private let number: UInt64
    private let origin: String
    private let key: SigningKey
    private let state: Mutex<State>

    private enum State: Sendable {
        case rows([SealedRow])
        case batch(Batch)
    }

    init(
        _ cell: Cell, _ kind: HourOpening.Kind, _ run: RunID, _ number: UInt64,
        _ rows: [SealedRow], hasPhotos: Bool, origin: String, key: SigningKey
    ) {
        self.cell = cell
        self.kind = kind
        self.run = run
        self.number = number
        self.hasPhotos = hasPhotos
        self.origin = origin
        self.key = key
        count = rows.count
        state = Mutex(.rows(rows))
    }

    /// The signed batch, always the same one. Throws `batch-unsigned`.
    public func batch() throws(WireProblem) -> Batch {
        try state.withLock { state throws(WireProblem) in
            switch state {
            case .batch(let batch): return batch
            case .rows(let rows):
                let batch = try? Batch(
                    cell: cell, kind: kind, run: run, number: number, rows: rows, origin: origin,
                    key: key)
                guard let batch else {
                    throw WireProblem(
                        code: "batch-unsigned", sentence: "a batch could not be signed")
                }
                state = .batch(batch)
                return batch
            }
        }
    }
}
