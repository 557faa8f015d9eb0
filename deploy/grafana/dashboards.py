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

from parts import NOW, PACE, REP, TEAM, TERRITORY, bars, board, grid, lines, named, number, period, row

OF_PERIOD = f'period="$period", {NOW}'
IN = 'territory=~"$territory"'
HERE = '{territory=~"$territory"}'
ALERTING = 'sum by (alertname) (ALERTS{{audience="{}", alertstate="firing"}}) or vector(0)'


def line(name):
    return f"max(tallyboard_alert_{name})", f"line: {name.replace('_', ' ')}"


def floor():
    def of_reps(metric):
        info = 'sales_rep_info{team=~"$team", territory=~"$territory"}'
        joined = f'sales_rep_{metric}{{{OF_PERIOD}, rep=~"$rep"}} * on (job, instance, rep) group_left (name, team)'
        return f"sum by (name, team) ({joined} {info})"

    def company(metric):
        return f"sales_company_{metric}{{{OF_PERIOD}}}"

    yield number("Won amount", "Revenue of the current period.", company("won_amount"), legend="{{currency}}")
    yield number("Won deals", "Deals won in the current period.", company("won_deals"), decimals=0)
    yield number("Win rate", "Of the deals closed in the current period.", company("win_rate"), "percentunit")
    yield number("Average deal size", "Of the deals won.", company("average_deal_size"), legend="{{currency}}")
    yield number("Sales cycle", "Median, of the deals won.", company("sales_cycle_p50_seconds"), "s")
    yield number("Sales velocity", "Money per day.", company("sales_velocity_per_day"), legend="{{currency}}")
    both = 'sales_company_won_amount{period="$period"}'
    yield lines("Won amount", "Of the current period, and of all of the previous one.", [(both, "{{relative}}")])
    daily = [("sales_company_created_deals", "created"), ("sales_company_won_deals", "won"), ("sales_company_lost_deals", "lost")]
    daily = [(f'{name}{{period="day", {NOW}}}', legend) for name, legend in daily]
    yield lines("Deals today", "Created, won and lost since midnight.", daily, decimals=0)
    won = named(f"sales_territory_won_amount{{{OF_PERIOD}, {IN}}}", "territory")
    yield bars("Territories", "Won amount of the current period.", f"sort_desc({won})", "{{name}}")
    won = f'sales_team_won_amount{{{OF_PERIOD}, team=~"$team"}}'
    yield bars("Teams", "Won amount of the current period.", f"sort_desc({won})", "{{team}}")
    columns = [("Won", "won_amount", "short"), ("Deals", "won_deals", "none"), ("Created", "created_deals", "none")]
    columns = [(name, of_reps(metric), unit) for name, metric, unit in columns]
    yield grid("Reps", "Those who have numbers in the current period.", columns)


def pipeline():
    def stage(metric):
        return f"sum by (pipeline, stage) (sales_territory_{metric}{HERE})"

    def of_company(metric):
        return f"sales_company_{metric}{{{OF_PERIOD}}}"

    def rise(metric):
        return [(f'sales_company_{metric}{{period="$period"}}', "{{relative}} {{stage}}")]

    yield number("Open deals", "Of the territories chosen.", f"sum(sales_territory_open_deals{HERE})", decimals=0)
    yield number("Open amount", "Of the territories chosen.", f"sum by (currency) (sales_territory_open_amount{HERE})", legend="{{currency}}")
    yield number("Weighted pipeline", "By the share won from each stage.", "sum by (currency) (sales_company_weighted_pipeline)", legend="{{currency}}")
    yield number("Stalled deals", "Open for longer in their stage than its limit.", f"sum(sales_territory_stalled_deals{HERE})", decimals=0, runbook="StalledDeals")
    yield number("Tightest stage", "By bottleneck score.", f"topk(1, sales_company_bottleneck_score{{{OF_PERIOD}}})", legend="{{stage}}", runbook="PipelineBottleneck", sparkline=False)
    yield number("Alerts", "Business alerts that fire.", ALERTING.format("sales-ops"), legend="{{alertname}}", sparkline=False)
    yield row("Bottlenecks")
    yield lines("Arrivals per departure", "Above 1, more deals come to a stage than leave it.", [(f"stage:sales_arrivals_per_departure:ratio{{{OF_PERIOD}}}", "{{stage}}")], runbook="PipelineBottleneck")
    yield lines("Age against limit", "The age that 9 of 10 open deals stay within; 1 is the stage's limit.", [("stage:sales_age_to_limit:ratio", "{{stage}}"), ("vector(1)", "line: limit")], runbook="PipelineBottleneck")
    yield bars("Open deals by stage", "Of the territories chosen.", stage("open_deals"), "{{stage}}", decimals=0)
    yield lines("Stalled share", "Of a stage's open deals.", [("stage:sales_stalled_deals:ratio", "{{stage}}"), line("stalled_ratio_max")], "percentunit", runbook="StalledDeals")
    yield bars("Time in a stage", "9 of 10 visits that ended in the current period stayed within.", of_company("dwell_p90_seconds"), "{{stage}}", "s")
    expected = f"sales_company_expected_open_deals{{{OF_PERIOD}}}"
    yield lines("Open deals and what is expected", "By Little's law; far below the open deals, a stage is filling up.", [("sales_company_open_deals", "{{stage}}"), (expected, "expected {{stage}}")])
    yield row("Funnel")
    yield bars("Cohort funnel", "Deals created in the current period that have come to each stage.", of_company("reached_deals"), "{{stage}}", decimals=0)
    yield bars("Conversion", "Visits that moved on, of those that began.", of_company("stage_conversion"), "{{stage}}", "percentunit")
    yield lines("Leakage", "Share of the deals that left a stage that were lost from it.", rise("stage_leakage"), "percentunit", runbook="LeakageJump")
    yield bars("Lost amount", "By the stage that it was lost from.", of_company("stage_lost_amount"), "{{stage}} {{currency}}", runbook="LeakageJump")
    yield lines("MQL to SQL drop-off", "Of the deals that became MQL in the period.", rise("mql_to_sql_drop_off"), "percentunit", runbook="MqlToSqlDrop")
    yield bars("Waterfall", "How the open amount changed in the current period.", of_company("pipeline_waterfall"), "{{flow}}")


