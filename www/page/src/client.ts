import { BoundedSemaphore, createFetch, Keyed, Semaphore, Throttle, type ThrottleOptions } from "tollgate";
import { share } from "./app.js";
import type { ClientSettings } from "./settings.js";
import type { Track } from "./track.js";

/** Sends calls as its settings say. */
export interface Client {
  /** Sends one, when it is its turn; resolves when all is over with it, and rejects if it could not be sent. */
  call(index: number): Promise<void>;
  /** None if there is nothing that could be paused. */
  pause?(): void;
  resume?(): void;
  /** Lets go of what it holds. */
  end(): void;
}

/** What a client sends with, and tells. */
export interface Surroundings {
  track: Track;
  /** Where a call goes. */
  url(index: number): string;
  /** Gives up everything. */
  signal: AbortSignal;
}

export async function makeClient(settings: ClientSettings, surroundings: Surroundings): Promise<Client> {
  const { track, signal, url } = surroundings;
  const sender = new Sender(surroundings);
  const each = (index: number, run: (url: string) => Promise<unknown>) => {
    track.queue(index, false);
    return settle(sender, index, run(url(index)));
  };
  const options = { signal, cost: settings.cost };

  switch (settings.kind) {
    case "none":
      return { call: (index) => each(index, sender.get), end() {} };
    case "semaphore":
    case "bounded": {
      const gate = new (settings.kind === "bounded" ? BoundedSemaphore : Semaphore)(settings.permits);
      return { call: (index) => each(index, (url) => gate.run(() => sender.get(url), options)), end() {} };
    }
  }
  if (settings.rust) return withRust(settings, surroundings, sender, each);

  const limits = throttleOptions(settings);
  if (settings.heed) {
    // Without limits of its own, it is there to be paused.
    const throttle = new Throttle(settings.perHost ? {} : limits);
    const fetch = createFetch({ throttle, ...(settings.perHost && { perHost: limits }), ...retrying(settings, sender) });
    return { call: (index) => each(index, (url) => fetch(url, { signal })), ...pausing(() => [throttle]), end() {} };
  }
  if (settings.perHost) {
    const hosts = new Keyed((_host: string) => new Throttle(limits));
    const seen = new Set<string>();
    const call = (url: string) => {
      const { host } = new URL(url);
      seen.add(host);
      return hosts.run(host, () => sender.get(url), options);
    };
    return { call: (index) => each(index, call), ...pausing(() => [...seen].map((host) => hosts.get(host))), end() {} };
  }
  const gate = new Throttle(limits);
  return { call: (index) => each(index, (url) => gate.run(() => sender.get(url), options)), ...pausing(() => [gate]), end() {} };
}

/** Every other call is made by Rust, through the same throttle. */
async function withRust(
  settings: ClientSettings,
  { track, url, signal }: Surroundings,
  sender: Sender,
  each: (index: number, run: (url: string) => Promise<unknown>) => Promise<void>,
): Promise<Client> {
  const shared = await share(settings);
  const { gate } = shared;
  const fetch = settings.heed && createFetch({ throttle: gate, ...retrying(settings, sender) });
  const byScript = (to: string) => (fetch ? fetch(to, { signal }) : gate.run(() => sender.get(to), { signal, cost: settings.cost }));
  // What Rust waits for is given up when the throttle is closed.
  signal.addEventListener("abort", () => void gate.close(), { once: true });
  const call = (index: number) => {
    if (index % 2 === 0) return each(index, byScript);
    track.queue(index, true);
    const sent = shared.send(url(index), signal, () => track.send(index));
    return settle(sender, index, sent.then((status) => track.answer(index, status)));
  };
  const end = () => {
    shared.forget();
    void gate.close();
  };
  return { call, ...pausing(() => [gate]), end };
}

/** Sends, and notes what comes of it. */
class Sender {
  readonly #track: Track;
  readonly #signal: AbortSignal;

  constructor({ track, signal }: Surroundings) {
    this.#track = track;
    this.#signal = signal;
  }

  /** A request with its body: only then is it answered. */
  readonly get = async (url: string): Promise<void> => {
    await (await this.fetch(url)).arrayBuffer();
  };

  /** The same as a `fetch`. */
  readonly fetch = async (input: RequestInfo | URL): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    const index = indexOf(url);
    this.#track.send(index);
    try {
      const response = await fetch(url, { signal: this.#signal, cache: "no-store" });
      this.#track.answer(index, response.status);
      return response;
    } catch (error) {
      this.fail(index);
      throw error;
    }
  };

  /** A call is over that was not answered. */
  fail(index: number): void {
    // What was given up is no failure of anybody's.
    if (!this.#signal.aborted) this.#track.answer(index, 0);
  }

  /** A request is about to be sent again. */
  again(url: string): void {
    this.#track.queue(indexOf(url), false);
  }
}

/** Waits until all is over with a call. That it was refused or got no answer is noted; only what was never sent is an error. */
async function settle(sender: Sender, index: number, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    sender.fail(index);
    // A mistake in the settings: no answer and no abort, but a complaint about an argument.
    if (error instanceof RangeError || (error as { code?: unknown }).code === "cost") throw error;
  }
}

function retrying({ cost }: ClientSettings, sender: Sender) {
  return {
    fetch: sender.fetch,
    onRetry: ({ request }: { request: Request }) => sender.again(request.url),
    ...(cost !== 1 && { cost: () => cost }),
  };
}

function pausing(gates: () => Throttle[]): Required<Pick<Client, "pause" | "resume">> {
  return {
    pause: () => gates().forEach((gate) => gate.pause(Infinity)),
    resume: () => gates().forEach((gate) => gate.resume()),
  };
}

function throttleOptions(settings: ClientSettings): ThrottleOptions {
  const { capacity, period, pacing, burst, counting, concurrency, cooldown } = settings;
  return {
    capacity,
    period,
    pacing,
    counting,
    ...((pacing === "bucket" || pacing === "stepped") && { burst }),
    ...(concurrency > 0 && { concurrency, cooldown }),
  };
}

/** The number of a call is the last part of its URL. */
function indexOf(url: string): number {
  return Number(url.slice(url.lastIndexOf("/") + 1));
}
