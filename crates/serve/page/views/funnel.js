// How far deals come, and where they are lost.

import { bar } from "../charts/bars.js";
import { byName, figureLink, parts } from "../figure.js";
import { name, node } from "../node.js";
import { scopeName } from "../pickers.js";
import { query } from "../route.js";
import { nothing } from "../states.js";
import { kpiLabel, say } from "../text.js";
import { tile } from "../tiles.js";
import { size } from "../value.js";

export default {
  pickers: ["scope", "period"],
  title: (picks, known, document) => `${say("view.funnel")} · ${scopeName(picks, document, known)}`,

  watches({ scope = "company", id, kind = "quarter", period }) {
    return { kpis: query("kpis", { scope, id: scope === "company" ? null : id, kind, period }) };
  },

  show({ kpis }, picks, known, isTv = false) {
    const now = byName(kpis);
    const stages = parts(now.reached_deals, "stage");
    const pipelines = [...new Set(stages.map((stage) => stage.pipeline))];
    if (stages.length === 0) return [node("section.card", nothing(say("funnel.nothing")))];
    return [
      node("div.tiles.slim", ["mql_to_sql_drop_off", "stage_leakage", "stage_lost_amount", "cohort_conversion"]
        .map((kpi) => tile(now[kpi], { picks }))),
      pipelines.map((pipeline) => node("section.card", { "data-key": `pipeline ${pipeline}` },
        node("h2", pipelines.length > 1 ? name(pipeline) : say("funnel.title")),
        node("p.quiet", say("funnel.help")),
        node("ol.funnel", stages.filter((stage) => stage.pipeline === pipeline).map((stage, index, all) => row(stage, all[0], now, picks))))),
      isTv ? null : node("p.quiet.under", say("funnel.under")),
    ].flat().filter(Boolean);
  },
};

const same = (one) => (other) => one && other.pipeline === one.pipeline && other.stage === one.stage;

function row(stage, first, now, picks) {
  const of = (kpi) => parts(now[kpi], "stage").find(same(stage));
  const figure = (kpi, form) => {
    const found = of(kpi);
    return found ? figureLink(kpi, found, now[kpi].unit, { picks, part: stage.stage, form }) : "—";
  };
  const isNamed = (kpi) => Boolean(now[kpi]?.named && same(stage)(now[kpi].named));
  const [byCount, byAmount] = [isNamed("stage_leakage"), isNamed("stage_amount_leakage")];
  const fact = (label, kpi, form, isWorst) => of(kpi) ? node("span.fact", { class: isWorst ? "worst" : "" }, node("span.fact-name", label), figure(kpi, form)) : null;
  return node("li.funnel-row", { class: byCount || byAmount ? "leaks" : "" },
    node("div.funnel-head", node("strong", name(stage.stage)), byCount || byAmount ? node("span.verdict", { "data-tone": "bad" }, say(byCount ? "funnel.largest" : "funnel.largest_amount")) : null),
    node("div.funnel-bar", bar(size(stage) / (size(first) || 1), { tone: byCount ? "behind" : "good" }), node("span.funnel-count", figureLink("reached_deals", stage, "deals", { picks, part: stage.stage }))),
    node("div.facts",
      fact(say("funnel.conversion"), "stage_conversion"),
      fact(say("funnel.leakage"), "stage_leakage", undefined, byCount),
      fact(say("funnel.lost"), "stage_lost"),
      fact(kpiLabel("stage_lost_amount"), "stage_lost_amount", "short"),
      fact(say("funnel.amount_leakage"), "stage_amount_leakage", undefined, byAmount)));
}
