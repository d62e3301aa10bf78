// The wasm engine, and everybody who waits in it.
//
// Gates and waiters are numbers on that side. A call that lets somebody in, or turns somebody away, answers how
// many are to be looked at; when no answer tells (a timer rang, Rust code gave a permit back, a call that was refused
// has found others whose time had come), the engine calls `notify`. Either way `drain` asks for one after the other and
// settles their promises. Promises run no code of the user's before the current one is done, so nothing here is
// entered twice.

import { TollgateError } from "./errors.js";
import { Registry } from "./registry.js";
import { soon } from "./soon.js";

/** What the wasm module exports; so does every app written in Rust that shares a throttle. */
export interface Exports {
  tollgate_connect(notify: () => void): void;
  tollgate_semaphore(permits: number, bounded: boolean, maxWaiting: number): number;
  tollgate_rate(capacity: number, period: number, pacing: number, burst: number, answered: boolean): void;
  tollgate_throttle(concurrency: number, cooldown: number, maxWaiting: number): number;
  tollgate_update(gate: number, rates: boolean, concurrency: number, cooldown: number, maxWaiting: number): number;
  tollgate_acquire(gate: number, cost: number, timeout: number): number;
  tollgate_try_acquire(gate: number, cost: number): number;
  tollgate_cancel(waiter: number): number;
  tollgate_begin(gate: number, cost: number): number;
  tollgate_release(gate: number, cost: number): number;
  tollgate_hold_off(gate: number, wait: number, age: number): number;
  tollgate_put(number: number): void;
  tollgate_retries(retries: number, maxRetryAfter: number, flags: number, seed: number): number;
  tollgate_judge(retries: number, mayRepeat: boolean, again: number, status: number, wall: number, backoff: number): number;
  tollgate_judged(what: number): number;
  tollgate_drop_retries(retries: number): void;
  tollgate_next(): number;
  tollgate_do(gate: number, deed: number, value: number): number;
  tollgate_read(gate: number, reading: number, value: number): number;
  tollgate_drop(gate: number): void;
}

/** How a call ended, below 0. */
export const enum Code {
  Done = 0,
  Closed = -1,
  QueueFull = -2,
  TimedOut = -3,
  Cost = -4,
  NotNow = -5,
  OverRelease = -6,
  Unknown = -7,
  Invalid = -8,
  Busy = -9,
}

/** What a gate can be told to do. */
export const enum Deed {
  Close,
  Resize,
  Pause,
  Resume,
  Refund,
  Cancel,
  Tighten,
}

/** What a gate can be asked. */
export const enum Reading {
  Available,
  Capacity,
  Waiting,
  InFlight,
  Paused,
  Check,
  MaxCost,
  Idle,
}

/** Somebody who waits. */
export interface Waiting {
  /** The wait is over: let in, or why not. */
  settle(code: number): void;
  /** The engine has failed: nobody will ever be let in. */
  fail(error: unknown): void;
}

