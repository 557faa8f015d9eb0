// Values as text, by their unit and the reader's locale.

import { locale, say } from "./text.js";

const ABSENT = "—";
/** Ratios that people read as a multiple rather than as a percentage. */
const MULTIPLES = new Set(["pipeline_coverage", "territory_balance", "win_lift"]);
const formats = new Map();

function format(options) {
  const key = locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale(), options));
  return formats.get(key);
}

/**
 * A figure as text. `form`: `whole` leaves small change out, `short` says "1.2M", `exact` has all of it.
 */
export function valueText({ value, currency }, unit, { form = "whole", kpi } = {}) {
  if (value === null || value === undefined) return ABSENT;
  const compact = form === "short" ? { notation: "compact", maximumSignificantDigits: 3 } : {};
  const digits = (most) => ({ maximumFractionDigits: form === "exact" ? most + 2 : most });
  if (currency) {
    const money = form === "whole" ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : compact;
    const text = format({ style: "currency", currency, ...money }).format(value);
    return unit === "money_per_day" ? say("unit.per_day", { money: text }) : text;
  }
  if (MULTIPLES.has(kpi)) return `${format({ ...digits(2), minimumFractionDigits: 2 }).format(value)}×`;
  switch (unit) {
    case "ratio":
      return format({ style: "percent", maximumFractionDigits: form === "exact" ? 2 : 1 }).format(value);
    case "days":
      return format({ style: "unit", unit: "day", unitDisplay: "long", ...digits(1) }).format(value);
    case "minutes": {
      const isLong = Math.abs(value) >= 600 && form !== "exact";
      const shown = isLong ? value / 60 : value;
      return format({ style: "unit", unit: isLong ? "hour" : "minute", unitDisplay: "short", ...compact, ...(form === "short" ? {} : { maximumFractionDigits: 0 }) }).format(shown);
    }
    case "number":
      return format({ ...digits(2) }).format(value);
    default:
      return format({ maximumFractionDigits: 1, ...(Math.abs(value) < 10_000 ? {} : compact) }).format(value);
  }
}

/** A value as a number, for lengths and comparisons only. */
export const size = (figure) => (figure?.value === null || figure?.value === undefined ? null : Number(figure.value));

export const percent = (ratio, most = 0) => format({ style: "percent", maximumFractionDigits: most }).format(ratio);
export const signedPercent = (ratio) =>
  format({ style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(ratio);
export const plain = (number, most = 2) => format({ maximumFractionDigits: most }).format(number);

const moment = (options) => (text) => new Intl.DateTimeFormat(locale(), options).format(new Date(text));
export const momentText = moment({ dateStyle: "medium", timeStyle: "short" });
export const dayText = moment({ dateStyle: "medium", timeZone: "UTC" });
/** Days from the first to the last. */
export const daysText = ({ start, end }) => (start === end ? dayText(start) : `${dayText(start)} – ${dayText(end)}`);
export const timeText = moment({ timeStyle: "short" });
