import Disk
import Foundation
import Plates
import Secrets
import Testing
import Warrants

@testable import Embedded
@testable import Inquiry

/// Bundles: whatever is changed in one is refused, and what people read cannot be forged.
@Suite struct BundleTests {
    private static let disk = POSIXFileSystem()
    /// One bundle for all: its folder and the roster that it rests on.
    private static let made: Result<(folder: String, roster: Digest), any Error> = Result {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let folder = City.temporary()
        _ = try city.open(try city.granted(), as: "investigator", bundle: folder)
        return (folder, city.roster.hash)
    }

    private static func bundle() throws -> (folder: String, names: [String], roster: Digest) {
        let made = try made.get()
        let folder = try City.copy(of: made.folder)
        let content = try Bundle(at: folder, fileSystem: disk)
        return (folder, content.files.keys.sorted(), made.roster)
    }

    private static func verdict(_ folder: String, _ trusted: Digest? = nil) -> String? {
        code {
            _ = try BundleVerifier.verify(
                try Bundle(at: folder, fileSystem: disk), trusted: trusted)
        }
    }

    /// Writes a manifest that fits the files as they are now.
    private static func sealAgain(
        _ folder: String, without gone: String? = nil, with added: [String] = []
    ) throws {
        let path = folder + "/manifest.json"
        var manifest = try Bundle.parse(
            Bundle.Manifest.self, try disk.read(path), "manifest.json")
        for name in Array(manifest.files.keys) + added where name != gone {
            manifest.files[name] = Digest(of: try disk.read("\(folder)/\(name)"))
        }
        if let gone { manifest.files[gone] = nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try disk.replace(path, Array(try encoder.encode(manifest)) + [0x0a])
    }

    @Test func untouchedItHolds() throws {
        let (folder, names, roster) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(Self.verdict(folder) == nil)
        #expect(Self.verdict(folder, roster) == nil)
        #expect(Self.verdict(folder, Digest(of: [1])) == "bundle-roster")
        try Self.sealAgain(folder)
        #expect(Self.verdict(folder, roster) == nil, "the test's own sealing changes nothing")
        #expect(names.count > 20)
    }

    @Test func everyFileCounts() throws {
        let (folder, names, _) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in names {
            let path = "\(folder)/\(name)"
            let bytes = try Self.disk.read(path)
            var other = bytes
            other[other.count / 2] ^= 1
            for wrong in [other, bytes + [0x0a], Array(bytes.dropLast()), []] {
                try Self.disk.replace(path, wrong)
                #expect(Self.verdict(folder) == "bundle-changed", "\(name)")
            }
            try Self.disk.remove(path)
            #expect(Self.verdict(folder) == "bundle-changed", "\(name) removed")
            try Self.disk.replace(path, bytes)
        }
        for extra in ["more", "log/00000099.note", "evidence/partials-nobody", ".hidden"] {
            try Self.disk.replace("\(folder)/\(extra)", [1])
            #expect(Self.verdict(folder) == "bundle-changed", "\(extra) added")
            try Self.disk.remove("\(folder)/\(extra)")
        }
        let manifest = try Self.disk.read(folder + "/manifest.json")
        for wrong in [manifest + [0x0a], [0x20] + manifest, Array(manifest.dropLast(2)), []] {
            try Self.disk.replace(folder + "/manifest.json", wrong)
            #expect(Self.verdict(folder) == "bundle-changed")
        }
        try Self.disk.replace(folder + "/manifest.json", manifest)
        #expect(Self.verdict(folder) == nil)
    }

    /// A forger who makes the manifest fit again has to break something else, wherever he begins.
    @Test func aFittingManifestDoesNotHelp() throws {
        let (folder, names, roster) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in names {
            let path = "\(folder)/\(name)"
            let bytes = try Self.disk.read(path)
            for place in [bytes.count / 2, bytes.count - 1] {
                var other = bytes
                other[place] ^= 1
                try Self.disk.replace(path, other)
                try Self.sealAgain(folder)
                #expect(Self.verdict(folder, roster) != nil, "\(name) at \(place)")
            }
            try Self.disk.replace(path, bytes)
        }
        try Self.sealAgain(folder)
        #expect(Self.verdict(folder, roster) == nil)
    }

    /// Without any one of the statements on which it rests a bundle does not stand.
    @Test func everyActIsNeeded() throws {
        let (folder, names, roster) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manifest = try Self.disk.read(folder + "/manifest.json")
        let needed = ["roster", "request", "order", "approval", "evaluation"]
        var removed: [String: Int] = [:]
        for name in names {
            let path = "\(folder)/\(name)"
            let bytes = try Self.disk.read(path)
            let line = String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
            let word = line.split(separator: "/").dropFirst().first.map(String.init) ?? ""
            let isAct = name.hasSuffix(".note") && needed.contains(word)
            guard isAct || !name.hasSuffix(".note") else { continue }
            removed[isAct ? word : "file", default: 0] += 1
            try Self.disk.remove(path)
            try Self.sealAgain(folder, without: name)
            #expect(Self.verdict(folder, roster) != nil, "\(name) \(word)")
            try Self.disk.replace(path, bytes)
            try Self.disk.replace(folder + "/manifest.json", manifest)
        }
        #expect(removed["approval"] == 3 && removed["evaluation"] == 3)
        #expect(removed["roster"] == 1 && removed["request"] == 1 && removed["order"] == 1)
    }

    /// A file that is not a bundle's is refused, also where the manifest names it.
    @Test func nothingElseIsInIt() throws {
        let (folder, _, roster) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manifest = try Self.disk.read(folder + "/manifest.json")
        let photo = Digest(of: [1]).hex
        try Self.disk.makeFolder(folder + "/photos")
        for name in [
            "summary.pdf", ".profile", "report.txt~", "log/note", "log/x.note", "log/1.note",
            "log/000000001.note", "log/+0000001.note", "log/99999999999999999999.note",
            "photos/x.note", "photos/\(photo).gif", "photos/\(photo).jpg", "photos/1.jpg",
            "evidence/partials-", "evidence/partials-nobody", "evidence/partials-A",
            "evidence/photo-\(photo)", "evidence/photo-1", "evidence/secret.json.old",
            "a\u{1b}[2Jb", "a\u{202e}b",
        ] {
            try Self.disk.replace("\(folder)/\(name)", [1])
            try Self.sealAgain(folder, with: [name])
            let problem = #expect(throws: InquiryError.self) {
                _ = try BundleVerifier.verify(
                    try Bundle(at: folder, fileSystem: Self.disk), trusted: roster)
            }
            #expect(problem?.code == "bundle-changed", "\(name)")
            let sentence = problem?.sentence ?? ""
            #expect(sentence.unicodeScalars.allSatisfy { (0x20..<0x7f).contains($0.value) })
            try Self.disk.remove("\(folder)/\(name)")
            try Self.disk.replace(folder + "/manifest.json", manifest)
        }
        #expect(Self.verdict(folder, roster) == nil)
    }

