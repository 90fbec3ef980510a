import Foundation
import Hosting
import Intake
import Plates
import Secrets
import Testing
import Warrants

@testable import Desks
@testable import Embedded
@testable import Inquiry

/// From a filed request to a court's bundle.
@Suite struct InvestigatorOpeningTests {
    @Test func `the list and the page say what a request needs`() throws {
        try InvestigatorDesk.with { desk in
            #expect(desk.browser.get("/").text.contains("You have filed no request."))
            let path = try desk.file()
            var page = desk.browser.get(path).text
            #expect(page.contains("No authority of the roster has attested the request."))
            #expect(page.contains("attestation by ") && page.contains("approval by "))
            #expect(page.contains(Town.plate) && page.contains("26-1047"))
            #expect(!page.contains("action=\"\(path)/open\""))
            let list = desk.browser.get("/").text
            #expect(list.contains("href=\"\(path)\"") && list.contains("Motor vehicle theft"))
            #expect(!list.contains(Town.plate))
            try desk.grant(path)
            page = desk.browser.get(path).text
            #expect(page.contains("ready to open") && page.contains("action=\"\(path)/open\""))
            #expect(page.contains("attested") && page.contains("approved"))
            #expect(desk.browser.get("\(path)/opened").text.contains("bundle-missing"))
            #expect(desk.browser.get("/requests/\(Digest.zero.hex)").status == 404)
            #expect(desk.browser.get("\(path)/else").status == 404)
        }
    }

    @Test func `a request is withdrawn after a second look`() throws {
        try InvestigatorDesk.with { desk in
            let path = try desk.file()
            let count = try desk.town.record().count
            #expect(desk.browser.get("\(path)/withdraw").text.contains("Withdraw it for good"))
            #expect(try desk.town.record().count == count)
            let page = desk.browser.post("\(path)/withdraw", []).text
            #expect(page.contains("Withdrawn.") && page.contains("The request was withdrawn."))
            #expect(!page.contains("\(path)/withdraw"))
            #expect(try desk.town.record().allRequests.last?.withdrawals.count == 1)
        }
    }

