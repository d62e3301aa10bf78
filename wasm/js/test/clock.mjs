// A clock that stands still until it is told to go on, in place of `performance.now`, `setTimeout` and
// `clearTimeout`: tests of hours take milliseconds, and say to the millisecond when something happens.

import assert from "node:assert/strict";

/** Lets all promises run that can. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** More than this `setTimeout` cannot sleep: it rings at once. */
const LONGEST = 2 ** 31 - 1;

class Clock {
  #now;
  #timers = new Map();
  #next = 1;
  /** How many timers were ever set. */
  armed = 0;
  /** When a timer rings that was set at one time and is due at another; tests make it early or late. */
  rings = (due, _set) => due;

  constructor(start) {
    this.#now = start;
    this.start = start;
  }

  /** Milliseconds since the test began. */
  get time() {
    return this.#now - this.start;
  }

  now() {
    return this.#now;
  }

  /** How many timers are set. */
  get timers() {
    return this.#timers.size;
  }

  set(callback, delay, args) {
    // As in Node and in browsers: whole milliseconds, at least one, and too much is one.
    let millis = Math.trunc(Number(delay)) || 0;
    if (!(millis >= 1 && millis <= LONGEST)) millis = 1;
    const id = this.#next++;
    this.armed++;
    this.#timers.set(id, { at: Math.max(this.#now, this.rings(this.#now + millis, this.#now)), callback, args });
    return { id };
  }

  clear(timer) {
    this.#timers.delete(timer?.id);
  }

  /** Lets time pass and timers ring, in order; promises run between two of them. */
  async advance(ms) {
    const end = this.#now + ms;
    await settle();
    for (let rung = 0; ; rung++) {
      assert.ok(rung < 100_000, "timers ring for ever");
      let first;
      for (const [id, timer] of this.#timers) if (first === undefined || timer.at < this.#timers.get(first).at) first = id;
      const timer = this.#timers.get(first);
      if (timer === undefined || timer.at > end) break;
      this.#timers.delete(first);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback(...timer.args);
      await settle();
    }
    // A callback may have let more time pass than that.
    this.#now = Math.max(this.#now, end);
    await settle();
  }

  /** Lets time pass while nothing runs: a computer that sleeps, a thread that is busy. */
  freeze(ms) {
    this.#now += ms;
  }
}

/** Takes the place of the real clock for the rest of a test, which must leave no timer behind. */
export function fakeClock(t) {
  const real = { now: performance.now, setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const clock = new Clock(Math.ceil(performance.now()) + 1000);
  performance.now = () => clock.now();
  globalThis.setTimeout = (callback, delay, ...args) => clock.set(callback, delay, args);
  globalThis.clearTimeout = (timer) => clock.clear(timer);
  t.after(() => {
    performance.now = real.now;
    globalThis.setTimeout = real.setTimeout;
    globalThis.clearTimeout = real.clearTimeout;
    assert.equal(clock.timers, 0, "a timer is left behind");
  });
  return clock;
}
