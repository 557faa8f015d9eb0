// Watches the pipeline: no bottleneck, then one, then none again. Says when each was seen, and keeps a picture of it.

import { finish, open, screenshot, withPage } from "./drive.mjs";

const BOUND_MS = 90_000;
const SEEN = [["good", "before"], ["bad", "bottleneck"], ["good", "after"]];

await withPage({ height: 1400 }, async (page) => {
  await open(page, "#pipeline?kind=month");
  for (const [tone, name] of SEEN) {
    await page.waitForSelector(`.callout[data-tone="${tone}"]`, { timeout: BOUND_MS });
    const at = Date.now();
    const stage = await page.locator(".callout-who").textContent();
    const named = await page.locator("tr.named th bdi").textContent();
    const words = await page.locator(".callout-what").textContent();
    console.log(JSON.stringify({ seen: name, at, words, stage, named }));
    await page.waitForTimeout(800);
    await screenshot(page, `alert-${name}`);
  }
});
await finish();
