// What makes no sense throws at once, names the parameter and says what it is; nothing has changed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedSemaphore, createFetch, Keyed, Semaphore, Throttle } from "tollgate";
import { settle } from "./helpers.mjs";

/** Values of every kind, and how a message shows them. */
const NULL = [null, /null/];
const TEXTS = [["", /""/], ["3", /"3"/], ["x", /"x"/]];
const OBJECTS = [[{}, /an object/], [[], /an array/], [[1], /an array/]];
const OTHERS = [[true, /true/], [() => 1, /a function/], [Symbol("s"), /Symbol\(s\)/], [10n, /10n/]];
const UNDEFINED = [undefined, /undefined/];
const NUMBERS = [[0, /0/], [1, /1/], [Number.NaN, /NaN/]];

const notNumbers = [NULL, ...TEXTS, ...OBJECTS, ...OTHERS];
const notObjects = [NULL, ...TEXTS, ...OTHERS, ...NUMBERS, [[], /an array/]];
const notFunctions = [UNDEFINED, NULL, ...TEXTS, ...OBJECTS, ...NUMBERS, [true, /true/]];
const shown = (...numbers) => numbers.map((number) => [number, new RegExp(String(number).replace("+", "\\+"))]);

/** What is wrong for each kind of parameter: TypeErrors, RangeErrors. */
const kinds = {
  permits: [notNumbers, shown(Number.NaN, -1, Infinity, -Infinity, 1.5, 2 ** 53, 2 ** 29)],
  bound: [notNumbers, shown(Number.NaN, -1, -Infinity, 1.5, 2 ** 53)],
  units: [notNumbers, shown(Number.NaN, -1, Infinity, -Infinity, 0, 2 ** 53)],
  cost: [notNumbers, shown(Number.NaN, -1, -0.001, Infinity, -Infinity)],
  time: [notNumbers, shown(Number.NaN, -1, -0.001, -Infinity)],
  span: [notNumbers, shown(Number.NaN, -1, Infinity, -Infinity, 2 ** 53)],
  options: [notObjects, []],
  callable: [notFunctions, []],
  signal: [[NULL, ...TEXTS, ...OBJECTS, ...OTHERS, ...NUMBERS], []],
  flag: [[NULL, ...TEXTS, ...OBJECTS, ...NUMBERS], []],
  gate: [[NULL, ...TEXTS, ...OBJECTS, ...OTHERS, ...NUMBERS], []],
};

const all = ([type, range]) => [...type.map((one) => [TypeError, ...one]), ...range.map((one) => [RangeError, ...one])];
const required = (kind) => [[TypeError, ...UNDEFINED], ...all(kinds[kind])];
const optional = (kind) => all(kinds[kind]);

/** Rates have these in common, alone and in a list. */
const ofRates = (make) => [
  ["capacity", optional("units"), (capacity) => make({ capacity })],
  ["period", optional("span"), (period) => make({ capacity: 1, period })],
  ["period", all([[], shown(0, 1e-7)]), (period) => make({ capacity: 1, period })],
  ["pacing", all([[NULL, ...OBJECTS, ...NUMBERS], [["", /""/], ["Window", /"Window"/], ["toString", /"toString"/]]]), (pacing) => make({ capacity: 1, pacing })],
  ["counting", all([[NULL, ...OBJECTS, ...NUMBERS], [["", /""/], ["answer", /"answer"/]]]), (counting) => make({ capacity: 1, counting })],
  ["burst", optional("units"), (burst) => make({ capacity: 1, pacing: "bucket", burst })],
  ["burst", [[RangeError, 5, /window|bucket/]], (burst) => make({ capacity: 1, burst })],
  ["capacity", all([[], shown(5e-324, 1e-300)]), (capacity) => make({ capacity })],
];

