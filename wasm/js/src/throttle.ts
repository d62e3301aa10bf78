import * as check from "./check.js";
import { Code, current, Deed, type Engine, Reading } from "./engine.js";
import { type GateEvents, Watch } from "./events.js";
import { Gate } from "./gate.js";
import { dispose } from "./permit.js";

/** So many units in each period, and how they are to be spread. */
export interface Rate {
  /** Units in each period; may be fractional. Below 1 it means a burst of 1 and longer spacing. */
  capacity: number;
  /** Milliseconds. Default 1000. */
  period?: number;
  /**
   * - `window` (default): in no window of one period, wherever it starts, more than the capacity. Accepted by
   *   servers that count in fixed windows, in sliding windows, or with a bucket of the same size.
   * - `bucket`: holds `burst` units, starts full, is refilled continuously.
   * - `stepped`: the same, refilled once per period.
   * - `smooth`: evenly spaced, late wake-ups caught up.
   */
  pacing?: "window" | "bucket" | "stepped" | "smooth";
  /** Units that `bucket` and `stepped` can save up. Default: the capacity, at least 1. */
  burst?: number;
  /**
   * How long a call counts. `admission` (default): one period from when it is let in. `answered`: until one period
   * after its permit is given back, so that no delay on the network can make the server see more than the capacity.
   */
  counting?: "admission" | "answered";
}

/** What a {@link Throttle} is set to. */
export interface ThrottleOptions extends Partial<Rate> {
  /** Several rates at once; instead of, or besides, the single one above. */
  rates?: Rate[];
  /** How many may be inside at once. 0 or absent: any number. */
  concurrency?: number;
  /** Milliseconds after its permit that a slot comes back. Only with a concurrency. */
  cooldown?: number;
  /** How many may wait; one more is refused with {@link QueueFullError}. Any number by default. */
  maxWaiting?: number;
}

/** What a call would meet: {@link Throttle.check}. */
export interface Check {
  /** Whether it would be let in now. */
  ready: boolean;
  /** Milliseconds until it is, at the earliest; 0 if that depends on others only; Infinity: never. */
  wait: number;
}

const PACINGS = ["window", "bucket", "stepped", "smooth"] as const;
/** Milliseconds, some 300 years: no less than that stands for no end. */
const FOR_EVER = 1e13;
const EVENTS = ["admitted", "delayed", "paused", "resumed", "retried", "refused"] as const;
const COUNTINGS = ["admission", "answered"] as const;
const OF_RATE = ["period", "pacing", "burst", "counting"] as const;

/** @internal The names of all options. */
export const OPTIONS = ["capacity", ...OF_RATE, "rates", "concurrency", "cooldown", "maxWaiting"];

/** What throttles are set to; unknown for those that Rust has made. */
type Settings = Pick<ThrottleOptions, "rates"> & { rate?: Rate | undefined };

/**
 * Lets calls in when a slot is free, every rate allows their cost, and nobody said pause.
 *
 * ```ts
 * const gate = new Throttle({ capacity: 100, period: 1000, concurrency: 3 });   // milliseconds
 * using permit = await gate.acquire({ cost: 5, signal, timeout: 2000 });
 * const page = await gate.run(() => fetch(url));
 * ```
 *
 * All of it is taken together or nothing is; a call that waits for a rate holds no slot. First come, first served,
 * whatever the costs.
 */
export class Throttle extends Gate {
  /** @internal */
  readonly keepsTime = true;
  #settings: Settings;
  /** By `performance.now`, as far as it was us who said so. */
  #pausedUntil = 0;

  constructor(options: ThrottleOptions);
  /** @internal A throttle that is there already. */
  constructor(options: ThrottleOptions, engine: Engine, number: number);
  constructor(options: ThrottleOptions, engine?: Engine, number?: number) {
    if (engine !== undefined && number !== undefined) {
      super(engine, number);
      this.#settings = {};
    } else {
      if (options === undefined) throw new TypeError("options is undefined, but must be an object");
      const settings = settingsOf(check.options("options", options, OPTIONS), {});
      const slots = slotsOf(options, [0, 0, -1]);
      if (slots[0] === 0 && slots[1] > 0) throw new RangeError("cooldown needs a concurrency: without slots none can rest");
      const made = current();
      stage(made, settings);
      super(made, made.read((exports) => exports.tollgate_throttle(...slots)));
      this.#settings = settings;
    }
    if (this.number < 0) throw this.errorOf(this.number, 0);
    this.mostWaiting = options.maxWaiting ?? Infinity;
    this.engine.adopt(this, this.number);
  }

