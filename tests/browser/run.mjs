// Does all checks, or those whose names hold the words given, and says which failed.

import { mkdir } from "node:fs/promises";
import { checks } from "./checks.mjs";

await mkdir(process.env.SCREENSHOTS, { recursive: true });
const wanted = process.argv.slice(2).join(" ");
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  if (!name.includes(wanted)) continue;
  try {
    await check();
    console.log(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;