const ofThrottles = (make) => [
  ["options", [[TypeError, ...UNDEFINED], ...optional("options")], (options) => make(options)],
  ...ofRates(make),
  ["rates", all([[NULL, ...TEXTS, [{}, /an object/], ...NUMBERS], []]), (rates) => make({ rates })],
  ["rates[0]", [[TypeError, ...UNDEFINED], ...optional("options")], (rate) => make({ rates: [rate] })],
  ["rates[1].capacity", required("units"), (capacity) => make({ rates: [{ capacity: 1 }, { capacity }] })],
  ["rates[0].period", optional("span"), (period) => make({ rates: [{ capacity: 1, period }] })],
  ["concurrency", optional("permits"), (concurrency) => make({ concurrency })],
  ["cooldown", optional("span"), (cooldown) => make({ concurrency: 1, cooldown })],
  ["cooldown", [[RangeError, 5, /concurrency/]], (cooldown) => make({ cooldown })],
  ["maxWaiting", optional("bound"), (maxWaiting) => make({ maxWaiting })],
];

/** How calls wait: the same for each method that waits. */
const ofWaits = (call, cost = "cost") => [
  ["options", optional("options"), (options) => call(options)],
  ["cost", optional(cost), (cost) => call({ cost })],
  ["timeout", optional("time"), (timeout) => call({ timeout })],
  ["signal", optional("signal"), (signal) => call({ signal })],
];

const ofGates = (gate, cost) => [
  ...ofWaits((options) => gate.acquire(options), cost),
  ["cost", optional(cost), (cost) => gate.tryAcquire(cost)],
  ["fn", required("callable"), (fn) => gate.run(fn)],
  ...ofWaits((options) => gate.run(called, options), cost),
  ["fn", required("callable"), (fn) => gate.wrap(fn)],
  ...ofWaits((options) => gate.wrap(called, options), cost).map(([name, table, call]) => [name, table.filter(([, value]) => typeof value !== "function"), call]),
  ...ofWaits((options) => gate.wrap(called, () => options)(), cost),
  ["items", all([[UNDEFINED, NULL, [{}, /an object/], ...NUMBERS, ...OTHERS], []]), (items) => gate.map(items, called)],
  ["fn", required("callable"), (fn) => gate.map([1], fn)],
  ...ofWaits((options) => gate.map([1], called, options), cost),
  ["options", optional("options"), (options) => gate.close(options)],
  ["drain", optional("flag"), (drain) => gate.close({ drain })],
  ["options", optional("options"), (options) => gate.onIdle(options)],
  ["signal", optional("signal"), (signal) => gate.onIdle({ signal })],
];

/** Nothing of what is wrong may come as far as this. */
function called() {
  assert.fail("it was called");
}

/** Tries all that is wrong: `name`, values with the error and what the message shows, and the call. */
function refuses(table, state) {
  const before = state();
  for (const [name, values, call] of table) {
    for (const [Kind, value, shown] of values) {
      let error;
      try {
        call(value);
      } catch (caught) {
        error = caught;
      }
      const what = `${name} = ${typeof value === "object" ? JSON.stringify(value) : String(value)}: ${call}`;
      assert.ok(error, `nothing is thrown for ${what}`);
      assert.equal(error.constructor, Kind, `${error} for ${what}`);
      assert.ok(error.message.startsWith(name), `${error} for ${what}`);
      assert.match(error.message, shown, what);
      assert.deepEqual(state(), before, what);
    }
  }
}

const throttle = () => new Throttle({ capacity: 10, concurrency: 3 });
const stateOf = (gate) => () => [gate.waiting, gate.inFlight, gate.available, gate.capacity, gate.paused, gate.check?.(2)];