  /** Units that the rates would let in at once; Infinity if there is no rate. */
  get available(): number {
    return this.reading(Reading.Available);
  }

  /** Holds everybody until now + ms; extends, never shortens. Infinity: until {@link resume}. Those inside go on. */
  pause(ms: number): void {
    this.act(Deed.Pause, check.time("ms", ms));
    this.#paused("pause", ms);
  }

  /** Ends a pause. */
  resume(): void {
    const { watch, paused } = this;
    this.act(Deed.Resume);
    this.#pausedUntil = 0;
    if (paused) watch?.resumed();
  }

  /** A pause was asked for. */
  #paused(reason: "pause" | "server", ms: number): void {
    const end = performance.now() + ms;
    if (end <= this.#pausedUntil || ms === 0) return;
    this.#pausedUntil = end;
    this.watch?.paused(reason, end);
  }

  /** Whether a pause is on. */
  get paused(): boolean {
    return this.reading(Reading.Paused) === 1;
  }

  /** Would a call of this cost be admitted now, and if not, when at the earliest? Takes nothing. */
  check(cost?: number): Check {
    const wait = this.reading(Reading.Check, this.costOf(cost));
    return { ready: wait < 0, wait: wait > FOR_EVER ? Infinity : Math.max(wait, 0) };
  }

