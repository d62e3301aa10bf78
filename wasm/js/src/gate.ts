import * as check from "./check.js";
import { Code, Deed, type Engine, Reading } from "./engine.js";
import { ClosedError, CostError, OverReleaseError, QueueFullError, TimeoutError, TollgateError } from "./errors.js";
import { type Mapped, Mapping } from "./map.js";
import { Permit } from "./permit.js";
import { unwatch, watch } from "./signals.js";
import type { Watch } from "./events.js";
import { soon } from "./soon.js";
import { ForCall, ForPermit, ForTurn, Waiter } from "./waiter.js";

/** How to wait. */
export interface WaitOptions {
  /** Throttle: units of every rate that this call uses. Semaphore: permits it holds. Default 1. */
  cost?: number;
  /** Gives up the place in the queue; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Gives up after so many milliseconds in the queue; rejects with {@link TimeoutError}. */
  timeout?: number;
}

/** Milliseconds. */
const LOOK_EACH = 20;

const WAIT = ["cost", "signal", "timeout"];

/** How to close. */
export interface CloseOptions {
  /** Serve those who wait first, instead of rejecting them. */
  drain?: boolean;
}

/** What all gates share; not exported as a value. */
export abstract class Gate {
  /** @internal */
  readonly engine: Engine;
  /** @internal */
  readonly number: number;
  /** @internal How many may wait. */
  mostWaiting = Infinity;
  /** @internal How many have a place in the queue. */
  queued = 0;
  /** @internal How many were let in to be called, and are about to be. */
  arriving = 0;
  /** @internal How many were let in whose promises will be kept in a microtask: none behind them is to go on before. */
  deferred = 0;
  /** @internal Those who watch, if anybody does. */
  watch: Watch | undefined;
  /** @internal Whether others than we let people in and out: Rust code. */
  shared = false;
  #closing = false;
  /** Those who wait for nobody to be inside. */
  #idlers: (() => void)[] | undefined;

  /** @internal */
  constructor(engine: Engine, number: number) {
    this.engine = engine;
    this.number = number;
  }

  /**
   * Waits to be let in, first come, first served.
   *
   * Rejects with {@link ClosedError}, {@link QueueFullError}, {@link TimeoutError}, {@link CostError} if the cost
   * can never be admitted, or the signal's reason.
   */
  acquire(options?: WaitOptions): Promise<Permit> {
    return this.reserve(options, true);
  }

