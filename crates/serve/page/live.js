// Owns the stream of documents and wins. Where it cannot be had, the documents are asked for every few seconds.
//
// States of the connection: `connecting`, `live`, `polling` and `disconnected`.

import { Problem, ask } from "./ask.js";

const POLL_MS = 5_000;
const SLOW_POLL_MS = 30_000;
const RETRY_MS = [1_000, 2_000, 5_000, 15_000, 30_000];
/** What the stream does not carry, and what the service has refused: one refusal would end the stream for all. */
const refused = new Set();
const isStreamed = (path) => !path.startsWith("explain") && !refused.has(path);

let hearer = null;
let followed = [];
/** The stream, and those before it that stay until it has begun. */
let streams = [];
let retry = 0;
let timers = [];
let lastId = null;
let turn = 0;

/** Follows these paths from now on, and no others. The hearer has a function for each kind of message. */
export function follow(paths, newHearer) {
  hearer = newHearer;
  followed = [...new Set(paths)];
  turn += 1;
  lastId = null;
  retry = 0;
  stopTimers();
  connect();
  const slow = followed.filter((path) => !isStreamed(path));
  if (slow.length > 0) repeat(slow, SLOW_POLL_MS);
}

function connect() {
  const mine = turn;
  const query = new URLSearchParams();
  for (const path of followed.filter(isStreamed)) query.append("watch", path);
  if (lastId) query.set("last_event_id", lastId);
  // Of views that were left before they were there, nothing is needed any more.
  streams = streams.filter((stream) => stream.readyState === EventSource.OPEN || stream.close());
  const before = streams;
  const opened = new EventSource(`/api/v1/live?${query}`);
  streams = [...before, opened];
  const closeBefore = () => {
    before.forEach((stream) => stream.close());
    streams = streams.filter((stream) => !before.includes(stream));
  };
  const hear = (event, tell, isOfAnyView = false) =>
    opened.addEventListener(event, (message) => {
      if (message.lastEventId && mine === turn) lastId = message.lastEventId;
      if (mine === turn || isOfAnyView) tell(JSON.parse(message.data || "null"));
    });
  opened.addEventListener("open", () => {
    // Only now, so that no win is missed between two views.
    closeBefore();
    if (mine !== turn) return;
    retry = 0;
    stopTimers("polling");
    hearer.connection("live");
  });
  opened.addEventListener("error", () => {
    closeBefore();
    opened.close();
    if (mine !== turn) return;
    retry += 1;
    if (retry === 1) repeat(followed.filter(isStreamed), POLL_MS, "polling");
    later(() => connect(), RETRY_MS[Math.min(retry, RETRY_MS.length) - 1]);
  });
  hear("document", ({ watch, document }) => hearer.document(watch, document));
  hear("problem", ({ watch, problem }) => hearer.problem(watch, new Problem(problem.status, problem.title, problem.detail)));
  hear("won", (won) => hearer.won(won), true);
  hear("won_retracted", (won) => hearer.wonRetracted(won), true);
  hear("status", (status) => hearer.status(status));
  hear("reset", () => { lastId = null; });
}

/** Asks for the paths now and again and again; seldom for what the service does not have, and not for what it refuses. */
async function repeat(paths, interval, state) {
  const mine = turn;
  const told = state ? [...paths, "status"] : paths;
  const answers = await Promise.allSettled(told.map(ask));
  if (mine !== turn || (state && retry === 0)) return;
  const isReached = answers.some(({ status, reason }) => status === "fulfilled" || reason instanceof Problem);
  if (state) hearer.connection(isReached ? state : "disconnected");
  const again = [];
  let isBack = false;
  told.forEach((path, index) => {
    const { status, value, reason } = answers[index];
    const isAnswer = status === "rejected" && reason instanceof Problem;
    // What is not there yet may come, as while the service reads the log; from then on it is streamed.
    if (isAnswer && reason.status === 404) later(() => repeat([path], SLOW_POLL_MS), SLOW_POLL_MS);
    else if (status === "fulfilled" && refused.delete(path) && isStreamed(path) && retry === 0) isBack = true;
    else if (!isAnswer || reason.status >= 500) again.push(path);
    if (path === "status" && state) {
      if (status === "fulfilled") hearer.status(value);
    } else if (status === "fulfilled") hearer.document(path, value);
    else if (reason instanceof Problem) {
      if ([400, 404, 422].includes(reason.status)) refused.add(path);
      hearer.problem(path, reason);
    }
  });
  if (isBack) connect();
  const next = again.filter((path) => path !== "status" || !state);
  if (state || next.length > 0) later(() => repeat(next, interval, state), interval, state);
}

function later(action, milliseconds, name) {
  timers.push({ name, id: setTimeout(action, milliseconds) });
}

function stopTimers(name) {
  for (const timer of timers) if (!name || timer.name === name) clearTimeout(timer.id);
  timers = timers.filter((timer) => name && timer.name !== name);
}
