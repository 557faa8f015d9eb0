// For the wall: one board after another, legible from across the room. Space pauses, arrows turn, Esc leaves.

import { freshness } from "../frame.js";
import { node, name } from "../node.js";
import { periodText } from "../periods.js";
import { go } from "../route.js";
import { kpiLabel, say } from "../text.js";
import { timeText } from "../value.js";
import company from "./company.js";
import contests from "./contests.js";
import funnel from "./funnel.js";
import leaderboard from "./leaderboard.js";
import pipeline from "./pipeline.js";

const TURN_MS = 15_000;
const IDLE_MS = 3_000;

let at = 0;
let isPaused = false;
let turnAt = 0;

const boards = (picks) => {
  const { kind = "quarter", period } = picks;
  const of = { kind, period };
  return [
    { view: leaderboard, picks: { ...of, kpi: "won_amount", group: "rep" }, title: kpiLabel("won_amount") },
    { view: company, picks: of, title: say("view.company") },
    { view: leaderboard, picks: { ...of, kpi: "won_amount", group: "territory" }, title: `${kpiLabel("won_amount")} · ${say("groups.territory")}` },
    { view: funnel, picks: of, title: say("view.funnel") },
    { view: leaderboard, picks: { ...of, kpi: "activities", group: "rep" }, title: say("tv.most_active") },
    { view: pipeline, picks: of, title: say("view.pipeline") },
    { view: contests, picks: of, title: say("view.contests"), if: (documents) => documents.contests?.contests?.length > 0 },
  ];
};

const nameOf = (index, name) => `${index} ${name}`;
/** The lists of deals are not for the wall. */
const isShown = (path) => !path.startsWith("explain");

export default {
  title: () => say("view.tv"),
  optional: Array.from({ length: 7 }, (_, index) => [...["before", "quota", "stalled", "contests"], ...company.optional].map((name) => nameOf(index, name))).flat(),

  watches(picks, known) {
    const found = boards(picks).flatMap(({ view, picks: of }, index) =>
      Object.entries(view.watches(of, known)).filter(([, path]) => isShown(path)).map(([name, path]) => [nameOf(index, name), path]));
    return Object.fromEntries(found);
  },

  show(documents, picks, known) {
    const found = boards(picks).map((board, index) => {
      const names = Object.keys(documents).filter((key) => key.startsWith(`${index} `));
      return { ...board, documents: Object.fromEntries(names.map((key) => [key.slice(key.indexOf(" ") + 1), documents[key]])) };
    }).filter((board) => Object.values(board.documents)[0] && (board.if?.(board.documents) ?? true));
    at = ((at % found.length) + found.length) % found.length;
    const board = found[at];
    const [first] = Object.values(board.documents);
    arm();
    return [
      node("header.tv-head",
        node("h1", name(board.title), first.period ? node("small", ` ${periodText(first.period)}`) : null),
        node("div.tv-side", freshness(first, known), node("time.clock", timeText(new Date())))),
      node("div.tv-board", { "data-key": `board ${at}`, "data-board": at }, board.view.show(board.documents, board.picks, known, true)),
      node("nav.tv-dots", { "aria-label": say("tv.boards") }, found.map((_, index) => node("span.dot", { "aria-current": index === at ? "true" : null })),
        node("span.quiet", isPaused ? say("tv.paused") : "")),
    ];
  },
};

/** The timers run only while the wall is shown; the clock turns with them. */
let timer = null;
function arm() {
  if (timer) return;
  turnAt = Date.now() + TURN_MS;
  timer = setInterval(() => {
    if (!document.documentElement.classList.contains("tv")) {
      clearInterval(timer);
      timer = null;
      return;
    }
    if (!isPaused && Date.now() >= turnAt) turn(1);
    else redraw();
  }, 1_000);
}

const redraw = () => document.dispatchEvent(new Event("tallyboard:turn"));

function turn(steps) {
  at += steps;
  turnAt = Date.now() + TURN_MS;
  redraw();
}

const KEYS = {
  ArrowRight: () => turn(1),
  ArrowLeft: () => turn(-1),
  " ": () => {
    isPaused = !isPaused;
    turnAt = Date.now() + TURN_MS;
    redraw();
  },
  Escape: () => {
    if (document.getElementById("drawer").open) return;
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    go({}, "leaderboard");
  },
};

export function tvKeys(event) {
  const action = KEYS[event.key];
  if (!action || event.target.closest("dialog")) return;
  if (event.key !== "Escape") event.preventDefault();
  action();
}

let idle = null;
document.addEventListener("mousemove", () => {
  document.documentElement.classList.remove("idle");
  clearTimeout(idle);
  idle = setTimeout(() => document.documentElement.classList.add("idle"), IDLE_MS);
});

// In full screen the browser keeps the first Esc for itself.
document.addEventListener("fullscreenchange", () => {
  if (!document.fullscreenElement && document.documentElement.classList.contains("tv")) go({}, "leaderboard");
});
