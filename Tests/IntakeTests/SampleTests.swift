import Foundation
import Intake
import Plates
import Testing

@Suite("the sample files go through without loss")
struct SampleTests {
    @Test("the agent's stream: 2,192 messages")
    func stream() throws {
        let messages = try Samples.stream()
        #expect(messages.count == 2_192)
        let (reads, summary) = received(messages)
        #expect(summary.messages == 2_192)
        #expect(summary.frames == 1_813 && summary.groups == 379)
        #expect(summary.withoutPlate == 0 && summary.ignored == 0)
        #expect(summary.refused.isEmpty && summary.candidatesDropped == 0)
        #expect(summary.reads == reads.count)
        // Every result of every frame is in a passage, in an equal read, or a read of its own.
        #expect(try results(messages) == summary.folded + summary.readsWithoutGroup)
        // 379 passages, and 36 plates beside them in frames, which no group names.
        #expect(summary.reads == 379 + 36 && summary.readsWithoutGroup == 36)
        #expect(summary.folded == 1_838)
    }

    @Test("the recorded lines: 444 pictures")
    func recorded() throws {
        let messages = try Samples.recorded()
        #expect(messages.count == 444)
        let (reads, summary) = received(messages)
        #expect(summary.messages == 444 && summary.frames == 444 && summary.groups == 0)
        #expect(summary.withoutPlate == 58)
        #expect(summary.reads == 404 && reads.count == 404)
        #expect(summary.folded == 0 && summary.readsWithoutGroup == 0)
        #expect(summary.refused.isEmpty && summary.candidatesDropped == 0)
        // The engine gives each of 386 pictures at least one answer.
        #expect(try results(messages) == 404)
    }

    /// How many results stand in the frames, counted by Foundation's parser.
    private func results(_ messages: [[UInt8]]) throws -> Int {
        try messages.reduce(0) { sum, message in
            let json = try JSONSerialization.jsonObject(with: Data(message)) as? [String: Any]
            let frame = json?["engine"] as? [String: Any] ?? json
            return sum + (frame?["results"] as? [Any] ?? []).count
        }
    }

    @Test("each group's plate, time, camera and candidates are those that the agent sent")
    func contents() throws {
        var expected: [String] = []
        for message in try Samples.stream() {
            let json = try JSONSerialization.jsonObject(with: Data(message)) as? [String: Any]
            guard let json, json["data_type"] as? String == "alpr_group" else { continue }
            let plate = try #require(json["best_plate_number"] as? String)
            let time = try #require(json["epoch_start"] as? Int)
            let camera = try #require(json["camera_id"] as? Int)
            expected.append("\(plate) \(time) \(camera)")
        }
        let found = received(try Samples.stream()).reads.map {
            "\($0.asRead) \($0.seen.milliseconds) \($0.fields.camera)"
        }
        #expect(Array(found.prefix(379)).sorted() == expected.sorted())
        #expect(expected.count == 379)
    }

    @Test("every read fits a row; nearly all of them the small one")
    func sizes() throws {
        let reads = received(try Samples.stream()).reads + received(try Samples.recorded()).reads
        var small = 0
        for read in reads {
            let padded = try PaddedRead.pad(read.encode())
            #expect(try Read(wire: PaddedRead.unpad(padded)) == read)
            if padded.count == 256 { small += 1 }
        }
        #expect(small == reads.count)
    }

    @Test("the shifted stream gives the same reads at the shifted times, in the same order")
    func shifted() throws {
        let messages = try Samples.stream()
        let target = Timestamp(milliseconds: 1_795_397_301_244)
        let shift = try #require(SampleShift(bringing: messages, to: target))
        #expect(shift.difference == 1_795_397_301_244 - 1_767_225_605_835)
        let moved = messages.map(shift.shift)
        #expect(moved != messages)
        let before = received(messages).reads
        let after = received(moved).reads
        #expect(after.count == before.count)
        for (old, new) in zip(before, after) {
            #expect(new.seen.milliseconds - old.seen.milliseconds == shift.difference)
            #expect(new.asRead == old.asRead && new.fields.candidates == old.fields.candidates)
        }
        #expect(shift.time(of: messages[0]) == target)
        #expect(messages.compactMap(shift.time) == messages.compactMap(shift.time).sorted())
        // Nothing but the times has changed.
        let back = SampleShift(difference: -shift.difference)
        for (message, other) in zip(messages, moved.map(back.shift)) {
            let left = try JSONSerialization.jsonObject(with: Data(message)) as? NSDictionary
            let right = try JSONSerialization.jsonObject(with: Data(other)) as? NSDictionary
            #expect(left == right && left != nil)
        }
    }
}
