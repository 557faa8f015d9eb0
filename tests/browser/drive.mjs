// A browser for the checks: started, watched for errors, and gone afterwards.

import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { BROWSER, MODULES, PAGE, SCREENSHOTS } = process.env;
const require = createRequire(`${MODULES}/`);
const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");
const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const WAIT_MS = 20_000;

/** Does `check` with a page of a browser of its own; an error that the page tells of fails it. */
export async function withPage(options, check) {
  const folder = await mkdtemp(join(tmpdir(), "tallyboard-browser-"));
  const { width = 1440, height = 900, locale = "en-GB", colorScheme = "light", expectErrors = false } = options;
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath: BROWSER, headless: true, args: ARGUMENTS, viewport: { width, height }, locale, colorScheme,
  });
  const errors = [];
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    page.setDefaultTimeout(WAIT_MS);
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
    await check(page, browser);
    if (!expectErrors && errors.length > 0) throw new Error(`the page told of errors: ${errors.join("; ")}`);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Goes to a view and waits for its numbers. The event stream never ends, so there is no waiting for the network. */
export async function open(page, hash) {
  await page.goto(`${PAGE}${hash}`, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("main .figure, main .notice, main .contest");
}

/** What axe finds serious or critical. */
export async function accessibility(page) {
  // Through the debugger and not as a script of the page, which the page forbids.
  await page.evaluate(await (await import("node:fs/promises")).readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, any }) => `${target.join(" ")} (${any[0]?.message ?? ""})`).join(", ")}`);
}

export const screenshot = (page, name) => page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: "disabled" });

export function expect(is, what) {
  if (!is) throw new Error(what);
}
