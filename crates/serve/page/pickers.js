// The selections above a view: KPI, group, period and scope, as far as the view has them.

import { node, name, spoken } from "./node.js";
import { KINDS, periodText, stepped } from "./periods.js";
import { link } from "./route.js";
import { kpiLabel, say } from "./text.js";

const GROUPS = ["rep", "team", "territory", "region"];

export function pickers(view, picks, document, known) {
  const wanted = view.pickers ?? [];
  return [
    wanted.includes("kpi") && choice("kpi", say("pick.kpi"), picks.kpi ?? "won_amount", kpiOptions(known, picks)),
    wanted.includes("group") && choice("group", say("pick.group"), picks.group ?? "rep", GROUPS.map((group) => [group, say(`groups.${group}`)])),
    wanted.includes("scope") && scopePicker(picks, document, known),
    wanted.includes("period") && document?.period !== null && periodPicker(picks, document),
  ].filter(Boolean);
}

function choice(pick, label, chosen, options) {
  const option = ([value, text]) => node("option", { value, selected: value === chosen }, text);
  return node("label.pick", { "data-key": pick }, spoken(label), node("select", { "data-pick": pick, title: label }, options.map(option)));
}

/** The KPIs that rank: one number for each, of this kind of period or of what stands now. */
function kpiOptions({ catalogue }, { kpi = "won_amount", kind = "quarter" }) {
  const found = (catalogue?.kpis ?? []).filter(({ name, dimension, standing, periods }) =>
    name === kpi || ((standing || periods.includes(kind)) && (dimension === "none" || RANKED_PARTS.has(name))));
  const names = found.length > 0 ? found.map(({ name }) => name) : [kpi];
  return names.filter((name) => !UNRANKED.has(name) || name === kpi).map((name) => [name, kpiLabel(name)]);
}

const RANKED_PARTS = new Set(["activities", "activity_minutes", "open_deals", "open_amount", "weighted_pipeline", "stalled_deals", "stage_leakage"]);
const UNRANKED = new Set(["territory_dispersion", "reps_at_quota"]);

function periodPicker(picks, document) {
  const kind = picks.kind ?? "quarter";
  const period = document?.period;
  const arrow = (steps, mark, words) => {
    const to = period ? stepped(period.name, steps) : null;
    const isAhead = steps > 0 && period?.relative === "current";
    const attributes = to && !isAhead ? { href: link({ period: to, kind }) } : { "aria-disabled": "true" };
    return node("a.step", { ...attributes, title: words, role: attributes.href ? null : "link" }, node("span", { "aria-hidden": "true" }, mark), spoken(words));
  };
  return node("div.period", { "data-key": "period" },
    choice("kind", say("pick.kind"), kind, KINDS.map((name) => [name, say(`kinds.${name}`)])),
    node("span.steps",
      arrow(-1, "‹", say("pick.earlier")),
      node("span.now", period ? periodText(period) : "…"),
      arrow(1, "›", say("pick.later"))),
    period && period.relative !== "current" ? node("a.today", { href: link({ period: null }) }, say("pick.current")) : null);
}

/** Opens a list to search in: there may be thousands. */
function scopePicker(picks, document, known) {
  return node("button.pick.select", { type: "button", "data-do": "scope", "data-key": "scope", "aria-haspopup": "dialog", title: say("pick.scope") },
    spoken(`${say("pick.scope")}: `), name(scopeName(picks, document, known)));
}

/** What a scope is called. */
export function scopeName({ scope = "company", id }, document, { problems }) {
  if (scope === "company") return say("scope.company");
  return document?.name ?? (problems.size > 0 ? id : "…");
}

/** A rep, territory, region or team as a link to its page. */
export function nameLink(group, row, picks) {
  const view = group === "rep" ? "rep" : "company";
  const { kind, period } = picks;
  return node("a.name", { href: link({ scope: group, id: row.id, kind, period, kpi: null, group: null, explain: null }, view) }, name(row.name));
}
