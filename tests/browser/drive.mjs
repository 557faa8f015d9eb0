// A browser for the checks: started, watched for errors, and gone afterwards.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const { BROWSER, MODULES, PAGE, SCREENSHOTS } = process.env;
const require = createRequire(`${MODULES}/`);
const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");
const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const WAIT_MS = 20_000;

let browser = null;

/**
 * Does `check` with a page of a reader of its own; an error that the page tells of fails it. Nothing moves unless a check
 * is about that: what moves takes the time of all others.
 */
export async function withPage(options, check) {
  browser ??= chromium.launch({ executablePath: BROWSER, headless: true, args: ARGUMENTS });
  const { width = 1440, height = 900, expectErrors = false, ...others } = options;
  const reader = await (await browser).newContext({ viewport: { width, height }, locale: "en-GB", colorScheme: "light", reducedMotion: "reduce", ...others });
  const errors = [];
  const page = await reader.newPage();
  try {
    page.setDefaultTimeout(WAIT_MS);
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
    await check(page, reader);
    if (!expectErrors && errors.length > 0) throw new Error(`the page told of errors: ${errors.join("; ")}`);
  } finally {
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await reader.close();
  }
}

/** Ends the browser. */
export const finish = async () => (await browser)?.close();

/** Goes to a view and waits for its numbers. The event stream never ends, so there is no waiting for the network. */
export async function open(page, hash) {
  await page.goto(`${PAGE}${hash}`, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("main:not([aria-busy]) :is(.figure, .notice, .contest)");
}

export const freshness = (page, state) => page.waitForSelector(`.freshness[data-state="${state}"]`);
export const figures = (page) => page.locator("main .figure").count();

/** What the page says for a key, in its reader's language. */
export const words = (page, key, values = {}) =>
  page.evaluate(async ([asked, at]) => (await import("/page/text.js")).say(asked, at), [key, values]);

/** Waits until nothing moves that was set to move. */
export const still = (page) => page.evaluate(() => Promise.all(document.getAnimations()
  .filter((one) => one.effect.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))));

/** What axe finds serious or critical, in a place or on the whole page; `rules`: these alone. */
export async function accessibility(page, place, rules) {
  // Through the debugger and not as a script of the page, which the page forbids.
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(([within, only]) => globalThis.axe.run(within ?? document, only ? { runOnly: only } : {}), [place, rules]);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, any }) => `${target.join(" ")} (${any[0]?.message ?? ""})`).join(", ")}`);
}

export const screenshot = (page, name) => page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: "disabled" });

export function expect(is, what) {
  if (!is) throw new Error(what);
}
