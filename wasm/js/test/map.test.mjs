import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, look, promised, settle } from "./helpers.mjs";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Numbers without end; what was taken, and whether it was told that no more is wanted. */
function numbers(until = Infinity) {
  const source = { taken: 0, returned: 0 };
  source[Symbol.iterator] = () => ({
    next: () => (source.taken < until ? { done: false, value: source.taken++ } : { done: true }),
    return: () => {
      source.returned++;
      return { done: true };
    },
  });
  return source;
}

test("results are in the order of the items, whichever call ends first", async (t) => {
  const clock = fakeClock(t);
  const gate = new Semaphore(3);
  const mapped = gate.map([30, 10, 20, 5], async (ms, index) => {
    await sleep(ms);
    return `${index}:${ms}`;
  });
  const all = look(mapped.then((all) => all));
  await clock.advance(100);
  assert.deepEqual(all.value, ["0:30", "1:10", "2:20", "3:5"]);
  assert.equal(gate.inFlight, 0);
});

test("it can be iterated, one result after the other", async () => {
  const gate = new Semaphore(2);
  const seen = [];
  for await (const result of gate.map("abc", (letter, index) => letter + index)) seen.push(result);
  assert.deepEqual(seen, ["a0", "b1", "c2"]);
  assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
});

test("nothing in, nothing out", async () => {
  assert.deepEqual(await new Semaphore(1).map([], assert.fail), []);
});

test("items may come one by one", async () => {
  async function* items() {
    yield 1;
    await settle();
    yield 2;
  }
  assert.deepEqual(await new Semaphore(5).map(items(), async (item) => item * 10), [10, 20]);
});

test("as many run at once as the gate lets in, and no more items are taken than that and one", async () => {
  const gate = new Semaphore(3);
  const items = numbers(10);
  const calls = [];
  const all = look(gate.map(items, () => (calls.push(promised()), calls.at(-1).promise)).then((all) => all));
  await settle();
  assert.equal(calls.length, 3);
  assert.equal(items.taken, 4);
  calls[0].resolve("first");
  await settle();
  assert.equal(calls.length, 4);
  assert.equal(items.taken, 5);
  for (let number = 1; number < 10; number++) {
    calls[number].resolve(number);
    await settle();
  }
  assert.deepEqual(all.value, ["first", 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("nothing is started before a result is asked for, nor further than somebody asks", async () => {
  const gate = new Semaphore(2);
  const items = numbers();
  const mapped = gate.map(items, async (item) => item);
  await settle();
  assert.equal(items.taken, 0);
  assert.deepEqual(await mapped.next(), { done: false, value: 0 });
  const { taken } = items;
  for (let round = 0; round < 20; round++) await settle();
  // Somebody who does not ask for more does not make it run ahead.
  assert.ok(items.taken <= taken + 1, `${items.taken} taken after ${taken}`);
  await mapped.return();
  assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
});

test("the pace is the throttle's", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 2, period: 100 });
  const times = [];
  const all = look(gate.map(numbers(6), () => times.push(clock.time)).then((all) => all));
  await clock.advance(1000);
  assert.equal(all.state, "kept");
  assert.deepEqual(times, [0, 0, 100, 100, 200, 200]);
});

test("options are for each call", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 4, period: 100 });
  const times = [];
  gate.map(numbers(3), () => times.push(clock.time), { cost: 3 }).then(() => {});
  await clock.advance(1000);
  assert.deepEqual(times, [0, 100, 200]);
});

test("the first error ends it: nothing more is started, and the source is told", async () => {
  const gate = new Semaphore(2);
  const items = numbers();
  const started = [];
  const error = await failure(
    gate.map(items, async (item) => {
      started.push(item);
      if (item === 3) throw new Error("three");
      return item;
    }),
  );
  assert.equal(error.message, "three");
  await settle();
  assert.ok(started.at(-1) <= 5, `${started} were started`);
  assert.equal(items.returned, 1);
  assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
});

test("an error comes in its turn, after the results of the items before it", async () => {
  const gate = new Semaphore(3);
  const slow = promised();
  const mapped = gate.map([0, 1, 2], (item) => {
    if (item === 0) return slow.promise;
    if (item === 1) throw new Error("one");
    return item;
  });
  const seen = [];
  const ended = failure(
    (async () => {
      for await (const result of mapped) seen.push(result);
    })(),
  );
  await settle();
  assert.deepEqual(seen, []);
  slow.resolve("zero");
  assert.equal((await ended).message, "one");
  assert.deepEqual(seen, ["zero"]);
  assert.deepEqual(await mapped.next(), { done: true, value: undefined });
});

