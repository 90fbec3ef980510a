import Plates
import Testing

@testable import Intake

@Suite("passages have their bounds")
struct PassagesRoomTests {
    private func sighting(
        _ text: String, camera: String = "1", confidence: UInt16? = nil,
        at time: Timestamp = start
    ) -> Sighting {
        Sighting(asRead: text, confidence: confidence, camera: camera, deviceTime: time)
    }

    @Test("of the results that groups named, the oldest are forgotten first")
    func named() throws {
        var passages = Passages(room: 10, named: 3)
        let uuids = ["a", "b", "c", "d"]
        passages.group(nil, uuids.map { FrameKey(frame: $0, index: 0) }, at: start)
        for uuid in uuids { try passages.frame(uuid, [(0, sighting("AB1"))], at: start) }
        #expect(passages.folded == 3 && passages.count == 1)
        // Ten minutes later nothing is known any more.
        let later = start.adding(milliseconds: Passages.memory)
        for uuid in uuids { try passages.frame(uuid, [(0, sighting("AB1"))], at: later) }
        #expect(passages.folded == 4 && passages.count == 4)
    }

    @Test("frames that have no room are refused, and taken once there is some")
    func room() throws {
        var passages = Passages(room: 2)
        try passages.frame("a", [(0, sighting("AB1"))], at: start)
        let two = [(index: Int64(0), sighting: sighting("CD2")), (1, sighting("EF3"))]
        #expect(refusal { try passages.frame("b", two, at: start) } == "queue-full")
        #expect(passages.count == 2)
        let later = start.adding(milliseconds: Passages.patience)
        #expect(passages.due(at: later).map(\.asRead) == ["AB1", "CD2"] && passages.count == 0)
        try passages.frame("b", two, at: later)
        #expect(passages.finish().map(\.asRead) == ["CD2", "EF3"] && passages.count == 0)
    }

    @Test("a feed whose frames fill its room is told to come again, and nothing is lost")
    func feed() throws {
        var reception = try reception(.openalpr)
        func frame(_ number: Int) -> [UInt8] {
            let results = (0..<256).map { "{'plate':'A\(number)B\($0)'}" }
            return message(
                "{'data_type':'alpr_results','epoch_time':\(start.milliseconds),"
                    + "'uuid':'\(number)','results':[\(results.joined(separator: ","))]}")
        }
        for number in 0..<16 {
            #expect(try reception.take(frame(number), contentType: "", at: start).held == 256)
        }
        #expect(
            refusal { _ = try reception.take(frame(16), contentType: "", at: start) }
                == "queue-full")
        #expect(reception.held == 4_096 && reception.summary.refused == ["queue-full": 1])
        let later = start.adding(milliseconds: Passages.patience)
        let delivery = reception.due(at: later)
        #expect(delivery.reads.count == 4_096)
        reception.confirm(delivery.token, at: later)
        #expect(try reception.take(frame(16), contentType: "", at: later).held == 256)
    }

    /// Each result compared with all before it: what folding means.
    private func folded(_ sightings: [Sighting]) -> [Sighting] {
        func name(_ sighting: Sighting) -> Plate? {
            try? Plate(normalizing: sighting.asRead, fold: .letterOAsZero)
        }
        return sightings.reduce(into: []) { result, next in
            let same = result.lastIndex { earlier in
                earlier.camera == next.camera && name(next) != nil && name(earlier) == name(next)
                    && abs(next.deviceTime.milliseconds(since: earlier.deviceTime)) <= 60_000
            }
            guard let same else { return result.append(next) }
            guard (next.confidence ?? 0) > (result[same].confidence ?? 0) else { return }
            let first = result[same].deviceTime
            result[same] = next
            result[same].deviceTime = first
        }
    }

    @Test("equal plates fold as if each was compared with all before it", arguments: 0..<20)
    func folding(seed: Int) throws {
        var random = UInt64(seed)
        func draw(_ below: UInt64) -> Int64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64((random >> 33) % below)
        }
        let texts = ["AB0", "AB-O", "CD2", "*"]
        let steps: [Int64] = [0, 1, 59_999, 60_000, 60_001, 90_000, 119_999, 120_000, 180_001]
        let sightings = (0..<300).map { _ in
            sighting(
                texts[Int(draw(4))], camera: "\(draw(2))", confidence: UInt16(draw(4)),
                // Times before 1970 and at the hour's edge too.
                at: Timestamp(
                    milliseconds: steps[Int(draw(9))] + (draw(20) - 10) * 60_000 - draw(2)))
        }
        var passages = Passages(room: 1_000)
        for (place, sighting) in sightings.enumerated() {
            try passages.frame("\(place)", [(0, sighting)], at: start)
        }
        let expected = folded(sightings)
        #expect(passages.finish() == expected)
        #expect(passages.folded == sightings.count - expected.count && passages.folded > 0)
    }

    /// As in `DeliveryTests`: eight times the results may not cost 64 times the time.
    @Test("what falls due costs time in step with its number", arguments: [false, true])
    func costs(isOnePlate: Bool) throws {
        func cost(_ count: Int) throws -> Duration {
            try (0..<3).map { _ in
                var passages = Passages()
                for place in 0..<count {
                    let time = start.adding(seconds: isOnePlate ? 61 * Int64(place) : 0)
                    let text = isOnePlate ? "AB1" : "AB\(place)"
                    try passages.frame("\(place)", [(0, sighting(text, at: time))], at: start)
                }
                return ContinuousClock().measure { #expect(passages.finish().count == count) }
            }.min() ?? .zero
        }
        let (small, large) = (try cost(1_000), try cost(8_000))
        #expect(large < small * 32 + .milliseconds(50))
    }
}
