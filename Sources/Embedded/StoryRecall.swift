import Foundation
import Intake
import Plates
import Secrets
import Warrants

// How often an engine's mistakes hide a car, and what it costs to find it all the same.
extension Story {
    /// What a search for true plates finds where so many candidates are indexed.
    struct Recall {
        let candidates: Int
        let found: Int
        let rows: Int
    }

    /// The sample's passages, filed as a gateway would: under the plate that was read, and under so
    /// many of its best other candidates.
    static func recall(
        of sample: Sample, candidates: [Int], at now: Timestamp
    ) throws -> (passages: Int, recalls: [Recall]) {
        let read = try passages(sample, now)
        let recalls = candidates.map { most in
            let filed = read.map { ($0.truth, $0.read.plates(indexing: most)) }
            return Recall(
                candidates: most, found: filed.count { $1.contains($0) },
                rows: filed.map(\.1.count).reduce(0, +))
        }
        return (read.count, recalls)
    }

    private struct Truth: Decodable {
        let type: String
        let truth: String?

        enum CodingKeys: String, CodingKey {
            case type = "data_type"
            case truth = "x_truth"
        }
    }

    private static func passages(
        _ sample: Sample, _ now: Timestamp
    ) throws -> [(read: Read, truth: Plate)] {
        let feed = try Feed(name: "recall", kind: .openalpr, credential: .zero)
        var reception = FeedReception(feed: feed, fold: .letterOAsZero, lateHours: 6, photos: .none)
        return try sample.messages.compactMap { message in
            let truth = try JSONDecoder().decode(Truth.self, from: Data(message))
            guard truth.type == "alpr_group", let text = truth.truth,
                let plate = try? Plate(normalizing: text, fold: .letterOAsZero)
            else { return nil }
            let delivery = try reception.take(message, contentType: "", at: now)
            reception.confirm(delivery.token, at: now)
            return delivery.reads.first.map { ($0.read, plate) }
        }
    }

    /// Tells it, with the policy's own setting and with as many candidates as a policy may name.
    func tellRecall(_ sample: Sample, _ roster: Roster, at now: Timestamp) throws {
        chapter("The engine misreads. How many passages does a search for the true plate find?")
        let most = 8
        let (passages, recalls) = try Self.recall(
            of: sample, candidates: [0, 1, 3, most], at: now)
        for recall in recalls {
            let share = recall.found * 1_000 / max(1, passages)
            say(
                "          index-candidates \(recall.candidates): \(recall.found) of \(passages) "
                    + "(\(share / 10).\(share % 10) %), for \(recall.rows - passages) extra rows")
        }
        let best = recalls.first?.found ?? 0
        check(
            "the policy here indexes \(roster.policy.indexCandidates); \(most) would find "
                + "\((recalls.last?.found ?? 0) - best) passages more",
            passages > 0 && recalls.map(\.found) == recalls.map(\.found).sorted()
                && (recalls.last?.found ?? 0) > best)
    }
}
