// What is open, where it waits, and how it came to be what it is.

import { bar, span } from "../charts/bars.js";
import { byName, figureLink, parts } from "../figure.js";
import { name, node, spoken } from "../node.js";
import { nameLink, scopeName } from "../pickers.js";
import { query } from "../route.js";
import { nothing } from "../states.js";
import { kpiLabel, say, sayIfKnown } from "../text.js";
import { tile } from "../tiles.js";
import { plain, size } from "../value.js";
import { verdictMark } from "../verdict.js";

const STALLED = 100;
/** So many reps are looked up for their names: those with the most stalled deals. */
const REPS = 200;
const WORDS = new Set(["stage", "rep"]);
const OUT = new Set(["decreased", "moved_out", "won", "lost"]);

export default {
  pickers: ["scope", "period"],
  optional: ["stalled", "reps"],
  title: (picks, known, document) => `${say("view.pipeline")} · ${scopeName(picks, document, known)}`,

  watches({ scope = "company", id, kind = "quarter", period }) {
    const of = { scope, id: scope === "company" ? null : id };
    return {
      kpis: query("kpis", { ...of, kind, period }),
      stalled: query("explain", { kpi: "stalled_deals", ...of, limit: STALLED }),
      reps: query("leaderboard", { kpi: "stalled_deals", group: "rep", limit: REPS }),
    };
  },

  show({ kpis, stalled, reps }, picks, known, isTv = false) {
    const now = byName(kpis);
    const stages = parts(now.open_deals, "stage");
    return [
      bottleneck(now, picks),
      isTv ? null : node("div.tiles.slim", ["open_amount", "weighted_pipeline", "pipeline_coverage", "stalled_deals"].map((kpi) => tile(now[kpi], { picks }))),
      node("section.card", isTv ? null : node("h2", say("pipeline.stages")),
        stages.length === 0 ? nothing(say("pipeline.nothing")) : stageTable(stages, now, picks)),
      isTv ? null : waterfall(now.pipeline_waterfall, picks),
      isTv ? null : stalledList(stalled, now, picks, reps),
    ].filter(Boolean);
  },
};

const same = (one) => (other) => other.pipeline === one.pipeline && other.stage === one.stage;

function bottleneck(now, picks) {
  const score = now.bottleneck_score;
  if (!score?.named) return null;
  const { stage } = score.named;
  const isOne = score.verdict === "bottleneck";
  return node("section.card.callout", { "data-tone": isOne ? "bad" : "good" },
    node("p.callout-what", say(isOne ? "pipeline.bottleneck" : "pipeline.slowest")),
    node("p.callout-who", name(stage)),
    node("p", verdictMark(score.verdict), " ", node("span.quiet", kpiLabel("bottleneck_score")), " ", figureLink("bottleneck_score", score, "number", { picks })));
}

function stageTable(stages, now, picks) {
  const most = Math.max(...parts(now.open_amount, "stage").map((part) => size(part) ?? 0), 0) || 1;
  const of = (kpi, stage) => parts(now[kpi], "stage").find(same(stage));
  const figure = (kpi, stage, form) => {
    const found = of(kpi, stage);
    return found ? figureLink(kpi, found, now[kpi].unit, { picks, standing: now[kpi].standing, part: stage.stage, form }) : "—";
  };
  const row = (stage) => {
    const [limit, p90, p50] = ["stage_limit", "dwell_p90", "dwell_p50"].map((kpi) => size(of(kpi, stage)));
    const reach = Math.max(limit ?? 0, p90 ?? 0, 1) * 1.1;
    const isLong = limit !== null && p90 !== null && p90 > limit;
    const isNamed = now.bottleneck_score?.named && same(stage)(now.bottleneck_score.named);
    const departures = ["stage_advanced", "stage_moved_back", "stage_lost"].map((kpi) => size(of(kpi, stage)) ?? 0).reduce((sum, one) => sum + one, 0);
    const isFilling = (size(of("stage_entered", stage)) ?? 0) > departures;
    return node("tr", { class: isNamed ? "named" : "" },
      node("th", { scope: "row" }, name(stage.stage), figureTone(of("stalled_deals", stage), figure("stalled_deals", stage))),
      node("td", figure("open_deals", stage)),
      node("td.with-bar", figure("open_amount", stage, "short"), bar((size(of("open_amount", stage)) ?? 0) / most, { tone: "calm" })),
      node("td.with-bar", node("span.pair", figure("dwell_p50", stage), " / ", figure("dwell_p90", stage)),
        bar((p90 ?? p50 ?? 0) / reach, { mark: limit === null ? undefined : limit / reach, tone: isLong ? "behind" : "good" }), spoken(say("pipeline.limit"))),
      node("td", figure("stage_limit", stage)),
      node("td", node("span.pair", figure("open_age_p50", stage), " / ", figure("open_age_p90", stage))),
      node("td", { "data-tone": isFilling ? "bad" : null }, node("span.pair", figure("stage_entered", stage), " → ", figureLink("stage_advanced", { value: departures }, "deals", { picks, part: stage.stage, label: say("pipeline.left") }))));
  };
  const columns = ["stage", "open_deals", "open_amount", "dwell", "limit", "age", "flow"];
  return node("div.wide", { tabindex: "0", role: "region", "aria-label": say("pipeline.stages") }, node("table.stages",
    node("thead", node("tr", columns.map((column) => node("th", { scope: "col" }, say(`pipeline.column.${column}`))))),
    node("tbody", stages.map(row))));
}

