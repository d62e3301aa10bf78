// Numbers of scripts, and seconds of scripts as milliseconds of the clock.

import { RESOLUTION } from './globals.mjs';

const WORDS = { nan: NaN, inf: Infinity, '-inf': -Infinity };

/** A number, which may be written as a text; absent stays absent. */
export function number(written) {
  return typeof written === 'string' ? WORDS[written] : written;
}

/** The times of one script, of which all are stretched. */
export class Times {
  #stretch;

  constructor(stretch) {
    this.#stretch = stretch;
  }

  /** Milliseconds for seconds that are written in a script; absent stays absent. */
  span(written) {
    const seconds = number(written);
    if (!Number.isFinite(seconds)) return seconds;
    // To whole nanoseconds before anything is multiplied, so that sums of spans stay what they should be.
    return (Math.round(seconds * 1e9) * this.#stretch) / 1e6;
  }

  /** The same where there is no negative time. */
  spanFromZero(written) {
    return written === undefined ? undefined : Math.max(0, this.span(written));
  }

  /** Seconds of the script. */
  seconds(millis) {
    return millis / 1e3 / this.#stretch;
  }

  get granularity() {
    return this.seconds(RESOLUTION);
  }
}
