"""What is sold, by whom."""

from parts import IN, NOW, OF_PERIOD, bars, grid, lines, named, number


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
    daily = [
        ("sales_company_created_deals", "created"),
        ("sales_company_won_deals", "won"),
        ("sales_company_lost_deals", "lost"),
    ]
    daily = [(f'{name}{{period="day", {NOW}}}', legend) for name, legend in daily]
    yield lines("Deals today", "Created, won and lost since midnight.", daily, decimals=0)
    won = named(f"sales_territory_won_amount{{{OF_PERIOD}, {IN}}}", "territory")
    yield bars("Territories", "Won amount of the current period.", f"sort_desc({won})", "{{name}}")
    won = f'sales_team_won_amount{{{OF_PERIOD}, team=~"$team"}}'
    yield bars("Teams", "Won amount of the current period.", f"sort_desc({won})", "{{team}}")
    columns = [("Won", "won_amount", "short"), ("Deals", "won_deals", "none"), ("Created", "created_deals", "none")]
    columns = [(name, of_reps(metric), unit) for name, metric, unit in columns]
    yield grid("Reps", "Those who have numbers in the current period.", columns)
