import Dispatch

/// Where the vault leaves what need not be done before an answer is out.
public protocol Later: Sendable {
    /// Takes work that is to be done at once, after all that was taken before; does not wait for it.
    func add(_ work: @escaping @Sendable () throws(StoreError) -> Void)
}

/// Does one piece of work after the other on a thread of its own, for which nobody waits.
public final class LaterQueue: Later {
    private let queue = DispatchQueue(label: "vault-later", qos: .utility)
    private let failed: @Sendable (StoreError) -> Void

    /// A queue without work. `failed` is told, on its thread, why a piece of work failed.
    public init(failed: @escaping @Sendable (StoreError) -> Void = { _ in }) {
        self.failed = failed
    }

    public func add(_ work: @escaping @Sendable () throws(StoreError) -> Void) {
        let failed = failed
        queue.async {
            do throws(StoreError) {
                try work()
            } catch {
                failed(error)
            }
        }
    }
}
