import * as check from "./check.js";
import { Keyed } from "./keyed.js";
import { holdUntilRead } from "./body.js";
import { OPTIONS, Throttle, type ThrottleOptions } from "./throttle.js";
import { pass } from "./patience.js";
import { normalized, Outgoing } from "./outgoing.js";
import type { Permit } from "./permit.js";
import { Flag, Retries } from "./retries.js";
import type { WaitOptions } from "./gate.js";

/** What {@link createFetch} goes by. */
export interface FetchOptions {
  /** Every request goes through it. */
  throttle?: Throttle;
  /** And through one of its own for each host, set to this; counted until answered unless told otherwise. */
  perHost?: ThrottleOptions;
  /** How often a request is sent again at most. Default 2. */
  retries?: number;
  /** Statuses that are sent again as well, besides 429 and 503; they make nobody else wait. */
  retryOn?: number[];
  /** Methods that may be sent again. Default: GET, HEAD, OPTIONS, TRACE, PUT, DELETE; and whatever has an `Idempotency-Key`. */
  methods?: string[];
  /** Milliseconds. Who is told to wait longer gets the response instead. Default 120,000. */
  maxRetryAfter?: number;
  /** Milliseconds before the retry of that number (1 is the first) if the server does not say. Default: anything up to 0.5 s, 1 s, 2 s, ... */
  backoff?: (attempt: number) => number;
  /** Whether to wait up to a tenth longer than the server says, and at most 5 seconds, so that clients that were told the same do not come back together. Default true. */
  jitter?: boolean;
  /** Whether a 403 that says that nothing remains, or when to come again, is taken for a 429, as GitHub means it. Default false. */
  forbiddenMayMeanLater?: boolean;
  /**
   * Whether `RateLimit` fields of responses that are no refusals are heeded: no more is sent than they say remains. They
   * tighten what is configured, and never loosen it. Default false.
   */
  heedRateLimitFields?: boolean;
  /** What a request costs. Default 1. */
  cost?: (request: Request) => number;
  /** Told of each retry before the wait. What it throws, or its promise rejects with, is what the caller gets. */
  onRetry?: (info: RetryInfo) => void | PromiseLike<void>;
  /** What to send with. Default: the global `fetch`, as it is when a request is sent. */
  fetch?: typeof globalThis.fetch;
}

/** A request that is about to be sent again. */
export interface RetryInfo {
  /** The request; without its body, unless it came as a `Request`. It is made when it is looked at. */
  request: Request;
  /** The response, if there was one. Its body is not for reading. */
  response?: Response;
  /** Why there was none. */
  error?: unknown;
  /** The number of the retry: 1 is the first. */
  attempt: number;
  /** Milliseconds until it may go; after that it queues like any other. */
  delay: number;
}

/** Methods that do no more when repeated than when sent once (RFC 9110 §9.2.2). */
const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];

/** Statuses that say that it is too much. */
const REFUSALS = [429, 503];

/** The names of all options. */
const NAMES = ["throttle", "perHost", "retries", "retryOn", "methods", "maxRetryAfter", "jitter", "forbiddenMayMeanLater", "heedRateLimitFields", "backoff", "cost", "onRetry", "fetch"];

/**
 * A drop-in `fetch` that waits its turn, holds its slot until the body ends, and heeds 429.
 *
 * ```ts
 * const fetch = createFetch({ throttle: new Throttle({ capacity: 100, concurrency: 10, counting: "answered" }) });
 * const page = await fetch("https://api.example/items");
 * ```
 *
 * The slot is free again when the body has been read, has failed, or has been cancelled. Up to 64 KB are read
 * ahead, so that small responses free their slots whether they are read or not; a larger one that is not read
 * holds its slot until it is collected.
 *
 * On a 429 or a 503 everybody who shares the throttle waits, for as long as `Retry-After`, `RateLimit` or `X-RateLimit-Reset`
 * say (of that host alone, with `perHost`); the request queues again, if it may be repeated, and so it does when the
 * connection fails. Every attempt goes through the throttle. Retries are at most a fifth of all requests within ten
 * seconds, and ten more. What is there at the end, a response or an error, is what the caller gets.
 *
 * A signal gives up the place in the queue and any wait as well.
 */
