import Plates
import Portal
import Secrets
import Warrants

/// The form of a draft, as its template shows it.
struct InvestigatorFormPage {
    let id: String
    let draft: InvestigatorDraft
    let check: InvestigatorCheck
    let view: DeskView

    /// For the template `investigator-form`.
    var values: Values {
        let policy = view.roster.policy
        let own: Values = [
            "draft": .text(id), "whole": faults(.whole), "mostPlates": .number(policy.maxPlates),
            "isFolded": .flag(policy.fold == .letterOAsZero),
        ]
        return own.with(plateValues).with(siteValues).with(hourValues).with(purposeValues)
            .with(paperValues)
    }

    /// That something is not right yet; nil before somebody tried, and when all is.
    var flash: Flash? {
        let count = draft.isTried ? check.faults.values.joined().count : 0
        guard count > 0 else { return nil }
        return Flash(
            .bad, count == 1 ? "One thing is not right yet." : "\(count) things are not right yet.",
            hint: "Each is told at its place below. Nothing has been filed.")
    }

    /// What is wrong with a field, once somebody tried.
    private func faults(_ field: InvestigatorCheck.Field) -> Value {
        .sentences(draft.isTried ? check.faults[field] ?? [] : [])
    }

    private func fault(_ field: InvestigatorCheck.Field) -> String? {
        draft.isTried ? check.faults[field]?.joined(separator: " ") : nil
    }

    private var plateValues: Values {
        let named = Set(check.plates.map(\.normal))
        return [
            "plateFaults": faults(.plates),
            "plates": .list(
                check.plates.enumerated().map { place, plate in
                    let twins = plate.twins.filter { !named.contains($0.text) }
                    return [
                        "number": .text(String(place + 1)), "typed": .text(plate.typed),
                        "normal": .filled(plate.normal), "problem": .filled(plate.problem),
                        "hasTwins": .flag(!twins.isEmpty),
                        "twins": .list(
                            twins.map { ["text": .text($0.text), "reading": .text($0.reading)] }),
                    ]
                }),
        ]
    }

    private var siteValues: Values {
        [
            "siteFaults": faults(.sites),
            "sites": .list(
                view.roster.sites.map { site in
                    let last = view.record.lastClosedHour(of: site.number)
                    return [
                        "number": .text(String(site.number.number)), "name": .text(site.name),
                        "last": .text(
                            last.map { "closed until \($0.next.text)" } ?? "nothing closed yet"),
                        "isPicked": .flag(draft.sites.contains(site.number)),
                    ]
                }),
        ]
    }

    private var hourValues: Values {
        let calendar = InvestigatorCalendar(draft, view)
        let shown = calendar.shown
        let words = Set(shown.flatMap { $0.hours.map(\.word) })
        let plates = check.plates.count { !$0.normal.isEmpty }
        let cells = draft.hours.count * draft.sites.count
        return [
            "hourFaults": faults(.hours), "weeks": .list(weeks(calendar)),
            "shown": .list(shown.map(values(of:))), "hasShown": .flag(!shown.isEmpty),
            "legend": .list(
                Self.marks.filter { words.contains($0.word) }.map { word, mark in
                    [
                        "word": .text(word), "mark": .text(mark),
                        "meaning": .text(InvestigatorCalendar.meaning[word] ?? ""),
                    ]
                }),
            "left": .text(String(check.left)),
            "cost": .text(
                "\(Self.count(draft.hours.count, "hour")) at "
                    + "\(Self.count(draft.sites.count, "site")) for "
                    + "\(Self.count(plates, "plate")): \(Self.count(cells * plates, "cell")) of the "
                    + "\(check.left.parted) that your agency may still name."),
        ]
    }

    private static func count(_ count: Int, _ word: String) -> String {
        "\(count.parted) \(word)\(count == 1 ? "" : "s")"
    }

    private func weeks(_ calendar: InvestigatorCalendar) -> [Values] {
        var month = ""
        return calendar.weeks.map { week in
            [
                "days": .list(
                    week.days.map { day in
                        let isNew = !day.isBlank && day.month != month
                        if isNew { month = day.month }
                        return [
                            "isBlank": .flag(day.isBlank), "date": .text(day.date),
                            "number": .text(day.number),
                            "month": .maybe(isNew ? day.month : nil), "title": .text(day.title),
                            "searchable": .number(day.searchable), "picked": .number(day.picked),
                            "hasPicked": .flag(day.picked > 0), "isShown": .flag(day.isShown),
                            "isGone": .flag(day.isGone),
                            "pressed": .text(day.isShown ? "true" : "false"),
                        ]
                    })
            ]
        }
    }

