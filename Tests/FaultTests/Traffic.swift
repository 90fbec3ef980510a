import Dispatch
import Embedded
import Foundation
import Hosting
import Plates
import Synchronization

/// Cameras that post one passage after the other, each message again with the same bytes until a
/// gateway says 2xx or that it will never do.
final class Traffic: Sendable {
    /// One passage as its camera knows it; no two are alike.
    struct Sighting: Hashable, Sendable {
        let site: String
        let camera: String
        let plate: String
        let milliseconds: Int64
    }

    /// What came of all of it.
    struct Account: Sendable {
        var acknowledged: Set<Sighting> = []
        var posted: Set<Sighting> = []
        var statuses: [Int: Int] = [:]
    }

    private struct State {
        var account = Account()
        var isRunning = true
    }

    /// The plates that pass: so few that one request names them all.
    static let plates = (1...8).map { "FLT10\($0)7" }

    private let state = Mutex(State())
    private let group = DispatchGroup()
    private let cameras: Serving.Cameras
    private let clock: DemoClock
    private let pause: Double
    private let passing: [String]

    /// Cameras that begin at once, so many at each site; each pauses between two passages.
    init(_ town: Town, perSite: Int, pause: Double = 0.05, plates: [String] = Traffic.plates) {
        cameras = town.serving.cameras
        clock = town.clock
        self.pause = pause
        passing = plates
        for (place, site) in town.sites.enumerated() {
            for number in 0..<perSite {
                let camera = "\((place + 1) * 1_000 + number)"
                // A thread each: they wait most of the time.
                group.enter()
                Thread.detachNewThread { [self] in
                    drive(site, camera)
                    group.leave()
                }
            }
        }
    }

    var account: Account { state.withLock { $0.account } }
    var acknowledged: Int { state.withLock { $0.account.acknowledged.count } }

    /// Ends it; what nobody took until now is not acknowledged.
    @discardableResult
    func stop() -> Account {
        state.withLock { $0.isRunning = false }
        group.wait()
        return account
    }

    private var isRunning: Bool { state.withLock { $0.isRunning } }

    private func drive(_ site: String, _ camera: String) {
        var last: Int64 = 0
        var number = 0
        while isRunning {
            last = max(last + 1, clock.wall.milliseconds)
            let plate = passing[(number * 7 + (Int(camera) ?? 0)) % passing.count]
            let sighting = Sighting(site: site, camera: camera, plate: plate, milliseconds: last)
            post(sighting)
            number += 1
            Thread.sleep(forTimeInterval: pause)
        }
    }

    private func post(_ sighting: Sighting) {
        let message = Self.message(sighting)
        state.withLock { _ = $0.account.posted.insert(sighting) }
        while isRunning {
            let status = cameras.post(message, to: sighting.site)
            state.withLock { state in
                state.account.statuses[status, default: 0] += 1
                if (200..<300).contains(status) { state.account.acknowledged.insert(sighting) }
            }
            // Neither taken nor worth another try.
            if (200..<300).contains(status) || (400..<500).contains(status) { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }

    /// A passage as an OpenALPR agent posts it.
    static func message(_ sighting: Sighting) -> [UInt8] {
        Array(
            """
            {"data_type":"alpr_group","version":2,"epoch_start":\(sighting.milliseconds),\
            "epoch_end":\(sighting.milliseconds + 500),"camera_id":\(sighting.camera),\
            "best_uuid":"\(sighting.camera)-\(sighting.milliseconds)",\
            "best_plate_number":"\(sighting.plate)","best_confidence":91.5,"uuids":[]}
            """.utf8)
    }
}
