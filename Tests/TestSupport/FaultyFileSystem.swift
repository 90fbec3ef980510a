public import Disk
import Secrets
import Synchronization

/// How the disk behaves at the moment of a crash.
public enum CrashMode: Sendable, Hashable, CaseIterable {
    /// The operation did not happen, and nothing that was not synchronized survived.
    case lost
    /// The operation happened and survived with everything before it, only nobody was told.
    case persisted
    /// Of what was not synchronized, each change survived or not, by a seeded draw; file and
    /// folder changes apart, and in no order.
    case scattered
    /// As `scattered`, and writes may have survived in part: some beginning of their bytes, the
    /// rest zeros or the old content.
    case torn
}

/// A file system in memory that loses power at the k-th operation and tells what a real disk could
/// have kept.
///
///     let disk = FaultyFileSystem()
///     disk.crash(at: 5, mode: .lost)      // the 5th operation from now that changes something
///     … the code under test throws `disk-crashed`, and so does every call after it …
///     disk.restart()                      // what is left is what the disk had
///
/// The model: a file's content survives what was synchronized of the file; a name that was made,
/// renamed or removed survives once its folder was synchronized, and a renamed file brings only
/// its synchronized content along (an empty file, if none). Folders survive once their parent was
/// synchronized. Reading counts as no operation and never crashes by itself.
public final class FaultyFileSystem: FileSystem {
    private let state: Mutex<FaultyDisk>

    /// An empty disk with the folder `/`. `kind` is what it says it is.
    public init(kind: String = "ext4", seed: String = "faulty") {
        state = Mutex(FaultyDisk(kind: kind, seed: seed))
    }

    /// Crashes at the `operation`-th changing operation from now (0 is the next); nil never.
    public func crash(at operation: Int?, mode: CrashMode) {
        state.withLock {
            $0.countdown = operation
            $0.mode = mode
        }
    }

    /// Fails the `operation`-th changing operation from now with `disk-failed` and goes on; the
    /// operation does not happen. nil never.
    public func fail(at operation: Int?) { state.withLock { $0.failure = operation } }

    /// Power returns: calls work again on what survived. Without a crash before, the power is cut
    /// now, and everything that was not synchronized is lost.
    public func restart() {
        state.withLock {
            if !$0.isDown { $0.settle(.lost) }
            $0.isDown = false
            $0.countdown = nil
            $0.failure = nil
        }
    }

    /// Whether the disk is down: it crashed and was not restarted.
    public var isDown: Bool { state.withLock { $0.isDown } }

    /// How many changing operations were asked for since the beginning.
    public var operations: Int { state.withLock { $0.operations } }

    /// Every content that any file ever had on this disk, also in part and also when nobody had
    /// synchronized it, in order of time. Whoever copies disks could have any of them.
    public var history: [FileVersion] { state.withLock { $0.history } }

    /// What all files hold now, by path: an image of the disk.
    public var image: [String: [UInt8]] {
        state.withLock { disk in disk.live.compactMapValues { disk.contents[$0] } }
    }

    /// How often something was synchronized: what a power cut would cost to outlive.
    public var synchronizations: Int { state.withLock { $0.synchronizations } }

    /// The files of `image` that every user of the machine could read: themselves, and every folder
    /// below `root` on the way to them, were made public.
    public func publicImage(under root: String) -> [String: [UInt8]] {
        state.withLock { disk in
            disk.live.filter { disk.isReadable($0.key, $0.value, under: root) }
                .compactMapValues { disk.contents[$0] }
        }
    }

    /// An independent disk with this one's present content, all of it synchronized; its draws are
    /// those of a seed, if there is one.
    public func copy(seed: String? = nil) -> FaultyFileSystem {
        let copy = FaultyFileSystem(kind: state.withLock { $0.kind })
        let disk = state.withLock { $0 }
        copy.state.withLock {
            $0 = disk
            if let seed { $0.random = SeededRandom(seed) }
            $0.settle(.persisted)
            $0.isDown = false
            $0.countdown = nil
            $0.failure = nil
        }
        return copy
    }

    /// Overwrites a file behind everybody's back, as an attacker or a rotting disk does: durable at
    /// once, no operation, not in the history. Makes the file where there is none.
    public func tamper(_ path: String, _ change: (inout [UInt8]) -> Void) {
        state.withLock { disk in
            disk.tamper(path) { old in
                var bytes = old
                change(&bytes)
                return bytes
            }
        }
    }

    public func read(_ path: String) throws(DiskError) -> [UInt8] {
        try state.withLock { disk throws(DiskError) in try disk.content(path) }
    }

