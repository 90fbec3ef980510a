"""Holds the target graph of the package against the allowed edges in .ci/graph.

The graph is the threat model: what a program cannot link, a break-in to it cannot call. Both an
edge that is not allowed and an allowed edge that is gone are errors, so that the list stays true.
"""

import json
import pathlib
import subprocess
import sys

FORBIDDEN = [  # (target, must never reach), also by way of others
    ("Vault", "Tokens"), ("Vault", "Custody"),
    ("Intake", "Vault"), ("Intake", "Custody"), ("Intake", "Inquiry"),
    ("Custody", "Vault"), ("Custody", "Intake"),
    ("Inquiry", "Vault"), ("Inquiry", "Custody"),
    ("Warrants", "Tokens"), ("Wire", "Tokens"), ("Ledger", "Plates"), ("Ledger", "Tokens"),
    ("Portal", "Tokens"), ("Portal", "Vault"), ("Portal", "Custody"), ("Portal", "Inquiry"),
    ("Tokens", "Disk"), ("Plates", "Secrets"), ("Plates", "Disk"),
]


def allowed(path):
    """The edges of the list: `Target: Edge Edge`, with comments behind `#`."""
    edges = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            target, names = line.split(":")
            edges[target.strip()] = set(names.split())
    return edges


def actual():
    """The edges that the package declares, tests left out."""
    package = json.loads(subprocess.check_output(["swift", "package", "dump-package"]))
    edges = {}
    for target in package["targets"]:
        if target["type"] == "test" or target["name"] == "TestSupport":
            continue
        names = set()
        for dependency in target["dependencies"]:
            value = next(iter(dependency.values()))
            names.add(value[0])
        edges[target["name"]] = names
    return edges


def reach(edges, start):
    """Every target that `start` links, directly or not."""
    seen, queue = set(), [start]
    while queue:
        for name in edges.get(queue.pop(), ()):
            if name not in seen:
                seen.add(name)
                queue.append(name)
    return seen


def main():
    here = pathlib.Path(__file__).parent
    want, have = allowed(here / "graph"), actual()
    errors = []
    for target in sorted(want.keys() | have.keys()):
        if want.get(target) != have.get(target):
            errors.append(f"{target}: allowed {want.get(target)}, declared {have.get(target)}")
    for target, never in FORBIDDEN:
        if never in reach(have, target):
            errors.append(f"{target} reaches {never}, which it must never")
    for error in errors:
        print("error:", error, file=sys.stderr)
    print(f"graph: {len(have)} targets, {sum(map(len, have.values()))} edges")
    sys.exit(1 if errors else 0)


main()
