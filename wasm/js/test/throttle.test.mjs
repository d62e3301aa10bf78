import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { look, promised, settle } from "./helpers.mjs";

/** When so many calls are let in that all come at once. */
async function times(clock, gate, calls, options) {
  const begin = clock.time;
  const seen = [];
  const all = Array.from({ length: calls }, () => gate.run(() => seen.push(clock.time - begin), options));
  await clock.advance(100_000);
  await Promise.all(all);
  return seen;
}

test("window: at most the capacity in any period, and all of it", async (t) => {
  const clock = fakeClock(t);
  assert.deepEqual(await times(clock, new Throttle({ capacity: 2, period: 100 }), 5), [0, 0, 100, 100, 200]);
  const gate = new Throttle({ capacity: 3 });
  gate.tryAcquire();
  await clock.advance(400);
  gate.tryAcquire(2);
  // Each unit comes back one period after it was used.
  assert.deepEqual(await times(clock, gate, 4), [600, 1000, 1000, 1600]);
});

test("bucket: a burst first, then one unit after the other", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 10, period: 1000, pacing: "bucket", burst: 3 });
  assert.deepEqual(await times(clock, gate, 6), [0, 0, 0, 100, 200, 300]);
  // Without a burst of its own, the capacity is it.
  assert.equal((await times(clock, new Throttle({ capacity: 4, pacing: "bucket" }), 5)).at(-1), 250);
});

test("stepped: refilled once a period", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 2, period: 100, pacing: "stepped" });
  assert.deepEqual(await times(clock, gate, 5), [0, 0, 100, 100, 200]);
});

test("smooth: evenly spaced", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 4, period: 1000, pacing: "smooth" });
  assert.deepEqual(await times(clock, gate, 4), [0, 250, 500, 750]);
});

test("a period is a second unless told otherwise, and less than one unit in it is possible", async (t) => {
  const clock = fakeClock(t);
  assert.deepEqual(await times(clock, new Throttle({ capacity: 1 }), 3), [0, 1000, 2000]);
  assert.deepEqual(await times(clock, new Throttle({ capacity: 0.5 }), 3), [0, 2000, 4000]);
});

test("several rates hold together, and a refusal by one spends nothing of the others", async (t) => {
  const clock = fakeClock(t);
  const rates = [{ capacity: 2, period: 100 }, { capacity: 3, period: 1000 }];
  const gate = new Throttle({ rates });
  assert.deepEqual(await times(clock, gate, 6), [0, 0, 100, 1000, 1000, 1100]);
  const besides = new Throttle({ capacity: 2, period: 100, rates: [rates[1]] });
  assert.deepEqual(await times(clock, besides, 6), [0, 0, 100, 1000, 1000, 1100]);
});

test("cost is units of the rate, fractions included", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  assert.deepEqual(await times(clock, gate, 5, { cost: 0.5 }), [0, 0, 100, 100, 200]);
});

test("so many at once, and after a rest", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ concurrency: 2, cooldown: 50 });
  assert.deepEqual(await times(clock, gate, 5), [0, 0, 50, 50, 100]);
  const open = new Throttle({});
  assert.deepEqual(await times(clock, open, 3), [0, 0, 0]);
});

test("one who waits for the rate holds no slot", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ concurrency: 1, capacity: 1, period: 100 });
  (await gate.acquire()).release();
  const call = look(gate.acquire());
  await clock.advance(50);
  assert.deepEqual([gate.inFlight, gate.waiting], [0, 1]);
  await clock.advance(50);
  assert.equal(call.state, "kept");
});

test("until answered: a call counts until one period after its permit is back", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100, counting: "answered" });
  const answer = promised();
  const first = gate.run(() => answer.promise);
  const second = look(gate.acquire());
  await clock.advance(500);
  assert.equal(second.state, "pending");
  answer.resolve();
  await first;
  await clock.advance(99);
  assert.equal(second.state, "pending");
  await clock.advance(1);
  assert.equal(second.state, "kept");
});