def quota():
    pace = f'scope:sales_quota_pace:ratio{{scope="company", {OF_PERIOD}}}'
    yield number("Quota pace", "Attainment against elapsed time; 100 % is on pace.", pace, "percentunit", colours=PACE, runbook="QuotaPaceAtRisk")
    yield number("Quota attainment", "Won amount as a share of the quotas.", f"sales_company_quota_attainment{{{OF_PERIOD}}}", "percentunit")
    yield number("Elapsed", "How much of the period has passed.", f"sales_period_elapsed_ratio{{{OF_PERIOD}}}", "percentunit")
    yield number("Goal pace", "If the goal were won evenly.", f"sales_company_goal_pace{{{OF_PERIOD}}}", "percentunit", colours=PACE, runbook="GoalPaceAtRisk")
    yield number("Required deals", "Still to be won to reach the goal.", f"sales_company_required_deals{{{OF_PERIOD}}}", decimals=0)
    yield number("Coverage", "Open amount due against what the quotas still need.", f"sales_company_pipeline_coverage{{{OF_PERIOD}}}", decimals=1)
    pairs = [(f"sales_company_quota_attainment{{{OF_PERIOD}}}", "attainment"), (f"sales_period_elapsed_ratio{{{OF_PERIOD}}}", "elapsed")]
    yield lines("Attainment and elapsed time", "On pace while the first is above the second.", pairs, "percentunit", runbook="QuotaPaceAtRisk")
    yield lines("Goal pace", "Won amount against what should have been won by now.", [(f"sales_company_goal_pace{{{OF_PERIOD}}}", "pace"), line("pace_ratio_min")], "percentunit", runbook="GoalPaceAtRisk")
    yield bars("Reps by attainment", "Most below: quotas are too high; most above: too low.", f"sales_company_reps_by_attainment{{{OF_PERIOD}}}", "{{attainment}}", decimals=0)
    yield bars("Pace of territories", "100 % is on pace.", f'sort_desc(scope:sales_quota_pace:ratio{{scope="territory", {OF_PERIOD}, {IN}}})', "{{name}}", "percentunit", colours=PACE, runbook="QuotaPaceAtRisk")
    yield bars("Pace of teams", "100 % is on pace.", f'sort_desc(scope:sales_quota_pace:ratio{{scope="team", {OF_PERIOD}, team=~"$team"}})', "{{team}}", "percentunit", colours=PACE, runbook="QuotaPaceAtRisk")
    reps = f'sales_rep_quota_attainment{{{OF_PERIOD}, rep=~"$rep"}} * on (job, instance, rep) group_left (name) sales_rep_info{{team=~"$team", territory=~"$territory"}}'
    yield bars("Attainment of reps", "Of their own quotas.", f"sort_desc({reps})", "{{name}}", "percentunit", height=14)


