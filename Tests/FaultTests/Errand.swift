import Bytes
import Foundation
import Plates
import Secrets
import Warrants

@testable import Embedded
@testable import Inquiry

/// A search from warrant to disclosure, by people who try again when somebody does not answer.
struct Errand {
    static let warrant = Array("Search warrant 26-1047".utf8)

    let city: Deployment
    /// Until when everybody keeps trying.
    let end: Date

    init(_ town: Town, seconds: Double) throws {
        city = try town.city()
        end = Date().addingTimeInterval(seconds)
    }

    /// Everything of one plate list in some cells. Throws the last error when time is over.
    func search(_ plates: [String], _ cells: [Cell]) throws -> Found {
        let id = try granted(plates, cells)
        return try persisting {
            Found(try city.search(id, as: "investigator").disclosure, city.roster)
        }
    }

    /// A request that is filed, attested and approved by every officer.
    func granted(_ plates: [String], _ cells: [Cell]) throws -> Digest {
        let application = Application(
            plates: plates, cells: cells, purpose: "240", process: .searchWarrant,
            warrant: Digest(of: Self.warrant), docket: "26-1047")
        let id = try persisting { try city.file(application, as: "investigator") }
        try persisting {
            guard try city.record().request(id)?.orders.isEmpty != false else { return }
            try city.attest(
                id, warrant: Digest(of: Self.warrant), expires: city.now.adding(days: 2))
        }
        for custodian in city.roster.custodians {
            try persisting {
                let votes = try city.record().request(id)?.votes(under: city.roster)
                guard votes?.approving.contains(custodian.institution) != true else { return }
                try city.officer(custodian.id).approve(id, at: city.now)
            }
        }
        return id
    }

    /// Tries until it succeeds; what somebody did whose answer was lost is found done.
    func persisting<Result>(_ work: () throws -> Result) throws -> Result {
        while true {
            do { return try work() } catch {
                guard Date() < end else { throw error }
                Thread.sleep(forTimeInterval: 0.3)
            }
        }
    }
}

/// What a search opened, as the cameras would know it.
struct Found: Sendable {
    /// Every read, and how often it was there: a message that was sent again may be there twice.
    var sightings: [Traffic.Sighting: Int] = [:]
    /// Whether every answer of the vault was believed.
    let isSound: Bool
    /// The outcomes of cells that occurred.
    let words: Set<String>

    init(_ disclosure: Disclosure, _ roster: Roster) {
        isSound = disclosure.isSound
        words = Set(disclosure.cells.map(\.word))
        for opened in disclosure.reads {
            let fields = opened.read.fields
            let sighting = Traffic.Sighting(
                site: roster.sites.first { $0.number == opened.cell.site }?.id ?? "",
                camera: fields.camera, plate: fields.asRead,
                milliseconds: fields.deviceTime.milliseconds)
            sightings[sighting, default: 0] += 1
        }
    }
}
