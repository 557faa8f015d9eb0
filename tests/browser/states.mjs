// What a reader is told when the numbers are not there, not all, or not those of now. Where the service cannot be brought
// into a state, its answers are put in its place.

import { accessibility, expect, figures, freshness, open, screenshot, withPage, words } from "./drive.mjs";

const { PAGE } = process.env;
const LOCALES = ["en-GB", "ja-JP"];
const stream = (...messages) => ({ status: 200, contentType: "text/event-stream", body: messages.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join("") });
const problem = (status, title, detail) => ({ status, contentType: "application/problem+json", body: JSON.stringify({ type: "about:blank", status, title, detail }) });

/** Puts something else in the place of the service's answer to a question. */
async function answered(page, path, change) {
  await page.route(path, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), ...change } });
  });
}

const noStream = (page) => page.route("**/api/v1/live*", (route) => route.fulfill({ status: 503, body: "" }));
const go = (page, hash) => page.goto(`${PAGE}${hash}`, { waitUntil: "domcontentloaded" });

/** That a place says all of these, in the reader's words, and is announced. */
async function says(page, place, ...keys) {
  await page.waitForSelector(place);
  const text = await page.locator(place).first().innerText();
  for (const key of keys) {
    const expected = (await words(page, key)).split(/\{\w+\}/).map((part) => part.trim()).filter(Boolean);
    for (const part of expected) expect(text.includes(part), `${place} says ${JSON.stringify(text)}, but not ${JSON.stringify(part)}`);
  }
  expect(await page.locator(place).first().evaluate((one) => Boolean(one.closest("[aria-live], [role=status], [role=alert], main"))), `${place} is announced`);
  // Languages differ in words alone.
  if (!(await page.evaluate(() => document.documentElement.lang === "en"))) return text;
  const found = await accessibility(page, place);
  expect(found.length === 0, `${place}: ${found.join("; ")}`);
  return text;
}

