import { soon } from "./soon.js";

/** @internal Where a permit goes back to. */
export interface Source {
  leave(cost: number): void;
  /** The same for one that has not begun. */
  leaveUnused(cost: number): void;
  /** What it is for begins. */
  begin(cost: number): void;
}

/** @internal `Symbol.dispose` where there is one; a symbol that helpers of compilers agree on where there is not. */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for("Symbol.dispose") as typeof Symbol.dispose);
const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);

/**
 * Leave to be inside a gate, until it is given back.
 *
 * ```ts
 * using permit = await gate.acquire();          // given back at the end of the block
 * ```
 *
 * A permit that is thrown away without being given back keeps its place for good, as with any semaphore.
 */
export class Permit implements Disposable, AsyncDisposable {
  /** What it costs: units of every rate, or permits of a semaphore. */
  readonly cost: number;
  #source: Source | undefined;
  #begun: boolean;

  /** @internal */
  constructor(source: Source, cost: number, begun: boolean) {
    this.#source = source;
    this.cost = cost;
    this.#begun = begun;
  }

  /**
   * @internal What it is for begins when the promise of this permit has been kept: who waits for that goes on in the next
   * microtask, and if there is a function around it, soon after.
   */
  beginSoon(): void {
    soon(() => soon(() => this.begin()));
  }

  /** @internal What it is for begins now, if it has not. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#source?.begin(this.cost);
  }

  /** Whether it has been given back. */
  get released(): boolean {
    return this.#source === undefined;
  }

  /** Gives the permit back. True the first time, false ever after. */
  release(): boolean {
    const source = this.#source;
    if (source === undefined) return false;
    // Over so soon, it began just now.
    if (!this.#begun) this.begin();
    this.#source = undefined;
    source.leave(this.cost);
    return true;
  }

  /** @internal Gives it back as if it had never been, if it has not begun. */
  releaseUnused(): void {
    const source = this.#source;
    this.#source = undefined;
    if (this.#begun) source?.leave(this.cost);
    else source?.leaveUnused(this.cost);
  }

  [dispose](): void {
    this.release();
  }

  [asyncDispose](): Promise<void> {
    this.release();
    return Promise.resolve();
  }
}
