import * as check from "./check.js";
import { QueueFullError } from "./errors.js";
import { Gate, type WaitOptions } from "./gate.js";
import { Permit } from "./permit.js";
import { Semaphore } from "./semaphore.js";
import { Throttle } from "./throttle.js";

/** Limits for all keys together, and how long keys are kept. */
export interface KeyedOptions {
  /** A gate that all keys go through, after their own. */
  total?: Gate;
  /** How many keys may be in use at once; one more is refused with {@link QueueFullError}. Any number by default. */
  maxKeys?: number;
  /** Milliseconds for which a key that nobody uses is kept at least. Default 60,000. */
  idle?: number;
}

/** The gate of one key. */
interface Entry<G> {
  readonly gate: G;
  /**
   * With a total: one at a time goes from here to there. Otherwise calls that were let in here while the total
   * is full would gather, and leave all at once when it is not.
   */
  readonly turn: Semaphore | undefined;
  /** Calls that wait or are inside. */
  users: number;
  /** Calls that wait for the gate, with a total: those who wait for their turn first included. */
  waiting: number;
  /** When it was last used, by `performance.now`. */
  used: number;
}

/**
 * A gate for each key (host, tenant, endpoint), made when first used, and one for all of them together.
 *
 * ```ts
 * const hosts = new Keyed((host: string) => new Throttle({ capacity: 10 }), { total: new Semaphore(100) });
 * const page = await hosts.run(url.host, () => fetch(url));
 * ```
 *
 * A key whose own gate is full holds up no other key. A key is forgotten when nobody uses it, and its gate is as
 * good as new.
 */
export class Keyed<K, G extends Gate = Gate> {
  readonly #make: (key: K) => G;
  readonly #total: Gate | undefined;
  readonly #maxKeys: number;
  readonly #idle: number;
  /** Least recently used first. */
  readonly #entries = new Map<K, Entry<G>>();

  constructor(make: (key: K) => G, options?: KeyedOptions) {
    this.#make = check.callable("make", make);
    const { total, maxKeys = Infinity, idle = 60_000 } = check.options("options", options);
    this.#total = total === undefined ? total : check.instance("total", total, Gate, "a gate");
    this.#maxKeys = maxKeys === Infinity ? maxKeys : check.count("maxKeys", maxKeys, 1);
    this.#idle = check.time("idle", idle);
  }

  /** Waits to be let in, by the key's own gate and then by the total. */
  acquire(key: K, options?: WaitOptions): Promise<Permit> {
    const entry = this.#entry(key);
    entry.gate.checked(options);
    this.#total?.checked(options);
    return this.#acquire(key, entry, options);
  }

  async #acquire(key: K, entry: Entry<G>, options: WaitOptions | undefined): Promise<Permit> {
    entry.users++;
    try {
      const permits = await this.#enter(entry, options);
      const leave = () => {
        this.#left(key, entry);
        for (const permit of permits) permit.release();
      };
      const begun = () => {
        for (const permit of permits) permit.begin();
        return 0;
      };
      return new Permit({ leave, begun }, options?.cost ?? 1, 0);
    } catch (error) {
      this.#left(key, entry);
      throw error;
    }
  }

  /** Waits to be let in, calls `fn`, and gives the permit back when that is done, has thrown or has rejected. */
  run<T>(key: K, fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    check.callable("fn", fn);
    return this.#run(this.acquire(key, options), fn);
  }

  async #run<T>(entering: Promise<Permit>, fn: () => T | PromiseLike<T>): Promise<T> {
    const permit = await entering;
    try {
      return await fn();
    } finally {
      permit.release();
    }
  }

  /** The gate of a key; made if there is none. */
  get(key: K): G {
    return this.#entry(key).gate;
  }

  /** How many keys are kept. */
  get size(): number {
    this.#sweep();
    return this.#entries.size;
  }

  /** The permits of key and total, in the order in which they are to be given back. */
  async #enter(entry: Entry<G>, options: WaitOptions = {}): Promise<Permit[]> {
    const { gate, turn } = entry;
    const total = this.#total;
    if (!total || !turn) return [await gate.acquire(options)];
    const end = options.timeout === undefined ? undefined : performance.now() + options.timeout;
    const rest = () => (end === undefined ? options : { ...options, timeout: Math.max(0, end - performance.now()) });
    options.signal?.throwIfAborted();
    let passing = turn.tryAcquire();
    let own: Permit | undefined;
    try {
      own = passing && gate.tryAcquire(options.cost);
      if (own === undefined) {
        // Those who wait for their turn wait for the key's gate.
        if (entry.waiting >= gate.mostWaiting) throw new QueueFullError();
        entry.waiting++;
        try {
          passing ??= await turn.acquire({ ...rest(), cost: 1 });
          own = await gate.acquire(rest());
        } finally {
          entry.waiting--;
        }
      }
      const atOnce = total.tryAcquire(options.cost);
      if (atOnce) return [atOnce, own];
      const waited = await total.acquire(rest());
      // The key's rates have counted it from when it began to wait for the total; it goes out now.
      own.begin();
      return [waited, own];
    } catch (error) {
      if (own?.release() && gate instanceof Throttle) gate.refund(own.cost);
      throw error;
    } finally {
      passing?.release();
    }
  }

  #entry(key: K): Entry<G> {
    let entry = this.#entries.get(key);
    if (entry) {
      // To the end: the least recently used stay in front.
      this.#entries.delete(key);
      entry.used = performance.now();
    } else {
      this.#sweep();
      if (this.#entries.size >= this.#maxKeys) this.#makeRoom();
      const turn = this.#total && new Semaphore(1);
      const gate = check.instance("what make returned", this.#make(key), Gate as abstract new () => G, "a gate");
      entry = { gate, turn, users: 0, waiting: 0, used: performance.now() };
    }
    this.#entries.set(key, entry);
    return entry;
  }

  #left(key: K, entry: Entry<G>): void {
    entry.users--;
    entry.used = performance.now();
    if (this.#entries.get(key) === entry) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
  }

  /** Forgets keys that have not been used for long, as far as their gates are as good as new. */
  #sweep(): void {
    const before = performance.now() - this.#idle;
    // Those in front that are still in use are looked at again when they have been used once more.
    for (const [key, entry] of this.#entries) {
      if (entry.used > before) return;
      if (isSpent(entry)) this.#entries.delete(key);
    }
  }

  /** Forgets the least recently used key whose gate is as good as new. */
  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      if (isSpent(entry)) {
        this.#entries.delete(key);
        return;
      }
    }
    throw new QueueFullError(`maxKeys is ${this.#maxKeys}, and all of them are in use`);
  }
}

/** Whether a new gate would decide the same. */
function isSpent({ gate, users }: Entry<Gate>): boolean {
  if (users > 0) return false;
  return gate instanceof Throttle ? gate.idle : gate.waiting === 0 && gate.inFlight === 0;
}
