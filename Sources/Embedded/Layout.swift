// Every party in one process on one directory, each with its own files.
//
// Entry points: `Deployment` (a directory with all parties), `Story` (the demonstration). Only
// encoded messages pass between the parties, through loopback channels, so that each can move
// into a process of its own. One machine that holds all shares protects nobody: this is for
// demonstrations, tests and trials.

import Secrets

/// Where each party keeps its files below the deployment's directory.
public struct Layout: Sendable {
    /// The deployment's directory.
    public let root: String

    /// The layout below a directory.
    public init(_ root: String) { self.root = root }

    /// The roster, as a signed note; public.
    public var roster: String { root + "/roster.note" }
    /// The roster as text for people; public.
    public var rosterText: String { root + "/roster.txt" }
    /// The simulated clocks of a `.demo` deployment.
    public var clock: String { root + "/clock" }
    /// Where the parties' programs are, while they run; there is no such file otherwise.
    public var services: String { root + "/services.toml" }
    /// The vault's folder: rows and log.
    public var vault: String { root + "/vault" }
    /// The vault's log.
    public var log: String { vault + "/log" }
    /// The key that signs the log's checkpoints.
    public var logKey: String { vault + "/log.key" }
    /// The vault's mail box.
    public var mail: String { vault + "/mail.sqlite" }
    /// The vault's rows, a file for each day.
    public var rows: String { vault + "/rows" }
    /// A site's gateway; holds its signing key and nothing else.
    public func gateway(_ site: UInt16) -> String { root + "/gateway-\(site)" }
    /// A custodian, by its index in the roster.
    public func custodian(_ index: Int) -> String { root + "/custodian-\(index)" }
    /// What anybody may fetch of a custodian's mirror, by its folder.
    public func mirror(in folder: String, origin: String) -> String {
        folder + "/mirror/public/" + Digest(of: Array(origin.utf8)).hex
    }
    /// A custodian's officer.
    public func officer(_ index: Int) -> String { root + "/officer-\(index)" }
    /// The requesting agency.
    public var agency: String { root + "/agency" }
    /// The authority that attests orders.
    public var authority: String { root + "/authority" }
    /// Anybody's own copy of the log.
    public var auditor: String { root + "/auditor" }
    /// The slot of a custodian's root key; there is one from the moment it has a state.
    public func slot(_ folder: String) -> String { folder + "/slot" }
    /// The key with which a custodian cosigns, in its folder.
    public func cosignKey(_ folder: String) -> String { folder + "/cosign.key" }
    /// The signing key in a party's folder.
    public func key(_ folder: String) -> String { folder + "/key" }
}
