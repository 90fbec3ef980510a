/// The keys of each program's configuration file: here, so that whoever writes such a file and
/// whoever reads it have one list.
public enum ProgramKeys {
    /// Of `vaultd`.
    public static let vault =
        PartySetting.keys + [
            ConfigurationKey(
                "log-key", .text, standard: "\"log.key\"",
                "The key file under which the log's checkpoints are signed.",
                trust: "this machine's administrator, to run the log; a fork is proven by its "
                    + "signatures"),
            ConfigurationKey(
                "data", .text, standard: "\".\"",
                "The folder with the log, the rows and the mail box.",
                trust: "nobody: rows and mail are sealed, and losing them is seen"),
            listen,
            ConfigurationKey(
                "public-listen", .text, standard: "\"\"",
                "Where anybody reads the log (C2SP tlog-tiles). Off loopback it needs a certificate.",
                trust: "nobody: what is read there is verified by who reads it"),
            publicCertificate, publicKey,
            ConfigurationKey(
                "webhooks", .texts, standard: "{}",
                "Whom to tell of new requests: a word of the roster and an address for each, like "
                    + "privacy-office = \"https://…\". The message holds the request's id only, is "
                    + "not signed, and is tried 20 times in some 75 minutes.",
                trust: "nobody: it says what the log says; who gets it looks there"),
        ]

    /// Of `custodiand`.
    public static let custodian =
        PartySetting.keys + [
            ConfigurationKey(
                "cosign-key", .text, standard: "\"cosign.key\"",
                "The key file under which the mirror is cosigned.",
                trust: "this machine's administrator, to say what this mirror holds"),
            ConfigurationKey(
                "state", .text, standard: "\".\"",
                "The folder of the sealed state, its slot and the mirror. On a file system that "
                    + "overwrites in place (ext4, xfs); never in a backup or a snapshot.",
                trust: "this machine's administrator, with this custodian's share of all keys"),
            listen,
            ConfigurationKey(
                "public-listen", .text, standard: "\"\"",
                "Where anybody reads the mirror (C2SP tlog-tiles). Off loopback it needs a "
                    + "certificate.", trust: "nobody: who reads it verifies it"),
            publicCertificate, publicKey,
            ConfigurationKey(
                "tick-seconds", .number(1...60), standard: "10",
                "How often it looks for what time asks of it: destruction, ceremonies, checks.",
                trust: "this machine's administrator; at 60 a key may outlive its time by a minute"),
            PartySetting.servicesKey,
        ]

    /// Of `gatewayd`.
    public static let gateway =
        PartySetting.keys + [
            ConfigurationKey(
                "data", .text, standard: "\".\"",
                "The folder with this site's copy of the log; public, and made anew if lost.",
                trust: "nobody"),
            ConfigurationKey(
                "listen", .text, standard: "\"127.0.0.1:7480\"",
                "Where cameras post. Off loopback it needs a certificate.",
                trust: "the network of the cameras, with plates on their way where there is no TLS"),
            ConfigurationKey(
                "certificate", .text, standard: "\"\"", "The certificate chain of listen, PEM.",
                trust: "whoever made it, to be believed by the cameras"),
            ConfigurationKey(
                "certificate-key", .text, standard: "\"\"", "Its key, PEM.",
                trust: "this machine's administrator"),
            ConfigurationKey(
                "closes-hours", .flag, standard: "true",
                "Whether this process closes the site's hours; true in one of a cluster.",
                trust: "this machine's administrator: an hour that nobody closes is unknown"),
            ConfigurationKey(
                "batch-milliseconds", .number(0...1_000), standard: "250",
                "How long rows are gathered while a camera waits. The longer, the less a batch "
                    + "tells the vault about the order of reads.",
                trust: "the vault, with the order of batches"),
            ConfigurationKey(
                "batch-rows", .number(1...4_096), standard: "64",
                "How many rows go to the vault at once, though fewer milliseconds are over: so "
                    + "many hide each other's order as well.",
                trust: "the vault, with the order of batches"),
            ConfigurationKey(
                "answer-seconds", .number(1...60), standard: "5",
                "How long a sender waits at most; then it is told to come again.",
                trust: "nobody"),
            ConfigurationKey(
                "prefetch-hours", .number(1...168), standard: "48",
                "How many hours ahead keys are fetched, at most what the policy allows.",
                trust: "this machine: whoever breaks in can read the reads of so many hours to come"
            ),
            PartySetting.servicesKey,
            ConfigurationKey(
                "feed", .tables(feed), standard: "[]", "Who may post what it read.",
                trust: "each as it says"),
        ]

    private static let listen = ConfigurationKey(
        "listen", .text, standard: "\"127.0.0.1:7443\"",
        "Where parties of the roster are answered, over TLS 1.3.",
        trust: "nobody: a stranger's handshake fails")

    private static let publicCertificate = ConfigurationKey(
        "public-certificate", .text, standard: "\"\"",
        "The certificate chain of public-listen, PEM.", trust: "the certificate authority")

    private static let publicKey = ConfigurationKey(
        "public-key", .text, standard: "\"\"", "Its key, PEM.",
        trust: "this machine's administrator")

    /// Of one feed of a gateway.
    public static let feed = [
        ConfigurationKey(
            "name", .text, standard: nil, "The feed's word, part of its address.",
            trust: "nobody"),
        ConfigurationKey(
            "kind", .text, standard: nil,
            "Its format: openalpr, plate-recognizer, hikvision, axis, frigate, ndjson or csv "
                + "(Docs/Spec/Intake.md).", trust: "nobody: a wrong one is refused"),
        ConfigurationKey(
            "credential-sha256", .text, standard: nil,
            "SHA-256 of its credential, 64 hex digits; gatewayd new-credential makes one.",
            trust: "whoever has the credential, to add reads of this site"),
        ConfigurationKey(
            "camera", .text, standard: "\"\"",
            "The camera's name: of Hikvision and Axis always, of others where a message has none; "
                + "the feed's word where left out.", trust: "nobody"),
        ConfigurationKey(
            "time-zone", .text, standard: "\"\"",
            "The zone of local times that come without one, like Europe/Kyiv; left out, such "
                + "messages are refused.",
            trust: "this machine's administrator: a wrong one files reads in other hours"),
        ConfigurationKey(
            "holds-frames", .flag, standard: "true",
            "Whether messages of a passage that goes on are held in memory, to become one read, "
                + "and answered 202; false makes each plate of a passage a read at once.",
            trust: "this machine: what is held is lost if it is killed"),
    ]
}
