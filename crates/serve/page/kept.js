// What the reader has chosen, from visit to visit. Where the browser keeps nothing, as in some private windows, it holds
// as long as the page is open.

const here = new Map();

export function recall(name) {
  if (here.has(name)) return here.get(name);
  try {
    return localStorage.getItem(`tallyboard.${name}`);
  } catch {
    return null;
  }
}

export function keep(name, value) {
  here.set(name, value);
  try {
    localStorage.setItem(`tallyboard.${name}`, value);
  } catch {
    // It is kept here.
  }
}
