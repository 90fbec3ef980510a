import Bytes
public import Disk
import FoundationEssentials
public import Ledger
import Rows
public import Secrets
import Tokens
public import Warrants
import Wire

/// What a requester keeps of a search and a court checks without anybody's help
/// (Docs/Spec/Bundle.md): a folder of files, as secret as the reads in it.
///
///     manifest.json            SHA-256 of every other file, the request, the first roster
///     report.txt reads.json reads.csv
///     log/checkpoint           the log's checkpoint that the proofs lead to
///     log/00000017.note        each statement that counts, by its index
///     log/proofs.json          an inclusion proof for each
///     evidence/secret.json     plates, cells and salts behind the commitments
///     evidence/partials-NAME   what each custodian gave
///     evidence/answers         what the vault gave, without the rows of other plates
///     evidence/photo-DIGEST    what the vault gave of a photo
///     photos/DIGEST.jpg        the photo inside
public struct Bundle: Sendable {
    /// The files by name, without the manifest.
    public let files: [String: [UInt8]]
    /// The manifest's bytes; their SHA-256 is the bundle's digest.
    public let manifest: [UInt8]

    /// What requester and vault log of a disclosure.
    public var digest: Digest { Digest(of: manifest) }

    /// The bundle of a finding, from the requester's own copy of the log.
    public init(_ finding: Finding, mirror: Mirror, record: Record) throws {
        var files: [String: [UInt8]] = [:]
        let report = Report(finding.disclosure, roster: record.roster)
        files["report.txt"] = Array(report.text.utf8)
        files["reads.json"] = try report.json()
        files["reads.csv"] = Array(report.csv.utf8)
        guard let checkpoint = mirror.checkpoint else {
            throw InquiryError(code: "log-empty", sentence: "the own copy of the log is empty")
        }
        files["log/checkpoint"] = checkpoint
        var proofs: [String: [String]] = [:]
        for index in Self.statements(of: finding, record: record) {
            files["log/\(Self.name(index)).note"] = try mirror.entry(at: index)
            proofs[Self.name(index)] = try mirror.inclusionProof(of: index).map(\.hex)
        }
        files["log/proofs.json"] = try Self.json(proofs)
        files["evidence/secret.json"] = try finding.evidence.secret.encode().withUnsafeBytes {
            Array($0)
        }
        for (custodian, parcel) in finding.evidence.parcels {
            files["evidence/partials-\(custodian)"] = try parcel.encode().withUnsafeBytes {
                Array($0)
            }
        }
        files["evidence/answers"] = ByteList.encode(
            try finding.answers.map {
                try LookupAnswer(wire: $0).reduced(to: finding.disclosure.labels).encode()
            })
        for photo in finding.disclosure.reads.flatMap(\.photos) {
            files[photo.sealedFile] = finding.evidence.photos[photo.digest]
            if let name = photo.file { files[name] = photo.bytes }
        }
        self.files = files
        manifest = try Self.json(
            Manifest(
                files: files.mapValues { Digest(of: $0) }, origin: record.origin,
                request: finding.evidence.request, roster: try Self.firstRoster(record)))
    }

    /// Writes the folder, which must not exist: built beside its place, made durable, renamed.
    /// Throws `bundle-exists`, also where other files stand beside its place, and the disk's errors.
    public func write(to folder: String, fileSystem: any FileSystem) throws {
        guard try fileSystem.size(folder) == nil else {
            throw InquiryError(code: "bundle-exists", sentence: "\(folder) exists already")
        }
        let fresh = folder + ".new"
        try clear(fresh, fileSystem)
        let folders = Set(files.keys.filter { $0.contains("/") }.map { fileSystem.folder(of: $0) })
        try fileSystem.makeFolder(fresh)
        for name in folders.sorted() { try fileSystem.makeFolder("\(fresh)/\(name)") }
        for (name, bytes) in files.merging(["manifest.json": manifest], uniquingKeysWith: { $1 }) {
            try fileSystem.create("\(fresh)/\(name)", bytes)
            try fileSystem.synchronize("\(fresh)/\(name)")
        }
        for name in folders.sorted() { try fileSystem.synchronize("\(fresh)/\(name)") }
        try fileSystem.synchronize(fresh)
        try fileSystem.rename(fresh, to: folder)
        try fileSystem.synchronize(fileSystem.folder(of: folder))
    }

    /// Removes what a broken-off writing has left, and nothing of anybody else.
    private func clear(_ folder: String, _ fileSystem: any FileSystem) throws {
        guard try fileSystem.size(folder) != nil else { return }
        let names = try Self.names(in: folder, fileSystem)
        guard names.allSatisfy({ $0 == "manifest.json" || Self.part($0) != nil }) else {
            throw InquiryError(
                code: "bundle-exists",
                sentence: "\(folder) has files of something else; move it away")
        }
        for name in names { try fileSystem.remove("\(folder)/\(name)") }
    }