for (const Class of [Semaphore, BoundedSemaphore]) {
  test(`${Class.name}: the constructor`, () => {
    refuses([
      ["permits", required("permits"), (permits) => new Class(permits)],
      ["options", optional("options"), (options) => new Class(1, options)],
      ["maxWaiting", optional("bound"), (maxWaiting) => new Class(1, { maxWaiting })],
    ], () => 0);
  });

  test(`${Class.name}: all methods`, async () => {
    const gate = new Class(3);
    const permit = await gate.acquire();
    refuses([
      ...ofGates(gate, "permits"),
      ["permits", optional("permits"), (permits) => gate.release(permits)],
      ["capacity", required("permits"), (capacity) => (gate.capacity = capacity)],
    ], stateOf(gate));
    permit.release();
    assert.equal(await gate.run(() => "works", { cost: 3 }), "works");
    await gate.close();
  });
}

test("Throttle: the constructor", () => {
  refuses(ofThrottles((options) => new Throttle(options)), () => 0);
  for (const name of ["period", "burst", "pacing", "counting"]) {
    const value = { period: 1, burst: 1, pacing: "bucket", counting: "answered" }[name];
    assert.throws(() => new Throttle({ [name]: value }), { name: "TypeError", message: new RegExp(`^${name} needs a capacity`) });
  }
});

test("Throttle: all methods", async () => {
  const gate = throttle();
  const permit = await gate.acquire();
  refuses([
    ...ofGates(gate, "cost"),
    ["ms", required("time"), (ms) => gate.pause(ms)],
    ["cost", optional("cost"), (cost) => gate.check(cost)],
    ["cost", optional("cost"), (cost) => gate.refund(cost)],
  ], stateOf(gate));
  // Of these, some make sense together with what is set already.
  const open = new Throttle({ capacity: 10 });
  refuses(ofThrottles((options) => open.update(options)), stateOf(open));
  permit.release();
  assert.equal(await gate.run(() => "works", { cost: 9 }), "works");
  await gate.close();
});

test("Keyed: the constructor and all methods", async () => {
  const make = () => new Semaphore(3);
  refuses([
    ["make", required("callable"), (make) => new Keyed(make)],
    ["options", optional("options"), (options) => new Keyed(make, options)],
    ["total", optional("gate"), (total) => new Keyed(make, { total })],
    ["maxKeys", all([notNumbers, shown(Number.NaN, -1, 0, 1.5, -Infinity, 2 ** 53)]), (maxKeys) => new Keyed(make, { maxKeys })],
    ["idle", optional("time"), (idle) => new Keyed(make, { idle })],
    ["what make returned", [[TypeError, ...UNDEFINED], ...optional("gate")], (made) => new Keyed(() => made).get("key")],
  ], () => 0);

  for (const total of [undefined, new Semaphore(5)]) {
    const keyed = new Keyed(make, total && { total });
    const permit = await keyed.acquire("key");
    refuses([
      ...ofWaits((options) => keyed.acquire("key", options), "permits"),
      ["fn", required("callable"), (fn) => keyed.run("key", fn)],
      ...ofWaits((options) => keyed.run("key", called, options), "permits"),
    ], () => [keyed.size, total?.inFlight, ...stateOf(keyed.get("key"))()]);
    // What a throttle could cost, a total that is a semaphore cannot.
    const both = new Keyed(throttle, { total: new Semaphore(5) });
    assert.throws(() => both.acquire("key", { cost: 1.5 }), RangeError);
    permit.release();
    assert.equal(await keyed.run("key", () => "works", { cost: 3 }), "works");
  }
});

