// All single questions to the API.

/** The service, or what stands before it, answered, but not with a document. */
export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail);
    Object.assign(this, { status, title, detail });
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

const BOUND_MS = 15_000;
const [UNAUTHORIZED, FORBIDDEN] = [401, 403];

/** The document at a path below `/api/v1/`. Throws a Problem or Unreachable. */
export async function ask(path) {
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, { redirect: "manual", signal: AbortSignal.timeout(BOUND_MS) });
  } catch (error) {
    throw new Unreachable(String(error));
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  // The service never sends anybody elsewhere, but a login that stands before it does.
  const status = response.type === "opaqueredirect" ? UNAUTHORIZED : response.status;
  // A proxy in between has nobody to ask; the service itself answers with a document in any case.
  if (body === null && !isRefusal({ status })) throw new Unreachable(`${status} ${response.statusText}`);
  throw new Problem(status, body?.title ?? response.statusText, body?.detail ?? "");
}

/** Whether it helps to sign in again. */
export const isRefusal = ({ status }) => status === UNAUTHORIZED || status === FORBIDDEN;

const kept = new Map();

/** As `ask`, for what stays the same as long as the page is open. */
export function askOnce(path) {
  if (!kept.has(path)) {
    const asked = ask(path);
    asked.catch(() => kept.delete(path));
    kept.set(path, asked);
  }
  return kept.get(path);
}
