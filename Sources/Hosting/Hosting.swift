// What every program of a deployment needs around its role: HTTP and TLS both ways, a
// configuration file, a log that cannot hold a plate, metrics, and a life with an orderly end.
//
// Entry points: `PartyListener` (the endpoints of `Wire` over TLS 1.3, for parties of the roster
// only), `PublicListener` (read-only files, health, metrics), `HTTPChannel` (the way to another
// party), `ConfigurationFile`, `DaemonLog`, `DaemonLife`. Spec: Docs/Spec/API.md. A party is known
// by the key that the roster has for it: that key signs the certificate under which it connects,
// and no other authority counts.

public import Bytes

/// Why a program cannot start, or a connection cannot be made.
public struct HostingError: CodedError {
    /// A stable word for machines.
    public let code: String
    /// One sentence for people; never a plate or a key.
    public let sentence: String

    /// An error with its code and sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}
