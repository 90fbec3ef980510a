// The web pages: values in, bytes out (Docs/Operating/Pages.md).
//
// Both faces are made of the same parts: the public pages, which this target renders wholly, and
// the desks, which render their own templates inside the same frame. Nothing here fetches, stores
// or signs anything, and no key, plate or opened read can be reached from here.
//
// How another target uses it:
//
//     let templates = try Templates.own.extended(with: ["inbox": text])   // its own *.mustache
//     let body = try templates.render("inbox", ["rows": .list(rows), "empty": .of(EmptyState(…))])
//     var page = Page(title: "What waits", purpose: "Requests that need your decision.",
//         help: "Operating/Desk.md", body: body)
//     page.place = "inbox"; page.flash = Flash(.good, "Signed."); page.modules = ["time.js"]
//     let html = try Frame(name: origin, face: "Officer's desk", root: "/", places: places)
//         .html(page, by: templates)
//
// - In templates `{{name}}` escapes; `{{{name}}}` is for `Markup` only, which nobody but this
//   target can make: what `Templates.render` gave. A test lists each such place.
// - Partials for other templates, each with the values of the type that is named: `{{>table}}`
//   (`Table`), `{{>field}}` (`Field`), `{{>badge}}` (`Badge`), `{{>empty}}` (`EmptyState`),
//   `{{>problem}}` (`ProblemBox`), `{{>progress}}` (`ProgressBar`), `{{>time}}` (`TimeText`),
//   `{{>pager}}` (`Pager`), `{{>steps}}` (`Steps`), `{{>facts}}` (`Facts`), `{{>flash}}` (`Flash`),
//   `{{>chart}}` (`Chart`).
//   Put the part under a name and open it: `{{#table}}{{>table}}{{/table}}`.
// - `style.css` has the classes; nothing may use `style=""`: `SecurityHeaders` forbids it.
// - Assets stand at `assets/NAME` below the frame's root: `Asset.named(_:)`.
