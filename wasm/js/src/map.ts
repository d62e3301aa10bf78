import * as check from "./check.js";
import type { Gate, WaitOptions } from "./gate.js";
import type { Permit } from "./permit.js";
import { unwatch, watch } from "./signals.js";

/** Results in the order of the items: one after the other by `for await`, or all by `await`. */
export interface Mapped<O> extends AsyncIterableIterator<O>, PromiseLike<O[]> {
  /** As of a promise. */
  catch<R = never>(rejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<O[] | R>;
  /** As of a promise. */
  finally(settled?: (() => void) | null): Promise<O[]>;
}

/**
 * Maps items through a gate.
 *
 * A producer takes an item, waits to be let in, and starts the call; it goes on for as long as somebody waits for a
 * result. So what is started ahead is what the gate lets in meanwhile, plus the one item that waits to be let in.
 */
export class Mapping<I, O> implements Mapped<O> {
  readonly #gate: Gate;
  readonly #source: AsyncIterator<I> | Iterator<I>;
  readonly #fn: (item: I, index: number) => O | PromiseLike<O>;
  readonly #options: WaitOptions;
  /** The caller's signal, until it is listened to. */
  #signal: AbortSignal | undefined;
  /** Gives up the place in the queue when the end has come. */
  readonly #leaving = new AbortController();
  /** Calls whose results are still to be handed out, in order. */
  readonly #started: Promise<O>[] = [];
  #index = 0;
  /** How many wait for a result. */
  #wanted = 0;
  #producing = false;
  #results: Promise<O[]> | undefined;
  /** Nothing more will be started. */
  #ended = false;
  /** Those who wait for something to be started, or for the end. */
  #waiting: (() => void)[] = [];

  constructor(gate: Gate, items: Iterable<I> | AsyncIterable<I>, fn: (item: I, index: number) => O | PromiseLike<O>, options: WaitOptions = {}) {
    this.#gate = gate;
    this.#source = check.items("items", items);
    this.#fn = fn;
    this.#options = { ...options, signal: this.#leaving.signal };
    this.#signal = options.signal;
  }

  async next(): Promise<IteratorResult<O>> {
    this.#wanted++;
    this.#heed();
    try {
      void this.#produce();
      while (this.#started.length === 0 && !this.#ended) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      const first = this.#started.shift();
      if (first === undefined) return { done: true, value: undefined };
      return { done: false, value: await first };
    } catch (error) {
      await this.return();
      throw error;
    } finally {
      this.#wanted--;
    }
  }

  async return(): Promise<IteratorResult<O>> {
    this.#started.length = 0;
    if (!this.#ended) {
      this.#end();
      await this.#source.return?.();
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  // biome-ignore lint/suspicious/noThenProperty: to be awaited for all results is what it is for.
  then<F = O[], R = never>(
    fulfilled?: ((all: O[]) => F | PromiseLike<F>) | null,
    rejected?: ((reason: unknown) => R | PromiseLike<R>) | null,
  ): Promise<F | R> {
    return this.#all().then(fulfilled, rejected);
  }

  catch<R = never>(rejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<O[] | R> {
    return this.#all().catch(rejected);
  }

  finally(settled?: (() => void) | null): Promise<O[]> {
    return this.#all().finally(settled);
  }

  /** However often it is awaited. */
  #all(): Promise<O[]> {
    return (this.#results ??= this.#collect());
  }

  async #collect(): Promise<O[]> {
    const all: O[] = [];
    for (;;) {
      const result = await this.next();
      if (result.done) return all;
      all.push(result.value);
    }
  }

  /** Listens to the caller's signal from when it is first needed: a mapping that is never begun leaves nothing behind. */
  #heed(): void {
    const signal = this.#signal;
    this.#signal = undefined;
    if (!signal || this.#ended) return;
    if (signal.aborted) return this.#abort(signal.reason);
    const heed = { abort: (reason: unknown) => this.#abort(reason) };
    watch(signal, heed);
    this.#leaving.signal.addEventListener("abort", () => unwatch(signal, heed), { once: true });
  }

  /** The caller's signal is aborted: whatever the source or the gate has not answered yet is not waited for. */
  #abort(reason: unknown): void {
    if (this.#ended) return;
    this.#push(Promise.reject(reason));
    void this.#abandon();
  }

  async #produce(): Promise<void> {
    if (this.#producing) return;
    this.#producing = true;
    try {
      while (this.#wanted > 0 && !this.#ended) {
        const item = await this.#source.next();
        if (item.done) {
          this.#end();
          return;
        }
        const permit = await this.#gate.acquire(this.#options);
        if (this.#ended) permit.releaseUnused();
        else this.#start(item.value, permit);
      }
    } catch (error) {
      // Handed out in its turn, unless the consumer has gone.
      if (!this.#ended) this.#push(Promise.reject(error));
      if (!this.#ended) await this.#abandon();
    } finally {
      this.#producing = false;
    }
  }

  #start(item: I, permit: Permit): void {
    const call = async (): Promise<O> => {
      try {
        return await this.#fn(item, this.#index++);
      } catch (error) {
        if (!this.#ended) await this.#abandon();
        throw error;
      } finally {
        permit.release();
      }
    };
    this.#push(call());
  }

  #push(result: Promise<O>): void {
    // It may reject long before its turn comes, or never have one.
    result.catch(() => {});
    this.#started.push(result);
    this.#tell();
  }

  /** Starts nothing more; what has been started is still handed out. */
  #end(): void {
    this.#ended = true;
    this.#leaving.abort();
    this.#tell();
  }

  /** The same, before the source has ended by itself. What it has to say about that does not matter any more. */
  async #abandon(): Promise<void> {
    this.#end();
    try {
      await this.#source.return?.();
    } catch {}
  }

  #tell(): void {
    for (const tell of this.#waiting.splice(0)) tell();
  }
}
