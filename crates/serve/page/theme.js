// Light, dark, or as the system has it.

import { keep, recall } from "./kept.js";

const THEMES = ["system", "light", "dark"];

export const themeNow = () => THEMES.find((theme) => theme === recall("theme")) ?? "system";

export function applyTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function nextTheme() {
  keep("theme", THEMES[(THEMES.indexOf(themeNow()) + 1) % THEMES.length]);
  applyTheme(themeNow());
}
