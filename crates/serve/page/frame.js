// What surrounds a view: the name, the way to other views, the pickers, and how fresh the numbers are.

import { node, spoken } from "./node.js";
import { pickers } from "./pickers.js";
import { link } from "./route.js";
import { languageNow, languages, say } from "./text.js";
import { themeNow } from "./theme.js";
import { momentText, percent } from "./value.js";

const PLACES = ["leaderboard", "company", "funnel", "pipeline", "activities", "territories", "contests"];
const MARKS = { system: "M12 4a8 8 0 0 0 0 16zM12 4a8 8 0 0 1 0 16", light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5", dark: "M20 14A8.5 8.5 0 0 1 10 4a8.5 8.5 0 1 0 10 10z" };

/** `shown`: the view, or undefined while it is loaded. */
export function top(view, picks, shown, document, known) {
  const tab = (name) =>
    node("a", { href: link({}, name), "aria-current": name === view ? "page" : null }, say(`view.${name}`));
  const theme = themeNow();
  return [
    node("div.bar",
      node("a.mark", { href: link({}, "leaderboard") }, node("svg.tally", { viewBox: "0 0 32 32", "aria-hidden": "true" }, node("path", { d: "M7 6v20M13 6v20M19 6v20M25 6v20M3 22 29 10" })), node("span", "Tallyboard")),
      node("nav", { "aria-label": say("frame.views") }, PLACES.map(tab)),
      node("div.tools",
        freshness(document, known),
        tool("tv", say("view.tv"), "M3 5h18v12H3zM8 21h8M12 17v4"),
        tool("theme", say(`theme.${theme}`), MARKS[theme], theme))),
    node("div.heading",
      node("h1", { dir: "auto" }, shown?.title?.(picks, known, document) ?? say(`view.${view}`)),
      node("div.pickers", { role: "group", "aria-label": say("frame.pickers") }, pickers(shown ?? {}, picks, document, known))),
  ];
}

const tool = (action, words, path, look) =>
  node("button.tool", { type: "button", "data-do": action, title: words, "data-look": look },
    node("svg.line-icon", { viewBox: "0 0 24 24", "aria-hidden": "true" }, node("path", { d: path })), spoken(words));

/** In which state the numbers are: as the service says, unless it cannot be reached. */
function freshnessState(document, { connection, status }) {
  if (connection === "disconnected" || connection === "connecting") return connection;
  const isCatchingUp = status ? status.state === "catching_up" : document?.caught_up === false;
  if (isCatchingUp) return "catching_up";
  if (status?.state === "stale") return "stale";
  return connection;
}

export function freshness(document, known) {
  const state = freshnessState(document, known);
  const { progress } = known.status ?? {};
  const detail = state === "catching_up" && progress ? ` ${percent(progress)}` : "";
  const asOf = document?.as_of ? say("frame.as_of", { time: momentText(document.as_of) }) : "";
  return node("p.freshness", { "data-state": state, title: asOf },
    node("span.dot", { "aria-hidden": "true" }), node("span", say(`fresh.${state}`) + detail));
}

export function foot() {
  const option = ([tag, name]) => node("option", { value: tag, lang: tag, selected: tag === languageNow() }, name);
  return [
    node("p", say("frame.explained")),
    node("p.links",
      node("a", { href: "/api" }, say("frame.api")), node("a", { href: "/metrics" }, say("frame.metrics")),
      node("label", say("frame.language"), " ",
        node("select", { "data-pick": "language" }, Object.entries(languages).map(option)))),
  ];
}
