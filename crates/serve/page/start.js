// Runs before the page is all there: colours before anything is painted, and what the first view needs is asked for at once.

import { load, viewName } from "./parts.js";
import { route } from "./route.js";
import { languageNow, setLanguage } from "./text.js";
import { applyTheme, themeNow } from "./theme.js";

applyTheme(themeNow());
// Whoever waits for them says what is wrong.
setLanguage(languageNow()).catch(() => {});
load(viewName(route().view)).catch(() => {});