  /** @internal The same; what the permit is for begins by itself, or when that is said. */
  reserve(options: WaitOptions | undefined, begins: boolean): Promise<Permit> {
    const cost = this.checked(options);
    const code = this.#enter(cost, options);
    if (code === Code.Done) {
      if (this.deferred > 0) return new Promise((resolve, reject) => this.admit(cost, options?.signal, begins, resolve, reject));
      if (!this.keepsTime) return Promise.resolve(new Permit(this, cost, true));
      const permit = new Permit(this, cost, false);
      if (begins) permit.beginSoon();
      return Promise.resolve(permit);
    }
    if (typeof code !== "number") return Promise.reject(code.reason);
    const Kind = begins ? ForPermit : ForTurn;
    return new Promise((resolve, reject) => this.#wait(new Kind(this, code - 1, cost, resolve, reject), options));
  }

  /**
   * A permit at once, or undefined. Never overtakes those who wait.
   *
   * Throws {@link ClosedError}, or {@link CostError} if the cost can never be admitted.
   */
  tryAcquire(cost?: number): Permit | undefined {
    const checked = this.costOf(cost);
    if (this.#closing) throw new ClosedError();
    const code = this.engine.call((exports) => exports.tollgate_try_acquire(this.number, checked));
    if (code >= 0) {
      this.watch?.asked(Code.Done, checked);
      return new Permit(this, checked, true);
    }
    if (code === Code.NotNow) return undefined;
    throw this.errorOf(code, checked);
  }

  /**
   * Waits to be let in, calls `fn`, and gives the permit back when that is done, has thrown or has rejected.
   *
   * When there is no need to wait, `fn` is called before this returns.
   */
  run<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    check.callable("fn", fn);
    const cost = this.checked(options);
    const code = this.#enter(cost, options);
    if (code === Code.Done) {
      // Others may have been let in before, and begin in a microtask.
      if (this.arriving === 0) return this.call(fn, cost);
      return new Promise((resolve, reject) => this.start(cost, options?.signal, fn, resolve, reject));
    }
    if (typeof code !== "number") return Promise.reject(code.reason);
    return new Promise((resolve, reject) => this.#wait(new ForCall(this, code - 1, cost, fn, resolve, reject), options));
  }

  /**
   * @internal One who has been let in gets its permit. Whoever is aborted in the same turn has not begun, and does not: so
   * where there is a signal, that is seen to in a microtask, and nobody behind is faster.
   */
  admit(cost: number, signal: AbortSignal | undefined, begins: boolean, resolve: (permit: Permit) => void, reject: (reason: unknown) => void): void {
    const keep = () => {
      if (signal?.aborted) return this.#forgo(cost, signal, reject);
      const permit = new Permit(this, cost, !this.keepsTime);
      resolve(permit);
      if (begins && this.keepsTime) permit.beginSoon();
    };
    if (signal === undefined && this.deferred === 0) return keep();
    this.deferred++;
    soon(() => {
      this.deferred--;
      keep();
    });
  }

  /** @internal One who has been let in is called: not from within whatever let it in, which may be a call of the user's. */
  start<T>(
    cost: number,
    signal: AbortSignal | undefined,
    fn: () => T | PromiseLike<T>,
    resolve: (result: Promise<T>) => void,
    reject: (reason: unknown) => void,
  ): void {
    const go = () => {
      this.arriving--;
      if (signal?.aborted) this.#forgo(cost, signal, reject);
      else resolve(this.call(fn, cost));
    };
    this.arriving++;
    // Those before, once they have their permits, go on in one more.
    if (this.deferred > 0) soon(() => soon(go));
    else soon(go);
  }

  /** One who was let in has been aborted before it began. */
  #forgo(cost: number, signal: AbortSignal, reject: (reason: unknown) => void): void {
    reject(signal.reason);
    try {
      this.leaveUnused(cost);
    } catch {
      // The engine has failed, and tells everybody; or somebody has given back what was not theirs.
    }
  }

  /** @internal Calls a function that has been let in, and lets it out. */
  async call<T>(fn: () => T | PromiseLike<T>, cost: number): Promise<T> {
    try {
      let result: T | PromiseLike<T>;
      try {
        result = fn();
      } finally {
        this.begin(cost);
      }
      return await result;
    } finally {
      this.leave(cost);
    }
  }

  /**
   * The same function, let in call by call; `this` and the arguments are passed on.
   *
   * The options may depend on the arguments.
   */
  wrap<A extends unknown[], R>(
    fn: (...args: A) => R | PromiseLike<R>,
    options?: WaitOptions | ((...args: A) => WaitOptions | undefined),
  ): (...args: A) => Promise<R> {
    check.callable("fn", fn);
    if (typeof options !== "function") this.checked(options);
    const gate = this;
    return function (this: unknown, ...args: A): Promise<R> {
      return gate.run(() => fn.apply(this, args), typeof options === "function" ? options(...args) : options);
    };
  }

  /**
   * Calls `fn` for each item, let in one by one, and gives the results in the order of the items.
   *
   * `await` it for an array, or iterate for one result after the other. It looks no further ahead than the gate
   * lets it, and only while a result is asked for. The first error ends it: no more is started.
   *
   * ```ts
   * for await (const page of gate.map(urls, (url) => fetch(url))) {}
   * ```
   */
  map<I, O>(
    items: Iterable<I> | AsyncIterable<I>,
    fn: (item: I, index: number) => O | PromiseLike<O>,
    options?: WaitOptions,
  ): Mapped<O> {
    check.callable("fn", fn);
    this.checked(options);
    return new Mapping(this, items, fn, options);
  }

  /** How many wait. */
  get waiting(): number {
    return this.reading(Reading.Waiting);
  }

  /** How many permits are out: calls inside a throttle, permits taken from a semaphore. */
  get inFlight(): number {
    return this.reading(Reading.InFlight);
  }

  /**
   * Rejects everybody who waits; returns how many.
   *
   * @param reason What they are rejected with; a {@link TollgateError} with code `cleared` by default.
   */
  clear(reason: unknown = new TollgateError("cleared", "the queue was cleared")): number {
    const waiters = this.engine.those((one): one is Waiter => one instanceof Waiter && one.gate === this);
    // Who came last leaves first, so that nobody is let in who is about to leave as well.
    const left = waiters.sort((a, b) => b.order - a.order).filter((waiter) => waiter.leave(reason));
    for (const { cost } of left) this.watch?.refused(cost, reason);
    return left.length;
  }

  /**
   * No more acquires; those who wait are rejected with {@link ClosedError}, or served first with `drain`.
   *
   * Resolves when nobody is inside. Those inside go on.
   */
  close(options?: CloseOptions): Promise<void> {
    const { drain = false } = check.options("options", options, ["drain"]);
    return this.#close(check.flag("drain", drain));
  }

  async #close(drain: boolean): Promise<void> {
    this.#closing = true;
    if (drain) await this.#when(() => this.waiting === 0);
    this.act(Deed.Close);
    await this.onIdle();
  }

  /** Resolves when nobody waits and nobody is inside. */
  onIdle(options?: { signal?: AbortSignal }): Promise<void> {
    const { signal } = check.options("options", options, ["signal"]);
    return this.#when(() => this.waiting === 0 && this.inFlight === 0, signal === undefined ? signal : check.signal(signal));
  }

