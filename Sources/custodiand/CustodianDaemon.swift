import ArgumentParser
public import Custody
import Disk
import Foundation
import Glibc
public import Hosting
import Ledger
import Plates
import Secrets
import ServiceLifecycle
import Synchronization
import Warrants
import Wire

/// A custodian with its listeners: parties over TLS, its mirror for anybody, numbers on loopback.
final class CustodianDaemon: Daemon {
    static let name = "custodiand"
    static let abstract = "holds key shares, mirrors and cosigns the log, destroys keys on time"
    static let commands: [any ParsableCommand.Type] = [Shred.self]
    static let keys = ProgramKeys.custodian

    private let setting: PartySetting
    private let service: CustodianService
    private let ways: Ways
    private let identity: PartyIdentity
    private let log: DaemonLog
    private let problems = Mutex<[String: Int]>([:])

    init(_ setting: PartySetting) throws {
        self.setting = setting
        let clock = setting.clock
        log = DaemonLog { clock.now }
        identity = try setting.identity()
        ways = setting.ways(as: identity, seconds: 4, pause: 5)
        var parts = try Self.custodianSetting(setting, ways)
        parts.startAnew = { StartingAnew.now() }
        parts.proposesFirst = true
        let custodian = try Custodian.open(parts, passphrase: try setting.passphrase())
        service = CustodianService(custodian)
    }

    /// What the custodian's core needs. Throws `signer-unknown`.
    static func custodianSetting(
        _ setting: PartySetting, _ ways: Ways
    ) throws -> CustodianSetting {
        let roster = setting.roster
        let own = setting.party
        let vault = setting.newestRoster.body.vault.id
        let ids = setting.file.texts("services").keys.sorted().filter {
            $0 != own && $0 != vault
        }
        let clients = ids.map { (id: $0, client: CustodianClient(ways.way(to: $0))) }
        var parts = CustodianSetting(
            folder: setting.stateFolder, roster: roster,
            custodian: own,
            signer: try NoteSigner(name: roster.keyName(own), key: setting.key),
            cosigner: try Cosigner(
                name: roster.keyName(own), key: try setting.key(named: "cosign-key")),
            clock: try setting.clock.source,
            vault: VaultClient(ways.way(to: vault)), mirrors: { clients },
            disk: setting.disk)
        parts.newest = setting.newestRoster
        return parts
    }

    static func create(_ setting: PartySetting, confirmed: String?) throws {
        guard let time = confirmed.flatMap({ Timestamp(text: $0) }) else {
            throw HostingError(
                code: "clock-unconfirmed",
                sentence: "a custodian's clock starts once: give the time of another clock with "
                    + "--confirmed-time 2026-03-02T13:40:00.000Z")
        }
        let ways = setting.ways(as: try setting.identity())
        let passphrase = try setting.passphrase()
        let lock =
            try passphrase.map {
                try StateLock(passphrase: $0.bytes, cost: .standard, random: SystemRandom())
            } ?? StateLock.none
        _ = try Custodian.create(
            try custodianSetting(setting, ways), confirmed: time, lock: lock)
    }

    static func check(_ setting: PartySetting) throws {
        _ = try custodianSetting(setting, setting.ways(as: try setting.identity()))
    }

    /// Serves until the program is told to end.
    func run() async throws {
        let file = setting.file
        let trust = PartyTrust(
            roster: { [ways] in ways.roster }, now: { Date() })
        let origin = setting.roster.origin
        let mirror = setting.stateFolder + "/mirror/public/"
        let pages = PublicPages(mirror + Digest(of: Array(origin.utf8)).hex, setting)
        var parts: [any Service] = [
            Repeating("tick", every: .seconds(file.number("tick-seconds"))) { [self] in
                act { service throws(CustodyError) in try service.tick() }
            },
            Repeating("poll", every: .seconds(1)) { [self] in
                act { service throws(CustodyError) in try service.poll() }
            },
            try PartyListener(
                at: file.text("listen") ?? "", as: identity, trust: trust, log: log
            ) { [service] endpoint, body, _ throws(WireProblem) in
                try service.handle(endpoint, body)
            },
        ]
        parts += try pages.services(setting)
        parts += try HealthPages.listeners(
            setting, ready: { [self] in readiness }, metrics: { [self] in metrics() })
        log.write(.info, "started", ["entries": .count(Int(service.mirror.size))])
        try await DaemonLife.run(parts) { [log] in log.write(.info, "ended") }
    }

