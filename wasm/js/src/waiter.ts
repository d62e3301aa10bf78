import { Code, type Waiting } from "./engine.js";
import type { Gate } from "./gate.js";
import { Patience } from "./patience.js";
import type { Permit } from "./permit.js";

/** How many ever waited: numbers in the engine are used again, and tell no order. */
let waited = 0;

/**
 * One who waits at a gate.
 *
 * There may be a million of them, and what they consist of is what a backlog costs: so there is nothing in them that
 * most do not need.
 */
export abstract class Waiter implements Waiting {
  readonly order = ++waited;
  readonly gate: Gate;
  readonly number: number;
  readonly cost: number;
  readonly reject: (reason: unknown) => void;
  /** What makes it give up, if anything does. */
  #patience: Patience | undefined;

  constructor(gate: Gate, number: number, cost: number, reject: (reason: unknown) => void) {
    this.gate = gate;
    this.number = number;
    this.cost = cost;
    this.reject = reject;
  }

  /** It has been let in. */
  protected abstract enter(signal: AbortSignal | undefined): void;

  /** Gives up when the signal is aborted, or after so long. */
  heed(signal: AbortSignal | undefined, timeout: number): void {
    this.#patience = new Patience((reason) => this.leave(reason), signal, timeout);
  }

  settle(code: number): void {
    const { gate, cost } = this;
    gate.queued--;
    if (code === Code.Done) {
      this.#patience?.rest();
      gate.watch?.entered(this, this.#patience?.signal);
      this.enter(this.#patience?.signal);
    } else {
      const error = gate.errorOf(code, cost);
      gate.watch?.refused(cost, error);
      this.fail(error);
    }
    this.gate.changed();
  }

  fail(error: unknown): void {
    this.#patience?.rest();
    this.reject(error);
  }

  /** Gives up the place, if it still has one, and is told why. */
  leave(reason: unknown): boolean {
    // First of all, so that whatever comes of telling finds the place given up.
    if (!this.withdraw()) return false;
    this.fail(reason);
    return true;
  }

  /** Gives up the place, if it still has one, and is told nothing. */
  withdraw(): boolean {
    const waited = this.gate.engine.cancel(this.number, this);
    if (waited) this.gate.queued--;
    this.gate.changed();
    return waited;
  }
}

/** One who waits for a permit, and begins what it is for as soon as that is known. */
export class ForPermit extends Waiter {
  readonly #resolve: (permit: Permit) => void;

  constructor(gate: Gate, number: number, cost: number, resolve: (permit: Permit) => void, reject: (reason: unknown) => void) {
    super(gate, number, cost, reject);
    this.#resolve = resolve;
  }

  protected enter(signal: AbortSignal | undefined): void {
    this.gate.admit(this.cost, signal, this.begins, this.#resolve, this.reject);
  }

  /** Whether it begins by itself. */
  protected get begins(): boolean {
    return true;
  }
}

/** One who waits for a permit, and says when it begins. */
export class ForTurn extends ForPermit {
  protected override get begins(): boolean {
    return false;
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

  protected enter(signal: AbortSignal | undefined): void {
    this.gate.start(this.cost, signal, this.#fn, this.#resolve, this.reject);
  }
}
