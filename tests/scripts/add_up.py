#!/usr/bin/env python3
"""Adds a number up by hand, from an explanation of it and the event file alone.

    tallyboard explain events.jsonl --kpi won_amount --all --format json > explanation.json
    python3 add_up.py --time-zone America/New_York explanation.json events.jsonl

It shares nothing with the program; what the numbers mean is from the catalogue of KPIs. It checks that

- every event that is named is in the file, at the line of its offset, with its id, time, stage, rep and amount;
- the parts of all causes add up to each sum, and the sums to the KPI's value, in exact fractions;
- the parts of plain deals and activities (one rep, one territory, no credits, nothing deleted) are those that their own
  lines make, and that none of the scope and period is missing.

The file has to be one of which no line was rejected. Quotas count if they are of the very period. Ends with 0 and a line that says what was added up, or with 1 and what does not add up.
"""

import argparse
import json
import sys
import zoneinfo
from collections import defaultdict
from datetime import datetime
from fractions import Fraction

PROBLEMS_SHOWN = 10
SECONDS_PER_DAY = 86_400


class File:
    """The lines of an event file: deals and activities with their events in order of time, and who belongs where."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as lines:
            self.lines = [json.loads(line) if line.strip() else {} for line in lines]
        events = {}
        for line in self.lines:
            if line.get("type") in ("deal", "activity"):
                # A repetition says nothing new.
                events.setdefault((line["type"], line["event_id"]), line)
        self.events = defaultdict(list)
        for (kind, _), event in events.items():
            self.events[kind, event[kind + "_id"]].append(event)
        for own in self.events.values():
            own.sort(key=lambda event: (instant(event["occurred_at"]), event.get("version", 0)))
        # The last line of each holds.
        quotas = {(line["rep_id"], line["period"]): Fraction(line["amount"]) for line in self.of_type("quota")}
        self.quotas = {of for of, amount in quotas.items() if amount > 0}
        self.team = {line["rep_id"]: line.get("team_id") for line in self.of_type("rep")}
        self.home = {line["rep_id"]: line.get("territory_id") for line in self.of_type("rep")}
        self.parent = {line["territory_id"]: line.get("parent_id") for line in self.of_type("territory")}

    def of_type(self, kind):
        return [line for line in self.lines if line.get("type") == kind]

    def is_in(self, part, scope, of, by_home):
        """Whether a part is of a scope; by the home of its rep, or by its own territory."""
        rep = part["rep_id"]
        territory = self.home.get(rep) if by_home else part["territory_id"]
        if scope == "region":
            while territory is not None and territory != of:
                territory = self.parent.get(territory)
        own = {"rep": rep, "team": self.team.get(rep), "territory": territory, "region": territory}
        return scope == "company" or own[scope] == of


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def key(part):
    """What a sum is of."""
    return tuple(part.get(name) for name in ("of", "measure", "pipeline", "stage", "category", "currency"))


class Plain:
    """The parts that a deal or activity makes by its own lines; none if it is not plain."""

    def __init__(self, arguments):
        self.zone = zoneinfo.ZoneInfo(arguments.time_zone)
        self.won, self.lost = set(arguments.won), set(arguments.lost)

    def day(self, event):
        return instant(event["occurred_at"]).astimezone(self.zone).date().isoformat()

    def parts(self, kind, events):
        same = ("rep_id", "territory_id") + (("pipeline",) if kind == "deal" else ())
        if any(event.get(name) != events[0].get(name) for event in events for name in same):
            return None
        if any(event.get("credits") or event.get("deleted") or event.get("retracted") for event in events):
            return None
        whose = {"rep_id": events[0]["rep_id"], "territory_id": events[0]["territory_id"]}
        made = self.of_deal(events) if kind == "deal" else self.of_activity(events[-1])
        return [{**whose, **part} for part in made if Fraction(part["value"]) != 0]

    def of_activity(self, event):
        about = {"of": "period", "day": self.day(event), "category": event["category"]}
        yield {**about, "measure": "activities", "value": 1}

    def of_deal(self, events):
        last, closed = events[-1], None
        for event in reversed(events):
            if event["stage"] not in self.won | self.lost:
                break
            closed = event
        with_amount = [event for event in events if event.get("amount") is not None]
        amount = {"value": with_amount[-1]["amount"], "currency": with_amount[-1]["currency"]} if with_amount else None
        created = {"of": "period", "day": self.day(events[0]), "value": 1}
        stage = {"pipeline": last.get("pipeline", "default"), "stage": last["stage"]}
        yield {**created, "measure": "created_deals"}
        for before, event in zip(events, events[1:]):
            if event["stage"] in self.lost and before["stage"] not in self.won | self.lost:
                from_stage = {"pipeline": before.get("pipeline", "default"), "stage": before["stage"]}
                yield {"of": "period", "day": self.day(event), "measure": "stage_lost", "value": 1, **from_stage}
        if closed is None:
            now = {"of": "standing", "day": None, **stage}
            yield {**now, "measure": "open_deals", "value": 1}
            if amount:
                yield {**now, "measure": "open_amount", **amount}
            return
        at_close = {"of": "period", "day": self.day(closed)}
        if last["stage"] in self.lost:
            yield {**at_close, "measure": "lost_deals", "value": 1}
            return
        yield {**at_close, "measure": "won_deals", "value": 1}
        yield {**created, "measure": "cohort_won"}
        cycle = instant(closed["occurred_at"]) - instant(events[0]["occurred_at"])
        yield {**at_close, "measure": "cycle_seconds", "value": cycle.days * SECONDS_PER_DAY + cycle.seconds}
        if amount:
            yield {**at_close, "measure": "won_amount", **amount}


class Sums:
    """The parts of all causes, and what is final, added up."""

    def __init__(self, document):
        parts = [part for cause in document["causes"] for part in cause["parts"]]
        final = [{**entry, "value": entry["final"]} for entry in document["sums"]]
        self.parts = [part for part in parts + final if part["of"] in ("period", "standing")]

    def count(self, measure, **labels):
        return sum(part["value"] for part in self.parts if part["measure"] == measure and has(part, labels))

    def money(self, measure, **labels):
        """In the reporting currency, rounded once to the last digit, half to even; and how many digits it has."""
        parts = [part for part in self.parts if part["measure"] == measure and has(part, labels)]
        own = [part["value"] for part in parts if "exchange_rate" not in part and "rep_id" in part]
        digits = len(own[0].partition(".")[2]) if own else 2
        exact = sum(Fraction(part["value"]) * Fraction(part.get("exchange_rate", 1)) for part in parts)
        return Fraction(round(exact * 10**digits), 10**digits), digits


def has(part, labels):
    return all(part.get(name) == value for name, value in labels.items())


def whole(measure):
    return lambda sums, **labels: (sums.count(measure, **labels), None)


def amount(measure):
    return lambda sums, **labels: (sums.money(measure, **labels)[0], None)


def attainment(sums):
    """In minor units. The quotas themselves are no parts; nobody without one has any."""
    won, digits = sums.money("won_amount")
    return won * 10**digits, "given"


# Each KPI: numerator and denominator by its formula, the measures in it, and the dimension and formula of its parts.
KPIS = {
    "created_deals": (whole("created_deals"), ["created_deals"], None),
    "won_deals": (whole("won_deals"), ["won_deals"], None),
    "lost_deals": (whole("lost_deals"), ["lost_deals"], None),
    "won_amount": (amount("won_amount"), ["won_amount"], None),
    "win_rate": (
        lambda sums: (sums.count("won_deals"), sums.count("won_deals") + sums.count("lost_deals")),
        ["won_deals", "lost_deals"],
        None,
    ),
    "average_deal_size": (
        lambda sums: (sums.money("won_amount")[0], sums.count("won_deals")),
        ["won_amount", "won_deals"],
        None,
    ),
    "sales_cycle_mean": (
        lambda sums: (Fraction(sums.count("cycle_seconds"), SECONDS_PER_DAY), sums.count("won_deals")),
        ["cycle_seconds", "won_deals"],
        None,
    ),
    "cohort_conversion": (
        lambda sums: (sums.count("cohort_won"), sums.count("created_deals")),
        ["cohort_won", "created_deals"],
        None,
    ),
    "quota_attainment": (attainment, ["won_amount"], None),
    "open_deals": (whole("open_deals"), ["open_deals"], ("stage", whole("open_deals"))),
    "open_amount": (amount("open_amount"), ["open_amount"], ("stage", amount("open_amount"))),
    "stage_lost": (whole("stage_lost"), ["stage_lost"], ("stage", whole("stage_lost"))),
    "reached_deals": (whole("created_deals"), ["created_deals"], ("stage", whole("reached"))),
    "activities": (whole("activities"), ["activities"], ("category", whole("activities"))),
}


def check_events(document, file, wrong):
    """Every event that is named is at its offset, and none of a deal or activity is missing; how many there are."""
    found = 0
    for cause in document["causes"]:
        kind, of = cause["kind"], cause["id"]
        for event in cause["events"]:
            offset = event["offset"]
            line = file.lines[offset] if 0 <= offset < len(file.lines) else {}
            expected = {"type": kind, kind + "_id": of, "event_id": event["event_id"]}
            expected |= {name: event[name] for name in ("stage", "rep_id") if name in event}
            if line.get("amount") is not None:
                expected |= {"amount": Fraction(event.get("amount") or 0), "currency": event.get("currency")}
            for name, value in expected.items():
                here = Fraction(line[name]) if name == "amount" else line.get(name)
                if here != value:
                    wrong(f"{kind} {of}: line {offset + 1} has {name} {here}, the explanation {value}")
            if line and instant(line["occurred_at"]) != instant(event["occurred_at"]):
                wrong(f"{kind} {of}: line {offset + 1} is of {line['occurred_at']}, the explanation of {event['occurred_at']}")
            found += 1
        own = {event["event_id"] for event in file.events[kind, of]}
        named = {event["event_id"] for event in cause["events"]}
        # An activity has the one event that counts.
        if (kind == "deal" and own != named) or not named <= own:
            wrong(f"{kind} {of}: the explanation has the events {sorted(named)}, the file {sorted(own)}")
    return found


def check_sums(document, wrong):
    """The parts of all causes are the sums."""
    if document["next"] is not None or len(document["causes"]) != document["causes_total"]:
        wrong("these are not all causes; explain with --all")
    totals, causes = defaultdict(Fraction), defaultdict(set)
    for cause in document["causes"]:
        for part in cause["parts"]:
            totals[key(part)] += Fraction(part["value"])
            causes[key(part)].add((cause["kind"], cause["id"]))
    told = {key(entry): entry for entry in document["sums"]}
    for of in totals.keys() | told.keys():
        entry = told.get(of, {"total": 0, "final": 0, "causes": 0})
        if totals[of] + Fraction(entry["final"]) != Fraction(entry["total"]):
            wrong(f"sum {of} is told as {entry['total']}, of which {entry['final']} is final; its parts are {float(totals[of])}")
        if len(causes[of]) != entry["causes"]:
            wrong(f"sum {of} is told as of {entry['causes']} causes; there are {len(causes[of])}")


def check_figure(figure, numerator, denominator, what, wrong):
    """A figure of the document is what was computed."""
    if denominator == 0:
        if figure["value"] is not None or not figure.get("absent_reason"):
            wrong(f"{what} is told as {figure['value']}, but there is nothing to divide by")
        return
    if denominator == "given":
        denominator = figure["denominator"]
    if denominator is not None:
        # Money is exact text, all else a floating-point number.
        told = figure.get("numerator")
        if not (Fraction(told) == numerator if isinstance(told, str) else told == as_float(numerator)):
            wrong(f"{what} has the numerator {told}, but its parts make {as_float(numerator)}")
        if figure.get("denominator") != denominator:
            wrong(f"{what} has the denominator {figure.get('denominator')}, but its parts make {denominator}")
    value, exact = figure["value"], Fraction(numerator) / (denominator or 1)
    if isinstance(value, str):
        digits = len(value.partition(".")[2])
        exact = Fraction(round(exact * 10**digits), 10**digits)
        is_same = Fraction(value) == exact
    else:
        is_same = value == as_float(exact)
    if not is_same:
        wrong(f"{what} is told as {value}, but its parts make {as_float(exact)}")


def as_float(number):
    return Fraction(number).numerator / Fraction(number).denominator


def check_value(document, sums, wrong):
    """The value and its parts are what the formula makes of the causes."""
    kpi = document["kpi"]
    formula, _, by = KPIS[kpi["name"]]
    if kpi["value"] is None and "exchange rate" in kpi.get("absent_reason", ""):
        if all(part.get("exchange_rate", "") is not None for part in sums.parts):
            wrong("no exchange rate is missing, and the value is absent")
        return
    numerator, denominator = formula(sums)
    if kpi["value"] is None and kpi["name"] == "quota_attainment":
        denominator = 0
    check_figure(kpi, numerator, denominator, kpi["name"], wrong)
    if by:
        dimension, of_part = by
        for figure in kpi["by"][dimension]:
            labels = {name: figure[name] for name in ("pipeline", "stage", "category") if name in figure}
            check_figure(figure, *of_part(sums, **labels), f"{kpi['name']} {figure[dimension]}", wrong)


def check_lines(document, file, plain, wrong):
    """Plain deals and activities have the parts that their lines make, and none is missing; how many have any."""
    measures = KPIS[document["kpi"]["name"]][1]
    labels = ("of", "measure", "stage", "category", "day", "rep_id", "territory_id", "currency")

    def entries(parts):
        added = defaultdict(Fraction)
        for part in parts:
            if part["measure"] in measures and part["of"] in ("period", "standing"):
                added[tuple(part.get(label) for label in labels)] += Fraction(part["value"])
        return dict(added)

    def is_asked_for(part):
        period, day = document["period"], part["day"]
        in_time = day is None if period is None else day is not None and period["from"] <= day < period["to"]
        of_quota = document["kpi"]["name"] == "quota_attainment"
        if of_quota and (part["rep_id"], (period or {}).get("name")) not in file.quotas:
            return False
        return in_time and file.is_in(part, document["scope"], document["id"], of_quota)

    told = {(cause["kind"], cause["id"]): entries(cause["parts"]) for cause in document["causes"]}
    # What is final has no causes.
    has_final = any(Fraction(entry["final"]) != 0 for entry in document["sums"])
    recomputed = 0
    for (kind, of), events in file.events.items():
        parts = plain.parts(kind, events) if events else None
        if parts is None:
            continue
        own = entries(part for part in parts if is_asked_for(part))
        recomputed += bool(own)
        here = told.get((kind, of), {})
        if not here and has_final:
            continue
        for entry in own.keys() | here.keys():
            if own.get(entry, 0) != here.get(entry, 0):
                about = " ".join(str(label) for label in entry if label)
                wrong(f"{kind} {of}: {about} is {shown(here.get(entry, 0))}, but its lines make {shown(own.get(entry, 0))}")
    return recomputed


def shown(value):
    """A number as people read it."""
    if value is None:
        return "absent"
    if isinstance(value, Fraction):
        value = float(value)
    text = value if isinstance(value, str) else repr(value)
    before, point, after = text.partition(".")
    return (f"{int(before):,}".replace(",", " ") if before.lstrip("-").isdigit() else before) + point + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("explanation", help="the document, with all causes")
    parser.add_argument("events", help="the file of events that was explained")
    parser.add_argument("--time-zone", default="UTC", help="of the organisation, which decides the days")
    parser.add_argument("--won", nargs="+", default=["won", "Won"], help="the stages of the kind won")
    parser.add_argument("--lost", nargs="+", default=["lost", "Lost"], help="the stages of the kind lost")
    arguments = parser.parse_args()
    with open(arguments.explanation, encoding="utf-8") as text:
        document = json.load(text)
    kpi = document["kpi"]
    if kpi["name"] not in KPIS:
        sys.exit(f"{kpi['name']} is not one of {', '.join(KPIS)}")
    problems = []
    file = File(arguments.events)
    found = check_events(document, file, problems.append)
    check_sums(document, problems.append)
    check_value(document, Sums(document), problems.append)
    recomputed = check_lines(document, file, Plain(arguments), problems.append)
    scope = " ".join(text for text in (document["scope"], document["id"]) if text)
    name = f"{kpi['name']} {scope} {(document['period'] or {}).get('name', 'now')}"
    if problems:
        print(f"{name} does not add up: {len(problems)} differences")
        for problem in problems[:PROBLEMS_SHOWN]:
            print(f"  {problem}")
        sys.exit(1)
    of = " / ".join(shown(kpi[part]) for part in ("numerator", "denominator") if part in kpi)
    value = " ".join(text for text in (shown(kpi["value"]), kpi.get("currency"), f"({of})" if of else "") if text)
    kinds = sorted({cause["kind"] for cause in document["causes"]}) or ["deal"]
    causes = f"{shown(document['causes_total'])} {' and '.join(dict(deal='deals', activity='activities')[kind] for kind in kinds)}"
    print(
        f"{name}: {value} = sum of {causes}, {shown(found)} events found at their offsets, "
        f"{shown(recomputed)} made again from their own lines"
    )


if __name__ == "__main__":
    main()
