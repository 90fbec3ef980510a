import ArgumentParser
import Disk
import Hosting
import Intake
import Plates
import ServiceLifecycle
import Warrants
import Wire

/// A site's gateway with its listeners: feeds of cameras, numbers on loopback.
final class GatewayDaemon: Daemon {
    static let name = "gatewayd"
    static let abstract = "takes what cameras read, seals it, hands it to the vault"
    static let commands: [any ParsableCommand.Type] = [NewCredential.self]
    static let keys = ProgramKeys.gateway

    private let setting: PartySetting
    private let feeds: Feeds
    private let worker: SiteWorker
    private let log: DaemonLog

    init(_ setting: PartySetting) throws {
        self.setting = setting
        feeds = try Feeds(setting.file)
        let clock = setting.clock
        let log = DaemonLog { clock.now }
        self.log = log
        let file = setting.file
        let ways = setting.ways(as: try setting.identity(), seconds: 4, pause: 5)
        worker = SiteWorker(
            setting,
            SiteWorker.Options(
                site: try Self.site(setting), closes: file.flag("closes-hours"),
                batchMilliseconds: file.number("batch-milliseconds"),
                batchRows: file.number("batch-rows"),
                answerSeconds: file.number("answer-seconds"),
                prefetchHours: file.number("prefetch-hours")),
            feeds: feeds, vault: ways.way(to: setting.newestRoster.body.vault.id),
            follower: try LogCopy.open(
                in: file.path("data") ?? file.folder, trusting: setting.roster, disk: setting.disk),
            log: log
        ) { roster in
            ways.follow(roster)
            return roster.custodians.map { ways.way(to: $0.id) }
        }
    }

    private static func site(_ setting: PartySetting) throws -> SiteNumber {
        guard let site = setting.newestRoster.sites.first(where: { $0.id == setting.party }) else {
            throw HostingError(
                code: "site-unknown", sentence: "the roster has no site \(setting.party)")
        }
        return site.number
    }

    static func create(_ setting: PartySetting, confirmed: String?) throws {
        _ = try LogCopy.open(
            in: setting.file.path("data") ?? setting.file.folder, trusting: setting.roster,
            disk: setting.disk)
    }

    static func check(_ setting: PartySetting) throws {
        _ = try Feeds(setting.file)
        _ = try site(setting)
        _ = try PublicCertificate(
            chain: setting.file.path("certificate"), key: setting.file.path("certificate-key"))
    }

    /// Serves until the program is told to end; then what it holds goes to the vault.
    func run() async throws {
        let file = setting.file
        var parts: [any Service] = [
            Repeating("mind", every: .seconds(1)) { [worker] in worker.mind() },
            Repeating("erase", every: .seconds(1)) { [worker] in worker.erase() },
            try FeedListener(
                at: file.text("listen") ?? "",
                certificate: try PublicCertificate(
                    chain: file.path("certificate"), key: file.path("certificate-key")),
                admit: { [feeds] feed, credential in feeds.admit(feed, credential) },
                take: { [worker] message in await worker.take(message) }),
        ]
        parts += try HealthPages.listeners(
            setting, ready: { [worker] in worker.missing },
            metrics: { [worker] in worker.report.page })
        log.write(.info, "started", ["feeds": .count(feeds.names.count)])
        try await DaemonLife.run(parts) { [worker, log] in
            worker.finish()
            log.write(.info, "ended", ["waiting": .count(worker.report.gateway?.waiting ?? 0)])
        }
    }
}
