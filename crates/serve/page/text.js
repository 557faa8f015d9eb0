// Words of the page in the reader's language.

import { table as en } from "./text/en.js";
import { table as ja } from "./text/ja.js";

const TABLES = { en, ja };
const KEPT = "tallyboard.language";

const chosen = () => [localStorage.getItem(KEPT), ...navigator.languages.map((tag) => tag.split("-")[0])];
let language = chosen().find((tag) => tag in TABLES) ?? "en";

export const languages = { en: "English", ja: "日本語" };
export const languageNow = () => language;

/** The reader's own locale where it is of the page's language, for numbers and dates. */
export const locale = () => navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

export function setLanguage(tag) {
  language = tag;
  localStorage.setItem(KEPT, tag);
  document.documentElement.lang = tag;
}

/** The words of a key, with what belongs at `{name}`. */
export function say(key, values = {}) {
  const words = TABLES[language][key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** As `say`, but null where there are no words for the key. */
export const sayIfKnown = (key) => (key in TABLES[language] ? say(key) : null);

/** What a KPI is called. */
export const kpiLabel = (kpi) => sayIfKnown(`kpi.${kpi}`) ?? kpi.replaceAll("_", " ");
