// One rep: how far, how busy, in which place, and what is open.

import { rowsMax } from "../catalogue.js";
import { bar } from "../charts/bars.js";
import { byName, figureLink, large, parts } from "../figure.js";
import { name, node } from "../node.js";
import { elapsed } from "../periods.js";
import { scopeName } from "../pickers.js";
import { link, query } from "../route.js";
import { noReps, nothing } from "../states.js";
import { categoryText, kpiLabel, say } from "../text.js";
import { tile } from "../tiles.js";
import { plain, size } from "../value.js";
import { verdictMark } from "../verdict.js";
import company from "./company.js";

const TILES = ["won_deals", "win_rate", "average_deal_size", "sales_cycle_p50", "open_amount", "weighted_pipeline", "created_deals", "selling_time_share", "stalled_deals"];
const OPEN = 50;
/** A search finds one rep, and those whose names hold the id. */
const ROWS_MAX = 100;

export default {
  pickers: ["scope", "period"],
  optional: [...company.optional, "ranks", "open"],
  picks: ofRep,
  title: (picks, known, document) => (picks.id ? scopeName(picks, document, known) : say("view.rep")),

  watches(picks, known) {
    const of = ofRep(picks);
    if (!of.id) return { first: query("leaderboard", { kpi: "open_deals", group: "rep", limit: 1 }) };
    const { kind = "quarter", period } = picks;
    return {
      ...company.watches(of, known),
      ranks: query("leaderboard", { kpi: "won_amount", group: "rep", kind, period, limit: Math.min(ROWS_MAX, rowsMax(known) ?? ROWS_MAX), search: of.id }),
      open: query("explain", { kpi: "open_deals", scope: "rep", id: of.id, limit: OPEN }),
    };
  },

  show(documents, of) {
    if (!of.id) return other(documents.first);
    const { kpis, before, ranks, open } = documents;
    const [now, then] = [byName(kpis), byName(before)];
    const isCurrent = kpis.period.relative === "current";
    const about = (kpi) => ({ picks: of, before: then[kpi], series: documents[`line_${kpi}`], isCurrent });
    const quota = now.quota_attainment;
    const hasQuota = quota && quota.value !== null;
    return [
      node("div.tiles",
        tile(now.won_amount, { ...about("won_amount"), isBig: true, goal: hasQuota ? size(quota) : undefined, mark: isCurrent ? elapsed(kpis.period, kpis.as_of) : undefined }),
        rankTile(ranks, of), tile(quota, about("quota_attainment")), TILES.map((kpi) => tile(now[kpi], about(kpi)))),
      node("div.columns", activities(now, of), stages(now, of)),
      openDeals(open, of),
    ].filter(Boolean);
  },
};

/** Of the address, whoever else it names. */
function ofRep({ scope, id, kind, period }) {
  return { scope: "rep", id: scope === "rep" ? id : undefined, kind, period };
}

/** Without a rep, one who has something open. */
function other({ rows: [rep] }) {
  if (!rep) return [noReps()];
  location.replace(link({ scope: "rep", id: rep.id }));
  return [];
}

function rankTile(ranks, of) {
  const row = ranks?.rows.find(({ id }) => id === of.id);
  if (!row) return null;
  return node("section.card.tile", { "data-key": "rank" }, node("h2.tile-name", say("rep.rank")),
    large("p.tile-value", figureLink("won_amount", row, "money", { picks: of, text: row.rank ?? "—", label: say("rep.rank") })),
    node("div.tile-foot", node("span.quiet", say("rep.of", { count: plain(ranks.total_rows) }))));
}

function activities(now, of) {
  const found = parts(now.activities, "category").filter((part) => size(part) > 0);
  const most = Math.max(...found.map(size), 0) || 1;
  const row = (part) => node("li.bar-row", node("span", categoryText(part.category)), bar(size(part) / most, { tone: "calm" }), figureLink("activities", part, "activities", { picks: of, part: part.category }));
  return node("section.card", { "data-key": "activities" }, node("h2", kpiLabel("activities"), " ", figureLink("activities", now.activities, "activities", { picks: of })),
    found.length === 0 ? nothing(say("activities.nothing")) : node("ul.plain", found.map(row)),
    now.selling_time_share?.verdict ? node("p", kpiLabel("selling_time_share"), " ", figureLink("selling_time_share", now.selling_time_share, "ratio", { picks: of }), " ", verdictMark(now.selling_time_share.verdict)) : null);
}

function stages(now, of) {
  const found = parts(now.open_amount, "stage");
  const most = Math.max(...found.map((part) => size(part) ?? 0), 0) || 1;
  const row = (part) => node("li.bar-row", node("span", name(part.stage)), bar((size(part) ?? 0) / most, { tone: "calm" }), figureLink("open_amount", part, "money", { picks: of, standing: true, part: part.stage, form: "short" }));
  return node("section.card", { "data-key": "stages" }, node("h2", kpiLabel("open_amount"), " ", figureLink("open_amount", now.open_amount, "money", { picks: of, standing: true })),
    found.length === 0 ? nothing(say("pipeline.nothing")) : node("ul.plain", found.map(row)));
}

function openDeals(open, of) {
  if (!open) return null;
  const row = ({ id, parts: [part], events }) => {
    const last = events.at(-1);
    return node("tr", { "data-key": id }, node("th", { scope: "row" }, name(id)), node("td.words", name(part?.stage ?? last?.stage ?? "")),
      node("td", figureLink("open_deals", { value: last?.amount ?? null, currency: last?.currency }, "money", { picks: of, standing: true, label: id })));
  };
  const columns = ["deal", "stage", "open_amount"];
  return node("section.card", { "data-key": "open" }, node("h2", kpiLabel("open_deals"), " ", plain(open.causes_total)),
    open.causes.length === 0 ? nothing(say("pipeline.nothing")) : node("table.stalled-deals",
      node("thead", node("tr", columns.map((column) => node("th", { scope: "col", class: column === "stage" ? "words" : "" }, say(`pipeline.column.${column}`))))), node("tbody", open.causes.map(row))));
}
