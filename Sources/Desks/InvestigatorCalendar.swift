import Plates
import Warrants

/// The days and hours that a request can name, by what the log says of the sites picked, or of all
/// where none is picked yet.
struct InvestigatorCalendar {
    /// What an hour is at several sites together.
    enum HourStanding: Equatable {
        /// The same at all.
        case whole(CellStanding)
        /// Some could be named, others could not or not yet.
        case partly

        /// Whether any kind of request can name it at some site.
        var canBePicked: Bool {
            switch self {
            case .whole(let standing): standing.isOpen(to: .exigent)
            case .partly: true
            }
        }

        /// Whether something will be known of it: an hour that was never closed can be named only.
        var isSearchable: Bool { canBePicked && self != .whole(.unclosed) }

        /// One word, for style and tables.
        var word: String {
            switch self {
            case .whole(let standing): standing.rawValue
            case .partly: "partly"
            }
        }
    }

    private let draft: InvestigatorDraft
    private let view: DeskView
    private let sites: [SiteNumber]

    /// The calendar of a draft.
    init(_ draft: InvestigatorDraft, _ view: DeskView) {
        self.draft = draft
        self.view = view
        let all = view.roster.sites.map(\.number)
        sites = draft.sites.isEmpty ? all : all.filter(draft.sites.contains)
    }

    /// What an hour is.
    func standing(_ hour: Hour) -> HourStanding {
        let found = Set(
            sites.map { view.record.standing(of: Cell(hour: hour, site: $0), at: view.now) })
        guard let first = found.first else { return .whole(.unkept) }
        if found.count == 1 { return .whole(first) }
        return found.contains { $0.isOpen(to: .exigent) } ? .partly : .whole(first)
    }

    /// The weeks, Monday first, from the oldest day that may live to today.
    var weeks: [Week] {
        let today = view.now.day
        let lives =
            view.record.generation(for: today)?.retention ?? view.roster.policy.retentionDays
        let first = today.adding(-Int64(lives))
        // 1970-01-01 was a Thursday.
        let lead = Int64((first.number + 3) % 7)
        let start = first.adding(-lead)
        let count = (today.number - start.number) / 7 + 1
        return (0..<count).map { week in
            Week(
                days: (0..<7).map { place in
                    let day = start.adding(Int64(week) * 7 + Int64(place))
                    return day < first || day > today ? Self.blank : date(day)
                })
        }
    }

    /// The hours of the days that are shown.
    var shown: [ShownDay] {
        draft.days.map { day in
            ShownDay(
                date: day.text, title: Self.title(day),
                hours: day.hours.map { hour in
                    let standing = standing(hour)
                    return ShownHour(
                        value: hour.text, label: String(hour.text.dropFirst(11).dropLast()),
                        word: standing.word, meaning: Self.meaning[standing.word] ?? "",
                        isPicked: draft.hours.contains(hour), isShut: !standing.canBePicked)
                })
        }
    }

    private func date(_ day: Day) -> Date {
        let count = day.hours.count { standing($0).isSearchable }
        let isGone = day.hours.allSatisfy {
            [.whole(.gone), .whole(.unkept)].contains(standing($0))
        }
        return Date(
            date: day.text, number: String(Int(day.text.suffix(2)) ?? 0),
            month: Self.month(day), title: Self.title(day), searchable: count,
            picked: day.hours.count { draft.hours.contains($0) },
            isShown: draft.days.contains(day), isGone: isGone, isBlank: false)
    }

    private static let blank = Date(
        date: "", number: "", month: "", title: "", searchable: 0, picked: 0, isShown: false,
        isGone: false, isBlank: true)

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let weekdays = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]

    private static func month(_ day: Day) -> String {
        let number = Int(day.text.dropFirst(5).prefix(2)) ?? 1
        return months[(number - 1) % 12]
    }

    /// Such as `Monday 2 March 2026`.
    static func title(_ day: Day) -> String {
        let weekday = weekdays[Int((day.number + 3) % 7)]
        return "\(weekday) \(Int(day.text.suffix(2)) ?? 0) \(month(day)) \(day.text.prefix(4))"
    }

    /// What the words mean, in the words of the page's legend.
    static let meaning = [
        "closed": "closed, can be searched",
        "young": "closed, but late reads can still come: exigent requests alone can name it",
        "open": "not over, or not closed by its site yet: nobody can search it",
        "unclosed": "never closed by its site: it can be named, and nothing will be known of it",
        "gone": "its keys are destroyed: nobody can read it any more",
        "unkept": "there were no keys then: nothing was kept",
        "partly": "not the same at all sites",
    ]
}

extension InvestigatorCalendar {
    /// Seven days.
    struct Week {
        /// From Monday on.
        let days: [Date]
    }

    /// A day of the calendar.
    struct Date {
        /// Such as `2026-03-02`; empty for a place without a day.
        let date: String
        /// Such as `2`.
        let number: String
        /// Such as `March`.
        let month: String
        /// In full.
        let title: String
        /// How many of its hours can be searched.
        let searchable: Int
        /// How many are picked.
        let picked: Int
        /// Whether its hours are shown.
        let isShown: Bool
        /// Whether nothing of it can be read.
        let isGone: Bool
        /// Whether it is a place without a day.
        let isBlank: Bool
    }

    /// A day with its hours.
    struct ShownDay {
        /// Such as `2026-03-02`.
        let date: String
        /// In full.
        let title: String
        /// All 24.
        let hours: [ShownHour]
    }

    /// One hour to be picked.
    struct ShownHour {
        /// Such as `2026-03-02T06Z`.
        let value: String
        /// Such as `06`.
        let label: String
        /// What it is, in a word.
        let word: String
        /// What that means.
        let meaning: String
        /// Whether it is picked.
        let isPicked: Bool
        /// Whether it cannot be.
        let isShut: Bool
    }
}
