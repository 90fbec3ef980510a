// "Verify in this browser", on the page of one entry. The page holds a `[data-verify]` element with
// the log's address, the entry's index (`data-entry`), the indices of the log's rosters and
// successors (`data-rosters`, by commas), and `[data-note]` with the note as the page shows it.

import { Refused, hex, utf8 } from "./bytes.js";
import { verifyEntry } from "./audit.js";
import { extendsLast, rosterForm, rosterVerdict, trustedRoster } from "./remember.js";
import { line, says, whole } from "./says.js";
import { TiledLog } from "./tiles.js";

const place = document.querySelector("[data-verify]");

function show(index, result) {
    const { checkpoint, author, proof, cosigned, quorum, isLogSigned } = result;
    place.append(
        line(`The checkpoint of ${whole(checkpoint.size)} entries has the root ${hex(checkpoint.root)}, and the log's tiles give it.`, "good"),
        line(isLogSigned
            ? "It is signed by the log's key in force."
            : "It is not signed by the log's key in force.", isLogSigned ? "good" : "bad"),
        line(`Entry ${whole(index)} has the leaf hash ${hex(result.leaf)}; ${proof.length} hashes lead from it to that root.`, "good"),
        line(author === undefined
            ? "It is signed by the custodians who may sign it."
            : `It is signed by ${author}, with the key that the roster in force gives.`, "good"),
        line("In force is what the rosters say that this page names. That there are no others, only the audit of the whole log shows.", "note"),
        line(cosigned.length === 0
            ? `No custodian has cosigned this very checkpoint yet; ${quorum} make a quorum.`
            : `Cosigned by ${cosigned.map((one) => one.word).join(", ")}; ${quorum} make a quorum.`,
            cosigned.length >= quorum ? "good" : "note"),
        rosterVerdict(checkpoint.origin, result.rosterHash),
    );
}

async function run(button) {
    const index = Number(place.dataset.entry);
    const rosters = place.dataset.rosters.split(",").filter((text) => text !== "").map(Number);
    const onPage = document.querySelector("[data-note]");
    const told = says("Reading the log.");
    place.replaceChildren(told);
    try {
        const log = TiledLog.at(new URL(place.dataset.verify, document.baseURI));
        const note = onPage === null ? undefined : utf8(onPage.textContent);
        const result = await verifyEntry(log, index, rosters, note);
        told.textContent = "";
        show(index, result);
        const trusted = trustedRoster(log.checkpoint.origin) ?? result.rosterHash;
        if (result.isLogSigned && trusted === result.rosterHash) {
            place.append(await extendsLast(log, false));
        }
        place.append(rosterForm(log.checkpoint.origin, () => run(button)));
    } catch (error) {
        const isOurs = error instanceof Refused;
        told.textContent = "";
        place.append(line(isOurs
            ? `This does not hold: ${error.message} [${error.code}].`
            : "The log could not be read to its end.", "bad"));
    }
    place.append(button);
}

if (window.isSecureContext && crypto.subtle !== undefined) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Verify in this browser";
    button.addEventListener("click", () => run(button));
    place.append(button);
} else {
    place.append(line("This browser offers its cryptography to pages over HTTPS only: open this page over HTTPS, or use platevault audit.", "note"));
}
