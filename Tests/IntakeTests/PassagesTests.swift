import Intake
import Plates
import Testing

@Suite("a passage is one read")
struct PassagesTests {
    private func frame(_ uuid: String, _ plates: [String], time: Int = 1_767_225_605_835) -> [UInt8]
    {
        let results = plates.enumerated().map { "{'plate':'\($1)','plate_index':\($0)}" }
        return message(
            "{'data_type':'alpr_results','epoch_time':\(time),'camera_id':1,'uuid':'\(uuid)',"
                + "'results':[\(results.joined(separator: ","))]}")
    }

    private func group(_ plate: String, _ uuids: [String], _ indexes: [Int]? = nil) -> [UInt8] {
        let names = uuids.map { "'\($0)'" }.joined(separator: ",")
        let places = (indexes ?? uuids.map { _ in 0 }).map(String.init).joined(separator: ",")
        return message(
            "{'data_type':'alpr_group','epoch_start':1767225605835,'camera_id':1,"
                + "'best_plate_number':'\(plate)','uuids':[\(names)],'plate_indexes':[\(places)]}")
    }

    private func plates(_ messages: [[UInt8]]) -> [String] {
        received(messages).reads.map(\.asRead)
    }

    @Test("frames wait for their group and are counted with it")
    func together() {
        let (reads, summary) = received([
            frame("a", ["AB1"]), frame("b", ["A81"]), frame("c", ["AB1"]),
            group("AB1", ["a", "b", "c"]),
        ])
        #expect(reads.map(\.asRead) == ["AB1"])
        #expect(summary.folded == 3 && summary.readsWithoutGroup == 0)
    }

    @Test("a group before, between or after its frames is one read", arguments: 0..<4)
    func order(place: Int) {
        var messages = [frame("a", ["AB1"]), frame("b", ["AB1"]), frame("c", ["AB1"])]
        messages.insert(group("AB1", ["a", "b", "c"]), at: place)
        #expect(plates(messages) == ["AB1"])
        #expect(received(messages).summary.folded == 3)
    }

    @Test("two cars in one frame are two passages, each by its place in the frame")
    func twoCars() {
        let messages = [
            frame("a", ["AB1", "CD2"]), group("AB1", ["a"], [0]), group("CD2", ["a"], [1]),
        ]
        #expect(plates(messages).sorted() == ["AB1", "CD2"])
    }

    @Test("a car that no group names is not lost, and the group's own plate is not read twice")
    func unclaimed() {
        let (reads, summary) = received([
            frame("a", ["AB0", "CD2", "ABO"]), frame("b", ["AB0", "CD-2"]),
            group("AB0", ["a", "b"]),
        ])
        #expect(reads.map(\.asRead) == ["AB0", "CD2"])
        #expect(summary.readsWithoutGroup == 1 && summary.folded == 4)
    }

    @Test("frames whose group never comes are read when their time is over, not before")
    func patience() throws {
        var reception = Reception(fold: .letterOAsZero)
        _ = try reception.take(frame("a", ["AB1"]), at: start)
        _ = try reception.take(frame("b", ["CD2"]), at: start.adding(seconds: 30))
        #expect(reception.due(at: start.adding(seconds: 59)).isEmpty)
        #expect(reception.due(at: start.adding(seconds: 60)).map(\.asRead) == ["AB1"])
        #expect(reception.due(at: start.adding(seconds: 60)).isEmpty)
        #expect(reception.finish(at: start.adding(seconds: 61)).map(\.asRead) == ["CD2"])
        #expect(reception.finish(at: start.adding(seconds: 61)).isEmpty)
        #expect(reception.summary.reads == 2)
    }

    @Test(
        "equal plates of one camera without a group are one read; a minute later they are another")
    func equalPlates() {
        let first = 1_767_225_605_835
        let (reads, summary) = received([
            frame("a", ["AB1"], time: first), frame("b", ["AB1"], time: first + 10_000),
            frame("c", ["AB1"], time: first + 90_000),
        ])
        #expect(reads.map(\.seen.milliseconds) == [Int64(first), Int64(first + 90_000)])
        #expect(summary.folded == 1)
    }

    @Test("bare engine output has no passages: each result is a read at once")
    func bare() throws {
        var reception = Reception(fold: .none)
        let reads = try reception.take(
            message("{'epoch_time':5,'results':[{'plate':'AB1'},{'plate':'AB1'},{'plate':''}]}"),
            at: start)
        #expect(reads.count == 2 && reception.summary.withoutPlate == 0)
    }

    @Test("one refused plate does not take its neighbours along")
    func neighbours() throws {
        var reception = Reception(fold: .none)
        let reads = try reception.take(
            message("{'epoch_time':5,'results':[{'plate':'A*1'},{'plate':'AB1'}]}"), at: start)
        #expect(reads.map(\.asRead) == ["AB1"])
        #expect(reception.summary.refused == ["plate-wildcard": 1])
    }
}
