import Intake
import Plates
import Testing

@Suite("OpenALPR's messages")
struct OpenALPRTests {
    private func code(_ text: String) -> String? {
        var reception = Reception(fold: .none)
        do {
            _ = try reception.take(message(text), at: start)
            return nil
        } catch {
            #expect(reception.summary.refused == [error.code: 1])
            return error.code
        }
    }

    private func reads(_ text: String) -> [Read] { received([message(text)], fold: .none).reads }

    @Test(
        "what is refused, and as what",
        arguments: [
            ("", "message-json"), ("{", "message-json"), ("[1,]", "message-json"),
            ("{'a':1}x", "message-json"), ("{'a':01}", "message-json"),
            ("{'a':'\u{1}'}", "message-json"),
            ("[]", "message-shape"), ("{}", "message-shape"), ("7", "message-shape"),
            ("{'data_type':'other'}", "message-shape"),
            ("{'data_type':7,'results':[]}", "message-shape"),
            ("{'data_type':'alpr_results','results':{}}", "message-shape"),
            ("{'data_type':'alpr_results','results':[7]}", "message-shape"),
            ("{'data_type':'alpr_results','results':[{'plate':'A1'}]}", "message-time"),
            ("{'epoch_time':'soon','results':[{'plate':'A1'}]}", "message-time"),
            ("{'epoch_time':-5,'results':[{'plate':'A1'}]}", "message-time"),
            ("{'data_type':'alpr_group','best_plate_number':'A1'}", "message-time"),
            ("{'epoch_time':5,'results':[{'plate':'A*1'}]}", "plate-wildcard"),
            ("{'epoch_time':5,'results':[{'plate':'!!'}]}", "plate-unlisted"),
            ("{'epoch_time':5,'results':[{'plate':' - '}]}", "plate-empty"),
        ])
    func refusals(text: String, expected: String) {
        #expect(code(text) == expected)
    }

    @Test("a bomb of brackets is refused, not followed")
    func depth() {
        #expect(code(String(repeating: "[", count: 100_000)) == "message-json")
        #expect(code("{'x':" + String(repeating: "[", count: 30) + "}") == "message-json")
    }

    @Test(
        "no plate is no read",
        arguments: [
            "{'epoch_time':5,'results':[]}", "{'data_type':'alpr_results','epoch_time':5}",
            "{'data_type':'alpr_results','epoch_time':5,'results':null}",
            "{'epoch_time':5,'results':[{'plate':''}]}",
            "{'epoch_time':5,'results':[{'plate':null}]}",
            "{'epoch_time':5,'results':[{'plate':'unknown'}]}", "{'epoch_time':5,'results':[{}]}",
            "{'epoch_time':5,'results':[{'plate':'No Plate'},{'plate':'noPlate'}]}",
            "{'data_type':'alpr_group','epoch_start':5,'best_plate_number':''}",
            "{'data_type':'alpr_group','epoch_start':5}",
            "{'engine':{'data_type':'alpr_results','epoch_time':5,'results':[]},'truth':[]}",
        ])
    func withoutPlate(text: String) {
        let (reads, summary) = received([message(text)])
        #expect(reads.isEmpty && summary.reads == 0)
        #expect(summary.withoutPlate == 1 && summary.refused.isEmpty)
    }

    @Test("heartbeats and vehicles are never reads, and their secrets go nowhere")
    func secrets() {
        let texts = [
            "{'data_type':'heartbeat','license_key':'KEY-SECRET','video_streams':"
                + "[{'camera_id':1,'url':'rtsp://admin:PASS-SECRET@10.0.0.1','plate':'A1'}]}",
            "{'data_type':'vehicle','epoch_start':5,'best_plate_number':'A1'}",
        ]
        let (reads, summary) = received(texts.map(message))
        #expect(reads.isEmpty && summary.ignored == 2)
        var shown = "\(summary)"
        dump(summary, to: &shown)
        #expect(!shown.contains("SECRET"))
    }

