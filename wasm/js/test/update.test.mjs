// Throttle.update: changes while calls wait and are inside.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { look, settle } from "./helpers.mjs";

test("more capacity lets those in who wait, at once", async (t) => {
  fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 1e6 });
  await gate.acquire();
  const calls = [look(gate.acquire()), look(gate.acquire())];
  gate.update({ capacity: 2 });
  await settle();
  assert.deepEqual(calls.map(({ state }) => state), ["kept", "pending"]);
  gate.update({ capacity: 3 });
  await settle();
  assert.equal(calls[1].state, "kept");
});

test("what was used stays used", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 10 });
  gate.tryAcquire(8);
  gate.update({ capacity: 5 });
  assert.equal(gate.available, 0);
  await clock.advance(999);
  assert.equal(gate.available, 0);
  await clock.advance(1);
  assert.equal(gate.available, 5);
});

test("what is absent stays: each part can be changed alone", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 2, period: 100, concurrency: 1, cooldown: 10, maxWaiting: 1 });
  const next = async () => {
    const before = clock.time;
    const call = gate.acquire();
    for (let ms = 0; ms < 1000 && gate.waiting > 0; ms++) await clock.advance(1);
    (await call).release();
    return clock.time - before;
  };
  assert.deepEqual([await next(), await next(), await next()], [0, 10, 90]);
  await clock.advance(1000);
  gate.update({ cooldown: 0 });
  assert.deepEqual([await next(), await next(), await next()], [0, 0, 100]);
  await clock.advance(1000);
  gate.update({ period: 50 });
  assert.deepEqual([await next(), await next(), await next()], [0, 0, 50]);
  await clock.advance(1000);
  gate.update({ pacing: "smooth" });
  assert.deepEqual([await next(), await next(), await next()], [0, 25, 25]);
  await clock.advance(1000);
  const inside = [gate.tryAcquire()];
  await clock.advance(100);
  assert.equal(gate.tryAcquire(), undefined);
  gate.update({ concurrency: 0 });
  inside.push(gate.tryAcquire());
  assert.equal(gate.inFlight, 2);
  for (const permit of inside) permit.release();
});

test("slots: more lets those in who wait, fewer waits for those inside to come out", async () => {
  const gate = new Throttle({ concurrency: 1 });
  const permits = [await gate.acquire()];
  const second = look(gate.acquire());
  gate.update({ concurrency: 2 });
  await settle();
  permits.push(second.value);
  gate.update({ concurrency: 1 });
  const third = look(gate.acquire());
  permits[0].release();
  await settle();
  assert.equal(third.state, "pending");
  permits[1].release();
  await settle();
  assert.equal(third.state, "kept");
});

test("the bound of the queue: shorter refuses those who come, not those who wait; Infinity lifts it", async () => {
  const gate = new Throttle({ concurrency: 1, maxWaiting: 2 });
  const permit = await gate.acquire();
  const waiting = [look(gate.acquire()), look(gate.acquire())];
  gate.update({ maxWaiting: 0 });
  await assert.rejects(gate.acquire(), { code: "queue_full" });
  assert.equal(gate.waiting, 2);
  gate.update({ maxWaiting: Infinity });
  const third = look(gate.acquire());
  permit.release();
  await settle();
  waiting[0].value.release();
  await settle();
  waiting[1].value.release();
  await settle();
  assert.equal(third.state, "kept");
});

test("counting can change while a call is inside", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  gate.update({ counting: "answered" });
  const permit = gate.tryAcquire();
  await clock.advance(500);
  assert.equal(gate.available, 0);
  permit.release();
  await clock.advance(100);
  assert.equal(gate.available, 1);
});

test("a list of rates takes the place of the list before, and leaves the single one", async (t) => {
  fakeClock(t);
  const gate = new Throttle({ capacity: 10, rates: [{ capacity: 5 }] });
  assert.equal(gate.available, 5);
  gate.update({ rates: [{ capacity: 8 }, { capacity: 9 }] });
  assert.equal(gate.available, 8);
  gate.update({ capacity: 4 });
  assert.equal(gate.available, 4);
  gate.update({ capacity: 10, rates: [] });
  assert.equal(gate.available, 10);
});

test("a throttle without a rate can be given one", async (t) => {
  fakeClock(t);
  const gate = new Throttle({ concurrency: 3 });
  assert.equal(gate.available, Infinity);
  gate.update({ capacity: 2, period: 100 });
  assert.equal(gate.available, 2);
  assert.ok(gate.tryAcquire(2));
  assert.equal(gate.tryAcquire(), undefined);
});

test("another pacing needs no burst, and forgets the one that was set for a bucket", async (t) => {
  fakeClock(t);
  const gate = new Throttle({ capacity: 5, pacing: "bucket", burst: 3 });
  assert.equal(gate.available, 3);
  gate.update({ pacing: "stepped" });
  assert.equal(gate.available, 3);
  gate.update({ pacing: "window" });
  assert.equal(gate.available, 5);
  gate.update({ pacing: "bucket" });
  assert.equal(gate.available, 5);
  assert.throws(() => gate.update({ pacing: "window", burst: 3 }), RangeError);
});

test("an update that is refused changes nothing", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 2, period: 100 });
  for (const wrong of [
    { capacity: 5, period: -1 },
    { capacity: 5, concurrency: 1.5 },
    { capacity: 5, cooldown: 10 },
    { capacity: 5, maxWaiting: -1 },
    { capacity: 5, rates: [{ capacity: 9 }, {}] },
    { capacity: 1e-300 },
  ]) {
    assert.throws(() => gate.update(wrong), (error) => error instanceof RangeError || error instanceof TypeError);
    assert.equal(gate.available, 2);
  }
  gate.update({ period: 50 });
  assert.ok(gate.tryAcquire(2));
  await clock.advance(50);
  assert.equal(gate.available, 2);
});

test("an update that is refused is not mixed into the next one, of another throttle either", async (t) => {
  fakeClock(t);
  const [gate, other] = [new Throttle({ capacity: 2 }), new Throttle({ capacity: 3 })];
  assert.throws(() => gate.update({ capacity: 1, cooldown: 10 }), /cooldown/);
  other.update({ concurrency: 7 });
  assert.equal(other.available, 3);
  gate.update({ concurrency: 7 });
  assert.equal(gate.available, 2);
});

test("an empty list takes the place of the list before as well", (t) => {
  fakeClock(t);
  const gate = new Throttle({ rates: [{ capacity: 5 }], concurrency: 1 });
  gate.update({ rates: [] });
  assert.equal(gate.available, Infinity);
});

test("nothing to change is a change as well", () => {
  const gate = new Throttle({ capacity: 2 });
  gate.update({});
  assert.equal(gate.available, 2);
});
