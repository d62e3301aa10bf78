import * as check from "./check.js";
import { Code, current, Deed, Reading } from "./engine.js";
import { Gate } from "./gate.js";
import type { Permit } from "./permit.js";

/** How a {@link Semaphore} queues. */
export interface SemaphoreOptions {
  /** How many may wait; one more is refused with {@link QueueFullError}. Any number by default. */
  maxWaiting?: number;
}

/**
 * So many at once: a counter of permits, with a fair queue.
 *
 * ```ts
 * const gate = new Semaphore(3);
 * const page = await gate.run(() => fetch(url));
 * ```
 *
 * First come, first served: one who wants many permits is not overtaken by those who want few.
 */
export class Semaphore extends Gate {
  /** @internal */
  static readonly bounded: boolean = false;
  /** @internal */
  readonly keepsTime = false;
  /**
   * One permit that has come back and is kept at hand for the next one who comes, which saves asking the engine twice.
   * Only while nobody waits; and whoever looks or changes anything puts it back first.
   */
  #spare = false;
  /** Not where permits are added by hand or taken away: what comes back may then be owed. */
  #keepsSpare = true;

  /**
   * @param permits How many there are: a whole number, 0 included.
   */
  constructor(permits: number, options?: SemaphoreOptions) {
    const count = check.count("permits", permits);
    const { maxWaiting = Infinity } = check.options("options", options, ["maxWaiting"]);
    const most = check.bound("maxWaiting", maxWaiting);
    const { bounded } = new.target;
    const engine = current();
    super(engine, engine.read((exports) => exports.tollgate_semaphore(count, bounded, most === Infinity ? -1 : most)));
    this.mostWaiting = most;
    engine.adopt(this, this.number);
  }

  /** How many permits there are, taken or free. Settable while people wait; shrinking takes effect as permits come back. */
  get capacity(): number {
    return this.reading(Reading.Capacity);
  }

  set capacity(permits: number) {
    this.#keepsSpare = false;
    this.act(Deed.Resize, check.count("capacity", permits));
  }

  /** Permits that are free to take; 0 while anybody waits. */
  get available(): number {
    return this.reading(Reading.Available);
  }

  /** Nothing free, or what is free is already promised to a waiter. */
  get locked(): boolean {
    return this.available === 0;
  }

  /**
   * Adds permits by hand, like asyncio's release.
   *
   * What was taken comes back first; more than that makes the semaphore larger. {@link BoundedSemaphore} throws
   * {@link OverReleaseError} instead.
   */
  release(permits = 1): void {
    const count = check.count("permits", permits);
    this.#keepsSpare = false;
    this.#putBack();
    this.leave(count);
  }

  /** @internal */
  override tryAcquire(cost?: number): Permit | undefined {
    this.#putBack();
    return super.tryAcquire(cost);
  }

  /** @internal */
  override leave(cost: number): void {
    if (cost !== 1 || this.#spare || !this.#keepsSpare || this.queued > 0 || this.engine.failed) return super.leave(cost);
    this.#spare = true;
    this.changed();
  }

  /** @internal */
  protected override enter(cost: number, timeout: number): number {
    if (this.#spare) {
      if (cost === 1 && !this.engine.failed) {
        this.#spare = false;
        return Code.Done;
      }
      this.#putBack();
    }
    return super.enter(cost, timeout);
  }

  /** @internal */
  protected override reading(reading: number, value?: number): number {
    this.#putBack();
    return super.reading(reading, value);
  }

  /** @internal */
  protected override act(deed: number, value?: number): void {
    this.#putBack();
    super.act(deed, value);
  }

  #putBack(): void {
    if (!this.#spare) return;
    this.#spare = false;
    this.engine.release(this.number, 1);
  }

  /** @internal */
  protected costOf(cost: unknown): number {
    return cost === undefined ? 1 : check.count("cost", cost);
  }
}

/** A semaphore that refuses to be given back more than was taken: {@link OverReleaseError}. */
export class BoundedSemaphore extends Semaphore {
  /** @internal */
  static override readonly bounded = true;
}
