import Bytes
import Disk
import Foundation
import Hosting
import Plates
import Secrets
import Warrants
import Wire

/// The ways to programs of their own, as each party whose key is here.
final class Network {
    private let layout: Layout
    private let roster: Roster
    private let keyRing: KeyRing
    private let fileSystem: any FileSystem
    private let addresses: [String: String]
    private var open: [String: Ways] = [:]
    private var inForce: Roster

    /// Reads where the programs are. Throws what is wrong with `services.toml`.
    init(
        _ layout: Layout, _ roster: Roster, _ keyRing: KeyRing, _ fileSystem: any FileSystem
    ) throws {
        self.layout = layout
        self.roster = roster
        self.keyRing = keyRing
        self.fileSystem = fileSystem
        inForce = roster
        addresses = try ConfigurationFile(
            at: layout.services, keys: [PartySetting.servicesKey], disk: fileSystem
        ).texts("services")
    }

    /// The way to a party as another. Where the key is not here, the way leads nowhere and says so.
    func way(to id: String, as own: String) -> any Channel {
        do {
            return try ways(as: own).way(to: id)
        } catch {
            let problem = (error as? any CodedError).map {
                WireProblem(code: $0.code, sentence: $0.sentence)
            }
            return DeadEnd(
                problem: problem
                    ?? WireProblem(code: "key-missing", sentence: "the key of \(own) is not here"))
        }
    }

    private func ways(as own: String) throws -> Ways {
        if let ways = open[own] { return ways }
        let identity = try PartyIdentity(
            id: own, origin: roster.origin,
            key: try keyRing.key(layout.key(try layout.folder(of: own, in: roster))), now: Date())
        let ways = Ways(addresses, as: identity, roster: inForce, seconds: 15)
        open[own] = ways
        return ways
    }

    /// Any party whose key is here. Throws `key-missing`.
    func anybody() throws -> String {
        let agencies = roster.body.agencies.flatMap { $0.requesters.map(\.id) }
        let officers = roster.custodians.flatMap { $0.officers.map(\.id) }
        let all = agencies + roster.body.authorities.map(\.id) + officers + roster.sites.map(\.id)
        for id in all {
            let folder = try layout.folder(of: id, in: roster)
            if try fileSystem.size(layout.key(folder)) != nil { return id }
        }
        throw EmbeddedError(
            code: "key-missing", sentence: "no party's key is in \(layout.root)")
    }

    /// Goes by another roster from now on.
    func follow(_ roster: Roster) {
        inForce = roster
        for ways in open.values { ways.follow(roster) }
    }

    private struct DeadEnd: Channel {
        let problem: WireProblem

        func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
            throw problem
        }
    }
}

/// A channel as a handler, for whoever stands between.
final class Relay: Handler {
    private let channel: any Channel

    init(_ channel: any Channel) { self.channel = channel }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        try channel.exchange(endpoint, body)
    }
}

extension Layout {
    /// The folder of a party by its word. Throws `party-unknown`.
    func folder(of id: String, in roster: Roster) throws -> String {
        if roster.agency(ofRequester: id) != nil { return agency }
        if roster.authority(id) != nil { return authority }
        if let site = roster.sites.first(where: { $0.id == id }) {
            return gateway(site.number.number)
        }
        if let custodian = roster.custodian(ofOfficer: id),
            let index = roster.custodianIndex(custodian.id)
        {
            return officer(index)
        }
        throw EmbeddedError(
            code: "party-unknown",
            sentence: "the roster has no requester, officer or authority "
                + "of that name; platevault status names them")
    }
}