test("a call that fails ends it at once, though its error is told in its turn", async () => {
  const gate = new Semaphore(3);
  const items = numbers();
  const calls = [];
  const all = look(gate.map(items, () => (calls.push(promised()), calls.at(-1).promise)).then(() => {}));
  await settle();
  assert.equal(calls.length, 3);
  calls[1].reject(new Error("one"));
  await settle();
  assert.equal(calls.length, 3, "nothing more is started");
  assert.equal(items.returned, 1);
  assert.equal(all.state, "pending");
  calls[0].resolve();
  await settle();
  assert.equal(all.error?.message, "one");
  calls[2].resolve();
  await settle();
  assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
});

test("an error of the source ends it as well", async () => {
  const gate = new Semaphore(2);
  async function* items() {
    yield 1;
    throw new Error("no more");
  }
  const seen = [];
  const error = await failure(
    (async () => {
      for await (const result of gate.map(items(), (item) => item)) seen.push(result);
    })(),
  );
  assert.equal(error.message, "no more");
  assert.deepEqual(seen, [1]);
  assert.equal(gate.inFlight, 0);
});

test("breaking out of the loop tells the source, and gives up the place in the queue", async () => {
  const gate = new Semaphore(1);
  const items = numbers();
  const ended = promised();
  for await (const result of gate.map(items, (item) => (item === 0 ? item : ended.promise))) {
    assert.equal(result, 0);
    break;
  }
  await settle();
  assert.equal(items.returned, 1);
  assert.equal(gate.waiting, 0);
  const { taken } = items;
  ended.resolve();
  await settle();
  assert.equal(gate.inFlight, 0);
  assert.equal(items.taken, taken);
});

test("a signal ends it while it waits to be let in", async () => {
  const gate = new Semaphore(1);
  const permit = await gate.acquire();
  const leaving = new AbortController();
  const items = numbers();
  const ended = failure(gate.map(items, assert.fail, { signal: leaving.signal }));
  await settle();
  assert.equal(gate.waiting, 1);
  leaving.abort(new Error("enough"));
  assert.equal((await ended).message, "enough");
  assert.equal(gate.waiting, 0);
  assert.equal(items.returned, 1);
  assert.equal(getEventListeners(leaving.signal, "abort").length, 0);
  permit.release();
});

test("a signal ends it while it waits for a source that never answers", async () => {
  const gate = new Semaphore(1);
  const leaving = new AbortController();
  const items = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  const ended = look(gate.map(items, assert.fail, { signal: leaving.signal }).then(() => {}));
  await settle();
  leaving.abort("enough");
  await settle();
  assert.deepEqual([ended.state, ended.error], ["broken", "enough"]);
});

test("an aborted signal ends it before it has begun", async () => {
  const gate = new Semaphore(1);
  const items = numbers();
  assert.equal(await failure(gate.map(items, assert.fail, { signal: AbortSignal.abort("before") })), "before");
  assert.equal(gate.inFlight, 0);
});

test("a signal is not listened to any longer than it lasts", async () => {
  const gate = new Semaphore(2);
  const { signal } = new AbortController();
  assert.deepEqual(await gate.map([1, 2, 3], (item) => item, { signal }), [1, 2, 3]);
  await failure(gate.map([1], () => Promise.reject(new Error()), { signal }));
  for await (const _ of gate.map(numbers(), (item) => item, { signal })) break;
  gate.map(numbers(), (item) => item, { signal });
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("a closed gate ends it", async () => {
  const gate = new Semaphore(1);
  const ended = failure(gate.map(numbers(), () => settle()));
  await settle();
  await gate.close();
  assert.equal((await ended).code, "closed");
});

test("several may ask for results at once, and each gets its own", async () => {
  const gate = new Semaphore(2);
  const mapped = gate.map([0, 1, 2], async (item) => item);
  const results = await Promise.all([mapped.next(), mapped.next(), mapped.next(), mapped.next()]);
  assert.deepEqual(results.slice(0, 3).map(({ value }) => value), [0, 1, 2]);
  assert.equal(results[3].done, true);
});
