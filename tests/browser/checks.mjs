// What a reader sees and does, in a real browser, before a real service.

import { accessibility, expect, figures, freshness, open, screenshot, still, withPage } from "./drive.mjs";

const VIEWS = ["leaderboard", "company", "funnel", "pipeline", "activities", "territories", "contests", "rep"];
const HOSTILE = '<img src="/nothing" onerror="document.title=1">';

export const checks = {
  async "every view has numbers, in light and dark, and no one is kept out"() {
    for (const colorScheme of ["light", "dark"]) {
      await withPage({ colorScheme }, async (page) => {
        for (const view of VIEWS) {
          await open(page, `#${view}`);
          await freshness(page, "live");
          if (view === "contests") await page.waitForSelector(".contest-row");
          else expect((await figures(page)) > 3, `${view} has ${await figures(page)} figures`);
          await still(page);
          // Colours are all that differs in the dark.
          const found = await accessibility(page, undefined, colorScheme === "dark" ? ["color-contrast"] : undefined);
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
        await still(page);
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
      await page.locator(".contest-row .figure > [dir]").first().click();
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
      await page.clock.install();
      await page.route("**/api/v1/live*", (route) => route.fulfill({ status: 503, body: "" }));
      await page.route("**/api/v1/leaderboard*", async (route) => {
        const response = await route.fetch();
        const document = await response.json();
        document.rows[0].name = HOSTILE;
        await route.fulfill({ response, json: document });
      });
      await page.goto(`${process.env.PAGE}#leaderboard`, { waitUntil: "domcontentloaded" });
      for (let wait = 0; wait < 100 && (await page.locator(".podium .name").count()) === 0; wait += 1) {
        await page.clock.runFor(100);
        await page.waitForTimeout(50);
      }
      await freshness(page, "polling");
      expect((await page.locator(".podium .name").first().textContent()) === HOSTILE, "the name is shown as it is");
      expect((await page.locator("main img").count()) === 0, "no image came of a name");
      const asked = [];
      page.on("request", (request) => request.url().includes("/leaderboard") && asked.push(request.url()));
      // Every five seconds of the page's own clock.
      for (let second = 0; second < 11; second += 1) {
        await page.clock.runFor(1_000);
        await page.waitForTimeout(50);
      }
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

  async "Japanese readers get Japanese, and the address keeps what is seen"() {
    await withPage({ locale: "ja-JP" }, async (page) => {
      await open(page, "#company?kind=month");
      expect((await page.locator("#top nav").textContent()).includes("ランキング"), "the views have Japanese names");
      expect((await page.locator("html").getAttribute("lang")) === "ja", "the page says its language");
      await still(page);
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
      await page.waitForFunction(() => globalThis.openStreams() === 1);
      await page.waitForTimeout(300);
      const count = await page.evaluate(() => globalThis.openStreams());
      expect(count === 1, `${count} streams are open`);
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

  async "anyone of thousands is found, and chosen by the keyboard alone"() {
    await withPage({}, async (page) => {
      const asked = [];
      // The last of many: beyond the rows that the service gives at once.
      await page.route(/leaderboard\?kpi=open_deals&group=rep/, async (route) => {
        const response = await route.fetch();
        const document = await response.json();
        const search = new URL(route.request().url()).searchParams.get("search");
        asked.push(search);
        document.total_rows = 4_321;
        if (search === "zo") document.rows = [{ ...document.rows[0], id: "r001", name: HOSTILE }];
        await route.fulfill({ response, json: document });
      });
      await open(page, "#company");
      const picker = page.locator("[data-do=scope]");
      await picker.focus();
      await page.keyboard.press("Enter");
      await page.waitForSelector("#finder[open] [role=option]");
      expect((await page.locator("#finder").textContent()).includes("of 4321"), "the list says that it is not all");
      const found = await accessibility(page);
      expect(found.length === 0, `the finder: ${found.join("; ")}`);
      await screenshot(page, "finder");
      await page.keyboard.type("zo");
      await page.waitForFunction((text) => document.querySelector("#finder [data-active]")?.textContent === text, HOSTILE);
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => location.hash.includes("scope=rep&id=r001") && !document.getElementById("finder").open);
      await page.waitForSelector("main:not([aria-busy]) .figure");
      expect(asked.includes("zo"), `asked for ${asked}`);
      await picker.click();
      await page.waitForSelector("#finder[open] [role=option]");
      await page.keyboard.press("Escape");
      await page.waitForFunction(() => !document.getElementById("finder").open && document.activeElement.dataset.do === "scope");
    });
  },

  async "a rep's page without a rep shows one"() {
    await withPage({}, async (page) => {
      await open(page, "#rep");
      await page.waitForFunction(() => /scope=rep&id=./.test(location.hash));
      await page.waitForSelector(".tile.hero");
    });
  },

  async "where the browser keeps nothing, everything works but being kept"() {
    await withPage({ colorScheme: "light" }, async (page) => {
      await page.addInitScript(() => {
        Object.defineProperty(globalThis, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } });
      });
      await open(page, "#company");
      await page.locator("[data-do=theme]").click();
      await page.locator("[data-do=theme]").click();
      await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
      await page.locator("[data-pick=language]").selectOption("ja");
      await page.waitForFunction(() => document.querySelector("#top nav").textContent.includes("ランキング"));
    });
  },

  async "who wants nothing to move sees nothing move"() {
    const moving = (reducedMotion) => withPage({ reducedMotion, expectErrors: true }, async (page) => {
      let round = 0;
      await page.route("**/api/v1/live*", (route) => route.fulfill({ status: 503, body: "" }));
      await page.route(/leaderboard\?kpi=won_deals/, async (route) => {
        const response = await route.fetch();
        const document = await response.json();
        round += 1;
        // Others lead at each asking.
        if (round % 2 === 0) document.rows.unshift(...document.rows.splice(1, 1));
        await route.fulfill({ response, json: document });
      });
      await page.addInitScript(() => {
        globalThis.moved = 0;
        const animate = Element.prototype.animate;
        Element.prototype.animate = function counted(...rest) {
          globalThis.moved += 1;
          return animate.apply(this, rest);
        };
      });
      await open(page, "#leaderboard?kpi=won_deals&group=territory&kind=year");
      const first = await page.locator("main .name").first().textContent();
      await page.waitForFunction((name) => document.querySelector("main .name").textContent !== name, first);
      await page.evaluate(async () => {
        const { load } = await import("/page/parts.js");
        (await load("celebration")).celebrate({ deal_id: "D", rep_name: "R", amount: null });
      });
      await page.waitForSelector(".won-card");
      const moved = await page.evaluate(() => globalThis.moved);
      const papers = await page.locator("#celebration canvas").count();
      const isStill = reducedMotion === "reduce";
      expect(isStill ? moved === 0 && papers === 0 : moved > 0 && papers === 1, `${reducedMotion}: ${moved} moved, ${papers} of confetti`);
    });
    await moving("reduce");
    await moving("no-preference");
  },

  async "the leaderboard comes with what it needs, and no more"() {
    await withPage({}, async (page) => {
      // Without a win, which brings the celebration.
      await page.addInitScript(() => {
        globalThis.EventSource = class extends EventSource {
          addEventListener(type, hear) {
            if (!type.startsWith("won")) super.addEventListener(type, hear);
          }
        };
      });
      await page.goto(`${process.env.PAGE}#leaderboard`, { waitUntil: "load" });
      await page.waitForSelector(".podium");
      const files = await page.evaluate(() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .filter(({ name }) => !name.includes("/api/")).map(({ name, decodedBodySize, encodedBodySize }) => [new URL(name).pathname, decodedBodySize, encodedBodySize]));
      const names = files.map(([name]) => name);
      const [bytes, compressed] = [1, 2].map((size) => files.reduce((sum, file) => sum + file[size], 0));
      console.log(`the first load: ${names.length} files, ${bytes} bytes, ${compressed} of them sent`);
      expect(!names.some((name) => /tv|drawer|celebration|confetti|tiles|-rest|ja\./.test(name)), `not needed: ${names.join(" ")}`);
      expect(bytes < 90_000 && compressed < 50_000, `${bytes} bytes, ${compressed} sent`);
    });
  },
};
