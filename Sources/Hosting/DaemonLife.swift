import Glibc
import Logging
import NIOPosix
public import ServiceLifecycle
import UnixSignals

/// Work that a program does again and again, on a thread of its own, until it ends in order.
public struct Repeating: Service {
    private let name: String
    private let interval: Duration
    private let work: @Sendable () -> Void

    /// Work to be done at once and then `interval` after it was done.
    public init(_ name: String, every interval: Duration, _ work: @escaping @Sendable () -> Void) {
        self.name = name
        self.interval = interval
        self.work = work
    }

    /// Repeats until the program ends in order; work under way is finished.
    public func run() async throws {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let work = work
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            await Blocking.run(on: pool) { work() }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval) }
        }
        try? await pool.shutdownGracefully()
    }
}

/// A program's life: its parts start in order, and end in the opposite order at SIGTERM or SIGINT.
public enum DaemonLife {
    /// Runs the parts until one fails or the program is asked to end; then `last` does what is to be
    /// done when nobody asks any more. Throws what a part throws, such as a place that is taken.
    public static func run(
        _ parts: [any Service], last: @escaping @Sendable () -> Void = {}
    ) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: parts.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: .silent))
        try await group.run()
        last()
    }
}
