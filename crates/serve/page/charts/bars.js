// Lengths in rows. Their numbers stand beside them, so that the bars themselves are silent.

import { node } from "../node.js";

const share = (value) => `${(Math.min(1, Math.max(0, value)) * 100).toFixed(2)}%`;

/** A bar of a share from 0 to 1, with a mark at another share. */
export function bar(value, { mark, tone } = {}) {
  return node("span.bar-track", { "aria-hidden": "true", "data-tone": tone },
    node("span.bar-fill", { style: { "--share": share(value ?? 0) } }),
    mark === undefined || mark === null ? null : node("span.bar-mark", { style: { "--at": share(mark) } }));
}

/** A bar between two shares: a step of a waterfall. */
export function span(from, to, tone) {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  return node("span.bar-track", { "aria-hidden": "true", "data-tone": tone },
    node("span.bar-step", { style: { "--from": share(low), "--to": share(Math.max(high, low + 0.004)) } }));
}

/** A point with its interval on a scale of shares, and a line at a share. */
export function interval(low, at, high, line, tone) {
  return node("span.forest", { "aria-hidden": "true", "data-tone": tone, style: { "--low": share(low), "--at": share(at), "--high": share(high), "--line": share(line) } },
    node("span.forest-line"), node("span.forest-range"), node("span.forest-point"));
}

/** Where an index lies around 1, with the band within which all is well. */
export function diverging(index, within, reach, tone) {
  const at = (value) => share(0.5 + (value - 1) / (2 * reach));
  const [low, high] = [Math.min(1, index), Math.max(1, index)];
  return node("span.diverging", { "aria-hidden": "true", "data-tone": tone, style: { "--from": at(low), "--to": at(high), "--band-from": at(1 - within), "--band-to": at(1 + within) } },
    node("span.diverging-band"), node("span.diverging-fill"), node("span.diverging-middle"));
}
