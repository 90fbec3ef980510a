// A passage is one read (Docs/Spec/Intake.md): a pure state machine, messages and times in,
// sightings out. No clock: the caller passes the time.

import Plates

/// Frames that wait for their group.
///
/// The unit is one result of one frame. A group takes those it names, and those of the same frames
/// that read its plate or one of its candidates. What no group took within `patience` becomes a
/// sighting of its own: losing a plate would be worse than keeping one beside a passage. Equal
/// plates of one camera within `patience` are then one sighting, the most confident one.
struct Passages {
    /// What is thrown where no frame can wait any more.
    static let full = IntakeRefusal("queue-full", "too many plates wait for their passage's end")
    /// How long a frame waits for its group, in milliseconds.
    static let patience: Int64 = 60_000
    /// How long the frames of a group are remembered, should they arrive after it.
    static let memory: Int64 = 600_000
    /// The most results that wait; beyond, frames are refused.
    let room: Int

    struct Waiting {
        let sighting: Sighting
        let since: Timestamp
        let order: UInt64
    }

    /// By frame, then by the result's place in it.
    private var waiting: [String: [Int64: Waiting]] = [:]
    /// The results that groups named, the oldest forgotten where there are too many.
    private var taken: Recent<FrameKey>
    private var order: UInt64 = 0

    /// An empty one, in which so many results wait, and which knows so many that groups named.
    init(room: Int = 65_536, named: Int = 65_536) {
        self.room = room
        taken = Recent(lifetime: Self.memory, room: named)
    }

    /// How many results were folded into a passage, or into an equal one, so far.
    private(set) var folded = 0

    /// How many results wait.
    private(set) var count = 0

    /// A frame's results; those of a group that came before are folded at once. Throws `queue-full`;
    /// then the results before that one wait, and are known when the frame comes again.
    mutating func frame(
        _ uuid: String, _ plates: [(index: Int64, sighting: Sighting)], at now: Timestamp
    ) throws(IntakeRefusal) {
        for (index, sighting) in plates {
            let key = FrameKey(frame: uuid, index: index)
            guard !taken.contains(key, at: now), waiting[uuid]?[index] == nil else {
                folded += 1
                continue
            }
            guard count < room else { throw Self.full }
            waiting[uuid, default: [:]][index] = Waiting(
                sighting: sighting, since: now, order: order)
            count += 1
            order += 1
        }
    }

    /// A group: takes its results out of the waiting ones.
    mutating func group(_ sighting: Sighting?, _ frames: [FrameKey], at now: Timestamp) {
        for key in frames {
            taken.insert(key, at: now)
            if remove(key) != nil { folded += 1 }
        }
        guard let sighting, !waiting.isEmpty else { return }
        let names = Set(
            ([sighting.asRead] + sighting.candidates.map(\.text)).compactMap(Self.name))
        for uuid in Set(frames.map(\.frame)) {
            for (index, other) in waiting[uuid] ?? [:] {
                guard let name = Self.name(other.sighting.asRead), names.contains(name) else {
                    continue
                }
                _ = remove(FrameKey(frame: uuid, index: index))
                folded += 1
            }
        }
    }

    /// What has waited long enough, in the order of arrival.
    mutating func due(at now: Timestamp) -> [Sighting] {
        release(
            arrivals().filter { now.milliseconds(since: $0.since) >= Self.patience }.map(\.key))
    }

    /// Everything that still waits, in the order of arrival: the end of the input.
    mutating func finish() -> [Sighting] {
        taken = Recent(lifetime: Self.memory, room: taken.room)
        return release(arrivals().map(\.key))
    }

    /// The waiting results in the order in which they came.
    private func arrivals() -> [(key: FrameKey, since: Timestamp)] {
        waiting.flatMap { uuid, results in
            results.map { (FrameKey(frame: uuid, index: $0.key), $0.value) }
        }
        .sorted { $0.1.order < $1.1.order }
        .map { ($0.0, $0.1.since) }
    }

    private mutating func remove(_ key: FrameKey) -> Sighting? {
        let result = waiting[key.frame]?.removeValue(forKey: key.index)
        if waiting[key.frame]?.isEmpty == true { waiting[key.frame] = nil }
        if result != nil { count -= 1 }
        return result?.sighting
    }

    /// Where equal plates are looked for. Results of one spot are at most `patience` apart, so it
    /// has one of them at most, and each is compared with three others at most.
    private struct Spot: Hashable {
        let camera: String
        let name: Plate
        var slot: Int64

        init(_ sighting: Sighting, _ name: Plate) {
            camera = sighting.camera
            self.name = name
            let (slot, rest) = sighting.deviceTime.milliseconds
                .quotientAndRemainder(dividingBy: Passages.patience)
            self.slot = rest < 0 ? slot - 1 : slot
        }

        /// Itself, and those before and after it.
        var neighbours: [Spot] {
            [Int64(-1), 0, 1].map { step in
                var spot = self
                spot.slot += step
                return spot
            }
        }
    }

    /// Takes results out and folds equal ones.
    private mutating func release(_ keys: [FrameKey]) -> [Sighting] {
        var result: [Sighting] = []
        var spots: [Spot: Int] = [:]
        for key in keys {
            guard let sighting = remove(key) else { continue }
            guard let name = Self.name(sighting.asRead) else {
                result.append(sighting)
                continue
            }
            let spot = Spot(sighting, name)
            let near = spot.neighbours.compactMap { spots[$0] }.filter { earlier in
                sighting.deviceTime.milliseconds(since: result[earlier].deviceTime).magnitude
                    <= UInt64(Self.patience)
            }
            guard let same = near.max() else {
                spots[spot] = result.count
                result.append(sighting)
                continue
            }
            folded += 1
            if (sighting.confidence ?? 0) > (result[same].confidence ?? 0) {
                // The passage keeps the time of its first sight.
                let first = result[same].deviceTime
                result[same] = sighting
                result[same].deviceTime = first
            }
        }
        return result
    }

    /// Plates compare in normal form, O and 0 alike; nil for a text that names none.
    private static func name(_ text: String) -> Plate? {
        try? Plate(normalizing: text, fold: .letterOAsZero)
    }
}
