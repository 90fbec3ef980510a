import Disk
public import Inquiry
public import Secrets
public import Warrants

// What a requester keeps in the own folder: the cases of requests that were filed here, and the
// bundles that were opened here.
extension Deployment {
    /// A request as it would be filed, checked by the own tool; nothing has left the machine and
    /// nothing is kept. Throws the refusal.
    public func prepare(
        _ application: Application, as requester: String
    ) throws -> PreparedRequest {
        try Requester(desk: try desk(requester), random: random).prepare(application, at: now)
    }

    /// Files a request that was prepared and looked at: the case kept on disk, then logged. Throws
    /// the vault's refusal.
    public func file(_ prepared: PreparedRequest, as requester: String) throws -> Digest {
        try file(prepared, by: Requester(desk: try desk(requester), random: random))
    }

    /// Takes a request back: it is evaluated no more.
    public func withdraw(_ request: Digest, as requester: String) throws {
        try Requester(desk: try desk(requester), random: random).withdraw(request, at: now)
    }

    /// What a request is about, from its case; nil where it was not filed from this folder. Throws
    /// `not-authentic` where the case was changed.
    public func secret(of request: Digest, as requester: String) throws -> RequestSecret? {
        guard try fileSystem.size("\(home(of: requester))/cases/\(request.hex).case") != nil else {
            return nil
        }
        return try RequestSecret(wire: try caseFile(request, of: requester).secret.bytes)
    }

    /// The reasons in words that officers gave for denying a request that was filed from this folder.
    public func reasons(
        of request: Digest, as requester: String
    ) throws -> [(officer: String, reason: ToldReason)] {
        try Requester(desk: try desk(requester), random: random).reasons(
            of: request, try caseFile(request, of: requester))
    }

    /// The folders of the bundles of a request that are kept here, the oldest first.
    public func bundles(of request: Digest, as requester: String) throws -> [String] {
        let folder = bundleFolder(requester)
        guard try fileSystem.size(folder) != nil else { return [] }
        let places = try fileSystem.list(folder).compactMap { name -> Int? in
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == request.hex[...] else { return nil }
            return Int(parts[1])
        }
        return places.sorted().map { "\(folder)/\(request.hex).\($0)" }
    }

    /// Where the next bundle of a request is kept.
    public func nextBundle(of request: Digest, as requester: String) throws -> String {
        let folder = bundleFolder(requester)
        try fileSystem.makeFolder(folder)
        let last = try bundles(of: request, as: requester).last?.split(separator: ".").last
        return "\(folder)/\(request.hex).\((last.flatMap { Int($0) } ?? 0) + 1)"
    }

    /// A bundle in a folder, every file held against its manifest. Throws `bundle-changed`.
    public func bundle(at folder: String) throws -> Bundle {
        try Bundle(at: folder, fileSystem: fileSystem)
    }

    /// Writes a bundle to a folder that is not there yet. Throws `bundle-exists` and the disk's
    /// errors.
    public func write(_ bundle: Bundle, to folder: String) throws {
        try bundle.write(to: folder, fileSystem: fileSystem)
    }

    private func bundleFolder(_ requester: String) -> String { home(of: requester) + "/bundles" }
}