export const states = {
  async "no events yet: what to do"() {
    for (const locale of LOCALES) {
      await withPage({ locale, expectErrors: true }, async (page) => {
        await noStream(page);
        await answered(page, "**/api/v1/leaderboard*", { newest_event_at: null, caught_up: true, rows: [], total_rows: 0 });
        await go(page, "#leaderboard");
        const text = await says(page, "main .notice", "state.empty", "state.empty_help", "state.empty_demo");
        expect(text.includes("tallyboard load") && text.includes("tallyboard demo"), "the commands are there");
        await screenshot(page, `state-empty-${locale.slice(0, 2)}`);
      });
      await withPage({ locale, expectErrors: true }, async (page) => {
        await noStream(page);
        await answered(page, "**/api/v1/leaderboard*", { rows: [], total_rows: 0 });
        await go(page, "#rep");
        await says(page, "main .notice", "state.no_reps", "state.no_reps_help");
        await go(page, "#leaderboard");
        await says(page, "main .nothing", "leaderboard.nothing");
      });
    }
  },

  async "while it loads, the shape of what comes is there, and nothing jumps"() {
    await withPage({ expectErrors: true }, async (page) => {
      let release = null;
      const held = new Promise((done) => { release = done; });
      await noStream(page);
      await page.route("**/api/v1/leaderboard*", async (route) => {
        await held;
        await route.continue();
      });
      await go(page, "#leaderboard");
      await page.waitForSelector("main[aria-busy] .waiting[data-shape=podium] .skeleton");
      const label = await page.locator(".waiting").getAttribute("aria-label");
      expect(label === await words(page, "state.loading"), `it is called ${label}`);
      const top = (place) => page.locator(place).first().evaluate((one) => Math.round(one.getBoundingClientRect().top));
      const before = [await top("h1"), await top("main"), await top(".skeleton:nth-child(2)")];
      await screenshot(page, "state-loading");
      release();
      await page.waitForSelector("main:not([aria-busy]) .podium");
      const after = [await top("h1"), await top("main"), await top(".podium .step")];
      expect(Math.abs(before[0] - after[0]) <= 1 && Math.abs(before[1] - after[1]) <= 1, `${before} became ${after}`);
    });
    // Numbers of other picks: those that are there stay until then, but not as if they were theirs.
    await withPage({}, async (page) => {
      await open(page, "#company");
      await freshness(page, "live");
      let release = null;
      const held = new Promise((done) => { release = done; });
      await page.route("**/api/v1/live*", async (route) => {
        await held;
        await route.continue();
      });
      await page.locator("[data-pick=kind]").selectOption("year");
      await page.waitForSelector("main[aria-busy] .tile");
      await page.waitForFunction(() => Number(getComputedStyle(document.querySelector("main")).opacity) < 0.5);
      release();
      await page.waitForSelector("main:not([aria-busy]) .tile");
    });
  },

  async "catching up: how far, and how many events are to come"() {
    for (const locale of LOCALES) {
      await withPage({ locale, expectErrors: true }, async (page) => {
        await noStream(page);
        let change = { state: "catching_up", caught_up: false, ready: false, progress: 0.42, lag_records: 12_345 };
        await page.route("**/api/v1/status", async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...(await response.json()), ...change } });
        });
        await open(page, "#leaderboard");
        const text = await says(page, "#news .strip", "state.catching_up", "state.catching_up_help");
        expect(text.includes("42%") && text.includes("12,345"), text);
        expect((await page.locator("#news progress").evaluate((bar) => bar.value)) === 0.42, "the bar is as far");
        await freshness(page, "catching_up");
        await screenshot(page, `state-catching-up-${locale.slice(0, 2)}`);
        change = { state: "live" };
        await page.waitForSelector("#news .strip", { state: "detached" });
      });
    }
  },

  async "stale: since when"() {
    for (const locale of LOCALES) {
      await withPage({ locale, timezoneId: "UTC", expectErrors: true }, async (page) => {
        await page.route("**/api/v1/live*", (route) => route.fulfill(stream(["status", { state: "stale", lag_records: 77, lag_seconds: 900, newest_event_at: "2026-11-24T11:59:00Z" }])));
        await answered(page, "**/api/v1/status", { state: "stale", lag_records: 77, lag_seconds: 900, newest_event_at: "2026-11-24T11:59:00Z" });
        await open(page, "#leaderboard");
        const text = await says(page, "#news .strip", "state.stale", "state.stale_help");
        expect(text.includes("11:59") && text.includes("77"), text);
        await freshness(page, "stale");
        await screenshot(page, `state-stale-${locale.slice(0, 2)}`);
      });
    }
  },

  async "cut off: the last numbers stay, dimmed, and it says since when and tries again"() {
    for (const locale of LOCALES) {
      await withPage({ locale, expectErrors: true }, async (page, reader) => {
        await open(page, "#company");
        await freshness(page, "live");
        await reader.setOffline(true);
        await page.route("**/api/**", (route) => route.abort());
        await page.evaluate(() => { location.hash = "#company?kind=quarter&period="; });
        await freshness(page, "disconnected");
        expect((await figures(page)) > 10, "the last numbers stay");
        await says(page, "#news .strip", "state.lost", "state.as_of", "state.since");
        await page.waitForFunction(() => getComputedStyle(document.querySelector("main")).filter === "grayscale(1)");
        const wait = await words(page, "state.retry_in");
        const seconds = async () => Number((await page.locator(".retrying").innerText()).match(/(\d+) ?(s\.|秒)/)?.[1]);
        await page.waitForFunction((end) => document.querySelector(".retrying").textContent.includes(end), wait.split("}")[1].trim());
        expect((await seconds()) > 0, "it says when it tries again");
        await screenshot(page, `state-disconnected-${locale.slice(0, 2)}`);
        await page.unroute("**/api/**");
        await reader.setOffline(false);
        await freshness(page, "live");
        await page.waitForSelector("#news .strip", { state: "detached" });
      });
    }
  },

  async "a stream that is cut off where nobody notices is asked after"() {
    await withPage({ expectErrors: true }, async (page) => {
      await page.clock.install();
      await page.addInitScript(() => {
        globalThis.EventSource = class extends EventSource {
          addEventListener(type, hear) {
            super.addEventListener(type, (event) => globalThis.isSilent || hear(event));
          }
        };
      });
      await go(page, "#contests");
      for (let wait = 0; wait < 100 && (await page.locator(".contest").count()) === 0; wait += 1) {
        await page.clock.runFor(50);
        await page.waitForTimeout(50);
      }
      await freshness(page, "live");
      await page.evaluate(() => { globalThis.isSilent = true; });
      await page.route("**/api/v1/**", (route) => route.abort());
      for (let second = 0; second < 120 && (await page.locator('.freshness[data-state="disconnected"]').count()) === 0; second += 1) {
        await page.clock.fastForward(5_000);
        await page.waitForTimeout(20);
      }
      await freshness(page, "disconnected");
    });
  },

  async "nobody answers from the start, and then somebody does"() {
    for (const locale of LOCALES) {
      await withPage({ locale, expectErrors: true }, async (page) => {
        await page.route("**/api/**", (route) => route.abort());
        await go(page, "#leaderboard");
        await says(page, "main .notice", "state.unreachable", "state.unreachable_help", "state.retry");
        await screenshot(page, `state-unreachable-${locale.slice(0, 2)}`);
        // Asked at once, though still in vain.
        await Promise.all([page.waitForRequest("**/api/v1/live*"), page.locator("[data-do=retry]").click()]);
        await page.unroute("**/api/**");
        await page.waitForSelector("main .figure");
        await freshness(page, "live");
      });
    }
  },

  async "a wrong question and one of nobody are answered in the service's words, with a way on"() {
    for (const locale of LOCALES) {
      await withPage({ locale, expectErrors: true }, async (page) => {
        await go(page, "#leaderboard?kpi=nonsense");
        const wrong = await says(page, "[role=alert]", "state.problem", "state.problem_help", "state.reset");
        expect(wrong.includes("400 Bad Request") && wrong.includes("nonsense"), wrong);
        await page.locator("[role=alert] a").click();
        await page.waitForSelector(".podium");
        await page.evaluate(() => { location.hash = "#company?scope=rep&id=nobody"; });
        const nobody = await says(page, "[role=alert]", "state.not_found", "state.not_found_help", "state.company");
        expect(nobody.includes("404 Not Found") && nobody.includes("there is no rep of that id"), nobody);
        await screenshot(page, `state-not-found-${locale.slice(0, 2)}`);
        await page.locator("[role=alert] a").click();
        await page.waitForSelector(".tile.hero");
      });
    }
  },

  async "signed out: by a proxy's page, by its redirect, at first and later"() {
    const refusals = [{ status: 401, contentType: "text/html", body: "<h1>Sign in</h1>" }, { status: 403, body: "" }, { status: 302, headers: { location: "/login" } }];
    for (const [index, refusal] of refusals.entries()) {
      const locale = LOCALES[index % 2];
      await withPage({ locale, expectErrors: true }, async (page) => {
        await page.route("**/api/**", (route) => route.fulfill(refusal));
        await go(page, "#leaderboard");
        await says(page, "[role=alert]", "state.refused", "state.refused_help", "state.reload");
        await screenshot(page, `state-refused-${locale.slice(0, 2)}`);
      });
    }
    await withPage({ expectErrors: true }, async (page) => {
      await open(page, "#leaderboard");
      await freshness(page, "live");
      await page.route("**/api/**", (route) => route.fulfill(refusals[0]));
      await page.evaluate(() => { location.hash = "#leaderboard?kind=quarter"; });
      await says(page, "#news .strip", "state.refused", "state.refused_help", "state.reload");
      expect((await figures(page)) > 3, "the numbers stay");
      await Promise.all([page.waitForEvent("domcontentloaded"), page.locator("[data-do=reload]").click()]);
      await page.unroute("**/api/**");
      await page.reload({ waitUntil: "domcontentloaded" });
      await page.waitForSelector(".podium");
    });
  },

  async "the service is busy: the numbers stay, or it says so, and asks again"() {
    await withPage({ expectErrors: true }, async (page) => {
      let isBusy = true;
      await page.route("**/api/v1/leaderboard*", (route) => isBusy ? route.fulfill(problem(503, "Service Unavailable", "there was no answer within 10 seconds")) : route.continue());
      await noStream(page);
      await go(page, "#leaderboard");
      const text = await says(page, "[role=alert]", "state.busy", "state.busy_help");
      expect(text.includes("503 Service Unavailable") && text.includes("within 10 seconds"), text);
      await screenshot(page, "state-busy");
      isBusy = false;
      await page.waitForSelector(".podium");
      isBusy = true;
      await says(page, "#news .strip", "state.busy", "state.as_of");
      expect((await figures(page)) > 3, "the numbers stay");
    });
  },

  async "a part of the page that does not come can be loaded again"() {
    await withPage({ expectErrors: true }, async (page) => {
      await open(page, "#leaderboard");
      await page.route("**/page/views/funnel.js", (route) => route.abort());
      await page.evaluate(() => { location.hash = "#funnel"; });
      await says(page, "main .notice", "state.broken", "state.broken_help", "state.reload");
      await page.evaluate(() => { location.hash = "#company"; });
      await page.waitForSelector(".tile.hero");
      await page.unroute("**/page/views/funnel.js");
      await page.evaluate(() => { location.hash = "#funnel"; });
      await page.waitForSelector(".funnel-row, [data-do=reload]");
    });
  },

  async "who is not known yet is asked for again, and then followed"() {
    await withPage({ expectErrors: true }, async (page) => {
      await page.clock.install();
      let isKnown = false;
      const ofRep = (url) => url.href.includes("/api/v1/") && decodeURIComponent(url.search).includes("scope=rep");
      await page.route(ofRep, (route) => isKnown ? route.continue()
        : route.fulfill(problem(route.request().url().includes("/live") ? 400 : 404, "Not Found", "there is no rep of that id")));
      await go(page, "#rep?scope=rep&id=r001");
      for (let wait = 0; wait < 40 && (await page.locator("[role=alert]").count()) === 0; wait += 1) {
        await page.clock.runFor(500);
        await page.waitForTimeout(50);
      }
      isKnown = true;
      for (let wait = 0; wait < 40 && (await figures(page)) === 0; wait += 1) {
        await page.clock.runFor(5_000);
        await page.waitForTimeout(100);
      }
      expect((await figures(page)) > 3, "the rep is shown once the service knows of it");
    });
  },
};
