import * as check from "./check.js";
import { Keyed } from "./keyed.js";
import { holdUntilRead } from "./body.js";
import { OPTIONS, Throttle, type ThrottleOptions } from "./throttle.js";
import type { Permit } from "./permit.js";
import type { WaitOptions } from "./gate.js";

/** What {@link createFetch} goes by. */
export interface FetchOptions {
  /** Every request goes through it. */
  throttle?: Throttle;
  /** And through one of its own for each host, set to this; counted until answered unless told otherwise. */
  perHost?: ThrottleOptions;
  /** What a request costs. Default 1. */
  cost?: (request: Request) => number;
  /** What to send with. Default: the global `fetch`, as it is when a request is sent. */
  fetch?: typeof globalThis.fetch;
}

/**
 * A drop-in `fetch` that waits its turn, and holds its slot until the body ends.
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
 * A signal gives up the place in the queue as well.
 */
export function createFetch(options: FetchOptions): typeof globalThis.fetch {
  const { throttle, perHost, cost, fetch } = check.options("options", options, ["throttle", "perHost", "cost", "fetch"]);
  if (throttle === undefined && perHost === undefined) throw new TypeError("options need a throttle, or limits perHost");
  if (throttle !== undefined) check.instance("throttle", throttle, Throttle, "a Throttle");
  if (perHost !== undefined) check.options("perHost", perHost, OPTIONS);
  if (cost !== undefined) check.callable("cost", cost);
  if (fetch !== undefined) check.callable("fetch", fetch);
  const enter = entrance(throttle, perHost);

  return async (input, init) => {
    // Made only if it is needed: a request can be sent once, and has no place for what is special to a platform.
    const request = cost && new Request(input, init);
    const signal = request?.signal ?? init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const wait: WaitOptions = { ...(request && cost && { cost: cost(request) }), ...(signal && { signal }) };
    const permit = await enter(urlOf(input), wait);
    try {
      const send = fetch ?? globalThis.fetch;
      return holdUntilRead(await (request ? send(request) : send(input, init)), permit);
    } catch (error) {
      permit.release();
      throw error;
    }
  };
}

/** How a request for a URL is let in. */
function entrance(throttle: Throttle | undefined, perHost: ThrottleOptions | undefined): (url: string, wait: WaitOptions) => Promise<Permit> {
  if (perHost === undefined) return (_, wait) => (throttle as Throttle).acquire(wait);
  // What makes no sense is told now, not at the first request.
  new Throttle(perHost);
  const settings: ThrottleOptions = { ...(perHost.capacity !== undefined && { counting: "answered" }), ...perHost };
  if (Array.isArray(perHost.rates)) settings.rates = perHost.rates.map((rate) => ({ counting: "answered", ...rate }));
  const hosts = new Keyed((_host: string) => new Throttle(settings), throttle && { total: throttle });
  return (url, wait) => hosts.acquire(new URL(url, globalThis.location?.href).host, wait);
}

function urlOf(input: RequestInfo | URL): string {
  return input instanceof Request ? input.url : String(input);
}
