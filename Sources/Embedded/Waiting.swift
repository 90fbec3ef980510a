import Foundation
import Inquiry
import Plates
import Secrets
import Warrants

// Programs of their own follow the log every second and check answers every few: who asks for what
// they must have seen waits a little, and asks all the same when the wait is over.
extension Deployment {
    /// Waits until a quorum of custodians holds so many entries.
    func waitUntilHeld(_ size: UInt64, at desk: Desk) throws {
        guard isServed else { return }
        let count = max(rosterInForce.quorum, rosterInForce.threshold.t)
        _ = try wait(seconds: 15) { try desk.size(heldBy: count) >= size }
    }

    /// Waits until every custodian has evaluated or checked, or some time has passed.
    func waitForChecks(of request: Digest, at desk: Desk) throws {
        guard isServed else { return }
        _ = try wait(seconds: 25) {
            try desk.refresh()
            guard let state = desk.record.request(request) else { return false }
            let seen = state.evaluations.map(\.body.custodian) + state.checks.map(\.body.custodian)
            return Set(seen).count >= rosterInForce.custodians.count
        }
    }

    /// Asks twice a second whether something is so; whether it was within the time.
    public func wait(seconds: Int, until isSo: () throws -> Bool) throws -> Bool {
        // By the clock: whoever asks somebody who is down waits longer for each answer.
        let end = Date().addingTimeInterval(Double(seconds))
        while true {
            if try isSo() { return true }
            guard Date() < end else { return false }
            Thread.sleep(forTimeInterval: 0.5)
        }
    }
}