test("a call counts from when it begins, however late its promise is looked at", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  const begun = [];
  const call = () => {
    begun.push(clock.time);
    // Others keep the thread busy before the call has really begun.
    clock.freeze(30);
  };
  for (let number = 0; number < 4; number++) gate.run(call);
  await clock.advance(1000);
  assert.deepEqual(begun, [0, 130, 260, 390]);
});

test("the same for acquire: one who goes on later than let in counts from then", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  (await gate.acquire()).release();
  const second = gate.acquire().then(() => clock.freeze(40));
  const third = look(gate.acquire());
  await clock.advance(100);
  await second;
  assert.equal(clock.time, 140);
  await clock.advance(99);
  assert.equal(third.state, "pending");
  await clock.advance(1);
  assert.equal(third.state, "kept");
});

test("a pause holds everybody, extends, and never shortens", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 10 });
  const inside = await gate.acquire();
  gate.pause(100);
  assert.equal(gate.paused, true);
  gate.pause(20);
  assert.equal(gate.tryAcquire(), undefined);
  assert.deepEqual(gate.check(), { ready: false, wait: 100 });
  const call = look(gate.acquire());
  await clock.advance(60);
  gate.pause(80);
  assert.equal(inside.release(), true);
  await clock.advance(79);
  assert.deepEqual([call.state, gate.paused], ["pending", true]);
  await clock.advance(1);
  assert.deepEqual([call.state, gate.paused], ["kept", false]);
});

test("a pause ends when told, and may be without end until then", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 10 });
  gate.pause(Infinity);
  const call = look(gate.acquire());
  await clock.advance(1e12);
  assert.deepEqual([call.state, gate.paused], ["pending", true]);
  gate.resume();
  await settle();
  assert.deepEqual([call.state, gate.paused], ["kept", false]);
  gate.resume();
  assert.equal(gate.paused, false);
});

test("check tells when a call would be let in, and takes nothing", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 2, period: 100, concurrency: 5 });
  for (let round = 0; round < 3; round++) assert.deepEqual(gate.check(2), { ready: true, wait: 0 });
  gate.tryAcquire();
  await clock.advance(30);
  assert.deepEqual(gate.check(), { ready: true, wait: 0 });
  assert.deepEqual(gate.check(2), { ready: false, wait: 70 });
  assert.deepEqual(gate.check(0), { ready: true, wait: 0 });
  assert.deepEqual(gate.check(3), { ready: false, wait: Infinity });
  assert.equal(gate.available, 1);
});

test("a call that waits for somebody to come out may have to wait for no time at all", async () => {
  const gate = new Throttle({ concurrency: 1 });
  await gate.acquire();
  assert.deepEqual(gate.check(), { ready: false, wait: 0 });
});

test("available is what the rates would let in at once", async () => {
  const gate = new Throttle({ capacity: 5, rates: [{ capacity: 3.5 }] });
  assert.equal(gate.available, 3.5);
  gate.tryAcquire(2);
  assert.equal(gate.available, 1.5);
  assert.equal(new Throttle({ concurrency: 1 }).available, Infinity);
});

test("what is refunded can be used again, by those who wait first", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 4 });
  gate.tryAcquire(4);
  const call = look(gate.acquire({ cost: 2 }));
  gate.refund();
  await settle();
  assert.equal(call.state, "pending");
  gate.refund(1);
  await settle();
  assert.equal(call.state, "kept");
  gate.refund(100);
  assert.equal(gate.available, 4);
  await clock.advance(0);
});

test("a refund from within the call it is for, or before that has begun, comes back", async (t) => {
  fakeClock(t);
  for (const counting of ["admission", "answered"]) {
    const gate = new Throttle({ capacity: 5, period: 1000, counting });
    await gate.run(() => gate.refund(3), { cost: 5 });
    assert.equal(gate.available, 3);
    const permit = await gate.acquire({ cost: 3 });
    gate.refund(2);
    permit.release();
    await settle();
    assert.equal(gate.available, 2);
  }
});
