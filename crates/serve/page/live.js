// Owns the stream of documents and wins. Where it cannot be had, the documents are asked for every few seconds.
//
// States of the connection: `connecting`, `live`, `polling` and `disconnected`.

import { Problem, Unreachable, ask, isRefusal } from "./ask.js";

const POLL_MS = 5_000;
const SLOW_POLL_MS = 30_000;
const RETRY_MS = [1_000, 2_000, 5_000, 15_000, 30_000];
/** A stream that says nothing for so long may be cut off where nobody notices. */
const SILENT_MS = 45_000;
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
let heardAt = 0;
/** When the stream is tried again. */
let retryAt = 0;

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

/** Tries at once what would be tried later. */
export function tryNow() {
  if (retry > 0) follow(followed, hearer);
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
      heardAt = Date.now();
      if (message.lastEventId && mine === turn) lastId = message.lastEventId;
      if (mine === turn || isOfAnyView) tell(JSON.parse(message.data || "null"));
    });
  opened.addEventListener("open", () => {
    heardAt = Date.now();
    // Only now, so that no win is missed between two views.
    closeBefore();
    if (mine !== turn) return;
    retry = 0;
    stopTimers("polling");
    hearer.connection("live");
    listen(opened);
  });
  opened.addEventListener("error", () => {
    closeBefore();
    opened.close();
    if (mine === turn) lost();
  });
  hear("document", ({ watch, document }) => hearer.document(watch, document));
  hear("problem", ({ watch, problem }) => hearer.problem(watch, new Problem(problem.status, problem.title, problem.detail)));
  hear("won", (won) => hearer.won(won), true);
  hear("won_retracted", (won) => hearer.wonRetracted(won), true);
  hear("status", (status) => hearer.status(status));
  hear("reset", () => { lastId = null; });
}

function lost() {
  retry += 1;
  // Not all who were cut off at once come back at once.
  const wait = RETRY_MS[Math.min(retry, RETRY_MS.length) - 1] * (0.8 + Math.random() * 0.4);
  retryAt = Date.now() + wait;
  if (retry === 1) repeat(followed.filter(isStreamed), POLL_MS, "polling");
  later(connect, wait);
}

/** A quiet stream is asked after: some cuts are told to nobody. */
function listen(stream) {
  const mine = turn;
  later(async () => {
    if (stream.readyState !== EventSource.OPEN) return;
    if (Date.now() - heardAt >= SILENT_MS) {
      const error = await ask("status").then(() => null, (reason) => reason);
      if (mine !== turn || stream.readyState !== EventSource.OPEN) return;
      if (error instanceof Unreachable) {
        stream.close();
        lost();
        return;
      }
    }
    listen(stream);
  }, SILENT_MS / 3);
}

/** Asks for the paths now and again and again; seldom for what the service does not have, and not for what it refuses. */
async function repeat(paths, interval, state) {
  const mine = turn;
  const told = state ? [...paths, "status"] : paths;
  const answers = await Promise.allSettled(told.map(ask));
  if (mine !== turn || (state && retry === 0)) return;
  const isReached = answers.some(({ status, reason }) => status === "fulfilled" || reason instanceof Problem);
  if (state) hearer.connection(isReached ? state : "disconnected", retryAt);
  const again = [];
  let isBack = false;
  told.forEach((path, index) => {
    const { status, value, reason } = answers[index];
    const isAnswer = status === "rejected" && reason instanceof Problem;
    // What is not there yet may come, as while the service reads the log; from then on it is streamed.
    if (isAnswer && reason.status === 404) later(() => repeat([path], SLOW_POLL_MS), SLOW_POLL_MS);
    else if (status === "fulfilled" && refused.delete(path) && isStreamed(path) && retry === 0) isBack = true;
    else if (!isAnswer || reason.status >= 500 || reason.status === 429 || isRefusal(reason)) again.push(path);
    if (path === "status" && state) {
      if (status === "fulfilled") hearer.status(value);
    } else if (status === "fulfilled") hearer.document(path, value);
    else if (isAnswer) {
      if ([400, 404, 422].includes(reason.status)) refused.add(path);
      hearer.problem(path, reason);
    }
  });
  if (isBack) connect();
  const next = again.filter((path) => path !== "status" || !state);
  if (state || next.length > 0) later(() => repeat(next, interval, state), interval, state);
}

function later(action, milliseconds, name) {
  const timer = { name };
  timer.id = setTimeout(() => {
    timers = timers.filter((one) => one !== timer);
    action();
  }, milliseconds);
  timers.push(timer);
}

function stopTimers(name) {
  for (const timer of timers) if (!name || timer.name === name) clearTimeout(timer.id);
  timers = timers.filter((timer) => name && timer.name !== name);
}

// A laptop that wakes up does not wait for its turn.
addEventListener("online", tryNow);
