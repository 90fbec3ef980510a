public import Disk
import Ledger
public import Plates
import Portal
public import Secrets
public import ServiceLifecycle
import Warrants

/// What a vault and a custodian serve to anybody: the log's or mirror's public files (`TlogPages`),
/// and beside them the pages that are made of nothing else (`Portal`).
public final class PublicPages: Sendable {
    /// 2 seconds: how often the log is looked at for what is new.
    private static let pause: Duration = .seconds(2)

    private let tiles: TlogPages
    private let record: PublicRecord
    private let now: @Sendable () -> Timestamp

    /// The pages of a log's or mirror's public folder, under the party's own roster and clock.
    public convenience init(_ folder: String, _ setting: PartySetting) {
        self.init(folder, trusting: setting.roster.hash, disk: setting.disk) { setting.clock.now }
    }

    /// The pages of a log's or mirror's public folder, under a first roster of this hash, as of the
    /// time that `now` says.
    public init(
        _ folder: String, trusting roster: Digest, disk: any FileSystem,
        now: @escaping @Sendable () -> Timestamp
    ) {
        tiles = TlogPages(folder, disk: disk)
        record = PublicRecord(FolderTiles(folder, fileSystem: disk), trusting: roster)
        self.now = now
    }

    /// The listener for anybody at the place that a configuration names, and what follows the log for
    /// it; nothing where it names none. Throws `listen-malformed`, `listen-open`,
    /// `certificate-unusable`.
    public func services(_ setting: PartySetting) throws(HostingError) -> [any Service] {
        let file = setting.file
        guard let place = file.text("public-listen") else { return [] }
        let certificate = try PublicCertificate(
            chain: file.path("public-certificate"), key: file.path("public-key"))
        return [
            Repeating("follow-pages", every: Self.pause) { [self] in follow() },
            try listener(at: place, certificate: certificate),
        ]
    }

    /// The listener for anybody at a place; it shows what was followed last. Throws
    /// `listen-malformed`, `listen-open`.
    public func listener(
        at place: String, certificate: PublicCertificate? = nil
    ) throws(HostingError) -> PublicListener {
        try PublicListener(at: place, certificate: certificate) { [self] in page($0) }
    }

    /// Reads what is new. A log that cannot be read just now is shown as it was read last, with its
    /// time on it.
    public func follow() { try? record.follow(at: now()) }

    /// What stands at a path; nil where nothing does.
    func page(_ path: String) -> PublicListener.Page? {
        if TlogPages.isTheirs(path) { return tiles.page(path) }
        if let asset = PublicSite.asset(path) { return Self.page(asset) }
        guard let snapshot = record.snapshot else {
            let (taken, size) = record.progress
            var page = Self.page(PublicSite.reading(path, taken: taken, of: size))
            page.fields.append(("retry-after", "5"))
            return page
        }
        let site = PublicSite(snapshot)
        guard let found = try? site.answer(path) else { return lost(path, on: site) }
        return Self.page(found)
    }

    /// Where nothing stands, or where it stands under a name that ends in a slash.
    private func lost(_ path: String, on site: PublicSite) -> PublicListener.Page {
        guard !path.hasSuffix("/"), (try? site.answer(path + "/")) != nil,
            let last = path.split(separator: "/").last
        else { return Self.page(site.missing(path)) }
        // Pages end in a slash, so that their relative links hold.
        var page = PublicListener.Page("", status: 308)
        page.fields = [("location", "\(last)/")]
        return page
    }

    private static func page(_ answer: PublicAnswer) -> PublicListener.Page {
        var page = PublicListener.Page(
            status: answer.status, type: answer.type, body: answer.body)
        page.fields = SecurityHeaders.all
        if answer.status == 200 { page.tag = String(Digest(of: answer.body).hex.prefix(32)) }
        return page
    }
}
