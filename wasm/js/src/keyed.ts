import * as check from "./check.js";
import { QueueFullError } from "./errors.js";
import { Gate, type WaitOptions } from "./gate.js";
import { Permit } from "./permit.js";
import { Throttle } from "./throttle.js";
import { Lane, Turns } from "./turns.js";

/** Limits for all keys together, and how long keys are kept. */
export interface KeyedOptions {
  /** A gate that all keys go through, after their own. */
  total?: Gate;
  /** How many keys may be in use at once; one more is refused with {@link QueueFullError}. Any number by default. */
  maxKeys?: number;
  /** Milliseconds for which a key that nobody uses is kept at least. Default 60,000. */
  idle?: number;
}

/** So many keys are looked at each time, so that it takes no longer the more there are. */
const MOST_LOOKS = 64;

/** The gate of one key. */
interface Entry<G> {
  readonly gate: G;
  /** With a total: those who want to go through both. */
  readonly lane: Lane;
  /** Calls that wait or are inside. */
  users: number;
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
 * Of those whose own gate lets them in, who came first goes first; a key whose gate is full holds up no other key. A key is forgotten when nobody uses it, and its gate is as
 * good as new.
 */
export class Keyed<K, G extends Gate = Gate> {
  readonly #make: (key: K) => G;
  readonly #total: Gate | undefined;
  readonly #turns: Turns | undefined;
  readonly #maxKeys: number;
  readonly #idle: number;
  /** Least recently used first. */
  readonly #entries = new Map<K, Entry<G>>();

  constructor(make: (key: K) => G, options?: KeyedOptions) {
    this.#make = check.callable("make", make);
    const { total, maxKeys = Infinity, idle = 60_000 } = check.options("options", options, ["total", "maxKeys", "idle"]);
    this.#total = total === undefined ? total : check.instance("total", total, Gate, "a gate");
    this.#turns = this.#total && new Turns(this.#total);
    this.#maxKeys = maxKeys === Infinity ? maxKeys : check.count("maxKeys", maxKeys, 1);
    this.#idle = check.time("idle", idle);
  }

  /** Waits to be let in, by the key's own gate and then by the total. */
  acquire(key: K, options?: WaitOptions): Promise<Permit> {
    let entry: Entry<G>;
    try {
      entry = this.#entry(key);
    } catch (error) {
      // What `make` throws is thrown; that there is no room for another key is no mistake of the caller's.
      if (error instanceof QueueFullError) return Promise.reject(error);
      throw error;
    }
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
        // The total's in any case.
        const [own, total] = permits;
        try {
          own?.release();
        } finally {
          total?.release();
        }
      };
      const begin = () => {
        for (const permit of permits) permit.begin();
      };
      const leaveUnused = () => {
        this.#left(key, entry);
        const [own, total] = permits;
        try {
          own?.releaseUnused();
        } finally {
          total?.releaseUnused();
        }
      };
      const both = new Permit({ leave, leaveUnused, begin }, options?.cost ?? 1, false);
      both.beginSoon();
      return both;
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
      let result: T | PromiseLike<T>;
      try {
        result = fn();
      } finally {
        permit.begin();
      }
      return await result;
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
    this.#sweep(Infinity);
    return this.#entries.size;
  }

  /** The permits of key and total, in the order in which they are to be given back. */
  async #enter({ gate, lane }: Entry<G>, options: WaitOptions | undefined): Promise<Permit[]> {
    // The key's own first: then the next of that key is ready when the total has a place.
    return this.#turns ? this.#turns.join(lane, options) : [await gate.reserve(options, false)];
  }

  #entry(key: K): Entry<G> {
    let entry = this.#entries.get(key);
    if (entry) {
      // To the end: the least recently used stay in front.
      this.#entries.delete(key);
      entry.used = performance.now();
    } else {
      this.#sweep(MOST_LOOKS);
      if (this.#entries.size >= this.#maxKeys) this.#makeRoom();
      const gate = check.instance("what make returned", this.#make(key), Gate as abstract new () => G, "a gate");
      entry = { gate, lane: new Lane(gate), users: 0, used: performance.now() };
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
  #sweep(looks: number): void {
    const before = performance.now() - this.#idle;
    // Those in front that are still of use are looked at again after as long.
    for (const [key, entry] of this.#entries) {
      if (entry.used > before || looks-- === 0) return;
      this.#entries.delete(key);
      if (isSpent(entry)) continue;
      entry.used = performance.now();
      this.#entries.set(key, entry);
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
