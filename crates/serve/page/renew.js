// Makes what stands in a place the same as fresh nodes, changing as little as possible: focus, scrolling and open
// details stay, and what moves can be seen to move.

/** Renews the children of a place. Children with `data-key` are recognised wherever they stand. */
export function renew(place, fresh) {
  const keyed = new Map();
  for (const child of place.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
  let next = place.firstChild;
  for (const wanted of [...fresh]) {
    const key = wanted.dataset?.key;
    const found = key ? keyed.get(key) : next?.dataset?.key ? null : next;
    if (!found || found.nodeName !== wanted.nodeName) {
      place.insertBefore(wanted, next);
      continue;
    }
    if (found === next) next = next.nextSibling;
    else place.insertBefore(found, next);
    renewNode(found, wanted);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

function renewNode(old, wanted) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== wanted.data) old.data = wanted.data;
    return;
  }
  const was = old.classList.contains("figure") ? old.textContent : null;
  for (const { name } of [...old.attributes]) {
    if (!wanted.hasAttribute(name) && !isTheReaders(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (name === "style" || isTheReaders(old, name)) continue;
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  // Through the object model: the page forbids the attribute in markup.
  if (old.style.cssText !== wanted.style.cssText) old.style.cssText = wanted.style.cssText;
  renew(old, wanted.childNodes);
  if (old.nodeName === "OPTION") old.selected = wanted.hasAttribute("selected");
  if (was !== null && was !== old.textContent) glow(old);
}

/** What the reader has opened stays open. */
const isTheReaders = (element, name) => element.nodeName === "DETAILS" && name === "open";

/** A number that has changed says so for a moment: with a line, since a ground behind it would take from its contrast. */
function glow(element) {
  if (!moves()) return;
  const frames = [{ boxShadow: "0 .14em 0 var(--accent)" }, { boxShadow: "0 .14em 0 transparent" }];
  element.animate(frames, { duration: 1600, easing: "ease-in" });
}

/** Whether the reader wants to see things move. */
export const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Does a change and lets everything with `data-moves` glide from where it was to where it is then. */
export function gliding(place, change) {
  const before = new Map();
  for (const element of place.querySelectorAll("[data-moves]")) before.set(element, element.getBoundingClientRect());
  change();
  if (!moves()) return;
  for (const [element, from] of before) {
    if (!element.isConnected) continue;
    const to = element.getBoundingClientRect();
    const [x, y] = [from.left - to.left, from.top - to.top];
    if (Math.hypot(x, y) < 1) continue;
    const frames = [{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }];
    element.animate(frames, { duration: 650, easing: "cubic-bezier(.2, .8, .2, 1)" });
  }
}
