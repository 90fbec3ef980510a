import Plates
import Warrants

// `/days/`: the calendar of destruction, days by custodians.

/// The calendar: for each day its verdict, and for each custodian what it has said.
struct DayCalendar: Part {
    private let holders: [String]
    private let rows: [Values]

    /// The days of a report, newest first.
    init(_ days: [DayReport], of holders: [String], at now: Timestamp) {
        self.holders = holders
        rows = days.map { day in
            let badge = day.verdict.badge
            return [
                "day": .text(day.day.text), "verdict": .of(badge),
                "due": .of(TimeText(Timestamp(milliseconds: day.due))),
                "cells": .list(holders.map { Self.cell(of: $0, on: day) }),
            ]
        }
    }

    /// For the partial `calendar`.
    var values: Values {
        ["holders": .list(holders.map { ["holder": .text($0)] }), "rows": .list(rows)]
    }

    private static func cell(of holder: String, on day: DayReport) -> Values {
        let (state, sign, words): (String, String, String)
        let hour: Int64 = 3_600_000
        func time(_ milliseconds: Int64) -> String {
            TimeText(Timestamp(milliseconds: milliseconds)).utc
        }
        if !day.holders.contains(holder) {
            (state, sign, words) = ("none", "", "holds none of its keys")
        } else if let place = day.erasedBy.firstIndex(of: holder), place < day.erasedAt.count {
            let erased = day.erasedAt[place]
            (state, sign, words) =
                erased > day.due + hour
                ? ("late", "✓ late", "destroyed late, \(time(erased))")
                : ("erased", "✓", "destroyed \(time(erased))")
        } else if day.late.contains(holder) {
            (state, sign, words) = ("missing", "✗", "overdue: has said nothing")
        } else if day.gone.contains(holder) {
            (state, sign, words) = ("gone", "–", "cannot be asked any more")
        } else {
            (state, sign, words) = ("alive", "·", "alive, due \(time(day.due))")
        }
        return ["state": .text(state), "sign": .text(sign), "words": .text(words)]
    }
}

extension PageMaker {
    /// The most days that a read lives here, by the days whose keys live and by the policy.
    var longestRetention: Int {
        Self.longestRetention(
            snapshot.report.days.map { day in
                (Int((day.due - day.day.start.milliseconds) / 86_400_000), day.verdict)
            }, else: snapshot.roster.policy.retentionDays)
    }

    /// Of the days whose keys are not dead the longest, each as it was fixed when its keys were made;
    /// the policy's, where there are none.
    static func longestRetention(
        _ days: [(length: Int, verdict: DayReport.Verdict)], else policy: Int
    ) -> Int {
        days.filter { $0.verdict != .dead }.map(\.length).max() ?? policy
    }

    /// 62: of how many days the calendar is shown in full; those with something wrong always are.
    private static let fullDays = 62

    /// The front of destruction: the newest dead days, all that are dying or overdue, and the oldest
    /// that are alive, newest first; and how many living days follow them.
    func front(_ count: Int) -> (calendar: DayCalendar, following: Int) {
        let all = snapshot.report.days
        let alive = all.filter { $0.verdict == .alive }
        let shown =
            Array(all.filter { $0.verdict == .dead }.suffix(count))
            + all.filter { $0.verdict == .dying || $0.verdict == .overdue } + alive.prefix(count)
        let days = shown.sorted { $0.day > $1.day }
        return (
            DayCalendar(days, of: holders(shown), at: snapshot.now), max(0, alive.count - count)
        )
    }

    private func holders(_ days: [DayReport]) -> [String] {
        days.suffix(Self.fullDays).reduce(into: []) { all, day in
            for holder in day.holders where !all.contains(holder) { all.append(holder) }
        }
    }

    func days() throws(PortalError) -> Page {
        let all = snapshot.report.days
        let oldest = all.suffix(Self.fullDays).first?.day ?? Day(number: 0)
        let shown = all.filter { $0.day >= oldest || $0.verdict == .overdue || !$0.late.isEmpty }
        func count(_ verdict: DayReport.Verdict) -> Int {
            all.filter { $0.verdict == verdict }.count
        }
        let hidden = all.count - shown.count
        var page = try page(
            "Destruction",
            "Which days can still be searched, and which custodian has destroyed its keys of which day.",
            "days",
            [
                "isEmpty": .flag(all.isEmpty), "empty": .of(EmptyState("No day has had keys yet.")),
                "retention": .number(longestRetention),
                "needed": .number(snapshot.roster.threshold.subsetSize),
                "custodianCount": .number(snapshot.roster.threshold.n),
                "facts": .of(
                    Facts(
                        [
                            .init("Alive", .init(count(.alive))),
                            .init("Dying", .init(count(.dying))),
                            .init("Dead", .init(count(.dead))),
                            .init(
                                "Overdue",
                                count(.overdue) == 0
                                    ? .init("none", badge: .good)
                                    : .init("\(count(.overdue))", badge: .bad)),
                        ], isLarge: true)),
                "calendar": .of(
                    DayCalendar(shown.reversed(), of: holders(shown), at: snapshot.now)),
                "hidden": .maybe(hidden > 0 ? Words.count(hidden, "day", "days") : nil),
                "statements": .number(snapshot.entries(of: .dayDestroyed).count),
                "hasStatements": .flag(!snapshot.entries(of: .dayDestroyed).isEmpty),
            ])
        page.place = "days/"
        page.feeds = [Place("Destructions", "destructions.atom")]
        return page
    }
}
