// swift-tools-version: 6.2
// The threat model: what a program cannot link, a break-in to it cannot call.
// An edge may only go down; `.ci/graph` lists the allowed ones, and `.ci/graph.py` holds this file
// against the list and against what each target must never reach.
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")

let http: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HummingbirdTLS", package: "hummingbird"),
    .product(name: "AsyncHTTPClient", package: "async-http-client"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "X509", package: "swift-certificates"),
    .product(name: "SwiftASN1", package: "swift-asn1"),
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    .product(name: "UnixSignals", package: "swift-service-lifecycle"),
    .product(name: "Logging", package: "swift-log"),
]
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

func tests(
    _ name: String, _ edges: [Target.Dependency], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: edges + ["TestSupport"], exclude: exclude,
        swiftSettings: strict)
}

let package = Package(
    name: "PlateVault",
    dependencies: [
        // HPKE with X-Wing, which libsodium does not have
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // SQLite with prepared statements, transactions and migrations done right
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // arguments, help texts and usage errors of the programs
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // the servers' HTTP, with backpressure and graceful shutdown
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        // the clients' HTTP, with connections kept and deadlines
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // the words of HTTP that the servers use
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // event loops and buffers, which both of them speak
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // TLS 1.3
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
        // X.509, so that TLS knows a party by its key in the roster
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        // DER, in which certificates are handed to TLS
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        // the servers start and stop their parts in order
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // the servers insist on a logger; it is given one that is silent
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        // TOML, which administrators know, for configuration files
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        // the web pages' templates, without logic in them, escaped unless told otherwise
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: [
        .systemLibrary(
            name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(  // byte strings and their few encodings
            name: "Bytes",
            dependencies: [], swiftSettings: strict),
        .target(  // files, through one small door
            name: "Disk",
            dependencies: [
                "CLinux",  // the kind of a file system
                "Bytes",  // coded errors
            ], swiftSettings: strict),
        .target(  // memory that forgets, and the few operations allowed on it
            name: "Secrets",
            dependencies: [
                "CSodium",  // guarded memory, XChaCha20-Poly1305, Ed25519, Argon2id
                "COpenSSL",  // SHA-256 by the processor's own instructions, on contexts of ours
                "CLinux",  // no core dumps, no ptrace
                "Bytes",  // hex, Base64, coded errors
                crypto,  // HPKE with X-Wing
            ], swiftSettings: strict),
        .target(  // the words of the domain: values that travel
            name: "Plates",
            dependencies: [
                "Bytes"  // the encodings of reads and rows
            ], swiftSettings: strict),
        .target(  // the powers: chains, keys, partial evaluation, sealing and opening
            name: "Tokens",
            dependencies: [
                "Secrets",  // every key is guarded memory
                "Plates",  // what tokens are made of
                "Bytes",  // the parcels' encodings
            ], swiftSettings: strict),
        .target(  // a log of opaque leaves
            name: "Ledger",
            dependencies: [
                "Secrets",  // Ed25519 and SHA-256 of notes and trees
                "Bytes",  // the journal's encoding
                "Disk",  // the log is durable, and tested to be
            ], swiftSettings: strict),
        .target(  // what a site hands over, and what is proven about it
            name: "Rows",
            dependencies: [
                "Ledger",  // an hour is an RFC 6962 tree
                "Plates",  // rows, labels, cells
                "Secrets",  // labels from look-up keys, batch signatures
                "Bytes",  // the encodings of batches and look-ups
            ], swiftSettings: strict),
        .target(  // who may ask for what; no I/O, no tokens
            name: "Warrants",
            dependencies: [
                "Ledger",  // a statement is a signed note
                "Plates",  // plates, hours and sites of a request
                "Secrets",  // digests, and a request's secret in guarded memory
                "Bytes",  // hex and Base64 in statements
            ], swiftSettings: strict),
        .target(  // what crosses from one party to another
            name: "Wire",
            dependencies: [
                "Warrants",  // a follower keeps the record of the log
                "Rows",  // batches and look-ups pass here
                "Ledger",  // and a mirror of its entries
                "Plates",  // cells and times in messages
                "Secrets",  // topics are digests
                "Bytes",  // the messages' encodings
            ], swiftSettings: strict),
        .target(  // the gateway; never reaches Vault, Custody, Inquiry
            name: "Intake",
            dependencies: [
                "Wire",  // the ways to vault and custodians
                "Warrants",  // grant requests, closings, differences
                "Rows",  // batches and hour trees
                "Tokens",  // a gateway seals its own site's rows
                "Ledger",  // it signs notes
                "Plates",  // reads and their normal form
                "Secrets",  // its signing key, one-time keys
                "Bytes",  // coded errors
            ], swiftSettings: strict),
        .target(  // the store and the log; never reaches Tokens, Custody
            name: "Vault",
            dependencies: [
                "Wire",  // the endpoints that it answers
                "Warrants",  // only statements that hold are logged
                "Rows",  // batches, closings, look-ups and proofs
                "Ledger",  // it runs the log
                "Plates",  // cells and labels
                "Secrets",  // digests, look-up keys for one answer
                "Bytes",  // the messages' encodings
                "Disk",  // the files of its days
                grdb,  // SQLite
                .product(name: "GRDBSQLite", package: "GRDB.swift"),  // a search bound bare
            ], swiftSettings: strict),
        .target(  // the custodian; never reaches Vault, Intake
            name: "Custody",
            dependencies: [
                "Wire",  // the way to the vault, the endpoints that it answers
                "Warrants",  // it judges for itself
                "Tokens",  // it holds chains and evaluates
                "Ledger",  // its own mirror of the log
                "Plates",  // plates, cells and days
                "Secrets",  // its state is guarded memory
                "Bytes",  // the state's encoding
                "Disk",  // state file and slot
            ], swiftSettings: strict),
        .target(  // the asker and the auditor; never reaches Vault, Custody
            name: "Inquiry",
            dependencies: [
                "Wire",  // the ways to vault and custodians
                "Warrants",  // requests, approvals, verdicts, the audit
                "Rows",  // look-ups are verified here
                "Tokens",  // answers are combined and rows opened
                "Ledger",  // proofs in a bundle
                "Plates",  // reads and cells
                "Secrets",  // the case file and the reply key
                "Bytes",  // the case file's encoding
                "Disk",  // bundles
            ], swiftSettings: strict),
        .target(  // the web pages: values in, bytes out; never reaches stores, keys, Inquiry, Vault
            name: "Portal",
            dependencies: [
                "Warrants",  // what the log says, as its readers understand it
                "Ledger",  // checkpoints, notes and proofs on the page
                "Plates",  // days, hours and times
                "Secrets",  // digests that name statements and assets
                "Bytes",  // hex and Base64 on the page
                .product(name: "Mustache", package: "swift-mustache"),  // the templates
            ],
            resources: [.embedInCode("Templates"), .embedInCode("Assets")],
            swiftSettings: strict),
        .target(  // every party on one directory, encoded messages between them
            name: "Embedded",
            dependencies: [
                "Intake",  // the gateways
                "Vault",  // the vault
                "Custody",  // the custodians
                "Inquiry",  // requesters, officers, authority, auditor
                "Hosting",  // the ways to programs of their own, and their configuration
                "Wire",  // the loopback channels between them
                "Warrants",  // the roster that it founds
                "Rows",  // the story's lying vault
                "Tokens",  // the story's stolen site keys
                "Ledger",  // logs and mirrors
                "Plates",  // times, sites, reads
                "Secrets",  // the parties' keys
                "Bytes",  // coded errors
                "Disk",  // their directories
            ], resources: [.copy("Samples")], swiftSettings: strict),
        .target(  // a party's own desk in the browser, on its own machine
            name: "Desks",
            dependencies: [
                "Embedded",  // the party's own work, in a deployment or its folder
                "Inquiry",  // what an officer, requester or authority does
                "Intake",  // forms with files come in parts, as cameras' messages do
                "Hosting",  // the listener on loopback
                "Portal",  // the frame, the parts and the style of its pages
                "Wire",  // problems of the far side
                "Warrants",  // requests, checks, the text that is signed
                "Ledger",  // cosignatures of checkpoints
                "Plates",  // times, hours, sites
                "Secrets",  // session tokens, digests of documents
                "Bytes",  // coded errors
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], resources: [.embedInCode("Templates")], swiftSettings: strict),
        .target(  // HTTP and TLS both ways, configuration, and a daemon's life
            name: "Hosting",
            dependencies: [
                "Portal",  // the public pages of a log and of a mirror
                "Wire",  // endpoints, problems, channels
                "Warrants",  // the roster says whose key a certificate may bear
                "Ledger",  // and the names of keys
                "Plates",  // the time of certificates
                "Secrets",  // the key that signs a certificate
                "Bytes",  // coded errors
                "Disk",  // configuration files
                crypto,  // the key that a connection is made under
                arguments,  // arguments and help of the programs
                toml,  // configuration
            ] + http, swiftSettings: strict),
        .executableTarget(  // the vault, a process of its own
            name: "vaultd",
            dependencies: [
                "Hosting",  // its listeners and its life
                "Vault",  // what it serves
                "Wire",  // its endpoints
                "Warrants",  // the roster
                "Ledger",  // the log
                "Plates",  // times
                "Secrets",  // its keys
                "Bytes",  // coded errors
                "Disk",  // its files
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),
        .executableTarget(  // a custodian, a process of its own
            name: "custodiand",
            dependencies: [
                "Hosting",  // its listeners and its life
                "Custody",  // what it serves
                "Wire",  // its endpoints
                "Warrants",  // the roster
                "Ledger",  // its mirror
                "Plates",  // times
                "Secrets",  // its keys
                "Bytes",  // coded errors
                arguments,  // its further commands
                "Disk",  // its files
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),
        .executableTarget(  // a gateway, a process of its own
            name: "gatewayd",
            dependencies: [
                "Hosting",  // its listeners and its life
                "Intake",  // what it serves
                "Wire",  // the ways to vault and custodians
                "Rows",  // batches on their way
                "Warrants",  // the roster
                "Ledger",  // its copy of the log
                "Plates",  // times
                "Secrets",  // its key
                "Bytes",  // coded errors
                arguments,  // its further commands
                "Disk",  // its files
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),
        .executableTarget(  // the program of everybody who is not a server
            name: "platevault",
            dependencies: [
                "Desks",  // each party's own desk in the browser
                "Embedded",  // every party on one directory
                "Portal",  // the public pages as files
                "Inquiry",  // bundles are verified without a deployment
                "Intake",  // what became of messages
                "Custody",  // how custodians are
                "Hosting",  // passphrases, the programs' configuration
                "Wire",  // problems of the far side
                "Warrants",  // requests and verdicts on the screen
                "Rows",  // refusals of answers
                "Ledger",  // errors of the log
                "Plates",  // hours, sites, plates as typed
                "Secrets",  // the passphrase, and the process's hardening
                "Bytes",  // coded errors
                "Disk",  // documents and bundles
                arguments,  // arguments and help
            ], swiftSettings: strict),
        .executableTarget(  // writes Keys/vectors/tokens.json
            name: "TokenVectors",
            dependencies: [
                "Tokens",  // every formula
                "Plates",  // the plates and reads of the vectors
                "Secrets",  // repeatable randomness
                "Bytes",  // hex
            ], swiftSettings: strict),
        .executableTarget(  // how fast everything is: `make bench`
            name: "Bench",
            dependencies: [
                "Embedded",  // the programs that are measured
                "Inquiry",  // searches and the audit are measured
                "Intake",  // gateways are measured
                "Vault",  // the store is measured
                "Hosting",  // a listener that only parses, as a reference
                "Portal",  // the public pages are measured
                "Wire",  // the ways between them
                "Warrants",  // the log of a city that never was
                "Rows",  // stores are filled
                "Tokens",  // sealing is measured
                "Ledger",  // the log is measured
                "Plates",  // days, hours, sites, reads
                "Secrets",  // keys of nobody, and plain SHA-256 as a reference
                "Bytes",  // coded errors
                "Disk",  // the machine's own files
                .product(name: "GRDBSQLite", package: "GRDB.swift"),  // SQLite as a reference
                .product(name: "NIOCore", package: "swift-nio"),  // cameras that post
                .product(name: "NIOPosix", package: "swift-nio"),  // on this machine
            ], swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["Disk", "Secrets", "Bytes"],
            path: "Tests/TestSupport", swiftSettings: strict),
        tests("BytesTests", ["Bytes", "Disk"]),
        tests("SecretsTests", ["Secrets", "Bytes", crypto]),
        tests("PlatesTests", ["Plates", "Bytes"]),
        tests("TokensTests", ["Tokens", "TokenVectors", "Secrets", "Plates", "Bytes"]),
        tests("LedgerTests", ["Ledger", "Secrets", "Bytes", "Disk"]),
        tests("RowsTests", ["Rows", "Ledger", "Plates", "Secrets", "Bytes"]),
        tests("WarrantsTests", ["Warrants", "Ledger", "Plates", "Secrets", "Bytes"]),
        tests(
            "InquiryTests",
            [
                "Inquiry", "Warrants", "Tokens", "Ledger", "Plates", "Secrets", "Bytes", "Disk",
            ]),
        tests(
            "IntakeTests",
            [
                "Intake", "Wire", "Warrants", "Rows", "Tokens", "Ledger", "Plates", "Secrets",
                "Bytes",
            ], exclude: ["Samples"]),
        tests(
            "FuzzTests",
            [
                "Intake", "Wire", "Warrants", "Rows", "Tokens", "Ledger", "Plates", "Secrets",
                "Bytes",
            ], exclude: ["Corpus"]),
        tests(
            "VaultTests",
            [
                "Vault", "Wire", "Warrants", "Rows", "Ledger", "Plates", "Secrets", "Bytes", "Disk",
                grdb, .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        tests(
            "CustodyTests",
            [
                "Custody", "Wire", "Warrants", "Tokens", "Ledger", "Plates", "Secrets", "Bytes",
                "Disk",
            ]),
        tests(
            "EmbeddedTests",
            [
                "Embedded", "Hosting", "Intake", "Vault", "Custody", "Inquiry", "Wire", "Warrants",
                "Rows",
                "Tokens", "Ledger", "Plates", "Secrets", "Bytes", "Disk", crypto,
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        tests(
            "HostingTests",
            ["Hosting", "Wire", "Warrants", "Ledger", "Plates", "Secrets", "Bytes", "Disk"]),
        tests(
            "DesksTests",
            [
                "Desks", "Portal", "Embedded", "Inquiry", "Intake", "Hosting", "Wire", "Warrants",
                "Ledger", "Plates", "Secrets", "Bytes", "Disk",
            ]),
        tests(
            "PortalTests",
            ["Portal", "Embedded", "Warrants", "Ledger", "Plates", "Secrets", "Bytes", "Disk"]),
        tests(
            "BenchTests", ["Bench", "Plates", .product(name: "NIOCore", package: "swift-nio")]),
        tests("ProgramTests", [], exclude: ["Scripts", "Tools"]),
        tests("BrowserTests", [], exclude: ["Scripts"]),
        tests(
            "FaultTests",
            [
                "Embedded", "Custody", "Inquiry", "Hosting", "Wire", "Warrants", "Tokens", "Ledger",
                "Plates", "Secrets", "Bytes", "Disk",
            ]),
    ]
)
