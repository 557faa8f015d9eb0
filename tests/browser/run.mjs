// Does all checks, or those whose names hold the words given, and says which failed.

import { mkdir } from "node:fs/promises";
import { checks } from "./checks.mjs";
import { finish } from "./drive.mjs";
import { states } from "./states.mjs";
import { wall } from "./wall.mjs";

await mkdir(process.env.SCREENSHOTS, { recursive: true });
const wanted = process.argv.slice(2).join(" ");
let failed = 0;
for (const [name, check] of Object.entries({ ...checks, ...states, ...wall })) {
  if (!name.includes(wanted)) continue;
  const began = Date.now();
  try {
    await check();
    console.log(`ok: ${name} (${((Date.now() - began) / 1_000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
}
await finish();
process.exitCode = failed > 0 ? 1 : 0;