def activities():
    def of(metric):
        return f"sales_territory_{metric}{{{OF_PERIOD}, {IN}}}"

    team = f'{{{OF_PERIOD}, team=~"$team"}}'
    share = f"sales_company_selling_time_share{{{OF_PERIOD}}}"
    yield number("Selling time", "Share of the tracked time that is communication with clients.", share, "percentunit", 6, runbook="SellingTimeLow")
    yield number("Activities", "In the territories chosen.", f"sum({of('activities')})", width=6, decimals=0)
    yield number("Tracked time", "In the territories chosen.", f"sum({of('activity_seconds')})", "s", 6)
    sinks = f"sum(sales_company_time_sinks{{{OF_PERIOD}}}) or vector(0)"
    yield number("Time sinks", "Share of the time in categories that do not go with winning; 0 too while there are too few deals to tell.", sinks, "percentunit", 6)
    pairs = [(f"sales_team_selling_time_share{team}", "{{team}}"), line("selling_time_ratio_min")]
    yield lines("Selling time of teams", "And the share that it should be.", pairs, "percentunit", runbook="SellingTimeLow")
    yield bars("Time by category", "In the territories chosen.", f"sort_desc(sum by (category) ({of('activity_seconds')}))", "{{category}}", "s")
    yield bars("Activities by type", "The most frequent.", f"topk(15, sum by (activity_type) ({of('activities_by_type')}))", "{{activity_type}}", decimals=0)
    yield lines("Activities today", "By category, since midnight.", [(f'sales_company_activities{{period="day", {NOW}}}', "{{category}}")], decimals=0)
    told = "Of the deals closed this year; by the interval of 95 % where the API tells it. Association, not cause."
    yield bars("Win lift", f"How many times as often deals with such activities are won. {told}", f'sales_company_win_lift{{period="year", {NOW}}}', "{{category}}", decimals=2)
    yield lines("Correlation with winning", told, [(f'sales_company_win_correlation{{period="year", {NOW}}}', "{{category}}")], decimals=2)
    reps = f'sales_rep_selling_time_share{{{OF_PERIOD}, rep=~"$rep"}} * on (job, instance, rep) group_left (name) sales_rep_info{{team=~"$team", territory=~"$territory"}}'
    yield bars("Selling time of reps", "Share of their tracked time.", f"sort_desc({reps})", "{{name}}", "percentunit", 24, 14)


def territories():
    yield number("Dispersion", "0 if the work lies evenly on the territories, towards 1 if one has it all.", "sales_company_territory_dispersion", width=6, decimals=2)
    yield number("Farthest from even", "The territory whose work by rep is farthest from the mean.", "topk(1, territory:sales_balance:deviation)", "percentunit", 6, legend="{{name}}", runbook="TerritoryImbalance")
    yield number("Territories", "With reps.", "count(sales_territory_balance)", width=6)
    yield number("Reps", "At home in the territories chosen.", f"count(sales_rep_info{HERE})", width=6)
    yield bars("Balance", "Work by rep against the company's mean, which is 1.", f"sort_desc({named(f'sales_territory_balance{HERE}', 'territory')})", "{{name}}", decimals=2, runbook="TerritoryImbalance")
    pairs = [(f"territory:sales_balance:deviation{HERE}", "{{name}}"), line("balance_deviation_max")]
    yield lines("Distance from even", "To either side.", pairs, "percentunit", runbook="TerritoryImbalance")
    regions = named("sales_region_balance", "region")
    yield bars("Regions", "Work by rep against the company's mean.", f"sort_desc({regions})", "{{name}}", decimals=2)
    open_amount = named(f"sum by (job, instance, territory, currency) (sales_territory_open_amount{HERE})", "territory")
    yield lines("Open amount", "By territory.", [(open_amount, "{{name}}")], stacked=True)

    def column(metric, labels):
        return f"sum by (name) ({named(f'sales_territory_{metric}{{{labels}}}', 'territory')})"

    columns = [
        ("Won", column("won_amount", f"{OF_PERIOD}, {IN}"), "short"),
        ("Won deals", column("won_deals", f"{OF_PERIOD}, {IN}"), "none"),
        ("Open deals", column("open_deals", IN), "none"),
        ("Stalled deals", column("stalled_deals", IN), "none"),
        ("Tracked time", column("activity_seconds", f"{OF_PERIOD}, {IN}"), "s"),
    ]
    yield grid("Territories", "Of the current period, and what stands now.", columns)