    /// Marks beside an hour that is not simply closed: colour alone says nothing to many.
    private static let marks: [(word: String, mark: String)] = [
        ("closed", ""), ("young", "!"), ("open", "…"), ("unclosed", "?"), ("gone", "×"),
        ("unkept", "–"), ("partly", "~"),
    ]

    private func values(of day: InvestigatorCalendar.ShownDay) -> Values {
        [
            "title": .text(day.title), "date": .text(day.date),
            "hours": .list(
                day.hours.map { hour in
                    let mark = Self.marks.first { $0.word == hour.word }?.mark ?? ""
                    return [
                        "word": .text(hour.word), "value": .text(hour.value),
                        "label": .text(hour.label), "mark": .text(mark),
                        "meaning": .text(hour.meaning), "isPicked": .flag(hour.isPicked),
                        "isShut": .flag(hour.isShut),
                    ]
                }),
        ]
    }

    private var purposeValues: Values {
        let offences = InvestigatorOffences(view.roster.policy)
        let suggestions = offences.suggestions(for: draft.purpose)
        let chosen = offences.all.first { $0.code == draft.purpose }
        let kinds = ProcessKind.legal.map { Field.Choice($0.rawValue, Self.name(of: $0)) }
        let process = Field(
            "process", "Kind of process", .choice([Field.Choice("", "Choose one")] + kinds),
            value: draft.process,
            hint: view.roster.policy.unattested.contains(.exigent)
                ? "An exigent request goes without an attestation; it is marked in the public log, "
                    + "and an authority must ratify it afterwards."
                : "Each needs the attestation of an authority.",
            problem: fault(.process), isNeeded: true)
        return [
            "purposeFaults": faults(.purpose), "purpose": .text(draft.purpose),
            "offenceCount": .number(offences.all.count),
            "offenceName": .maybe(chosen.map { "\($0.code): \($0.name), \($0.kind)." }),
            "offences": .list(
                offences.all.map { ["code": .text($0.code), "name": .text($0.name)] }),
            "hasSuggestions": .flag(!suggestions.isEmpty),
            "suggestions": .list(
                suggestions.map {
                    ["code": .text($0.code), "name": .text($0.name), "kind": .text($0.kind)]
                }), "processField": .of(process),
        ]
    }

    /// A kind of process for people.
    static func name(of kind: ProcessKind) -> String {
        switch kind {
        case .searchWarrant: "Search warrant, signed by a judge"
        case .courtOrder: "Another order of a court"
        case .defenceOrder: "An order of a court for the defence"
        case .exigent: "Exigent: danger that cannot wait for a court"
        case .drill: "Drill"
        }
    }

    private var paperValues: Values {
        let policy = view.roster.policy
        let last = policy.blunt(view.now).day.adding(Int64(policy.embargoDays))
        return [
            "warrantFaults": faults(.warrant),
            "warrantField": .of(
                Field(
                    "warrant", draft.warrant == nil ? "The document" : "Another document", .file,
                    hint: "The warrant or order itself, to 24 MiB. Its SHA-256 is filed; the "
                        + "document stays here.", isNeeded: draft.warrant == nil)),
            "warrant": draft.warrant.map {
                .values([
                    "name": .text($0.name), "size": .number($0.size),
                    "digest": .text($0.digest.hex),
                    "isUsed": .flag(view.record.isUsed(warrant: $0.digest)),
                ])
            } ?? false,
            "docketField": .of(
                Field(
                    "docket", "Docket", value: draft.docket,
                    hint: "The court's number and the like. The custodians see it now, everybody "
                        + "when the embargo ends.", problem: fault(.docket))),
            "embargoField": .of(
                Field(
                    "embargo", "Embargo until", .date, value: draft.embargo,
                    hint: "Then hours, sites and docket become public, and the plate's owner is to "
                        + "be told. \(last.text) where left out, the latest that the policy allows.",
                    problem: fault(.embargo))),
        ]
    }
}
