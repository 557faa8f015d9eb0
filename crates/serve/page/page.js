// Puts a view on the page and keeps it up to date.

import { askOnce, isRefusal } from "./ask.js";
import { foot, top } from "./frame.js";
import { follow, tryNow } from "./live.js";
import { load, part, viewName } from "./parts.js";
import { gliding, renew } from "./renew.js";
import { go, onRoute, route } from "./route.js";
import { banner, broken, empty, loading, troubled, unreachable } from "./states.js";
import { chooseLanguage, languageNow, say, setLanguage } from "./text.js";
import { nextTheme } from "./theme.js";

/** So many documents are kept, of the views that were seen last. */
const KEPT_MAX = 64;
const at = (id) => document.getElementById(id);

/** What is known: documents by path, problems by path, and how it comes here. */
const known = { documents: new Map(), problems: new Map(), connection: "connecting", lostAt: null, retryAt: 0, status: null, catalogue: null };
let watched = {};
/** What is followed, and the view that stands on the page with its numbers. */
let seen = null;
let standing = null;
let isBroken = false;

async function place({ view, picks }) {
  const name = viewName(view);
  let shown = part(name);
  if (!shown) {
    watched = {};
    seen = null;
    draw();
    shown = await load(name).catch(() => null);
    // Somebody was quicker.
    if (name !== viewName(route().view)) return;
    if (!shown) return fail();
  }
  isBroken = false;
  ({ picks } = route());
  watched = shown.default.watches(picks, known);
  const { explain, part: _, ...others } = picks;
  const where = JSON.stringify([name, others, watched]);
  if (where !== seen) {
    seen = where;
    known.problems.clear();
    forget(Object.values(watched));
    follow(Object.values(watched), hearer);
    if (document.activeElement === document.body && name !== "tv") scrollTo(0, 0);
  }
  draw();
  // On a phone the views stand in a row that is longer than the screen.
  const current = document.querySelector("nav [aria-current]");
  if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.clientWidth / 2;
  if (explain) load("drawer").then(({ showDrawer }) => showDrawer(route().picks), fail);
  else part("drawer")?.showDrawer({});
}

/** A part of the page has not come: says so where the numbers would be. */
function fail() {
  isBroken = true;
  draw();
}

function forget(used) {
  for (const path of used) {
    const found = known.documents.get(path);
    if (found && known.documents.delete(path)) known.documents.set(path, found);
  }
  for (const path of known.documents.keys()) {
    if (known.documents.size <= KEPT_MAX) return;
    known.documents.delete(path);
  }
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
  connection(state, retryAt = 0) {
    known.lostAt = state === "disconnected" ? known.lostAt ?? Date.now() : null;
    Object.assign(known, { connection: state, retryAt });
    drawSoon();
  },
  status(status) {
    known.status = status;
    drawSoon();
  },
  // In the order in which they came: a part is there for all who asked for it before.
  won: (won) => load("celebration").then(({ celebrate }) => celebrate(won), () => {}),
  wonRetracted: (won) => load("celebration").then(({ takeBack }) => takeBack(won), () => {}),
};

let isDrawn = true;
function drawSoon() {
  if (!isDrawn) return;
  isDrawn = false;
  // Documents come in bursts; not by animation frames, which stand still in the background.
  setTimeout(draw, 16);
}

/** The documents of the view by their names, and what stands in the way of showing it. */
function found(shown) {
  const documents = {};
  let [problem, aside] = [null, null];
  for (const [name, path] of Object.entries(watched)) {
    documents[name] = known.documents.get(path);
    const trouble = known.problems.get(path);
    if (!trouble || shown.optional?.includes(name)) continue;
    // What was there before a trouble of the service stays; what is asked wrongly never was.
    const isAside = documents[name] && (trouble.status >= 500 || trouble.status === 429 || isRefusal(trouble));
    if (isAside) aside ??= trouble;
    else problem ??= trouble;
  }
  return { documents, problem, aside };
}

function draw() {
  isDrawn = true;
  const { view: asked, picks: given } = route();
  const view = viewName(asked);
  const shown = part(view)?.default;
  const { documents, problem, aside } = found(shown ?? {});
  const first = documents[Object.keys(watched)[0]];
  const picks = shown?.picks?.(given) ?? given;
  const root = document.documentElement;
  root.classList.toggle("tv", view === "tv");
  root.dataset.connection = known.connection;
  document.title = `${say(`view.${view}`)} · Tallyboard`;
  document.querySelector(".skip").textContent = say("frame.skip");
  renew(at("top"), top(view, picks, shown, first, known));
  renew(at("news"), banner(known, first, aside));
  renew(at("foot"), foot());
  const isCutOff = known.connection === "disconnected";
  const isWaiting = !isBroken && !problem && !first && !isCutOff;
  if (isWaiting) at("view").setAttribute("aria-busy", "true");
  else at("view").removeAttribute("aria-busy");
  // The numbers of the same view stay until those of other picks come: nothing jumps.
  if (isWaiting && standing === view) return;
  const nodes = isBroken ? broken()
    : problem ? troubled(problem, picks)
    : !first ? isCutOff ? unreachable(known) : loading(view)
    : isEmpty(first) ? empty()
    : shown.show(documents, picks, known);
  standing = first && !problem ? view : null;
  gliding(at("view"), () => renew(at("view"), nodes));
}

const isEmpty = (found) => "newest_event_at" in found && found.newest_event_at === null && found.caught_up;

/** What buttons do. */
const ACTIONS = {
  theme() {
    nextTheme();
    draw();
  },
  skip: () => at("view").focus(),
  retry: tryNow,
  reload: () => location.reload(),
  scope: () => load("finder").then(({ openFinder }) => openFinder(route().picks), fail),
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
  if (pick === "language") chooseLanguage(target.value).then(() => place(route()));
  else if (pick === "kind") go({ kind: target.value, period: null });
  else if (pick) go({ [pick]: target.value });
});

document.addEventListener("keydown", (event) => {
  if (route().view === "tv") part("tv")?.tvKeys(event);
});

// The wall turns its boards by time.
document.addEventListener("tallyboard:turn", () => place(route()));
// Seconds are counted only where they are shown.
setInterval(() => known.connection === "disconnected" && draw(), 1_000);

/** What there is to be watched follows from the catalogue; a page without it shows less, but does not wait for it for long. */
const PATIENCE_MS = 1_500;
const AGAIN_MS = 5_000;

let isBegun = false;

async function learn() {
  try {
    known.catalogue = await askOnce("catalogue");
    if (isBegun) place(route());
  } catch {
    setTimeout(learn, AGAIN_MS);
  }
}

const patience = new Promise((done) => { setTimeout(done, PATIENCE_MS); });
const words = setLanguage(languageNow()).catch(() => { isBroken = true; });
Promise.all([words, Promise.race([learn(), patience])]).then(() => {
  isBegun = true;
  onRoute(place);
});