    public func read(_ path: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        Array(try read(path).dropFirst(Int(clamping: offset)).prefix(count))
    }

    public func size(_ path: String) throws(DiskError) -> UInt64? {
        try state.withLock { disk throws(DiskError) in
            try disk.ensureUp()
            return disk.live[path].map { UInt64(disk.contents[$0, default: []].count) }
        }
    }

    public func create(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        try create(path, bytes, isPublic: false)
    }

    public func createPublic(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        try create(path, bytes, isPublic: true)
    }

    private func create(
        _ path: String, _ bytes: [UInt8], isPublic: Bool
    ) throws(DiskError) {
        try change { disk throws(DiskError) in
            guard disk.live[path] == nil else {
                throw DiskError(code: "file-exists", sentence: "\(path) exists already")
            }
            try disk.ensureFolder(folder(of: path))
            let file = disk.fresh()
            if isPublic { disk.publicFiles.insert(file) }
            return [.name(path, file)] + (bytes.isEmpty ? [] : [.put(path, 0, bytes)])
        }
    }

    public func write(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws(DiskError) {
        try change { disk throws(DiskError) in
            _ = try disk.content(path)
            return [.put(path, Int(offset), bytes)]
        }
    }

    public func truncate(_ path: String, to size: UInt64) throws(DiskError) {
        try change { disk throws(DiskError) in
            _ = try disk.content(path)
            return [.cut(path, Int(size))]
        }
    }

    public func synchronize(_ path: String) throws(DiskError) {
        try change { disk throws(DiskError) in
            guard disk.folders.contains(path) || disk.live[path] != nil else {
                throw disk.missing(path)
            }
            return [.synchronize(path)]
        }
    }

    public func rename(_ path: String, to target: String) throws(DiskError) {
        try change { disk throws(DiskError) in
            guard let file = disk.live[path] else { throw disk.missing(path) }
            try disk.ensureFolder(folder(of: target))
            return [.move(path, target, file)]
        }
    }

    public func remove(_ path: String) throws(DiskError) {
        try change { disk throws(DiskError) in
            disk.live[path] == nil ? [] : [.name(path, nil)]
        }
    }

    public func makeFolder(_ path: String) throws(DiskError) {
        try makeFolder(path, isPublic: false)
    }

    public func makePublicFolder(_ path: String) throws(DiskError) {
        try makeFolder(path, isPublic: true)
    }

    private func makeFolder(_ path: String, isPublic: Bool) throws(DiskError) {
        if state.withLock({ $0.folders.contains(folder(of: path)) }) == false {
            try makeFolder(folder(of: path), isPublic: isPublic)
        }
        try change { disk throws(DiskError) in
            guard !disk.folders.contains(path) else { return [] }
            if isPublic { disk.publicFolders.insert(path) }
            return [.folder(path)]
        }
    }

    public func list(_ path: String) throws(DiskError) -> [String] {
        try state.withLock { disk throws(DiskError) in
            try disk.ensureUp()
            guard disk.folders.contains(path) else { throw disk.missing(path) }
            let below = path == "/" ? path : path + "/"
            return (Array(disk.live.keys) + disk.folders)
                .filter { $0.hasPrefix(below) && $0 != path }
                .map { String($0.dropFirst(below.count)) }.filter { !$0.contains("/") }.sorted()
        }
    }

    public func kind(_ path: String) throws(DiskError) -> String {
        try state.withLock { disk throws(DiskError) in
            try disk.ensureUp()
            return disk.kind
        }
    }

    /// Counts one operation, and crashes or fails in its place when its turn has come.
    private func change(
        _ plan: (inout FaultyDisk) throws(DiskError) -> [DiskChange]
    ) throws(DiskError) {
        try state.withLock { disk throws(DiskError) in
            try disk.ensureUp()
            let changes = try plan(&disk)
            disk.operations += 1
            if disk.failure == 0 {
                disk.failure = nil
                throw DiskError(code: "disk-failed", sentence: "the disk refused, as told")
            }
            disk.failure = disk.failure.map { $0 - 1 }
            guard disk.countdown == 0 else {
                disk.countdown = disk.countdown.map { $0 - 1 }
                for change in changes { disk.perform(change) }
                return
            }
            if disk.mode != .lost { for change in changes { disk.perform(change) } }
            disk.settle(disk.mode)
            throw disk.down
        }
    }
}

/// One content that a file had at some time.
public struct FileVersion: Sendable, Hashable {
    /// The path under which it stood.
    public let path: String
    /// The whole content.
    public let bytes: [UInt8]
    /// How many changing operations had been asked for when it came to be.
    public let operation: Int
}
