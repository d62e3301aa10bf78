// Timers as they are: late, early, asleep, and too short for long times.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, look, worst } from "./helpers.mjs";

const DAY = 86_400_000;

/** Lets so many calls in, however long it takes; when each was. */
async function all(clock, gate, calls, step = 60_000) {
  const times = [];
  const running = Array.from({ length: calls }, () => gate.run(() => times.push(clock.time)));
  for (let round = 0; times.length < calls && round < 1000; round++) await clock.advance(step);
  await Promise.all(running);
  return times;
}

for (const pacing of ["window", "bucket", "smooth"]) {
  const rate = { capacity: 50, period: 250, pacing, ...(pacing === "bucket" && { burst: 1 }) };

  test(`${pacing}: in a hidden tab, which wakes once a second, the limit holds and nobody is forgotten`, async (t) => {
    const clock = fakeClock(t);
    clock.rings = (due) => Math.ceil(due / 1000) * 1000;
    const times = await all(clock, new Throttle(rate), 400);
    assert.equal(times.length, 400);
    assert.ok(worst(times, 250) <= 50, `${worst(times, 250)} in a window`);
  });

  test(`${pacing}: a wake ten seconds late lets in no more than the limit, and the rest at its pace`, async (t) => {
    const clock = fakeClock(t);
    const gate = new Throttle(rate);
    const times = [];
    for (let call = 0; call < 300; call++) gate.run(() => times.push(clock.time));
    await clock.advance(100);
    const before = times.length;
    clock.freeze(10_000);
    await clock.advance(0);
    assert.ok(times.length > before, "the late wake lets somebody in");
    assert.ok(times.length - before <= 50, `${times.length - before} at once`);
    await clock.advance(3000 + 5 * 1000);
    assert.equal(times.length, 300);
    assert.ok(worst(times, 250) <= 50, `${worst(times, 250)} in a window`);
  });

  test(`${pacing}: timers that ring two milliseconds early let nobody in early`, async (t) => {
    const clock = fakeClock(t);
    clock.rings = (due, set) => Math.max(set + 0.5, due - 2);
    const times = await all(clock, new Throttle(rate), 200, 250);
    assert.ok(worst(times, 250) <= 50, `${worst(times, 250)} in a window`);
    assert.ok(times.at(-1) <= 1000, `took until ${times.at(-1)}`);
  });
}

test("window and smooth use all of the quota though each timer is late by a millisecond", async (t) => {
  const clock = fakeClock(t);
  clock.rings = (due) => due + 1;
  for (const pacing of ["window", "smooth"]) {
    const gate = new Throttle({ capacity: 50, period: 250, pacing });
    const begin = clock.time;
    const times = await all(clock, gate, 500, 250);
    assert.ok(worst(times, 250) <= 50);
    // Of 500 calls, 450 have to wait; late timers may cost a millisecond a period, not one for each call.
    assert.ok(times.at(-1) - begin <= 2500 + 10, `${pacing}: took ${times.at(-1) - begin}`);
  }
});

test("fractions of a millisecond are rounded so that nobody is let in early", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 10.4 });
  assert.deepEqual(await all(clock, gate, 3, 1), [0, 11, 22]);
});

test("a timeout of a fraction of a millisecond is rounded up, and takes one timer", async (t) => {
  const clock = fakeClock(t);
  const call = look(new Semaphore(0).acquire({ timeout: 10.5 }));
  await clock.advance(10.5);
  assert.equal(call.state, "pending");
  await clock.advance(0.5);
  assert.equal(call.error?.code, "timeout");
  assert.equal(clock.armed, 1);
});

test("a timeout whose timer rings early is over at its time", async (t) => {
  for (const make of [() => new Semaphore(0), () => new Throttle({ capacity: 1, period: DAY })]) {
    await t.test(make.toString(), async (t) => {
      const clock = fakeClock(t);
      const gate = make();
      gate.tryAcquire();
      clock.rings = (due, set) => (set === clock.start ? due - 2 : due);
      const call = look(gate.acquire({ timeout: 100 }));
      await clock.advance(99);
      assert.equal(call.state, "pending");
      await clock.advance(1);
      assert.equal(call.error?.code, "timeout");
    });
  }
});