export function createFetch(options: FetchOptions): typeof globalThis.fetch {
  const { throttle, perHost, cost, fetch, backoff, onRetry, ...others } = check.options("options", options, NAMES);
  if (throttle === undefined && perHost === undefined) throw new TypeError("options need a throttle, or limits perHost");
  if (throttle !== undefined) check.instance("throttle", throttle, Throttle, "a Throttle");
  if (perHost !== undefined) check.options("perHost", perHost, OPTIONS);
  for (const [name, fn] of Object.entries({ cost, fetch, backoff, onRetry })) if (fn !== undefined) check.callable(name, fn);
  const methods = (others.methods === undefined ? IDEMPOTENT : check.list("methods", others.methods)).map((method, index) =>
    normalized(check.token(`methods[${index}]`, method)),
  );
  const most = check.count("retries", others.retries === undefined ? 2 : others.retries);
  const refusals = others.forbiddenMayMeanLater ? [...REFUSALS, 403] : REFUSALS;
  const [retries, gates] = [rules(others, most, throttle), entrance(throttle, perHost)];

  return async (input, init) => {
    const outgoing = new Outgoing(input, init, cost !== undefined);
    const { request, signal } = outgoing;
    const wait: WaitOptions = { ...(cost && request && { cost: cost(request) }), ...(signal && { signal }) };
    let response: Response | undefined;
    let error: unknown;
    for (let again = 0; ; again++) {
      let permit: Permit;
      try {
        permit = await gates.enter(outgoing.url, wait);
      } catch (refused) {
        // Who is not let in again gets what the last attempt has come to; but not who has given up.
        if (signal?.aborted || again === 0) error = refused;
        else if (response) return response;
        discard(response);
        throw error;
      }
      discard(response);
      response = error = undefined;
      const sent = performance.now();
      const mayRepeat = again < most && outgoing.mayRepeat(methods);
      try {
        try {
          response = await outgoing.send(fetch ?? globalThis.fetch, mayRepeat);
        } catch (reason) {
          error = reason;
        }
        if (error !== undefined && signal?.aborted) throw error;
        if (error === undefined && !isResponse(response)) {
          throw new TypeError(`fetch answered with ${String(response)}, but must with a Response`);
        }
        // Others wait for a refusal, also where this request is not sent again.
        const isRefused = response && refusals.includes(response.status);
        const asked = isRefused || (mayRepeat && (!response || others.retryOn?.includes(response.status)));
        const own = asked && backoff ? check.time("what backoff returned", backoff(again + 1)) : -1;
        const { retry, holdOff, remaining } = retries.judge(mayRepeat, again, response, own);
        // Before the slot is free, so that the next in line waits as well.
        if (holdOff >= 0) gates.throttle(outgoing.url).holdOff(holdOff, sent);
        if (remaining >= 0) gates.throttle(outgoing.url).tighten(remaining);
        if (retry < 0 && response) return holdUntilRead(response, permit);
        permit.release();
        if (retry < 0) throw error;
        const info = () => outgoing.retry(again + 1, Math.max(retry, holdOff), response, error);
        throttle?.watch?.tell(Object.assign(info(), { type: "retried" as const }));
        await onRetry?.(info());
        await pass(retry, signal);
      } catch (mistake) {
        permit.release();
        discard(response);
        throw mistake;
      }
    }
  };
}

/** Nobody will read it, and its connection is of use to others. */
function discard(response: Response | undefined): void {
  const { body } = response ?? {};
  if (body && !body.locked) body.cancel?.().catch(() => {});
}

/** Whether it is a response that can be read, whoever made it. */
function isResponse(response: unknown): boolean {
  const { headers, bodyUsed } = Object(response);
  return headers !== undefined && !bodyUsed;
}

/** The rules that some options make. */
function rules(
  { maxRetryAfter = 120_000, retryOn = [], jitter = true, forbiddenMayMeanLater = false, heedRateLimitFields = false }: FetchOptions,
  most: number,
  throttle: Throttle | undefined,
): Retries {
  const flag = (name: string, value: boolean, bit: number) => (check.flag(name, value) ? bit : 0);
  return new Retries(
    throttle?.engine,
    most,
    check.time("maxRetryAfter", maxRetryAfter),
    flag("jitter", jitter, Flag.Jitter) |
      flag("forbiddenMayMeanLater", forbiddenMayMeanLater, Flag.ForbiddenMayMeanLater) |
      flag("heedRateLimitFields", heedRateLimitFields, Flag.HeedRateLimitFields),
    check.list("retryOn", retryOn).map((status, index) => check.count(`retryOn[${index}]`, status, 100, 999)),
  );
}

/** How a request for a URL is let in, and by which throttle the server's word goes. */
interface Entrance {
  enter(url: string, wait: WaitOptions): Promise<Permit>;
  throttle(url: string): Throttle;
}

function entrance(throttle: Throttle | undefined, perHost: ThrottleOptions | undefined): Entrance {
  if (perHost === undefined) {
    const all = throttle as Throttle;
    return { enter: (_, wait) => all.acquire(wait), throttle: () => all };
  }
  // What makes no sense is told now, not at the first request.
  new Throttle(perHost);
  const settings: ThrottleOptions = { ...perHost };
  if (perHost.capacity !== undefined) settings.counting = perHost.counting ?? "answered";
  if (perHost.rates) settings.rates = perHost.rates.map((rate) => ({ ...rate, counting: rate.counting ?? "answered" }));
  const hosts = new Keyed((_host: string) => new Throttle(settings), throttle && { total: throttle });
  const hostOf = (url: string) => new URL(url, globalThis.location?.href).origin;
  return {
    enter: (url, wait) => hosts.acquire(hostOf(url), wait),
    throttle: (url) => hosts.get(hostOf(url)),
  };
}
