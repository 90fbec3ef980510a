import Bytes
public import Embedded
import Foundation
public import Inquiry
public import Plates
import Secrets
import Synchronization
public import Warrants

/// A party's own work behind its desk: the deployment or the party's folder, opened once, used by
/// one thread at a time. While slow work has it, pages that need the log alone are answered from
/// the log as it was when that work began.
///
/// Unchecked, because `work` lets one thread at a time to the deployment.
public final class DeskOffice: @unchecked Sendable {
    /// 20: seconds that a question waits for the work before it.
    static let patience = 20.0
    /// 64: pieces of slow work that are remembered.
    static let jobLimit = 64

    /// The party's word in the roster.
    public let id: String
    /// What the log is called.
    public let origin: String
    private let deployment: Deployment
    private let lock = NSLock()
    private let jobLock = NSLock()
    private var jobs: [DeskJob] = []
    private let meanwhile = Mutex<DeskView?>(nil)

    /// The office of a party whose key is here. Throws `party-unknown`.
    public init(_ deployment: Deployment, as id: String) throws {
        guard deployment.isHere(id) else {
            throw DeskError(
                code: "party-unknown",
                sentence: "the key of \(id) is not in this directory; an officer's word is like "
                    + "privacy-office-officer")
        }
        self.deployment = deployment
        self.id = id
        origin = deployment.roster.origin
    }

    /// Does some work alone. Throws `desk-busy` where the work before it takes long, and what the
    /// work throws.
    public func work<Result>(_ body: (Deployment) throws -> Result) throws -> Result {
        guard lock.lock(before: Date(timeIntervalSinceNow: Self.patience)) else {
            throw DeskError(
                code: "desk-busy",
                sentence: "The desk is at other work, a search perhaps; ask again when it is done.")
        }
        defer { lock.unlock() }
        // Where all parties are in this one program, their duties are done here too.
        if !deployment.isServed { try deployment.settle() }
        return try body(deployment)
    }

    /// The party's view of the log as of now, and the time; while slow work is under way, as of
    /// when that began.
    public func view() throws -> DeskView {
        if let view = viewMeanwhile { return view }
        return try work { try fresh($0) }
    }

    /// What is shown while slow work is under way; nil otherwise.
    var viewMeanwhile: DeskView? { meanwhile.withLock { $0 } }

    private func fresh(_ deployment: Deployment) throws -> DeskView {
        let desk = try deployment.desk(id)
        try desk.refresh()
        return DeskView(id: id, record: desk.record, now: deployment.now)
    }

    /// What waits for the party, as JSON: for the script that notifies.
    func waiting(isCounted: Bool) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(["waiting": isCounted ? try view().inbox : []]))
    }

    /// Begins slow work on a thread of its own; `/work/<id>` shows how far it is, and goes to the
    /// path that it ends with.
    public func begin(
        _ title: String, _ body: @escaping @Sendable (Deployment, DeskJob) throws -> String
    ) -> DeskJob {
        jobLock.lock()
        defer { jobLock.unlock() }
        let job = DeskJob(title)
        jobs.append(job)
        if jobs.count > Self.jobLimit { jobs.removeFirst() }
        Thread.detachNewThread { [self] in
            do {
                let path = try work { deployment in
                    // Without it, pages wait: a vault that is away is the body's to tell.
                    let view = try? fresh(deployment)
                    meanwhile.withLock { $0 = view }
                    defer { meanwhile.withLock { $0 = nil } }
                    return try body(deployment, job)
                }
                job.end(.done(path))
            } catch {
                let coded = error as? any CodedError
                job.end(
                    .failed(
                        code: coded?.code ?? "work-failed",
                        sentence: coded?.sentence ?? "the work could not be done"))
            }
        }
        return job
    }

    /// The work of an id; nil where it is not remembered.
    public func job(_ id: String) -> DeskJob? {
        jobLock.lock()
        defer { jobLock.unlock() }
        return jobs.first { $0.id == id }
    }
}

/// What a party sees of the log at a moment.
public struct DeskView: Sendable {
    /// The party's word.
    public let id: String
    /// The log's statements.
    public let record: Record
    /// The time, by the deployment's clock.
    public let now: Timestamp

    /// The roster in force.
    public var roster: Roster { record.roster }
    /// What waits for the party, in the order of the log.
    public var inbox: [InboxItem] { InboxItem.all(for: id, in: record, at: now) ?? [] }

    /// The request whose id is in a path. Throws `request-unknown`.
    public func request(_ hex: String) throws -> RequestState {
        guard let id = Digest(hex: hex), let state = record.request(id) else {
            throw DeskError(code: "request-unknown", sentence: "The log has no such request.")
        }
        return state
    }
}
