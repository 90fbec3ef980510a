// Runs the audit of audit.js beside the page. Takes the log's address, answers with
// `{ done, size }` on the way and `{ report }` or `{ refused }` at the end.

import { Refused } from "./bytes.js";
import { audit } from "./audit.js";
import { TiledLog } from "./tiles.js";

self.addEventListener("message", async (event) => {
    try {
        const report = await audit(TiledLog.at(event.data.base), (done, size) =>
            self.postMessage({ done, size }));
        self.postMessage({ report });
    } catch (error) {
        const isOurs = error instanceof Refused;
        self.postMessage({
            refused: {
                code: isOurs ? error.code : "web-failed",
                sentence: isOurs ? error.message : "the log could not be read to its end",
            },
        });
    }
});
