/// A word with a colour that says how it stands; the word alone says it too.
public struct Badge: Part {
    /// How it stands.
    public enum Kind: String, Sendable {
        /// As it should be.
        case good
        /// As it must not be.
        case bad
        /// Needs attention.
        case warn
        /// Neither.
        case calm
    }

    /// The word.
    public var text: String
    /// How it stands.
    public var kind: Kind

    /// A badge of its parts.
    public init(_ text: String, _ kind: Kind) {
        self.text = text
        self.kind = kind
    }

    /// For the partial `badge`.
    public var values: Values { ["text": .text(text), "kind": .text(kind.rawValue)] }
}

/// A table with a caption, which also screen readers tell.
public struct Table: Part {
    /// One cell.
    public struct Cell: Sendable {
        /// What it says.
        public var text: String
        /// Where it leads.
        public var href: String?
        /// A badge instead of plain text.
        public var badge: Badge.Kind?
        /// An instant instead of plain text.
        public var time: TimeText?

        /// A cell of text, perhaps a link, perhaps a badge.
        public init(_ text: String, href: String? = nil, badge: Badge.Kind? = nil) {
            self.text = text
            self.href = href
            self.badge = badge
        }

        /// A cell with a number.
        public init(_ number: some BinaryInteger, href: String? = nil) {
            self.init(number.parted, href: href)
        }

        /// A cell with an instant.
        public init(_ time: TimeText) {
            text = time.utc
            self.time = time
        }
    }

    /// What it is a table of.
    public var caption: String
    /// The columns' heads.
    public var heads: [String]
    /// The rows; the first cell of each is its head.
    public var rows: [[Cell]]
    /// The columns that hold numbers.
    public var numbers: Set<Int>
    /// The columns whose texts stay in one line, such as days and hours.
    public var whole: Set<Int>
    /// Whether the caption is for screen readers only, since a heading says it already.
    public var hidesCaption: Bool

    /// A table of its parts.
    public init(
        _ caption: String, heads: [String], rows: [[Cell]], numbers: Set<Int> = [],
        whole: Set<Int> = [], hidesCaption: Bool = false
    ) {
        self.caption = caption
        self.heads = heads
        self.rows = rows
        self.numbers = numbers
        self.whole = whole
        self.hidesCaption = hidesCaption
    }

    /// For the partial `table`.
    public var values: Values {
        [
            "caption": .text(caption), "hidesCaption": .flag(hidesCaption),
            "heads": .list(
                heads.enumerated().map {
                    ["head": .text($1), "isNumber": .flag(numbers.contains($0))]
                }),
            "rows": .list(
                rows.map { ["cells": .list($0.enumerated().map { values(of: $1, at: $0) })] }),
        ]
    }

    private func values(of cell: Cell, at place: Int) -> Values {
        return [
            "isFirst": .flag(place == 0), "isNumber": .flag(numbers.contains(place)),
            "isWhole": .flag(whole.contains(place)),
            "text": .text(cell.text), "href": .maybe(cell.href),
            "kind": .maybe(cell.badge?.rawValue), "time": .maybe(cell.time),
        ]
    }
}

/// Names with what stands behind them.
public struct Facts: Part {
    /// One fact.
    public struct Fact: Sendable {
        /// Its name.
        public var name: String
        /// What stands behind it.
        public var cell: Table.Cell
        /// A sentence about it.
        public var note: String?

        /// A fact of its parts.
        public init(_ name: String, _ cell: Table.Cell, note: String? = nil) {
            self.name = name
            self.cell = cell
            self.note = note
        }
    }

    /// The facts.
    public var facts: [Fact]
    /// Whether they are set in large figures, side by side.
    public var isLarge: Bool

    /// Facts of their parts.
    public init(_ facts: [Fact], isLarge: Bool = false) {
        self.facts = facts
        self.isLarge = isLarge
    }

    /// For the partial `facts`.
    public var values: Values {
        [
            "isLarge": .flag(isLarge),
            "facts": .list(
                facts.map {
                    [
                        "name": .text($0.name), "text": .text($0.cell.text),
                        "href": .maybe($0.cell.href), "kind": .maybe($0.cell.badge?.rawValue),
                        "time": .maybe($0.cell.time), "note": .maybe($0.note),
                    ]
                }),
        ]
    }
}

/// What stands where there is nothing to show.
public struct EmptyState: Part {
    /// That there is nothing.
    public var text: String
    /// What that means, or what to do.
    public var hint: String?

    /// An empty state of its parts.
    public init(_ text: String, hint: String? = nil) {
        self.text = text
        self.hint = hint
    }

    /// For the partial `empty`.
    public var values: Values { ["text": .text(text), "hint": .maybe(hint)] }
}

/// A problem that takes the place of what was asked for.
public struct ProblemBox: Part {
    /// What is wrong.
    public var text: String
    /// What can be done.
    public var hint: String?
    /// The stable code.
    public var code: String

    /// A problem of its parts.
    public init(code: String, _ text: String, hint: String? = nil) {
        self.code = code
        self.text = text
        self.hint = hint
    }

    /// For the partial `problem`.
    public var values: Values {
        ["text": .text(text), "hint": .maybe(hint), "code": .text(code)]
    }
}

/// How far slow work is.
public struct ProgressBar: Part {
    /// What is being done.
    public var text: String
    /// How much of it is done, and of how much; nil where nobody knows.
    public var share: (done: Int, of: Int)?

    /// A bar of its parts.
    public init(_ text: String, share: (done: Int, of: Int)? = nil) {
        self.text = text
        self.share = share
    }

    /// For the partial `progress`.
    public var values: Values {
        [
            "text": .text(text), "done": .maybe(share.map { String($0.done) }),
            "of": .maybe(share.map { String($0.of) }),
            "doneText": .maybe(share.map { $0.done.parted }),
            "ofText": .maybe(share.map { $0.of.parted }),
        ]
    }
}
