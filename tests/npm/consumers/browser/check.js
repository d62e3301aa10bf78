// Kept from before a test can replace it.
const later = globalThis.setTimeout.bind(globalThis);

export const rest = (ms) => new Promise((resolve) => later(resolve, ms));

export function check(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
}

export function same(got, expected, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

/** The error that a promise or a function ends with. */
export async function errorOf(something) {
  try {
    await (typeof something === "function" ? something() : something);
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Waits until something holds: for what happens soon, but who knows when. */
export async function until(holds, what) {
  for (const end = performance.now() + 5000; !(await holds()); await rest(5)) {
    if (performance.now() > end) throw new Error(`not within 5 s: ${what}`);
  }
}

/** The shortest time in which `count` + 1 of these happened. */
export function shortest(times, count) {
  return Math.min(...times.slice(count).map((time, index) => time - times[index]));
}

/** What rounding of floats may take from a time. */
export const MICROSECOND = 0.001;
