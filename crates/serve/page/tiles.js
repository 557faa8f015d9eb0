// A KPI in a card: its value, what it means, what it was before, and how it went.

import { sparkline } from "./charts/sparkline.js";
import { bar } from "./charts/bars.js";
import { figureLink, large } from "./figure.js";
import { node } from "./node.js";
import { kpiLabel, say } from "./text.js";
import { signedPercent, size, valueText } from "./value.js";
import { verdictMark } from "./verdict.js";

/** Less of these is better. */
const LESS_IS_BETTER = new Set(["sales_cycle_mean", "sales_cycle_p50", "sales_cycle_p90", "mql_to_sql_drop_off", "stage_leakage", "stalled_deals", "required_deals", "required_leads", "time_sinks", "lost_deals"]);
/** These grow as the period passes, so that a period that lasts is not comparable with a whole one. */
const SUMS = new Set(["won_amount", "won_deals", "created_deals", "lost_deals", "activities", "activity_minutes", "quota_attainment", "goal_attainment", "mql_deals", "reps_at_quota"]);
/** A tile of a figure. `before`: the same KPI of the period before; `series`: for the line; `goal`: a share to fill. */
export function tile(figure, { picks, before, series, goal, mark, isBig, form, isCurrent }) {
  if (!figure) return null;
  return node(isBig ? "section.card.tile.hero" : "section.card.tile", { "data-key": figure.name },
    node("h2.tile-name", kpiLabel(figure.name)),
    large("p.tile-value", figureLink(figure.name, figure, figure.unit, { picks, form: form ?? (isBig ? "whole" : "short") })),
    goal === undefined ? null : bar(goal, { mark, tone: mark !== undefined && goal < mark ? "behind" : "good" }),
    node("div.tile-foot", verdictMark(figure.verdict), trend(figure, before, isCurrent)),
    series ? sparkline(series, figure.name) : null);
}

function trend(figure, before, isCurrent) {
  const [now, then] = [size(figure), size(before)];
  if (now === null || then === null || figure.standing) return null;
  const was = valueText(before, figure.unit, { form: "short", kpi: figure.name });
  const change = now / then - 1;
  // Against next to nothing, a percentage says nothing.
  const isComparable = then !== 0 && Math.abs(change) < 3 && !(isCurrent && SUMS.has(figure.name));
  if (!isComparable) return node("span.trend.quiet", say("tile.before", { value: was }));
  const tone = Math.abs(change) < 0.005 ? "calm" : (change > 0) === !LESS_IS_BETTER.has(figure.name) ? "good" : "bad";
  const arrow = change > 0.005 ? "↑" : change < -0.005 ? "↓" : "→";
  return node("span.trend", { "data-tone": tone, title: say("tile.before", { value: was }) },
    node("span", { "aria-hidden": "true" }, `${arrow} `), signedPercent(change), node("span.quiet", ` ${say("tile.from", { value: was })}`));
}