test("a wait of weeks, which is longer than a timer can sleep", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 60 * DAY });
  gate.tryAcquire();
  const call = look(gate.acquire());
  await clock.advance(60 * DAY - 1);
  assert.equal(call.state, "pending");
  assert.ok(clock.armed <= 5, `${clock.armed} timers for one wait`);
  await clock.advance(1);
  assert.equal(call.state, "kept");
});

test("a pause and a timeout of weeks", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1 });
  gate.pause(30 * DAY);
  const [soon, late] = [look(gate.acquire({ timeout: 25 * DAY })), look(gate.acquire({ timeout: 31 * DAY }))];
  const semaphore = new Semaphore(0);
  const waiting = look(semaphore.acquire({ timeout: 50 * DAY }));
  await clock.advance(25 * DAY - 1);
  assert.equal(soon.state, "pending");
  await clock.advance(1);
  assert.equal(soon.error?.code, "timeout");
  await clock.advance(5 * DAY);
  assert.equal(late.state, "kept");
  await clock.advance(20 * DAY - 1);
  assert.equal(waiting.state, "pending");
  await clock.advance(1);
  assert.equal(waiting.error?.code, "timeout");
  assert.ok(clock.armed <= 12, `${clock.armed} timers`);
});

test("times as long as can be told, and longer, are waits without end", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 500 * 365 * DAY });
  gate.tryAcquire();
  gate.pause(Number.MAX_VALUE);
  const calls = [2 ** 53, Number.MAX_VALUE, Infinity].map((timeout) => look(gate.acquire({ timeout })));
  const semaphore = new Semaphore(0);
  calls.push(...[2 ** 53, Infinity].map((timeout) => look(semaphore.acquire({ timeout }))));
  await clock.advance(100 * DAY);
  assert.ok(calls.every(({ state }) => state === "pending"));
  assert.ok(clock.armed <= 20, `${clock.armed} timers`);
  assert.equal(gate.clear() + semaphore.clear(), 5);
});

test("a timer that is late by a day lets those in who are due, whose timeout is over as well", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  gate.tryAcquire();
  const [first, second] = [look(gate.acquire({ timeout: 50 })), look(gate.acquire())];
  clock.freeze(DAY);
  await clock.advance(0);
  assert.equal(second.state, "kept");
  assert.equal(first.error?.code, "timeout");
});

test("a cooldown is rested though nobody looks", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ concurrency: 1, cooldown: 1000 });
  (await gate.acquire()).release();
  assert.equal(clock.timers, 0, "nobody waits");
  const error = failure(gate.acquire({ timeout: 999 }));
  await clock.advance(999);
  assert.equal((await error).code, "timeout");
  await clock.advance(1);
  assert.ok(gate.tryAcquire());
});

// Who asks looks at the clock, and that may let in, or turn away, others whose timer has not rung yet.
for (const [name, ask, calls = 1] of [
  ["queues", (gate) => gate.acquire({ timeout: 1 }).catch(() => {})],
  ["is let in as well", (gate) => gate.acquire(), 2],
  ["is refused, as its cost is too high", (gate) => gate.acquire({ cost: 9 }).catch(() => {})],
  ["tries", (gate) => gate.tryAcquire()],
  ["only looks", (gate) => [gate.check(), gate.waiting, gate.available, gate.paused]],
  ["updates", (gate) => gate.update({})],
]) {
  test(`one who is due is let in though another one ${name} before the timer rings`, async (t) => {
    const clock = fakeClock(t);
    const gate = new Throttle({ capacity: calls, period: 100 });
    gate.tryAcquire(calls);
    const due = look(gate.acquire());
    const over = look(gate.acquire({ cost: calls, timeout: 50 }));
    clock.freeze(100);
    ask(gate);
    await clock.advance(0);
    assert.equal(due.state, "kept");
    assert.equal(over.error?.code, "timeout");
    // And whoever waits from now on is told as well.
    const next = look(gate.acquire());
    await clock.advance(1000);
    assert.equal(next.state, "kept");
    assert.equal(gate.waiting, 0);
  });
}
