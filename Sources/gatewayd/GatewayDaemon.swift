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
    static let keys =
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
                "answer-seconds", .number(1...60), standard: "5",
                "How long a sender waits at most; then it is told to come again.",
                trust: "nobody"),
            ConfigurationKey(
                "prefetch-hours", .number(1...168), standard: "48",
                "How many hours ahead keys are fetched, at most what the policy allows.",
                trust: "this machine: whoever breaks in can read the reads of so many hours to come"),
            PartySetting.servicesKey,
            ConfigurationKey(
                "feed", .tables(Feeds.keys), standard: "[]", "Who may post what it read.",
                trust: "each as it says"),
        ]

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
                answerSeconds: file.number("answer-seconds"),
                prefetchHours: file.number("prefetch-hours")),
            vault: VaultClient(ways.way(to: setting.roster.body.vault.id)),
            follower: try LogCopy.open(
                in: file.path("data") ?? file.folder, trusting: setting.roster, disk: setting.disk),
            log: log
        ) { roster in
            ways.follow(roster)
            return roster.custodians.map { CustodianClient(ways.way(to: $0.id)) }
        }
    }

    private static func site(_ setting: PartySetting) throws -> SiteNumber {
        guard let site = setting.roster.sites.first(where: { $0.id == setting.party }) else {
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
            try FeedListener(
                at: file.text("listen") ?? "",
                certificate: try PublicCertificate(
                    chain: file.path("certificate"), key: file.path("certificate-key")),
                isKnown: { [feeds] feed, credential in feeds.isKnown(feed, credential) },
                take: { [worker] message in await worker.take(message) }),
        ]
        if let health = try HealthPages.listener(
            at: file.text("metrics-listen"), ready: { [worker] in worker.missing },
            metrics: { [worker] in Self.metrics(worker.report) })
        {
            parts.append(health)
        }
        log.write(.info, "started", ["feeds": .count(feeds.names.count)])
        try await DaemonLife.run(parts) { [worker, log] in
            worker.finish()
            log.write(.info, "ended", ["waiting": .count(worker.report.gateway.waiting)])
        }
    }

    private static func metrics(_ numbers: SiteWorker.Numbers) -> MetricsPage {
        var page = MetricsPage()
        let gateway = numbers.gateway
        page.add("messages_total", .counter, "messages taken in", numbers.messages)
        page.add("reads_sealed_total", .counter, "reads sealed", gateway.sealed)
        page.add("rows_delivered_total", .counter, "rows that the vault has", gateway.delivered)
        page.add("duplicates_total", .counter, "messages that came again", numbers.duplicates)
        page.add(
            "refused_total", .counter, "messages and reads refused, by code", by: "code",
            numbers.refused.merging(gateway.refused) { max($0, $1) })
        page.add("queue_depth", .gauge, "rows that wait for the vault", gateway.waiting)
        page.add(
            "rows_given_up_total", .counter, "rows whose keys were erased first",
            gateway.undelivered)
        page.add("key_hours", .gauge, "hours whose keys are held", numbers.hoursHeld)
        page.add(
            "key_hours_ahead", .gauge, "hours to come whose keys are held: how long it goes on alone",
            numbers.hoursAhead)
        page.add("hours_closed_total", .counter, "hours closed", gateway.closed)
        page.add("vault_reached", .gauge, "1 where the vault answered last", numbers.isVaultThere ? 1 : 0)
        page.add(
            "first_open_hour", .gauge, "the first hour that is not closed, in hours since 1970",
            numbers.firstOpenHour)
        return page
    }
}
