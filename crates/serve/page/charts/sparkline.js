// How a number went over the last periods: a line without axes.

import { node } from "../node.js";
import { say } from "../text.js";
import { size, valueText } from "../value.js";

const [WIDTH, HEIGHT, EDGE] = [120, 32, 3];

/** `series`: a document of `/api/v1/series`. Null where fewer than two periods have a value. */
export function sparkline(series, kpi) {
  const first = series.values.findIndex((point) => size(point));
  // Before the first number there was nothing to tell of.
  const points = first < 0 ? [] : series.values.slice(first);
  const values = points.map(size);
  const known = values.filter((value) => value !== null && Number.isFinite(value));
  if (known.length < 2) return null;
  const [low, high] = [Math.min(0, ...known), Math.max(...known)];
  const span = high - low || 1;
  const x = (index) => EDGE + (index / (values.length - 1)) * (WIDTH - 2 * EDGE);
  const y = (value) => HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE);
  let line = "";
  let isDown = false;
  values.forEach((value, index) => {
    if (value === null) isDown = false;
    else {
      line += `${isDown ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      isDown = true;
    }
  });
  const last = values.findLastIndex((value) => value !== null);
  const text = points.map((point) => valueText(point, series.unit, { form: "short", kpi })).join(", ");
  return node("svg.sparkline", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": say("chart.series", { values: text }) },
    node("path.line", { d: line }),
    // A line without length and with round ends: a point that stays round however wide the card is.
    node("path.end", { d: `M${x(last).toFixed(1)} ${y(values[last]).toFixed(1)}h0.01` }));
}
