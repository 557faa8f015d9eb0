// The drawer that opens a number into its formula, its sums, and the deals, activities and events behind it.

import { Problem, ask } from "./ask.js";
import { causeCard, measureText } from "./causes.js";
import { node, name } from "./node.js";
import { periodText } from "./periods.js";
import { renew } from "./renew.js";
import { go } from "./route.js";
import { kpiLabel, say, sayIfKnown } from "./text.js";
import { daysText, plain, valueText } from "./value.js";

const PAGE = 20;
const drawer = () => document.getElementById("drawer");
let asked = null;
let pages = [];
let opener = null;

/** Shows the drawer if the address says so. */
export function showDrawer({ explain, part, deal }) {
  if (!explain) {
    asked = null;
    if (drawer().open) drawer().close();
    return;
  }
  if (!drawer().open) {
    opener = document.activeElement;
    renew(drawer(), [node("div.sheet", head(say("explain.title")), node("div.skeleton"), node("div.skeleton"))]);
    drawer().showModal();
  }
  if (asked === `${explain} ${part} ${deal}`) return;
  asked = `${explain} ${part} ${deal}`;
  pages = [];
  more(explain, part, deal);
}

async function more(explain, part, deal) {
  const mine = asked;
  const after = pages.at(-1)?.next;
  const page = after ? `&after=${encodeURIComponent(after)}` : "";
  try {
    const found = await ask(`explain?${explain}&limit=${PAGE}${page}`);
    if (mine !== asked) return;
    pages.push(found);
    draw(explain, part, deal);
  } catch (error) {
    if (mine !== asked) return;
    const detail = error instanceof Problem ? error.detail : say("state.unreachable");
    renew(drawer(), [node("div.sheet", head(say("explain.title")), node("p.detail", { role: "alert", lang: "en" }, detail))]);
  }
}

function draw(explain, part, deal) {
  const [found] = pages;
  const last = pages.at(-1);
  const { kpi } = found;
  const partFigure = part && Object.values(kpi.by ?? {}).flat().find((one) => named(one) === part);
  const shown = partFigure || kpi;
  const sums = found.sums.filter((sum) => !partFigure || !(sum.stage || sum.category) || named(sum) === part);
  const causes = pages.flatMap((page) => page.causes);
  const where = [found.scope === "company" ? say("scope.company") : found.name ?? found.id, found.period && periodText(found.period), found.days && daysText(found.days)];
  const button = node("button.more", { type: "button", "data-more": true }, say("explain.more"));
  renew(drawer(), [
    node("div.sheet",
      head(kpiLabel(kpi.name)),
      node("p.where", where.filter(Boolean).map((text, index) => [index ? " · " : "", name(text)]), part ? [" · ", name(part)] : null),
      node("p.answer", { class: shown.value === null ? "absent" : "" }, valueText(shown, kpi.unit, { form: "exact", kpi: kpi.name })),
      shown.absent_reason ? node("p.detail", { lang: "en" }, shown.absent_reason) : null,
      quotient(shown, kpi, sums),
      node("h3", say("explain.formula")),
      node("p.formula", { lang: "en" }, found.formula),
      node("p.quiet", { lang: "en" }, found.help),
      node("details", node("summary", say("explain.rules")), node("p.quiet", { lang: "en" }, found.edge_cases), node("p.quiet", { lang: "en" }, found.source)),
      sumTable(sums),
      node("h3", say("explain.causes", { count: plain(found.causes_total) })),
      causes.length === 0 ? node("p.quiet", say("explain.no_causes")) : null,
      node("ol.causes", causes.map((cause) => causeCard(cause, deal))),
      last.next ? button : null),
  ]);
  drawer().querySelector("[data-more]")?.addEventListener("click", () => more(explain, part, deal), { once: true });
}

const named = (one) => one.stage ?? one.category ?? one.flow ?? one.attainment ?? one.activity_type;

function head(title) {
  return node("header", node("h2", { id: "drawer-title" }, title),
    node("button.close", { type: "button", "data-close": true, "aria-label": say("explain.close") }, "×"));
}

function quotient(shown, kpi, sums) {
  // Shares of money are told in minor units, which nobody would read as such: the sums below say it in money.
  const isOfMoney = kpi.unit === "ratio" && sums.some(({ currency }) => currency);
  if (shown.numerator === undefined || isOfMoney) return null;
  const text = (value) => (typeof value === "string" ? valueText({ value, currency: shown.currency }, kpi.unit, { form: "exact" }) : plain(value));
  return node("p.quotient", node("span", text(shown.numerator)), node("span", { "aria-label": say("explain.divided") }, "÷"), node("span", text(shown.denominator)));
}

function sumTable(sums) {
  if (sums.length === 0) return null;
  const row = (sum) => {
    const money = (value) => (sum.currency && typeof value === "string" ? valueText({ value, currency: sum.currency }, "money", { form: "exact" }) : plain(Number(value)));
    const of = [sum.stage, sum.category && (sayIfKnown(`category.${sum.category}`) ?? sum.category)].filter(Boolean).join(" · ");
    return node("tr",
      node("th", { scope: "row" }, measureText(sum), of ? node("small", name(of)) : null),
      node("td", money(sum.total)), node("td", money(sum.final)), node("td", plain(sum.causes)));
  };
  const head = ["measure", "total", "final", "count"].map((column) => node("th", { scope: "col" }, say(`explain.column.${column}`)));
  return node("section", node("h3", say("explain.sums")),
    node("div.wide", { tabindex: "0", role: "region", "aria-label": say("explain.sums") }, node("table.sums", node("thead", node("tr", head)), node("tbody", sums.map(row)))));
}

document.addEventListener("click", ({ target }) => {
  const isOutside = target === drawer();
  if (isOutside || target.closest("[data-close]")) drawer().close();
});

// Closed by Esc, by the button or by a click beside it: the address has to follow.
drawer().addEventListener("close", () => {
  if (asked !== null) go({ explain: null, part: null, deal: null });
  if (opener?.isConnected) opener.focus({ preventScroll: true });
});
