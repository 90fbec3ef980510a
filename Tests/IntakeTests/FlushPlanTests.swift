import Intake
import Testing

@Suite("when rows go to the vault")
struct FlushPlanTests {
    /// A plan of which each step is told.
    private final class Told {
        private var plan = FlushPlan()
        func next(isFull: Bool) -> UInt64? { plan.next(isFull: isFull) }
        func begin(_ number: UInt64) -> Bool { plan.begin(number) }
        func overtake() { plan.overtake() }
    }

    @Test(
        "what was planned for rows that have gone meanwhile is not done, and rows that come are planned"
    )
    func overtaken() throws {
        let plan = Told()
        for isFull in [false, true] {
            let old = try #require(plan.next(isFull: isFull))
            plan.overtake()
            #expect(!plan.begin(old))
            let new = try #require(plan.next(isFull: false))
            #expect(plan.next(isFull: false) == nil)
            #expect(!plan.begin(old) && plan.begin(new))
        }
        plan.overtake()
        #expect(plan.next(isFull: true) != nil)
    }

    @Test("rows that come while others are gathered go with them")
    func gathered() throws {
        let plan = Told()
        let first = try #require(plan.next(isFull: false))
        #expect(plan.next(isFull: false) == nil)
        #expect(plan.begin(first))
        #expect(!plan.begin(first))
        #expect(plan.next(isFull: false) != nil)
    }

    @Test("a full batch goes at once, and what was planned for later is not done besides")
    func full() throws {
        let plan = Told()
        let later = try #require(plan.next(isFull: false))
        let now = try #require(plan.next(isFull: true))
        #expect(plan.next(isFull: true) == nil)
        #expect(plan.next(isFull: false) == nil)
        #expect(plan.begin(now))
        // Rows that came meanwhile have the whole time before them.
        let next = try #require(plan.next(isFull: false))
        #expect(!plan.begin(later))
        #expect(plan.begin(next))
        #expect(!plan.begin(later))
    }
}
