// Beside each time in UTC, the reader's own local time: `time[datetime]` with `data-local`.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

if (zone !== undefined && zone !== "UTC") {
    const format = new Intl.DateTimeFormat(undefined, {
        dateStyle: "medium", timeStyle: "short", timeZone: zone,
    });
    for (const element of document.querySelectorAll("time[datetime][data-local]")) {
        const moment = new Date(element.getAttribute("datetime"));
        if (Number.isNaN(moment.getTime())) continue;
        const local = document.createElement("span");
        local.className = "local";
        local.textContent = ` (${format.format(moment)}, ${zone})`;
        element.after(local);
    }
}
