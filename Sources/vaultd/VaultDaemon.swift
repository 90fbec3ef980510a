import Disk
import Foundation
import Hosting
import Ledger
import Plates
import Secrets
import ServiceLifecycle
import Synchronization
import Vault
import Warrants
import Wire

/// The vault with its listeners: parties over TLS, public files, numbers on loopback.
final class VaultDaemon: Daemon {
    static let name = "vaultd"
    static let abstract = "keeps sealed rows, runs the public log, carries sealed messages"
    static let keys = ProgramKeys.vault

    private let setting: PartySetting
    private let service: VaultService
    private let vaultLog: Log
    private let log: DaemonLog
    private let counts = Mutex(Counts())
    /// Used by the one thread that notifies.
    private let webhooks: Webhooks

    /// What happened since the program started.
    struct Counts {
        var asked: [String: Int] = [:]
        var refused: [String: Int] = [:]
        var batches = 0
        var told = 0
        var givenUp = 0
    }

    init(_ setting: PartySetting) throws {
        self.setting = setting
        let clock = setting.clock
        let log = DaemonLog { clock.now }
        self.log = log
        let (signer, logSigner) = try Self.signers(setting)
        let places = Places(setting)
        vaultLog = try Log.open(
            at: places.log, origin: setting.roster.origin, signer: logSigner,
            fileSystem: setting.disk)
        service = try VaultService(
            log: vaultLog,
            store: try SQLiteRowStore.open(at: places.rows, fileSystem: setting.disk),
            mail: try MailBox.open(at: places.mail, fileSystem: setting.disk),
            trusted: setting.roster.hash, signer: signer,
            later: LaterQueue { log.problem("expire-failed", $0) }, now: { clock.now })
        let client = PlainClient()
        webhooks = Webhooks(
            setting.file.texts("webhooks"), folder: places.data, disk: setting.disk
        ) { body, address in
            client.post(body, to: address).map { (200..<300).contains($0.status) } ?? false
        }
    }

    /// Where the vault's stores are.
    private struct Places {
        let log: String
        let rows: String
        let mail: String
        let data: String

        init(_ setting: PartySetting) {
            let data = setting.file.path("data") ?? setting.file.folder
            log = data + "/log"
            rows = data + "/rows"
            mail = data + "/mail.sqlite"
            self.data = data
        }
    }

    /// Makes empty stores, and the log's first entry.
    static func create(_ setting: PartySetting, confirmed: String?) throws {
        let (signer, logSigner) = try signers(setting)
        let places = Places(setting)
        let clock = setting.clock
        let service = try VaultService(
            log: try Log.create(
                at: places.log, origin: setting.roster.origin, signer: logSigner,
                fileSystem: setting.disk),
            store: try SQLiteRowStore.create(at: places.rows, fileSystem: setting.disk),
            mail: try MailBox.create(at: places.mail, fileSystem: setting.disk),
            trusted: setting.roster.hash, signer: signer, now: { clock.now })
        _ = try service.handle(.logAppend, ByteList.encode([setting.rosterNote]))
    }

    static func check(_ setting: PartySetting) throws { _ = try signers(setting) }

    /// The vault's two keys, both of which must be the newest roster's. Throws `signer-unknown`.
    static func signers(_ setting: PartySetting) throws -> (statements: NoteSigner, log: NoteSigner)
    {
        let roster = setting.newestRoster
        let statements = try NoteSigner(name: roster.keyName(setting.party), key: setting.key)
        let log = try NoteSigner(name: roster.origin, key: try setting.key(named: "log-key"))
        guard setting.party == roster.body.vault.id,
            roster.statementKeys(of: setting.party).contains(statements.verifierKey)
        else {
            throw HostingError(
                code: "signer-unknown",
                sentence:
                    "the newest roster in the file has no vault \(setting.party) with this key")
        }
        return (statements, log)
    }