    /// The files in a bundle's folder and in those folders that a bundle has, by name.
    private static func names(in folder: String, _ fileSystem: any FileSystem) throws -> [String] {
        let top = try fileSystem.list(folder)
        var names = top.filter { !folders.contains($0) }
        for part in folders where top.contains(part) {
            names += try fileSystem.list("\(folder)/\(part)").map { "\(part)/\($0)" }
        }
        return names
    }

    /// Reads a folder and holds every file against the manifest. Throws `bundle-changed`, naming
    /// the first file that is missing, changed or too many.
    public init(at folder: String, fileSystem: any FileSystem) throws {
        let manifest = try fileSystem.read(folder + "/manifest.json")
        let content = try Self.parse(Manifest.self, manifest, "manifest.json")
        let names = try Self.names(in: folder, fileSystem).filter { $0 != "manifest.json" }
        if let extra = names.first(where: { content.files[$0] == nil }) {
            throw Self.changed(extra, "is not in the manifest")
        }
        var files: [String: [UInt8]] = [:]
        for name in names { files[name] = try fileSystem.read("\(folder)/\(name)") }
        try self.init(files: files, manifest: manifest)
    }

    /// Files by name, each held against the manifest. Throws `bundle-changed`, naming the first that
    /// is missing, changed or too many.
    init(files: [String: [UInt8]], manifest: [UInt8]) throws {
        let content = try Self.parse(Manifest.self, manifest, "manifest.json")
        guard try Self.json(content) == manifest else {
            throw Self.changed("manifest.json", "is not written as a bundle writes it")
        }
        if let extra = files.keys.sorted().first(where: { content.files[$0] == nil }) {
            throw Self.changed(extra, "is not in the manifest")
        }
        if let extra = content.files.keys.sorted().first(where: { Self.part($0) == nil }) {
            throw Self.changed(extra, "is none that a bundle has")
        }
        for (name, digest) in content.files.sorted(by: { $0.key < $1.key }) {
            guard let bytes = files[name] else { throw Self.changed(name, "is missing") }
            guard Digest(of: bytes) == digest else {
                throw Self.changed(name, "does not have the digest of the manifest")
            }
        }
        self.files = files
        self.manifest = manifest
    }

    /// The manifest's content.
    struct Manifest: Codable {
        var files: [String: Digest]
        var origin: String
        var request: Digest
        var roster: Digest
        var version = 2
    }

    /// A file's bytes. Throws `bundle-changed` where the manifest has none of that name.
    func file(_ name: String) throws -> [UInt8] {
        guard let bytes = files[name] else { throw Self.changed(name, "is missing") }
        return bytes
    }

    static func changed(_ name: String, _ what: String) -> InquiryError {
        InquiryError(code: "bundle-changed", sentence: "the bundle's file \(shown(name)) \(what)")
    }

    static func parse<Value: Decodable>(
        _: Value.Type, _ bytes: [UInt8], _ name: String
    ) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw changed(name, "is not the JSON that it should be")
        }
    }

    static func json(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [0x0a]
    }

    private static func firstRoster(_ record: Record) throws -> Digest {
        guard let first = record.rosters.first else {
            throw Refusal(.rosterMissing, "the log has no roster")
        }
        return first.roster.hash
    }

    /// The entries on which the disclosure rests: rosters, generations, the request and everything
    /// said of it, the closings of its cells, and destructions.
    private static func statements(of finding: Finding, record: Record) -> [UInt64] {
        var indices = Set(record.rosters.map(\.index))
        indices.formUnion(record.successions.map(\.index))
        for generation in record.generations.values {
            indices.insert(generation.proposed)
            // Whether another one's finals came in time, only the whole log tells.
            guard generation.isUsable else { continue }
            indices.formUnion(generation.commits.values.map(\.index))
            indices.formUnion(generation.finals.values.map(\.index))
        }
        if let state = record.request(finding.evidence.request) {
            indices.insert(state.request.index)
            indices.formUnion(state.orders.map(\.index))
            indices.formUnion(state.approvals.map(\.index))
            indices.formUnion(state.denials.map(\.index))
            indices.formUnion(state.withdrawals.map(\.index))
            indices.formUnion(state.evaluations.map(\.index))
            indices.formUnion(state.checks.map(\.index))
            for copy in state.body.sealedCopies {
                if let index = record.prekeyIndex(of: copy.custodian, on: copy.prekeyDay) {
                    indices.insert(index)
                }
            }
        }
        for cell in finding.evidence.secret.cells {
            for kind in HourClosedBody.Kind.allCases {
                if let closing = record.closing(cell, kind) { indices.insert(closing.index) }
            }
        }
        let days = Set(finding.evidence.secret.days)
        indices.formUnion(record.erasureIndices(of: days))
        return indices.sorted()
    }
}
