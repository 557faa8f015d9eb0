// The whole of a scope at a glance.

import { isTold } from "../catalogue.js";
import { bar } from "../charts/bars.js";
import { byName, figureLink, large, parts } from "../figure.js";
import { node } from "../node.js";
import { elapsed, stepped } from "../periods.js";
import { scopeName } from "../pickers.js";
import { query } from "../route.js";
import { say } from "../text.js";
import { tile } from "../tiles.js";
import { size } from "../value.js";
import { verdictMark } from "../verdict.js";

const TILES = [
  "quota_attainment", "win_rate", "average_deal_size", "sales_velocity", "sales_cycle_p50", "open_amount", "weighted_pipeline", "pipeline_coverage",
  "won_deals", "created_deals", "required_deals", "required_leads", "mql_to_sql_drop_off", "selling_time_share", "stalled_deals",
];
const TILES_TV = TILES.slice(0, 9);
/** No more than the service lets one page watch. */
const LINES = ["won_amount", "win_rate", "average_deal_size", "quota_attainment", "sales_cycle_p50", "won_deals", "created_deals", "selling_time_share"];
const LINE_PERIODS = 12;

export default {
  pickers: ["scope", "period"],
  optional: ["before", ...LINES.map((kpi) => `line_${kpi}`)],
  title: (picks, known, document) => scopeName(picks, document, known),
  watches,
  show,
};

export function watches(picks, known) {
  const { scope = "company", id, kind = "quarter", period } = picks;
  const of = { scope, id: scope === "company" ? null : id, kind };
  const found = { kpis: query("kpis", { ...of, period }) };
  const before = !period || period === "current" ? "previous" : stepped(period, -1);
  if (before) found.before = query("kpis", { ...of, period: before });
  for (const kpi of LINES.filter((one) => isTold(known, one, kind))) found[`line_${kpi}`] = query("series", { kpi, ...of, count: LINE_PERIODS, until: period });
  return found;
}

export function show(documents, picks, known, isTv = false) {
  const { kpis, before } = documents;
  const [now, then] = [byName(kpis), byName(before)];
  const isCurrent = kpis.period.relative === "current";
  const about = (kpi) => ({ picks, before: then[kpi], series: documents[`line_${kpi}`], isCurrent });
  const goal = now.goal_attainment;
  const pace = isCurrent ? elapsed(kpis.period, kpis.as_of) : undefined;
  const hasGoal = goal && goal.value !== null;
  return [
    node("div.tiles",
      tile(now.won_amount, { ...about("won_amount"), isBig: true, goal: hasGoal ? size(goal) : undefined, mark: pace }),
      hasGoal ? goalTile(now, picks) : null,
      (isTv ? TILES_TV : TILES).map((kpi) => tile(now[kpi], about(kpi))),
      isTv ? null : quotas(now, picks)),
  ];
}

/** How the goal comes on: what is reached, and what it still takes. */
function goalTile(now, picks) {
  return node("section.card.tile.goal", { "data-key": "goal" },
    node("h2.tile-name", say("company.goal")),
    large("p.tile-value", figureLink("goal_attainment", now.goal_attainment, "ratio", { picks })),
    node("p", say("company.pace"), " ", figureLink("goal_pace", now.goal_pace, "ratio", { picks })),
    node("div.tile-foot", verdictMark(now.goal_pace.verdict)));
}

/** How the reps lie around their quotas, and whether the quotas are right. */
function quotas(now, picks) {
  const ranges = parts(now.reps_by_attainment, "attainment");
  const most = Math.max(...ranges.map((range) => size(range) ?? 0), 0);
  if (most === 0) return null;
  return node("section.card.tile.quotas", { "data-key": "quotas" },
    node("h2.tile-name", say("company.quotas")),
    large("p.tile-value", figureLink("reps_at_quota", now.reps_at_quota, "ratio", { picks })),
    node("ul.plain", ranges.map((range) => node("li.bar-row",
      node("span", say(`attainment.${range.attainment}`)), bar(size(range) / most, { tone: "calm" }),
      figureLink("reps_by_attainment", range, "reps", { picks, part: range.attainment })))),
    node("div.tile-foot", verdictMark(now.reps_at_quota.verdict)));
}
