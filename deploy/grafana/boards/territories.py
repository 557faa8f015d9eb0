"""How the work lies on the territories."""

from parts import HERE, IN, OF_PERIOD, bars, grid, line, lines, named, number


def territories():
    yield number(
        "Dispersion",
        "0 if the work lies evenly on the territories, towards 1 if one has it all.",
        "sales_company_territory_dispersion",
        width=6,
        decimals=2,
    )
    yield number(
        "Farthest from even",
        "The territory whose work by rep is farthest from the mean.",
        "topk(1, territory:sales_balance:deviation)",
        "percentunit",
        6,
        legend="{{name}}",
        runbook="TerritoryImbalance",
    )
    yield number("Territories", "With reps.", "count(sales_territory_balance)", width=6)
    yield number("Reps", "At home in the territories chosen.", f"count(sales_rep_info{HERE})", width=6)
    yield bars(
        "Balance",
        "Work by rep against the company's mean, which is 1.",
        f"sort_desc({named(f'sales_territory_balance{HERE}', 'territory')})",
        "{{name}}",
        decimals=2,
        runbook="TerritoryImbalance",
    )
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
