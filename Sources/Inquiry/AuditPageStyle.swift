/// How the audit's page looks: system fonts, light and dark, from a phone to a wall.
enum AuditPageStyle {
    static let css = """
        :root {
          --paper: #fcfcfa; --ink: #1d2126; --soft: #555c66; --line: #d8dadd; --card: #f1f2f0;
          --good: #0b6b3a; --good-back: #e2f3e8; --bad: #a3171c; --bad-back: #fbe6e5;
          --warn: #7a4b00; --warn-back: #fbefd5; --calm: #34506e; --calm-back: #e6edf5;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #14171a; --ink: #e8eaec; --soft: #a7afb8; --line: #363c43; --card: #1e2327;
            --good: #7fd8a4; --good-back: #14321f; --bad: #ff9d97; --bad-back: #421a1a;
            --warn: #f0c06a; --warn-back: #3a2b0c; --calm: #a9c6e6; --calm-back: #1c2a39;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--paper); color: var(--ink);
          font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
        }
        main { max-width: 74rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
        @media (min-width: 48rem) { main { padding: 3rem 2rem 4rem; } }
        header p, section > p { max-width: 44rem; }
        .over { margin: 0; color: var(--soft); font-size: .9rem; }
        h1 {
          margin: .1rem 0 1rem; font-size: clamp(1.5rem, 1.1rem + 2vw, 2.3rem); line-height: 1.2;
          overflow-wrap: anywhere;
        }
        h2 { margin: 2.6rem 0 .5rem; font-size: 1.3rem; line-height: 1.3; }
        .verdict {
          display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: baseline;
          padding: .8rem 1rem; border-left: .35rem solid; border-radius: .3rem;
        }
        .verdict strong { font-size: 1.25rem; }
        .verdict.good { color: var(--good); background: var(--good-back); }
        .verdict.bad { color: var(--bad); background: var(--bad-back); }
        .glance {
          display: grid; gap: .6rem; margin: 1.8rem 0 0;
          grid-template-columns: repeat(auto-fit, minmax(8.4rem, 1fr));
        }
        .glance div {
          display: flex; flex-direction: column-reverse; justify-content: flex-end;
          padding: .7rem .9rem; background: var(--card); border-radius: .4rem;
        }
        .glance dt { color: var(--soft); font-size: .88rem; line-height: 1.3; }
        .glance dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
        .scroll { overflow-x: auto; margin: .8rem 0; border: 1px solid var(--line); border-radius: .4rem; }
        .scroll:focus-visible { outline: 3px solid var(--calm); outline-offset: 2px; }
        table { border-collapse: collapse; width: 100%; font-size: .92rem; }
        th, td {
          padding: .45rem .7rem; text-align: left; vertical-align: top;
          border-bottom: 1px solid var(--line);
        }
        tbody tr:last-child > * { border-bottom: 0; }
        thead th { background: var(--card); color: var(--soft); font-weight: 600; white-space: nowrap; }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
        td code { white-space: nowrap; color: var(--soft); }
        .tight { font-size: .85rem; }
        .tight th, .tight td { padding: .45rem .4rem; }
        .tight thead th { font-size: .8rem; }
        code.long { overflow-wrap: anywhere; white-space: normal; }
        .tag, .state { padding: .05rem .45rem; border-radius: .25rem; white-space: nowrap; }
        .tag.fault { color: var(--bad); background: var(--bad-back); font-weight: 600; }
        .tag.notice { color: var(--calm); background: var(--calm-back); }
        .calendar { width: auto; min-width: 100%; }
        .calendar th[scope=row], .calendar .word { white-space: nowrap; font-variant-numeric: tabular-nums; }
        .calendar th[scope=row] { font-weight: 400; }
        .calendar td, .calendar th { padding: .25rem .6rem; border-right: 1px solid var(--line); }
        .calendar tr > :last-child { border-right: 0; }
        .calendar td.state { text-align: center; border-radius: 0; min-width: 3rem; }
        .calendar th.up { vertical-align: bottom; text-align: center; }
        .calendar th.up span { writing-mode: vertical-rl; transform: rotate(180deg); }
        @media (min-width: 60rem) {
          .calendar th.up span { writing-mode: horizontal-tb; transform: none; }
        }
        .word.dead, .state.done { color: var(--good); }
        .state.done { background: var(--good-back); }
        .word.overdue, .state.missing { color: var(--bad); font-weight: 600; }
        .state.missing { background: var(--bad-back); }
        .word.dying, .state.tardy { color: var(--warn); }
        .state.tardy { background: var(--warn-back); }
        .state.early { color: var(--calm); background: var(--calm-back); }
        .word.alive, .state.alive, .state.none { color: var(--soft); }
        .legend { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; margin: .6rem 0; padding: 0; }
        .legend li { list-style: none; font-size: .9rem; }
        .legend .state { display: inline-block; min-width: 1.8rem; text-align: center; }
        .hidden {
          position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
          white-space: nowrap;
        }
        footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); }
        footer p { margin: .3rem 0; max-width: 52rem; font-size: .92rem; }
        @media print { .scroll { overflow: visible; border: 0; } }
        """
}
