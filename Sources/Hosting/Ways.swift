import Synchronization
public import Warrants
public import Wire

/// The ways to the other parties by the roster in force: where a party's key is replaced, the way
/// to it is made anew and the old key leads nowhere.
public final class Ways: Sendable {
    private let addresses: [String: String]
    private let identity: PartyIdentity
    private let seconds: Int64
    private let pause: Int64?
    private let state: Mutex<State>

    private struct State {
        var roster: Roster
        var open: [String: HTTPChannel] = [:]
    }

    /// Ways as `identity` to parties at addresses; `roster` counts until `follow` is called. An
    /// exchange takes at most `seconds`; who was not reached is left alone for `pause` seconds.
    public init(
        _ addresses: [String: String], as identity: PartyIdentity, roster: Roster,
        seconds: Int64 = 8, pause: Int64? = nil
    ) {
        self.addresses = addresses
        self.identity = identity
        self.seconds = seconds
        self.pause = pause
        state = Mutex(State(roster: roster))
    }

    /// The roster that it goes by.
    public var roster: Roster { state.withLock { $0.roster } }

    /// Goes by another roster from now on.
    public func follow(_ roster: Roster) {
        state.withLock { state in
            guard state.roster != roster else { return }
            state = State(roster: roster)
        }
    }

    /// The way to a party; it can be kept, and finds the key in force with each exchange.
    public func way(to id: String) -> any Channel & Sendable { Way(ways: self, id: id) }

    private struct Way: Channel, Sendable {
        let ways: Ways
        let id: String

        func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
            try ways.channel(id).exchange(endpoint, body)
        }
    }

    private func channel(_ id: String) throws(WireProblem) -> HTTPChannel {
        guard let address = addresses[id] else {
            throw WireProblem(
                code: "unreachable", sentence: "no address is known for \(id); see [services]")
        }
        let found: HTTPChannel? = state.withLock { state in
            if let open = state.open[id] { return open }
            let made = try? HTTPChannel(
                to: id, at: address, as: identity, roster: state.roster, seconds: seconds,
                pause: pause)
            state.open[id] = made
            return made
        }
        guard let found else {
            throw WireProblem(
                code: "unreachable", sentence: "the address of \(id) or its key is not usable")
        }
        return found
    }
}
