// Light, dark, or as the system has it.

const KEPT = "tallyboard.theme";
const THEMES = ["system", "light", "dark"];

export const themeNow = () => localStorage.getItem(KEPT) ?? "system";

/** Goes on to the next one, or only applies the one that is kept. */
export function nextTheme(keep = false) {
  const index = THEMES.indexOf(themeNow());
  const theme = THEMES[(index + (keep ? 0 : 1)) % THEMES.length];
  localStorage.setItem(KEPT, theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
