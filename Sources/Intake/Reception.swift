public import Plates
public import Warrants

/// What came in, and what became of it. Numbers and codes only.
public struct Summary: Hashable, Sendable, Codable {
    /// Messages received, whatever they were.
    public var messages = 0
    /// Messages with the results of one frame or picture.
    public var frames = 0
    /// Messages that sum up a passage.
    public var groups = 0
    /// Messages that are never a read, such as heartbeats.
    public var ignored = 0
    /// Frames and groups in which the engine named no plate.
    public var withoutPlate = 0
    /// Results of frames that were counted with a passage.
    public var folded = 0
    /// Reads that came out.
    public var reads = 0
    /// Of these, the reads of agents' frames that no group claimed.
    public var readsWithoutGroup = 0
    /// Reads whose device clock was far off.
    public var clocksOff = 0
    /// Candidates that had no place in a row or no usable text.
    public var candidatesDropped = 0
    /// Reads that came a second time, and were left out.
    public var duplicates = 0
    /// Photos that came with reads and stay with them.
    public var photos = 0
    /// Photos that were refused, by code; the reads were kept.
    public var photosRefused: [String: Int] = [:]
    /// Messages and plates that were refused, by code.
    public var refused: [String: Int] = [:]

    /// All zeros.
    public init() {}

    /// Counts one refusal.
    public mutating func refuse(_ code: String) { refused[code, default: 0] += 1 }

    /// Adds the numbers of another feed.
    public mutating func add(_ other: Summary) {
        let numbers: [WritableKeyPath<Summary, Int>] = [
            \.messages, \.frames, \.groups, \.ignored, \.withoutPlate, \.folded, \.reads,
            \.readsWithoutGroup, \.clocksOff, \.candidatesDropped, \.duplicates, \.photos,
        ]
        for number in numbers { self[keyPath: number] += other[keyPath: number] }
        photosRefused.merge(other.photosRefused, uniquingKeysWith: +)
        refused.merge(other.refused, uniquingKeysWith: +)
    }
}

/// Messages in, reads out, everything counted: the front half of a gateway.
public struct Reception: Sendable {
    /// What has been received so far.
    public private(set) var summary = Summary()

    private let parser: OpenALPRParser
    private let fold: Fold
    private let photos: PhotoKeeping
    private var passages = Passages()

    /// A reception. `fold` is the generation's; `camera` names the camera of messages without one;
    /// `photos` says which of a passage stay.
    public init(fold: Fold, camera: String = "unnamed", photos: PhotoKeeping = .none) {
        self.fold = fold
        self.photos = photos
        parser = OpenALPRParser(defaultCamera: camera)
    }

    /// The same without the photos.
    public mutating func take(
        _ message: [UInt8], at now: Timestamp
    ) throws(IntakeRefusal) -> [Read] { try receive(message, at: now).map(\.read) }

    /// Takes one message received at `now`, and returns the reads that are complete, with their
    /// photos. Throws why the message was refused; that is counted too, and nothing of the message
    /// stays.
    public mutating func receive(
        _ message: [UInt8], at now: Timestamp
    ) throws(IntakeRefusal) -> [ReceivedRead] {
        summary.messages += 1
        let parsed: OpenALPRMessage
        var crops: [Photo] = []
        do throws(IntakeRefusal) {
            let json = try parser.json(message)
            parsed = try parser.message(json)
            if case .passage = parsed { crops = keep(json) }
        } catch {
            summary.refuse(error.code)
            throw error
        }
        var refusal: IntakeRefusal?
        var reads: [Read] = []
        switch parsed {
        case .ignored: summary.ignored += 1
        case .frame(let uuid, let plates):
            summary.frames += 1
            if plates.isEmpty { summary.withoutPlate += 1 }
            if let uuid {
                do throws(IntakeRefusal) {
                    try passages.frame(uuid, plates, at: now)
                } catch {
                    summary.refuse(error.code)
                    refusal = error
                }
            } else {
                for (_, sighting) in plates { file(sighting, now, &reads, &refusal) }
            }
        case .withoutPlate(let frames):
            summary.groups += 1
            summary.withoutPlate += 1
            passages.group(nil, frames, at: now)
        case .passage(let sighting, let frames):
            summary.groups += 1
            passages.group(sighting, frames, at: now)
            file(sighting, now, &reads, &refusal)
        }
        summary.folded = passages.folded
        if let refusal, reads.isEmpty { throw refusal }
        summary.photos += reads.isEmpty ? 0 : crops.count
        return reads.map { ReceivedRead(read: $0, photos: crops) }
    }

    private mutating func keep(_ json: JSON) -> [Photo] {
        var sieve = PhotoSieve(keeping: photos)
        let crops = sieve.crops(ofGroup: json)
        summary.photosRefused.merge(sieve.refused, uniquingKeysWith: +)
        return crops
    }

    /// The reads of frames whose group did not come in time.
    public mutating func due(at now: Timestamp) -> [Read] { release(passages.due(at: now), now) }

    /// The reads of all frames that still wait: the end of the input.
    public mutating func finish(at now: Timestamp) -> [Read] { release(passages.finish(), now) }

    private mutating func release(_ sightings: [Sighting], _ now: Timestamp) -> [Read] {
        var reads: [Read] = []
        var refusal: IntakeRefusal?
        for sighting in sightings { file(sighting, now, &reads, &refusal) }
        summary.readsWithoutGroup += reads.count
        summary.folded = passages.folded
        return reads
    }

    /// Files one sighting, or counts why not.
    private mutating func file(
        _ sighting: Sighting, _ now: Timestamp, _ reads: inout [Read],
        _ refusal: inout IntakeRefusal?
    ) {
        do throws(IntakeRefusal) {
            let filing = try sighting.filed(receivedAt: now, fold: fold)
            summary.reads += 1
            summary.candidatesDropped += filing.candidatesDropped
            if filing.read.deviceClockOff { summary.clocksOff += 1 }
            reads.append(filing.read)
        } catch {
            summary.refuse(error.code)
            refusal = error
        }
    }
}