    /// No name leads out of the folder into which a bundle in one file is unpacked.
    @Test func noNameLeadsOut() throws {
        let (folder, _, _) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let good = try Bundle(at: folder, fileSystem: Self.disk)
        for name in ["../../.profile", "/etc/motd", "log/../x", "evidence//answers", "notes.txt"] {
            var files = good.files
            files[name] = [1]
            var manifest = try Bundle.parse(
                Bundle.Manifest.self, good.manifest, "manifest.json")
            manifest.files[name] = Digest(of: [1])
            let wire = try Bundle.json(manifest)
            let refusal = code { _ = try Bundle(files: files, manifest: wire) }
            #expect(refusal == "bundle-changed", "\(name)")
        }
    }

    /// The order of the statements is the log's, whatever their files are called.
    @Test func noStatementComesBeforeItsTurn() throws {
        let (folder, names, roster) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manifest = try Self.disk.read(folder + "/manifest.json")
        let proofs = try Self.disk.read(folder + "/log/proofs.json")
        let notes = names.filter { $0.hasSuffix(".note") }
        // More zeros go before fewer where names are sorted.
        for note in [notes[1], notes[notes.count / 2], notes[notes.count - 1]] {
            let word = String(note.dropFirst(4).dropLast(5))
            var paths = try Bundle.parse([String: [Digest]].self, proofs, "proofs")
            paths["00000" + word] = paths.removeValue(forKey: word)
            let bytes = try Self.disk.read("\(folder)/\(note)")
            let other = "log/00000\(word).note"
            try Self.disk.remove("\(folder)/\(note)")
            try Self.disk.replace("\(folder)/\(other)", bytes)
            try Self.disk.replace(folder + "/log/proofs.json", try Bundle.json(paths))
            try Self.sealAgain(folder, without: note, with: [other])
            #expect(Self.verdict(folder, roster) == "bundle-changed", "\(note)")
            try Self.disk.remove("\(folder)/\(other)")
            try Self.disk.replace("\(folder)/\(note)", bytes)
            // A proof of what is not there proves nothing, and would carry any words.
            paths[word] = paths.removeValue(forKey: "00000" + word)
            paths["said by nobody"] = []
            try Self.disk.replace(folder + "/manifest.json", manifest)
            try Self.disk.replace(folder + "/log/proofs.json", try Bundle.json(paths))
            try Self.sealAgain(folder)
            #expect(Self.verdict(folder, roster) == "bundle-changed")
            try Self.disk.replace(folder + "/log/proofs.json", proofs)
            try Self.disk.replace(folder + "/manifest.json", manifest)
        }
        #expect(Self.verdict(folder, roster) == nil)
        var record = Record(trusting: try Self.first(folder))
        var taken: [Bool] = []
        for index in [5, 4, 5, UInt64.max] { taken.append(record.skip(to: index)) }
        #expect(taken == [true, false, true, false])
        #expect(record.count == 5)
    }

    private static func first(_ folder: String) throws -> Roster {
        let wire = try disk.read(folder + "/log/00000000.note")
        return try Roster.first(try UnverifiedStatement(wire: wire)).0
    }

