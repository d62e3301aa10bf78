import { Code } from "./engine.js";
import type { RetryInfo } from "./fetch.js";
import type { Throttle } from "./throttle.js";
import { soon } from "./soon.js";
import type { Waiter } from "./waiter.js";

/** What a throttle tells those who watch it, by its name: {@link Throttle.on}. All times are milliseconds. */
export interface GateEvents {
  /** A call was let in: after it had `waited`, or at once. */
  admitted: { readonly type: "admitted"; readonly cost: number; readonly waited: number };
  /** A call has to wait behind `ahead` others; for so long at least, as things stand (0 if that depends on others only). */
  delayed: { readonly type: "delayed"; readonly cost: number; readonly ahead: number; readonly wait: number };
  /** A call was turned away: the queue was full or cleared, its time was over, its cost too high, the throttle closed. */
  refused: { readonly type: "refused"; readonly cost: number; readonly error: unknown };
  /** A pause has begun, or was extended: it was asked for, or the server has refused a call. `until` is of `Date.now`. */
  paused: { readonly type: "paused"; readonly reason: "pause" | "server"; readonly wait: number; readonly until: number };
  /** The pause is over, or was ended. */
  resumed: { readonly type: "resumed" };
  /** A request of {@link createFetch} is about to be sent again. */
  retried: { readonly type: "retried" } & Readonly<RetryInfo>;
}

/** Any of them. */
export type GateEvent = GateEvents[keyof GateEvents];

type Listener = (event: never) => void;

/** The longest that a timer can be set to. */
const LONGEST = 2 ** 31 - 1;

/** @internal Those who watch a throttle, and what has to be known to tell them. There is none of it while nobody watches. */
export class Watch {
  readonly #throttle: Throttle;
  readonly #listeners: [keyof GateEvents, Listener][] = [];
  /** When those who wait began to. */
  readonly #since = new WeakMap<Waiter, number>();
  /** When the pause is over that was told of last, by `performance.now`. */
  #end = Infinity;
  #alarm: ReturnType<typeof setTimeout> | undefined;

  constructor(throttle: Throttle) {
    this.#throttle = throttle;
  }

  /** Adds a listener; answers how to remove it, and then whether any is left. */
  add(type: keyof GateEvents, listener: Listener): () => boolean {
    const entry: [keyof GateEvents, Listener] = [type, listener];
    this.#listeners.push(entry);
    return () => {
      const place = this.#listeners.indexOf(entry);
      if (place >= 0) this.#listeners.splice(place, 1);
      if (this.#listeners.length === 0) clearTimeout(this.#alarm);
      return this.#listeners.length > 0;
    };
  }

  /**
   * Tells all who listen, each in a microtask of its own: what they do or throw is no concern of who is being let in.
   */
  tell(event: GateEvent): void {
    for (const entry of this.#listeners) {
      if (entry[0] !== event.type) continue;
      soon(() => {
        if (this.#listeners.includes(entry)) entry[1](event as never);
      });
    }
  }

  /** A call has been answered: it is in, or it is to wait. */
  asked(code: number, cost: number): void {
    if (code === Code.Done) this.#admitted(cost, 0);
    else if (this.#listeners.some(([type]) => type === "delayed")) this.tell({ type: "delayed", cost, ahead: this.#throttle.waiting - 1, wait: this.#throttle.check(cost).wait });
  }

  refused(cost: number, error: unknown): void {
    this.tell({ type: "refused", cost, error });
  }

  joined(waiter: Waiter): void {
    this.#since.set(waiter, performance.now());
  }

  /** One who waited has been let in. Who is aborted before it goes on has not been. */
  entered(waiter: Waiter, signal: AbortSignal | undefined): void {
    const now = performance.now();
    const waited = now - (this.#since.get(waiter) ?? now);
    soon(() => {
      if (!signal?.aborted) this.#admitted(waiter.cost, waited);
    });
  }

  /** A pause goes on until `end` by `performance.now`. */
  paused(reason: "pause" | "server", end: number): void {
    const wait = end - performance.now();
    this.tell({ type: "paused", reason, wait, until: Date.now() + wait });
    this.#end = end;
    this.#look();
  }

  resumed(): void {
    this.#end = Infinity;
    clearTimeout(this.#alarm);
    this.tell({ type: "resumed" });
  }

  #admitted(cost: number, waited: number): void {
    if (performance.now() >= this.#end) this.resumed();
    this.tell({ type: "admitted", cost, waited });
  }

  /** Looks whether the pause is over, and again when it should be. Nothing is kept alive for that. */
  #look(): void {
    clearTimeout(this.#alarm);
    const left = this.#end - performance.now();
    if (left <= 0) return this.resumed();
    this.#alarm = setTimeout(() => this.#look(), Math.min(Math.ceil(left), LONGEST));
    (this.#alarm as { unref?: () => void }).unref?.();
  }
}
