// swift-tools-version: 6.2
// The threat model: what a program cannot link, a break-in to it cannot call.
// An edge may only go down; `.ci/graph` holds the list of the allowed ones.
import Foundation
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]

func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + path)
}

func present(_ edges: [Target.Dependency]) -> [Target.Dependency] {
    edges.filter {
        guard case .byNameItem(let name, _) = $0 else { return true }
        return exists("Sources/\(name)") || exists("Tests/\(name)")
    }
}

func library(_ name: String, _ edges: [Target.Dependency], resources: [Resource] = []) -> [Target] {
    guard exists("Sources/\(name)") else { return [] }
    return [
        .target(
            name: name, dependencies: present(edges), resources: resources, swiftSettings: strict)
    ]
}

func tests(
    _ name: String, _ edges: [Target.Dependency], exclude: [String] = []
) -> [Target] {
    guard exists("Tests/\(name)") else { return [] }
    return [
        .testTarget(
            name: name, dependencies: present(edges), exclude: exclude, swiftSettings: strict)
    ]
}

func program(_ name: String, _ edges: [Target.Dependency]) -> [Target] {
    guard exists("Sources/\(name)") else { return [] }
    return [.executableTarget(name: name, dependencies: present(edges), swiftSettings: strict)]
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")

var targets: [Target] = [
    .systemLibrary(
        name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(name: "CLinux"),
]
targets += library("Bytes", [])
targets += library("Disk", ["CLinux", "Bytes"])
targets += library("Secrets", ["CSodium", "CLinux", "Bytes", crypto])
targets += library("Plates", ["Bytes"])
targets += library("Tokens", ["Secrets", "Plates", "Bytes"])
targets += library("Ledger", ["Secrets", "Bytes", "Disk"])
targets += library("Rows", ["Ledger", "Plates", "Secrets", "Bytes"])
targets += library("Warrants", ["Ledger", "Plates", "Secrets", "Bytes"])
targets += library("Wire", ["Warrants", "Rows", "Ledger", "Plates", "Secrets", "Bytes"])
targets += library(
    "Intake", ["Wire", "Warrants", "Rows", "Tokens", "Ledger", "Plates", "Secrets", "Bytes"])
targets += library(
    "Vault",
    ["Wire", "Warrants", "Rows", "Ledger", "Plates", "Secrets", "Bytes", "Disk", grdb])
targets += library(
    "Custody", ["Wire", "Warrants", "Tokens", "Ledger", "Plates", "Secrets", "Bytes", "Disk"])
targets += library(
    "Inquiry",
    ["Wire", "Warrants", "Rows", "Tokens", "Ledger", "Plates", "Secrets", "Bytes", "Disk"])
targets += library(
    "Embedded",
    [
        "Intake", "Vault", "Custody", "Inquiry", "Wire", "Warrants", "Rows", "Tokens", "Ledger",
        "Plates", "Secrets", "Bytes", "Disk",
    ], resources: [.copy("Samples")])
targets += program(
    "platevault",
    [
        "Embedded", "Inquiry", "Intake", "Custody", "Wire", "Warrants", "Rows", "Ledger",
        "Plates", "Secrets", "Bytes", "Disk", arguments,
    ])
targets += program("TokenVectors", ["Tokens", "Plates", "Secrets", "Bytes"])

if exists("Tests/TestSupport") {
    targets.append(
        .target(
            name: "TestSupport", dependencies: ["Disk", "Secrets", "Bytes"],
            path: "Tests/TestSupport", swiftSettings: strict))
}
targets += tests("BytesTests", ["Bytes", "Disk", "TestSupport"])
targets += tests("SecretsTests", ["Secrets", "Bytes", "TestSupport", crypto])
targets += tests("PlatesTests", ["Plates", "Bytes"])
targets += tests(
    "TokensTests", ["Tokens", "TokenVectors", "Secrets", "Plates", "Bytes", "TestSupport"])
targets += tests("LedgerTests", ["Ledger", "Secrets", "Bytes", "Disk", "TestSupport"])
targets += tests("RowsTests", ["Rows", "Ledger", "Plates", "Secrets", "Bytes", "TestSupport"])
targets += tests(
    "WarrantsTests", ["Warrants", "Ledger", "Plates", "Secrets", "Bytes", "TestSupport"])
targets += tests(
    "IntakeTests",
    [
        "Intake", "Wire", "Warrants", "Rows", "Tokens", "Ledger", "Plates", "Secrets", "Bytes",
        "TestSupport",
    ])
targets += tests(
    "VaultTests",
    [
        "Vault", "Wire", "Warrants", "Rows", "Ledger", "Plates", "Secrets", "Bytes", "Disk",
        "TestSupport", grdb,
    ])
targets += tests(
    "CustodyTests",
    [
        "Custody", "Wire", "Warrants", "Tokens", "Ledger", "Plates", "Secrets", "Bytes", "Disk",
        "TestSupport",
    ])
targets += tests(
    "EmbeddedTests",
    [
        "Embedded", "Intake", "Vault", "Custody", "Inquiry", "Wire", "Warrants", "Rows", "Tokens",
        "Ledger", "Plates", "Secrets", "Bytes", "Disk", "TestSupport",
    ])
targets += tests("ProgramTests", ["TestSupport"], exclude: ["Scripts"])

let package = Package(
    name: "PlateVault",
    dependencies: [
        // HPKE with X-Wing, which libsodium does not have, and the faster SHA-256 of public bytes
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // SQLite with prepared statements, transactions and migrations done right
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // arguments, help texts and usage errors of the programs
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: targets
)
