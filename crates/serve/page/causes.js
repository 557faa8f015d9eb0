// A deal or activity behind a number, with its events and their places in the log.

import { name, node } from "./node.js";
import { say, sayIfKnown } from "./text.js";
import { dayText, momentText, plain, valueText } from "./value.js";

/** `deal`: the one that was asked for, to be marked. */
export function causeCard(cause, deal) {
  const { id, kind, topic, partition, parts, events } = cause;
  return node("li.cause", { "data-key": `${kind} ${id} ${partition}`, "aria-current": kind === "deal" && id === deal ? "true" : null },
    node("p.cause-head", node("strong", name(id)), node("span.quiet", ` ${say(`explain.kind.${kind}`)}`)),
    node("ul.parts", parts.map(partLine)),
    node("details",
      node("summary", say("explain.events", { count: plain(events.length), topic, partition })),
      node("div.wide", { tabindex: "0", role: "region", "aria-label": say("explain.events", { count: plain(events.length), topic, partition }) }, eventTable(events))));
}

function partLine(part) {
  const money = part.currency && typeof part.value === "string";
  const value = money ? valueText({ value: part.value, currency: part.currency }, "money", { form: "exact" }) : plain(Number(part.value));
  const about = [part.stage, part.category && (sayIfKnown(`category.${part.category}`) ?? part.category), part.activity_type, part.rep_id, part.territory_id, part.day && dayText(part.day)];
  return node("li", node("span.part-value", value), node("span", measureText(part)),
    node("small", about.filter(Boolean).map((text, index) => [index ? " · " : "", name(text)])));
}

function eventTable(events) {
  const isDeal = events.some((event) => event.stage);
  const columns = ["offset", "time", ...(isDeal ? ["stage", "rep", "amount"] : [])];
  const amount = (event) => (event.amount === null ? "—" : valueText({ value: event.amount, currency: event.currency }, "money", { form: "exact" }));
  const row = (event) =>
    node("tr", { class: event.decides ? "decides" : "", title: event.event_id },
      node("td", event.offset, event.decides ? node("span.decides-mark", { title: say("explain.decides") }, " ●", node("span.spoken", say("explain.decides"))) : null),
      node("td", momentText(event.occurred_at)),
      isDeal ? [node("td", name(event.stage), event.deleted ? ` (${say("explain.deleted")})` : ""), node("td", name(event.rep_id)), node("td", amount(event))] : null);
  return node("table.events",
    node("thead", node("tr", columns.map((column) => node("th", { scope: "col" }, say(`explain.column.${column}`))))),
    node("tbody", events.map(row)));
}

/** A measure's name; those of other times than the period say so. */
export function measureText({ measure, of }) {
  const words = measure.replaceAll("_", " ");
  return of === "period" ? words : `${words} (${sayIfKnown(`of.${of}`) ?? of})`;
}
