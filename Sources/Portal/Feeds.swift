import Plates
import Secrets
import Warrants

/// Atom feeds (RFC 4287) of what the public wants to be told of: requests, and destructions of days.
public enum Feeds {
    /// 50: how many entries a feed has.
    static let most = 50

    /// The newest requests, drills too.
    /// Throws as `Templates`.
    public static func requests(_ snapshot: PublicSnapshot) throws(PortalError) -> [UInt8] {
        try feed(snapshot, "Requests", file: "requests.atom", of: .request) { statement in
            let body = try statement.unverifiedBody(RequestBody.self)
            let purpose = Purpose(code: body.purpose)?.name ?? body.purpose
            return (
                body.isDrill ? "\(body.agency) files a drill" : "\(body.agency) asks for a search",
                "\(purpose), under \(body.process): \(body.plateCommitments.count) plates, "
                    + "\(body.cellCount) hours at sites. Id \(statement.id.hex)."
            )
        }
    }

    /// The newest destructions of days' keys.
    /// Throws as `Templates`.
    public static func destructions(_ snapshot: PublicSnapshot) throws(PortalError) -> [UInt8] {
        try feed(snapshot, "Destructions", file: "destructions.atom", of: .dayDestroyed) {
            statement in
            let body = try statement.unverifiedBody(DayDestroyedBody.self)
            return (
                "\(body.custodian) destroyed its keys of \(body.day.text)",
                "Generation \(body.generation), kept in a \(body.slot.rawValue) slot."
            )
        }
    }

    private static func feed(
        _ snapshot: PublicSnapshot, _ title: String, file: String, of kind: StatementType,
        _ text: (UnverifiedStatement) throws -> (title: String, text: String)
    ) throws(PortalError) -> [UInt8] {
        let origin = snapshot.roster.origin
        // A tag URI (RFC 4151): the origin's authority, and the log's place below it.
        let parts = origin.split(separator: "/", maxSplits: 1).map(String.init)
        let tag = "tag:\(parts[0]),2026:\(parts.count > 1 ? parts[1] : "log")"
        var newest: String?
        var items: [Values] = []
        for index in snapshot.entries(of: kind).suffix(most).reversed() {
            guard let wire = try? snapshot.entry(at: index),
                let statement = try? UnverifiedStatement(wire: wire),
                let (title, text) = try? text(statement)
            else { continue }
            let time = (snapshot.line(Int(index)).time ?? snapshot.now).text
            newest = newest ?? time
            items.append([
                "title": .text(title), "id": .text("\(tag)/log/\(index)"), "updated": .text(time),
                "link": .text("log/\(index)/"), "text": .text(text),
            ])
        }
        let feed: Values = [
            "title": .text("\(title): \(origin)"), "id": .text("\(tag)/\(file)"),
            "updated": .text(newest ?? snapshot.now.day.start.text), "own": .text(file),
            "items": .list(items),
        ]
        return Array(try Templates.own.get().render("atom", feed).html.utf8)
    }
}
