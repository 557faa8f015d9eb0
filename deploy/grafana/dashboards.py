#!/usr/bin/env python3
"""Writes the dashboards of Tallyboard as JSON, into the folder `dashboards` or one that is named.

This script is their source. It needs grafana-foundation-sdk (requirements.txt); `--check` writes nothing, compares what is
there with what would be written, and reads it back with the SDK to see that nothing is lost.
"""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from boards.activities import activities
from boards.floor import floor
from boards.pipeline import pipeline
from boards.quota import quota
from boards.service import service
from boards.territories import territories
from parts import REP, TEAM, TERRITORY, board, period

PERIODS = ("day", "week", "month", "quarter", "year")
TARGETED = ("quarter", "year", "month")


def dashboards():
    everyone = [TERRITORY(), TEAM(), REP()]
    yield board("floor", "sales floor", "What is sold, by whom.", [period(PERIODS, "month"), *everyone], floor())
    variables = [period(PERIODS[1:], "month"), TERRITORY()]
    yield board(
        "pipeline", "pipeline and bottlenecks", "Where deals pile up and where they leak.", variables, pipeline()
    )
    yield board(
        "quota",
        "quota and pace",
        "Whether quotas and goals will be made.",
        [period(TARGETED, "quarter"), *everyone],
        quota(),
    )
    yield board(
        "activities",
        "activities",
        "Where the time goes, and what goes with winning.",
        [period(PERIODS[1:], "month"), *everyone],
        activities(),
    )
    yield board(
        "territories",
        "territories",
        "How the work lies on the territories.",
        [period(PERIODS, "month"), TERRITORY()],
        territories(),
    )
    yield board("service", "the service", "Whether the numbers are of now, and what they cost.", [], service())


def text(dashboard):
    return json.dumps(dashboard, cls=JSONEncoder, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def main(arguments):
    is_check = "--check" in arguments
    folder = Path(next((name for name in arguments if not name.startswith("--")), Path(__file__).parent / "dashboards"))
    written, wrong = set(), []
    for dashboard in dashboards():
        for number, panel in enumerate(dashboard.panels, 1):
            panel.id_val = number
        file = folder / f"{dashboard.uid}.json"
        written.add(file.name)
        if not is_check:
            file.write_text(text(dashboard), encoding="utf-8")
            continue
        found = file.read_text(encoding="utf-8") if file.is_file() else ""
        if found != text(dashboard):
            wrong.append(f"{file.name} is not what dashboards.py writes; run it")
        elif text(Dashboard.from_json(json.loads(found))) != found:
            wrong.append(f"{file.name} loses something when the SDK reads it")
    wrong += [f"{file.name} is written by nobody" for file in folder.glob("*.json") if file.name not in written]
    print("\n".join(wrong) or f"{len(written)} dashboards")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
