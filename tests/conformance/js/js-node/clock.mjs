// A clock that stands still until it is told to go on.

const { setImmediate } = globalThis;

/** Comes back when every microtask has run. */
const microtasks = () => new Promise((resolve) => setImmediate(resolve));

/** More than any script needs. */
const MOST_RINGS = 1_000_000;

/** Something that rings at a moment of a clock, once, unless it is cleared before. */
class Alarm {
  constructor(at, ring, { late, tested }) {
    this.at = at;
    this.ring = ring;
    this.late = late;
    this.tested = tested;
  }
}

/** All times are milliseconds. */
export class Clock {
  /** Since the beginning, without jumps. */
  elapsed = 0;
  /** How far what it shows is ahead of that. */
  #shift;
  /** As they were set. */
  #alarms = new Set();
  #rung = 0;

  constructor(start) {
    this.#shift = start;
  }

  /** What it shows. */
  now() {
    return this.elapsed + this.#shift;
  }

  /** How many alarms the library has set. */
  get alarmsUnderTest() {
    return [...this.#alarms].filter((alarm) => alarm.tested).length;
  }

  /**
   * Sets an alarm; answers a function that clears it.
   *
   * @param late Rings after all others of its moment, and after all that comes of them.
   * @param tested It is the library's.
   */
  set(delay, ring, { late = false, tested = false } = {}) {
    const alarm = new Alarm(this.now() + delay, ring, { late, tested });
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Waits; rejects if the signal is aborted meanwhile. */
  sleep(delay, signal) {
    return new Promise((resolve, reject) => {
      const clear = this.set(delay, resolve);
      signal.addEventListener('abort', () => clear() && reject(signal.reason), { once: true });
    });
  }

  /** It shows so much more from now on. What is due by that does not ring yet. */
  jump(by) {
    this.#shift += by;
  }

  /** Rings what is due, in order, and lets nothing else run. */
  kick() {
    const due = [...this.#alarms].filter((alarm) => this.#due(alarm) <= this.elapsed);
    for (const alarm of due.sort((a, b) => (isBefore(a, b) ? -1 : Number(isBefore(b, a))))) this.#ring(alarm);
  }

  /** Lets everything run that can without time going on. */
  async settle() {
    for (;;) {
      await microtasks();
      const next = this.#next();
      if (next === undefined || this.#due(next) > this.elapsed) return;
      // One by one, as Node does it: microtasks run between any two of its timers.
      this.#ring(next);
    }
  }

  /** Lets time go on until so much has elapsed, with all that happens on the way. */
  async advance(to) {
    await this.settle();
    while (this.nextAlarm <= to) await this.#goTo(this.nextAlarm);
    if (this.elapsed < to) await this.#goTo(to);
  }

  /** What will have elapsed when the next alarm rings; infinity if there is none. */
  get nextAlarm() {
    const next = this.#next();
    return next === undefined ? Infinity : Math.max(this.#due(next), this.elapsed);
  }

  /** What will have elapsed by then. */
  #due(alarm) {
    return alarm.at - this.#shift;
  }

  async #goTo(elapsed) {
    this.elapsed = elapsed;
    await this.settle();
  }

  #next() {
    let next;
    for (const alarm of this.#alarms) if (next === undefined || isBefore(alarm, next)) next = alarm;
    return next;
  }

  #ring(alarm) {
    if (++this.#rung > MOST_RINGS) throw new Error(`hangs: alarms have rung more than ${MOST_RINGS} times`);
    // Another one that rang just now may have cleared it.
    if (this.#alarms.delete(alarm)) alarm.ring();
  }
}

/** Of two that are alike, the one that was set first comes first. */
function isBefore(a, b) {
  return a.at < b.at || (a.at === b.at && !a.late && b.late);
}
