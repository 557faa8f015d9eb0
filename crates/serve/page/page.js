// Puts a view on the page and keeps it up to date.

import { Problem, askOnce } from "./ask.js";
import { rowsMax } from "./catalogue.js";
import { celebrate, takeBack } from "./celebration.js";
import { showDrawer } from "./explain.js";
import { foot, top } from "./frame.js";
import { follow } from "./live.js";
import { gliding, renew } from "./renew.js";
import { go, onRoute, route } from "./route.js";
import { empty, loading, troubled } from "./states.js";
import { languageNow, say, setLanguage } from "./text.js";
import { nextTheme } from "./theme.js";
import activities from "./views/activities.js";
import company from "./views/company.js";
import contests from "./views/contests.js";
import funnel from "./views/funnel.js";
import leaderboard from "./views/leaderboard.js";
import pipeline from "./views/pipeline.js";
import rep from "./views/rep.js";
import territories from "./views/territories.js";
import tv, { tvKeys } from "./views/tv.js";

/** Without what every object has: the address may name anything. */
const VIEWS = { __proto__: null, leaderboard, company, funnel, pipeline, activities, territories, contests, rep, tv };
const part = (id) => document.getElementById(id);

/** What is known: documents by path, problems by path, and how it comes here. */
const known = { documents: new Map(), problems: new Map(), connection: "connecting", status: null, catalogue: null, scopes: null };
let watched = {};
let seen = null;

function place({ view, picks }) {
  const shown = VIEWS[view] ?? leaderboard;
  watched = shown.watches(picks, known);
  const { explain, part: _, ...others } = picks;
  const where = JSON.stringify([view, others, watched]);
  if (where !== seen) {
    seen = where;
    known.problems.clear();
    follow(Object.values(watched), hearer);
    if (document.activeElement === document.body) scrollTo(0, 0);
  }
  draw();
  // On a phone the views stand in a row that is longer than the screen.
  const current = document.querySelector("nav [aria-current]");
  if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.clientWidth / 2;
  showDrawer(picks);
}

const hearer = {
  document(path, found) {
    known.documents.set(path, found);
    known.problems.delete(path);
    drawSoon();
  },
  problem(path, problem) {
    known.problems.set(path, problem);
    drawSoon();
  },
  connection(state) {
    known.connection = state;
    drawSoon();
  },
  status(status) {
    known.status = status;
    drawSoon();
  },
  won: celebrate,
  wonRetracted: takeBack,
};

let isDrawn = true;
function drawSoon() {
  if (!isDrawn) return;
  isDrawn = false;
  // Documents come in bursts; not by animation frames, which stand still in the background.
  setTimeout(draw, 16);
}

function draw() {
  isDrawn = true;
  const { view, picks } = route();
  const shown = VIEWS[view] ?? leaderboard;
  const documents = {};
  let problem = null;
  for (const [name, path] of Object.entries(watched)) {
    documents[name] = known.documents.get(path);
    const found = known.problems.get(path);
    // What was there before a trouble of the service stays; what is asked wrongly never was.
    if (found && !shown.optional?.includes(name) && (found.status < 500 || !documents[name])) problem ??= found;
  }
  const first = documents[Object.keys(watched)[0]];
  document.documentElement.classList.toggle("tv", view === "tv");
  document.documentElement.dataset.connection = known.connection;
  document.title = `${say(`view.${view in VIEWS ? view : "leaderboard"}`)} · Tallyboard`;
  document.querySelector(".skip").textContent = say("frame.skip");
  renew(part("top"), top(view, picks, shown, first, known));
  renew(part("foot"), foot());
  const nodes = problem ? troubled(problem)
    : !first ? loading(known)
    : isEmpty(first) ? empty()
    : shown.show(documents, picks, known);
  gliding(part("view"), () => renew(part("view"), nodes));
}

const isEmpty = (found) => "newest_event_at" in found && found.newest_event_at === null && found.caught_up;

/** What buttons do. */
const ACTIONS = {
  theme() {
    nextTheme();
    draw();
  },
  skip: () => part("view").focus(),
  tv() {
    document.documentElement.requestFullscreen?.().catch(() => {});
    go({}, "tv");
  },
};

document.addEventListener("click", (event) => {
  const action = ACTIONS[event.target.closest("[data-do]")?.dataset.do];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("change", ({ target }) => {
  const { pick } = target.dataset;
  if (pick === "language") {
    setLanguage(target.value);
    place(route());
  } else if (pick === "scope") {
    const [scope, ...id] = target.value.split(":");
    go({ scope: scope === "company" ? null : scope, id: id.join(":") || null });
  } else if (pick === "kind") {
    go({ kind: target.value, period: null });
  } else if (pick) {
    go({ [pick]: target.value });
  }
});

document.addEventListener("keydown", (event) => {
  if (route().view === "tv") tvKeys(event);
});

setLanguage(languageNow());
nextTheme(true);
onRoute(place);
// The TV mode turns its boards by time.
document.addEventListener("tallyboard:turn", () => draw());

async function learn() {
  try {
    known.catalogue = await askOnce("catalogue");
    const groups = ["region", "territory", "team", "rep"];
    const rows = await Promise.all(
      groups.map((group) => askOnce(`leaderboard?kpi=open_deals&group=${group}&limit=${rowsMax(known)}`)),
    );
    known.scopes = { __proto__: null, ...Object.fromEntries(groups.map((group, index) => [group, rows[index].rows])) };
    place(route());
  } catch (error) {
    if (error instanceof Problem) known.problems.set("catalogue", error);
    setTimeout(learn, 5_000);
  }
}
learn();
