#!/usr/bin/env python3
"""Writes rules.yml, the PrometheusRule with the rules of deploy/prometheus/rules; with --check, only tells whether it is so."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = ["judged.rules.yml", "business.alerts.yml", "service.alerts.yml"]
HEAD = """\
# Written by rules.py from deploy/prometheus/rules: change the rules there, and run it.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: tallyboard
spec:
  groups:
"""


def groups(file):
    """The groups of a file of rules, as lines of the list under `spec`."""
    text = (HERE.parent / "prometheus" / "rules" / file).read_text()
    comment, found, body = text.partition("groups:\n")
    if not found or any(line and not line.startswith("#") for line in comment.splitlines()):
        sys.exit(f"{file}: expected comments and then the line groups:")
    return "".join("  " + line if line.strip() else line for line in body.splitlines(keepends=True))


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit("usage: rules.py [--check]")
    wanted, path = HEAD + "".join(map(groups, FILES)), HERE / "rules.yml"
    if not arguments:
        path.write_text(wanted)
    elif path.read_text() != wanted:
        sys.exit(f"{path.name} is not what the rules say: run deploy/kubernetes/rules.py")
    print(f"{len(FILES)} files of rules")


main(sys.argv[1:])
