import { TimeoutError } from "./errors.js";
import { type Abortable, unwatch, watch } from "./signals.js";

/** The longest that a timer can be set to. */
export const LONGEST = 2 ** 31 - 1;

/** What makes somebody who waits give up. */
export class Patience implements Abortable {
  readonly #giveUp: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  /** @param timeout Milliseconds, if the wait is not counted elsewhere. */
  constructor(giveUp: (reason: unknown) => void, signal: AbortSignal | undefined, timeout = Infinity) {
    this.#giveUp = giveUp;
    this.signal = signal;
    if (signal !== undefined) watch(signal, this);
    if (timeout !== Infinity) this.#expire(performance.now() + timeout);
  }

  abort(reason: unknown): void {
    // One who has been let in meanwhile may still be told, by a signal that is telling everybody.
    if (this.#over) return;
    this.rest();
    this.#giveUp(reason);
  }

  /** There is nothing to wait for any more. */
  rest(): void {
    this.#over = true;
    if (this.#alarm !== undefined) clearTimeout(this.#alarm);
    try {
      if (this.signal !== undefined) unwatch(this.signal, this);
    } catch {
      // A signal of somebody's own making that does not forget us; we do not listen any more.
    }
  }

  /** Gives up at a time by `performance.now`; timers may ring early. */
  #expire(at: number): void {
    const left = Math.ceil(at - performance.now());
    if (left > 0) this.#alarm = setTimeout(() => this.#expire(at), Math.min(left, LONGEST));
    else this.abort(new TimeoutError());
  }
}

/** Lets so many milliseconds pass; rejects with the signal's reason if that is aborted. */
export function pass(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    new Patience(() => (signal?.aborted ? reject(signal.reason) : resolve()), signal, ms);
  });
}
