import Crypto
import Disk
import Foundation
import NIOSSL
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Embedded
@testable import Hosting

/// The programs' HTTP against Docs/Spec/openapi.yaml, tried by schemathesis: every answer is of a
/// documented status and form, whatever is sent.
@Suite(.serialized) struct APIProgramTests {
    private static let tool = Vectors.path(".build/schemathesis/bin/st")

    /// One run of the tool; its output, and whether it found nothing.
    private func attempt(
        _ tag: String, at address: String, schema: String, _ further: [String] = []
    ) throws -> (output: String, isFine: Bool) {
        let process = Process()
        process.executableURL = URL(filePath: Self.tool)
        process.arguments =
            ["--config-file", Vectors.path(".ci/schemathesis.toml"), "run", schema]
            + ["--url", address, "--include-tag", tag, "--max-examples", "15", "--seed", "1"]
            + ["--no-color", "--phases", "examples,coverage,fuzzing"] + further
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        let path = City.temporary() + ".st"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let output = FileHandle(forWritingAtPath: path)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return (text, process.terminationStatus == 0)
    }

    private func expectFine(_ result: (output: String, isFine: Bool), _ what: String) {
        let (isFine, hasTried) = (result.isFine, result.output.contains(" generated"))
        #expect(isFine, "\(what)\n\(result.output.suffix(4_000))")
        // A run that tried nothing would prove nothing.
        #expect(hasTried, "\(what)")
    }

    /// The description with the words of this deployment's feeds, so that more than 401 is tried.
    private func schema() throws -> String {
        let text = try Vectors.text("Docs/Spec/openapi.yaml")
        let kinds = FeedProgramTests.kinds.joined(separator: ", ")
        let feeds = text.replacing(
            "{type: string, pattern: \"^[a-z0-9-]{1,40}$\"}",
            with: "{type: string, enum: [\(kinds)]}")
        let full = feeds.replacing(
            "{type: string, pattern: \"^[0-9a-f]{32,64}$\"}",
            with: "{type: string, enum: [\"\(FeedProgramTests.credential)\"]}")
        #expect(full != feeds && feeds != text)
        let path = City.temporary() + ".yaml"
        try POSIXFileSystem().create(path, Array(full.utf8))
        return path
    }

    /// A party's certificate and key as files, for programs that are not of this project.
    private func identity(_ id: String, _ town: ProgramCity) throws -> (chain: String, key: String)
    {
        let city = town.city
        let own = try city.keyRing.key(city.layout.key(city.home(of: id)))
        let key = P256.Signing.PrivateKey()
        let identity = try PartyIdentity(
            id: id, origin: city.roster.origin, key: own, connectionKey: key, now: Date())
        let leaf = try #require(identity.chain.first)
        let base64 = Data(try leaf.toDERBytes()).base64EncodedString(
            options: .lineLength64Characters)
        let chain = "-----BEGIN CERTIFICATE-----\n\(base64)\n-----END CERTIFICATE-----\n"
        let path = town.path + "/tls-\(id)"
        try POSIXFileSystem().create(path + ".pem", Array(chain.utf8))
        try POSIXFileSystem().create(path + ".key", Array(key.pemRepresentation.utf8))
        return (path + ".pem", path + ".key")
    }

    @Test func everyAnswerIsAsTheDescriptionSays() throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.tool), "run: .ci/setup tests")
        let town = try ProgramCity(configure: FeedProgramTests.feeds)
        let schema = try schema()
        defer {
            town.close()
            try? FileManager.default.removeItem(atPath: schema)
        }
        let gateway = try town.program("site-1")
        expectFine(
            try attempt(
                "feeds", at: gateway.address, schema: schema,
                ["-H", "Authorization: Bearer \(FeedProgramTests.credential)"]), "feeds")
        for program in town.serving.programs where program.party != "clerk-of-court" {
            expectFine(
                try attempt("health", at: program.health, schema: schema),
                "health of \(program.party)")
            guard let address = program.publicAddress else { continue }
            expectFine(
                try attempt("log", at: address, schema: schema), "log of \(program.party)")
        }
        for (party, caller) in [
            ("vault", "investigator"), ("vault", "site-1"), ("privacy-office", "investigator"),
        ] {
            let files = try identity(caller, town)
            expectFine(
                try attempt(
                    "parties", at: try town.program(party).address, schema: schema,
                    [
                        "--tls-verify", "false", "--request-cert", files.chain,
                        "--request-cert-key", files.key,
                    ]), "\(party) as asked by \(caller)")
            for file in [files.chain, files.key] { try POSIXFileSystem().remove(file) }
        }
        // They live, and nothing of it stands in the log or the rows.
        #expect(town.serving.programs.allSatisfy { town.serving.isRunning($0.party) })
        #expect(try Deployment.open(at: town.path).record().findings.isEmpty)
    }
}