def service():
    def recent(metric, labels=""):
        return f"rate({metric}{labels}[$__rate_interval])"

    def or_nothing(expr):
        return f"{expr} or vector(0)"

    ready = ((None, "red"), (1, "green"))
    yield number("Up", "Whether it can be scraped.", 'up{job="tallyboard"}', legend="{{instance}}", colours=ready, runbook="TallyboardDown")
    yield number("Ready", "Whether it has caught up since it started.", "tallyboard_ready", colours=ready, runbook="TallyboardNotReady")
    yield number("Complete", "Whether the numbers are of now; business alerts are silent otherwise.", "tallyboard_numbers_complete", colours=ready, runbook="TallyboardLagging")
    yield number("Partitions", "That are read.", "job:tallyboard_partitions_owned:sum", decimals=0, runbook="TallyboardPartitionsUnowned")
    yield number("Version", "That runs.", "tallyboard_build_info", legend="{{version}}", sparkline=False)
    yield number("Alerts", "Of the service, that fire.", ALERTING.format("on-call"), legend="{{alertname}}", sparkline=False)
    yield row("Events")
    yield lines("Events", "By what became of them.", [("instance:tallyboard_events:rate5m", "{{outcome}}")], "eps")
    yield lines("From the log to the board", "99 of 100 events are visible within.", [("instance:tallyboard_event_to_visible_seconds:p99_5m", "p99")], "s")
    yield lines("Lag", "How long records have waited.", [("instance:tallyboard_lag_seconds:max", "{{instance}}"), line("lag_seconds_max")], "s", runbook="TallyboardLagging")
    yield lines("Records behind", "By topic.", [("sum by (topic) (tallyboard_lag_records)", "{{topic}}")], decimals=0, runbook="TallyboardLagging")
    yield lines("Silence", "Since the newest record was received.", [("time() - tallyboard_last_received_timestamp_seconds", "{{topic}}"), line("silence_seconds_max")], "s", runbook="TallyboardNoNewEvents")
    yield lines("Dead letters", "Of 15 minutes, by reason.", [("instance:tallyboard_dead_letters:increase15m", "{{reason}}")], decimals=0, runbook="TallyboardDeadLetters")
    yield lines("Restatements", "Changes to months that had ended, of an hour.", [("sum by (measure) (increase(tallyboard_restatements_total[1h]))", "{{measure}}")], decimals=0)
    yield lines("Trouble", "Errors of the log, waits for schemas, failed snapshots, records with a wrong key.", [
        (or_nothing(f"sum({recent('tallyboard_log_errors_total')})"), "log"),
        (f"sum({recent('tallyboard_schema_waits_total')})", "schemas"),
        (f"sum({recent('tallyboard_snapshot_failures_total')})", "snapshots"),
        (f"sum({recent('tallyboard_key_mismatches_total')})", "keys"),
    ])
    yield row("State")
    yield lines("Not in a snapshot", "For how long, of the worst partition.", [("max(tallyboard_unsaved_seconds)", "unsaved"), line("unsaved_seconds_max")], "s", runbook="TallyboardSnapshotTooOld")
    yield lines("Memory", "Of the process, and of its deals, activities and cells.", [("process_resident_memory_bytes{job=\"tallyboard\"}", "process"), ("tallyboard_state_memory_bytes", "state")], "bytes")
    yield lines("Deals", "In memory.", [("tallyboard_deals", "{{state}}")], decimals=0)
    yield lines("Processor", "Cores in use.", [(recent("process_cpu_seconds_total", '{job="tallyboard"}'), "cores")])
    yield lines("Scrapes", "How long they take.", [('scrape_duration_seconds{job="tallyboard"}', "duration")], "s", runbook="TallyboardDown")
    yield lines("Series", "Of a scrape, and those that were left out.", [('scrape_samples_scraped{job="tallyboard"}', "scraped"), (or_nothing("sum(tallyboard_series_dropped)"), "left out")], decimals=0, runbook="TallyboardSeriesDropped")


PERIODS = ("day", "week", "month", "quarter", "year")
TARGETED = ("quarter", "year", "month")


def dashboards():
    everyone = [TERRITORY(), TEAM(), REP()]
    yield board("floor", "sales floor", "What is sold, by whom.", [period(PERIODS, "month"), *everyone], floor())
    variables = [period(PERIODS[1:], "month"), TERRITORY()]
    yield board("pipeline", "pipeline and bottlenecks", "Where deals pile up and where they leak.", variables, pipeline())
    yield board("quota", "quota and pace", "Whether quotas and goals will be made.", [period(TARGETED, "quarter"), *everyone], quota())
    yield board("activities", "activities", "Where the time goes, and what goes with winning.", [period(PERIODS[1:], "month"), *everyone], activities())
    yield board("territories", "territories", "How the work lies on the territories.", [period(PERIODS, "month"), TERRITORY()], territories())
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
