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
    private let origin: String
    private let home: (String) -> String
    private let keyRing: KeyRing
    private let fileSystem: any FileSystem
    private let addresses: [String: String]
    private var open: [String: Ways] = [:]
    /// The roster by which it knows the others.
    private(set) var inForce: Roster

    /// Reads where the programs are; `home` says where a party's files would be. Throws what is wrong
    /// with `services.toml`.
    init(
        _ layout: Layout, _ roster: Roster, home: @escaping (String) -> String,
        _ keyRing: KeyRing, _ fileSystem: any FileSystem
    ) throws {
        self.layout = layout
        origin = roster.origin
        self.home = home
        self.keyRing = keyRing
        self.fileSystem = fileSystem
        inForce = roster
        addresses = try ConfigurationFile(
            at: layout.services, keys: [PartySetting.servicesKey], disk: fileSystem
        ).texts("services")
    }

    /// The way to a party as another. Where the key is not here, the way leads nowhere and says so.
    func way(to id: String, as own: String) -> any Channel & Sendable {
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
            id: own, origin: origin, key: try keyRing.key(layout.key(home(own))), now: Date())
        let ways = Ways(addresses, as: identity, roster: inForce, seconds: 15)
        open[own] = ways
        return ways
    }

    /// Any party whose key is here. Throws `key-missing`.
    func anybody() throws -> String {
        let agencies = inForce.body.agencies.flatMap { $0.requesters.map(\.id) }
        let officers = inForce.custodians.flatMap { $0.officers.map(\.id) }
        let all =
            agencies + inForce.body.authorities.map(\.id) + officers + inForce.sites.map(\.id)
            + inForce.custodians.map(\.id) + [inForce.body.vault.id]
        for id in all where try fileSystem.size(layout.key(home(id))) != nil { return id }
        throw EmbeddedError(
            code: "key-missing", sentence: "no party's key is in \(layout.root)")
    }

    /// Goes by another roster from now on.
    func follow(_ roster: Roster) {
        inForce = roster
        for ways in open.values { ways.follow(roster) }
    }

    private struct DeadEnd: Channel, Sendable {
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
    /// Where a party's files are: the folder of its word, which a party that came later has, or the
    /// one that it was founded with, by its place in the first roster.
    func home(of id: String, in first: Roster, _ fileSystem: any FileSystem) -> String {
        let own = "\(root)/\(id)"
        if (try? fileSystem.size(key(own))) ?? nil != nil { return own }
        if first.body.vault.id == id { return vault }
        if first.agency(ofRequester: id) != nil { return agency }
        if first.authority(id) != nil { return authority }
        if let site = first.sites.first(where: { $0.id == id }) {
            return gateway(site.number.number)
        }
        if let index = first.custodianIndex(id) { return custodian(index) }
        if let index = first.custodian(ofOfficer: id).flatMap({ first.custodianIndex($0.id) }) {
            return officer(index)
        }
        return own
    }
}
