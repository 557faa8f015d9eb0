// What a value means, in a word.

import { node } from "./node.js";
import { sayIfKnown } from "./text.js";

const GOOD = new Set(["growing", "on_pace", "at_benchmark", "flowing", "quotas_in_range", "balanced", "no_time_sinks"]);
const CALM = new Set(["flat"]);

export const verdictTone = (verdict) => (GOOD.has(verdict) ? "good" : CALM.has(verdict) ? "calm" : "bad");

export function verdictMark(verdict) {
  return verdict ? node("span.verdict", { "data-tone": verdictTone(verdict) }, sayIfKnown(`verdict.${verdict}`) ?? verdict) : null;
}
