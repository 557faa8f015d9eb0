// Finds a region, territory, team or rep: the service is asked while the reader types, so that nobody is out of reach.

import { ask } from "./ask.js";
import { name, node } from "./node.js";
import { renew } from "./renew.js";
import { link, query, route } from "./route.js";
import { say } from "./text.js";

const GROUPS = ["region", "territory", "team", "rep"];
/** Of each group, and of one that a search leaves alone. */
const ROWS = 8;
const TYPING_MS = 150;

const place = node("dialog", { id: "finder", "aria-label": say("pick.scope") });
document.body.append(place);
let typed = "";
let turn = 0;
let active = 0;

export function openFinder() {
  typed = "";
  active = 0;
  const input = node("input", { type: "search", role: "combobox", "aria-expanded": "true", "aria-controls": "finder-list", "aria-autocomplete": "list",
    "aria-label": say("finder.search"), placeholder: say("finder.search"), autocomplete: "off", spellcheck: "false" });
  place.replaceChildren(input, node("div", { id: "finder-list", role: "listbox", "aria-label": say("pick.scope") }), node("p.quiet", { role: "status" }));
  place.showModal();
  search();
}

/** Asks for those whose names hold what is typed. */
async function search() {
  const mine = (turn += 1);
  const asked = GROUPS.map((group) => ask(query("leaderboard", { kpi: "open_deals", group, limit: ROWS, search: typed })));
  const answers = await Promise.allSettled(asked);
  if (mine !== turn || !place.open) return;
  const error = answers.find(({ reason }) => reason)?.reason;
  const found = answers.map(({ value }, index) => ({ group: GROUPS[index], rows: value?.rows ?? [], all: value?.total_rows ?? 0 }));
  draw(found.filter(({ rows }) => rows.length > 0), error);
}

function draw(found, error) {
  const { scope = "company", id } = route().picks;
  const option = (of, key, text) => {
    const picks = of === "company" ? { scope: null, id: null } : { scope: of, id: key };
    const { view } = route();
    // A rep's own page shows reps alone.
    const to = of === "rep" ? view : view === "rep" ? "company" : view;
    const isChosen = of === scope && (of === "company" || key === id);
    return node("a", { role: "option", tabindex: "-1", href: link({ ...picks, explain: null, part: null }, to), "data-key": `${of} ${key}`, "aria-selected": String(isChosen) }, name(text));
  };
  const company = say("scope.company");
  const isCompany = company.toLocaleLowerCase().includes(typed.toLocaleLowerCase());
  renew(place.querySelector("#finder-list"), [
    isCompany ? option("company", "", company) : null,
    found.map(({ group, rows, all }) => node("div", { role: "group", "aria-label": say(`groups.${group}`), "data-key": group },
      node("p.finder-group", { "aria-hidden": "true" }, say(`groups.${group}`), " ", typed || all <= ROWS ? null : node("small", ` ${say("finder.of", { shown: rows.length, all })}`)),
      rows.map((row) => option(group, row.id, row.name)))),
  ].flat().filter(Boolean));
  const isNothing = found.length === 0 && !isCompany;
  place.lastChild.textContent = error ? say("state.unreachable") : isNothing ? say("finder.nothing", { text: typed }) : "";
  mark(0);
}

const options = () => [...place.querySelectorAll("[role=option]")];

/** The option that Enter chooses. */
function mark(index) {
  const all = options();
  active = all.length === 0 ? 0 : (index + all.length) % all.length;
  all.forEach((one, at) => {
    one.id = `finder-${at}`;
    one.toggleAttribute("data-active", at === active);
  });
  all[active]?.scrollIntoView({ block: "nearest" });
  const input = place.querySelector("input");
  if (all[active]) input.setAttribute("aria-activedescendant", all[active].id);
  else input.removeAttribute("aria-activedescendant");
}

let typing = null;
place.addEventListener("input", ({ target }) => {
  typed = target.value.trim();
  clearTimeout(typing);
  typing = setTimeout(search, TYPING_MS);
});

const KEYS = { ArrowDown: () => mark(active + 1), ArrowUp: () => mark(active - 1), Enter: () => options()[active]?.click() };
place.addEventListener("keydown", (event) => {
  if (!KEYS[event.key] || event.isComposing) return;
  event.preventDefault();
  KEYS[event.key]();
});

// A choice is a link, which goes its way; a click beside the list closes it.
place.addEventListener("click", ({ target }) => {
  if (target === place || target.closest("a")) place.close();
});
