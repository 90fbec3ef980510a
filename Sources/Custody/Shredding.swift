import Bytes
import Disk
import Plates
import Secrets
import Warrants
import Wire

/// What an emergency erasure left to say.
public struct ShredReport: Sendable {
    /// The signed statements, one for each generation, as they also lie in the custodian's folder
    /// (`shred-<generation>.note`): whoever carries them to the log need not be trusted.
    public internal(set) var notes: [[UInt8]] = []
    /// Why the log does not have them yet; nil where it does.
    public internal(set) var problem: CustodyError?
}

/// The emergency end of a custodian, which needs nobody else: any n−t+1 of them together erase all
/// days for good.
///
/// 1. The mark, what is going to be erased, is written durably. If we crash here, `run` goes on with
///    it at the next start, and no custodian opens in the folder any more.
/// 2. Both root keys are overwritten, the state files removed. If we crash here, the same.
/// 3. Only now the statements are signed, and written beside the mark.
/// 4. The log is told, if it can be reached; else later, or by somebody who carries the notes.
///
/// Spec: Docs/Spec/State.md.
struct Shredding {
    let setting: CustodianSetting
    /// When, by the custodian's clock.
    let time: Timestamp
    /// The generations of which something was held.
    let generations: [UInt32]

    static let magic = "platevault/shred-mark/v1"

    static func path(_ folder: String) -> String { folder + "/shred" }

    /// Whether a shredding has begun in a folder.
    static func isMarked(_ folder: String, _ disk: any FileSystem) throws(CustodyError) -> Bool {
        try onDisk { () throws(DiskError) in try disk.size(path(folder)) != nil }
    }

    static var shredded: CustodyError {
        CustodyError(
            code: "custody-shredded",
            sentence: "this custodian has erased all that it held, and stays down; it joins again "
                + "with the next generation, in a new folder")
    }

    init(_ setting: CustodianSetting, time: Timestamp, generations: [UInt32]) {
        self.setting = setting
        self.time = time
        self.generations = generations
    }

    /// The shredding that has begun in a folder. A mark that was cut off counts: it names nothing.
    init?(begunIn setting: CustodianSetting) throws(CustodyError) {
        guard try Self.isMarked(setting.folder, setting.disk) else { return nil }
        let bytes = try onDisk { () throws(DiskError) in
            try setting.disk.read(Self.path(setting.folder))
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        self.init(
            setting,
            time: Timestamp(milliseconds: lines.dropFirst().first.flatMap { Int64($0) } ?? 0),
            generations: lines.dropFirst(2).compactMap { UInt32($0) })
    }

    func run(under roster: Roster) throws(CustodyError) -> ShredReport {
        let disk = setting.disk
        if try !Self.isMarked(setting.folder, disk) {
            let lines = [Self.magic, "\(time.milliseconds)"] + generations.map { "\($0)" }
            try onDisk { () throws(DiskError) in
                try disk.replace(
                    Self.path(setting.folder), Array(lines.map { $0 + "\n" }.joined().utf8))
            }
        }
        try StateStore.shred(setting.folder, disk)
        var report = ShredReport()
        for generation in generations {
            let body = ShredBody(
                custodian: setting.custodian, generation: generation,
                slot: roster.custodian(setting.custodian)?.slot ?? .file, time: time)
            let note = try onLaw { () throws(Refusal) in
                try StatementDraft.sign(body, under: roster, by: setting.signer)
            }
            try onDisk { () throws(DiskError) in
                try disk.replace("\(setting.folder)/shred-\(generation).note", note)
            }
            report.notes.append(note)
        }
        // One by one: what the log has no use for, of a generation that never became final, must not
        // keep out the others. Told again, it is taken if the generation has become final since.
        for note in report.notes {
            do throws(WireProblem) { _ = try setting.vault.append([note]) } catch {
                guard error.code != RefusalCode.referenceUnknown.rawValue else { continue }
                report.problem = CustodyError(
                    code: "shred-unlogged",
                    sentence: "everything is erased; the log could not be told: \(error.sentence)")
            }
        }
        return report
    }
}

extension Custodian {
    /// Erases everything at once, without asking anybody: both root keys, then the files. Then it
    /// says so, to its folder and to the log if it can be reached. The custodian is of no use
    /// afterwards, and no program can open it any more (`custody-shredded`).
    @discardableResult
    public func shred() throws(CustodyError) -> ShredReport {
        let time = now()
        let generations = state.shares.filter { $0.chains != nil }.map(\.generation)
        forget()
        return try Shredding(setting, time: time, generations: generations).run(under: roster)
    }

    /// The same for a folder whose program is down: no passphrase is needed to erase. Which
    /// generations it held, its mirror says; when it is, the machine's clock. Also goes on with a
    /// shredding that was cut off, and tells the log once more what it could not be told.
    @discardableResult
    public static func shred(_ setting: CustodianSetting) throws(CustodyError) -> ShredReport {
        // Erasing comes first: a mirror that cannot be read must not hold it up.
        let outside = Outside(setting)
        let log = try? LogFollower.open(setting, outside.vault)
        let held = log?.record.generations.values.filter {
            $0.final(of: setting.custodian) != nil
                && log?.record.hasLost($0.number, setting.custodian) == false
        }
        let shredding =
            try Shredding(begunIn: setting)
            ?? Shredding(
                setting, time: setting.clock.wall,
                generations: (held ?? []).map(\.number).sorted())
        return try shredding.run(under: log?.roster ?? setting.roster)
    }
}
