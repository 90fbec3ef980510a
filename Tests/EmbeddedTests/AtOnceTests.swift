import Bytes
import Foundation
import Plates
import Secrets
import Synchronization
import Testing
import Warrants
import Wire

@testable import Embedded
@testable import Inquiry

/// Custodians that are asked at once, each by a thread of its own: whoever is slow, fails or lies, what
/// comes of it is what comes of asking one after the other.
@Suite struct AtOnceTests {
    /// The answers that four custodians have given and logged, so that anybody can give them again.
    private struct Given {
        let path: String
        let city: Deployment
        let id: Digest
        let sealed: [[UInt8]]

        init(_ indices: [Int] = [0, 1, 2, 3]) throws {
            path = try City.copy()
            city = try Deployment.open(at: path)
            let id = try city.granted(indices)
            self.id = id
            sealed = try indices.map { [city] in try city.custodianClients[$0].evaluate(id) }
        }

        func search(_ ways: [any Channel & Sendable]) throws -> Inquiry.Finding {
            try Requester(desk: try city.desk("investigator"), random: SystemRandom()).search(
                try city.caseFile(id), request: id,
                custodians: zip(city.roster.custodians, ways).map {
                    (id: $0.id, client: CustodianClient(shared: $1))
                })
        }

        /// The same custodians in turn.
        func searchInTurn(_ ways: [any Channel & Sendable]) throws -> Inquiry.Finding {
            try Requester(desk: try city.desk("investigator"), random: SystemRandom()).search(
                try city.caseFile(id), request: id,
                custodians: zip(city.roster.custodians, ways).map {
                    (id: $0.id, client: CustodianClient(InTurn($1)))
                })
        }

        func end() { try? FileManager.default.removeItem(atPath: path) }
    }

    private static func codes(_ finding: Inquiry.Finding) -> [String?] {
        finding.replies.map { $0.problem?.code }
    }

    /// All are under way at the same time: each gives its answer only once all were asked.
    @Test func allAreUnderWay() throws {
        let given = try Given()
        defer { given.end() }
        let meeting = Meeting(of: 4)
        let finding = try given.search(
            given.sealed.map { Way(.answer($0), before: meeting.waitForAll) })
        given.city.expectWhole(finding)
        #expect(meeting.isComplete)
        #expect(finding.replies.map(\.custodian) == given.city.roster.custodians[..<4].map(\.id))
        #expect(Self.codes(finding) == [nil, nil, nil, nil])
    }

