// `performance.now`, `setTimeout` and `clearTimeout` on a clock of ours.

import { Clock } from './clock.mjs';

/** The longest that `setTimeout` can sleep: if told to sleep longer, it rings at once. */
const LONGEST = 2 ** 31 - 1;

/** By how many milliseconds `setTimeout` may be late, since it counts in whole ones. */
export const RESOLUTION = 1;

let current = new Clock(0);

/** The globals go by this clock from now on. */
export function use(clock) {
  current = clock;
}

class Timeout {
  constructor(clear) {
    this.clear = clear;
  }
}

performance.now = () => current.now();

/** At the beginning of a script it is 1970. */
Date.now = () => current.elapsed;

globalThis.setTimeout = (callback, delay, ...args) => {
  // As in Node: whole milliseconds, at least one, and too many are one.
  const millis = Math.trunc(Number(delay)) || 0;
  const fits = millis >= 1 && millis <= LONGEST;
  return new Timeout(current.set(fits ? millis : 1, () => callback(...args), { tested: true }));
};

globalThis.clearTimeout = (timeout) => {
  // Anything may be cleared, at any time, also one of a clock of before.
  if (timeout instanceof Timeout) timeout.clear();
};
