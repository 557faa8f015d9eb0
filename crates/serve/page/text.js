// Words of the page in the reader's language: one table, which comes when it is needed.

import { keep, recall } from "./kept.js";

const TABLES = {
  en: () => import("./text/en.js"),
  ja: () => import("./text/ja.js"),
};
export const languages = { en: "English", ja: "日本語" };

const chosen = () => [recall("language"), ...navigator.languages.map((tag) => tag.split("-")[0])];
let language = chosen().find((tag) => Object.hasOwn(TABLES, tag)) ?? "en";
let table = {};

export const languageNow = () => language;

/** The reader's own locale where it is of the page's language, for numbers and dates. */
export const locale = () => navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

/** Speaks a language from when its words have come. */
export async function setLanguage(tag) {
  const words = await TABLES[tag]();
  ({ table } = words);
  language = tag;
  document.documentElement.lang = tag;
}

export async function chooseLanguage(tag) {
  keep("language", tag);
  await setLanguage(tag);
}

/** The words of a key, with what belongs at `{name}`. */
export function say(key, values = {}) {
  const words = table[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** As `say`, but null where there are no words for the key. */
export const sayIfKnown = (key) => (Object.hasOwn(table, key) ? say(key) : null);

/** What a KPI is called. */
export const kpiLabel = (kpi) => sayIfKnown(`kpi.${kpi}`) ?? kpi.replaceAll("_", " ");

export const categoryText = (category) => sayIfKnown(`category.${category}`) ?? category;
