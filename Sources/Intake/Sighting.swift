// The gateway: what a reader sends → sealed rows → vault (Docs/Spec/Intake.md).
//
// Entry points: `Reception` (messages in, reads out, everything counted), `Gateway` (reads in,
// sealed batches out, hours closed), `SampleShift` (recorded messages brought to another time).
// Nothing here ever searches: it holds its own site's keys of a few hours, and no other key.

public import Bytes
import Plates

/// Why a message or a read was not taken: never holds anything that the message said.
public struct IntakeRefusal: CodedError {
    /// A stable word for machines, such as `message-json` or `seen-later`.
    public let code: String
    /// One sentence for people.
    public let sentence: String

    init(_ code: String, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

/// One plate that a reader reported, before it is filed as a read. It does not print itself.
struct Sighting: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    var asRead: String
    /// Hundredths of a percent.
    var confidence: UInt16?
    var candidates: [Candidate] = []
    var camera: String
    var place: Place?
    var deviceTime: Timestamp
    var vehicle = Vehicle()
    var region: String?
    var direction: UInt16?

    var description: String { "sighting" }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What made a read of a sighting, and what had to be left out.
struct Filing {
    let read: Read
    /// Candidates left out because they had no place in a row or no usable text.
    let candidatesDropped: Int
}

extension Sighting {
    /// How far a device's clock may be from the time of receipt before the read says so.
    static let clockTolerance: Int64 = 5 * 60 * 1_000

    /// The read of this sighting. Candidates that do not fit are left out, the weakest first, and
    /// other texts of the engine that keep no bound are left out too; the plate never is. Throws
    /// the code of the plate's refusal, or of the read's.
    func filed(receivedAt received: Timestamp, fold: Fold) throws(IntakeRefusal) -> Filing {
        let plate: Plate
        do throws(PlateRefusal) {
            plate = try Plate(normalizing: asRead, fold: fold)
        } catch {
            throw IntakeRefusal(error.code, error.sentence)
        }
        var fields = Read.Fields(
            asRead: asRead, plate: plate, camera: camera, deviceTime: deviceTime,
            receivedTime: received)
        fields.confidence = confidence
        fields.place = place
        fields.vehicle = vehicle
        fields.region = region
        fields.direction = direction
        fields.deviceClockOff =
            deviceTime.milliseconds(since: received).magnitude > UInt64(Self.clockTolerance)
        let usable = candidates.filter { Sighting.isText($0.text, most: 96) }
        fields.candidates = Array(usable.prefix(Read.maximumCandidates))
        while true {
            do throws(PlatesError) {
                let read = try Read(fields)
                return Filing(
                    read: read, candidatesDropped: candidates.count - fields.candidates.count)
            } catch {
                // Readers order candidates by confidence, so the last one is the weakest.
                guard error.code == "read-too-long", !fields.candidates.isEmpty else {
                    throw IntakeRefusal(error.code, error.sentence)
                }
                fields.candidates.removeLast()
            }
        }
    }

    /// The same with no more than a read can hold. Throws what `filed` throws.
    func bounded(receivedAt now: Timestamp, fold: Fold) throws(IntakeRefusal) -> Sighting {
        let fields = try filed(receivedAt: now, fold: fold).read.fields
        var result = self
        result.candidates = fields.candidates
        return result
    }

    /// Whether a text keeps the bounds of a read's texts.
    static func isText(_ text: String, most: Int) -> Bool { text.isShown(most: most) }
}
