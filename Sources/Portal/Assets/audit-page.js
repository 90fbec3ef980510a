// The auditor's page: starts the worker, shows how far it is and what it found. The page holds a
// `[data-audit]` element with the log's address, and works without this module: it then names the
// command that does the same, and more.

import { same } from "./bytes.js";
import { extendsLast, rosterForm, rosterVerdict, trustedRoster } from "./remember.js";
import { whole, line, list, table, says } from "./says.js";
import { TiledLog } from "./tiles.js";

const place = document.querySelector("[data-audit]");
const base = new URL(place.dataset.audit, document.baseURI).href;

function canVerify() {
    return window.isSecureContext && crypto.subtle !== undefined && window.Worker !== undefined;
}

async function show(report, again) {
    const isClean = report.findings.length === 0 && report.isLogSigned;
    const trusted = trustedRoster(report.origin) ?? report.rosterHash;
    place.append(
        line(isClean
            ? `All ${whole(report.size)} entries hash into the checkpoint, have their one form and are signed by their authors.`
            : `${whole(report.findings.length + report.omitted)} of ${whole(report.size)} entries are not as they must be.`,
            isClean ? "good" : "bad"),
        rosterVerdict(report.origin, report.rosterHash),
        line(report.isLogSigned
            ? "The checkpoint bears the signature of the log's key in force."
            : "The checkpoint does not bear the signature of the log's key in force.",
            report.isLogSigned ? "good" : "bad"),
        line(`${report.cosigned.length} custodians have cosigned this very checkpoint; ${report.quorum} make a quorum. Custodians cosign what they have copied, so a few minutes may pass.`,
            report.cosigned.length >= report.quorum ? "good" : "note"),
    );
    if (report.isLogSigned && trusted === report.rosterHash) {
        place.append(await compared(report));
    }
    if (report.findings.length > 0) {
        place.append(table(
            "Entries that do not count", ["Entry", "Code", "What is wrong"],
            report.findings.map((finding) => [String(finding.index), finding.code, finding.sentence])));
    }
    place.append(
        table("Statements", ["Kind", "Entries"],
            [...report.kinds].sort().map(([kind, count]) => [kind, whole(count)])),
        table("Days destroyed, by the custodians' word", ["Custodian", "Statements", "Newest day"],
            [...report.destroyed].sort().map(([word, told]) => [
                word, whole(told.statements),
                new Date(told.newest * 86400000).toISOString().slice(0, 10),
            ])),
        list("What this does not check, and platevault audit does", [
            "whether each act was allowed by what stood before it: orders, approvals, windows, budgets",
            "whether each day was destroyed in time and by whom it had to be, and what is overdue",
            "whether custodians' answers agree, and who was outvoted",
            "whether the mirrors of the custodians show the same log",
        ]),
        rosterForm(report.origin, again),
    );
}

/** How the checkpoint that was audited stands to the last one that this browser saw. */
async function compared(report) {
    const log = TiledLog.at(base);
    const { size, root } = await log.open();
    // The log may have grown meanwhile; then the next audit compares.
    return size === report.size && same(root, report.root)
        ? extendsLast(log, true)
        : line("The log has grown while it was read; audit it again to compare it with what this browser saw before.");
}

function run(button) {
    const bar = document.createElement("progress");
    const told = says("Reading the checkpoint.");
    place.replaceChildren(bar, told);
    const worker = new Worker(new URL("audit-worker.js", import.meta.url), { type: "module" });
    const end = () => {
        worker.terminate();
        bar.remove();
        place.append(button);
    };
    worker.addEventListener("error", () => {
        told.textContent = "The audit could not be started in this browser.";
        end();
    });
    worker.addEventListener("message", (event) => {
        const { done, size, report, refused } = event.data;
        if (report !== undefined) {
            told.textContent = "Done.";
            show(report, () => run(button)).catch(() => {
                place.append(line("The log could not be read once more.", "bad"));
            }).finally(end);
        } else if (refused !== undefined) {
            told.textContent = "";
            place.append(line(`The log does not hold: ${refused.sentence} [${refused.code}].`, "bad"));
            end();
        } else {
            bar.max = size;
            bar.value = done;
            told.textContent = `${whole(done)} of ${whole(size)} entries.`;
        }
    });
    worker.postMessage({ base });
}

if (canVerify()) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Audit the log in this browser";
    button.addEventListener("click", () => run(button));
    place.append(button);
} else {
    place.append(line("This browser offers its cryptography to pages over HTTPS only: open this page over HTTPS, or use the command.", "note"));
}