    @Test("secrets and unknown fields of a read's message are not in the read")
    func strange() throws {
        let plain =
            "{'data_type':'alpr_results','epoch_time':5,'camera_id':7,'results':[{'plate':'A1'}]"
        let read = try #require(reads(plain + "}").first)
        let more = try #require(
            reads(
                plain
                    + ",'company_id':'c','api_key':'K-SECRET','user_data':{'password':'P-SECRET'},"
                    + "'web_server_config':{'agent_label':'L'},'deep':[[[1,2.5e3,null]]]}"
            ).first)
        #expect(read.encode() == more.encode())
    }

    @Test("every field of a passage that is kept")
    func passage() throws {
        let read = try #require(
            reads(
                "{'data_type':'alpr_group','epoch_start':1700000000123,'camera_id':'gate 3',"
                    + "'gps_latitude':-33.8567844,'gps_longitude':151.2152967,"
                    + "'best_plate_number':'ab-12','best_confidence':87.595,'best_region':'au-nsw',"
                    + "'travel_direction':359.7,'best_plate':{'plate':'AB-1Z','confidence':91},"
                    + "'candidates':[{'plate':'ab-12','confidence':87.595},"
                    + "{'plate':'A8-12','confidence':40.25},{'plate':'A812','confidence':1000}],"
                    + "'vehicle':{'make':[{'name':'toyota','confidence':9},{'name':'kia'}],"
                    + "'make_model':[{'name':'toyota_prius'}],'color':[{'name':'white'}],"
                    + "'body_type':[{'name':'sedan'}],'year':[{'name':'2010-2014'}]}}"
            ).first)
        let fields = read.fields
        #expect(fields.asRead == "ab-12" && read.plate.text == "AB12")
        #expect(fields.confidence == 8_760 && fields.camera == "gate 3")
        #expect(
            fields.candidates == [
                Candidate(text: "A8-12", confidence: 4_025),
                Candidate(text: "A812", confidence: nil),
                Candidate(text: "AB-1Z", confidence: 9_100),
            ])
        #expect(fields.place == Place(latitude: -338_567_844, longitude: 1_512_152_967))
        #expect(fields.region == "au-nsw" && fields.direction == 0)
        #expect(
            fields.vehicle
                == Vehicle(
                    make: "toyota", model: "toyota_prius", color: "white", type: "sedan",
                    year: "2010-2014"))
        #expect(read.seen.milliseconds == 1_700_000_000_123)
        #expect(fields.receivedTime == start && fields.deviceClockOff)
    }

    @Test("numbers as strings, odd confidences and absent fields")
    func odd() throws {
        let read = try #require(
            reads(
                "{'epoch_time':'1767225605835.0','results':[{'plate':'A\\u0031','confidence':'55.5'}]}"
            ).first)
        #expect(read.asRead == "A1" && read.fields.confidence == 5_550)
        #expect(read.fields.camera == "unnamed" && !read.fields.deviceClockOff)
        for confidence in ["-1", "100.1", "'x'", "1e999", "null"] {
            let text = "{'epoch_time':5,'results':[{'plate':'A1','confidence':\(confidence)}]}"
            #expect(reads(text).first?.fields.confidence == nil)
            #expect(reads(text).count == 1)
        }
        #expect(
            reads(
                "{'epoch_time':5,'gps_latitude':0,'gps_longitude':0.0,"
                    + "'results':[{'plate':'A1'}]}"
            ).first?.fields.place == nil)
    }

    @Test("letters of other scripts come through JSON's escapes and as they are")
    func scripts() {
        #expect(
            reads("{'epoch_time':5,'results':[{'plate':'1กก 1234'}]}").first?.plate.text
                == "1กก1234")
        #expect(
            reads("{'epoch_time':5,'results':[{'plate':'1\\u0e01\\u0e01 1234'}]}").first?.plate
                .text == "1กก1234")
        #expect(code("{'epoch_time':5,'results':[{'plate':'\\ud83d\\ude97'}]}") == "plate-unlisted")
        #expect(code("{'epoch_time':5,'results':[{'plate':'\\ud83d'}]}") == "message-json")
        #expect(code("{'epoch_time':5,'results':[{'plate':'\\ude97\\ud83d'}]}") == "message-json")
    }

    @Test("too many candidates: the weakest are left out, and counted")
    func manyCandidates() throws {
        let many = (0..<60).map { "{'plate':'AAAAAAAAAAAA\($0)','confidence':\(90 - $0)}" }
        let text =
            "{'epoch_time':5,'results':[{'plate':'A1','candidates':["
            + many.joined(separator: ",") + "]}]}"
        let (reads, summary) = received([message(text)])
        let read = try #require(reads.first)
        #expect(read.fields.candidates.count == 32 && summary.candidatesDropped == 28)
        #expect(read.fields.candidates.first?.confidence == 9_000)
        let long = (0..<30).map { _ in "{'plate':'\(String(repeating: "A", count: 96))'}" }
        let other = received([
            message(
                "{'epoch_time':5,'results':[{'plate':'A1','candidates':["
                    + long.joined(separator: ",") + "]}]}")
        ])
        #expect(other.reads.count == 1 && other.summary.candidatesDropped == 21)
    }

    @Test(
        "every message of the stream, cut or with one byte changed, is refused or still a message")
    func mutations() throws {
        let line = try Samples.stream()[0]
        for index in stride(from: 0, to: line.count, by: 7) {
            var reception = Reception(fold: .none)
            #expect(throws: IntakeRefusal.self) {
                try reception.take(Array(line[..<index]), at: start)
            }
            var changed = line
            changed[index] ^= 0x81
            _ = try? reception.take(changed, at: start)
            #expect(reception.summary.messages == 2)
        }
    }
}
