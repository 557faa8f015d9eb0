// Contests: who leads, how far it is to the target, and how long it still runs.

import { bar } from "../charts/bars.js";
import { figureLink } from "../figure.js";
import { name, node } from "../node.js";
import { nameLink } from "../pickers.js";
import { nothing } from "../states.js";
import { kpiLabel, say, sayIfKnown } from "../text.js";
import { daysText, percent, plain, size, valueText } from "../value.js";

const ROWS = 10;

export default {
  title: () => say("view.contests"),
  watches: () => ({ contests: "contests" }),

  show({ contests }, picks) {
    const found = contests.contests;
    if (found.length === 0) return [node("section.card.notice", node("h2", say("contests.none")), node("p.quiet", say("contests.none_help")))];
    return [node("div.columns", found.map((contest) => card(contest, picks)))];
  },
};

function card(contest, picks) {
  const rows = contest.rows.slice(0, ROWS);
  const { target, unit } = contest;
  const most = Math.max(...rows.map((row) => size(row) ?? 0), 0) || 1;
  const row = (one) => node("li.contest-row", { "data-key": one.id, "data-moves": true },
    node("span.place", one.rank ?? "–"), nameLink(contest.group, one, picks),
    bar(one.target_share ?? (size(one) ?? 0) / most, { tone: one.target_share >= 1 ? "good" : "calm" }),
    node("span.amount", value(one, contest)));
  return node("section.card.contest", { "data-key": contest.name },
    node("h2", name(contest.name)),
    node("p", node("span.verdict", { "data-tone": contest.state === "running" ? "good" : "calm" }, sayIfKnown(`contests.${contest.state}`) ?? contest.state),
      contest.state === "running" ? ` ${say("contests.days_left", { days: plain(contest.days_left) })}` : ""),
    node("p.quiet", `${kpiLabel(contest.kpi)} · ${daysText(contest)}`,
      target === null ? "" : ` · ${say("contests.target", { target: valueText({ value: target, currency: rows[0]?.currency }, unit, { kpi: contest.kpi }) })}`),
    rows.length === 0 ? nothing(say("leaderboard.nothing")) : node("ol.plain", rows.map(row)));
}

/** What somebody has, with the share of the target, as a link to the explanation of the contest's days. */
function value(row, { group, kpi, unit, start, end }) {
  const share = row.target_share === null ? null : node("small.quiet", ` ${percent(row.target_share)}`);
  return figureLink(kpi, row, unit, {
    picks: { scope: group, id: row.id }, standing: false, days: `${start}/${end}`,
    label: `${row.name}, ${kpiLabel(kpi)}`, text: [valueText(row, unit, { kpi }), share],
  });
}
