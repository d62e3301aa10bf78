// What once went wrong, by those who tried to make it.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Keyed, Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, look, settle, worst } from "./helpers.mjs";

test("no time to wait, and a signal: nothing listens any more, and a later abort is nobody else's", async () => {
  const gate = new Semaphore(1);
  const permit = await gate.acquire();
  const leaving = new AbortController();
  assert.equal((await failure(gate.acquire({ timeout: 0, signal: leaving.signal }))).code, "timeout");
  assert.equal(getEventListeners(leaving.signal, "abort").length, 0);
  const next = look(gate.acquire());
  leaving.abort();
  permit.release();
  await settle();
  assert.equal(next.state, "kept");
});

test("who is let in while a signal tells everybody to go is not told to go once more", async (t) => {
  const clock = fakeClock(t);
  const leaving = new AbortController();
  const { signal } = leaving;
  const total = new Throttle({ capacity: 1, period: 20 });
  total.tryAcquire();
  const keyed = new Keyed(() => new Semaphore(1), { total });
  const first = look(keyed.run("x", () => 1, { signal }));
  const second = look(keyed.run("x", () => 2));
  const direct = look(total.run(() => 3, { signal, timeout: 1e4 }));
  await settle();
  clock.freeze(40);
  leaving.abort();
  await clock.advance(100);
  assert.deepEqual([first.state, second.state, direct.state], ["broken", "kept", "broken"]);
});

test("who was let in and told to go at once gives up its own place, not that of who has its number now", async (t) => {
  const clock = fakeClock(t);
  const leaving = new AbortController();
  const { signal } = leaving;
  const gate = new Throttle({ capacity: 1, period: 100 });
  gate.tryAcquire();
  const waiting = look(gate.acquire({ signal }));
  const keyed = new Keyed((key) => (key === "z" ? new Throttle({ concurrency: 1, cooldown: 1000 }) : new Semaphore(9)), { total: new Semaphore(1) });
  const permit = await keyed.acquire("q");
  const others = [look(keyed.acquire("q")), look(keyed.acquire("z", { signal })), look(keyed.acquire("z"))];
  const last = look(gate.acquire({ signal, timeout: 1e6 }));
  await settle();
  clock.freeze(150);
  leaving.abort();
  await clock.advance(300);
  permit.release();
  await clock.advance(100);
  others[0].value.release();
  await clock.advance(10_000);
  assert.deepEqual([waiting, last, ...others].map(({ state }) => state), ["broken", "broken", "kept", "broken", "kept"]);
});

test("a function that throws after a long while counts from when it began all the same", async (t) => {
  const clock = fakeClock(t);
  for (const run of [(gate, fn) => gate.run(fn), (gate, fn) => new Keyed(() => gate).run("key", fn)]) {
    const gate = new Throttle({ capacity: 2, period: 100 });
    const times = [];
    for (let call = 0; call < 4; call++) {
      run(gate, () => {
        times.push(clock.time);
        if (call === 2) clock.freeze(60);
        throw new Error("on purpose");
      }).catch(() => {});
    }
    await clock.advance(1000);
    assert.equal(times.length, 4);
    assert.ok(worst(times, 100) <= 2, String(times));
  }
});

test("a function that keeps the thread busy and then goes on counts from when that was over", async (t) => {
  const clock = fakeClock(t);
  for (const run of [(gate, fn) => gate.run(fn), (gate, fn) => new Keyed(() => gate).run("key", fn)]) {
    const gate = new Throttle({ capacity: 2, period: 100 });
    run(gate, () => {
      clock.freeze(60);
      return new Promise((resolve) => setTimeout(resolve, 500));
    });
    await settle();
    await clock.advance(99);
    assert.equal(gate.available, 1, "159 ms after it was let in, and 99 after it began");
    await clock.advance(1);
    assert.equal(gate.available, 2);
    await clock.advance(1000);
  }
});

test("who was let in before begins before a newcomer", async () => {
  const gate = new Semaphore(2);
  const permit = gate.tryAcquire(2);
  const order = [];
  const calls = [gate.run(() => order.push("first"))];
  permit.release();
  calls.push(gate.run(() => order.push("second")));
  await Promise.all(calls);
  assert.deepEqual(order, ["first", "second"]);
});

test("clear leaves alone who has been let in, and counts the others", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  gate.tryAcquire();
  const calls = [look(gate.run(() => "in")), look(gate.run(() => "not in"))];
  await settle();
  clock.freeze(100);
  const cleared = gate.clear();
  await clock.advance(1000);
  assert.equal(calls.filter(({ state }) => state === "broken").length, cleared);
  assert.equal(calls.filter(({ state }) => state === "kept").length, 2 - cleared);
});

test("a signal that cannot be stopped listening to harms nobody", async () => {
  const gate = new Semaphore(1);
  const permit = await gate.acquire();
  const broken = {
    aborted: false,
    addEventListener() {},
    removeEventListener() {
      throw new Error("no");
    },
  };
  const call = look(gate.acquire({ signal: broken }));
  permit.release();
  await settle();
  assert.equal(call.state, "kept");
  call.value.release();
  assert.deepEqual([gate.waiting, gate.inFlight], [0, 0]);
});

test("a mapping that is left starts nothing more, at whichever moment", async () => {
  for (let moment = 0; moment < 12; moment++) {
    const gate = new Semaphore(1);
    let started = 0;
    const mapping = gate.map([1, 2], () => started++);
    mapping.next();
    for (let step = 0; step < moment; step++) await null;
    const before = started;
    mapping.return();
    await settle();
    assert.deepEqual([started, gate.inFlight], [before, 0], `after ${moment} steps`);
  }
});

test("a mapping that is left starts nothing more, and can be awaited twice", async () => {
  const gate = new Semaphore(1);
  const permit = await gate.acquire();
  const started = [];
  const mapping = gate.map([1, 2], (item) => started.push(item));
  const first = mapping.next();
  await settle();
  permit.release();
  await mapping.return();
  await settle();
  assert.deepEqual([started, gate.inFlight], [[], 0]);
  assert.equal((await first).done, true);
  const all = new Semaphore(2).map([1, 2, 3], (item) => item);
  assert.deepEqual(await Promise.all([all, all]), [[1, 2, 3], [1, 2, 3]]);
});
