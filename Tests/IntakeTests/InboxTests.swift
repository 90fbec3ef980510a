import Dispatch
import Intake
import Synchronization
import Testing

@Suite("what waits for its turn")
struct InboxTests {
    @Test("one turn is given for what comes while another has it, and all is done in order")
    func turns() {
        let inbox = Inbox<Int>()
        #expect(inbox.add(1))
        #expect(!inbox.add(2))
        #expect(inbox.next() == 1)
        #expect(!inbox.add(3))
        #expect(inbox.end())
        #expect(inbox.next() == 2 && inbox.end())
        #expect(inbox.next() == 3 && !inbox.end())
        // Nobody has a turn any more, so that the next one gives it again.
        #expect(inbox.add(4))
        #expect(inbox.next() == 4 && !inbox.end())
        #expect(inbox.next() == nil && !inbox.end())
    }

    @Test("somebody else who wants the queue waits for one turn, and nothing is lost among threads")
    func queue() {
        let inbox = Inbox<Int>()
        let queue = DispatchQueue(label: "turns")
        let done = Mutex<[Int]>([])
        let count = 400
        @Sendable func giveTurn() {
            queue.async {
                if let next = inbox.next() { done.withLock { $0.append(next) } }
                if inbox.end() { giveTurn() }
            }
        }
        // The queue is held up, and all of them come meanwhile.
        let isHeld = DispatchSemaphore(value: 0)
        queue.async { isHeld.wait() }
        DispatchQueue.concurrentPerform(iterations: count) { number in
            if inbox.add(number) { giveTurn() }
        }
        let seen = Mutex<Int?>(nil)
        queue.async { seen.withLock { $0 = done.withLock { $0.count } } }
        isHeld.signal()
        while done.withLock({ $0.count }) < count { queue.sync {} }
        #expect(seen.withLock { $0 } == 1)
        #expect(Set(done.withLock { $0 }) == Set(0..<count))
    }
}
