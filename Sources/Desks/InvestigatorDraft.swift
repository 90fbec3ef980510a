import Foundation
import Inquiry
import Plates
import Secrets
import Warrants

/// A request that an investigator is filling in: what was typed and picked, right or wrong. It stays
/// in the desk's memory until it is filed, and is gone with the program.
struct InvestigatorDraft: Sendable, Equatable {
    /// The warrant document, of which only the digest is filed.
    struct Warrant: Sendable, Equatable {
        /// The file's name, for the screen.
        let name: String
        /// SHA-256 of its bytes.
        let digest: Digest
        /// Its bytes.
        let size: Int
    }

    /// 16: rows of plates that are kept at most; the policy allows fewer.
    static let plateRows = 16

    /// As typed, one a row.
    var plates = [""]
    /// The days whose hours are shown, ascending.
    var days: [Day] = []
    /// The hours picked.
    var hours: Set<Hour> = []
    /// The sites picked.
    var sites: Set<SiteNumber> = []
    /// An offence code, or what was typed to find one.
    var purpose = ""
    /// The kind of process, in its word.
    var process = ""
    /// The docket.
    var docket = ""
    /// The embargo's end as typed; empty for the latest that the policy allows.
    var embargo = ""
    /// The warrant; nil before one was chosen.
    var warrant: Warrant?
    /// Whether its filling-in was called done once: from then on mistakes are shown.
    var isTried = false

    /// The cells: every picked hour at every picked site.
    var cells: [Cell] {
        hours.flatMap { hour in sites.map { Cell(hour: hour, site: $0) } }.sorted()
    }

    /// Takes in what the form has, and does what its button says. Returns the part of the page to go
    /// on at.
    mutating func take(_ form: DeskForm, _ view: DeskView) -> String {
        read(form)
        if let twin = form.text("twin") { return name(twin) }
        if let code = form.text("offence") {
            purpose = code
            return "purpose"
        }
        if let day = form.text("day").flatMap({ Day(text: $0) }) {
            toggle(day)
            return "hours"
        }
        if let day = form.text("whole").flatMap({ Day(text: $0) }) {
            let calendar = InvestigatorCalendar(self, view)
            hours.formUnion(day.hours.filter { calendar.standing($0).isSearchable })
            return "hours"
        }
        if let day = form.text("none").flatMap({ Day(text: $0) }) {
            hours.subtract(day.hours)
            return "hours"
        }
        switch form.text("sites") {
        case "all": sites = Set(view.roster.sites.map(\.number))
        case "none": sites = []
        default: break
        }
        if form.has("sites") { return "sites" }
        if form.has("row") {
            if plates.count < Self.plateRows { plates.append("") }
            return "plates"
        }
        isTried = form.has("look") || isTried
        return "top"
    }

    private mutating func read(_ form: DeskForm) {
        func line(_ name: String) -> String {
            (form.text(name) ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        }
        plates = form.all("plate").prefix(Self.plateRows).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        if plates.isEmpty { plates = [""] }
        days = Set(form.all("shown").compactMap { Day(text: $0) }).sorted()
        hours = Set(form.all("hour").compactMap { Hour(text: $0) }.filter { days.contains($0.day) })
        sites = Set(form.all("site").compactMap { UInt16($0) }.map { SiteNumber(number: $0) })
        purpose = line("purpose")
        process = line("process")
        docket = line("docket")
        embargo = line("embargo")
        if let file = form.file("warrant") {
            warrant = Warrant(
                name: file.name, digest: Digest(of: file.bytes), size: file.bytes.count)
        }
    }

    /// Names a twin as a further plate, in the first empty row or a new one.
    private mutating func name(_ text: String) -> String {
        if let place = plates.firstIndex(where: \.isEmpty) {
            plates[place] = text
        } else if plates.count < Self.plateRows {
            plates.append(text)
        }
        return "plates"
    }

    /// Shows a day's hours, or puts them away with what was picked of them.
    private mutating func toggle(_ day: Day) {
        if days.contains(day) {
            days.removeAll { $0 == day }
            hours.subtract(day.hours)
        } else {
            days = (days + [day]).sorted()
        }
    }
}
