// A deal is won: everybody sees whose. One after another, and quickly if there are many; one that is taken back goes
// without a fuss.

import { confetti } from "./confetti.js";
import { figureLink } from "./figure.js";
import { name, node } from "./node.js";
import { moves, renew } from "./renew.js";
import { kpiLabel, say } from "./text.js";
import { valueText } from "./value.js";

const SHOWN_MS = 6_000;
const HURRIED_MS = 2_500;
const QUIET_MS = 8_000;
/** More than these at once are summed up. */
const QUEUE_MAX = 8;
const REMEMBERED = 500;

const place = () => document.getElementById("celebration");
const queue = [];
const told = new Set();
let shown = null;
let left = 0;
let quiet = 0;

/** A win again after it was taken back is at another place in the log, so that it is celebrated again. */
const key = ({ deal_id: id, position }) => `${id} ${position?.topic} ${position?.partition} ${position?.offset}`;

export function celebrate(won) {
  if (told.has(key(won))) return;
  told.add(key(won));
  if (told.size > REMEMBERED) told.delete(told.values().next().value);
  if (queue.length >= QUEUE_MAX) left += 1;
  else queue.push(won);
  if (!shown) next();
}

export function takeBack(won) {
  const waiting = queue.findIndex((one) => one.deal_id === won.deal_id);
  if (waiting >= 0) {
    queue.splice(waiting, 1);
    return;
  }
  if (shown?.deal_id === won.deal_id) next();
  whisper(say("won.taken_back", { rep: won.rep_name, deal: won.deal_id }));
}

let timer = null;
function next() {
  clearTimeout(timer);
  shown = queue.shift() ?? null;
  if (!shown) {
    place().hidden = true;
    if (left > 0) whisper(say("won.more", { count: left }));
    left = 0;
    return;
  }
  const { rep_name: rep, territory_name: territory, amount } = shown;
  const { canvas, start } = confetti();
  renew(place(), [
    moves() ? canvas : null,
    node("div.won-card",
      node("p.won-what", say("won.title")),
      node("p.won-who", name(rep)),
      node("p.won-amount", amountLink(shown)),
      territory ? node("p.won-where", name(territory)) : null),
  ].filter(Boolean));
  place().hidden = false;
  document.getElementById("said").textContent = say("won.said", { rep, amount: moneyText(amount) });
  if (moves()) start();
  timer = setTimeout(next, queue.length > 1 ? HURRIED_MS : SHOWN_MS);
}

/** The amount opens what the rep has won on that day, with the deal marked. */
function amountLink({ amount, closed_on: day, deal_id: deal, rep_id: id, rep_name: rep }) {
  if (!amount || !day) return moneyText(amount);
  const label = `${rep}, ${kpiLabel("won_amount")}, ${deal}`;
  const figure = { value: amount.text, currency: amount.currency };
  return figureLink("won_amount", figure, "money", { picks: { scope: "rep", id }, standing: false, days: `${day}/${day}`, deal, label, text: moneyText(amount) });
}

/** Money comes as text of the service, or with what it takes to say it in the reader's locale. */
function moneyText(amount) {
  if (!amount) return "";
  const value = String(amount.text ?? "").match(/^-?[\d.]+$/)?.[0];
  return value && amount.currency ? valueText({ value, currency: amount.currency }, "money") : String(amount.text ?? "");
}

function whisper(text) {
  const line = document.getElementById("quiet-line");
  line.textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { line.textContent = ""; }, QUIET_MS);
}
