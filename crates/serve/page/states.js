// What a view shows while it has no numbers, and what stands above numbers that are not those of now.

import { isRefusal } from "./ask.js";
import { node } from "./node.js";
import { link } from "./route.js";
import { say } from "./text.js";
import { momentText, percent, plain, timeText } from "./value.js";

const NOT_FOUND = 404;
const TOO_MANY = 429;

/** Nothing has come yet: the shape of what will. */
export function loading(view) {
  const shapes = { leaderboard: ["podium", 6], company: ["tiles", 12], rep: ["tiles", 12], contests: ["tiles", 4] };
  const [shape, count] = shapes[view] ?? ["rows", 6];
  return [node("section.waiting", { "aria-busy": "true", "aria-label": say("state.loading"), "data-shape": shape },
    Array.from({ length: count }, () => node("div.skeleton")))];
}

/** Nobody answers, and nothing is known from before. */
export const unreachable = (known) => [notice("state.unreachable", say("state.unreachable_help"), retrying(known))];

/** The service runs, but no events have come. */
export const empty = () => [
  notice("state.empty", say("state.empty_help"), node("pre", "tallyboard load --create-topics events.jsonl"),
    node("p.quiet", say("state.empty_demo")), node("pre", "tallyboard demo")),
];

export const noReps = () => notice("state.no_reps", say("state.no_reps_help"));

/** A part of the page itself has not come. */
export const broken = () => [notice("state.broken", say("state.broken_help"), button("reload", "state.reload"))];

/** The service says why not, in its own words; what to do about it, in ours. */
export function troubled(problem, { scope }) {
  const { status, title, detail } = problem;
  const [what, action] = isRefusal(problem) ? ["refused", button("reload", "state.reload")]
    : status >= 500 || status === TOO_MANY ? ["busy", null]
    : status === NOT_FOUND && scope ? ["not_found", node("a.button", { href: link({ scope: null, id: null }, "company") }, say("state.company"))]
    : ["problem", node("a.button", { href: "#" }, say("state.reset"))];
  return [
    node("section.card.notice", { role: "alert" },
      node("h2", say(`state.${what}`)),
      node("p.detail", { lang: "en", dir: "auto" }, node("strong", `${status} ${title}`), detail ? [node("br"), detail] : null),
      node("p.quiet", say(`state.${what}_help`)), action ? node("p", action) : null),
  ];
}

const notice = (title, help, ...more) => node("section.card.notice", node("h2", say(title)), node("p.quiet", help), more);
const button = (action, words) => node("button.button", { type: "button", "data-do": action }, say(words));

/** A part of a view that has nothing to show. */
export const nothing = (text) => node("p.quiet.nothing", text);

/**
 * Above the numbers: why they are not all, or not those of now. What counts seconds is not read aloud.
 * @param problem what the service says to a question that it has answered before
 */
export function banner(known, document, problem) {
  const { connection, status } = known;
  const asOf = document?.as_of ? say("state.as_of", { time: momentText(document.as_of) }) : "";
  if (connection === "disconnected") return document ? [strip("lost", "bad", asOf, retrying(known))] : [];
  if (problem && isRefusal(problem)) return [strip("refused", "bad", say("state.refused_help"), button("reload", "state.reload"))];
  if (problem) return [strip("busy", "bad", asOf)];
  if (status?.state === "catching_up") {
    const { progress, lag_records: count } = status;
    const text = say("state.catching_up_help", { count: plain(count), percent: progress === null ? "" : percent(progress) });
    return [strip("catching_up", "gold", text, node("progress", { max: 1, value: progress, "aria-label": say("state.catching_up") }))];
  }
  if (status?.state === "stale") {
    const { newest_event_at: newest, lag_records: count } = status;
    return [strip("stale", "bad", say("state.stale_help", { time: newest ? momentText(newest) : "—", count: plain(count) }))];
  }
  return [];
}

const strip = (what, tone, text, ...more) =>
  node("div.strip", { "data-tone": tone, "data-key": what }, node("strong", say(`state.${what}`)), node("span", text), more);

/** For how long nobody has answered, and when they are asked again. */
function retrying({ lostAt, retryAt }) {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
  return node("span.retrying",
    node("span.quiet", { "aria-hidden": "true" }, lostAt ? `${say("state.since", { time: timeText(lostAt) })} ` : "", seconds > 0 ? say("state.retry_in", { seconds: plain(seconds) }) : say("state.retrying")),
    button("retry", "state.retry"));
}
