import Hosting
import Intake
import Plates

/// The messages whose rows are sealed and on their way to the vault.
struct OpenDeliveries {
    /// One of them.
    struct Item {
        let feed: String
        let token: DeliveryToken
        /// How many rows of each hour the vault has once this message's are among them.
        let marks: [Hour: Int]
        /// What its sender is told then.
        let reply: FeedListener.Reply
        /// The sender, as long as it waits.
        var ticket: Ticket?
    }

    private var items: [Item] = []

    var count: Int { items.count }

    mutating func add(_ item: Item) { items.append(item) }

    /// Answers those whose rows are all durable, and takes them off the list: to be confirmed.
    mutating func settle(_ gateway: Gateway) -> [Item] {
        var done: [Item] = []
        items.removeAll { item in
            let isDurable = item.marks.allSatisfy { gateway.rowsHanded(in: $0) >= $1 }
            guard isDurable else { return false }
            item.ticket?.answer(item.reply)
            done.append(item)
            return true
        }
        return done
    }

    /// Tells everybody who still waits to come again; the rows wait on.
    mutating func putOff(_ reply: FeedListener.Reply) {
        for index in items.indices {
            items[index].ticket?.answer(reply)
            items[index].ticket = nil
        }
    }

    /// Takes those off the list whose rows of some hours were given up: to be abandoned.
    mutating func lose(_ hours: Set<Hour>) -> [Item] {
        let lost = items.filter { !hours.isDisjoint(with: $0.marks.keys) }
        items.removeAll { !hours.isDisjoint(with: $0.marks.keys) }
        return lost
    }
}
