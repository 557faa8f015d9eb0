// How long a number takes to get here: when each document came, and when what it says was on the screen, in milliseconds
// since 1970. Arguments: the view, the rep whose deals are won, by how much a deal raises the amount, and how many are won.

import { finish, open, withPage } from "./drive.mjs";

const [view, rep, stepText, countText] = process.argv.slice(2);
const step = Number(stepText);
const BOUND_MS = 300_000;
const VIEWS = {
  leaderboard: {
    shown: `[data-key="${rep}"] :is(.big, .amount) .figure > span[dir]`,
    watch: "leaderboard?kpi=won_amount&",
    amount: (document) => document.rows.find((row) => row.id === rep)?.value,
  },
  company: {
    shown: '[data-key="won_amount"] .tile-value .figure > span[dir]',
    // To its end: the page watches the previous quarter, too.
    watch: 'kpis?scope=company&kind=quarter",',
    amount: (document) => document.kpis.find((kpi) => kpi.name === "won_amount").value,
  },
};
const { shown, watch, amount } = VIEWS[view];
const number = (text) => Number(text.replace(/[^\d-]/g, ""));

await withPage({}, async (page) => {
  await page.addInitScript((begin) => {
    const heard = (globalThis.heard = []);
    globalThis.EventSource = class extends EventSource {
      constructor(...rest) {
        super(...rest);
        // Before the page hears of it.
        this.addEventListener("document", ({ data }) => data.startsWith(begin) && heard.push([data, Date.now()]));
      }
    };
  }, `{"watch":"${watch}`);
  await open(page, `#${view}`);
  await page.waitForSelector('.freshness[data-state="live"]');
  await page.waitForSelector(shown);
  const base = number(await page.locator(shown).textContent());
  await page.evaluate((selector) => {
    const painted = (globalThis.painted = []);
    let last = null;
    // A frame that begins after a frame with the change: that one is on the screen.
    const onScreen = (text) => requestAnimationFrame(() => requestAnimationFrame(() => painted.push([text, Date.now()])));
    const look = () => {
      const text = document.querySelector(selector)?.textContent;
      if (text && text !== last) onScreen((last = text));
    };
    new MutationObserver(look).observe(document.getElementById("view"), { subtree: true, childList: true, characterData: true });
  }, shown);
  console.log(`ready ${base}`);
  const enough = base + (Number(countText) - 0.5) * step;
  const isEnough = ([selector, least]) => Number(document.querySelector(selector).textContent.replace(/[^\d-]/g, "")) >= least;
  await page.waitForFunction(isEnough, [shown, enough], { timeout: BOUND_MS, polling: 250 });
  await page.waitForTimeout(250);
  const { heard, painted } = await page.evaluate(() => ({ heard: globalThis.heard, painted: globalThis.painted }));
  const received = heard.map(([data, at]) => [Number(amount(JSON.parse(data).document) ?? 0), at]);
  console.log(`seen ${JSON.stringify({ received, painted: painted.map(([text, at]) => [number(text), at]) })}`);
});
await finish();
