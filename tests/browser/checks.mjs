// What a reader sees and does, in a real browser, before a real service.

import { accessibility, expect, open, screenshot, withPage } from "./drive.mjs";

const VIEWS = ["leaderboard", "company", "funnel", "pipeline", "activities", "territories", "contests", "rep"];
const HOSTILE = '<img src="/nothing" onerror="document.title=1">';

const freshness = (page, state) => page.waitForSelector(`.freshness[data-state="${state}"]`);
const figures = (page) => page.locator("main .figure").count();

export const checks = {
  async "every view has numbers, in light and dark, and no one is kept out"() {
    for (const colorScheme of ["light", "dark"]) {
      await withPage({ colorScheme }, async (page) => {
        for (const view of VIEWS) {
          await open(page, `#${view}`);
          await freshness(page, "live");
          if (view === "contests") await page.waitForSelector(".contest-row");
          else expect((await figures(page)) > 3, `${view} has ${await figures(page)} figures`);
          await page.waitForTimeout(800);
          const found = await accessibility(page);
          expect(found.length === 0, `${view}, ${colorScheme}: ${found.join("; ")}`);
          await screenshot(page, `${view}-${colorScheme}`);
        }
        const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        expect((paper === "rgb(245, 242, 234)") === (colorScheme === "light"), `${colorScheme} is ${paper}`);
      });
    }
  },

  async "a phone shows every view without scrolling sideways"() {
    await withPage({ width: 360, height: 740 }, async (page) => {
      for (const view of VIEWS) {
        await open(page, `#${view}`);
        await page.waitForTimeout(500);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(beyond <= 0, `${view} is ${beyond} pixels too wide`);
        await screenshot(page, `${view}-phone`);
      }
    });
  },

  async "a number opens into its deals, and the keyboard gets in and out"() {
    await withPage({}, async (page) => {
      await open(page, "#leaderboard?kind=quarter");
      await page.locator(".podium .big .figure").first().focus();
      await page.keyboard.press("Enter");
      await page.waitForSelector("#drawer[open] .cause");
      expect(page.url().includes("explain="), "the address says what is open");
      expect((await page.locator("#drawer .formula").textContent()).includes("sum over won deals"), "the formula is there");
      await page.locator("#drawer .cause summary").first().click();
      const offset = await page.locator("#drawer .cause .events tbody td").first().textContent();
      expect(/^\d+/.test(offset), `an offset, not ${offset}`);
      const found = await accessibility(page);
      expect(found.length === 0, `the drawer: ${found.join("; ")}`);
      await screenshot(page, "explain");
      for (let press = 0; press < 12; press += 1) {
        await page.keyboard.press("Tab");
        expect(await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest("#drawer"))), "the focus stays in the drawer");
      }
      await page.keyboard.press("Escape");
      await page.waitForFunction(() => !document.getElementById("drawer").open && !location.hash.includes("explain"));
      await page.waitForFunction(() => document.activeElement.classList.contains("figure"));
    });
    await withPage({}, async (page) => {
      await open(page, "#company?explain=kpi%3Dactivities%26kind%3Dquarter");
      await page.waitForSelector("#drawer .more");
      const before = await page.locator("#drawer .cause").count();
      await page.locator("#drawer .more").click();
      await page.waitForFunction((count) => document.querySelectorAll("#drawer .cause").length > count, before);
    });
  },

  async "a standing of a contest opens into its days, and a deal that is won into the day's"() {
    await withPage({}, async (page) => {
      await open(page, "#contests");
      await freshness(page, "live");
      const rows = await page.locator(".contest-row").count();
      expect(rows > 0 && (await page.locator(".contest-row .figure").count()) === rows, "every standing opens");
      await page.locator(".contest-row .figure").first().click();
      await page.waitForSelector("#drawer[open] .cause");
      expect(decodeURIComponent(page.url()).includes("days%3D") || decodeURIComponent(page.url()).includes("days="), "of the contest's days");
      expect(/ – /.test(await page.locator("#drawer .where").textContent()), "the drawer says of which days");
      await screenshot(page, "explain-contest");
      await page.keyboard.press("Escape");
      await page.waitForFunction(() => !document.getElementById("drawer").open);
      await page.waitForSelector("#celebration:not([hidden]) .won-amount .figure", { timeout: 60_000 });
      // Before it is gone again.
      await page.evaluate(() => document.querySelector(".won-amount .figure").click());
      await page.waitForSelector('#drawer[open] .cause[aria-current="true"]');
      await screenshot(page, "explain-won");
    });
  },

  async "numbers change by themselves, and wins are celebrated"() {
    await withPage({}, async (page) => {
      await open(page, "#leaderboard?kpi=activities");
      await freshness(page, "live");
      await page.evaluate(() => { globalThis.isTheSamePage = true; });
      const before = await page.locator("main").textContent();
      await page.waitForFunction((text) => document.querySelector("main").textContent !== text, before);
      await page.waitForSelector("#celebration:not([hidden]) .won-who", { timeout: 60_000 });
      expect((await page.locator(".won-who").textContent()).length > 1, "the winner has a name");
      await screenshot(page, "celebration");
      expect(await page.evaluate(() => globalThis.isTheSamePage), "nothing was loaded anew");
    });
  },

  async "a win that is taken back goes quietly"() {
    await withPage({ expectErrors: true }, async (page) => {
      const won = (id, offset) => JSON.stringify({
        deal_id: id, rep_id: "r1", rep_name: HOSTILE, territory_id: "t", territory_name: "T",
        amount: { currency: "EUR", minor_units: 123_456, text: "1234.56" }, closed_at: "2026-01-01T00:00:00Z", known_at: "2026-01-01T00:00:00Z",
        position: { topic: "deals", partition: 0, offset },
      });
      const body = `event: won\nid: a-1\ndata: ${won("D-1", 1)}\n\nevent: won\nid: a-2\ndata: ${won("D-2", 2)}\n\nevent: won_retracted\nid: a-3\ndata: ${won("D-1", 3)}\n\n`;
      await page.route("**/api/v1/live*", (route) => route.fulfill({ status: 200, contentType: "text/event-stream", body }));
      await open(page, "#leaderboard");
      await page.waitForFunction(() => document.getElementById("quiet-line").textContent.includes("D-1"));
      await page.waitForSelector("#celebration:not([hidden]) .won-who");
      expect((await page.locator(".won-who").textContent()) === HOSTILE, "names are text");
    });
  },

  async "without the stream it asks again and again, and names are only ever text"() {
    await withPage({ expectErrors: true }, async (page) => {
      await page.route("**/api/v1/live*", (route) => route.fulfill({ status: 503, body: "" }));
      await page.route("**/api/v1/leaderboard*", async (route) => {
        const response = await route.fetch();
        const document = await response.json();
        document.rows[0].name = HOSTILE;
        await route.fulfill({ response, json: document });
      });
      await open(page, "#leaderboard");
      await freshness(page, "polling");
      expect((await page.locator(".podium .name").first().textContent()) === HOSTILE, "the name is shown as it is");
      expect((await page.locator("main img").count()) === 0, "no image came of a name");
      const asked = [];
      page.on("request", (request) => request.url().includes("/leaderboard") && asked.push(request.url()));
      await page.waitForTimeout(11_000);
      expect(asked.length >= 2, `asked ${asked.length} times in 11 seconds`);
    });
  },

  async "the pace is that of the organisation's days"() {
    await withPage({}, async (page) => {
      await open(page, "#leaderboard");
      // A day in Tokyo, at six in the evening there.
      const share = await page.evaluate(async () => (await import("/page/periods.js")).elapsed(
        { from: "2026-11-24", to: "2026-11-25", starts_at: "2026-11-23T15:00:00Z", ends_at: "2026-11-24T15:00:00Z" },
        "2026-11-24T09:00:00Z",
      ));
      expect(share === 0.75, `${share} of the day has passed`);
      const { period } = await page.evaluate(async () => (await fetch("/api/v1/leaderboard?kpi=won_amount&kind=day")).json());
      const day = Date.parse(period.ends_at) - Date.parse(period.starts_at);
      expect(day >= 23 * 3_600_000 && day <= 25 * 3_600_000, `a day of ${day} ms`);
    });
  },

  async "cut off, the last numbers stay and say so; a wrong question is answered"() {
    await withPage({ expectErrors: true }, async (page, browser) => {
      await open(page, "#company");
      await freshness(page, "live");
      await browser.setOffline(true);
      await page.route("**/api/**", (route) => route.abort());
      await page.evaluate(() => { location.hash = "#company?kind=quarter&period="; });
      await freshness(page, "disconnected");
      expect((await figures(page)) > 10, "the last numbers stay");
      await screenshot(page, "disconnected");
      await page.unroute("**/api/**");
      await browser.setOffline(false);
      await freshness(page, "live");
      await page.evaluate(() => { location.hash = "#company?scope=rep&id=nobody"; });
      await page.waitForSelector("[role=alert]");
      expect((await page.locator("[role=alert]").textContent()).includes("nobody"), "the detail of the problem is shown");
    });
  },

  async "the wall turns its boards, pauses, and lets go"() {
    await withPage({ width: 1920, height: 1080, colorScheme: "dark" }, async (page) => {
      await open(page, "#tv");
      const board = () => page.locator(".tv-board").getAttribute("data-board");
      const turnsTo = (wanted) => page.waitForSelector(`.tv-board[data-board="${wanted}"]`);
      await turnsTo(0);
      await page.waitForSelector(".clock");
      for (let index = 1; index < 6; index += 1) {
        await page.keyboard.press("ArrowRight");
        await turnsTo(index);
        await page.waitForTimeout(900);
        await screenshot(page, `tv-${index}`);
        const beyond = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
        expect(beyond <= 0, `board ${index} is ${beyond} pixels too high`);
      }
      await page.keyboard.press("ArrowLeft");
      await turnsTo(4);
      await turnsTo(5);
      await page.keyboard.press(" ");
      const paused = await board();
      await page.waitForTimeout(16_500);
      expect((await board()) === paused, "a pause holds");
      await page.keyboard.press("Escape");
      await page.waitForSelector("#top nav");
      expect(page.url().includes("#leaderboard"), "Esc leaves");
    });
  },

  async "Japanese readers get Japanese, and the address keeps what is seen"() {
    await withPage({ locale: "ja-JP" }, async (page) => {
      await open(page, "#company?kind=month");
      expect((await page.locator("#top nav").textContent()).includes("ランキング"), "the views have Japanese names");
      expect((await page.locator("html").getAttribute("lang")) === "ja", "the page says its language");
      await page.waitForTimeout(500);
      await screenshot(page, "company-japanese");
      const english = (await page.locator("main").innerText()).match(/\b(won|deals|pipeline|quota)\b/i);
      expect(!english, `English is left: ${english?.[0]}`);
      await page.locator("[data-pick=language]").selectOption("en");
      await page.waitForFunction(() => document.querySelector("#top nav").textContent.includes("Leaderboard"));
      await page.locator("[data-pick=kind]").selectOption("week");
      await page.waitForFunction(() => location.hash.includes("kind=week"));
      await page.reload({ waitUntil: "domcontentloaded" });
      await page.waitForSelector("main .figure");
      expect((await page.locator("[data-pick=kind]").inputValue()) === "week", "the address holds the period");
    });
  },

  async "hurrying from view to view leaves one stream open"() {
    await withPage({}, async (page) => {
      await page.addInitScript(() => {
        const streams = [];
        globalThis.openStreams = () => streams.filter((stream) => stream.readyState !== EventSource.CLOSED).length;
        globalThis.EventSource = class extends EventSource {
          constructor(...rest) {
            super(...rest);
            streams.push(this);
          }
        };
      });
      await open(page, "#leaderboard");
      await freshness(page, "live");
      for (let round = 0; round < 8; round += 1) {
        await page.evaluate(async (views) => {
          for (const view of views) {
            location.hash = `#${view}`;
            await new Promise((done) => setTimeout(done, 1));
          }
        }, VIEWS.slice(0, 7));
      }
      await freshness(page, "live");
      await page.waitForTimeout(1_000);
      const count = await page.evaluate(() => globalThis.openStreams());
      expect(count === 1, `${count} streams are open`);
    });
  },

  async "who is not known yet is asked for again, and then followed"() {
    await withPage({ expectErrors: true }, async (page) => {
      await page.clock.install();
      let isKnown = false;
      const ofRep = (url) => url.href.includes("/api/v1/") && decodeURIComponent(url.search).includes("scope=rep");
      await page.route(ofRep, (route) => isKnown ? route.continue() : route.fulfill({
        status: route.request().url().includes("/live") ? 400 : 404,
        contentType: "application/problem+json",
        body: JSON.stringify({ title: "Not Found", status: 404, detail: "there is no rep of that id" }),
      }));
      await page.goto(`${process.env.PAGE}#rep?scope=rep&id=r001`, { waitUntil: "domcontentloaded" });
      await page.clock.runFor(5_000);
      await page.waitForSelector("[role=alert]");
      isKnown = true;
      for (let wait = 0; wait < 20 && (await figures(page)) === 0; wait += 1) {
        await page.clock.runFor(5_000);
        await page.waitForTimeout(200);
      }
      expect((await figures(page)) > 3, "the rep is shown once the service knows of it");
    });
  },

  async "an address that names nothing shows the first view"() {
    await withPage({}, async (page) => {
      for (const hash of ["#constructor", "#toString?kind=month", "#leaderboard?scope=constructor&id=x"]) {
        await page.goto("about:blank");
        await open(page, hash);
        await page.waitForSelector(".podium");
      }
    });
  },
};
