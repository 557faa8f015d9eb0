// The wall: legible from five metres, whole on every screen, whoever is called what.

import { expect, open, screenshot, still, withPage } from "./drive.mjs";

/** Of the screen's height, at least: what can be read from five metres. */
const SMALLEST = 0.025;
const SCREENS = [[1280, 720], [1920, 1080], [3840, 2160]];
const BOARDS = 7;
const LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh, Ottoline";

/** The smallest text on the screen, and whatever is cut off or beyond its edge. */
function measured() {
  const [width, height] = [innerWidth, innerHeight];
  const found = { smallest: Infinity, text: "", beyond: [] };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const { currentNode: text } = walker;
    const element = text.parentElement;
    if (!text.data.trim() || element.closest(".spoken, [hidden], dialog:not([open]), noscript, select") || !element.checkVisibility()) continue;
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    const size = Number.parseFloat(getComputedStyle(element).fontSize) / height;
    if (size < found.smallest) Object.assign(found, { smallest: size, text: text.data });
    // What ends in an ellipsis is cut off on purpose, and there.
    const shortener = [...ancestors(element)].slice(0, 4).find((one) => getComputedStyle(one).textOverflow === "ellipsis");
    const right = shortener ? Math.min(box.right, shortener.getBoundingClientRect().right) : box.right;
    const isCut = [...ancestors(element)].some((one) => {
      if (getComputedStyle(one).overflowX === "visible") return false;
      const edge = one.getBoundingClientRect();
      // A font's box is a little higher than a line that is set tight.
      const slack = height * 0.008;
      return box.bottom > edge.bottom + slack || right > edge.right + 3 || box.top < edge.top - slack;
    });
    const isBeyond = box.bottom > height + 1 || right > width + 1 || box.top < -1;
    if (isCut || isBeyond) found.beyond.push(`${text.data} in ${element.className || element.nodeName}`);
  }
  const board = document.querySelector(".tv-board").getBoundingClientRect();
  for (const one of document.querySelectorAll(".tv-board *")) {
    const box = one.getBoundingClientRect();
    if (one.checkVisibility() && box.height > 0 && box.bottom > board.bottom + 2 && !one.closest(".spoken")) found.beyond.push(`${one.className || one.nodeName} ends ${Math.round(box.bottom - board.bottom)} below the board`);
  }
  const rows = [...document.querySelectorAll(".funnel-row, .rank, .stages tr, .contest-row")].filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect());
  for (const [index, box] of rows.entries()) {
    if (box.height < height * 0.025) found.beyond.push(`row ${index} is ${box.height} high`);
  }
  if (document.documentElement.scrollHeight > height || document.documentElement.scrollWidth > width) found.beyond.push("the page scrolls");
  return found;
  function* ancestors(element) {
    for (let one = element; one; one = one.parentElement) yield one;
  }
}

/** Twelve stages, and names as long as they come. */
async function crowd(page) {
  const stretched = (parts) => {
    const first = parts.filter(({ pipeline }) => pipeline === parts[0].pipeline);
    return Array.from({ length: 12 }, (_, index) => ({ ...first[index % first.length], stage: `${String(index + 1)} ${first[index % first.length].stage} with whoever decides` }));
  };
  await page.route("**/api/v1/live*", (route) => route.fulfill({ status: 503, body: "" }));
  await page.route("**/api/v1/{leaderboard,kpis,contests}*", async (route) => {
    const response = await route.fetch();
    const document = await response.json();
    for (const row of document.rows ?? []) row.name = `${LONG} ${row.id}`;
    for (const contest of document.contests ?? []) {
      contest.name = `${LONG} ${contest.name}`;
      for (const row of contest.rows) row.name = `${LONG} ${row.id}`;
    }
    for (const kpi of document.kpis ?? []) {
      if (kpi.by?.stage?.length > 0) kpi.by.stage = stretched(kpi.by.stage);
      if (kpi.currency && typeof kpi.value === "string") kpi.value = "1234567890.12";
      if (kpi.named?.stage) kpi.named.stage = `${kpi.named.stage} with whoever decides`;
    }
    await route.fulfill({ response, json: document });
  });
}

const turnsTo = (page, wanted) => page.waitForSelector(`.tv-board[data-board="${wanted}"] *`);

async function everyBoard(page, name, look) {
  await turnsTo(page, 0);
  for (let index = 0; index < BOARDS; index += 1) {
    if (index > 0) await page.keyboard.press("ArrowRight");
    await turnsTo(page, index);
    await still(page);
    if (name) await screenshot(page, `tv-${name}-${index}`);
    await look(index);
  }
}

export const wall = {
  async "every board is legible from five metres and whole on every screen"() {
    for (const [width, height] of SCREENS) {
      for (const isCrowded of [false, true]) {
        await withPage({ width, height, colorScheme: "dark", expectErrors: isCrowded, reducedMotion: "reduce" }, async (page) => {
          if (isCrowded) await crowd(page);
          await open(page, "#tv");
          await everyBoard(page, `${height}${isCrowded ? "-crowded" : ""}`, async (index) => {
            const { smallest, text, beyond } = await page.evaluate(measured);
            const what = `${width}x${height}, ${isCrowded ? "crowded" : "as it is"}, board ${index}`;
            console.log(`${what}: the smallest text is ${(smallest * 100).toFixed(2)} % of the height`);
            expect(smallest >= SMALLEST, `${what}: ${JSON.stringify(text)} has ${(smallest * 100).toFixed(2)} % of the height`);
            expect(beyond.length === 0, `${what}: ${beyond.slice(0, 6).join("; ")}`);
          });
        });
      }
    }
  },

  async "the wall turns its boards, watches no more than it needs, pauses, and lets go"() {
    await withPage({ width: 1920, height: 1080 }, async (page) => {
      await page.clock.install();
      await page.addInitScript(() => {
        globalThis.watched = [];
        globalThis.EventSource = class extends EventSource {
          constructor(url) {
            super(url);
            globalThis.watched = new URL(url, location.href).searchParams.getAll("watch");
          }
        };
      });
      await page.goto(`${process.env.PAGE}#tv`, { waitUntil: "domcontentloaded" });
      const pass = async (seconds) => {
        for (let passed = 0; passed < seconds; passed += 1) {
          await page.clock.runFor(1_000);
          await page.waitForTimeout(30);
        }
      };
      for (let wait = 0; wait < 100 && (await page.locator(".tv-board").count()) === 0; wait += 1) {
        await page.clock.runFor(50);
        await page.waitForTimeout(50);
      }
      const board = () => page.locator(".tv-board").getAttribute("data-board");
      await turnsTo(page, 0);
      await page.waitForSelector(".clock");
      const watched = await page.evaluate(() => globalThis.watched);
      expect(watched.some((path) => path.startsWith("leaderboard")) && watched.some((path) => path.startsWith("kpis")), `this board and the next: ${watched}`);
      expect(!watched.some((path) => /territory|activities|contests/.test(path)), `no others: ${watched}`);
      await pass(16);
      await turnsTo(page, 1);
      const then = await page.evaluate(() => globalThis.watched);
      expect(then.some((path) => path.includes("group=territory")) && !then.some((path) => path.includes("group=rep")), `the next ones: ${then}`);
      await page.keyboard.press("ArrowLeft");
      await turnsTo(page, 0);
      await page.keyboard.press(" ");
      await pass(20);
      expect((await board()) === "0", "a pause holds");
      await page.keyboard.press("Escape");
      await page.waitForSelector("#top nav");
      await page.waitForFunction(() => location.hash.includes("#leaderboard"));
    });
  },
};
