import Disk
import Secrets

/// One change that a disk may keep or lose.
enum DiskChange: Sendable {
    case put(String, Int, [UInt8])
    case cut(String, Int)
    /// A name made to point to a file, or taken away.
    case name(String, Int?)
    case move(String, String, Int)
    case folder(String)
    case synchronize(String)
}

/// The state behind `FaultyFileSystem`: what programs see, what is durable, and what lies between.
/// Files are numbered, as inodes are, so that content and name become durable apart.
struct FaultyDisk: Sendable {
    let kind: String
    var random: SeededRandom
    var countdown: Int?
    var failure: Int?
    var mode = CrashMode.lost
    var isDown = false
    var operations = 0
    var history: [FileVersion] = []
    var synchronizations = 0
    /// Files and folders that were made for every user of the machine to read.
    var publicFiles: Set<Int> = []
    var publicFolders: Set<String> = []

    /// What programs see: names, contents by number, folders.
    var live: [String: Int] = [:]
    var contents: [Int: [UInt8]] = [:]
    var folders: Set<String> = ["/", "."]
    /// What survives for certain.
    private var keptNames: [String: Int] = [:]
    private var keptContents: [Int: [UInt8]] = [:]
    private var keptFolders: Set<String> = ["/", "."]
    /// What was done to contents and to names since, in order.
    private var pendingWrites: [(file: Int, change: DiskChange)] = []
    private var pendingNames: [DiskChange] = []
    private var nextFile = 0

    init(kind: String, seed: String) {
        self.kind = kind
        random = SeededRandom(seed)
    }

    var down: DiskError { DiskError(code: "disk-crashed", sentence: "the power is out") }

    func missing(_ path: String) -> DiskError {
        DiskError(code: "file-missing", sentence: "there is no file \(path)")
    }

    func ensureUp() throws(DiskError) {
        if isDown { throw down }
    }

    func ensureFolder(_ path: String) throws(DiskError) {
        guard folders.contains(path) else { throw missing(path) }
    }

    func content(_ path: String) throws(DiskError) -> [UInt8] {
        try ensureUp()
        guard let file = live[path] else { throw missing(path) }
        return contents[file, default: []]
    }

    mutating func fresh() -> Int {
        nextFile += 1
        return nextFile
    }

    mutating func perform(_ change: DiskChange) {
        switch change {
        case .put(let path, _, _), .cut(let path, _):
            guard let file = live[path] else { return }
            Self.apply(change, to: &contents[file, default: []])
            pendingWrites.append((file, change))
            remember(path, file)
        case .name(let path, let file):
            live[path] = file
            pendingNames.append(change)
            if let file { remember(path, file) }
        case .move(let path, let target, let file):
            live[path] = nil
            live[target] = file
            pendingNames.append(change)
            remember(target, file)
        case .folder(let path):
            folders.insert(path)
            pendingNames.append(change)
        case .synchronize(let path):
            synchronize(path)
        }
    }

    private mutating func remember(_ path: String, _ file: Int) {
        history.append(
            FileVersion(path: path, bytes: contents[file, default: []], operation: operations))
    }

    /// Whether a file and every folder between it and `root` were made public.
    func isReadable(_ path: String, _ file: Int, under root: String) -> Bool {
        guard publicFiles.contains(file) else { return false }
        var folder = Self.parent(path)
        while folder != root {
            guard publicFolders.contains(folder) else { return false }
            folder = Self.parent(folder)
        }
        return true
    }

    private mutating func synchronize(_ path: String) {
        synchronizations += 1
        if let file = live[path] {
            keptContents[file] = contents[file, default: []]
            pendingWrites.removeAll { $0.file == file }
        }
        guard folders.contains(path) else { return }
        for change in pendingNames where Self.touches(change, path) { keep(change) }
        pendingNames.removeAll { Self.touches($0, path) }
    }

    /// Power is cut: of what was pending, the mode says what becomes durable; then only that is.
    mutating func settle(_ mode: CrashMode) {
        // One draw a step; `lost` and `persisted` need none.
        for (file, change) in pendingWrites where survives(mode) {
            Self.apply(mode == .torn ? tear(change) : change, to: &keptContents[file, default: []])
        }
        for change in pendingNames where survives(mode) { keep(change) }
        (pendingWrites, pendingNames) = ([], [])
        keptFolders = keptFolders.filter { folder in
            // A folder is gone with the one that it is in.
            sequence(first: folder) { $0 == "/" || $0 == "." ? nil : Self.parent($0) }
                .allSatisfy(keptFolders.contains)
        }
        folders = keptFolders
        // A file is gone with its folder.
        keptNames = keptNames.filter { keptFolders.contains(Self.parent($0.key)) }
        live = keptNames
        contents = keptContents
        isDown = true
        for (path, file) in live.sorted(by: { $0.key < $1.key }) { remember(path, file) }
    }

    mutating func tamper(_ path: String, _ change: ([UInt8]) -> [UInt8]) {
        let file = live[path] ?? fresh()
        let bytes = change(contents[file, default: []])
        (live[path], keptNames[path]) = (file, file)
        (contents[file], keptContents[file]) = (bytes, bytes)
        pendingWrites.removeAll { $0.file == file }
    }

    private mutating func keep(_ change: DiskChange) {
        switch change {
        case .name(let path, let file): keptNames[path] = file
        case .move(let path, let target, let file):
            // Atomic: both names change, or none. The old name may since be another file's.
            if keptNames[path] == file { keptNames[path] = nil }
            keptNames[target] = file
        case .folder(let path): keptFolders.insert(path)
        case .put, .cut, .synchronize: break
        }
    }

    private func survives(_ mode: CrashMode) -> Bool {
        switch mode {
        case .lost: false
        case .persisted: true
        case .scattered, .torn: random.bytes(1)[0] & 1 == 0
        }
    }

    /// A write of which only some beginning arrived; the rest is as if never written, or zeros.
    private func tear(_ change: DiskChange) -> DiskChange {
        guard case .put(let path, let offset, let bytes) = change, !bytes.isEmpty else {
            return change
        }
        let draw = random.bytes(5).map(Int.init)
        let length = (draw[0] << 24 | draw[1] << 16 | draw[2] << 8 | draw[3]) % (bytes.count + 1)
        let zeros = [UInt8](repeating: 0, count: draw[4] & 1 == 0 ? 0 : bytes.count - length)
        return .put(path, offset, bytes[..<length] + zeros)
    }

    private static func apply(_ change: DiskChange, to content: inout [UInt8]) {
        switch change {
        case .put(_, let offset, let bytes):
            let end = offset + bytes.count
            if content.count < end {
                content += [UInt8](repeating: 0, count: end - content.count)
            }
            content.replaceSubrange(offset..<end, with: bytes)
        case .cut(_, let size):
            let grown = [UInt8](repeating: 0, count: max(0, size - content.count))
            content = content.prefix(size) + grown
        case .name, .move, .folder, .synchronize: break
        }
    }

    private static func touches(_ change: DiskChange, _ folder: String) -> Bool {
        switch change {
        case .name(let path, _), .folder(let path): parent(path) == folder
        case .move(let path, let target, _): parent(path) == folder || parent(target) == folder
        case .put, .cut, .synchronize: false
        }
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
