// Arguments from code that no compiler has looked at: what makes no sense throws at once, and says which
// argument, what it is, and what is allowed.

/** As many permits as a semaphore can have. */
export const MAX_PERMITS = 2 ** 29 - 1;

/** The largest capacity, burst or cost of a throttle. */
export const MAX_UNITS = 1e12;

/** The longest time that can be told, in milliseconds: 584 years. */
const MAX_TIME = 2 ** 64 / 1e6;

function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "function":
      return "a function";
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    default:
      return String(value);
  }
}

function wrong(Kind: TypeErrorConstructor | RangeErrorConstructor, name: string, value: unknown, allowed: string): never {
  throw new Kind(`${name} is ${show(value)}, but must be ${allowed}`);
}

/** A number that `fits`: a `TypeError` if it is no number, a `RangeError` if it does not fit. */
function number(name: string, value: unknown, allowed: string, fits: (number: number) => boolean): number {
  if (typeof value !== "number") wrong(TypeError, name, value, allowed);
  if (!fits(value)) wrong(RangeError, name, value, allowed);
  return value;
}

/** A whole number of permits or callers. */
export function count(name: string, value: unknown, least = 0, most = MAX_PERMITS): number {
  return number(name, value, `a whole number from ${least} to ${most}`, (it) => Number.isInteger(it) && it >= least && it <= most);
}

/** The same, or infinity for any number. */
export function bound(name: string, value: unknown): number {
  const allowed = `a whole number from 0 to ${MAX_PERMITS}, or Infinity`;
  return number(name, value, allowed, (it) => it === Infinity || (Number.isInteger(it) && it >= 0 && it <= MAX_PERMITS));
}

/** Units of a rate; not zero. */
export function units(name: string, value: unknown): number {
  return number(name, value, `a number above 0, at most ${MAX_UNITS}`, (it) => it > 0 && it <= MAX_UNITS);
}

/** A capacity that lets in one unit in a time that can be told. */
export function pace(name: string, capacity: number, period = 1000): void {
  number(name, capacity, "large enough for one unit in 584 years", (it) => period / it < MAX_TIME);
}

/** What a call uses of the rates. */
export function cost(name: string, value: unknown): number {
  return number(name, value, "a finite number, at least 0", (it) => it >= 0 && it < Infinity);
}

/** Milliseconds; infinity for ever. */
export function time(name: string, value: unknown): number {
  return number(name, value, "a time in milliseconds, at least 0", (it) => it >= 0);
}

/** Milliseconds that something repeats in, or rests. */
export function span(name: string, value: unknown, least: number): number {
  const allowed = least > 0 ? "a time in milliseconds, at least a nanosecond and less than 584 years" : "a time in milliseconds, less than 584 years";
  return number(name, value, allowed, (it) => it >= least && it < MAX_TIME);
}

/** One of some words. */
export function word<W extends string>(name: string, value: unknown, words: readonly W[]): W {
  if (!words.includes(value as W)) {
    const Kind = typeof value === "string" ? RangeError : TypeError;
    wrong(Kind, name, value, words.map((it) => `"${it}"`).join(", "));
  }
  return value as W;
}

/** A word as HTTP has them: the name of a method, say. */
export function token(name: string, value: unknown): string {
  if (typeof value !== "string") wrong(TypeError, name, value, "a string");
  if (!/^[!#-'*+.^-z|~\dA-Z-]+$/.test(value)) wrong(RangeError, name, value, "a word without spaces");
  return value;
}

/** Yes or no. */
export function flag(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") wrong(TypeError, name, value, "true or false");
  return value;
}

/** An object of a class. */
export function instance<T>(name: string, value: unknown, Class: abstract new (...args: never[]) => T, allowed: string): T {
  if (!(value instanceof Class)) wrong(TypeError, name, value, allowed);
  return value;
}

/** A list of things. */
export function list<T>(name: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) wrong(TypeError, name, value, "an array");
  return value;
}

/** What goes through some items, one by one. */
export function items<I>(name: string, value: Iterable<I> | AsyncIterable<I>): Iterator<I> | AsyncIterator<I> {
  const given = value as Partial<Iterable<I> & AsyncIterable<I>> | null | undefined;
  return given?.[Symbol.asyncIterator]?.() ?? given?.[Symbol.iterator]?.() ?? wrong(TypeError, name, value, "iterable, or async iterable");
}

/** Something to call. */
export function callable<F extends (...args: never[]) => unknown>(name: string, value: F): F {
  if (typeof value !== "function") wrong(TypeError, name, value, "a function");
  return value;
}

/** An object with options of these names, or none at all. One that nobody knows is a mistake, and would be missed. */
export function options<O extends object>(name: string, value: O | undefined, known: readonly string[]): Partial<O> {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) wrong(TypeError, name, value, "an object");
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new TypeError(`${name} has ${unknown}, but can have ${known.join(", ")}`);
  return value;
}

export function signal(value: unknown): AbortSignal {
  const { addEventListener, aborted } = Object(value);
  if (typeof addEventListener !== "function" || typeof aborted !== "boolean") wrong(TypeError, "signal", value, "an AbortSignal");
  return value as AbortSignal;
}
