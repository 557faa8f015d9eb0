// Parts of the page that come when they are first shown: views, the drawer, the celebration, each with its styles and words.

import { needAllWords } from "./text.js";

const VIEWS = {
  // Without what every object has: the address names any of them.
  __proto__: null,
  leaderboard: [() => import("./views/leaderboard.js"), "leaderboard"],
  company: [() => import("./views/company.js"), "tiles"],
  funnel: [() => import("./views/funnel.js"), "tiles", "funnel"],
  pipeline: [() => import("./views/pipeline.js"), "tiles", "tables"],
  activities: [() => import("./views/activities.js"), "tiles", "tables", "activities"],
  territories: [() => import("./views/territories.js"), "tiles", "territories"],
  contests: [() => import("./views/contests.js"), "contests"],
  rep: [() => import("./views/rep.js"), "tiles", "tables"],
  tv: [() => import("./views/tv.js"), "leaderboard", "tiles", "funnel", "tables", "contests", "tv"],
};
const OTHERS = {
  __proto__: null,
  drawer: [() => import("./explain.js"), "tables", "drawer"],
  finder: [() => import("./finder.js"), "finder"],
  celebration: [() => import("./celebration.js"), "celebration"],
};
const FIRST = "leaderboard";
const loaded = new Map();
const asked = new Map();

/** The view of a name; the first one where there is none of that name. */
export const viewName = (name) => (name in VIEWS ? name : FIRST);

/** A part that has been loaded, or undefined. */
export const part = (name) => loaded.get(name);

/** Loads a view or another part once; what failed is tried again when it is asked for again. */
export function load(name) {
  if (!asked.has(name)) {
    const [code, ...styles] = OTHERS[name] ?? VIEWS[name];
    const coming = Promise.all([code(), name === FIRST ? null : needAllWords(), ...styles.map(style)]).then(([module]) => {
      loaded.set(name, module);
      return module;
    });
    coming.catch(() => asked.delete(name));
    asked.set(name, coming);
  }
  return asked.get(name);
}

const sheets = new Map();

function style(name) {
  if (!sheets.has(name)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = `/page/css/${name}.css`;
    sheets.set(name, new Promise((done, failed) => {
      link.addEventListener("load", done);
      link.addEventListener("error", () => {
        sheets.delete(name);
        link.remove();
        failed(new Error(link.href));
      });
    }));
    document.head.append(link);
  }
  return sheets.get(name);
}
