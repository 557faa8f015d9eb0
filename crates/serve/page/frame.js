// What surrounds a view: the name, the way to other views, the pickers, and how fresh the numbers are.

import { node, spoken } from "./node.js";
import { pickers } from "./pickers.js";
import { link, route } from "./route.js";
import { languageNow, languages, say } from "./text.js";
import { themeNow } from "./theme.js";
import { momentText, percent } from "./value.js";

const PLACES = ["leaderboard", "company", "funnel", "pipeline", "activities", "territories", "contests"];
const MARKS = { system: "◐", light: "☀", dark: "☾" };

export function top(view, picks, shown, document, known) {
  const tab = (name) =>
    node("a", { href: link({}, name), "aria-current": name === view ? "page" : null }, say(`view.${name}`));
  return [
    node("div.bar",
      node("a.mark", { href: link({}, "leaderboard") }, tally(), node("span", "Tallyboard")),
      node("nav", { "aria-label": say("frame.views") }, PLACES.map(tab)),
      node("div.tools",
        freshness(document, known),
        node("button.tool", { type: "button", "data-do": "tv", title: say("view.tv") }, screen(), spoken(say("view.tv"))),
        node("button.tool", { type: "button", "data-do": "theme", title: say(`theme.${themeNow()}`) },
          node("span", { "aria-hidden": "true" }, MARKS[themeNow()]), spoken(say(`theme.${themeNow()}`))))),
    catchingUp(known),
    node("div.heading",
      node("h1", { dir: "auto" }, shown.title?.(picks, known, document) ?? say(`view.${view}`)),
      node("div.pickers", { role: "group", "aria-label": say("frame.pickers") }, pickers(shown, shown.picks?.(picks, known) ?? picks, document, known))),
  ].filter(Boolean);
}

function tally() {
  return node("svg.tally", { viewBox: "0 0 32 32", "aria-hidden": "true" },
    node("path", { d: "M7 6v20M13 6v20M19 6v20M25 6v20M3 22 29 10" }));
}

function screen() {
  return node("svg.line-icon", { viewBox: "0 0 24 24", "aria-hidden": "true" }, node("path", { d: "M3 5h18v12H3zM8 21h8M12 17v4" }));
}

/** In which state the numbers are: as the service says, unless it cannot be reached. */
export function freshnessState(document, { connection, status }) {
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
    node("span.dot", { "aria-hidden": "true" }), node("span", say(`fresh.${state}`) + detail),
    state === "disconnected" || state === "stale" ? node("small", asOf) : null);
}

function catchingUp({ status }) {
  if (status?.state !== "catching_up") return null;
  return node("progress.catching-up", { max: 1, value: status.progress ?? null, "aria-label": say("fresh.catching_up") });
}

export function foot() {
  const option = ([tag, name]) => node("option", { value: tag, lang: tag, selected: tag === languageNow() }, name);
  return [
    node("p", say("frame.explained")),
    node("p.links",
      node("a", { href: "/api" }, say("frame.api")), node("a", { href: "/metrics" }, say("frame.metrics")),
      route().view === "tv" ? null : node("label", say("frame.language"), " ",
        node("select", { "data-pick": "language" }, Object.entries(languages).map(option)))),
  ];
}
