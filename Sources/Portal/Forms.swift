/// One field of a form, with its label, its hint and what is wrong with what was typed.
public struct Field: Part {
    /// What is typed or chosen.
    public enum Kind: Sendable {
        /// One line of text.
        case line
        /// Several lines.
        case lines
        /// One line that is not shown: a passphrase.
        case hidden
        /// A file.
        case file
        /// A date, as the browser's own calendar.
        case date
        /// One of some, as a list.
        case choice([Choice])
        /// A tick.
        case tick
    }

    /// One of a list.
    public struct Choice: Sendable {
        /// What is sent.
        public var value: String
        /// What is shown.
        public var name: String

        /// A choice of its parts.
        public init(_ value: String, _ name: String) {
            self.value = value
            self.name = name
        }
    }

    /// The form field's name, which is also its id.
    public var name: String
    /// What it is called on the page.
    public var label: String
    /// What is typed or chosen.
    public var kind: Kind
    /// What it holds.
    public var value: String
    /// A sentence that helps.
    public var hint: String?
    /// What is wrong with what was typed.
    public var problem: String?
    /// Whether it must be filled.
    public var isNeeded: Bool
    /// What the browser may fill in; `off` for everything that is nobody else's to remember.
    public var autocomplete: String

    /// A field of its parts.
    public init(
        _ name: String, _ label: String, _ kind: Kind = .line, value: String = "",
        hint: String? = nil, problem: String? = nil, isNeeded: Bool = false,
        autocomplete: String = "off"
    ) {
        self.name = name
        self.label = label
        self.kind = kind
        self.value = value
        self.hint = hint
        self.problem = problem
        self.isNeeded = isNeeded
        self.autocomplete = autocomplete
    }

    /// For the partial `field`.
    public var values: Values {
        var input: String?
        var choices: [Choice]?
        var isLines = false
        var isTick = false
        switch kind {
        case .line: input = "text"
        case .lines: isLines = true
        case .hidden: input = "password"
        case .file: input = "file"
        case .date: input = "date"
        case .choice(let all): choices = all
        case .tick: isTick = true
        }
        let about = [hint.map { _ in "\(name)-hint" }, problem.map { _ in "\(name)-problem" }]
            .compactMap { $0 }.joined(separator: " ")
        return [
            "name": .text(name), "label": .text(label), "value": .text(value),
            "input": .maybe(input), "isLines": .flag(isLines), "isTick": .flag(isTick),
            "isTicked": .flag(isTick && !value.isEmpty), "isChoice": .flag(choices != nil),
            "choices": .list(
                (choices ?? []).map {
                    [
                        "choice": .text($0.value), "called": .text($0.name),
                        "isChosen": .flag($0.value == value),
                    ]
                }),
            "hint": .maybe(hint), "problem": .maybe(problem), "isNeeded": .flag(isNeeded),
            "about": .maybe(about.isEmpty ? nil : about), "autocomplete": .text(autocomplete),
        ]
    }
}

/// Where one is in a long list, and how to go on.
public struct Pager: Part {
    /// Which page, from 1.
    public var page: Int
    /// How many there are.
    public var pages: Int
    /// What is counted: `12,345 entries`.
    public var about: String
    /// The address of a page.
    private let href: @Sendable (Int) -> String

    /// A pager; `href` gives the address of a page.
    public init(
        page: Int, pages: Int, about: String, href: @escaping @Sendable (Int) -> String
    ) {
        self.page = page
        self.pages = pages
        self.about = about
        self.href = href
    }

    /// For the partial `pager`.
    public var values: Values {
        [
            "page": .number(page), "pages": .number(pages), "about": .text(about),
            "isLong": .flag(pages > 1),
            "first": .maybe(page > 2 ? href(1) : nil),
            "previous": .maybe(page > 1 ? href(page - 1) : nil),
            "next": .maybe(page < pages ? href(page + 1) : nil),
            "last": .maybe(page < pages - 1 ? href(pages) : nil),
        ]
    }
}

/// How far something is on its way: a timeline.
public struct Steps: Part {
    /// One step.
    public struct Step: Sendable {
        /// How it stands.
        public enum State: String, Sendable {
            /// It is done.
            case done
            /// It is what is waited for.
            case now
            /// It is not reached.
            case ahead
            /// It went wrong, or was refused.
            case failed
        }

        /// What the step is.
        public var name: String
        /// How it stands.
        public var state: State
        /// A sentence about it.
        public var note: String?
        /// When it was done.
        public var time: TimeText?
        /// Where more stands, such as its entry in the log.
        public var href: String?

        /// A step of its parts.
        public init(
            _ name: String, _ state: State, note: String? = nil, time: TimeText? = nil,
            href: String? = nil
        ) {
            self.name = name
            self.state = state
            self.note = note
            self.time = time
            self.href = href
        }
    }

    /// The steps in their order.
    public var steps: [Step]

    /// Steps in their order.
    public init(_ steps: [Step]) { self.steps = steps }

    /// For the partial `steps`.
    public var values: Values {
        let words: [Step.State: String] = [
            .done: "done", .now: "waiting", .ahead: "not yet", .failed: "stopped",
        ]
        return [
            "steps": .list(
                steps.map {
                    [
                        "name": .text($0.name), "state": .text($0.state.rawValue),
                        "word": .maybe(words[$0.state]), "note": .maybe($0.note),
                        "time": .maybe($0.time), "href": .maybe($0.href),
                    ]
                })
        ]
    }
}
