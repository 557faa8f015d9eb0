"""Where deals pile up and where they leak."""

from parts import ALERTING, HERE, OF_PERIOD, bars, line, lines, number, row


def pipeline():
    def stage(metric):
        return f"sum by (pipeline, stage) (sales_territory_{metric}{HERE})"

    def of_company(metric):
        return f"sales_company_{metric}{{{OF_PERIOD}}}"

    def rise(metric):
        return [(f'sales_company_{metric}{{period="$period"}}', "{{relative}} {{stage}}")]

    yield number("Open deals", "Of the territories chosen.", f"sum(sales_territory_open_deals{HERE})", decimals=0)
    yield number(
        "Open amount",
        "Of the territories chosen.",
        f"sum by (currency) (sales_territory_open_amount{HERE})",
        legend="{{currency}}",
    )
    yield number(
        "Weighted pipeline",
        "By the share won from each stage.",
        "sum by (currency) (sales_company_weighted_pipeline)",
        legend="{{currency}}",
    )
    yield number(
        "Stalled deals",
        "Open for longer in their stage than its limit.",
        f"sum(sales_territory_stalled_deals{HERE})",
        decimals=0,
        runbook="StalledDeals",
    )
    yield number(
        "Tightest stage",
        "By bottleneck score.",
        f"topk(1, sales_company_bottleneck_score{{{OF_PERIOD}}})",
        legend="{{stage}}",
        runbook="PipelineBottleneck",
        sparkline=False,
    )
    yield number(
        "Alerts", "Business alerts that fire.", ALERTING.format("sales-ops"), legend="{{alertname}}", sparkline=False
    )
    yield row("Bottlenecks")
    yield lines(
        "Arrivals per departure",
        "Above 1, more deals come to a stage than leave it.",
        [(f"stage:sales_arrivals_per_departure:ratio{{{OF_PERIOD}}}", "{{stage}}")],
        runbook="PipelineBottleneck",
    )
    yield lines(
        "Age against limit",
        "The age that 9 of 10 open deals stay within; 1 is the stage's limit.",
        [("stage:sales_age_to_limit:ratio", "{{stage}}"), ("vector(1)", "line: limit")],
        runbook="PipelineBottleneck",
    )
    yield bars("Open deals by stage", "Of the territories chosen.", stage("open_deals"), "{{stage}}", decimals=0)
    yield lines(
        "Stalled share",
        "Of a stage's open deals.",
        [("stage:sales_stalled_deals:ratio", "{{stage}}"), line("stalled_ratio_max")],
        "percentunit",
        runbook="StalledDeals",
    )
    yield bars(
        "Time in a stage",
        "9 of 10 visits that ended in the current period stayed within.",
        of_company("dwell_p90_seconds"),
        "{{stage}}",
        "s",
    )
    expected = f"sales_company_expected_open_deals{{{OF_PERIOD}}}"
    yield lines(
        "Open deals and what is expected",
        "By Little's law; far below the open deals, a stage is filling up.",
        [("sales_company_open_deals", "{{stage}}"), (expected, "expected {{stage}}")],
    )
    yield row("Funnel")
    yield bars(
        "Cohort funnel",
        "Deals created in the current period that have come to each stage.",
        of_company("reached_deals"),
        "{{stage}}",
        decimals=0,
    )
    yield bars(
        "Conversion",
        "Visits that moved on, of those that began.",
        of_company("stage_conversion"),
        "{{stage}}",
        "percentunit",
    )
    yield lines(
        "Leakage",
        "Share of the deals that left a stage that were lost from it.",
        rise("stage_leakage"),
        "percentunit",
        runbook="LeakageJump",
    )
    yield bars(
        "Lost amount",
        "By the stage that it was lost from.",
        of_company("stage_lost_amount"),
        "{{stage}} {{currency}}",
        runbook="LeakageJump",
    )
    yield lines(
        "MQL to SQL drop-off",
        "Of the deals that became MQL in the period.",
        rise("mql_to_sql_drop_off"),
        "percentunit",
        runbook="MqlToSqlDrop",
    )
    yield bars(
        "Waterfall", "How the open amount changed in the current period.", of_company("pipeline_waterfall"), "{{flow}}"
    )
