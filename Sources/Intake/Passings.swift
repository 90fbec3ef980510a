import Plates

/// Passages that a device tells piece by piece under one id (Axis, Frigate): the best reading so
/// far, with the time of the first. No clock: the caller passes the time.
struct Passings {
    /// How long after its last message a passage is over, in milliseconds.
    static let patience: Int64 = 60_000
    /// How long after its first message a passage is over, though messages still come.
    static let longest: Int64 = 600_000
    /// The most passages that wait; beyond, the oldest are over early.
    static let room = 4_096
    /// The most bytes of photos that wait; beyond, a passage waits without its photos.
    static let photoRoom = 64 << 20

    /// One passage so far.
    struct Passage {
        var best: Sighting
        var photos: [Photo]
        var first: Timestamp
        var last: Timestamp
    }

    private(set) var waiting: [String: Passage] = [:]
    private var photoBytes = 0

    /// How many passages wait.
    var count: Int { waiting.count }

    /// The passage with one more message: the more confident text is the plate, the other a
    /// candidate; the time is that of the first sight.
    func joined(
        _ id: String, _ sighting: Sighting?, _ photos: [Photo], at now: Timestamp
    ) -> Passage? {
        guard var passage = waiting[id] else {
            return sighting.map { Passage(best: $0, photos: photos, first: now, last: now) }
        }
        passage.last = now
        guard let sighting else { return passage }
        let isBetter = (sighting.confidence ?? 0) >= (passage.best.confidence ?? 0)
        var best = isBetter ? sighting : passage.best
        let other = isBetter ? passage.best : sighting
        best.deviceTime = min(passage.best.deviceTime, sighting.deviceTime)
        best.candidates = passage.best.candidates + sighting.candidates
        best.candidates.append(Candidate(text: other.asRead, confidence: other.confidence))
        var texts: Set<String> = [best.asRead]
        best.candidates = best.candidates.filter { texts.insert($0.text).inserted }
        best.candidates.removeLast(max(0, best.candidates.count - Read.maximumCandidates))
        passage.best = best
        if !photos.isEmpty, isBetter || passage.photos.isEmpty { passage.photos = photos }
        return passage
    }

    /// Keeps a passage. Returns whether its photos were kept too.
    mutating func keep(_ id: String, _ passage: Passage) -> Bool {
        remove(id)
        var passage = passage
        let size = passage.photos.reduce(0) { $0 + $1.bytes.count }
        let fits = photoBytes + size <= Self.photoRoom
        if !fits { passage.photos = [] }
        photoBytes += fits ? size : 0
        waiting[id] = passage
        return fits
    }

    /// Forgets a passage.
    mutating func remove(_ id: String) {
        guard let old = waiting.removeValue(forKey: id) else { return }
        photoBytes -= old.photos.reduce(0) { $0 + $1.bytes.count }
    }

    /// What is over, in the order of its first messages; it waits on until it is removed.
    func over(at now: Timestamp) -> [(id: String, passage: Passage)] {
        let sorted = waiting.sorted { ($0.value.first, $0.key) < ($1.value.first, $1.key) }
        let surplus = max(0, sorted.count - Self.room)
        return sorted.enumerated().filter { place, item in
            place < surplus || now.milliseconds(since: item.value.last) >= Self.patience
                || now.milliseconds(since: item.value.first) >= Self.longest
        }.map { ($0.element.key, $0.element.value) }
    }
}

/// Names of what was told or became durable, for a while: what comes again is known by them.
struct Recent<Name: Hashable & Sendable> {
    /// How long a name is kept, in milliseconds.
    let lifetime: Int64
    /// The most names; beyond, the oldest are forgotten.
    let room: Int
    private var times: [UInt64: Name] = [:]
    private var kept: [Name: (order: UInt64, since: Timestamp)] = [:]
    private var oldest: UInt64 = 0
    private var next: UInt64 = 0

    init(lifetime: Int64, room: Int = 65_536) {
        self.lifetime = lifetime
        self.room = room
    }

    func contains(_ key: Name, at now: Timestamp) -> Bool {
        kept[key].map { now.milliseconds(since: $0.since) < lifetime } ?? false
    }

    mutating func insert(_ key: Name, at now: Timestamp) {
        if let old = kept[key] { times[old.order] = nil }
        kept[key] = (next, now)
        times[next] = key
        next += 1
        while oldest < next {
            if let key = times[oldest], let since = kept[key]?.since {
                let isOld = now.milliseconds(since: since) >= lifetime
                guard isOld || kept.count > room else { break }
                kept[key] = nil
                times[oldest] = nil
            }
            oldest += 1
        }
    }
}