const figureTone = (figure, shown) => (size(figure) > 0 ? node("span.stalled", shown, ` ${say("pipeline.stalled")}`) : null);

/** From the start of the period to its end, step by step. */
function waterfall(kpi, picks) {
  const steps = parts(kpi, "flow");
  if (steps.length === 0 || kpi.value === null) return null;
  let level = 0;
  const placed = steps.map((step) => {
    const value = size(step) ?? 0;
    const isLevel = step.flow === "start" || step.flow === "end";
    const from = isLevel ? 0 : level;
    level = isLevel ? value : level + (OUT.has(step.flow) ? -value : value);
    return { step, from, to: level, tone: isLevel ? "calm" : level >= from ? "good" : "behind" };
  });
  const most = Math.max(...placed.flatMap(({ from, to }) => [from, to]), 1);
  const row = ({ step, from, to, tone }) => node("li.bar-row",
    node("span", sayIfKnown(`flow.${step.flow}`) ?? step.flow), span(from / most, to / most, tone),
    node("span.with-sign", OUT.has(step.flow) && size(step) > 0 ? "−" : "", figureLink("pipeline_waterfall", step, "money", { picks, part: step.flow, form: "short" })));
  return node("section.card", { "data-key": "waterfall" }, node("h2", kpiLabel("pipeline_waterfall")), node("ul.plain.waterfall", placed.map(row)));
}

/** Which deals wait for too long: the list is what explains the number. */
function stalledList(stalled, now, picks, reps) {
  if (!stalled) return null;
  const row = ({ id, parts: [part], events }) => {
    const last = events.at(-1);
    const days = part?.day ? Math.round((Date.parse(stalled.as_of) - Date.parse(part.day)) / 86_400_000) : null;
    const rep = reps?.rows.find((one) => one.id === part?.rep_id);
    return node("tr", { "data-key": id },
      node("th", { scope: "row" }, name(id)), node("td.words", part?.stage ? name(part.stage) : ""),
      node("td.words", part ? nameLink("rep", rep ?? { id: part.rep_id, name: part.rep_id }, picks) : ""),
      node("td", figureLink("stalled_deals", { value: days }, "days", { picks, standing: true, part: part?.stage, label: id })),
      node("td", figureLink("stalled_deals", { value: last?.amount ?? null, currency: last?.currency }, "money", { picks, standing: true, part: part?.stage, label: id })));
  };
  const columns = ["deal", "stage", "rep", "waits", "open_amount"];
  return node("section.card", { "data-key": "stalled" }, node("h2", kpiLabel("stalled_deals"), " ", figureLink("stalled_deals", now.stalled_deals, "deals", { picks, standing: true })),
    stalled.causes.length === 0 ? nothing(say("pipeline.none_stalled")) : node("div.wide", { tabindex: "0", role: "region", "aria-label": kpiLabel("stalled_deals") }, node("table.stalled-deals",
      node("thead", node("tr", columns.map((column) => node("th", { scope: "col", class: WORDS.has(column) ? "words" : "" }, say(`pipeline.column.${column}`))))),
      node("tbody", stalled.causes.map(row)))),
    stalled.next ? node("p.quiet", say("pipeline.first", { count: plain(STALLED) })) : null);
}
