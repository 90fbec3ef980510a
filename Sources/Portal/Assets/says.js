// Small pieces of a page that modules add: only ever as text, never as markup.

/** A whole number with thin groups. */
export function whole(number) {
    return number.toLocaleString("en");
}

/** A sentence; `kind` is `good`, `bad` or `note`. */
export function line(text, kind = "note") {
    const paragraph = document.createElement("p");
    paragraph.className = `verdict ${kind}`;
    paragraph.textContent = text;
    return paragraph;
}

/** A sentence that a screen reader is told when it changes. */
export function says(text) {
    const paragraph = document.createElement("p");
    paragraph.setAttribute("role", "status");
    paragraph.textContent = text;
    return paragraph;
}

/** A heading with a list. */
export function list(title, items) {
    const section = document.createElement("section");
    const heading = document.createElement("h3");
    heading.textContent = title;
    const entries = document.createElement("ul");
    for (const item of items) {
        const entry = document.createElement("li");
        entry.textContent = item;
        entries.append(entry);
    }
    section.append(heading, entries);
    return section;
}

/** A table with a caption. */
export function table(title, columns, rows) {
    const wrapper = document.createElement("div");
    wrapper.className = "scroll";
    wrapper.tabIndex = 0;
    wrapper.setAttribute("role", "region");
    wrapper.setAttribute("aria-label", title);
    const whole = document.createElement("table");
    const caption = document.createElement("caption");
    caption.textContent = title;
    const head = document.createElement("thead");
    const body = document.createElement("tbody");
    head.append(row(columns, "th"));
    body.append(...rows.map((cells) => row(cells, "td")));
    whole.append(caption, head, body);
    wrapper.append(whole);
    return wrapper;
}

function row(cells, kind) {
    const line = document.createElement("tr");
    for (const text of cells) {
        const cell = document.createElement(kind);
        if (kind === "th") cell.scope = "col";
        cell.textContent = text;
        line.append(cell);
    }
    return line;
}