  /**
   * Changes what is given, while calls wait and are inside; what is absent stays.
   *
   * What was used under a rate stays used under the one that takes its place.
   */
  update(options: ThrottleOptions): void {
    if (options === undefined) throw new TypeError("options is undefined, but must be an object");
    const settings = settingsOf(check.options("options", options, OPTIONS), this.#settings);
    const slots = slotsOf(options, [NaN, NaN, NaN]);
    if (settings !== this.#settings) stage(this.engine, settings);
    const code = this.engine.call((exports) => exports.tollgate_update(this.number, settings !== this.#settings, ...slots));
    if (code === Code.Invalid) throw new RangeError("cooldown needs a concurrency: without slots none can rest");
    if (code < 0) throw this.errorOf(code, 0);
    this.#settings = settings;
    this.mostWaiting = options.maxWaiting ?? this.mostWaiting;
  }

  /** Gives units back to every rate, for calls that turned out to cost less. */
  refund(cost?: number): void {
    this.act(Deed.Refund, this.costOf(cost));
  }

  /** @internal Holds everybody off for so long, because the server has refused a call sent at `sent` by `performance.now`. */
  holdOff(ms: number, sent: number): void {
    this.engine.tell((exports) => exports.tollgate_hold_off(this.number, ms, performance.now() - sent));
    this.#paused("server", ms);
  }

  /** @internal Uses up what there is beyond what the server says remains. */
  tighten(remaining: number): void {
    this.act(Deed.Tighten, remaining);
  }

  /**
   * Tells what happens to calls that are made in JavaScript, and of the pauses that JavaScript has begun: what Rust code does
   * to a throttle that is shared with it, its events of `tracing` tell. Dispose of the answer to hear no more.
   *
   * ```ts
   * using watching = gate.on("paused", ({ wait, reason }) => console.warn(`${reason}: nothing for ${wait} ms`));
   * ```
   *
   * A listener is called in a microtask; what it throws is reported as uncaught, and changes nothing here. While nobody
   * listens, events cost nothing.
   */
  on<E extends keyof GateEvents>(event: E, listener: (event: GateEvents[E]) => void): Disposable {
    check.word("event", event, EVENTS);
    check.callable("listener", listener);
    const watch = (this.watch ??= new Watch(this, this.#pausedUntil));
    const remove = watch.add(event, listener);
    const end = () => {
      if (!remove() && this.watch === watch) this.watch = undefined;
    };
    return { [dispose]: end } as Disposable;
  }

  /** @internal */
  override leaveUnused(cost: number): void {
    this.act(Deed.Cancel, cost);
    this.changed();
  }

  /** @internal Whether all is as it was when new. */
  get idle(): boolean {
    return this.reading(Reading.Idle) === 1;
  }

  /**
   * @internal Promises are kept a moment after the engine has let somebody in, or much later if something else keeps
   * the thread busy. What the server sees is when the call begins: so that is when it counts from, and until then the
   * engine keeps room for it.
   */
  override begin(cost: number): void {
    this.engine.tell((exports) => exports.tollgate_begin(this.number, cost));
  }

  /** @internal */
  protected costOf(cost: unknown): number {
    return cost === undefined ? 1 : check.cost("cost", cost);
  }
}

/** The rates of some options, as a change of what they were; the same object if nothing of them is given. */
function settingsOf(options: ThrottleOptions, before: Settings): Settings {
  const given = OF_RATE.filter((name) => options[name] !== undefined);
  if (options.capacity === undefined && options.rates === undefined && given.length === 0) return before;
  let { rate, rates } = before;
  if (options.capacity !== undefined || given.length > 0) {
    if (rate === undefined && rates !== undefined && options.rates === undefined) {
      throw new TypeError(`${options.capacity === undefined ? given[0] : "capacity"} is of a single rate, and there is none: change rates`);
    }
    const capacity = options.capacity === undefined ? rate?.capacity : options.capacity;
    if (capacity === undefined) throw new TypeError(`${given[0]} needs a capacity`);
    const changed = Object.fromEntries(given.map((name) => [name, options[name]]));
    rate = { ...rate, ...changed, capacity };
    // A burst of before means nothing to another pacing.
    if (options.pacing !== undefined && options.burst === undefined && !hasBurst(rate)) delete rate.burst;
    rate = checked(rate, "");
  }
  if (options.rates !== undefined) {
    rates = check.list("rates", options.rates).map((rate, index) => {
      const name = `rates[${index}]`;
      return checked(check.options(name, rate, ["capacity", ...OF_RATE]) as Rate, `${name}.`);
    });
  }
  return { rate, ...(rates && { rates }) };
}

function hasBurst({ pacing }: Rate): boolean {
  return pacing === "bucket" || pacing === "stepped";
}

/** A rate that makes sense, copied. */
function checked(rate: Rate, of: string): Rate {
  const copy: Rate = { capacity: check.units(`${of}capacity`, rate.capacity) };
  if (rate.period !== undefined) copy.period = check.span(`${of}period`, rate.period, 1e-6);
  check.pace(`${of}capacity`, copy.capacity, copy.period);
  if (rate.pacing !== undefined) copy.pacing = check.word(`${of}pacing`, rate.pacing, PACINGS);
  if (rate.counting !== undefined) copy.counting = check.word(`${of}counting`, rate.counting, COUNTINGS);
  if (rate.burst !== undefined) {
    copy.burst = check.units(`${of}burst`, rate.burst);
    if (!hasBurst(copy)) {
      throw new RangeError(`${of}burst is for the pacings "bucket" and "stepped"`);
    }
  }
  return copy;
}

/** Concurrency, cooldown and queue bound as numbers for the engine; those not given are `absent`. */
function slotsOf({ concurrency, cooldown, maxWaiting }: ThrottleOptions, absent: [number, number, number]): [number, number, number] {
  const most = maxWaiting === undefined ? absent[2] : check.bound("maxWaiting", maxWaiting);
  return [
    concurrency === undefined ? absent[0] : check.count("concurrency", concurrency),
    cooldown === undefined ? absent[1] : check.span("cooldown", cooldown, 0),
    most === Infinity ? -1 : most,
  ];
}

/** Tells the engine the rates for the throttle that is made or changed next. */
function stage(engine: Engine, { rate, rates = [] }: Settings): void {
  for (const { capacity, period = 1000, pacing = "window", burst = Math.max(1, capacity), counting } of rate ? [rate, ...rates] : rates) {
    engine.read((exports) => {
      exports.tollgate_rate(capacity, period, PACINGS.indexOf(pacing), burst, counting === "answered");
      return 0;
    });
  }
}
