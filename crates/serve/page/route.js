// The address holds what is seen: the view and all selections, so that a link shares it.

const FIRST = "leaderboard";
let here = read(location.hash);

/** `#company?kind=month&scope=rep&id=r1` as a view and its picks. */
export function read(hash) {
  const [view, query] = hash.replace(/^#\/?/, "").split("?");
  return { view: view || FIRST, picks: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

export const route = () => here;

/** The address of this or another view with other picks; a pick of null is left out. */
export function link(picks, view = here.view) {
  const shared = view === here.view ? here.picks : kept(here.picks);
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...shared, ...picks })) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return `#${view}${text ? `?${text}` : ""}`;
}

/** Period and scope go along from view to view. */
const kept = ({ kind, period, scope, id }) => ({ kind, period, scope, id });

export function go(picks, view) {
  location.hash = link(picks, view);
}

/** Calls back now and whenever the address changes. */
export function onRoute(callback) {
  const changed = () => callback((here = read(location.hash)));
  addEventListener("hashchange", changed);
  changed();
}

/** A query of the API; what is null is left out. */
export function query(path, parameters) {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") text.set(name, value);
  }
  return text.size > 0 ? `${path}?${text}` : path;
}