  /** @internal Somebody has come out. */
  leave(cost: number): void {
    const code = this.engine.release(this.number, cost);
    if (code < 0) throw this.errorOf(code, cost);
    this.changed();
  }

  /**
   * @internal Enters at once, or joins the queue; then one of the two is called, from within what lets in or turns away:
   * neither may run code of the user's. Whoever is refused at once is told that way as well.
   */
  ask(cost: number | undefined, entered: (permit: Permit) => void, refused: (error: unknown) => void): Permit | Waiter | undefined {
    const checked = this.costOf(cost);
    const code = this.#enter(checked, undefined);
    if (code === Code.Done) return new Permit(this, checked, !this.keepsTime);
    if (typeof code !== "number") {
      refused(code.reason);
      return undefined;
    }
    const waiter = new ForTurn(this, code - 1, checked, entered, refused);
    this.#wait(waiter, undefined);
    return waiter;
  }

  /** @internal Asks the engine. */
  protected enter(cost: number, timeout: number): number {
    return this.engine.acquire(this.number, cost, timeout);
  }

  /** @internal Somebody who was let in begins. A gate that keeps no time does not ask when. */
  begin(_cost: number): void {}

  /** @internal Somebody who was let in goes without having begun. */
  leaveUnused(cost: number): void {
    this.leave(cost);
  }

  /** @internal Somebody has left the queue or the gate. */
  changed(): void {
    if (this.#idlers !== undefined) for (const look of this.#idlers.slice()) look();
  }

  /** @internal What a code below 0 means. */
  errorOf(code: number, cost: number): Error {
    switch (code) {
      case Code.Closed:
        return new ClosedError();
      case Code.QueueFull:
        return new QueueFullError(`the queue is full: at most ${this.mostWaiting} may wait`);
      case Code.TimedOut:
        return new TimeoutError();
      case Code.OverRelease:
        return new OverReleaseError();
      case Code.Cost:
        return new CostError(`cost is ${cost}, but at most ${this.reading(Reading.MaxCost)} can ever be admitted at once`);
      case Code.Invalid:
        return new RangeError("the settings make no sense together");
      default:
        return new TollgateError("busy", "called from within the engine, by a patched clock or timer");
    }
  }

  /** @internal */
  protected reading(reading: number, value = 0): number {
    return this.engine.read((exports) => exports.tollgate_read(this.number, reading, value));
  }

  /** @internal */
  protected act(deed: number, value = 0): void {
    const code = this.engine.call((exports) => exports.tollgate_do(this.number, deed, value));
    if (code < 0) throw this.errorOf(code, value);
  }

  /** @internal The cost of a call with these options. Throws at what makes no sense in them. */
  checked(options: WaitOptions | undefined): number {
    if (options === undefined) return 1;
    const { cost, timeout, signal } = check.options("options", options, WAIT);
    if (timeout !== undefined) check.time("timeout", timeout);
    if (signal !== undefined) check.signal(signal);
    return this.costOf(cost);
  }

  /** @internal The cost of a call; 1 if none is given. */
  protected abstract costOf(cost: unknown): number;

  /** @internal Whether the engine itself counts the time that a waiter has, and from when a call counts. */
  abstract readonly keepsTime: boolean;

  /** Enters (0), joins the queue under a number (less 1), or is refused. */
  #enter(cost: number, options: WaitOptions | undefined): number | { reason: unknown } {
    if (options?.signal?.aborted) return { reason: options.signal.reason };
    const code = this.#closing ? Code.Closed : this.enter(cost, options?.timeout ?? Infinity);
    if (code < 0) {
      const reason = this.errorOf(code, cost);
      this.watch?.refused(cost, reason);
      return { reason };
    }
    this.watch?.asked(code, cost);
    return code;
  }

  /** Notes who waits, and what makes that one give up. */
  #wait(waiter: Waiter, options: WaitOptions | undefined): void {
    this.queued++;
    this.watch?.joined(waiter);
    this.engine.park(waiter.number, waiter);
    const { signal, timeout = Infinity } = options ?? {};
    const left = this.keepsTime ? Infinity : timeout;
    if (signal !== undefined || left !== Infinity) waiter.heed(signal, left);
  }

  /** Resolves when something holds that can change when somebody leaves. */
  #when(holds: () => boolean, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#idlers = this.#idlers?.filter((other) => other !== look);
        if (this.#idlers?.length === 0) this.#idlers = undefined;
        clearInterval(looking);
        this.engine.part(giveUp);
        if (signal) unwatch(signal, giveUp);
      };
      const look = () => {
        if (!holds()) return;
        end();
        resolve();
      };
      const leave = (reason: unknown) => {
        end();
        reject(reason);
      };
      const giveUp = { abort: leave, fail: leave };
      // Nobody tells when it is Rust code that goes.
      const looking = this.shared ? setInterval(look, LOOK_EACH) : undefined;
      (this.#idlers ??= []).push(look);
      this.engine.join(giveUp);
      if (signal) watch(signal, giveUp);
    });
  }
}
