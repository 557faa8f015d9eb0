// Who leads: a podium for the first three, a list for the others.

import { definition, isTold, rowsMax } from "../catalogue.js";
import { bar } from "../charts/bars.js";
import { figureLink, large } from "../figure.js";
import { node, spoken } from "../node.js";
import { elapsed, periodText } from "../periods.js";
import { nameLink } from "../pickers.js";
import { link, query } from "../route.js";
import { nothing } from "../states.js";
import { kpiLabel, say } from "../text.js";
import { percent, plain, size, valueText } from "../value.js";

const ROWS = 50;
/** As many as the address says; anything else is as if it said nothing. */
const rowsOf = ({ rows }, known) => Math.min(/^[1-9]\d{0,3}$/.test(rows) ? Number(rows) : ROWS, rowsMax(known) ?? ROWS);
/** On the wall, more would be too small to read. */
const ROWS_TV = 10;
const isOfPeriod = (picks, known) => !definition(known, picks.kpi ?? "won_amount")?.standing;

export default {
  pickers: ["kpi", "group", "period"],
  optional: ["quota"],
  title: (picks) => kpiLabel(picks.kpi ?? "won_amount"),

  watches(picks, known) {
    const { kpi = "won_amount", group = "rep", kind = "quarter", period } = picks;
    const dated = isOfPeriod(picks, known) ? { kind, period } : {};
    const board = query("leaderboard", { kpi, group, ...dated, limit: rowsOf(picks, known) });
    // Quotas are of won amounts: beside anything else they would say nothing.
    if (group !== "rep" || kpi !== "won_amount" || !isTold(known, "quota_attainment", kind)) return { board };
    return { board, quota: query("leaderboard", { kpi: "quota_attainment", group: "rep", kind, period, limit: rowsMax(known) }) };
  },

  show({ board, quota }, picks, known, isTv = false) {
    const rows = board.rows.filter((row) => row.rank !== null).slice(0, isTv ? ROWS_TV : undefined);
    if (rows.length === 0) return [node("section.card", nothing(say("leaderboard.nothing")))];
    announce(board, rows);
    const context = {
      board, picks, group: board.group,
      most: Math.max(...board.rows.map((row) => Math.abs(size(row) ?? 0)), 0) || 1,
      quotas: new Map((quota?.rows ?? []).map((row) => [row.id, row])),
      pace: board.period && board.period.relative === "current" ? elapsed(board.period, board.as_of) : null,
    };
    const hasPodium = rows.length >= 3;
    const listed = hasPodium ? rows.slice(3) : rows;
    // Those who share the last place with nothing are many at the start of a period.
    const last = listed.filter((row) => size(row) === 0);
    const isLong = last.length > 3;
    const rest = isLong && !isTv ? listed.filter((row) => size(row) !== 0) : listed;
    const unranked = board.total_rows - board.rows.filter((row) => row.rank !== null).length;
    return [
      hasPodium ? node("ol.podium", { "aria-label": say("leaderboard.podium") }, rows.slice(0, 3).map((row) => step(row, context))) : null,
      node("ol.ranks", { start: rest[0]?.rank ?? 4, "aria-label": say("leaderboard.others") }, rest.map((row) => rank(row, context))),
      isLong && !isTv ? node("details.at-nothing", node("summary", say("leaderboard.at_nothing", { count: plain(last.length), value: valueText(last[0], board.unit, { kpi: board.kpi }) })),
        node("ol.ranks", last.map((row) => rank(row, context)))) : null,
      isTv ? null : node("p.quiet.under", say("leaderboard.under", { shown: plain(rows.length), all: plain(board.total_rows) }),
        unranked > 0 && board.total_rows <= board.rows.length ? ` ${say("leaderboard.unranked", { count: plain(unranked) })}` : "",
        [...context.quotas.values()].some(({ value: made }) => made !== null) ? ` ${say("leaderboard.pace")}` : "",
        board.total_rows > board.rows.length && board.rows.length < (rowsMax(known) ?? 0) ? [" ", node("a", { href: link({ rows: rowsOf(picks, known) * 4 }) }, say("leaderboard.more"))] : null),
    ].filter(Boolean);
  },
};

const value = (row, { board, picks, group }, form) =>
  figureLink(board.kpi, row, board.unit, { picks: { ...picks, scope: group, id: row.id }, standing: board.period === null, form, label: `${row.name}, ${kpiLabel(board.kpi)}` });

function step(row, context) {
  return node("li.step", { "data-key": row.id, "data-moves": true, "data-rank": row.rank },
    node("span.place", { "aria-hidden": "true" }, row.rank), spoken(say("leaderboard.rank", { rank: row.rank })),
    nameLink(context.group, row, context.picks),
    large("span.big", value(row, context)),
    quotaBar(row, context, "leaderboard.quota"));
}

function rank(row, context) {
  return node("li.rank", { "data-key": row.id, "data-moves": true, value: row.rank },
    node("span.place", row.rank),
    nameLink(context.group, row, context.picks),
    quotaBar(row, context),
    node("span.amount", value(row, context)),
    node("span.length", { "aria-hidden": "true", style: { "--share": `${((Math.abs(size(row) ?? 0) / context.most) * 100).toFixed(2)}%` } }));
}

/** How much of the quota is made, with a mark where it would be if the period went evenly. */
function quotaBar(row, { quotas, picks, pace }, words) {
  if (quotas.size === 0) return null;
  const quota = quotas.get(row.id);
  if (!quota || quota.value === null) return node("span.quota");
  const ratio = size(quota);
  return node("span.quota",
    figureLink("quota_attainment", quota, "ratio", { picks: { ...picks, scope: "rep", id: row.id }, text: words ? say(words, { percent: percent(ratio) }) : percent(ratio), label: say("leaderboard.of_quota") }),
    bar(ratio, { mark: pace, tone: ratio >= 1 || (pace !== null && ratio >= pace) ? "good" : "behind" }));
}

/** Says who leads when that changes, and nothing else: a board that talks all the time is not heard. */
let leader = null;
function announce(board, [first]) {
  const now = `${board.kpi} ${board.group} ${board.period?.name} ${first.id}`;
  const isSameBoard = leader?.replace(/ \S+$/, "") === now.replace(/ \S+$/, "");
  if (isSameBoard && leader !== now) {
    document.getElementById("said").textContent = say("leaderboard.leads", { name: first.name, kpi: kpiLabel(board.kpi), period: board.period ? periodText(board.period) : "" });
  }
  leader = now;
}
