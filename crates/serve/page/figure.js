// A number that opens into what it is made of.

import { node, spoken } from "./node.js";
import { link, query } from "./route.js";
import { kpiLabel, say } from "./text.js";
import { valueText } from "./value.js";

/** The question behind a number: what `/api/v1/explain` is asked. `days`: in place of a period, as `first/last`. */
export function question(kpi, picks, standing = false, days = null) {
  const { scope = "company", id, kind = "quarter", period } = picks;
  const dated = days ? { days } : standing ? {} : { kind, period };
  return query("explain", { kpi, scope, id: scope === "company" ? null : id, ...dated }).split("?")[1];
}

/**
 * A figure of a KPI as a link to its explanation.
 * @param kpi the KPI's name; `figure`: the API's figure; `unit`
 * @param options `picks` say of which scope and period; `days`: of which days instead; `part`: of which stage or category;
 * `deal`: the one of its deals that is meant; `form` as in `valueText`
 */
export function figureLink(kpi, figure, unit, { picks, standing, days, part, deal, form, label, text } = {}) {
  const asked = question(kpi, picks, standing ?? figure.standing, days);
  const shown = text ?? valueText(figure, unit, { form, kpi });
  const what = label ?? [kpiLabel(kpi), part].filter(Boolean).join(", ");
  return node(
    "a.figure",
    {
      href: link({ explain: asked, part: part ?? null, deal: deal ?? null }),
      class: figure.value === null ? "absent" : "",
      title: figure.absent_reason ?? `${what}: ${valueText(figure, unit, { form: "exact", kpi })}`,
    },
    spoken(`${what}: `),
    node("span", { dir: "auto" }, shown),
    spoken(`. ${figure.absent_reason ?? say("explain.open")}`),
  );
}

/** A place for a figure that is as large as fits, whatever its length. */
export function large(tagAndClasses, figure) {
  const { length } = figure.querySelector("[dir]").textContent;
  return node(tagAndClasses, { style: { "--length": Math.max(length, 4) } }, figure);
}

/** The figures of a KPI document by name. */
export function byName(document) {
  return Object.fromEntries((document?.kpis ?? []).map((kpi) => [kpi.name, kpi]));
}

/** The parts of a figure by a key of theirs, such as `stage`. */
export const parts = (kpi, dimension) => kpi?.by?.[dimension] ?? [];
