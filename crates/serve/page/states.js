// What a view shows while it has no numbers.

import { node } from "./node.js";
import { say } from "./text.js";

/** Nothing has come yet: the shape of what will. */
export function loading({ connection }) {
  if (connection === "disconnected") return [notice("state.unreachable", "state.unreachable_help")];
  const bar = (index) => node("div.skeleton", { style: { "--width": `${90 - ((index * 17) % 40)}%` } });
  return [node("section.card.waiting", { "aria-busy": "true", "aria-label": say("state.loading") }, [0, 1, 2, 3, 4, 5].map(bar))];
}

/** The service runs, but no events have come. */
export function empty() {
  return [notice("state.empty", "state.empty_help", node("pre", "tallyboard load --create-topics events.jsonl"))];
}

/** The service says why not, in its own words. */
export function troubled(problem) {
  const title = problem.status === 404 ? "state.not_found" : "state.problem";
  return [
    node("section.card.notice", { role: "alert" },
      node("h2", say(title)),
      node("p.detail", { lang: "en", dir: "auto" }, problem.detail || problem.title),
      node("p.quiet", say("state.problem_help"))),
  ];
}

const notice = (title, help, ...more) => node("section.card.notice", node("h2", say(title)), node("p.quiet", say(help)), more);

/** A part of a view that has nothing to show. */
export const nothing = (text) => node("p.quiet.nothing", text);
