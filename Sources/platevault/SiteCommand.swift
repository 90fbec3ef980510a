import ArgumentParser
import Bytes
import Disk
import Embedded
import Foundation
import Inquiry
import Ledger
import Plates
import Portal
import Secrets
import Warrants

/// `platevault site`
struct SiteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "site", abstract: "the public pages of a log, for anybody to host",
        discussion: "example: platevault site build public",
        subcommands: [SiteBuild.self])
}

/// `platevault site build`
struct SiteBuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "write the public pages as files for a static host",
        discussion: """
            Reads a log or a mirror from its public files, verifies all of it as the audit does, and \
            writes the same pages that a vault serves, with the log's public files beside them. Links \
            are relative: the folder can stand below any address; only 404.html, which a host shows at \
            any, has to be told with --base below which. With --log it needs nothing but the \
            log's public files and the first roster; without, it takes the deployment's own log. A \
            folder that an earlier build wrote is replaced as a whole, or not at all.

            example: platevault site build public

            example: platevault site build public --log https://vault.example.org --roster 7a31…
            """)

    @OptionGroup var options: DeploymentOptions

    @Argument(help: "The folder to be written.")
    var folder: String

    @Option(help: "The path below which the host will have the folder, such as /vault/.")
    var base = "/"

    @OptionGroup var place: LogOptions

    func run() throws {
        let disk = POSIXFileSystem()
        let target = try SiteFolder(folder, disk: disk)
        var mirrors = try place.mirrors(disk)
        let source: any TileSource
        let trust: LogAudit.Trust
        let now: () throws -> Timestamp
        if let named = try place.named(disk) {
            (source, trust) = named
            now = place.time
        } else {
            let deployment = try options.open(settled: false)
            let places = try deployment.logPlaces()
            source = places.log
            trust = .roster(deployment.roster)
            mirrors = places.mirrors + mirrors
            now = { deployment.now }
        }
        let record = PublicRecord(source, trusting: trust.hash)
        try record.follow(at: try now())
        guard let snapshot = record.snapshot else {
            throw Complaint(code: "log-missing", sentence: "the log has no entries yet")
        }
        // The time of now: following a long log takes some.
        let report = try LogAudit(source, trusting: trust, mirrors: mirrors, at: try now())
            .run().report
        guard report.log?.root == snapshot.head.root else {
            throw Complaint(
                code: "log-moved", sentence: "the log grew while it was read; build again")
        }
        let site = try StaticSite(snapshot.with(report), below: base)
        var done = 0
        try target.replace { folder in
            try site.files { path, bytes in
                try folder.write(path, bytes)
                done += 1
                Voice.progress(done, of: site.count, "files")
            }
        }
        let faults = report.findings.filter(\.isFault).count
        if options.json {
            return try options.print(
                Built(folder: folder, files: done, entries: snapshot.head.size, faults: faults))
        }
        Voice.say("\(done) files of \(snapshot.head.size) entries in \(folder)")
        Voice.say("roster      \(snapshot.firstRoster.hex)")
        if faults > 0 { Voice.say("the log has \(faults) faults; the pages show them") }
    }

    private struct Built: Encodable {
        let folder: String
        let files: Int
        let entries: UInt64
        let faults: Int
    }
}

/// A folder that is written beside its place and put there when all of it stands.
private struct SiteFolder {
    private let path: String
    private let disk: any FileSystem

    /// Throws `folder-foreign` for one that is there and that no build has written.
    init(_ path: String, disk: any FileSystem) throws {
        var path = path
        while path.hasSuffix("/"), path.count > 1 { path.removeLast() }
        self.path = path
        self.disk = disk
        try checkOwn()
    }

    /// Only what a build has written, and nothing beside it, is replaced.
    private func checkOwn() throws {
        guard try disk.size(path) != nil else { return }
        let names = try disk.list(path)
        let isSite = names.contains(TilePath.checkpoint) && names.contains("figures.json")
        guard names.isEmpty || (isSite && StaticSite.names.isSuperset(of: names)) else {
            throw Complaint(
                code: "folder-foreign",
                sentence: "\(path) has other files than those of a site; name a new folder")
        }
    }

    /// A file below the folder that is being written.
    struct Writer {
        let folder: String
        let disk: any FileSystem

        func write(_ name: String, _ bytes: [UInt8]) throws {
            let file = folder + "/" + name
            try disk.makePublicFolder(disk.folder(of: file))
            try disk.createPublic(file, bytes)
        }
    }

    func replace(_ body: (Writer) throws -> Void) throws {
        let fresh = try free("new")
        try disk.makePublicFolder(fresh)
        do {
            try body(Writer(folder: fresh, disk: disk))
            try checkOwn()
        } catch {
            try remove(fresh)
            throw error
        }
        let old = try free("old")
        let isThere = try disk.size(path) != nil
        if isThere { try disk.rename(path, to: old) }
        try disk.rename(fresh, to: path)
        try disk.synchronize(disk.folder(of: path))
        if isThere { try remove(old) }
    }

    /// A name beside the folder's that nothing has: whatever has one is somebody's, and stays.
    private func free(_ ending: String) throws -> String {
        let name = path + "." + Hex.encode(SystemRandom().bytes(8)) + "." + ending
        guard try disk.size(name) == nil else {
            throw Complaint(code: "folder-foreign", sentence: "\(name) is there already")
        }
        return name
    }

    /// Only for what this build has made, or has found to be a site and put aside.
    private func remove(_ folder: String) throws {
        try FileManager.default.removeItem(atPath: folder)
    }
}
