// Periods: what they are called, and which comes before and after.

import { locale, say } from "./text.js";

export const KINDS = ["day", "week", "month", "quarter", "year"];
const DAY_MS = 86_400_000;

const pad = (number, digits = 2) => String(number).padStart(digits, "0");

/** The name of the period so many steps on, as the API names periods; null if the name is of no known form. */
export function stepped(name, steps) {
  let match;
  if ((match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(name))) {
    return new Date(Date.parse(name) + steps * DAY_MS).toISOString().slice(0, 10);
  }
  if ((match = /^(\d{4})-W(\d\d)$/.exec(name))) {
    const fourth = Date.UTC(Number(match[1]), 0, 4);
    const thursday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS + 3 * DAY_MS;
    return weekName(thursday + (Number(match[2]) - 1 + steps) * 7 * DAY_MS);
  }
  if ((match = /^(\d{4})-(\d\d)$/.exec(name))) {
    const months = Number(match[1]) * 12 + Number(match[2]) - 1 + steps;
    return `${pad(Math.floor(months / 12), 4)}-${pad((months % 12) + 1)}`;
  }
  if ((match = /^(FY)?(\d{4})-Q(\d)$/.exec(name))) {
    const quarters = Number(match[2]) * 4 + Number(match[3]) - 1 + steps;
    return `${match[1] ?? ""}${pad(Math.floor(quarters / 4), 4)}-Q${(quarters % 4) + 1}`;
  }
  if ((match = /^(FY)?(\d{4})$/.exec(name))) return `${match[1] ?? ""}${pad(Number(match[2]) + steps, 4)}`;
  return null;
}

/** The ISO week of a Thursday, which names its year. */
function weekName(thursday) {
  const year = new Date(thursday).getUTCFullYear();
  return `${pad(year, 4)}-W${pad(1 + Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * DAY_MS)))}`;
}

/** A period in the reader's words. */
export function periodText({ kind, name, from }) {
  const of = (options) => new Intl.DateTimeFormat(locale(), { timeZone: "UTC", ...options }).format(new Date(from));
  if (kind === "day") return of({ dateStyle: "long" });
  if (kind === "month") return of({ month: "long", year: "numeric" });
  if (kind === "week") return say("period.week", { year: name.slice(0, 4), week: Number(name.slice(-2)) });
  if (kind === "quarter") return say("period.quarter", { year: name.split("-")[0], quarter: name.slice(-1) });
  return say("period.year", { year: name });
}

/** Which share of a period had passed at a time: 0 to 1. */
export function elapsed({ starts_at, ends_at }, asOf) {
  const [start, end] = [Date.parse(starts_at), Date.parse(ends_at)];
  return Math.min(1, Math.max(0, (Date.parse(asOf) - start) / (end - start)));
}