    @Test func `reads, photos, places and cells are shown as what they are`() throws {
        try InvestigatorDesk.with { desk in
            let path = try desk.file()
            try desk.grant(path)
            let page = try desk.follow(desk.browser.post("\(path)/open", []))
            #expect(page.status == 200 && page.text.contains("What was opened"), "\(page.text)")
            #expect(page.text.components(separatedBy: "<code>\(Town.plate)</code>").count == 5)
            // A camera's name is text.
            #expect(!page.text.contains("<script>alert"))
            #expect(page.text.contains("&quot;&gt;&lt;script&gt;alert(1)"))
            // Three hours at sites with reads, and one that is proven to have none.
            for cell in ["1 read", "2 reads", "empty"] {
                #expect(page.text.contains("<span class=\"hidden\">\(cell)</span>"), "\(cell)")
            }
            #expect(page.text.components(separatedBy: "<circle class=\"map-spot\"").count == 3)
            #expect(page.text.contains("40.75000") && page.text.contains("-73.98000"))
            #expect(page.text.contains("Confirmed by 2 of 2."))
            let source = try #require(page.text.components(separatedBy: "<img src=\"").last)
            let photo = desk.browser.get(String(source.prefix { $0 != "\"" }))
            #expect(photo.value("content-type") == "image/jpeg")
            #expect(try photo.body == SeenTown.photo().bytes)
            #expect(photo.value("cache-control") == "no-store")
            #expect(desk.browser.get("\(path)/photos/\(Digest.zero.hex)").status == 404)
            let printed = desk.browser.get("\(path)/print")
            #expect(printed.status == 200 && !printed.text.contains("<script>alert"))
            #expect(
                printed.text.contains("platevault verify") && printed.text.contains("<img src="))
            #expect(desk.browser.get(path).text.contains("countersigned"))
            #expect(desk.browser.get("/").text.contains("opened"))
        }
    }

    @Test func `the court's bundle verifies as a folder and as one file`() throws {
        try InvestigatorDesk.with { desk in
            let path = try desk.file()
            try desk.grant(path)
            _ = try desk.follow(desk.browser.post("\(path)/open", []))
            let file = desk.browser.get("\(path)/bundle.tar")
            #expect(file.value("content-type") == "application/x-tar")
            let bundle = try Bundle(archive: file.body)
            let verified = try BundleVerifier.verify(bundle, trusted: desk.town.roster.hash)
            #expect(verified.disclosure.reads.count == 4)
            #expect(try bundle.archive() == file.body)
            let place = Town.temporary()
            defer { try? FileManager.default.removeItem(atPath: place) }
            for wrong in ["case", "", "/tmp/", " "] {
                let answer = desk.browser.post("\(path)/folder", [("folder", wrong)])
                #expect(answer.text.contains("folder-relative"), "\(wrong)")
            }
            let told = desk.browser.post("\(path)/folder", [("folder", place)])
            #expect(told.text.contains("The bundle is written to \(place)."))
            let folder = try desk.town.bundle(at: place)
            #expect(folder.digest == bundle.digest && folder.files == bundle.files)
            let again = desk.browser.post("\(path)/folder", [("folder", place)])
            #expect(again.text.contains("bundle-exists"))
        }
    }

    /// What every `tar` unpacks, and what the reader takes, is one and the same.
    @Test func `the system's tar unpacks the file into the bundle's folder`() throws {
        try InvestigatorDesk.with { desk in
            let path = try desk.file()
            try desk.grant(path)
            _ = try desk.follow(desk.browser.post("\(path)/open", []))
            let archive = desk.browser.get("\(path)/bundle.tar").body
            let place = Town.temporary()
            defer { try? FileManager.default.removeItem(atPath: place) }
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: true)
            try Data(archive).write(to: URL(filePath: "\(place)/case.tar"))
            let tar = Process()
            tar.executableURL = URL(filePath: "/usr/bin/env")
            tar.arguments = ["tar", "-x", "-f", "\(place)/case.tar", "-C", place]
            try tar.run()
            tar.waitUntilExit()
            #expect(tar.terminationStatus == 0)
            let bundle = try Bundle(archive: archive)
            let unpacked = try desk.town.bundle(at: "\(place)/\(try bundle.archiveFolder)")
            #expect(unpacked.files == bundle.files && unpacked.digest == bundle.digest)
            try spoil(archive)
        }
    }

    /// Whatever is changed, cut or added, the reader refuses it and names what.
    private func spoil(_ archive: [UInt8]) throws {
        var spoilt: [[UInt8]] = [
            [], Array(archive.dropLast()), archive + [0], Array(archive.dropLast(512)),
            Array(archive.dropFirst(512)), archive + archive,
        ]
        // Each byte of the first header, and some of everything else.
        let places = Array(0..<512) + Array(stride(from: 512, to: archive.count, by: 4_099))
        for place in places {
            var changed = archive
            changed[place] ^= 1
            spoilt.append(changed)
        }
        for changed in spoilt {
            do {
                _ = try Bundle(archive: changed)
                Issue.record("a changed archive was read")
            } catch let error as InquiryError {
                #expect(error.code == "bundle-changed")
            }
        }
    }

    @Test func `a later start verifies the bundle anew before it shows anything`() throws {
        let path = try SeenTown.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let request: String
        do {
            let desk = try InvestigatorDesk(at: path)
            request = try desk.file()
            try desk.grant(request)
            _ = try desk.follow(desk.browser.post("\(request)/open", []))
        }
        do {
            let desk = try InvestigatorDesk(at: path)
            let page = try desk.follow(desk.browser.get("\(request)/opened"))
            #expect(page.text.contains("What was opened") && page.text.contains(Town.plate))
            let id = try #require(Digest(hex: String(request.dropFirst("/requests/".count))))
            let folder = try #require(try desk.town.bundles(of: id, as: "investigator").last)
            try Data("another".utf8).write(to: URL(filePath: folder + "/report.txt"))
        }
        let other = try InvestigatorDesk(at: path)
        let refused = try other.follow(other.browser.get("\(request)/opened"))
        #expect(refused.text.contains("bundle-changed") && !refused.text.contains(Town.plate))
    }

    /// It is no mistake, but it takes an attestation of its own; the form says so, once it is used.
    @Test func `a document under which was searched is told in the form`() throws {
        try InvestigatorDesk.with { desk in
            let words = "A request under this document was evaluated already."
            let path = try desk.file()
            try desk.grant(path)
            #expect(!desk.send(try desk.draft(), ("check", "yes")).text.contains(words))
            _ = try desk.follow(desk.browser.post("\(path)/open", []))
            #expect(desk.send(try desk.draft(), ("check", "yes")).text.contains(words))
            let other = desk.send(
                try desk.draft(), InvestigatorDesk.right, ("check", "yes"), warrant: [1, 2, 3])
            #expect(!other.text.contains(words))
        }
    }

    @Test func `opening once more keeps the earlier bundle`() throws {
        try InvestigatorDesk.with { desk in
            let path = try desk.file()
            try desk.grant(path)
            let id = try #require(Digest(hex: String(path.dropFirst("/requests/".count))))
            _ = try desk.follow(desk.browser.post("\(path)/open", []))
            _ = try desk.follow(desk.browser.post("\(path)/open", [("whole", "yes")]))
            let folders = try desk.town.bundles(of: id, as: "investigator")
            #expect(folders.map { $0.suffix(2) } == [".1", ".2"])
        }
    }

    @Test func `work that fails says why`() throws {
        try InvestigatorDesk.with { desk in
            let path = try desk.file()
            let page = try desk.follow(desk.browser.post("\(path)/open", []))
            #expect(
                page.text.contains("attestation-missing") || page.text.contains("answers-missing"))
            #expect(!page.text.contains("What was opened"))
        }
    }
}
