import ArgumentParser
import Bytes
import Disk
import Embedded
import Foundation
import Inquiry
import Plates
import Secrets
import Warrants
import Wire

/// `platevault open`
struct Open: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "gather the custodians' answers, find and open the rows, keep a bundle",
        discussion: """
            Writes a directory with the reads as JSON and CSV, a readable report, and everything that \
            proves them. Its content is as secret as the reads.

            example: platevault open 5f0c --bundle case-7
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(help: "The directory to write.")
    var bundle: String
    @Option(name: .customLong("as"), help: "The requester.")
    var requester = "investigator"
    @Flag(help: "Ask for all rows of small cells, so that the vault learns none of the plate's.")
    var wholeCells = false

    private struct Summary: Encodable {
        let bundle: String
        let reads: Int
        let photos: Int
        let cells: [String: Int]
        let confirmation: String
    }

    func run() throws {
        let deployment = try options.open()
        let id = try deployment.request(request)
        let finding = try deployment.open(
            id, as: requester, bundle: bundle, wholeCells: wholeCells)
        let disclosure = finding.disclosure
        let cells = Dictionary(grouping: disclosure.cells, by: \.word).mapValues(\.count)
        let confirmation = disclosure.confirmation.description
        let photos = disclosure.reads.flatMap(\.photos)
        let opened = photos.count { $0.state == .opened }
        if options.json {
            try options.print(
                Summary(
                    bundle: bundle, reads: disclosure.reads.count, photos: opened, cells: cells,
                    confirmation: confirmation))
        } else {
            for reply in finding.replies {
                Voice.say("\(reply.custodian): \(reply.problem?.sentence ?? "answered")")
            }
            Voice.say("reads         \(disclosure.reads.count)")
            for (word, count) in cells.sorted(by: { $0.key < $1.key }) {
                Voice.say("cells         \(count) \(word)")
            }
            if !photos.isEmpty {
                let missing = photos.count - opened
                Voice.say("photos        \(opened)\(missing > 0 ? ", \(missing) not there" : "")")
            }
            if let problem = finding.photoProblem {
                Voice.note("photos: \(problem.sentence)")
            }
            Voice.say("confirmation  \(confirmation)")
            Voice.say("bundle        \(bundle)")
        }
        guard disclosure.isSound else {
            throw Complaint(
                code: "answers-refused",
                sentence: "the vault's answer does not fit what the sites committed to",
                hint: "the report in the bundle names each cell and why")
        }
    }
}

/// `platevault verify`
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "check a bundle offline: statements, approvals, answers, rows, report",
        discussion: """
            Needs nothing but the bundle, as a folder or as the one file that a desk hands out. Compare the roster's hash that it prints, or give it, from \
            a source of trust: everything rests on it.

            example: platevault verify case-7 --roster 5d41…
            """)

    @Argument(help: "The bundle's directory, or its one file.")
    var bundle: String
    @Option(help: "The hash of the first roster, from a source of trust.")
    var roster: String?

    func run() throws {
        var trusted: Digest?
        if let roster {
            guard let digest = Digest(hex: roster) else {
                throw Complaint(code: "hash-malformed", sentence: "--roster takes 64 hex digits")
            }
            trusted = digest
        }
        let verified = try BundleVerifier.verify(try read(), trusted: trusted)
        let disclosure = verified.disclosure
        Voice.say("request       \(disclosure.request.id.hex)")
        Voice.say("reads         \(disclosure.reads.count)")
        Voice.say("answered by   \(verified.custodians.joined(separator: ", "))")
        Voice.say("confirmation  \(verified.confirmation)")
        Voice.say("log           \(verified.logSize) entries")
        Voice.say(
            "roster        \(verified.roster.hex)\(trusted == nil ? ", not compared" : ", as given")"
        )
        guard disclosure.isSound else {
            throw Complaint(
                code: "answers-refused",
                sentence: "the bundle holds answers of the vault that do not fit the log")
        }
        Voice.say("the bundle holds")
    }

    private func read() throws -> Inquiry.Bundle {
        let disk = POSIXFileSystem()
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: bundle, isDirectory: &isFolder)
        guard isThere, !isFolder.boolValue else {
            return try Inquiry.Bundle(at: bundle, fileSystem: disk)
        }
        guard let size = try disk.size(bundle), size <= Inquiry.Bundle.archiveLimit else {
            throw Complaint(code: "bundle-changed", sentence: "\(bundle) is too long for a bundle")
        }
        return try Inquiry.Bundle(archive: try disk.read(bundle))
    }
}