    /// Serves until the program is told to end.
    func run() async throws {
        let file = setting.file
        let identity = try setting.identity()
        let trust = PartyTrust(
            roster: { [service, setting] in
                service.roster ?? setting.roster
            }, now: { Date() })
        let pages = PublicPages(Places(setting).log + "/public", setting)
        var parts: [any Service] = [
            Repeating("expire", every: .seconds(30)) { [self] in expire() },
            Repeating("tidy-photos", every: .seconds(10)) { [self] in tidyPhotos() },
            Repeating("tally", every: .seconds(300)) { [self] in publishTally() },
            Repeating("notify", every: .seconds(2)) { [self] in notify() },
            try PartyListener(
                at: file.text("listen") ?? "", as: identity, trust: trust, log: log
            ) { [self] endpoint, body, caller throws(WireProblem) in
                try answer(endpoint, body, caller)
            },
        ]
        parts += try pages.services(setting)
        parts += try HealthPages.listeners(
            setting, ready: { [self] in readiness }, metrics: { [self] in metrics() })
        log.write(.info, "started", ["entries": .count(Int(vaultLog.size))])
        try await DaemonLife.run(parts) { [log] in log.write(.info, "ended") }
    }

    /// What only a site may do; look-ups are their requester's (`VaultService`), everything else any party
    /// of the roster may ask.
    private static let forSites: Set<Endpoint> = [
        .rowsBatch, .rowsBatches, .hoursClose, .photosPut,
    ]

    private func answer(
        _ endpoint: Endpoint, _ body: [UInt8], _ caller: String
    ) throws(WireProblem) -> [UInt8] {
        counts.withLock { $0.asked[endpoint.rawValue.replacing("/", with: "-"), default: 0] += 1 }
        do throws(WireProblem) {
            if Self.forSites.contains(endpoint) {
                let roster = service.roster ?? setting.roster
                guard roster.sites.contains(where: { $0.id == caller }) else {
                    throw WireProblem(
                        code: "party-forbidden", sentence: "only a site may hand over rows")
                }
            }
            let answer = try service.handle(endpoint, body, from: caller)
            if endpoint == .rowsBatch { counts.withLock { $0.batches += 1 } }
            return answer
        } catch {
            counts.withLock { $0.refused[error.code, default: 0] += 1 }
            throw error
        }
    }

    private func expire() {
        do { try service.expire() } catch { log.problem("expire-failed", error) }
    }

    /// Where the public pages, and whoever copies the log's public files, find it.
    private func publishTally() {
        do throws(StoreError) {
            guard let tally = try service.tally() else { return }
            let path = Places(setting).log + "/public/" + TallyBody.file
            do throws(DiskError) {
                try setting.disk.replace(path, tally, isPublic: true)
            } catch {
                log.problem("tally-failed", error)
            }
        } catch {
            log.problem("tally-failed", error)
        }
    }

    private func tidyPhotos() {
        do { try service.tidyPhotos() } catch { log.problem("tidy-photos-failed", error) }
    }

    private var readiness: String? {
        do {
            return try service.status() == nil ? "roster-missing" : nil
        } catch {
            return error.code
        }
    }

    private func metrics() -> MetricsPage {
        var page = MetricsPage()
        let counts = counts.withLock { $0 }
        page.add(
            "messages_total", .counter, "messages of parties, by endpoint", by: "endpoint",
            counts.asked)
        page.add(
            "refused_total", .counter, "messages refused, by code", by: "code", counts.refused)
        page.add("batches_kept_total", .counter, "batches that are durable", counts.batches)
        page.add("webhooks_told_total", .counter, "messages that webhooks took", counts.told)
        page.add(
            "webhooks_given_up_total", .counter, "messages that no try got to their webhook",
            counts.givenUp)
        guard let status = (try? service.status()) ?? nil else { return page }
        page.add("log_entries", .gauge, "entries of the log", status.logSize)
        page.add(
            "log_cosigners", .gauge, "custodians that cosigned the published checkpoint",
            status.cosigners)
        page.add("requests", .gauge, "requests of the log, by state", by: "state", status.requests)
        page.add(
            "days", .gauge, "days with rows, by the log's verdict", by: "verdict", status.days)
        return page
    }

    /// Tells those who want to know of requests that came since the last time.
    private func notify() {
        guard !webhooks.isEmpty else { return }
        let report = webhooks.round(at: Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000)) {
            let (requests, end) = try service.requests(from: $0)
            return (requests.map { ($0.index, $0.id) }, end)
        }
        counts.withLock {
            $0.told += report.told
            $0.givenUp += report.givenUp.count
        }
        let roster = service.roster ?? setting.roster
        for word in report.failed {
            guard let party = PartySetting.word(word, in: roster) else { continue }
            log.write(.warning, "webhook-failed", ["party": .party(party)])
        }
        for word in report.givenUp {
            guard let party = PartySetting.word(word, in: roster) else { continue }
            log.write(.error, "webhook-given-up", ["party": .party(party)])
        }
    }
}
