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
    /// How long a frame waits for its group, in milliseconds.
    static let patience: Int64 = 60_000
    /// How long the frames of a group are remembered, should they arrive after it.
    static let memory: Int64 = 600_000
    /// The most results that wait; beyond, the oldest become sightings early.
    let room: Int

    struct Waiting {
        let sighting: Sighting
        let since: Timestamp
        let order: UInt64
    }

    /// By frame, then by the result's place in it.
    private var waiting: [String: [Int64: Waiting]] = [:]
    private var taken: [FrameKey: Timestamp] = [:]
    private var order: UInt64 = 0

    /// An empty one.
    init(room: Int = 65_536) { self.room = room }

    /// How many results were folded into a passage, or into an equal one, so far.
    private(set) var folded = 0

    /// How many results wait.
    var count: Int { waiting.values.reduce(0) { $0 + $1.count } }

    /// A frame's results; those of a group that came before are folded at once.
    mutating func frame(
        _ uuid: String, _ plates: [(index: Int64, sighting: Sighting)], at now: Timestamp
    ) {
        for (index, sighting) in plates {
            let key = FrameKey(frame: uuid, index: index)
            guard taken[key] == nil, waiting[uuid]?[index] == nil else {
                folded += 1
                continue
            }
            waiting[uuid, default: [:]][index] = Waiting(
                sighting: sighting, since: now, order: order)
            order += 1
        }
    }

    /// A group: takes its results out of the waiting ones.
    mutating func group(_ sighting: Sighting?, _ frames: [FrameKey], at now: Timestamp) {
        for key in frames {
            taken[key] = now
            if remove(key) != nil { folded += 1 }
        }
        guard let sighting else { return }
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
        taken = taken.filter { now.milliseconds(since: $0.value) < Self.memory }
        let arrivals = arrivals()
        let surplus = max(0, arrivals.count - room)
        let ready = arrivals.enumerated().filter { position, item in
            position < surplus || now.milliseconds(since: item.since) >= Self.patience
        }
        return release(ready.map(\.element.key))
    }

    /// Everything that still waits, in the order of arrival: the end of the input.
    mutating func finish() -> [Sighting] {
        taken = [:]
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
        return result?.sighting
    }

    /// Takes results out and folds equal ones.
    private mutating func release(_ keys: [FrameKey]) -> [Sighting] {
        var result: [Sighting] = []
        for key in keys {
            guard let sighting = remove(key) else { continue }
            guard let name = Self.name(sighting.asRead),
                let same = result.lastIndex(where: { earlier in
                    earlier.camera == sighting.camera && Self.name(earlier.asRead) == name
                        && sighting.deviceTime.milliseconds(since: earlier.deviceTime).magnitude
                            <= UInt64(Self.patience)
                })
            else {
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
