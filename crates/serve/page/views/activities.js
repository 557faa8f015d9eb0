// Where the time goes, and which of it goes with winning.

import { sellingShare } from "../catalogue.js";
import { bar, interval } from "../charts/bars.js";
import { byName, figureLink, large, parts } from "../figure.js";
import { name, node } from "../node.js";
import { scopeName } from "../pickers.js";
import { query } from "../route.js";
import { nothing } from "../states.js";
import { categoryText, kpiLabel, say } from "../text.js";
import { verdictMark } from "../verdict.js";
import { percent, plain, size } from "../value.js";

const SELLING = new Set(["digital_client_communication", "in_person_client_communication"]);
/** Lift from 1/8 to 8, by doublings. */
const DOUBLINGS = 3;

export default {
  pickers: ["scope", "period"],
  title: (picks, known, document) => `${say("view.activities")} · ${scopeName(picks, document, known)}`,

  watches({ scope = "company", id, kind = "quarter", period }) {
    return { kpis: query("kpis", { scope, id: scope === "company" ? null : id, kind, period }) };
  },

  show({ kpis }, picks, known) {
    const now = byName(kpis);
    return [selling(now, picks, sellingShare(known)), sinks(now.time_sinks, picks), node("div.columns", mix(now, picks), types(now, picks)), lift(now, picks)].filter(Boolean);
  },
};

function selling(now, picks, benchmark) {
  const share = now.selling_time_share;
  return node("section.card.wide-card", { "data-key": "selling" },
    node("h2", kpiLabel("selling_time_share")),
    node("div.split", large("p.tile-value", figureLink("selling_time_share", share, "ratio", { picks })), verdictMark(share.verdict)),
    bar(size(share) ?? 0, { mark: benchmark ?? undefined, tone: share.verdict === "below_benchmark" ? "behind" : "good" }),
    benchmark === null ? null : node("p.quiet", say("activities.benchmark", { share: percent(benchmark) })));
}

function mix(now, picks) {
  const minutes = parts(now.activity_minutes, "category");
  const total = size(now.activity_minutes) || 1;
  const counts = new Map(parts(now.activities, "category").map((part) => [part.category, part]));
  const row = (part) => node("li.bar-row.two",
    node("span", categoryText(part.category)), bar(size(part) / total, { tone: SELLING.has(part.category) ? "good" : "calm" }),
    node("span.pair", figureLink("activity_minutes", part, "minutes", { picks, part: part.category }),
      node("small", counts.has(part.category) ? [" · ", figureLink("activities", counts.get(part.category), "activities", { picks, part: part.category }), ` ${say("activities.times")}`] : null)));
  return node("section.card", { "data-key": "mix" },
    node("h2", say("activities.mix")),
    node("p.quiet", figureLink("activity_minutes", now.activity_minutes, "minutes", { picks }), " · ", figureLink("activities", now.activities, "activities", { picks }), ` ${say("activities.times")}`),
    minutes.length === 0 ? nothing(say("activities.nothing")) : node("ul.plain", minutes.toSorted((one, other) => size(other) - size(one)).map(row)));
}

function types(now, picks) {
  const found = parts(now.activity_minutes_by_type, "activity_type").toSorted((one, other) => size(other) - size(one)).slice(0, 12);
  const most = Math.max(...found.map(size), 0) || 1;
  const row = (part) => node("li.bar-row",
    node("span", name(part.activity_type), node("small.quiet", ` ${categoryText(part.category)}`)), bar(size(part) / most, { tone: SELLING.has(part.category) ? "good" : "calm" }),
    figureLink("activity_minutes_by_type", part, "minutes", { picks, part: part.activity_type }));
  return node("section.card", { "data-key": "types" }, node("h2", say("activities.types")),
    found.length === 0 ? nothing(say("activities.nothing")) : node("ul.plain", found.map(row)));
}

/** Lift with its interval, on a logarithmic scale with 1 in the middle. */
function lift(now, picks) {
  const found = parts(now.win_lift, "category");
  if (found.every((part) => part.value === null)) {
    return node("section.card", { "data-key": "lift" }, node("h2", say("activities.lift")), nothing(found[0]?.absent_reason ?? now.win_lift?.absent_reason ?? ""));
  }
  const at = (value) => (Math.max(-DOUBLINGS, Math.min(DOUBLINGS, Math.log2(Math.max(value, 1e-6)))) + DOUBLINGS) / (2 * DOUBLINGS);
  const row = (part) => {
    if (part.value === null) return node("tr", node("th", { scope: "row" }, categoryText(part.category)), node("td", figureLink("win_lift", part, "number", { picks, part: part.category })), node("td"), node("td"));
    const [low, high] = part.interval ?? [part.value, part.value];
    const tone = low > 1 ? "good" : high < 1 ? "bad" : "calm";
    return node("tr",
      node("th", { scope: "row" }, categoryText(part.category)),
      node("td", figureLink("win_lift", part, "number", { picks, part: part.category })),
      node("td.quiet.range", `${plain(low)} – ${plain(high)}`),
      node("td.chart", interval(at(low), at(part.value), at(high), 0.5, tone)));
  };
  const head = ["category", "lift", "interval", "chart"].map((column) => node("th", { scope: "col" }, say(`activities.column.${column}`)));
  return node("section.card", { "data-key": "lift" }, node("h2", say("activities.lift")), node("p.quiet", say("activities.lift_help")),
    node("table.lift", node("thead", node("tr", head)), node("tbody", found.toSorted((one, other) => (size(other) ?? -1) - (size(one) ?? -1)).map(row))));
}

/** What takes time and does not go with winning, and what to spend it on instead. */
function sinks(kpi, picks) {
  const found = parts(kpi, "category").filter((part) => size(part) > 0);
  if (found.length === 0) return null;
  return node("section.card.callout", { "data-tone": "bad", "data-key": "sinks" },
    node("p.callout-what", kpiLabel("time_sinks")),
    node("p.callout-who", found.map((part, index) => [index ? ", " : "", categoryText(part.category), " ", figureLink("time_sinks", part, "ratio", { picks, part: part.category })])),
    kpi.named?.category ? node("p", say("activities.instead", { category: categoryText(kpi.named.category) })) : null);
}
