"""What the dashboards are made of: panels, variables and the words of queries, on top of Grafana's foundation SDK."""

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
NOW = 'relative="current"'
GREEN, YELLOW, RED = "green", "yellow", "red"
OF_PERIOD = f'period="$period", {NOW}'
IN = 'territory=~"$territory"'
HERE = '{territory=~"$territory"}'
ALERTING = 'sum by (alertname) (ALERTS{{audience="{}", alertstate="firing"}}) or vector(0)'


def named(expr, scope, also=""):
    """An expression by id, with the names that the ids stand for."""
    more = f", {also}" if also else ""
    return f"{expr} * on (job, instance, {scope}) group_left (name{more}) sales_{scope}_info"


def line(name):
    """Where an alert begins, as expression and legend."""
    return f"max(tallyboard_alert_{name})", f"line: {name.replace('_', ' ')}"


def query(expr, legend="", instant=False, ref="A", as_table=False):
    made = prometheus.Dataquery().expr(expr).ref_id(ref).legend_format(legend or "__auto")
    made = made.instant() if instant else made.range()
    return made.format(PromQueryFormat.TABLE if as_table else PromQueryFormat.TIME_SERIES)


def steps(*pairs):
    """Colours with the values from which they hold; the first holds from below."""
    colours = [model.Threshold(value=value, color=colour) for value, colour in pairs]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(colours)


PLAIN = ((None, GREEN),)
PACE = ((None, RED), (0.85, YELLOW), (1, GREEN))


def dressed(panel, title, description, unit, width, height, queries, runbook=None, colours=PLAIN, decimals=None):
    panel.title(title).description(description).unit(unit).datasource(SOURCE).span(width).height(height)
    panel.thresholds(steps(*colours))
    if decimals is not None:
        panel.decimals(decimals)
    for made in queries:
        panel.with_target(made)
    if runbook:
        link = dashboard.DashboardLink(f"Runbook: {runbook}").type(model.DashboardLinkType.LINK)
        panel.links([link.url("${runbooks}/" + runbook + ".md").target_blank(True)])
    return panel


def last():
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def number(title, description, expr, unit="short", width=4, legend="", sparkline=True, **rest):
    """One figure."""
    panel = dressed(stat.Panel(), title, description, unit, width, 4, [query(expr, legend)], **rest)
    mode = shapes.BigValueGraphMode.AREA if sparkline else shapes.BigValueGraphMode.NONE
    return panel.reduce_options(last()).graph_mode(mode).color_mode(shapes.BigValueColorMode.VALUE)


def bars(title, description, expr, legend, unit="short", width=12, height=9, **rest):
    """One bar for each series, as it is now; the longest first where the expression sorts."""
    queries = [query(expr, legend, instant=True)]
    panel = dressed(bargauge.Panel(), title, description, unit, width, height, queries, **rest)
    panel.reduce_options(last()).orientation(shapes.VizOrientation.HORIZONTAL)
    return panel.display_mode(shapes.BarGaugeDisplayMode.GRADIENT).show_unfilled(True).min(0)


def lines(title, description, pairs, unit="short", width=12, height=9, stacked=False, **rest):
    """Lines over time: pairs of expression and legend. A legend that begins with `line:` is a dashed line that is not
    to be crossed."""
    queries = [query(expr, legend, ref=chr(65 + at)) for at, (expr, legend) in enumerate(pairs)]
    panel = dressed(timeseries.Panel(), title, description, unit, width, height, queries, **rest)
    legend = common.VizLegendOptions().display_mode(shapes.LegendDisplayMode.TABLE).show_legend(True)
    panel.legend(legend.placement(shapes.LegendPlacement.RIGHT).calcs(["lastNotNull"]))
    panel.tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI))
    panel.line_width(2).fill_opacity(20 if stacked else 0)
    if stacked:
        panel.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL))
    dashed = [
        model.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
        model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": RED}),
    ]
    return panel.override_by_regexp("/^line:/", dashed)


def grid(title, description, columns, width=24, height=10):
    """A table: columns of name, expression and unit, one row for each set of labels that they share."""
    queries = [query(expr, instant=True, ref=chr(65 + at), as_table=True) for at, (_, expr, _) in enumerate(columns)]
    panel = dressed(table.Panel(), title, description, "short", width, height, queries)
    panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    names = {f"Value #{chr(65 + at)}": name for at, (name, _, _) in enumerate(columns)}
    if len(columns) == 1:
        names["Value"] = columns[0][0]
    shown = {"excludeByName": {"Time": True}, "renameByName": names, "indexByName": {}}
    panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=shown))
    for name, _, unit in columns:
        panel.override_by_name(name, [model.DynamicConfigValue("unit", unit)])
    return panel


def row(title):
    return dashboard.Row(title)


def option(value, text=None):
    return model.VariableOption(selected=True, text=text or value, value=value)


def period(values, default):
    """The kind of period whose current one is shown."""
    choice = dashboard.CustomVariable("period").label("Period").values(",".join(values)).current(option(default))
    return choice.options(
        [model.VariableOption(selected=value == default, text=value, value=value) for value in values]
    )


def chosen(name, label, source, pattern=None):
    """Ids to choose from, shown by their names where there is a pattern that finds them."""
    made = dashboard.QueryVariable(name).label(label).datasource(SOURCE).multi(True).include_all(True)
    made.all_value(".*").current(option("$__all", "All")).refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    made.sort(model.VariableSort.ALPHABETICAL_ASC).query({"query": source, "refId": name})
    return made.regex(pattern) if pattern else made


def TERRITORY():
    pattern = '/name="(?<text>[^"]+)".*territory="(?<value>[^"]+)"/'
    return chosen("territory", "Territory", "query_result(sales_territory_info)", pattern)


def TEAM():
    return chosen("team", "Team", "label_values(sales_rep_info, team)")


def REP():
    source = 'query_result(sales_rep_info{team=~"$team", territory=~"$territory"})'
    return chosen("rep", "Rep", source, '/name="(?<text>[^"]+)".*rep="(?<value>[^"]+)"/')


def board(uid, title, description, variables, panels):
    """A dashboard; panels follow each other from left to right."""
    made = dashboard.Dashboard(f"Tallyboard: {title}").uid(f"tallyboard-{uid}").description(description)
    made.tags(["tallyboard"]).time("now-24h", "now").refresh("30s").timezone("browser").readonly()
    made.tooltip(model.DashboardCursorSync.CROSSHAIR)
    made.with_variable(dashboard.DatasourceVariable("datasource").label("Source").type("prometheus"))
    for variable in variables:
        made.with_variable(variable)
    for name, url in (("page", "http://127.0.0.1:8080"), ("runbooks", "https://runbooks.example.com/tallyboard")):
        made.with_variable(dashboard.ConstantVariable(name).value(url))
    others = dashboard.DashboardLink("Dashboards").type(model.DashboardLinkType.DASHBOARDS)
    made.link(others.tags(["tallyboard"]).as_dropdown(True).include_vars(True).keep_time(True))
    page = dashboard.DashboardLink("Tallyboard").type(model.DashboardLinkType.LINK)
    made.link(page.url("${page}").target_blank(True))
    for panel in panels:
        made.with_row(panel) if isinstance(panel, dashboard.Row) else made.with_panel(panel)
    return made.build()
