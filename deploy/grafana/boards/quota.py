"""Whether quotas and goals will be made."""

from parts import IN, OF_PERIOD, PACE, bars, line, lines, number


def quota():
    pace = f'scope:sales_quota_pace:ratio{{scope="company", {OF_PERIOD}}}'
    yield number(
        "Quota pace",
        "Attainment against elapsed time; 100 % is on pace.",
        pace,
        "percentunit",
        colours=PACE,
        runbook="QuotaPaceAtRisk",
    )
    yield number(
        "Quota attainment",
        "Won amount as a share of the quotas.",
        f"sales_company_quota_attainment{{{OF_PERIOD}}}",
        "percentunit",
    )
    yield number(
        "Elapsed", "How much of the period has passed.", f"sales_period_elapsed_ratio{{{OF_PERIOD}}}", "percentunit"
    )
    yield number(
        "Goal pace",
        "If the goal were won evenly.",
        f"sales_company_goal_pace{{{OF_PERIOD}}}",
        "percentunit",
        colours=PACE,
        runbook="GoalPaceAtRisk",
    )
    yield number(
        "Required deals",
        "Still to be won to reach the goal.",
        f"sales_company_required_deals{{{OF_PERIOD}}}",
        decimals=0,
    )
    yield number(
        "Coverage",
        "Open amount due against what the quotas still need.",
        f"sales_company_pipeline_coverage{{{OF_PERIOD}}}",
        decimals=1,
    )
    pairs = [
        (f"sales_company_quota_attainment{{{OF_PERIOD}}}", "attainment"),
        (f"sales_period_elapsed_ratio{{{OF_PERIOD}}}", "elapsed"),
    ]
    yield lines(
        "Attainment and elapsed time",
        "On pace while the first is above the second.",
        pairs,
        "percentunit",
        runbook="QuotaPaceAtRisk",
    )
    yield lines(
        "Goal pace",
        "Won amount against what should have been won by now.",
        [(f"sales_company_goal_pace{{{OF_PERIOD}}}", "pace"), line("pace_ratio_min")],
        "percentunit",
        runbook="GoalPaceAtRisk",
    )
    yield bars(
        "Reps by attainment",
        "Most below: quotas are too high; most above: too low.",
        f"sales_company_reps_by_attainment{{{OF_PERIOD}}}",
        "{{attainment}}",
        decimals=0,
    )
    yield bars(
        "Pace of territories",
        "100 % is on pace.",
        f'sort_desc(scope:sales_quota_pace:ratio{{scope="territory", {OF_PERIOD}, {IN}}})',
        "{{name}}",
        "percentunit",
        colours=PACE,
        runbook="QuotaPaceAtRisk",
    )
    yield bars(
        "Pace of teams",
        "100 % is on pace.",
        f'sort_desc(scope:sales_quota_pace:ratio{{scope="team", {OF_PERIOD}, team=~"$team"}})',
        "{{team}}",
        "percentunit",
        colours=PACE,
        runbook="QuotaPaceAtRisk",
    )
    reps = f'sales_rep_quota_attainment{{{OF_PERIOD}, rep=~"$rep"}} * on (job, instance, rep) group_left (name) sales_rep_info{{team=~"$team", territory=~"$territory"}}'
    yield bars("Attainment of reps", "Of their own quotas.", f"sort_desc({reps})", "{{name}}", "percentunit", height=14)