    /// Whoever answers first, the finding names them in the order in which they were named.
    @Test func theOrderOfAnswersDoesNotMatter() throws {
        let given = try Given()
        defer { given.end() }
        let inTurn = try given.searchInTurn(given.sealed.map { Way(.answer($0)) })
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let queue = Queue(order)
            let finding = try given.search(
                given.sealed.enumerated().map { place, sealed in
                    Way(.answer(sealed), before: { queue.wait(for: place) })
                })
            given.city.expectWhole(finding)
            #expect(queue.isInOrder)
            #expect(finding.replies.map(\.custodian) == inTurn.replies.map(\.custodian))
            #expect(finding.disclosure.cells == inTurn.disclosure.cells)
            #expect(finding.answers == inTurn.answers)
            #expect(
                finding.evidence.parcels.map(\.custodian)
                    == inTurn.evidence.parcels.map(\.custodian))
            #expect(
                finding.disclosure.answers.confirmations == inTurn.disclosure.answers.confirmations)
        }
    }

    /// One that fails, one that is slow about lying: both are named with their own reasons, and the
    /// others' answers are whole.
    @Test func oneFailsOneLiesOneIsSlow() throws {
        let given = try Given([0, 1, 2, 3, 4])
        defer { given.end() }
        let key = try given.city.caseFile(given.id).replyKey
        let info = SealInfo.evaluation.text(given.city.roster.origin)
        let lie = try HybridSeal.seal(
            try AttackTests.changed(try key.open(given.sealed[1], info: info)),
            to: key.publicKey, info: info)
        let refusal = WireProblem(code: "no-time", sentence: "come back tomorrow")
        @Sendable func pause() { Thread.sleep(forTimeInterval: 0.2) }
        let ways = [
            Way(.problem(refusal)), Way(.answer(lie), before: pause), Way(.answer(given.sealed[2])),
            Way(.answer(given.sealed[3]), before: pause), Way(.answer(given.sealed[4])),
        ]
        let finding = try given.search(ways)
        given.city.expectWhole(finding)
        #expect(Self.codes(finding) == ["no-time", "answer-unlogged", nil, nil, nil])
        let inTurn = try given.searchInTurn(ways)
        #expect(Self.codes(inTurn) == Self.codes(finding))
        #expect(inTurn.disclosure.cells == finding.disclosure.cells)
        // With one less there are not enough, and the refusal says so of each.
        do {
            _ = try given.search(ways.dropLast())
            Issue.record("a search went through without t answers")
        } catch let error as InquiryError {
            #expect(error.code == "answers-missing")
            #expect(error.sentence.contains("come back tomorrow"))
            #expect(error.sentence.contains("something else than it logged"))
        }
    }

    /// Answers under each other's names, and one of nothing at all.
    @Test func answersChangeHands() throws {
        let given = try Given()
        defer { given.end() }
        let all = given.sealed
        do {
            _ = try given.search([all[1], all[0], [], all[3]].map { Way(.answer($0)) })
            Issue.record("a search went through on answers under other names")
        } catch let error as InquiryError {
            #expect(error.code == "answers-missing")
        }
    }

    /// Some have ways for one thread at a time only.
    @Test func someInTurn() throws {
        let given = try Given()
        defer { given.end() }
        let refusal = WireProblem(code: "no-time", sentence: "come back tomorrow")
        let clients = [
            CustodianClient(shared: Way(.answer(given.sealed[0]))),
            CustodianClient(InTurn(Way(.problem(refusal)))),
            CustodianClient(InTurn(Way(.answer(given.sealed[2])))),
            CustodianClient(shared: Way(.answer(given.sealed[3]))),
        ]
        #expect(clients.map { $0.shared == nil } == [false, true, true, false])
        let finding = try Requester(
            desk: try given.city.desk("investigator"), random: SystemRandom()
        ).search(
            try given.city.caseFile(given.id), request: given.id,
            custodians: zip(given.city.roster.custodians, clients).map { (id: $0.id, client: $1) })
        given.city.expectWhole(finding)
        #expect(Self.codes(finding) == [nil, "no-time", nil, nil])
    }
}

/// A custodian's far side, from any thread.
private struct Way: Channel, Sendable {
    enum Answer: Sendable {
        case answer([UInt8])
        case problem(WireProblem)
    }

    private let answer: Answer
    private let before: @Sendable () -> Void

    init(_ answer: Answer, before: @escaping @Sendable () -> Void = {}) {
        self.answer = answer
        self.before = before
    }

    func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        before()
        switch answer {
        case .answer(let bytes): return bytes
        case .problem(let problem): throw problem
        }
    }
}

/// The same for one thread at a time.
private final class InTurn: Channel {
    private let way: any Channel

    init(_ way: any Channel) { self.way = way }

    func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        try way.exchange(endpoint, body)
    }
}

/// Everybody waits for everybody.
private final class Meeting: Sendable {
    private let missing: Mutex<Int>
    private let door = DispatchSemaphore(value: 0)
    private let count: Int
    private let late = Mutex(false)

    init(of count: Int) {
        self.count = count
        missing = Mutex(count)
    }

    /// Whether nobody waited in vain.
    var isComplete: Bool { !late.withLock { $0 } && missing.withLock { $0 } == 0 }

    @Sendable func waitForAll() {
        let left = missing.withLock { missing in
            missing -= 1
            return missing
        }
        if left == 0 { for _ in 0..<count { door.signal() } }
        if door.wait(timeout: .now() + 20) == .timedOut { late.withLock { $0 = true } }
    }
}

/// Lets those who wait through in one order.
private final class Queue: Sendable {
    private let doors: [Int: DispatchSemaphore]
    private let order: [Int]
    private let late = Mutex(false)

    /// Whether nobody waited in vain.
    var isInOrder: Bool { !late.withLock { $0 } }

    init(_ order: [Int]) {
        self.order = order
        doors = Dictionary(
            uniqueKeysWithValues: order.map { ($0, DispatchSemaphore(value: 0)) })
        order.first.flatMap { doors[$0] }?.signal()
    }

    func wait(for place: Int) {
        if doors[place]?.wait(timeout: .now() + 20) == .timedOut { late.withLock { $0 = true } }
        let next = order.firstIndex(of: place).map { $0 + 1 } ?? order.count
        if next < order.count { doors[order[next]]?.signal() }
    }
}
