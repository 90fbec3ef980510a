"""A deployment in a folder of its own, founded and used by the commands that people use."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from browser import ROOT, until

programs = os.environ.get("PROGRAMS", str(ROOT / ".build/debug"))


class City:
    """Two of three custodians, and a site by each of the names."""

    def __init__(self, *sites):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="platevault-city-"))
        self.root = str(self.folder / "city")
        self.running = []
        self.run("init", self.root, "--origin", "example.org/vault.demo", "--threshold", "2/3",
                 *(word for site in sites for word in ("--site", site)))

    def run(self, *arguments):
        """Runs a command to its end; what it printed."""
        result = subprocess.run(
            [f"{programs}/platevault", *arguments], cwd=self.folder, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, env={**os.environ, "PLATEVAULT_DIR": self.root})
        if result.returncode:
            raise RuntimeError(f"{arguments[0]}: {result.stdout}{result.stderr}")
        return result.stdout

    def write(self, name, content):
        """A file in the folder; its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def start(self, *arguments):
        """Starts a command that goes on; its process and the file in which its output grows."""
        path = self.folder / f"output-{len(self.running)}"
        with path.open("w") as output:
            self.running.append(subprocess.Popen(
                [f"{programs}/platevault", *arguments, "--dir", self.root], cwd=self.folder,
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL))
        return self.running[-1], path

    def serve(self):
        """Starts every party's program; what was printed of their addresses."""
        process, output = self.start("serve")
        until(240, lambda: "protects nobody" in output.read_text() or process.poll() is not None)
        return output.read_text()

    def desk(self, word):
        """Opens a person's desk: its process, and the address that opens it once."""
        process, output = self.start("desk", "--as", word, "--no-browser")
        found = until(120, lambda: re.search(r"http://\S+", output.read_text())
                      or process.poll() is not None)
        if not isinstance(found, re.Match):
            raise RuntimeError(f"the desk of {word}: {output.read_text()}")
        return process, found[0]

    def request(self, plates, first, last, sites, docket, number, embargo=None,
                isAttested=True):
        """Files a request under a document of its own; its id."""
        paper = self.write(f"order-{number}.txt", f"The order {number}")
        text = self.run(
            "request", *(word for plate in plates for word in ("--plate", plate)), "--from", first,
            "--to", last, *(word for site in sites for word in ("--site", str(site))), "--purpose",
            "240", "--process", "search-warrant", "--warrant", paper, "--docket", docket,
            *(("--embargo", embargo) if embargo else ()))
        identity = re.search(r"[0-9a-f]{64}", text)[0]
        if isAttested:
            self.run("attest", identity, "--warrant", paper)
        return identity

    def approve(self, identity):
        """By as many institutions as it takes."""
        for word in ("privacy-office", "clerk-of-court"):
            self.run("approve", identity, "--as", word, "--yes")

    def away(self, name):
        """Takes a party's folder away, as if it were down."""
        (pathlib.Path(self.root) / name).rename(self.folder / f"away-{name}")

    def back(self, name):
        """Brings it back."""
        (self.folder / f"away-{name}").rename(pathlib.Path(self.root) / name)

    def close(self):
        """Ends what was started, the last first, and removes everything."""
        for process in reversed(self.running):
            process.terminate()
            process.wait(60)
        shutil.rmtree(self.folder)
