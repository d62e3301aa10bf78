import { current, type Engine, type Exports } from "./engine.js";
import { Registry } from "./registry.js";

/** What decides how long to wait, in the engine's order. */
const FIELDS = ["retry-after", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"];

/** Milliseconds of what the rules say; below 0 if they say no. */
export interface Verdict {
  /** Until the request is sent again. */
  retry: number;
  /** For how long everybody who shares the throttle is to hold off. */
  holdOff: number;
  /** Units that remain, by what the server says. */
  remaining: number;
}

/** What of it is asked for apart. */
const enum Judged {
  HoldOff,
  Remaining,
}

/** What is on. */
export const enum Flag {
  Jitter = 1,
  ForbiddenMayMeanLater = 2,
  HeedRateLimitFields = 4,
}

/** Rules that nobody uses any more. */
const unused = new Registry<() => void>((drop) => drop());

/** Rules for what is sent again: the engine's, so that they are the same in Rust and here. */
export class Retries {
  readonly #engine: Engine;
  readonly #number: number;

  constructor(engine: Engine = current(), retries = 2, maxRetryAfter = 120_000, flags: number = Flag.Jitter, statuses: number[] = []) {
    this.#engine = engine;
    const number = this.#read((exports) => exports.tollgate_retries(retries, maxRetryAfter, flags, Math.random()), statuses);
    this.#number = number;
    unused.register(this, () => engine.tell((exports) => (exports.tollgate_drop_retries(number), 0)));
  }

  /**
   * What becomes of a request.
   *
   * @param mayRepeat Whether it may be sent again: by its method, or because it has an idempotency key.
   * @param again How often it has been sent again.
   * @param response None if there was no answer.
   * @param backoff Milliseconds to wait if the server does not say; below 0 if that is for the rules to say.
   */
  judge(mayRepeat: boolean, again: number, response: Response | undefined, backoff: number): Verdict {
    const fields = response ? FIELDS.map((name) => response.headers.get(name) ?? "").join("\n") : "";
    const text = Array.from(fields, (character) => character.charCodeAt(0));
    // An answer that tells nothing of itself (of another origin, say) has a status of 0.
    const status = response ? response.status || 200 : 0;
    const ask = (exports: Exports) => exports.tollgate_judge(this.#number, mayRepeat, again, status, Date.now(), backoff);
    const retry = this.#read(ask, text);
    const judged = (what: Judged) => this.#read((exports) => exports.tollgate_judged(what));
    return { retry, holdOff: judged(Judged.HoldOff), remaining: judged(Judged.Remaining) };
  }

  /** Asks the engine, with some numbers put before. Few come this way, so that it is not worth more than this. */
  #read(ask: (exports: Exports) => number, put: number[] = []): number {
    return this.#engine.read((exports) => {
      for (const number of put) exports.tollgate_put(number);
      return ask(exports);
    });
  }
}
