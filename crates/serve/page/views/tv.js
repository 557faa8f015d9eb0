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

const boards = ({ kind = "quarter", period }) => {
  const of = { kind, period };
  return [
    { view: leaderboard, picks: { ...of, kpi: "won_amount", group: "rep" }, title: kpiLabel("won_amount") },
    { view: company, picks: of, title: say("view.company") },
    { view: leaderboard, picks: { ...of, kpi: "won_amount", group: "territory" }, title: `${kpiLabel("won_amount")} · ${say("groups.territory")}` },
    { view: funnel, picks: of, title: say("view.funnel") },
    { view: leaderboard, picks: { ...of, kpi: "activities", group: "rep" }, title: say("tv.most_active") },
    { view: pipeline, picks: of, title: say("view.pipeline") },
    { view: contests, picks: of, title: say("view.contests"), isEmpty: ({ contests: found }) => found?.contests.length === 0 },
  ];
};

/** The lists of deals are not for the wall. */
const isShown = ([name, path]) => name !== "reps" && !path.startsWith("explain");
const paths = ({ view, picks }, known) => Object.entries(view.watches(picks, known)).filter(isShown);
const documentsOf = (board, known) => Object.fromEntries(paths(board, known).map(([name, path]) => [name, known.documents.get(path)]));

/** The place of the board so many steps on; one of which is known that it has nothing to show is passed by. */
function stepped(from, steps, all, known) {
  const wrapped = (index) => ((index % all.length) + all.length) % all.length;
  const next = wrapped(from + steps);
  return all[next].isEmpty?.(documentsOf(all[next], known)) ? wrapped(next + steps) : next;
}

let optional = [];
/** Turns that are asked for and not yet done. */
let turns = 0;

export default {
  title: () => say("view.tv"),
  get optional() { return optional; },

  /** Of the board that is shown, and of the next one, so that it is there when its turn comes. */
  watches(picks, known) {
    const all = boards(picks);
    if (turns !== 0) at = stepped(at, turns, all, known);
    turns = 0;
    const [now, next] = [all[at], all[stepped(at, 1, all, known)]];
    const named = (when, board) => paths(board, known).map(([name, path]) => [`${when} ${name}`, path]);
    const ofNext = named("next", next);
    optional = [...(now.view.optional ?? []).map((name) => `now ${name}`), ...ofNext.map(([name]) => name)];
    return Object.fromEntries([...named("now", now), ...ofNext]);
  },

  show(documents, picks, known) {
    const all = boards(picks);
    const board = all[at];
    const own = documentsOf(board, known);
    const [first] = Object.values(own);
    arm();
    return [
      node("header.tv-head",
        node("h1", name(board.title), first.period ? node("small", ` ${periodText(first.period)}`) : null),
        node("div.tv-side", freshness(first, known), node("time.clock", timeText(new Date())))),
      node("div.tv-board", { "data-key": `board ${at}`, "data-board": at }, board.view.show(own, board.picks, known, true)),
      node("nav.tv-dots", { "aria-label": say("tv.boards") },
        all.map((one, index) => (one.isEmpty?.(documentsOf(one, known)) ? null : node("span.dot", { "aria-current": index === at ? "true" : null }))),
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
  turns = steps;
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