    /// What a broken-off writing left is taken over, and nothing of anybody else.
    @Test func whatStandsBesideItIsLeft() throws {
        let (folder, _, roster) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let good = try Bundle(at: folder, fileSystem: Self.disk)
        let target = City.temporary()
        defer {
            for end in ["", ".new"] { try? FileManager.default.removeItem(atPath: target + end) }
        }
        for (inner, foreign) in [("", "mine"), ("/log", "log/mine"), ("/more", "more/mine")] {
            try Self.disk.makeFolder(target + ".new" + inner)
            try Self.disk.replace("\(target).new/\(foreign)", [1])
            #expect(
                code { try good.write(to: target, fileSystem: Self.disk) } == "bundle-exists",
                "\(foreign)")
            #expect(try Self.disk.read("\(target).new/\(foreign)") == [1])
            try FileManager.default.removeItem(atPath: target + ".new")
        }
        // Of another bundle, whose statements this one does not have.
        try Self.disk.makeFolder(target + ".new/log")
        for name in ["log/99999999.note", "report.txt", "manifest.json"] {
            try Self.disk.replace("\(target).new/\(name)", [1])
        }
        try good.write(to: target, fileSystem: Self.disk)
        #expect(Self.verdict(target, roster) == nil)
    }

    /// A camera's name and a docket are texts of others; neither makes a line or a formula.
    @Test func theReportCannotBeForged() throws {
        let (folder, _, _) = try Self.bundle()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let report = String(decoding: try Self.disk.read(folder + "/report.txt"), as: UTF8.self)
        let lines = report.split(whereSeparator: \.isNewline)
        #expect(lines.filter { $0.contains("camera =HYPERLINK") }.count == 1)
        #expect(!lines.contains { $0.hasPrefix("  06Z  site 9") })
        #expect(lines.filter { $0.contains("read as \(City.wanted)") }.count == 4)
        #expect(lines.filter { $0.hasPrefix("  2026-03-02T0") }.count == 4)

        let csv = String(decoding: try Self.disk.read(folder + "/reads.csv"), as: UTF8.self)
        let rows = try Self.parse(csv)
        #expect(rows.count == 5)
        #expect(Set(rows.map(\.count)).count == 1)
        let camera = try #require(rows[0].firstIndex(of: "camera"))
        #expect(rows[1][camera] == "'" + City.rogueCamera)
        #expect(rows[2][camera] == "cam 7")
        for field in rows.joined() {
            #expect(!(field.first.map { "=+-@\t\r".contains($0) } ?? false), "\(field)")
        }
        let json = try JSONSerialization.jsonObject(
            with: Data(try Self.disk.read(folder + "/reads.json")))
        let reads = try #require((json as? [String: Any])?["reads"] as? [[String: Any]])
        #expect(reads.count == 4)
        #expect(reads[0]["camera"] as? String == City.rogueCamera)
        #expect(reads.allSatisfy { $0["readAs"] as? String == City.wanted })
    }

    @Test func anEndThatNobodySawIsSaid() throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let disclosure = try city.search(
            try city.granted(nil, city.application()), as: "investigator"
        ).disclosure
        // One process took the reads, another one closed the hours.
        let cells = disclosure.cells.filter { !$0.hasReads || $0.unfinished > 0 }
        #expect(cells.count == disclosure.cells.count)
        let unfinished = disclosure.cells.filter { $0.unfinished > 0 }
        #expect(!unfinished.isEmpty)
        let report = Report(disclosure, roster: city.roster)
        let lines = report.text.split(whereSeparator: \.isNewline)
        #expect(
            lines.filter { $0.hasPrefix("    end not seen: ") }.count == unfinished.count)
        let json = try JSONSerialization.jsonObject(with: Data(report.json()))
        let told = try #require((json as? [String: Any])?["cells"] as? [[String: Any]])
        #expect(
            told.compactMap { $0["unfinishedRuns"] as? Int } == unfinished.map(\.unfinished))
    }

    @Test func aDocketMakesNoLine() throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        var application = city.application()
        application.docket = "26-1047\nanswered by   everybody"
        #expect(code { _ = try city.granted(nil, application) } != nil)
        application.docket = "26-1047\u{2028}answered by   everybody\u{202e}"
        let disclosure = try city.search(
            try city.granted(nil, application), as: "investigator"
        ).disclosure
        let text = Report(disclosure, roster: city.roster).text
        let lines = text.split(whereSeparator: \.isNewline)
        #expect(lines.filter { $0.hasPrefix("answered by") }.count == 1)
        #expect(!text.unicodeScalars.contains("\u{202e}"))
    }

    /// RFC 4180: every field quoted, quotes doubled, lines ended by CR LF.
    private static func parse(_ csv: String) throws -> [[String]] {
        try csv.components(separatedBy: "\r\n").dropLast().map { line in
            guard line.hasPrefix("\""), line.hasSuffix("\"") else { throw TestFault(line) }
            return line.dropFirst().dropLast().components(separatedBy: "\",\"").map {
                $0.replacing("\"\"", with: "\"")
            }
        }
    }
}

extension CellReport {
    fileprivate var hasReads: Bool {
        if case .complete(let reads) = outcome { !reads.isEmpty } else { false }
    }
}
