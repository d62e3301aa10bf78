import { Code, type Waiting } from "./engine.js";
import type { Gate } from "./gate.js";
import { Permit } from "./permit.js";
import { type Abortable, unwatch, watch } from "./signals.js";

/** The longest that a timer can be set to. */
const LONGEST = 2 ** 31 - 1;

/** How many ever waited: numbers in the engine are used again, and tell no order. */
let waited = 0;

/**
 * One who waits at a gate.
 *
 * There may be a million of them, and what they consist of is what a backlog costs: so there is nothing in them that
 * most do not need.
 */
export abstract class Waiter implements Waiting, Abortable {
  readonly order = ++waited;
  readonly gate: Gate;
  readonly number: number;
  readonly cost: number;
  readonly #reject: (reason: unknown) => void;
  /** What makes it give up, if anything does. */
  #patience: { signal?: AbortSignal; alarm?: ReturnType<typeof setTimeout> } | undefined;

  constructor(gate: Gate, number: number, cost: number, reject: (reason: unknown) => void) {
    this.gate = gate;
    this.number = number;
    this.cost = cost;
    this.#reject = reject;
  }

  /** It has been let in. */
  protected abstract enter(): void;

  /** Gives up when the signal is aborted. */
  heed(signal: AbortSignal): void {
    (this.#patience ??= {}).signal = signal;
    watch(signal, this);
  }

  /** Gives up at a time by `performance.now`; timers may ring early. */
  expire(at: number): void {
    const left = Math.ceil(at - performance.now());
    if (left > 0) (this.#patience ??= {}).alarm = setTimeout(() => this.expire(at), Math.min(left, LONGEST));
    else this.leave(this.gate.errorOf(Code.TimedOut, this.cost));
  }

  settle(code: number): void {
    this.#rest();
    if (code === Code.Done) this.enter();
    else this.#reject(this.gate.errorOf(code, this.cost));
    this.gate.changed();
  }

  fail(error: unknown): void {
    this.#rest();
    this.#reject(error);
  }

  abort(reason: unknown): void {
    this.leave(reason);
  }

  /** Gives up the place. */
  leave(reason: unknown): void {
    this.#rest();
    this.#reject(reason);
    this.gate.engine.cancel(this.number);
    this.gate.changed();
  }

  #rest(): void {
    if (this.#patience === undefined) return;
    const { signal, alarm } = this.#patience;
    if (signal !== undefined) unwatch(signal, this);
    if (alarm !== undefined) clearTimeout(alarm);
  }
}

/** One who waits for a permit. */
export class ForPermit extends Waiter {
  readonly #resolve: (permit: Permit) => void;

  constructor(gate: Gate, number: number, cost: number, resolve: (permit: Permit) => void, reject: (reason: unknown) => void) {
    super(gate, number, cost, reject);
    this.#resolve = resolve;
  }

  protected enter(): void {
    const { gate, cost } = this;
    const permit = new Permit(gate, cost, gate.admitted);
    this.#resolve(permit);
    // One who waits for this promise goes on in the next microtask, and if there is a function around it, soon after.
    if (gate.keepsTime) queueMicrotask(() => queueMicrotask(() => permit.begin()));
  }
}

/** One who waits for a function to be called. */
export class ForCall<T> extends Waiter {
  readonly #fn: () => T | PromiseLike<T>;
  readonly #resolve: (result: Promise<T>) => void;

  constructor(
    gate: Gate,
    number: number,
    cost: number,
    fn: () => T | PromiseLike<T>,
    resolve: (result: Promise<T>) => void,
    reject: (reason: unknown) => void,
  ) {
    super(gate, number, cost, reject);
    this.#fn = fn;
    this.#resolve = resolve;
  }

  protected enter(): void {
    const { gate, cost } = this;
    const { admitted } = gate;
    // Not from within whatever let us in: that may be a call of the user's.
    queueMicrotask(() => this.#resolve(gate.call(this.#fn, cost, admitted)));
  }
}
