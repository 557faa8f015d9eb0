#!/usr/bin/env python3
"""Reads deploy/mixin as those who import it do: all rules and dashboards are in it, and its settings take effect.

usage: mixin.py FOLDER, into which its rules are written for promtool, as rules.json and alerts.json."""

import json
import sys
from pathlib import Path

import _jsonnet
import yaml

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
RULES = {"prometheusRules": ["judged.rules.yml"], "prometheusAlerts": ["business.alerts.yml", "service.alerts.yml"]}
OWN = {"job": "sales-floor", "runbooks": "https://wiki.example.com/floor"}


def evaluated(settings):
    """The mixin's three fields, which are hidden when it is shown."""
    mixin = f"(import {json.dumps(str(DEPLOY / 'mixin/mixin.libsonnet'))}) + {{ _config+:: {json.dumps(settings)} }}"
    fields = [*RULES, "grafanaDashboards"]
    shown = ", ".join(f"{field}: mixin.{field}" for field in fields)
    return json.loads(_jsonnet.evaluate_snippet("mixin", f"local mixin = {mixin}; {{ {shown} }}"))


def expected():
    rules = {
        field: {"groups": [group for file in files for group in yaml.safe_load((DEPLOY / "prometheus/rules" / file).read_text())["groups"]]}
        for field, files in RULES.items()
    }
    dashboards = {path.name: json.loads(path.read_text()) for path in (DEPLOY / "grafana/dashboards").glob("*.json")}
    return {**rules, "grafanaDashboards": dashboards}


def set_to(value, settings):
    """What is expected, as text that is changed by hand."""
    text = json.dumps(value, sort_keys=True)
    text = text.replace('job=\\"tallyboard\\"', f'job=\\"{settings["job"]}\\"')
    text = text.replace("the job tallyboard", f"the job {settings['job']}")
    return text.replace("https://runbooks.example.com/tallyboard", settings["runbooks"])


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    as_it_is = expected()
    for settings in ({}, OWN):
        found, wanted = evaluated(settings), json.loads(set_to(as_it_is, settings)) if settings else as_it_is
        for field in wanted:
            if found[field] != wanted[field]:
                sys.exit(f"{field} of the mixin, set to {settings}, is not what the files in deploy say")
    for left in ("job tallyboard", 'job=\\"tallyboard', "runbooks.example.com"):
        if left in json.dumps(found):
            sys.exit(f"{left!r} is left in the mixin, set to {OWN}")
    if set_to(as_it_is, OWN) == json.dumps(as_it_is, sort_keys=True):
        sys.exit("no rule or dashboard has anything that is set")
    for field, name in (("prometheusRules", "rules.json"), ("prometheusAlerts", "alerts.json")):
        (Path(arguments[0]) / name).write_text(json.dumps(found[field]))
    print(f"{len(as_it_is['grafanaDashboards'])} dashboards, {sum(len(group['rules']) for field in RULES for group in as_it_is[field]['groups'])} rules")


main(sys.argv[1:])
