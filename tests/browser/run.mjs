// Does all checks, or those whose names hold the words given, and says which failed.

import { mkdir } from "node:fs/promises";
import { checks } from "./checks.mjs";
import { finish } from "./drive.mjs";
import { states } from "./states.mjs";
import { wall } from "./wall.mjs";

const AT_ONCE = 3;

await mkdir(process.env.SCREENSHOTS, { recursive: true });
const wanted = process.argv.slice(2).join(" ");
const waiting = Object.entries({ ...checks, ...states, ...wall }).filter(([name]) => name.includes(wanted));
let failed = 0;

/** Does one check after another until there are none left. */
async function work() {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [name, check] = next;
    const began = Date.now();
    try {
      await check();
      console.log(`ok: ${name} (${((Date.now() - began) / 1_000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED: ${name}: ${error.stack}`);
    }
  }
}

// Most of a check's time is waiting.
await Promise.all(Array.from({ length: AT_ONCE }, work));
await finish();
process.exitCode = failed > 0 ? 1 : 0;
