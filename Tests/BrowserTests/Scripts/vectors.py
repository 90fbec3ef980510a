"""The modules that check the log in a reader's browser, against the vectors of the Swift side."""

import json

from browser import ROOT, Browser, done, holds, until
from here import Here


class Vectors(Here):
    """The files of the package, and the list of vectors."""

    def answer(self, folders, path):
        if path == "/pages/files":
            root = ROOT / "Tests/Vectors"
            paths = sorted(str(file.relative_to(root)) for file in root.glob("merkle/**/*.json"))
            return 200, "application/json", json.dumps({"paths": paths}).encode()
        return super().answer(folders, path)


def main():
    here = Vectors({"/assets/": "Sources/Portal/Assets", "/vectors/": "Tests/Vectors",
                    "/pages/": "Tests/BrowserTests/Scripts/pages"})
    with Browser() as browser:
        browser.open(here.address + "/pages/vectors.html")
        until(120, lambda: browser.has("#result[data-done]"))
        text = browser.find("#result").text
        result = json.loads(text or '{"counts": {}, "faults": ["nothing came"]}')
        holds("every vector comes out as it must", not result["faults"],
              " | ".join(result["faults"][:20]))
        # A page that ran less would prove less: the counts are those of the Swift side.
        expected = {"inclusion good": 6, "inclusion bad": 92, "consistency good": 6,
                    "consistency bad": 92, "ed25519": 151, "tiles": 120,
                    "consistency of tiles": 120, "malformed notes": 21, "malformed keys": 6,
                    "malformed checkpoints": 5, "paths": 5, "forged logs": 72}
        counts = dict(result["counts"])
        changed = counts.pop("changed bytes", 0)
        holds("all of them ran", counts == expected, counts)
        holds("every byte of two notes was changed", changed > 1_000, changed)
        complaints = [line for line in browser.complaints() if "404" not in line]
        holds("the policy of the public pages lets the modules work", not complaints, complaints)
    here.close()
    done()


main()
