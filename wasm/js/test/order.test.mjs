// First come, first served, whatever the costs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, random, settle } from "./helpers.mjs";

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

/** A signal that is never aborted. */
const patient = () => ({ signal: new AbortController().signal });

for (const [name, make] of Object.entries({ semaphore: () => new Semaphore(3), throttle: () => new Throttle({ concurrency: 3 }) })) {
  /** Calls of which each may have a signal, by each of both ways; `begun` is in what order they began. */
  const ways = (gate, begun) => ({
    run: (who, options) => gate.run(() => void begun.push(who), options),
    acquire: async (who, options) => {
      const permit = await gate.acquire(options);
      begun.push(who);
      permit.release();
    },
  });

  test(`${name}: those who are let in together begin in their order, with signals and without`, async () => {
    for (let mix = 0; mix < 4 ** 3; mix++) {
      const [gate, begun] = [make(), []];
      const call = ways(gate, begun);
      const permits = [gate.tryAcquire(), gate.tryAcquire(), gate.tryAcquire()];
      const kinds = [mix % 4, Math.floor(mix / 4) % 4, Math.floor(mix / 16)];
      kinds.forEach((kind, who) => call[kind % 2 ? "run" : "acquire"](who, kind > 1 ? patient() : undefined));
      for (const permit of permits) permit.release();
      await settle();
      assert.deepEqual(begun, [0, 1, 2], `kinds ${kinds}`);
    }
  });

  test(`${name}: a newcomer begins after those who have been let in to be called`, async () => {
    for (const options of [patient(), undefined]) {
      const [gate, begun] = [make(), []];
      const call = ways(gate, begun);
      const permits = [gate.tryAcquire(), gate.tryAcquire(), gate.tryAcquire()];
      call.run("first", options);
      for (const permit of permits) permit.release();
      call.run("second");
      call.run("third", options);
      await settle();
      assert.deepEqual(begun, ["first", "second", "third"]);
    }
  });
}

test("a newcomer that was put off does not lose its place to one that a call starts", async () => {
  const [gate, begun] = [new Throttle({ capacity: 10 }), []];
  gate.pause(Infinity);
  gate.run(() => {
    begun.push("first");
    gate.run(() => void begun.push("third"));
  });
  gate.resume();
  gate.run(() => void begun.push("second"));
  await settle();
  assert.deepEqual(begun, ["first", "second", "third"]);
});

test("a newcomer comes after those whose time had come while the timer was late", async (t) => {
  const clock = fakeClock(t);
  const [gate, begun] = [new Throttle({ capacity: 2, period: 100 }), []];
  for (const who of [1, 2, 3]) gate.run(() => void begun.push(who));
  await settle();
  clock.freeze(150);
  gate.run(() => void begun.push(4));
  await clock.advance(1000);
  assert.deepEqual(begun, [1, 2, 3, 4]);
});

test("a newcomer that was put off and is aborted in the same turn does not begin", async () => {
  const [gate, begun, leaving] = [new Throttle({ capacity: 2 }), [], new AbortController()];
  gate.pause(Infinity);
  gate.run(() => void begun.push("first"));
  gate.resume();
  const second = failure(gate.run(() => void begun.push("second"), { signal: leaving.signal }));
  leaving.abort(new Error("gone"));
  assert.equal((await second).message, "gone");
  await settle();
  assert.deepEqual(begun, ["first"]);
  assert.equal(gate.available, 1);
});
