// How evenly the work lies on the territories, and what would even it out.

import { diverging } from "../charts/bars.js";
import { figureLink, large } from "../figure.js";
import { node } from "../node.js";
import { nameLink } from "../pickers.js";
import { nothing } from "../states.js";
import { say } from "../text.js";
import { dayText, percent, plain, size, valueText } from "../value.js";
import { verdictMark, verdictTone } from "../verdict.js";

export default {
  title: () => say("view.territories"),
  watches: () => ({ balance: "territories/balance" }),

  show({ balance }, picks) {
    const { territories, within_percent: within } = balance;
    if (territories.length === 0) return [node("section.card", nothing(say("territories.nothing")))];
    const reach = Math.max(0.5, ...territories.map((one) => Math.abs((size(one.index) ?? 1) - 1))) * 1.1;
    return [
      node("section.card",
        node("h2", say("territories.index")),
        node("p.quiet", say("territories.help", { within, from: dayText(balance.activities.from) })),
        node("ul.plain.balance", territories.toSorted((one, other) => (size(other.index) ?? 0) - (size(one.index) ?? 0)).map((one) => row(one, within / 100, reach, picks)))),
      node("section.card.tile", node("h2.tile-name", say("territories.dispersion")),
        large("p.tile-value", figureLink("territory_dispersion", balance.dispersion, "ratio", { picks: {}, standing: true })), node("p.quiet", say("territories.dispersion_help"))),
      node("div.columns", moves("rep_moves", balance, picks), moves("deal_moves", balance, picks)),
    ];
  },
};

const ofTerritory = (one) => ({ scope: "territory", id: one.id });

function row(one, within, reach, picks) {
  const index = size(one.index);
  const load = ({ component, load: figure }) =>
    node("span.fact", node("span.fact-name", say(`component.${component}`)), figureLink(component, figure, UNITS[component], { picks: { ...ofTerritory(one), kind: "month" }, standing: component !== "activity_minutes", form: "short" }));
  return node("li.balance-row", { "data-key": one.id, "data-moves": true },
    node("div.balance-name", nameLink("territory", one, picks), verdictMark(one.verdict)),
    figureLink("territory_balance", one.index, "ratio", { picks: ofTerritory(one), standing: true, label: one.name }),
    index === null ? node("span") : diverging(index, within, reach, verdictTone(one.verdict)),
    node("div.facts", node("span.fact", node("span.fact-name", say("territories.reps")), figureLink("territory_balance", { value: one.reps }, "reps", { picks: ofTerritory(one), standing: true, label: say("territories.reps") , text: plain(one.reps) })), one.components.map(load)));
}

const UNITS = { open_amount: "money", open_deals: "deals", activity_minutes: "minutes" };

/** Steps one after another, each with the indexes before and after it. */
function moves(kind, { suggested }, picks) {
  const index = (end, at) => figureLink("territory_balance", { value: end[`index_${at}`] }, "ratio", { picks: ofTerritory(end), standing: true, label: `${end.name}, ${say(`territories.${at}`)}` });
  const end = (one) => node("p.move-end", nameLink("territory", one, picks), " ", node("span.pair", index(one, "before"), " → ", node("strong", index(one, "after"))));
  const deals = (one) => say("territories.deals", { count: plain(one.deals.value), amount: valueText(one.amount, "money", { form: "short" }) });
  const step = (move) => node("li.move",
    node("p.move-what", move.rep ? [nameLink("rep", move.rep, picks), node("small.quiet", ` ${say("territories.leaves")} ${deals(move.rep.leaves_behind)}`)] : deals(move.deals)),
    end(move.from), node("span.move-arrow", { "aria-hidden": "true" }, "↓"), end(move.to),
    node("p.quiet", say("territories.evener", { before: percent(move.dispersion_before, 1), after: percent(move.dispersion_after, 1) })));
  return node("section.card", { "data-key": kind }, node("h2", say(`territories.${kind}`)),
    suggested[kind].length === 0 ? nothing(say("territories.even")) : node("ol.moves", suggested[kind].map(step)));
}