/** One instance of the engine. */
export class Engine {
  readonly exports: Exports;
  readonly #waiting: (Waiting | undefined)[] = [];
  /** Those who wait for something else than to be let in: to be told of a failure as well. */
  readonly #others = new Set<Pick<Waiting, "fail">>();
  #failure: TollgateError | undefined;
  /** Somebody is to be looked at, in a microtask at the latest. */
  #rung = false;
  /** The gates that have owners. A number that has been dropped may be another gate's later. */
  readonly #owned = new Set<number>();
  readonly #gates = new Registry<number>((gate) => {
    this.#owned.delete(gate);
    if (!this.#failure) this.exports.tollgate_drop(gate);
  });

  /** @param make Makes the exports; what it is given is to be called if they fail when nobody has called them. */
  constructor(make: (failed: (error: unknown) => void) => Exports) {
    const exports = make((error) => this.#fail(error));
    this.exports = exports;
    exports.tollgate_connect(() => {
      this.#rung = true;
      soon(() => this.drain());
    });
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Makes a gate by a call of the engine's; it is dropped with its `owner`. */
  adopt(owner: object, gate: number): number {
    if (gate >= 0) {
      this.#owned.add(gate);
      this.#gates.register(owner, gate);
    }
    return gate;
  }

  /** Whether a gate has an owner, who will drop it. */
  owns(gate: number): boolean {
    return this.#owned.has(gate);
  }

  /** Calls the engine, and settles whom that lets in or turns away. */
  call(call: (exports: Exports) => number): number {
    const code = this.read(call);
    if (code > 0) this.drain();
    return code;
  }

  /** Calls the engine for something that lets nobody in. */
  read(read: (exports: Exports) => number): number {
    if (this.#failure) throw this.#failure;
    try {
      return read(this.exports);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Calls the engine for something that nobody waits for the end of: if it fails, those who wait are told. */
  tell(call: (exports: Exports) => number): void {
    try {
      this.call(call);
    } catch {}
  }

  acquire(gate: number, cost: number, timeout: number): number {
    if (this.#failure) throw this.#failure;
    try {
      const code = this.exports.tollgate_acquire(gate, cost, timeout);
      // Those whose time had come were let in first. (Who has to wait is not known here yet, and is told later.)
      if (code === Code.Done && this.#rung) this.drain();
      return code;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  release(gate: number, cost: number): number {
    if (this.#failure) throw this.#failure;
    try {
      const code = this.exports.tollgate_release(gate, cost);
      // In most cases it is one, and there is no need to ask for another.
      if (code === 1) {
        const next = this.exports.tollgate_next();
        if (next >= 0) this.#settle(next);
      } else if (code > 0) this.drain();
      return code;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Notes who waits under a number. */
  park(number: number, waiting: Waiting): void {
    this.#waiting[number] = waiting;
  }

  /** Gives up the place of a waiter, who is told nothing; whether it still had one. */
  cancel(number: number, waiting: Waiting): boolean {
    // The number may be somebody else's by now.
    if (this.#waiting[number] !== waiting) return false;
    this.#waiting[number] = undefined;
    this.tell((exports) => exports.tollgate_cancel(number));
    return true;
  }

  /** Notes who is to be told if the engine fails. */
  join(other: Pick<Waiting, "fail">): void {
    this.#others.add(other);
  }

  /** Forgets one of those. */
  part(other: Pick<Waiting, "fail">): void {
    this.#others.delete(other);
  }

  /** Everybody who waits, for whom this holds. */
  those<W extends Waiting>(holds: (waiting: Waiting) => waiting is W): W[] {
    return this.#waiting.filter((waiting): waiting is W => waiting !== undefined && holds(waiting));
  }

  /** Settles all whose wait is over. */
  drain(): void {
    this.#rung = false;
    if (this.#failure) return;
    try {
      for (;;) {
        const next = this.exports.tollgate_next();
        if (next < 0) return;
        this.#settle(next);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Tells one whose wait is over. */
  #settle(next: number): void {
    const number = next >> 3;
    const waiting = this.#waiting[number];
    this.#waiting[number] = undefined;
    attempt(() => waiting?.settle(-(next & 7)));
  }

  /** The instance is dead: whoever waits is told, and whoever asks later. */
  #fail(cause: unknown): TollgateError {
    if (!this.#failure) {
      this.#failure = new TollgateError("failed", "the engine has failed; gates made before are of no use any more", { cause });
      const failure = this.#failure;
      for (const waiting of [...this.#waiting.splice(0), ...this.#others]) attempt(() => waiting?.fail(failure));
    }
    return this.#failure;
  }
}

/** Tells one of many. What goes wrong there (a signal of somebody's own making) is no fault of the engine's. */
function attempt(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    soon(() => {
      throw error;
    });
  }
}

type Make = (failed: (error: unknown) => void) => Exports;
let make: Make | undefined;
let engine: Engine | undefined;

/** Says how the engine is made when it is first needed. */
export function provide(exports: Make): void {
  make = exports;
  engine = undefined;
}

/** The engine that new gates are made in. */
export function current(): Engine {
  if (!engine || engine.failed) {
    if (!make) throw new TollgateError("failed", "call `init` with the wasm module first, or import `tollgate` instead of `tollgate/slim`");
    engine = new Engine(make);
  }
  return engine;
}
