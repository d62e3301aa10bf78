// First come, first served, whatever the costs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { random, settle } from "./helpers.mjs";

test("semaphore: a heavy call at the head is not overtaken by light ones that would fit", async () => {
  const gate = new Semaphore(3);
  const [a, b] = [await gate.acquire({ cost: 2 }), await gate.acquire()];
  const order = [];
  for (const cost of [3, 1, 1]) gate.acquire({ cost }).then((permit) => order.push([cost, permit]));
  b.release();
  await settle();
  assert.equal(order.length, 0);
  assert.equal(gate.tryAcquire(), undefined);
  a.release();
  await settle();
  assert.deepEqual(order.map(([cost]) => cost), [3]);
  order[0][1].release();
  await settle();
  assert.deepEqual(order.map(([cost]) => cost), [3, 1, 1]);
});

test("throttle: a heavy call at the head is not overtaken, neither by acquire nor by tryAcquire", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 4 });
  await gate.acquire({ cost: 2 });
  const order = [];
  for (const cost of [4, 1, 1]) gate.acquire({ cost }).then(() => order.push([cost, clock.time]));
  // Two units are left, and would do for the light ones.
  assert.equal(gate.tryAcquire(), undefined);
  assert.equal(gate.check().ready, false);
  await clock.advance(1000);
  assert.deepEqual(order, [[4, 1000]]);
  assert.equal(gate.tryAcquire(), undefined);
  await clock.advance(1000);
  assert.deepEqual(order, [[4, 1000], [1, 2000], [1, 2000]]);
  assert.ok(gate.tryAcquire(2));
});

for (const [name, make, least = 0] of [
  // Of a semaphore, what costs nothing takes nothing, and need not wait.
  ["semaphore", () => new Semaphore(7), 1],
  ["throttle of slots", () => new Throttle({ concurrency: 3 })],
  ["throttle of a rate", () => new Throttle({ capacity: 7, period: 100 })],
  ["throttle of slots and rates", () => new Throttle({ concurrency: 4, cooldown: 5, rates: [{ capacity: 7, period: 100 }, { capacity: 20, period: 500, pacing: "smooth", counting: "answered" }] })],
]) {
  test(`${name}: of a thousand calls of mixed costs each is let in after those before it`, async (t) => {
    const clock = fakeClock(t);
    const gate = make();
    const pick = random(name.length);
    const order = [];
    const calls = [];
    for (let number = 0; number < 1000; number++) {
      const call = async () => {
        order.push(number);
        if (pick(3) > 0) await new Promise((resolve) => setTimeout(resolve, pick(20)));
      };
      calls.push(gate.run(call, { cost: least + pick(8 - least) }));
      if (gate.waiting > 0) assert.equal(gate.tryAcquire(), undefined);
      if (pick(10) === 0) await clock.advance(pick(30));
    }
    await clock.advance(600_000);
    await Promise.all(calls);
    assert.deepEqual(order, Array.from({ length: 1000 }, (_, number) => number));
    assert.deepEqual([gate.waiting, gate.inFlight], [0, 0]);
  });
}

test("those who leave from the middle hold up nobody behind them", async () => {
  const gate = new Semaphore(2);
  const permit = await gate.acquire();
  const leaving = new AbortController();
  const order = [];
  gate.acquire({ cost: 2, signal: leaving.signal }).catch(() => order.push("left"));
  gate.acquire().then(() => order.push("let in"));
  leaving.abort();
  await settle();
  // One was free all the time, and only the heavy call was in the way.
  assert.deepEqual(order.sort(), ["left", "let in"]);
  permit.release();
});