    /// Lets the custodian do its part, tells what went wrong, and goes by the newest roster.
    private func act(
        _ work: (CustodianService) throws(CustodyError) -> TickReport
    ) {
        do throws(CustodyError) {
            let report = try work(service)
            if report.hasDestroyed { log.write(.info, "destroyed") }
            for problem in report.problems {
                problems.withLock { $0[problem.code, default: 0] += 1 }
                log.problem("step-failed", problem)
            }
            ways.follow(
                try service.inTurn { custodian throws(CustodyError) in custodian.rosterInForce })
        } catch {
            problems.withLock { $0[error.code, default: 0] += 1 }
            log.problem("act-failed", error)
            // Only opening the state again tells what the disk kept of it.
            if error.code == "state-broken" { StartingAnew.now() }
            // There is nothing left to run for; whoever starts it again is told the same.
            if error.code == "custody-shredded" { DaemonVoice.end(with: error) }
        }
    }

    private var readiness: String? {
        let status = service.status
        if let halted = status.halted { return halted }
        if !status.isConfirmed { return "mirrors-unseen" }
        if status.isClockOff { return "clock-differs" }
        return status.generations.contains { $0.isFinal } ? nil : "generation-missing"
    }

    private func metrics() -> MetricsPage {
        let status = service.status
        let time = status.time
        var page = MetricsPage()
        page.add("log_entries", .gauge, "entries of the log in the own mirror", status.logSize)
        page.add(
            "halted", .gauge, "1 where no key is used any more", status.halted == nil ? 0 : 1)
        page.add(
            "confirmed", .gauge, "1 where enough other mirrors were seen since the start",
            status.isConfirmed ? 1 : 0)
        page.add(
            "withholding", .gauge, "1 where an own statement is kept out of the log",
            status.isWithholding ? 1 : 0)
        page.add("unpublished", .gauge, "own statements not in the log yet", status.unpublished)
        let living = status.generations.compactMap(\.oldest).min()
        page.add(
            "oldest_day", .gauge, "the oldest day that lives, in days since 1970; 0 for none",
            living.map { Int($0.number) } ?? 0)
        let overdue = status.generations.filter { ($0.due ?? time) < time }.count
        page.add("days_overdue", .gauge, "generations with a day past its time", overdue)
        page.add(
            "keys_last_day", .gauge,
            "the last day with keys, in days since 1970, by the generations made so far; 0 for none",
            status.lastDay.map { Int($0.number) } ?? 0)
        page.add(
            "generation_extended", .gauge, "1 where a generation runs on for want of a successor",
            status.isExtended ? 1 : 0)
        page.add(
            "ceremony_missing", .gauge,
            "custodians whose next step of the ceremony under way is missing; 0 where none is",
            status.ceremony?.missing.count ?? 0)
        page.add(
            "clock_behind_milliseconds", .gauge, "wall clock minus the custodian's clock",
            setting.clock.now.milliseconds(since: time))
        if let difference = status.clockDifference {
            page.add(
                "clock_ahead_of_others_milliseconds", .gauge,
                "the custodian's clock minus what t others have cosigned within the hour",
                difference)
        }
        page.add(
            "problems_total", .counter, "steps that failed, by code", by: "code",
            problems.withLock { $0 })
        return page
    }
}

extension DemoClock: ClockSource {}

extension ProgramClock {
    /// The clocks as a custodian reads them. Throws `clock-missing`.
    var source: any ClockSource {
        get throws(CustodyError) {
            switch self {
            case .machine: try SystemClockSource()
            case .demo(let hands): hands
            }
        }
    }
}

/// exec: the same program with the same arguments in a fresh address space.
enum StartingAnew {
    /// Never returns, unless the system cannot start the program; then it ends, and whoever watches
    /// it starts it.
    static func now() {
        // Nothing of the old life stays open: neither files nor the places it listened at.
        if let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            for descriptor in names.compactMap({ Int32($0) }) where descriptor > 2 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            }
        }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        exit(75)
    }
}

/// `custodiand shred`
struct Shred: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "erase everything at once: this custodian is of no use afterwards",
        discussion: """
            Asks nobody, and works without the vault. Any n-t+1 custodians that do so end every day. \
            Stop the program first.

            example: custodiand shred --config custodiand.toml --yes
            """)

    @OptionGroup var options: DaemonOptions
    @Flag(help: "Do it; nothing brings it back.")
    var yes = false

    func run() throws {
        guard yes else {
            throw HostingError(
                code: "shred-unconfirmed",
                sentence: "this erases all key shares for good; say --yes")
        }
        let setting = try options.setting(CustodianDaemon.keys)
        let ways = setting.ways(as: try setting.identity(), seconds: 4)
        let report = try Custodian.shred(try CustodianDaemon.custodianSetting(setting, ways))
        if let problem = report.problem {
            DaemonVoice.say(problem.sentence)
            return
        }
        DaemonVoice.say("everything is erased, and the log was told")
    }
}