test("createFetch", async () => {
  const send = async () => new Response("x");
  refuses([
    ["options", [[TypeError, undefined, /throttle/], [TypeError, {}, /throttle/], ...optional("options")], (options) => createFetch(options)],
    ["throttle", optional("gate"), (throttle) => createFetch({ throttle })],
    ["throttle", [[TypeError, new Semaphore(1), /an object/]], (throttle) => createFetch({ throttle })],
    ["perHost", optional("options"), (perHost) => createFetch({ perHost })],
    ...ofThrottles((perHost) => createFetch({ perHost })).slice(1),
    ["cost", all([[NULL, ...TEXTS, ...OBJECTS, ...NUMBERS], []]), (cost) => createFetch({ throttle: throttle(), cost })],
    ["fetch", all([[NULL, ...TEXTS, ...OBJECTS, ...NUMBERS], []]), (fetch) => createFetch({ throttle: throttle(), fetch })],
  ], () => 0);
  // As the real one, it throws nothing: it rejects, and has taken nothing.
  const gate = throttle();
  const fetch = createFetch({ throttle: gate, perHost: { concurrency: 1 }, fetch: send });
  for (const signal of ["x", {}, 5]) await assert.rejects(fetch("https://a.example/", { signal }), { name: "TypeError", message: /^signal/ });
  await assert.rejects(fetch("no url"), TypeError);
  assert.deepEqual([gate.inFlight, gate.available], [0, 10]);
  assert.equal(await (await fetch("https://a.example/")).text(), "x");
});

test("gates are made with new, and the class of all of them is not to be made at all", () => {
  for (const Class of [Semaphore, BoundedSemaphore, Throttle, Keyed]) assert.throws(() => Class(1), TypeError);
  assert.ok(Object.getPrototypeOf(Semaphore) === Object.getPrototypeOf(Throttle));
});

test("what is odd but makes sense is taken", async () => {
  const gate = throttle();
  const { signal } = new AbortController();
  for (const options of [{}, Object.create(null), { cost: undefined, timeout: undefined, signal: undefined }, { cost: 0.5 }, { cost: -0 }, { timeout: Infinity }, { timeout: 2 ** 53, signal }]) {
    (await gate.acquire(options)).release();
    assert.equal(await gate.run(() => 1, options), 1);
  }
  assert.equal(gate.inFlight, 0);
  new Throttle({ capacity: 1e12, period: 1e-6 });
  new Throttle({ capacity: 1, concurrency: 0, cooldown: 0, maxWaiting: 0, rates: [] });
  new Throttle({ maxWaiting: Infinity });
  new Semaphore(2 ** 29 - 1, { maxWaiting: Infinity });
  new Keyed(throttle, { maxKeys: Infinity, idle: Infinity });
  // A signal of another realm or of a polyfill is a signal.
  const foreign = { aborted: false, reason: undefined, addEventListener() {}, removeEventListener() {} };
  (await gate.acquire({ signal: foreign })).release();
  await settle();
});

test("an option that nobody knows is a mistake, and is named", () => {
  const gate = throttle();
  const unknown = (name) => ({ name: "TypeError", message: new RegExp(`has ${name}, but can have`) });
  assert.throws(() => new Throttle({ limit: 10, interval: 1000 }), unknown("limit"));
  assert.throws(() => new Throttle({ rates: [{ capacity: 2, interval: 5 }] }), unknown("interval"));
  assert.throws(() => new Semaphore(1, { maxwaiting: 1 }), unknown("maxwaiting"));
  assert.throws(() => new Keyed(throttle, { max: 1 }), unknown("max"));
  assert.throws(() => createFetch({ throttle: gate, retry: 1 }), unknown("retry"));
  assert.throws(() => createFetch({ perHost: { limit: 1 } }), unknown("limit"));
  assert.throws(() => gate.acquire({ weight: 2 }), unknown("weight"));
  assert.throws(() => gate.run(() => 1, { id: 5 }), unknown("id"));
  assert.throws(() => gate.update({ limit: 5 }), unknown("limit"));
  assert.throws(() => gate.close({ darin: true }), unknown("darin"));
  assert.throws(() => gate.onIdle({ timeout: 1 }), unknown("timeout"));
  assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
});

test("a rate of its own is not put beside a list of rates by an update", () => {
  const gate = new Throttle({ rates: [{ capacity: 10 }] });
  assert.throws(() => gate.update({ capacity: 100 }), { name: "TypeError", message: /^capacity/ });
  assert.equal(gate.available, 10);
});
