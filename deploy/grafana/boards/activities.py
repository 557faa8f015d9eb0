"""Where the time goes, and what goes with winning."""

from parts import IN, NOW, OF_PERIOD, bars, line, lines, number


def activities():
    def of(metric):
        return f"sales_territory_{metric}{{{OF_PERIOD}, {IN}}}"

    team = f'{{{OF_PERIOD}, team=~"$team"}}'
    share = f"sales_company_selling_time_share{{{OF_PERIOD}}}"
    yield number(
        "Selling time",
        "Share of the tracked time that is communication with clients.",
        share,
        "percentunit",
        6,
        runbook="SellingTimeLow",
    )
    yield number("Activities", "In the territories chosen.", f"sum({of('activities')})", width=6, decimals=0)
    yield number("Tracked time", "In the territories chosen.", f"sum({of('activity_seconds')})", "s", 6)
    sinks = f"sum(sales_company_time_sinks{{{OF_PERIOD}}}) or vector(0)"
    yield number(
        "Time sinks",
        "Share of the time in categories that do not go with winning; 0 too while there are too few deals to tell.",
        sinks,
        "percentunit",
        6,
    )
    pairs = [(f"sales_team_selling_time_share{team}", "{{team}}"), line("selling_time_ratio_min")]
    yield lines(
        "Selling time of teams", "And the share that it should be.", pairs, "percentunit", runbook="SellingTimeLow"
    )
    yield bars(
        "Time by category",
        "In the territories chosen.",
        f"sort_desc(sum by (category) ({of('activity_seconds')}))",
        "{{category}}",
        "s",
    )
    yield bars(
        "Activities by type",
        "The most frequent.",
        f"topk(15, sum by (activity_type) ({of('activities_by_type')}))",
        "{{activity_type}}",
        decimals=0,
    )
    yield lines(
        "Activities today",
        "By category, since midnight.",
        [(f'sales_company_activities{{period="day", {NOW}}}', "{{category}}")],
        decimals=0,
    )
    told = "Of the deals closed this year; by the interval of 95 % where the API tells it. Association, not cause."
    yield bars(
        "Win lift",
        f"How many times as often deals with such activities are won. {told}",
        f'sales_company_win_lift{{period="year", {NOW}}}',
        "{{category}}",
        decimals=2,
    )
    yield lines(
        "Correlation with winning",
        told,
        [(f'sales_company_win_correlation{{period="year", {NOW}}}', "{{category}}")],
        decimals=2,
    )
    reps = f'sales_rep_selling_time_share{{{OF_PERIOD}, rep=~"$rep"}} * on (job, instance, rep) group_left (name) sales_rep_info{{team=~"$team", territory=~"$territory"}}'
    yield bars(
        "Selling time of reps", "Share of their tracked time.", f"sort_desc({reps})", "{{name}}", "percentunit", 24, 14
    )
