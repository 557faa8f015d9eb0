// Words of the page in the reader's language, which come when they are needed.

import { keep, recall } from "./kept.js";

/** Of each language, the words that the page begins with, and all others. */
const TABLES = {
  en: [() => import("./text/en.js"), () => import("./text/en-rest.js")],
  ja: [() => import("./text/ja.js"), () => import("./text/ja-rest.js")],
};
export const languages = { en: "English", ja: "日本語" };

const chosen = () => [recall("language"), ...navigator.languages.map((tag) => tag.split("-")[0])];
let language = chosen().find((tag) => Object.hasOwn(TABLES, tag)) ?? "en";
let table = {};
let needsAll = false;
/** The language that was chosen last: others that come after it come too late. */
let wanted = language;

export const languageNow = () => language;

/** The reader's own locale where it is of the page's language, for numbers and dates. */
export const locale = () => navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

/** Speaks a language from when its words have come. */
export async function setLanguage(tag) {
  wanted = tag;
  const tables = await Promise.all(TABLES[tag].slice(0, needsAll ? 2 : 1).map((words) => words()));
  if (wanted !== tag) return;
  // Of one language, words are only added: it does not matter which come first.
  table = Object.assign({}, language === tag ? table : null, ...tables.map((words) => words.table));
  language = tag;
  document.documentElement.lang = tag;
}

/** The words that only some parts of the page need. */
export async function needAllWords() {
  needsAll = true;
  await setLanguage(wanted);
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
